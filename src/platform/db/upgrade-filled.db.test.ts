import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { runner } from 'node-pg-migrate'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { fillAny } from '../../../test/world/any-rows.ts'
import { fill } from '../../../test/world/filled.ts'
import { withDatabase } from '../../../test/world/postgres.setup.ts'
import { migrate } from './migrate.ts'

const name = `parley_filled_${randomBytes(5).toString('hex')}`
const dir = new URL('../../../migrations/', import.meta.url).pathname
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

const run = (direction: 'up' | 'down', count: number) =>
  runner({
    ...{ dbClient: client, dir, direction, count, migrationsTable: 'pgmigrations', migrationsSchema: 'parley' },
    ...{ schema: 'parley', createSchema: true, createMigrationsSchema: true, log: () => {} },
  })
/** With the last migration of this number. */
async function upTo(number: string): Promise<void> {
  const { rows } = await client.query(`SELECT to_regclass('parley.pgmigrations') AS there`)
  const done = rows[0].there ? (await client.query('SELECT FROM parley.pgmigrations')).rowCount : 0
  const names = (await readdir(dir)).filter((file) => file.slice(0, 3) <= number)
  await run('up', names.length - (done ?? 0))
}
async function counts(): Promise<Record<string, string>> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'parley'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'pgmigrations'`,
  )
  const found: Record<string, string> = {}
  for (const { name: table } of rows)
    found[table] = (await client.query(`SELECT count(*) AS n FROM parley.${table}`)).rows[0].n.toString()
  return found
}
async function known(tenantId: string, accountId: string): Promise<Record<string, string>> {
  const { rows } = await client.query(
    `SELECT c.id AS conversation_id, c.contact_id, m.id AS message_id FROM parley.conversations c
       JOIN parley.messages m ON m.tenant_id = c.tenant_id AND m.conversation_id = c.id WHERE c.tenant_id = $1 LIMIT 1`,
    [tenantId],
  )
  return { ...rows[0], tenant_id: tenantId, channel_account_id: accountId, account_id: accountId }
}

test('a business with rows in every table keeps all of them, from before contact centres and from before consents until now', async () => {
  await upTo('026')
  const pool = new pg.Pool({ connectionString: url, options: '-c search_path=parley', max: 1 })
  const { tenantId, accounts } = await fill(pool, { conversations: 300, messages: 3000, months: 3 })
  await pool.end()
  const ids = await known(tenantId, accounts[0]?.id ?? '')
  for (const next of ['046', undefined]) {
    expect(await fillAny(client, ids)).toEqual([])
    const before = await counts()
    expect(Object.values(before)).not.toContain('0')
    if (next) await upTo(next)
    else await migrate(url)
    expect(await counts()).toMatchObject(before)
  }
  // The newest can be taken back, and put on again.
  await run('down', 2)
  expect((await migrate(url)).applied).toHaveLength(2)
})
