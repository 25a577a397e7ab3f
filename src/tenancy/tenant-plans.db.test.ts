import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await createTestDatabase()
  await db.owner.query('ALTER TABLE tenants DISABLE TRIGGER USER')
  await db.owner.query(
    `INSERT INTO tenants (tenant_id, name, email, domain, subdomain, status, phone_number_id, genesys_org_id, genesys_integration_id)
     SELECT 't-' || n, 'Business ' || n, 'Office' || n || '@x.example', 'x' || n || '.example', 'sub' || n,
            CASE WHEN n % 1000 = 0 THEN 'suspended' ELSE 'active' END, 'p' || n, 'o' || n, 'i' || n FROM generate_series(1, 100000) n`,
  )
  await db.owner.query('ALTER TABLE tenants ENABLE TRIGGER USER')
  await db.owner.query('ANALYZE tenants')
}, 120_000)
afterAll(() => db.drop())

/** The plan as the functions have it: for parley_system, with a parameter whose value is not known. */
async function plan(where: string, value: string): Promise<string> {
  const client = await db.owner.connect()
  try {
    await client.query('BEGIN; SET LOCAL ROLE parley_system; SET LOCAL plan_cache_mode = force_generic_plan')
    await client.query(`PREPARE looked AS SELECT t.* FROM parley.tenants t WHERE ${where}`)
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN EXECUTE looked ('${value}')`)
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  } finally {
    await client.query('ROLLBACK; DEALLOCATE ALL')
    client.release()
  }
}

const planned: [index: string, where: string, value: string][] = [
  ['idx_tenant_phone_number', 't.phone_number_id = $1', 'p77777'],
  ['idx_tenant_integration_id', 't.genesys_integration_id = $1', 'i77777'],
  ['idx_tenant_genesys_org', 't.genesys_org_id = $1', 'o77777'],
  ['idx_tenant_subdomain', 't.subdomain = $1', 'sub77777'],
  ['idx_tenant_email', 'lower(t.email) = lower($1)', 'office77777@x.example'],
  ['idx_tenant_domain', 't.domain = $1', 'x77777.example'],
]
test.each(planned)('with 100,000 businesses %s is in the plan of %s', async (index, where, value) => {
  const text = await plan(where, value)
  expect(text).toContain(index)
  expect(text).not.toContain('Seq Scan')
})

/** How often an index was used so far, as PostgreSQL counts. */
async function uses(client: { query: TestDatabase['owner']['query'] }, index: string): Promise<number> {
  await client.query('SELECT pg_stat_force_next_flush()')
  const { rows } = await client.query('SELECT idx_scan AS n FROM pg_stat_user_indexes WHERE indexrelname = $1', [index])
  return Number(rows[0].n)
}
/** Who is found; null: one, whoever was made last. */
const called: [index: string, call: string, found: string | null][] = [
  ['idx_tenant_phone_number', `parley.find_tenant('phone', 'p4242')`, 'Business 4242'],
  ['idx_tenant_integration_id', `parley.find_tenant('integration', 'i4242')`, 'Business 4242'],
  ['idx_tenant_genesys_org', `parley.find_tenant('genesys_org', 'o4242')`, 'Business 4242'],
  ['idx_tenant_subdomain', `parley.find_tenant('subdomain', 'sub4242')`, 'Business 4242'],
  ['idx_tenant_email', `parley.list_tenants(NULL, 'OFFICE4242@x.example', NULL, NULL, NULL, 10)`, 'Business 4242'],
  ['idx_tenant_domain', `parley.list_tenants(NULL, NULL, 'x4242.example', NULL, NULL, 10)`, 'Business 4242'],
  ['idx_tenant_status', `parley.list_tenants('suspended', NULL, NULL, NULL, NULL, 1)`, 'Business 100000'],
  ['tenants_pkey', `parley.list_tenants(NULL, NULL, NULL, NULL, NULL, 1)`, null],
]
test.each(called)('the function itself uses %s: %s', async (index, call, found) => {
  const client = await db.owner.connect()
  try {
    const before = await uses(client, index)
    // More often than a plan is made anew for each value: the one that stays uses it too.
    for (let i = 0; i < 8; i++) {
      const { rows } = await client.query(`SELECT name FROM ${call}`)
      expect(rows).toEqual([{ name: found ?? expect.any(String) }])
    }
    expect((await uses(client, index)) - before).toBe(8)
  } finally {
    client.release()
  }
})

test('the seven indexes and the three triggers have the names they are known by', async () => {
  const { rows: indexes } = await db.owner.query(
    `SELECT indexname FROM pg_indexes WHERE schemaname = 'parley' AND indexname LIKE 'idx\\_tenant\\_%' AND tablename = 'tenants' ORDER BY 1`,
  )
  expect(indexes.map((row) => row.indexname)).toEqual([
    'idx_tenant_domain',
    'idx_tenant_email',
    'idx_tenant_genesys_org',
    'idx_tenant_integration_id',
    'idx_tenant_phone_number',
    'idx_tenant_status',
    'idx_tenant_subdomain',
  ])
  const { rows: triggers } = await db.owner.query(
    `SELECT tgname, tgrelid::regclass::text AS "table" FROM pg_trigger WHERE tgname IN ('update_tenants_updated_at', 'update_credentials_updated_at', 'update_whatsapp_updated_at') ORDER BY 1`,
  )
  expect(triggers).toEqual([
    { tgname: 'update_credentials_updated_at', table: 'tenant_credentials' },
    { tgname: 'update_tenants_updated_at', table: 'tenants' },
    { tgname: 'update_whatsapp_updated_at', table: 'tenant_whatsapp_config' },
  ])
})
