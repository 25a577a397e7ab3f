/** Every report on numbers that are known, and on nothing at all. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeAccount, type TestAccount } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { inTenant, type Tx } from '../platform/db/tx.ts'
import { stretch, stretchOf } from './schema.ts'
import * as store from './store.ts'
import { addUp } from './view.ts'

let db: TestDatabase
let shop: TestAccount
let other: TestAccount
let empty: TestAccount
const now = new Date('2026-03-10T12:00:00Z')
const month = stretchOf({}, now)
const ask = <T>(account: TestAccount, work: (tx: Tx) => Promise<T>) => inTenant(db, account.tenantId, work)

interface Line {
  at: string
  direction: 'INBOUND' | 'OUTBOUND'
  status: string
  sent?: boolean
}
const line = (at: string, direction: Line['direction'], status: string, sent = false): Line => ({ at, direction, status, sent })

/** Messages of one conversation as the ledger and the log have them, in their order. */
async function conversation(account: TestAccount, given: { phone: string; status?: string; lines: Line[] }): Promise<string> {
  const { rows } = await db.owner.query<{ id: string }>(
    `WITH k AS (INSERT INTO contacts (tenant_id, name, phone) VALUES ($1, $2, $2) RETURNING id)
     INSERT INTO conversations (tenant_id, channel_account_id, contact_id, status, last_seq, last_message_at)
     SELECT $1, $3, k.id, $4, $5, $6 FROM k RETURNING id`,
    [
      account.tenantId,
      given.phone,
      account.accountId,
      given.status ?? 'open',
      given.lines.length,
      given.lines.at(-1)?.at ?? now,
    ],
  )
  const id = rows[0]?.id as string
  for (const [n, { at, direction, status, sent }] of given.lines.entries())
    await db.owner.query(
      `WITH m AS (INSERT INTO messages (tenant_id, id, conversation_id, contact_id, seq, direction, sender, type, content, occurred_at, created_at)
         SELECT c.tenant_id, overlay(gen_random_uuid()::text PLACING left(uuid7_floor($3::timestamptz)::text, 15) FROM 1)::uuid, c.id, c.contact_id, $4::bigint, lower($5), 'system', 'text', 'line ' || $4::bigint, $3::timestamptz, $3::timestamptz
           FROM conversations c WHERE c.tenant_id = $1 AND c.id = $2 RETURNING *)
       INSERT INTO message_tracking (tenant_id, id, channel_account_id, conversation_id, direction, status, status_at, sent_at, created_at)
       SELECT tenant_id, id, $6, conversation_id, $5, $7, $3::timestamptz, CASE WHEN $8 THEN $3::timestamptz END, $3::timestamptz FROM m`,
      [account.tenantId, id, at, n + 1, direction, account.accountId, status, sent ?? false],
    )
  return id
}

beforeAll(async () => {
  db = await createTestDatabase()
  shop = await makeAccount(db)
  other = await makeAccount(db)
  empty = await makeAccount(db)
  await db.owner.query(`INSERT INTO business_settings (tenant_id, timezone) VALUES ($1, 'America/New_York')`, [shop.tenantId])
  await conversation(shop, {
    phone: '+15550001',
    lines: [
      line('2026-03-08T04:30:00Z', 'INBOUND', 'received'), // the 7th in New York
      line('2026-03-08T04:31:00Z', 'OUTBOUND', 'read', true),
      line('2026-03-08T12:00:00Z', 'OUTBOUND', 'delivered', true),
      line('2026-03-09T12:00:00Z', 'OUTBOUND', 'sent', true),
    ],
  })
  await conversation(shop, {
    phone: '+15550002',
    lines: [
      line('2026-03-10T09:00:00Z', 'OUTBOUND', 'failed', true), // taken, and failed later
      line('2026-03-10T09:01:00Z', 'OUTBOUND', 'failed'),
      line('2026-03-10T09:02:00Z', 'OUTBOUND', 'queued'),
      line('2026-03-10T11:00:00Z', 'INBOUND', 'received'),
    ],
  })
  await conversation(shop, {
    phone: '+15550003',
    status: 'closed',
    lines: [line('2026-01-01T12:00:00Z', 'OUTBOUND', 'read', true)],
  })
  await conversation(shop, { phone: '+15550004', lines: [] })
  await conversation(other, { phone: '+15550001', lines: [line('2026-03-09T12:00:00Z', 'OUTBOUND', 'read', true)] })
})
afterAll(() => db.drop())

describe('how far messages came', () => {
  test('who came far is counted in every stage before; what failed after it was taken is sent and failed', async () => {
    expect(await ask(shop, (tx) => store.delivery(tx, tx.tenantId, month))).toEqual([
      { total: 6, sent: 4, delivered: 2, read: 1, failed: 2, waiting: 1, delivery_rate: 33.33 },
    ])
  })
  test('of no messages it is zero, and the rate is nothing', async () => {
    const none = { total: 0, sent: 0, delivered: 0, read: 0, failed: 0, waiting: 0, delivery_rate: null }
    expect(await ask(empty, (tx) => store.delivery(tx, tx.tenantId, month))).toEqual([none])
    expect(await ask(empty, (tx) => store.statuses(tx, tx.tenantId, month))).toEqual([])
    expect(addUp([])).toEqual(none)
  })
  test('in which status they are, by direction', async () => {
    expect(await ask(shop, (tx) => store.statuses(tx, tx.tenantId, month))).toEqual([
      { direction: 'inbound', status: 'received', messages: 2 },
      { direction: 'outbound', status: 'delivered', messages: 1 },
      { direction: 'outbound', status: 'failed', messages: 2 },
      { direction: 'outbound', status: 'queued', messages: 1 },
      { direction: 'outbound', status: 'read', messages: 1 },
      { direction: 'outbound', status: 'sent', messages: 1 },
    ])
  })
  test('by business, and all together', async () => {
    const rows = await store.deliveryByTenant(db.pool, month)
    expect(rows.map(({ tenant_id, total, delivery_rate }) => [tenant_id, total, delivery_rate])).toEqual([
      [shop.tenantId, 6, 33.33],
      [other.tenantId, 1, 100],
      [empty.tenantId, 0, null],
    ])
    expect(addUp(rows)).toMatchObject({ total: 7, delivered: 3, delivery_rate: 42.86 })
    expect((await store.statusesOfAll(db.pool, month)).find(({ status }) => status === 'read')).toMatchObject({ messages: 2 })
  })
})

describe('messages by day', () => {
  test('are counted in the zone of the business, days without any included', async () => {
    const days = await ask(shop, (tx) => store.volume(tx, tx.tenantId, 5, now))
    expect(days).toEqual([
      { date: '2026-03-10', inbound: 1, outbound: 3, total: 4 },
      { date: '2026-03-09', inbound: 0, outbound: 1, total: 1 },
      { date: '2026-03-08', inbound: 0, outbound: 1, total: 1 },
      { date: '2026-03-07', inbound: 1, outbound: 1, total: 2 },
      { date: '2026-03-06', inbound: 0, outbound: 0, total: 0 },
    ])
    expect(await ask(empty, (tx) => store.volume(tx, tx.tenantId, 30, now))).toHaveLength(30)
  })
  test('of all businesses together in UTC', async () => {
    expect((await store.volumeOfAll(db.pool, 3, now)).map((row) => Object.values(row))).toEqual([
      ['2026-03-10', 1, 3, 4],
      ['2026-03-09', 0, 2, 2],
      ['2026-03-08', 1, 2, 3],
    ])
  })
})

describe('conversations', () => {
  const people = (rows: store.Row[]) => rows.map(({ phone }) => phone)
  test('that are open come newest first, page by page, with whose they are', async () => {
    const all = await ask(shop, (tx) => store.activeConversations(tx, tx.tenantId, { limit: 10, after: null }))
    expect(people(all)).toEqual(['+15550004', '+15550002', '+15550001'])
    const place = String(all[0]?.place).split('|') as [string, string]
    expect(people(await ask(shop, (tx) => store.activeConversations(tx, tx.tenantId, { limit: 1, after: place })))).toEqual([
      '+15550002',
    ])
    expect(await ask(empty, (tx) => store.activeConversations(tx, tx.tenantId, { limit: 10, after: null }))).toEqual([])
  })
  test('each have their newest message, closed ones too; where nothing was said there is none', async () => {
    const rows = await ask(shop, (tx) => store.newestMessages(tx, tx.tenantId, { limit: 10, after: null }))
    expect(rows.map(({ content, status, conversation_status }) => [content, status, conversation_status])).toEqual([
      ['line 4', 'received', 'open'],
      ['line 4', 'sent', 'open'],
      ['line 1', 'read', 'closed'],
    ])
  })
  test('a page with a conversation whose messages are gone is not the last one', async () => {
    const account = await makeAccount(db)
    for (const [n, lines] of [
      [line('2026-03-01T00:00:00Z', 'INBOUND', 'received')],
      [],
      [line('2026-03-03T00:00:00Z', 'INBOUND', 'received')],
    ].entries())
      await conversation(account, { phone: `+1555100${n}`, lines })
    const seen: unknown[] = []
    let after: [string, string] | null = null
    for (let page = 0; page === 0 || after; page++) {
      const asked: store.PageWish = { limit: 2, after }
      const { rows, next } = await ask(account, async (tx) => ({
        rows: await store.newestMessages(tx, tx.tenantId, asked),
        next: await store.afterNewestMessages(tx, tx.tenantId, asked),
      }))
      seen.push(...rows.map(({ created_at }) => (created_at as Date).toISOString().slice(0, 10)))
      after = next ? (next.split('|') as [string, string]) : null
    }
    expect(seen).toEqual(['2026-03-03', '2026-03-01'])
  })
  test('of another business are not to be had, whoever is named', async () => {
    for (const one of [store.activeConversations, store.newestMessages])
      expect(await ask(empty, (tx) => one(tx, shop.tenantId, { limit: 10, after: null }))).toEqual([])
    expect(await ask(empty, (tx) => store.delivery(tx, shop.tenantId, month))).toMatchObject([{ total: 0 }])
  })
})

describe('campaigns and automations', () => {
  test('a campaign that runs has its numbers from the ledger; others are not in the report', async () => {
    const { tenantId } = shop
    await db.owner.query(
      `INSERT INTO campaigns (tenant_id, name, message, status, started_at) VALUES ($1, 'Spring', 'Hi', 'running', '2026-03-01'), ($1, 'Later', 'Hi', 'running', '2026-03-05'),
         ($1, 'Draft', 'Hi', 'draft', NULL), ($1, 'Over', 'Hi', 'completed', '2026-01-01')`,
      [tenantId],
    )
    await db.owner.query(
      `INSERT INTO campaign_recipients (tenant_id, campaign_id, given, phone, status, reason, message_id)
       SELECT $1, c.id, x.given, '+1555000' || x.given, x.status, x.reason, x.message FROM campaigns c, (
         SELECT row_number() OVER (ORDER BY t.id)::text AS given, 'queued' AS status, NULL AS reason, t.id AS message FROM message_tracking t WHERE t.tenant_id = $1 AND t.direction = 'OUTBOUND'
         UNION ALL SELECT '90', 'pending', NULL, NULL UNION ALL SELECT '91', 'skipped', 'opted_out', NULL) x WHERE c.name = 'Spring'`,
      [tenantId],
    )
    const rows = await ask(shop, (tx) => store.activeCampaigns(tx, tx.tenantId))
    expect(rows.map(({ id: _, started_at: __, ...row }) => row)).toEqual([
      { name: 'Later', status: 'running', recipients: 0, skipped: 0, pending: 0, sent: 0, delivered: 0, read: 0, failed: 0 },
      { name: 'Spring', status: 'running', recipients: 9, skipped: 1, pending: 2, sent: 5, delivered: 3, read: 2, failed: 2 },
    ])
    expect(await ask(empty, (tx) => store.activeCampaigns(tx, tx.tenantId))).toEqual([])
  })
  test('an automation that never ran has no rate, others a number', async () => {
    await db.owner.query(
      `INSERT INTO automations (tenant_id, name, trigger_type, action_type, execution_count, success_count, failure_count)
       VALUES ($1, 'Never', 'manual', 'send_message', 0, 0, 0), ($1, 'Thrice', 'api', 'http_request', 3, 2, 1)`,
      [shop.tenantId],
    )
    const rows = await ask(shop, (tx) => store.automations(tx, tx.tenantId))
    expect(rows.map(({ name, execution_count, success_rate }) => [name, execution_count, success_rate])).toEqual([
      ['Thrice', 3, 66.67],
      ['Never', 0, null],
    ])
  })
})

test('the database says how its indexes are used, how large its tables are, and who is connected', async () => {
  const indexes = await store.indexUsage(db.pool)
  expect(indexes.find(({ index }) => index === 'idx_messages_conversation')).toMatchObject({ table: 'messages' })
  expect(indexes.filter(({ index }) => String(index).startsWith('messages_default_'))).toEqual([])
  expect((await store.tableSizes(db.pool)).find(({ table }) => table === 'messages')).toMatchObject({ partitions: 1 })
  expect(await store.connections(db)).toContainEqual(expect.objectContaining({ application: 'parley', state: 'active' }))
})

test('a stretch of time ends after it begins, and is not longer than 92 days', () => {
  const fits = (from: string, to: string) => stretch.safeParse({ from, to }).success
  expect(fits('2026-01-01T00:00:00Z', '2026-04-03T00:00:00Z')).toBe(true)
  expect(fits('2026-01-01T00:00:00Z', '2026-04-04T00:00:00Z')).toBe(false)
  expect(fits('2026-01-02T00:00:00Z', '2026-01-01T00:00:00Z')).toBe(false)
})

test('every report that counts messages reads a stretch of an index, however many there are', async () => {
  await ask(shop, async (tx) => {
    await tx.query('SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off')
    const { rows } = await tx.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT count(*) FROM message_tracking t WHERE t.tenant_id = $1 AND t.id >= uuid7_floor($2) AND t.id < uuid7_floor($3) AND t.direction = 'OUTBOUND'`,
      [tx.tenantId, month.from, month.to],
    )
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    expect(plan).toMatch(/message_tracking_pkey[\s\S]*Index Cond: .*tenant_id.*id >= .*id </)
  })
})

test('a stretch that ends at the beginning of time is refused or has a beginning that can be written down', () => {
  expect(stretch.safeParse({ to: '0000-01-01T00:00:00Z' }).success).toBe(false)
  const early = stretchOf(stretch.parse({ to: '1970-01-05T00:00:00Z' }))
  expect(early.from.toISOString()).toBe('1970-01-01T00:00:00.000Z')
})
