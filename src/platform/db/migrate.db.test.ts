import { randomBytes } from 'node:crypto'
import { runner } from 'node-pg-migrate'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { readSchema, renderSchema } from '../../../bin/docs/schema.ts'
import { withDatabase } from '../../../test/world/postgres.setup.ts'
import { startDatabaseProxy } from '../../../test/world/proxy.ts'
import { appliedMigrations, knownMigrations, migrate, SchemaTooNew } from './migrate.ts'

const name = `parley_migrate_${randomBytes(5).toString('hex')}`
let admin: pg.Client
let url: string

beforeAll(async () => {
  const { adminUrl } = inject('postgres')
  admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  await admin.query(`CREATE DATABASE ${name}`)
  url = withDatabase(adminUrl, name)
})
afterAll(async () => {
  await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  await admin.end()
})

async function ask<T>(sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows as T[]
  } finally {
    await client.end()
  }
}
const shape = () =>
  ask(`SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'parley' ORDER BY 1, 2`)

test('three at once on an empty database: one does the work, none fails, and the history lists every migration', async () => {
  const reports = await Promise.all([migrate(url), migrate(url), migrate(url)])
  const known = await knownMigrations()
  expect(reports.map((report) => report.applied.length).sort((a, b) => a - b)).toEqual([0, 0, known.length])
  expect((await ask<{ name: string }>('SELECT name FROM parley.pgmigrations ORDER BY id')).map((row) => row.name)).toEqual(
    known,
  )
})

test('again changes nothing and drops nothing', async () => {
  const before = await shape()
  await ask(`INSERT INTO parley.tenants (tenant_id, name) VALUES ('keep-me', 'Keep me')`)
  expect((await migrate(url)).applied).toEqual([])
  expect(await shape()).toEqual(before)
  expect(await ask(`SELECT name FROM parley.tenants WHERE tenant_id = 'keep-me'`)).toEqual([{ name: 'Keep me' }])
})

test('a database that still recovers is waited for, and is said to be; not for ever, and nothing else is waited for', async () => {
  const proxy = await startDatabaseProxy(url)
  try {
    proxy.mode('starting')
    const reasons: string[] = []
    const migrated = migrate(proxy.url, { onWait: (reason) => reasons.push(reason) })
    await new Promise((resolve) => setTimeout(resolve, 600))
    proxy.mode('pass')
    expect((await migrated).applied).toEqual([])
    expect(reasons).toEqual(['the database system is starting up'])
    proxy.mode('starting')
    await expect(migrate(proxy.url, { waitMs: 300 })).rejects.toThrow('starting up')
    proxy.mode('cut')
    const began = performance.now()
    await expect(migrate(proxy.url)).rejects.toThrow()
    expect(performance.now() - began).toBeLessThan(10_000)
  } finally {
    await proxy.close()
  }
})

test('a database that a newer version migrated is refused and left alone', async () => {
  await ask(`INSERT INTO parley.pgmigrations (name, run_on) VALUES ('999_from_the_future', now())`)
  await expect(migrate(url)).rejects.toThrow(SchemaTooNew)
  await expect(migrate(url)).rejects.toThrow(/999_from_the_future/)
  await ask(`DELETE FROM parley.pgmigrations WHERE name = '999_from_the_future'`)
})

test('from wherever a migration was broken off, it ends in the same schema, also with two at once', async () => {
  const { adminUrl } = inject('postgres')
  const known = await knownMigrations()
  const schemaOf = async (at: string) => {
    const client = new pg.Client({ connectionString: at })
    await client.connect()
    const schema = renderSchema(await readSchema(client))
    await client.end()
    return schema
  }
  const whole = await schemaOf(url)
  for (const done of [1, 4, 6, 9, known.length - 1]) {
    const half = `${name}_${done}`
    await admin.query(`CREATE DATABASE ${half}`)
    const at = withDatabase(adminUrl, half)
    const client = new pg.Client({ connectionString: at })
    await client.connect()
    await runner({
      ...{ dbClient: client, dir: new URL('../../../migrations/', import.meta.url).pathname, direction: 'up', count: done },
      ...{ migrationsTable: 'pgmigrations', migrationsSchema: 'parley', schema: 'parley', createSchema: true },
      ...{ createMigrationsSchema: true, singleTransaction: false, log: () => {} },
    })
    await client.end()
    const reports = await Promise.all([migrate(at), migrate(at)])
    expect(reports.map(({ applied }) => applied.length).sort((a, b) => a - b)).toEqual([0, known.length - done])
    expect(await schemaOf(at)).toBe(whole)
    await admin.query(`DROP DATABASE ${half} WITH (FORCE)`)
  }
})

test('the history of a database without one is empty', async () => {
  const client = new pg.Client({ connectionString: inject('postgres').adminUrl })
  await client.connect()
  expect(await appliedMigrations(client)).toEqual([])
  await client.end()
})
