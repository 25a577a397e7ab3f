/** A business with a number that takes calls and texts, and events about its calls, for the tests of calls without a server. */
import type { CallDeps } from '../../src/calls/deps.ts'
import { receiveCall } from '../../src/calls/receive.ts'
import { newId } from '../../src/kernel/ids.ts'
import type { CallEvent } from '../../src/ports/telephony.ts'
import { digits, makeTenant } from './arrange.ts'
import type { TestDatabase } from './database.ts'
import { silent } from './people.ts'
import { type ScriptedChannel, scriptedChannel } from './scripted-channel.ts'

export interface Shop {
  tenantId: string
  accountId: string
  number: string
}

export async function makeShop(db: TestDatabase, settings: Record<string, unknown> = {}): Promise<Shop> {
  const tenantId = await makeTenant(db)
  const [accountId, number] = [newId(), `+14155${digits(6)}`]
  await db.owner.query(
    `INSERT INTO channel_accounts (tenant_id, id, channel, provider, external_id, name, address, is_default) VALUES ($1, $2, 'sms', 'twilio', $3, 'Shop', $3, true)`,
    [tenantId, accountId, number],
  )
  const given = { forward_to: '+14155550001', timezone: 'UTC', ...settings }
  const columns = Object.keys(given)
  await db.owner.query(
    `INSERT INTO business_settings (tenant_id, ${columns.join(', ')}) VALUES ($1, ${columns.map((_, at) => `$${at + 2}`).join(', ')})`,
    [
      tenantId,
      ...Object.values(given).map((value) => (value !== null && typeof value === 'object' ? JSON.stringify(value) : value)),
    ],
  )
  return { tenantId, accountId, number }
}

export const textChannel = (): ScriptedChannel => {
  const channel = scriptedChannel()
  return {
    ...channel,
    provider: 'twilio',
    channel: 'sms',
    capabilities: { ...channel.capabilities, windowHours: null, templates: false },
  }
}

export interface Clock {
  now: Date
}

export function callDeps(db: TestDatabase, clock: Clock = { now: new Date() }): CallDeps & { channel: ScriptedChannel } {
  const channel = textChannel()
  return {
    ...{ db, log: silent, channel, channels: new Map([['twilio', channel]]), telephony: new Map() },
    ...{ changed: () => {}, wakeDispatch: () => {}, now: () => clock.now },
  }
}

export const caller = (phone = `+16505${digits(6)}`) => ({ kind: 'phone', phone, raw: phone }) as const

/** A call with its events, each told when it is asked for. */
export function ringing(deps: CallDeps, shop: Shop, from: Extract<CallEvent, { kind: 'ringing' }>['caller'] = caller()) {
  const base = { callId: `CA${newId().replaceAll('-', '')}`, account: shop.number, caller: from }
  const tell = (event: CallEvent) =>
    receiveCall(deps, { provider: 'twilio', appSlug: '', event, at: deps.now?.() ?? new Date() })
  type Dialled = Extract<CallEvent, { kind: 'dialled' }>
  return {
    id: base.callId,
    rings: () => tell({ kind: 'ringing', ...base }),
    dialled: (result: Dialled['result'] = 'no_answer', seconds = 0) =>
      tell({ kind: 'dialled', ...base, result, seconds, gone: false }),
    ended: (result: Extract<CallEvent, { kind: 'ended' }>['result'] = 'completed', seconds = 20) =>
      tell({ kind: 'ended', ...base, result, seconds }),
    leg: (answered: boolean) => tell({ kind: 'leg', callId: base.callId, account: base.account, answered }),
    taken: (taken: boolean) => tell({ kind: 'taken', callId: base.callId, account: base.account, taken }),
  }
}
