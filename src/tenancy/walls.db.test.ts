import { afterAll, beforeAll, expect, test } from 'vitest'
import { digits, inboundText, makeAccount, type TestAccount, webhook } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { receiveBatch } from '../conversations/receive.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createLogger } from '../platform/log.ts'

let db: TestDatabase
let ours: TestAccount
let theirs: TestAccount
let tables: string[]

beforeAll(async () => {
  db = await createTestDatabase()
  ours = await makeAccount(db)
  theirs = await makeAccount(db)
  const log = createLogger({ level: 'CRITICAL' })
  for (const account of [ours, theirs])
    await receiveBatch({ db, log }, [webhook(inboundText(account, `1650${digits(7)}`, 'private'))])
  const { rows } = await db.owner.query(
    `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
      WHERE n.nspname = 'parley' AND c.relkind IN ('r', 'p') AND c.relname NOT IN ('tenants', 'user_sessions') ORDER BY 1`,
  )
  tables = rows.map((row) => row.relname)
})
afterAll(() => db.drop())

test('without a tenant the server sees no row of any tenant table', async () => {
  expect(tables.length).toBeGreaterThan(15)
  for (const table of tables) {
    const { rows } = await db.pool.query(`SELECT count(*)::int AS n FROM parley.${table}`)
    expect(rows[0].n, table).toBe(0)
  }
})

test("with a tenant it sees that tenant's rows and nobody else's, whatever the query asks for", async () => {
  let seen = 0
  for (const table of tables) {
    const mine = await inTenant(db, ours.tenantId, async (tx) => (await tx.query(`SELECT tenant_id FROM parley.${table}`)).rows)
    seen += mine.length
    expect(new Set(mine.map((row) => row.tenant_id ?? ours.tenantId)), table).toEqual(
      new Set(mine.length ? [ours.tenantId] : []),
    )
    const asked = await inTenant(
      db,
      ours.tenantId,
      async (tx) => (await tx.query(`SELECT FROM parley.${table} WHERE tenant_id = $1`, [theirs.tenantId])).rowCount,
    )
    expect(asked, table).toBe(0)
  }
  expect(seen).toBeGreaterThan(5)
})

test("another tenant's rows can be neither changed, nor removed, nor added to", async () => {
  const before = await db.owner.query('SELECT * FROM conversations WHERE tenant_id = $1', [theirs.tenantId])
  await inTenant(db, ours.tenantId, async (tx) => {
    expect((await tx.query(`UPDATE conversations SET status = 'closed'`)).rowCount).toBe(1)
    expect((await tx.query('DELETE FROM contact_identities WHERE tenant_id = $1', [theirs.tenantId])).rowCount).toBe(0)
  })
  await expect(
    inTenant(db, ours.tenantId, (tx) =>
      tx.query('INSERT INTO contacts (tenant_id, name) VALUES ($1, $2)', [theirs.tenantId, 'intruder']),
    ),
  ).rejects.toThrow(/row-level security/)
  expect((await db.owner.query('SELECT * FROM conversations WHERE tenant_id = $1', [theirs.tenantId])).rows).toEqual(
    before.rows,
  )
})

test('the tenant of a transaction does not outlive it', async () => {
  await inTenant(db, ours.tenantId, (tx) => tx.query('SELECT 1'))
  for (let i = 0; i < 10; i++) expect((await db.pool.query('SELECT count(*)::int AS n FROM contacts')).rows[0].n).toBe(0)
})

test('the server is neither owner nor superuser and cannot step around the walls', async () => {
  const { rows } = await db.pool.query(
    `SELECT current_user AS name, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user`,
  )
  expect(rows).toEqual([{ name: 'parley_app', rolsuper: false, rolbypassrls: false }])
  await expect(db.pool.query('ALTER TABLE parley.contacts DISABLE ROW LEVEL SECURITY')).rejects.toThrow(/owner/)
  await expect(db.pool.query('SELECT parley.settle_message($1, $1)', [ours.tenantId])).rejects.toThrow(/permission/)
})
