/** The functions by which others ask the store as a whole. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inboundText, makeAccount, type TestAccount, webhook } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { silent } from '../../test/world/people.ts'
import { until } from '../../test/world/until.ts'
import { receiveBatch } from '../conversations/receive.ts'
import { maintainPartitions } from '../platform/db/partitions.ts'
import { inTenant } from '../platform/db/tx.ts'

let db: TestDatabase
let salon: TestAccount
const phone = '79001234567'
const days = ['2026-01-10', '2026-02-10', '2026-02-11', '2026-03-10', '2026-04-10']

async function recent(given: string, more: (string | number)[] = [], of = salon): Promise<string[]> {
  return await inTenant(db, of.tenantId, async (tx) => {
    const places = more.map((_, at) => `, $${at + 3}`).join('')
    const { rows } = await tx.query<{ content: string }>(`SELECT content FROM get_recent_messages($1, $2${places})`, [
      given,
      salon.tenantId,
      ...more,
    ])
    return rows.map((row) => row.content)
  })
}

describe('on an empty database', () => {
  let empty: TestDatabase
  beforeAll(async () => {
    empty = await createTestDatabase()
  })
  afterAll(() => empty.drop())
  test('each answers', async () => {
    const account = await makeAccount(empty)
    const ask = async (sql: string) =>
      await inTenant(empty, account.tenantId, async (tx) => (await tx.query(sql)).rows as Record<string, unknown>[])
    expect(await ask(`SELECT * FROM get_recent_messages('${phone}', '${account.tenantId}')`)).toEqual([])
    expect(await ask('SELECT * FROM get_messages_stats()')).toMatchObject([
      { partition_name: 'messages_default', from_at: null },
    ])
    const tables = await ask('SELECT * FROM get_database_stats()')
    expect(tables.length).toBeGreaterThan(30)
    expect(tables.find((row) => row.table_name === 'messages')).toMatchObject({ partitions: 1 })
  })
})

describe('on a filled database', () => {
  beforeAll(async () => {
    db = await createTestDatabase()
    salon = await makeAccount(db)
    await db.owner.query(`UPDATE channel_accounts SET country = 'RU' WHERE id = $1`, [salon.accountId])
    for (const day of days)
      await receiveBatch({ db, log: silent, now: () => new Date(`${day}T12:00:00Z`) }, [
        webhook(inboundText(salon, phone, day)),
      ])
    await receiveBatch({ db, log: silent, now: () => new Date('2026-02-20T12:00:00Z') }, [
      webhook(inboundText(salon, '79007654321', 'somebody else')),
    ])
    // April stays in the DEFAULT partition: no month of it was made.
    await db.owner.query(
      `SELECT create_month_partitions('messages', ARRAY['2025-12-01', '2026-01-01', '2026-02-01', '2026-03-01', '2026-05-01']::date[])`,
    )
  })
  afterAll(() => db.drop())

  test('recent messages come newest first, fifty unless said otherwise, whatever the number is written like', async () => {
    const newest = [...days].reverse()
    for (const written of [
      '+7 900 123-45-67',
      '8 (900) 123-45-67',
      '900 123 45 67',
      '79001234567',
      '79001234567@whatsapp',
      '0079001234567',
    ])
      expect([written, await recent(written)]).toEqual([written, newest])
    expect(await recent(phone, [2])).toEqual(newest.slice(0, 2))
    expect(await recent(phone, [0])).toEqual([])
    expect(await recent(phone, [50, '2026-02-01', '2026-03-01'])).toEqual(['2026-02-11', '2026-02-10'])
    for (const strange of ['', '12', 'nobody', '+44 900 123 45 67', "'; DROP TABLE messages; --"])
      expect(await recent(strange)).toEqual([])
  })
  test('another business sees none of them', async () => {
    const other = await makeAccount(db)
    expect(await recent(phone, [], other)).toEqual([])
  })
  test('only the months that are needed are read', async () => {
    const read = async (more: (string | number)[]) =>
      await inTenant(db, salon.tenantId, async (tx) => {
        const scans = async () =>
          new Map(
            (
              await tx.query<{ name: string; n: number }>(
                `SELECT relname AS name, (coalesce(idx_scan, 0) + seq_scan)::int AS n FROM pg_stat_xact_user_tables WHERE relname LIKE 'messages\\_%'`,
              )
            ).rows.map((row) => [row.name, row.n]),
          )
        const before = await scans()
        await tx.query(`SELECT * FROM get_recent_messages($1, $2${more.map((_, at) => `, $${at + 3}`).join('')})`, [
          phone,
          salon.tenantId,
          ...more,
        ])
        return [...(await scans())]
          .filter(([name, n]) => n > (before.get(name) ?? 0))
          .map(([name]) => name)
          .sort()
      })
    expect(await read([1])).toEqual(['messages_default'])
    expect(await read([2])).toEqual(['messages_2026_03', 'messages_default'])
    expect(await read([50, '2026-02-01', '2026-03-01'])).toEqual(['messages_2026_02'])
    expect(await read([50])).toEqual(['messages_2026_01', 'messages_2026_02', 'messages_2026_03', 'messages_default'])
  })
  test('EXPLAIN shows the pruning', async () => {
    const plan = await inTenant(db, salon.tenantId, async (tx) =>
      (
        await tx.query<{ 'QUERY PLAN': string }>(
          `EXPLAIN SELECT * FROM messages WHERE tenant_id = '${salon.tenantId}' AND created_at >= '2026-02-01Z' AND created_at < '2026-03-01Z'`,
        )
      ).rows
        .map((row) => row['QUERY PLAN'])
        .join('\n'),
    )
    expect(plan).toContain('messages_2026_02')
    expect(plan.match(/on messages_\d{4}_\d{2}|on messages_default/g)).toHaveLength(1)
  })
  test('the statistics of partitions and of tables add up', async () => {
    await maintainPartitions(db.owner, 'messages')
    // What other connections wrote is counted when they report it, which may be after the rows were counted: then twice.
    const partitions = await until('the rows are counted', async () => {
      await db.owner.query('ANALYZE')
      const { rows } = await db.owner.query('SELECT * FROM get_messages_stats()')
      return rows.reduce((sum, row) => sum + row.estimated_rows, 0) === 6 && rows
    })
    expect(partitions.at(-1)).toMatchObject({ partition_name: 'messages_default' })
    const tables = (await db.owner.query('SELECT * FROM get_database_stats()')).rows
    const messages = tables.find((row) => row.table_name === 'messages')
    expect(messages).toMatchObject({ estimated_rows: 6, partitions: partitions.length })
    expect(messages.total_bytes).toBe(partitions.reduce((sum, row) => sum + row.total_bytes, 0))
    expect(tables.filter((row) => /_\d{4}_\d{2}$|_default$/.test(row.table_name))).toEqual([])
  })
})
