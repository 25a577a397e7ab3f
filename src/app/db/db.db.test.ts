import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { readSchema, renderSchema } from '../../../bin/docs/schema.ts'
import { createTestDatabase, type TestDatabase } from '../../../test/world/database.ts'
import { withDatabase } from '../../../test/world/postgres.setup.ts'
import { readConfig } from '../../platform/config.ts'
import { migrate } from '../../platform/db/migrate.ts'
import { seed } from '../seed/seed.ts'
import { backup, requireProgram, restore } from './backup.ts'
import { schemaSql } from './print-schema.ts'
import { tidy } from './tidy.ts'

const said: string[] = []
const say = (text: string) => void said.push(text)
let folder: string
let db: TestDatabase
const made: string[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-db-'))
  db = await createTestDatabase()
  await db.pool.end()
  await db.owner.end()
  const config = readConfig({ NODE_ENV: 'test', PARLEY_DATA_DIR: folder })
  await seed({ ownerUrl: db.url, config }, { messages: 1500, tenants: 2, months: 3, seed: 5, search: false }, () => {})
})
afterAll(async () => {
  const { adminUrl } = inject('postgres')
  for (const name of [...made, new URL(db.url).pathname.slice(1)])
    await ask(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  await rm(folder, { recursive: true })
})

async function ask<T>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows as T[]
  } finally {
    await client.end()
  }
}
async function emptyDatabase(): Promise<string> {
  const { adminUrl } = inject('postgres')
  const name = `parley_db_${randomBytes(5).toString('hex')}`
  await ask(adminUrl, `CREATE DATABASE ${name}`)
  made.push(name)
  return withDatabase(adminUrl, name)
}
async function schemaOf(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const schema = renderSchema(await readSchema(client))
  await client.end()
  return schema
}

test('the printed schema, applied by hand, is the one that migrations make, and leaves them nothing to do', async () => {
  const [byHand, migrated] = [await emptyDatabase(), await emptyDatabase()]
  await ask(byHand, await schemaSql())
  await migrate(migrated)
  expect(await schemaOf(byHand)).toBe(await schemaOf(migrated))
  expect((await migrate(byHand)).applied).toEqual([])
})

describe('tidying up', () => {
  test('counts and clears every table, or one with all its months', async () => {
    await tidy(db.url, 'analyze', undefined, say)
    expect(said.at(-1)).toMatch(/^\d\d+ tables done/)
    await tidy(db.url, 'vacuum', 'messages', say)
    expect(said.at(-1)).toMatch(/^[5-9] tables done|^1\d tables done/)
    await expect(tidy(db.url, 'analyze', 'nothing', say)).rejects.toThrow('no table nothing')
  })
  test('in full it says first what that does', async () => {
    await tidy(db.url, 'full', 'templates', say)
    expect(said.slice(-2)).toEqual([expect.stringContaining('nobody can read or write it'), '1 table done.'])
  })
})

/** What PostgreSQL's programs on this machine can do with this server. */
const canDump = (): boolean => {
  try {
    const own = Number(/(\d+)/.exec(execFileSync('pg_dump', ['--version'], { encoding: 'utf8' }))?.[1])
    return own >= Number(process.env.PARLEY_TEST_DATABASE_URL ? 15 : 18)
  } catch {
    return false
  }
}

describe('a backup', () => {
  const counts = (url: string) =>
    ask(
      url,
      `SELECT c.relname, (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM parley.' || quote_ident(c.relname), false, true, '')))[1]::text AS n
         FROM pg_class c WHERE c.relnamespace = 'parley'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1`,
    )

  test.runIf(canDump())('in either form brings back every row after all is lost', async () => {
    const before = await counts(db.url)
    const schema = await schemaOf(db.url)
    for (const format of ['compressed', 'plain'] as const) {
      const file = join(folder, `all.${format}`)
      await backup(db.url, { file, format }, say)
      await expect(backup(db.url, { file, format }, say)).rejects.toThrow('there already')
      expect(await restore(db.url, { file, yes: false }, say)).toBe(1)
      await ask(db.url, 'DROP SCHEMA parley CASCADE')
      expect(await restore(db.url, { file, yes: false }, say)).toBe(0)
      expect([format, await counts(db.url)]).toEqual([format, before])
      expect(await schemaOf(db.url)).toBe(schema)
      expect((await migrate(db.url)).applied).toEqual([])
    }
  })
  test.runIf(canDump())('of one table has all its months and nothing else', async () => {
    const file = join(folder, 'messages.sql')
    await backup(db.url, { file, format: 'plain', table: 'messages' }, say)
    const { readFile } = await import('node:fs/promises')
    const tables = new Set([...(await readFile(file, 'utf8')).matchAll(/^COPY parley\.(\w+)/gm)].map(([, name]) => name))
    expect([...tables].every((name) => name?.startsWith('messages_'))).toBe(true)
    expect(tables.size).toBeGreaterThan(3)
  })
  test.runIf(canDump())('is not restored while somebody works in the database', async () => {
    const busy = new pg.Client({ connectionString: db.url })
    await busy.connect()
    await expect(restore(db.url, { file: join(folder, 'all.plain'), yes: true }, say)).rejects.toThrow('stop the servers')
    await busy.end()
  })
  test('is not even tried with a program that is missing or too old: it says what to install', async () => {
    await expect(requireProgram('pg_dump_that_is_not_there', 18)).rejects.toThrow(
      /not on this machine\. Install the client programs of PostgreSQL 18/,
    )
    await expect(requireProgram('node', 9999)).rejects.toThrow(/here is of PostgreSQL \d+, the database of 9999\. Install/)
  })
})
