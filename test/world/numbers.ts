/** A business that buys numbers at Twilio, and what Twilio has of it. */
import { expect } from 'vitest'
import type { FaultInput } from '../../simulators/twilio/index.ts'
import type { NumberView } from '../../src/numbers/schema.ts'
import type { Answer } from './api.ts'
import type { Business } from './business.ts'
import { accountSid, authToken, shop, type TwilioWorld } from './twilio.ts'
import { until } from './until.ts'

export const offered = ['+14155550101', '+14155550102', '+14155550103'] as const
export const provider = { accountSid, authToken }

/** Numbers for sale, as many as a test uses up. */
export function stock(world: TwilioWorld): void {
  world.twilio.world.available.length = 0
  for (const phoneNumber of offered)
    world.twilio.addAvailable({
      ...{ phoneNumber, kind: 'Local', country: 'US', region: 'CA', locality: 'San Francisco' },
      capabilities: { voice: true, sms: true, mms: true },
    })
}

/** What the account at Twilio pays for, but for the number that every such world has. */
export const owned = (world: TwilioWorld): string[] =>
  [...world.twilio.world.numbers.values()].map(({ phoneNumber }) => phoneNumber).filter((one) => one !== shop)

export const ownerOf = ({ people }: Business) => people.owner

export const buy = (world: TwilioWorld, as: Business, body: Record<string, unknown> = {}): Promise<Answer<NumberView>> =>
  world.api('POST', '/numbers', { number: offered[0], ...body }, ownerOf(as))

export async function show(world: TwilioWorld, as: Business, id: string): Promise<NumberView> {
  const { status, body } = await world.api<NumberView>('GET', `/numbers/${id}`, undefined, ownerOf(as))
  expect(status).toBe(200)
  return body
}

/** A business of its own with the credentials for buying. */
export async function buyer(world: TwilioWorld, name = 'Harbour Plumbing'): Promise<Business> {
  const business = await world.addBusiness(name)
  const { status } = await world.api('PUT', '/numbers/provider', provider, ownerOf(business))
  expect(status).toBe(200)
  return business
}

/** Where it ends, however often it has to be tried: time is moved on to the next try. */
export async function ends(world: TwilioWorld, as: Business, id: string, move: (ms: number) => void): Promise<NumberView> {
  return await until(
    'the number has come to an end',
    async () => {
      await world.app.numbers.worker.idle()
      const now = await show(world, as, id)
      if (now.status === now.wanted) return now
      if (now.waitingFor !== null) move(20_000)
      return undefined
    },
    { seen: () => show(world, as, id) },
  )
}

const at = (method: string, path: string) => ({ method, path })
/** By step: what of Twilio's API it is. */
export const calls = {
  buy: at('POST', '/IncomingPhoneNumbers.json'),
  webhooks: at('POST', '/IncomingPhoneNumbers/'),
  service: at('POST', '/v1/Services'),
  join: at('POST', '/PhoneNumbers'),
  drop: at('DELETE', '/v1/Services/'),
  give_back: at('DELETE', '/IncomingPhoneNumbers/'),
} as const

export const fault = (world: TwilioWorld, match: FaultInput['match'], action: FaultInput['action'], times = 1): void => {
  world.twilio.faults.add({ match, action, times })
}
