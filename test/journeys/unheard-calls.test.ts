/** Calls that no webhook told of: what the provider has on record is taken in once, with its true time. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Answering, Call, CustomerCall } from '../../simulators/twilio/index.ts'
import { digits } from '../world/arrange.ts'
import { funnelDifferences } from '../world/funnel-events.ts'
import { startTelephones, type Telephones } from '../world/telephones.ts'
import { until } from '../world/until.ts'
import { createWorld, type World } from '../world/world.ts'

let world: World
let phones: Telephones
let ahead = 0
const forwardTo = '+14155550001'
beforeAll(async () => {
  world = await createWorld({ now: () => new Date(Date.now() + ahead) })
  phones = await startTelephones(world)
  await world.api('PATCH', '/business/calls', { forwardTo, ringSeconds: 5 }, 'owner')
})
afterAll(async () => {
  await phones?.close()
  await world?.close()
})
beforeEach(async () => {
  ahead = 0
  await world.database.owner.query('UPDATE channel_accounts SET asked_until = NULL, ask_at = NULL')
})
afterEach(() => phones.simulator.faults.clear())

const stranger = () => `+14156${digits(6)}`
/** The server is away while this call goes on: none of what is told of it arrives. */
async function ringsUnheard(
  from: string,
  answering: Answering = { kind: 'nobody', afterMs: 20 },
  more: Partial<CustomerCall> = {},
) {
  phones.simulator.faults.add({ action: { kind: 'webhookLost' } })
  const call = phones.rings(from, answering, more)
  await until('the call is over', () => call.endedAt !== null)
  await phones.simulator.settle()
  phones.simulator.faults.clear()
  return call
}
async function askAfter(minutes: number): Promise<void> {
  ahead = minutes * 60_000
  await world.app.missing.look()
}
interface Row {
  status: string
  outcome: string
  outcome_by: string
  rule: string
  start_time: Date
  end_time: Date
  duration: number
  sms_triggered: boolean
  lead_id: string | null
}
const rowOf = async ({ sid }: Call): Promise<Row | undefined> =>
  (await world.database.owner.query<Row>('SELECT * FROM calls WHERE call_sid = $1', [sid])).rows[0]
const seconds = (ms: number) => Math.floor(ms / 1000) * 1000
const told = async () => (await world.database.owner.query<{ n: number }>('SELECT count(*)::int AS n FROM events')).rows[0]?.n

describe('a call during which the server was away', () => {
  test('is missed with its true time, and a caller of a short while ago has one text and is one lead', async () => {
    const ada = stranger()
    const call = await ringsUnheard(ada)
    expect(await rowOf(call)).toBeUndefined()
    await askAfter(15)
    await until('the text is there', () => phones.texts(ada).length > 0)
    expect(phones.texts(ada)).toHaveLength(1)
    const row = await rowOf(call)
    expect(row).toMatchObject({ status: 'missed', outcome: 'no_answer', sms_triggered: true, lead_id: expect.any(String) })
    expect(row?.start_time.getTime()).toBe(seconds(call.startedAt))
    expect(row?.end_time.getTime()).toBe(seconds(call.endedAt as number))
    await phones.simulator.settle()
    const before = await told()
    for (const minutes of [30, 45, 60]) await askAfter(minutes)
    expect([await told(), phones.texts(ada).length]).toEqual([before, 1])
  })

  test('of which the provider does not say how it ended keeps no other from being taken in, and is asked for again', async () => {
    const [first, second] = [stranger(), stranger()]
    const mute = await ringsUnheard(first)
    const heard = await ringsUnheard(second)
    phones.simulator.faults.add({
      match: { method: 'GET', path: `/Calls/${mute.sid}.json` },
      action: { kind: 'garbage', status: 404 },
    })
    await askAfter(15)
    expect([await rowOf(mute), (await rowOf(heard))?.outcome]).toEqual([undefined, 'no_answer'])
    await until('the one has a text', () => phones.texts(second).length === 1)
    await phones.simulator.settle()
    await world.settle()
    phones.simulator.faults.clear()
    await askAfter(30)
    expect((await rowOf(mute))?.outcome).toBe('no_answer')
    await until('the other has one too', () => phones.texts(first).length === 1)
  })

  test('of long ago has no text: it is a lead, and somebody is told', async () => {
    const bob = stranger()
    const call = await ringsUnheard(bob)
    await askAfter(90)
    const row = await rowOf(call)
    expect(row).toMatchObject({ rule: 'too_late', status: 'missed', sms_triggered: false, lead_id: expect.any(String) })
    const { rows } = await world.database.owner.query(
      `SELECT DISTINCT data FROM notifications WHERE kind = 'caller_waits' AND data ->> 'who' = $1`,
      [bob],
    )
    expect(rows).toEqual([{ data: { who: bob, reason: 'too_late' } }])
    await askAfter(105)
    await phones.simulator.settle()
    expect(phones.texts(bob)).toEqual([])
  })

  test('and who was in touch since then needs no text', async () => {
    const eve = stranger()
    const call = await ringsUnheard(eve)
    phones.simulator.customerSends({ from: eve, to: phones.number, body: 'I just rang you' })
    await until('the line is there', async () => {
      const { rows } = await world.database.owner.query(`SELECT FROM messages WHERE content = 'I just rang you'`)
      return rows.length === 1
    })
    await askAfter(15)
    expect(await rowOf(call)).toMatchObject({ rule: 'in_touch', sms_triggered: false })
    expect(phones.texts(eve)).toEqual([])
  })

  test('in its middle is settled by the record: who talked is not texted, and how long is known', async () => {
    const cleo = stranger()
    const call = phones.rings(cleo, { kind: 'person', afterMs: 300, talkMs: 2000 })
    await until('it is announced', async () => (await rowOf(call)) !== undefined)
    phones.simulator.faults.add({ action: { kind: 'webhookLost' } })
    await until('the call is over', () => call.endedAt !== null)
    await phones.simulator.settle()
    phones.simulator.faults.clear()
    expect(await rowOf(call)).toMatchObject({ outcome: null })
    await askAfter(15)
    expect(await rowOf(call)).toMatchObject({ status: 'completed', outcome: 'answered', outcome_by: 'dialled', duration: 2 })
    await phones.simulator.settle()
    expect(phones.texts(cleo)).toEqual([])
  })

  test('is not touched while it goes on, nor in the minute in which its webhooks may be on their way', async () => {
    const dan = stranger()
    phones.simulator.faults.add({ action: { kind: 'webhookLost' } })
    const call = phones.rings(dan, { kind: 'nobody', afterMs: 20 })
    await until('the call is over', () => call.endedAt !== null)
    const { endedAt, status } = call
    Object.assign(call, { endedAt: null, status: 'in-progress' })
    await askAfter(15)
    expect(await rowOf(call)).toBeUndefined()
    Object.assign(call, { endedAt, status })
    phones.simulator.faults.clear()
    await world.database.owner.query("UPDATE channel_accounts SET ask_at = NULL, created_at = created_at - interval '1 day'")
    await askAfter(0)
    expect(await rowOf(call)).toBeUndefined()
    await askAfter(30)
    expect(await rowOf(call)).toMatchObject({ status: 'missed' })
  })

  test('is asked for again where the provider could not be asked', async () => {
    const call = await ringsUnheard(stranger())
    phones.simulator.faults.add({ match: { path: '/Calls.json' }, action: { kind: 'garbage', status: 503 } })
    await askAfter(15)
    expect(await rowOf(call)).toBeUndefined()
    phones.simulator.faults.clear()
    await askAfter(30)
    expect(await rowOf(call)).toMatchObject({ status: 'missed' })
  })
})

describe('what is no call of ours', () => {
  const callers = async () => (await world.database.owner.query('SELECT call_sid FROM calls')).rows.length

  test('is left alone: legs that were rung, another account at the provider, another number', async () => {
    const before = await callers()
    const answered = phones.rings(stranger(), { kind: 'person', talkMs: 1000 })
    await phones.over(answered)
    // A leg of the same account that rang this number, as where another number of the business is forwarded to it.
    const [leg] = answered.dialled
    if (leg) answered.dialled.push({ ...leg, sid: `CA${'f'.repeat(32)}`, to: phones.number })
    const [foreign, number] = [`AC${'e'.repeat(32)}`, `+14157${digits(6)}`]
    phones.simulator.addAccount({ sid: foreign, authToken: 'another token' })
    phones.simulator.addNumber({ accountSid: foreign, phoneNumber: number, settings: {} })
    phones.simulator.addNumber({ accountSid: phones.accountSid, phoneNumber: `${number.slice(0, -1)}x`, settings: {} })
    const theirs = phones.simulator.customerCalls({ from: stranger(), to: number })
    await until('their call is over', () => theirs.endedAt !== null)
    await askAfter(15)
    expect([await callers(), await rowOf(theirs)]).toEqual([before + 1, undefined])
    expect(await rowOf(answered)).toMatchObject({ outcome: 'answered' })
  })

  test('nor are calls from before the number was connected, or that are announced to somebody else', async () => {
    const call = await ringsUnheard(stranger())
    await world.database.owner.query(`UPDATE channel_accounts SET created_at = now() + interval '1 minute' WHERE id = $1`, [
      phones.accountId,
    ])
    await world.database.owner.query('UPDATE channel_accounts SET asked_until = now()')
    await askAfter(15)
    expect(await rowOf(call)).toBeUndefined()
    await world.database.owner.query(`UPDATE channel_accounts SET created_at = now() - interval '1 day' WHERE id = $1`, [
      phones.accountId,
    ])
    const number = [...phones.simulator.world.numbers.values()].find(({ phoneNumber }) => phoneNumber === phones.number)
    const ours = number?.settings.VoiceUrl ?? ''
    if (number) number.settings.VoiceUrl = 'https://somebody.example/voice'
    await askAfter(30)
    expect(await rowOf(call)).toBeUndefined()
    if (number) number.settings.VoiceUrl = ours
    await askAfter(45)
    expect(await rowOf(call)).toMatchObject({ status: 'missed' })
  })
})

test('all of it is counted as if it had been told', async () => {
  expect(await funnelDifferences(world.database.owner, world.business.tenantId)).toEqual([])
})
