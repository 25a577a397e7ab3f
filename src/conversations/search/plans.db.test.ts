import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeAccount, type TestAccount } from '../../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../../test/world/database.ts'
import { phrasesOf } from '../../kernel/search-phrases.ts'
import { inTenant } from '../../platform/db/tx.ts'
import { fillSearch } from './fill.ts'
import { findMessages, type MessageQuery } from './find.ts'
import { peopleQuery, searchPeople } from './people.ts'

/** Enough for a whole table to be dearer than its index, and for several buckets. */
const many = 25_000
let db: TestDatabase
let account: TestAccount

beforeAll(async () => {
  db = await createTestDatabase()
  account = await makeAccount(db)
  const values = [account.tenantId, account.accountId, many]
  await db.owner.query(
    `INSERT INTO contacts (tenant_id, id, name, phone)
     SELECT $1, parley.uuid7(), 'Person ' || md5(n::text), '+49' || (1700000000 + n) FROM generate_series(1, $2::integer) n`,
    [account.tenantId, many],
  )
  await db.owner.query(
    `INSERT INTO conversations (tenant_id, channel_account_id, contact_id) SELECT $1, $2, id FROM contacts WHERE tenant_id = $1 LIMIT $3`,
    values,
  )
  await db.owner.query(
    `INSERT INTO messages (tenant_id, id, conversation_id, contact_id, seq, direction, sender, type, content, occurred_at, created_at)
     SELECT $1, parley.uuid7(), c.id, c.contact_id, 1, 'inbound', 'customer', 'text', 'hello from ' || md5(c.id::text), t.at, t.at
       FROM (SELECT id, contact_id, row_number() OVER () AS n FROM conversations WHERE tenant_id = $1) c,
            LATERAL (SELECT now() - interval '90 days' + c.n * interval '5 minutes' AS at) t`,
    [account.tenantId],
  )
  while ((await fillSearch(db, account.tenantId)).more);
  await db.owner.query('ANALYZE')
}, 120_000)
afterAll(() => db.drop())

/** How often tables of these names, and their partitions, were read from one end to the other, and rows read by index. */
async function reading(): Promise<{ whole: number; rows: number }> {
  await db.pool.query('SELECT pg_stat_force_next_flush()')
  const { rows } = await db.owner.query<{ whole: number; rows: number }>(
    `SELECT sum(seq_scan)::int AS whole, sum(coalesce(idx_tup_fetch, 0))::int AS rows FROM pg_stat_user_tables
      WHERE relname ~ '^(messages|message_search|contact_search|contacts|conversations)'`,
  )
  return rows[0] as { whole: number; rows: number }
}

async function read(work: () => Promise<unknown>): Promise<{ whole: number; rows: number }> {
  // All connections: what each has counted is written down when it next ends a transaction.
  const settle = async () => {
    const clients = await Promise.all(Array.from({ length: 10 }, () => db.pool.connect()))
    for (const client of clients) await client.query('SELECT pg_stat_force_next_flush()')
    for (const client of clients) client.release()
  }
  await settle()
  const before = await reading()
  await work()
  await settle()
  const after = await reading()
  return { whole: after.whole - before.whole, rows: after.rows - before.rows }
}

const find = (q: string, extra: Partial<MessageQuery> = {}) =>
  inTenant(db, account.tenantId, (tx) => findMessages(tx, { phrases: phrasesOf(q), limit: 20, budgetMs: 60_000, ...extra }))
const people = (q: string) =>
  inTenant(db, account.tenantId, (tx) => searchPeople(tx, peopleQuery(account.tenantId, q) as never, 51))

test.each<[what: string, work: () => Promise<unknown>, rowsAtMost: number]>([
  ['a frequent word', () => find('hello'), 30_000],
  ['the beginning of a rare one', () => find('c4ca'), 1000],
  ['a word that is nowhere', () => find('qqqq'), 1000],
  ['two words', () => find('hello c4c'), 30_000],
  [
    'a frequent word in one conversation',
    () => find('hello', { conversationIds: ['00000000-0000-7000-8000-000000000000'] }),
    1000,
  ],
  ['a frequent part of names', () => people('pers'), 10_000],
  ['a rare part of names', () => people('c4ca4'), 10_000],
  ['a part of a number', () => people('0001234'), 10_000],
])('looking for %s reads no table as a whole', async (_what, work, rowsAtMost) => {
  await work() // what a first plan looks up is no part of it
  const { whole, rows } = await read(work)
  expect(whole).toBe(0)
  expect(rows).toBeLessThan(rowsAtMost)
})

test('a table that is read as a whole would be noticed', async () => {
  const { whole } = await read(() =>
    inTenant(db, account.tenantId, (tx) => tx.query(`SELECT count(*) FROM messages WHERE content LIKE '%qq%'`)),
  )
  expect(whole).toBeGreaterThan(0)
})
