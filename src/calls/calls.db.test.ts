/** What is made of calls, on a real database: told in any order, at once and again, it is one story. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { type Clock, callDeps, caller, makeShop, ringing, type Shop } from '../../test/world/telephone.ts'
import { queueReply } from '../conversations/reply.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createSecrets } from '../platform/secrets.ts'
import type { Telephony } from '../ports/telephony.ts'
import { graceMs } from './receive.ts'
import { startCalls } from './worker.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db.drop())

const all = async <T = Record<string, unknown>>(sql: string, values: unknown[] = []) =>
  (await db.owner.query(sql, values)).rows as T[]
const callsOf = (shop: Shop) => all('SELECT * FROM calls WHERE tenant_id = $1 ORDER BY created_at', [shop.tenantId])
const count = async (table: string, { tenantId }: Shop) =>
  (await all<{ n: number }>(`SELECT count(*)::int AS n FROM ${table} WHERE tenant_id = $1`, [tenantId]))[0]?.n
const textsOf = (shop: Shop) =>
  all<{ content: string; metadata: unknown; status: string }>(
    `SELECT m.content, t.metadata, t.status FROM messages m JOIN message_tracking t ON t.tenant_id = m.tenant_id AND t.id = m.id WHERE m.tenant_id = $1 AND m.direction = 'outbound'`,
    [shop.tenantId],
  )
const eventsOf = async (shop: Shop) =>
  (await all<{ type: string }>('SELECT type FROM events WHERE tenant_id = $1 ORDER BY txid, id', [shop.tenantId])).map(
    ({ type }) => type,
  )
const work = async (deps: ReturnType<typeof callDeps>) => {
  const worker = startCalls(deps, { pollMs: 100_000 })
  await worker.idle()
  await worker.stop()
}

describe('a missed call', () => {
  test('is one call, one conversation, one lead and one text that all point at each other', async () => {
    const shop = await makeShop(db, { auto_response_message: 'Sorry we missed you. [BUSINESS] will help.' })
    const deps = callDeps(db)
    const from = caller()
    const call = ringing(deps, shop, from)
    await call.rings()
    expect(await callsOf(shop)).toMatchObject([
      { status: 'ringing', outcome: null, processed: false, customer_phone: from.phone },
    ])
    await call.leg(false)
    await call.dialled('no_answer')
    await call.ended('completed', 4)
    const [row] = await callsOf(shop)
    expect(row).toMatchObject({
      ...{ status: 'missed', outcome: 'no_answer', duration: 4, rule: 'no_answer', rule_version: 2 },
      ...{ processed: true, sms_triggered: true, conversation_created: true, lead_created: true },
    })
    expect(row?.end_time).not.toBeNull()
    const [thread] = await all('SELECT * FROM conversations WHERE tenant_id = $1', [shop.tenantId])
    const [lead] = await all('SELECT * FROM leads WHERE tenant_id = $1', [shop.tenantId])
    expect([row?.conversation_id, row?.lead_id]).toEqual([thread?.id, lead?.id])
    expect(thread).toMatchObject({ call_id: row?.id, lead_id: lead?.id, contact_id: row?.contact_id })
    expect(lead).toMatchObject({
      call_id: row?.id,
      conversation_id: thread?.id,
      origin: 'call',
      status: 'new',
      customer_phone: from.phone,
    })
    expect(await textsOf(shop)).toEqual([
      {
        ...{ content: 'Sorry we missed you. Baker Street Plumbing will help.', status: 'queued' },
        metadata: { allowedBy: { rule: 'missed_call.no_answer', version: 2 }, sendBy: expect.stringMatching(/^\d{4}-.*Z$/) },
      },
    ])
    expect(await eventsOf(shop)).toEqual(
      expect.arrayContaining(['call.detected', 'call.missed', 'lead.created', 'message.queued', 'conversation.activity']),
    )
  })
  test.each([1, 2, 3])('told five times at once, in any order, is one text and one lead (%i)', async () => {
    const shop = await makeShop(db)
    const deps = callDeps(db)
    const call = ringing(deps, shop)
    await call.rings()
    const told = [() => call.dialled('busy'), () => call.ended('completed'), () => call.leg(false), call.rings]
    await Promise.all(Array.from({ length: 20 }, (_, n) => (told[n % 4] as () => Promise<unknown>)()))
    await work(deps)
    expect(await callsOf(shop)).toMatchObject([{ status: 'missed', outcome: 'busy', sms_triggered: true }])
    expect(await textsOf(shop)).toHaveLength(1)
    expect([await count('leads', shop), await count('conversations', shop), await count('contacts', shop)]).toEqual([1, 1, 1])
    const events = await eventsOf(shop)
    expect(events.filter((type) => type === 'call.missed')).toHaveLength(1)
    expect(events.filter((type) => type === 'call.detected')).toHaveLength(1)
  })
  test('three times in a minute by one caller is three calls, one conversation, one lead and one text', async () => {
    const shop = await makeShop(db)
    const deps = callDeps(db)
    const from = caller()
    const calls = [1, 2, 3].map(() => ringing(deps, shop, from))
    await Promise.all(calls.map((call) => call.rings()))
    await Promise.all(calls.map((call) => call.dialled('no_answer')))
    const rows = await callsOf(shop)
    expect(rows.map(({ rule }) => rule).sort()).toEqual(['no_answer', 'repeated', 'repeated'])
    expect(new Set(rows.map((row) => row.conversation_id)).size).toBe(1)
    expect(new Set(rows.map((row) => row.lead_id)).size).toBe(1)
    expect(await textsOf(shop)).toHaveLength(1)
    expect(rows.filter((row) => row.lead_created)).toHaveLength(1)
  })
  test('after the cool-down is texted again', async () => {
    const shop = await makeShop(db, { missed_call_cooldown_minutes: 10 })
    const clock: Clock = { now: new Date() }
    const deps = callDeps(db, clock)
    const from = caller()
    await ringing(deps, shop, from).dialled()
    clock.now = new Date(clock.now.getTime() + 9 * 60_000)
    await ringing(deps, shop, from).dialled()
    expect(await textsOf(shop)).toHaveLength(1)
    clock.now = new Date(clock.now.getTime() + 2 * 60_000)
    await ringing(deps, shop, from).dialled()
    expect(await textsOf(shop)).toHaveLength(2)
  })
  test('of a number that nobody here has, or at another address, touches nothing', async () => {
    const shop = await makeShop(db)
    const deps = callDeps(db)
    expect(await ringing(deps, { ...shop, number: '+14155559999' }).rings()).toBeNull()
    await db.owner.query(`UPDATE channel_accounts SET app_slug = 'theirs' WHERE tenant_id = $1`, [shop.tenantId])
    expect(await ringing(deps, shop).rings()).toBeNull()
    expect(await count('calls', shop)).toBe(0)
  })
})

describe('a call that somebody answered', () => {
  test('is no lead and no text', async () => {
    const shop = await makeShop(db)
    const deps = callDeps(db)
    const call = ringing(deps, shop)
    await call.rings()
    await call.leg(true)
    expect(await callsOf(shop)).toMatchObject([{ status: 'in-progress', outcome: null }])
    await call.dialled('answered', 61)
    await call.ended('completed', 70)
    expect(await callsOf(shop)).toMatchObject([
      { status: 'completed', outcome: 'answered', duration: 70, rule: 'answered', processed: true },
    ])
    expect([await count('leads', shop), await count('conversations', shop), (await textsOf(shop)).length]).toEqual([0, 0, 0])
  })
  test('for less than the business counts is missed', async () => {
    const shop = await makeShop(db, { minimum_answered_seconds: 10 })
    const deps = callDeps(db)
    await ringing(deps, shop).dialled('answered', 9)
    await ringing(deps, shop).dialled('answered', 10)
    expect((await callsOf(shop)).map(({ outcome }) => outcome)).toEqual(['short', 'answered'])
    expect(await textsOf(shop)).toHaveLength(1)
  })
  test('where voicemail picked up is missed', async () => {
    const shop = await makeShop(db, { answer_by_key: true })
    const deps = callDeps(db)
    const call = ringing(deps, shop)
    await call.rings()
    await call.leg(true)
    expect(await callsOf(shop)).toMatchObject([{ status: 'ringing', picked_up: false }])
    await call.taken(false)
    await call.dialled('not_bridged', 12)
    expect(await callsOf(shop)).toMatchObject([{ outcome: 'voicemail', sms_triggered: true }])
  })
})

describe('of which nothing more is told', () => {
  test('is missed when the caller’s leg has ended and a while has passed, once', async () => {
    const shop = await makeShop(db)
    const clock: Clock = { now: new Date() }
    const deps = callDeps(db, clock)
    const call = ringing(deps, shop)
    await call.rings()
    await call.ended('completed', 20)
    await work(deps)
    expect(await callsOf(shop)).toMatchObject([{ outcome: null }])
    clock.now = new Date(clock.now.getTime() + graceMs)
    await Promise.all([work(deps), work(deps)])
    expect(await callsOf(shop)).toMatchObject([
      { outcome: 'unanswered', outcome_by: 'silence', status: 'missed', sms_triggered: true },
    ])
    await call.dialled('no_answer')
    expect(await callsOf(shop)).toMatchObject([{ outcome: 'no_answer', outcome_by: 'dialled' }])
    expect(await textsOf(shop)).toHaveLength(1)
  })
  test('but that somebody picked up is answered; told later that nobody was connected, it is texted after all', async () => {
    const shop = await makeShop(db)
    const clock: Clock = { now: new Date() }
    const deps = callDeps(db, clock)
    const call = ringing(deps, shop)
    await call.rings()
    await call.leg(true)
    await call.ended('completed', 20)
    clock.now = new Date(clock.now.getTime() + graceMs)
    await work(deps)
    expect(await callsOf(shop)).toMatchObject([{ outcome: 'answered', outcome_by: 'silence' }])
    expect(await textsOf(shop)).toHaveLength(0)
    await call.dialled('not_bridged')
    expect(await callsOf(shop)).toMatchObject([{ outcome: 'voicemail', sms_triggered: true }])
  })
  test('at all is missed minutes after it should have stopped ringing', async () => {
    const shop = await makeShop(db)
    const clock: Clock = { now: new Date() }
    const deps = callDeps(db, clock)
    await ringing(deps, shop).rings()
    clock.now = new Date(clock.now.getTime() + 6 * 60_000)
    await work(deps)
    expect(await callsOf(shop)).toMatchObject([{ outcome: 'unanswered', sms_triggered: true }])
  })
  test('while they talk is not missed for as long as calls last', async () => {
    const shop = await makeShop(db)
    const clock: Clock = { now: new Date() }
    const deps = callDeps(db, clock)
    const call = ringing(deps, shop)
    await call.rings()
    await call.leg(true)
    clock.now = new Date(clock.now.getTime() + 2 * 3_600_000)
    await work(deps)
    expect(await callsOf(shop)).toMatchObject([{ status: 'in-progress', outcome: null }])
    clock.now = new Date(clock.now.getTime() + 3 * 3_600_000)
    await work(deps)
    expect(await callsOf(shop)).toMatchObject([{ outcome: 'answered' }])
  })
  test('where no telephone rings, a call is missed as it comes', async () => {
    const shop = await makeShop(db, { forward_to: null })
    await ringing(callDeps(db), shop).rings()
    expect(await callsOf(shop)).toMatchObject([{ outcome: 'unanswered', sms_triggered: true }])
  })
})

describe('nobody is texted', () => {
  const none = async (shop: Shop, from: Parameters<typeof ringing>[2], rule: string, deps = callDeps(db)) => {
    await ringing(deps, shop, from).dialled('no_answer')
    const rows = await callsOf(shop)
    expect(rows.at(-1)).toMatchObject({ status: 'missed', rule, processed: true, sms_triggered: false })
    return rows.at(-1) as Record<string, unknown>
  }
  test('who hides the number: a lead, and somebody is told', async () => {
    const shop = await makeShop(db)
    const row = await none(shop, { kind: 'withheld', raw: 'anonymous' }, 'withheld')
    expect(row).toMatchObject({ customer_phone: null, lead_created: true, conversation_created: true })
    expect(await textsOf(shop)).toHaveLength(0)
    expect(await eventsOf(shop)).toContain('call.alert')
    expect(await all('SELECT unread_count FROM conversations WHERE tenant_id = $1', [shop.tenantId])).toEqual([
      { unread_count: 1 },
    ])
    const [lead] = await all('SELECT customer_phone FROM leads WHERE tenant_id = $1', [shop.tenantId])
    expect(lead).toEqual({ customer_phone: null })
  })
  test('who calls from no telephone', async () => {
    const shop = await makeShop(db)
    await none(shop, { kind: 'other', raw: 'sip:desk@example.com' }, 'not_a_telephone')
  })
  test('who is the business itself, and it is no lead', async () => {
    const shop = await makeShop(db)
    for (const own of [shop.number, '+14155550001']) await none(shop, caller(own), 'own_number')
    expect([await count('leads', shop), await count('contacts', shop)]).toEqual([0, 0])
  })
  test('who was blocked', async () => {
    const shop = await makeShop(db)
    const from = caller()
    await db.owner.query(`INSERT INTO contacts (tenant_id, phone, status) VALUES ($1, $2, 'blocked')`, [
      shop.tenantId,
      from.phone,
    ])
    await none(shop, from, 'blocked')
    expect(await count('leads', shop)).toBe(0)
  })
  test('who asked for no more messages: a lead, and somebody is told', async () => {
    const shop = await makeShop(db)
    const from = caller()
    const [contact] = await all<{ id: string }>('INSERT INTO contacts (tenant_id, phone) VALUES ($1, $2) RETURNING id', [
      shop.tenantId,
      from.phone,
    ])
    await db.owner.query(
      `INSERT INTO consents (tenant_id, contact_id, channel, state, source, wording, actor, occurred_at) VALUES ($1, $2, 'sms', 'opted_out', 'keyword', 'STOP', 'customer', now())`,
      [shop.tenantId, contact?.id],
    )
    await none(shop, from, 'opted_out')
    expect(await textsOf(shop)).toHaveLength(0)
    expect(await eventsOf(shop)).toContain('call.alert')
  })
  test('where automatic texts are off, or the number or the business is stopped', async () => {
    await none(await makeShop(db, { auto_response_enabled: false }), caller(), 'automatic_off')
    const held = await makeShop(db)
    await db.owner.query(`UPDATE channel_accounts SET state = 'held' WHERE tenant_id = $1`, [held.tenantId])
    await none(held, caller(), 'suspended')
    const stopped = await makeShop(db)
    await db.owner.query(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [stopped.tenantId])
    await none(stopped, caller(), 'suspended')
  })
  test('in the United States before the carriers approve: the attempt is in the thread as not sent', async () => {
    const shop = await makeShop(db)
    await db.owner.query(`UPDATE channel_accounts SET registration = 'pending' WHERE tenant_id = $1`, [shop.tenantId])
    const row = await none(shop, caller('+16505550142'), 'not_registered')
    expect(row.text_message_id).not.toBeNull()
    expect(row.facts).toMatchObject({ registration: 'pending', refused: 'registration_required' })
    expect(await textsOf(shop)).toMatchObject([{ status: 'failed' }])
    await ringing(callDeps(db), shop, caller('+4915123456789')).dialled('busy')
    expect((await textsOf(shop)).map(({ status }) => status).sort()).toEqual(['failed', 'queued'])
  })
})

describe('quiet hours', () => {
  const settings = { quiet_hours: { from: '22:00', to: '07:00' } }
  const night = new Date('2026-11-26T23:30:00Z')
  const morning = new Date('2026-11-27T07:00:00Z')
  test('put the text off until they end; the lead is there at once', async () => {
    const shop = await makeShop(db, settings)
    const clock: Clock = { now: night }
    const deps = callDeps(db, clock)
    await ringing(deps, shop).dialled()
    const [row] = await callsOf(shop)
    expect(row).toMatchObject({
      rule: 'quiet_hours',
      processed: false,
      sms_triggered: false,
      lead_created: true,
      due_at: morning,
    })
    await work(deps)
    expect(await textsOf(shop)).toHaveLength(0)
    clock.now = morning
    await work(deps)
    expect(await callsOf(shop)).toMatchObject([{ rule: 'no_answer', processed: true, sms_triggered: true, lead_created: true }])
    expect(await textsOf(shop)).toHaveLength(1)
    expect((await eventsOf(shop)).filter((type) => type === 'call.missed')).toHaveLength(1)
  })
  test('and nobody is texted any more whom somebody wrote to meanwhile', async () => {
    const shop = await makeShop(db, settings)
    const clock: Clock = { now: night }
    const deps = callDeps(db, clock)
    await ringing(deps, shop).dialled()
    const conversationId = (await callsOf(shop))[0]?.conversation_id as string
    clock.now = new Date('2026-11-27T06:00:00Z')
    await inTenant(db, shop.tenantId, (tx) =>
      queueReply(deps, tx, {
        conversationId,
        author: { sender: 'human', actor: 'system' },
        body: { type: 'text', text: 'Good morning' },
      }),
    )
    clock.now = morning
    await work(deps)
    expect(await callsOf(shop)).toMatchObject([{ rule: 'in_touch', processed: true, sms_triggered: false }])
    expect((await textsOf(shop)).map(({ content }) => content)).toEqual(['Good morning'])
  })
})

describe('a text that fails for good', () => {
  const fail = async (shop: Shop, code: string) =>
    db.owner.query(`UPDATE message_tracking SET status = 'failed', error_code = $2 WHERE tenant_id = $1`, [shop.tenantId, code])
  test('of a landline is told to people once, and that number is not texted again', async () => {
    const shop = await makeShop(db)
    const clock: Clock = { now: new Date() }
    const deps = callDeps(db, clock)
    deps.channel.describeFailure = (code) => (code === 'line' ? { text: 'A landline.', hint: 'landline' } : { text: 'Failed.' })
    const from = caller()
    await ringing(deps, shop, from).dialled()
    await fail(shop, 'line')
    clock.now = new Date(clock.now.getTime() + 61_000)
    await work(deps)
    await work(deps)
    expect((await eventsOf(shop)).filter((type) => type === 'call.alert')).toHaveLength(1)
    expect(await callsOf(shop)).toMatchObject([{ due_at: null, lead_created: true, sms_triggered: true }])
    clock.now = new Date(clock.now.getTime() + 24 * 3_600_000)
    await ringing(deps, shop, from).dialled()
    expect((await callsOf(shop)).at(-1)).toMatchObject({ rule: 'landline', sms_triggered: false })
    expect(await textsOf(shop)).toHaveLength(1)
  })
  test('of a landline counts for the next call, also before it is looked at; who writes by text has none', async () => {
    const shop = await makeShop(db, { missed_call_cooldown_minutes: 0 })
    const clock: Clock = { now: new Date() }
    const deps = callDeps(db, clock)
    deps.channel.describeFailure = (code) => (code === 'line' ? { text: 'A landline.', hint: 'landline' } : { text: 'Failed.' })
    const from = caller()
    await ringing(deps, shop, from).dialled()
    await fail(shop, 'line')
    clock.now = new Date(clock.now.getTime() + 30_000)
    await ringing(deps, shop, from).dialled()
    expect((await callsOf(shop)).at(-1)).toMatchObject({ rule: 'landline', sms_triggered: false })
    clock.now = new Date(clock.now.getTime() + 61_000)
    await work(deps)
    await db.owner.query('UPDATE conversations SET last_inbound_at = $2 WHERE tenant_id = $1', [shop.tenantId, clock.now])
    clock.now = new Date(clock.now.getTime() + 24 * 3_600_000)
    await ringing(deps, shop, from).dialled()
    expect((await callsOf(shop)).at(-1)).toMatchObject({ sms_triggered: true })
  })
  test('that arrived is not looked at again', async () => {
    const shop = await makeShop(db)
    const clock: Clock = { now: new Date() }
    const deps = callDeps(db, clock)
    await ringing(deps, shop).dialled()
    await db.owner.query(`UPDATE message_tracking SET status = 'delivered' WHERE tenant_id = $1`, [shop.tenantId])
    clock.now = new Date(clock.now.getTime() + 61_000)
    await work(deps)
    expect(await callsOf(shop)).toMatchObject([{ due_at: null }])
    expect(await eventsOf(shop)).not.toContain('call.alert')
  })
})

test('a call whose provider cannot be asked, because its credentials cannot be read, is settled all the same', async () => {
  const shop = await makeShop(db)
  const clock: Clock = { now: new Date() }
  const ask = async () => ({ outcome: 'unknown' as const })
  const telephony = new Map([['twilio', { provider: 'twilio', recordOf: ask } as unknown as Telephony]])
  const lost = createSecrets(['a key that nobody has any more, long enough'])
  await inTenant(db, shop.tenantId, (tx) =>
    tx.query(
      `INSERT INTO tenant_credentials (tenant_id, credential_type, subject, credentials) VALUES ($1, 'channel_account', $2, $3)`,
      [...[shop.tenantId, shop.accountId, lost.seal('x', 'y')]],
    ),
  )
  const deps = { ...callDeps(db, clock), telephony, secrets: createSecrets(['a key for tests only, long enough to be']) }
  await ringing(deps, shop).rings()
  for (let minutes = 0; minutes < 45; minutes++) {
    clock.now = new Date(clock.now.getTime() + 60_000)
    await work(deps)
  }
  expect(await callsOf(shop)).toMatchObject([{ status: 'missed', outcome: 'unanswered', sms_triggered: true }])
})
