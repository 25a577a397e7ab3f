import { randomBytes } from 'node:crypto'
import { runner } from 'node-pg-migrate'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { withDatabase } from '../../../test/world/postgres.setup.ts'
import { migrate } from './migrate.ts'

const name = `parley_upgrade_${randomBytes(5).toString('hex')}`
let admin: pg.Client
let client: pg.Client
let url: string

beforeAll(async () => {
  const { adminUrl } = inject('postgres')
  admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  await admin.query(`CREATE DATABASE ${name}`)
  url = withDatabase(adminUrl, name)
  client = new pg.Client({ connectionString: url })
  await client.connect()
})
afterAll(async () => {
  await client.end()
  await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  await admin.end()
})

test('businesses of a database at its first schema survive every migration since, with what they had', async () => {
  await runner({
    dbClient: client,
    dir: new URL('../../../migrations/', import.meta.url).pathname,
    direction: 'up',
    count: 1,
    migrationsTable: 'pgmigrations',
    migrationsSchema: 'parley',
    schema: 'parley',
    createSchema: true,
    createMigrationsSchema: true,
    log: () => {},
  })
  const { rows: history } = await client.query('SELECT name FROM parley.pgmigrations')
  expect(history).toEqual([{ name: '001_initial_schema' }])
  await client.query(
    `INSERT INTO parley.tenants (tenant_id, name, metadata) VALUES ('old', 'From before', '{"free": "form"}');
     INSERT INTO parley.tenants (tenant_id, name, email, phone_number_id, genesys_integration_id, genesys_org_id, settings)
       SELECT 'old-' || n, 'Old ' || n, 'o' || n || '@x.example', 'p' || n, 'i' || n, 'g' || n, '{"timezone": "UTC", "language": "en"}' FROM generate_series(1, 50) n`,
  )
  const rows = async () =>
    (
      await client.query(
        `SELECT id, tenant_id, name, email, phone_number_id, genesys_integration_id, genesys_org_id, settings, metadata, status, created_at, updated_at
           FROM parley.tenants ORDER BY id`,
      )
    ).rows
  const before = await rows()
  const { applied } = await migrate(url)
  expect(applied.length).toBeGreaterThan(8)
  expect(await rows()).toEqual(before)
  const { rows: found } = await client.query(`SELECT name FROM parley.find_tenant('phone', 'p7')`)
  expect(found).toEqual([{ name: 'Old 7' }])
  expect((await migrate(url)).applied).toEqual([])
})

test('businesses of an older tenant service in the same database are taken over once, and its own table is left alone', async () => {
  const older = `${name}_older`
  await admin.query(`CREATE DATABASE ${older}`)
  const at = withDatabase(inject('postgres').adminUrl, older)
  const there = new pg.Client({ connectionString: at })
  await there.connect()
  try {
    // As such a service made it, before it had e-mail, settings and look-ups by number.
    await there.query(
      `CREATE TABLE public.tenants (tenant_id varchar(50) PRIMARY KEY, name varchar(255) NOT NULL, subdomain varchar(100), status varchar(20) DEFAULT 'active',
         plan varchar(50) DEFAULT 'standard', rate_limit integer DEFAULT 100, genesys_org_id varchar(100), genesys_org_name varchar(255), genesys_region varchar(50),
         onboarding_completed boolean DEFAULT false, whatsapp_configured boolean DEFAULT false, metadata jsonb DEFAULT '{}',
         created_at timestamp DEFAULT current_timestamp, updated_at timestamp DEFAULT current_timestamp);
       INSERT INTO public.tenants (tenant_id, name, subdomain, status, rate_limit, genesys_org_id, metadata) VALUES
         ('t1', 'First', 'first', 'active', 250, 'org-1', '{"timezone": "Europe/Lisbon", "free": 1}'),
         ('t2', 'Second', 'second', 'inactive', NULL, 'org-1', NULL), ('t3', '', '', 'suspended', 100, NULL, '{}')`,
    )
    const own = async () => (await there.query('SELECT * FROM public.tenants ORDER BY 1')).rows
    const before = await own()
    for (let n = 0; n < 3; n++) await migrate(at)
    const { rows } = await there.query(
      'SELECT tenant_id, name, subdomain, status, rate_limit, email, domain, phone_number_id, genesys_integration_id, genesys_org_id, settings, metadata FROM parley.tenants ORDER BY tenant_id',
    )
    const absent = { email: null, domain: null, phone_number_id: null, genesys_integration_id: null }
    const free = { timezone: 'Europe/Lisbon', free: 1 }
    expect(rows).toEqual([
      {
        tenant_id: 't1',
        name: 'First',
        subdomain: 'first',
        status: 'active',
        rate_limit: 250,
        genesys_org_id: 'org-1',
        ...absent,
        settings: free,
        metadata: free,
      },
      {
        tenant_id: 't2',
        name: 'Second',
        subdomain: 'second',
        status: 'suspended',
        rate_limit: 600,
        genesys_org_id: null,
        ...absent,
        settings: {},
        metadata: {},
      },
      {
        tenant_id: 't3',
        name: 't3',
        subdomain: null,
        status: 'suspended',
        rate_limit: 100,
        genesys_org_id: null,
        ...absent,
        settings: {},
        metadata: {},
      },
    ])
    expect(await own()).toEqual(before)
    const { rows: walls } = await there.query(
      `SELECT relforcerowsecurity AS forced FROM pg_class WHERE oid = 'parley.tenants'::regclass`,
    )
    expect(walls).toEqual([{ forced: true }])
  } finally {
    await there.end()
    await admin.query(`DROP DATABASE ${older} WITH (FORCE)`)
  }
})

test('keys from before they ended with who made them: those of people who left stop, those made with a key follow it', async () => {
  const keyed = `${name}_keyed`
  await admin.query(`CREATE DATABASE ${keyed}`)
  const at = withDatabase(inject('postgres').adminUrl, keyed)
  const there = new pg.Client({ connectionString: at })
  await there.connect()
  try {
    await runner({
      ...{ dbClient: there, dir: new URL('../../../migrations/', import.meta.url).pathname, direction: 'up', count: 13 },
      ...{ migrationsTable: 'pgmigrations', migrationsSchema: 'parley', schema: 'parley', createSchema: true },
      ...{ createMigrationsSchema: true, log: () => {} },
    })
    await there.query(`SET search_path = parley;
      INSERT INTO tenants (id, tenant_id, name) VALUES (uuid7(), 't', 'T');
      INSERT INTO users (email, password_hash) VALUES ('here@x.example', 'x');
      INSERT INTO user_profiles (tenant_id, user_id, role) SELECT t.id, u.id, 'agent' FROM tenants t, users u;
      INSERT INTO tenant_api_keys (tenant_id, name, key_hash, key_hint, role, created_by, expires_at)
        SELECT t.id, k.name, k.name, 'x', 'admin', k.by, k.until FROM tenants t, (
          SELECT 'of one who is here' AS name, 'user:' || id AS by, now() + interval '1 day' AS until FROM users
          UNION ALL SELECT 'of one who left', 'user:' || uuid7(), NULL UNION ALL SELECT 'of the server', 'cli', NULL) k;
      INSERT INTO tenant_api_keys (tenant_id, name, key_hash, key_hint, role, created_by)
        SELECT tenant_id, 'with: ' || name, 'with: ' || name, 'x', 'admin', 'key:' || id FROM tenant_api_keys`)
    await migrate(at)
    const found = async (key: string) => (await there.query('SELECT role FROM find_api_key($1)', [key])).rows[0]?.role ?? null
    for (const prefix of ['', 'with: ']) {
      expect(await found(`${prefix}of one who is here`)).toBe('agent')
      expect(await found(`${prefix}of one who left`)).toBeNull()
      expect(await found(`${prefix}of the server`)).toBe('admin')
    }
    const { rows } = await there.query('SELECT name FROM tenant_api_keys WHERE expires_at IS NOT NULL ORDER BY name')
    expect(rows.map((row) => row.name)).toEqual(['of one who is here', 'with: of one who is here'])
  } finally {
    await there.end()
    await admin.query(`DROP DATABASE ${keyed} WITH (FORCE)`)
  }
})

test('a table of that name that is something else is not looked into', async () => {
  const other = `${name}_other`
  await admin.query(`CREATE DATABASE ${other}`)
  const at = withDatabase(inject('postgres').adminUrl, other)
  const there = new pg.Client({ connectionString: at })
  await there.connect()
  try {
    await there.query(
      `CREATE TABLE public.tenants (id integer, name text); INSERT INTO public.tenants VALUES (1, 'of a block of flats')`,
    )
    await migrate(at)
    expect((await there.query('SELECT FROM parley.tenants')).rowCount).toBe(0)
  } finally {
    await there.end()
    await admin.query(`DROP DATABASE ${other} WITH (FORCE)`)
  }
})
