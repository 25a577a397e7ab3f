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
