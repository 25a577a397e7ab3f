import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeAccount, type TestAccount } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { fillLaterTables } from '../../test/world/later-tables.ts'
import { inTenant } from '../platform/db/tx.ts'
import { clearAway } from './housekeeping.ts'

let db: TestDatabase
let expired: TestAccount
let current: TestAccount
const kinds = ['dialog_contexts', 'appointments_cache', 'whatsapp_keys'] as const
const cleanup = async (kind: string) => (await db.pool.query(`SELECT parley.cleanup_expired_${kind}() AS n`)).rows[0].n
const left = async (kind: string, { tenantId }: TestAccount) =>
  (await db.owner.query(`SELECT count(*)::int AS n FROM ${kind} WHERE tenant_id = $1`, [tenantId])).rows[0].n
const stats = (account: TestAccount) =>
  inTenant(db, account.tenantId, async (tx) => (await tx.query('SELECT * FROM get_whatsapp_auth_stats()')).rows)

beforeAll(async () => {
  db = await createTestDatabase()
  expired = await makeAccount(db)
  current = await makeAccount(db)
})
afterAll(() => db.drop())

test('with nothing there, nothing goes, and the numbers are zero', async () => {
  for (const kind of kinds) expect([kind, await cleanup(kind)]).toEqual([kind, 0])
  expect(await stats(expired)).toEqual([
    expect.objectContaining({ devices: 0, registered: 0, keys: 0, expired_keys: 0, oldest_key: null, last_connected: null }),
  ])
})

test('what has expired goes, of every business; what has not stays, and so does a key without an end', async () => {
  await inTenant(db, expired.tenantId, (tx) => fillLaterTables(tx, expired.accountId, '-1 second'))
  await inTenant(db, current.tenantId, (tx) => fillLaterTables(tx, current.accountId, '1 hour'))
  expect(await stats(expired)).toEqual([expect.objectContaining({ devices: 1, registered: 1, keys: 2, expired_keys: 1 })])
  expect(await stats(current)).toEqual([expect.objectContaining({ devices: 1, registered: 1, keys: 2, expired_keys: 0 })])
  for (const kind of kinds) expect([kind, await cleanup(kind), await cleanup(kind)]).toEqual([kind, 1, 0])
  for (const kind of kinds)
    expect([kind, await left(kind, expired), await left(kind, current)]).toEqual(
      kind === 'whatsapp_keys' ? [kind, 1, 2] : [kind, 0, 1],
    )
})

test('the house is kept by the same functions, however much has expired', async () => {
  await db.owner.query(
    `INSERT INTO appointments_cache (tenant_id, cache_key, appointments, expires_at) SELECT $1, 'k' || n, '[]', now() - interval '1 second' FROM generate_series(1, 10500) AS n`,
    [expired.tenantId],
  )
  await clearAway(db)
  expect(await left('appointments_cache', expired)).toBe(0)
  expect(await left('appointments_cache', current)).toBe(1)
})
