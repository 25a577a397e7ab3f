import { numberAt } from './numbers.ts'
import { numberOf, phoneAt } from './phones.ts'
import type { Message } from './types.ts'
import type { World } from './world.ts'

/** Whoever said STOP to the number, or to the service it belongs to. */
export function isOptedOut(world: World, to: string, sender: string): boolean {
  return world.optOuts.has(`${numberOf(to)}|${sender}`)
}

/** What becomes of it besides arriving: the first that holds. */
export function outcomeOf(world: World, message: Message): { code: number; status: 'failed' | 'undelivered' } | undefined {
  const { to, channel } = message
  const from = message.from ?? ''
  const phone = phoneAt(world, to)
  const forced = world.faults.take(['fails'], { to, from })
  if (forced) return { code: forced.code, status: forced.status ?? 'undelivered' }
  if (phone.fails) return phone.fails
  if (message.serviceSid !== null && isOptedOut(world, to, message.serviceSid)) return { code: 21610, status: 'failed' }
  if (channel === 'sms' && phone.landline) return { code: 30006, status: 'undelivered' }
  if (channel === 'sms' && to.startsWith('+1') && numberAt(world, from)?.a2pRegistered === false)
    return { code: 30034, status: 'undelivered' }
  if (channel === 'whatsapp' && !phone.whatsApp) return { code: 63003, status: 'undelivered' }
  if (channel === 'whatsapp' && message.contentSid === undefined && !windowOpen(world, to, from))
    return { code: 63016, status: 'failed' }
  return undefined
}

const windowMs = 86_400_000
const windowOpen = (world: World, to: string, from: string): boolean =>
  world.clock.now() - (world.windows.get(`${phoneAt(world, to).number}|${from}`) ?? Number.NEGATIVE_INFINITY) < windowMs
