/** One call under way, and what both of its ends are told. */
import type { Account, Call, CustomerCall, IncomingNumber } from './types.ts'
import { notify, type Webhook } from './webhooks.ts'
import type { World } from './world.ts'

/** One call under way. */
export type Line = {
  world: World
  account: Account
  number: IncomingNumber
  call: Call
  given: CustomerCall
  /** Unix milliseconds at which the caller hangs up. */
  gone: number
}

export const isGone = ({ world, gone }: Line): boolean => world.clock.now() >= gone
export const pause = (world: World, ms: number): Promise<void> => new Promise((resolve) => void world.agenda.in(ms, resolve))

export const tell = ({ world, account }: Line, webhook: Omit<Webhook, 'account'>) => notify(world, { account, ...webhook })

/** The caller's leg is answered, by a person or by what we say. */
export function pickUp({ world, call }: Line): void {
  call.answeredAt ??= world.clock.now()
  call.status = 'in-progress'
}

export async function tellStatus(line: Line, url: string | undefined): Promise<void> {
  if (!url) return
  const { call, world, given } = line
  const seconds = Math.round(
    ((call.endedAt ?? world.clock.now()) - (call.answeredAt ?? call.endedAt ?? world.clock.now())) / 1000,
  )
  const lasted = { CallDuration: String(seconds), Duration: String(Math.ceil(seconds / 60)) }
  await tell(line, { url, params: { ...voiceParams(line), ...lasted, ...given.extra }, kind: 'call-status' })
}

export function voiceParams({ call, account }: Line): Record<string, string> {
  return {
    ...{ CallSid: call.sid, AccountSid: account.sid, ApiVersion: '2010-04-01', Direction: 'inbound', CallStatus: call.status },
    ...{ From: call.from, Caller: call.from, FromCity: 'OAKLAND', FromState: 'CA', FromZip: '94601', FromCountry: 'US' },
    ...{ CallerCity: 'OAKLAND', CallerState: 'CA', CallerZip: '94601', CallerCountry: 'US' },
    ...{ To: call.to, Called: call.to, ToCity: '', ToState: 'CA', ToZip: '', ToCountry: 'US' },
    ...{ CalledCity: '', CalledState: 'CA', CalledZip: '', CalledCountry: 'US', StirVerstat: 'TN-Validation-Passed-A' },
  }
}
