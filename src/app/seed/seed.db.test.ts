import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../test/world/database.ts'
import { withDatabase } from '../../../test/world/postgres.setup.ts'
import { fillSearch } from '../../conversations/search/fill.ts'
import { findMessages } from '../../conversations/search/find.ts'
import { phrasesOf } from '../../kernel/search-phrases.ts'
import { readConfig } from '../../platform/config.ts'
import { migrate } from '../../platform/db/migrate.ts'
import { inTenant } from '../../platform/db/tx.ts'
import { passwordMatches } from '../../tenancy/passwords.ts'
import type { SeedOptions } from './report.ts'
import { seed } from './seed.ts'

let folder: string
const opened: TestDatabase[] = []
const until = new Date('2025-05-20T12:00:00Z')
const options: SeedOptions = { messages: 20_000, tenants: 3, months: 6, seed: 7, until, search: false }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-seed-'))
})
afterEach(async () => {
  for (const db of opened.splice(0)) await db.drop()
})
afterAll(async () => rm(folder, { recursive: true }))

const config = () => readConfig({ NODE_ENV: 'test', PARLEY_DATA_DIR: folder })

async function run(url: string, given: Partial<SeedOptions> = {}) {
  const said: string[] = []
  const seeded = await seed({ ownerUrl: url, config: config() }, { ...options, ...given }, (text) => said.push(text))
  return { ...seeded, said: said.join('\n') }
}

async function database(): Promise<TestDatabase> {
  const db = await createTestDatabase()
  opened.push(db)
  return db
}

/** Asks and leaves: a database in which nobody else works stays one. */
async function ask<T>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url, options: '-c search_path=parley' })
  await client.connect()
  try {
    return (await client.query(sql)).rows as T[]
  } finally {
    await client.end()
  }
}

const structure = async (url: string) => ({
  indexes: await ask(
    url,
    `SELECT indrelid::regclass::text AS on, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') AS definition FROM pg_index i
       JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'parley'::regnamespace ORDER BY 1, 2`,
  ),
  keys: await ask(
    url,
    `SELECT conrelid::regclass::text AS on, conname, convalidated, pg_get_constraintdef(oid) AS definition FROM pg_constraint
      WHERE connamespace = 'parley'::regnamespace AND conname <> 'refuses' ORDER BY 1, 2, 4`,
  ),
  walls: await ask(
    url,
    `SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relnamespace = 'parley'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1`,
  ),
})

/** Months are made first, so that what is compared differs by rows alone. */
const makeMonths = (url: string) =>
  ask(
    url,
    `SELECT parley.create_month_partitions(p, ARRAY(SELECT m::date FROM generate_series(DATE '2024-11-01', DATE '2025-05-01', interval '1 month') AS m))
       FROM unnest(ARRAY['messages', 'message_search']) AS p`,
  )

/** What was said, when, by whom in which thread. People's ids are new each time. */
const story = `SELECT md5(string_agg(concat_ws('|', m.id, m.created_at, m.conversation_id, m.seq, m.direction, m.content, t.status), ',' ORDER BY m.created_at, m.id)) AS all
  FROM messages m JOIN message_tracking t ON t.tenant_id = m.tenant_id AND t.id = m.id`

test('an empty database is filled, all of it fits together, and nothing of its structure is missing afterwards', async () => {
  const { url } = await database()
  await makeMonths(url)
  const before = await structure(url)
  const seeded = await run(url)
  expect(seeded).toMatchObject({ messages: 20_000, businesses: 3, faults: [], alone: true })
  expect(await structure(url)).toEqual(before)
  const [counted] = await ask(
    url,
    `SELECT count(*)::integer AS messages, count(DISTINCT tenant_id)::integer AS businesses,
            count(DISTINCT date_trunc('month', created_at))::integer AS months,
            count(*) FILTER (WHERE created_at > '${until.toISOString()}')::integer AS later,
            count(*) FILTER (WHERE content ~ '[а-я]') > 1000 AND count(*) FILTER (WHERE content ~ '[ء-ي]') > 1000
              AND count(*) FILTER (WHERE content ~ '[א-ת]') > 500 AND count(*) FILTER (WHERE content ~ '[一-龥]') > 1000 AS scripts,
            count(*) FILTER (WHERE body ->> 'text' IS DISTINCT FROM content)::integer AS different FROM messages`,
  )
  expect(counted).toEqual({ messages: 20_000, businesses: 3, months: 7, later: 0, scripts: true, different: 0 })
  const [people] = await ask<{ people: number; most: number }>(
    url,
    `SELECT (SELECT count(*) FROM contacts)::integer AS people, max(n)::integer AS most
       FROM (SELECT sum(message_count) AS n FROM conversations GROUP BY contact_id) x`,
  )
  expect(people?.people).toBeGreaterThan(700)
  expect(people?.people).toBeLessThan(1500)
  expect(people?.most).toBeGreaterThan(150)
  const [hanging] = await ask(
    url,
    `SELECT (SELECT count(*) FROM messages m JOIN message_tracking t ON t.tenant_id = m.tenant_id AND t.id = m.id AND t.created_at = m.created_at
               AND t.conversation_id = m.conversation_id AND CASE m.direction WHEN 'inbound' THEN t.wamid = m.external_message_id ELSE m.external_message_id IS NULL END)::integer AS ledger,
            (SELECT count(*) FROM contacts c WHERE NOT EXISTS (SELECT FROM contact_identities i
               WHERE i.tenant_id = c.tenant_id AND i.contact_id = c.id AND '+' || i.value = c.phone))::integer AS unreachable,
            (SELECT count(*) > 0 FROM message_statuses) AND (SELECT count(*) > 0 FROM send_attempts) AND (SELECT count(*) > 0 FROM provider_refs) AS besides,
            (SELECT count(*) FROM events WHERE type LIKE 'message.%')::integer AS events,
            (SELECT count(DISTINCT status) FROM conversations)::integer AS states,
            (SELECT count(*) > 0 FROM conversations WHERE unread_count > 0 AND last_direction = 'inbound') AS unread,
            (SELECT count(*) FROM conversations c WHERE last_preview <> (SELECT left(content, length(last_preview)) FROM messages m
               WHERE m.tenant_id = c.tenant_id AND m.conversation_id = c.id AND m.seq = c.last_seq) AND last_preview NOT LIKE '%…')::integer AS previews`,
  )
  expect(hanging).toEqual({ ledger: 20_000, unreachable: 0, besides: true, events: 400, states: 2, unread: true, previews: 0 })

  // Who is printed can sign in, everywhere; and nothing that is written there leaves the machine.
  const [owner] = await ask<{ hash: string; n: number }>(
    url,
    `SELECT u.password_hash AS hash, count(*)::integer AS n FROM users u JOIN user_profiles p ON p.user_id = u.id AND p.role = 'owner'
      WHERE u.email = '${seeded.email}' GROUP BY 1`,
  )
  expect(owner?.n).toBe(3)
  expect(await passwordMatches(owner?.hash, seeded.password ?? '')).toBe(true)
  expect(seeded.said).toContain(seeded.password)
  expect(
    await ask(
      url,
      'SELECT DISTINCT t.status, w.graph_url AS url FROM tenants t JOIN tenant_whatsapp_config w ON w.tenant_id = t.id',
    ),
  ).toEqual([{ status: 'active', url: 'http://127.0.0.1:9' }])
})

test('a server that indexes meanwhile finds all of it afterwards', async () => {
  const { url, pool } = await database()
  await pool.query('SELECT 1')
  const businesses = () => ask<{ id: string }>(url, `SELECT id FROM tenants WHERE tenant_id LIKE 'seed-7-%'`)
  const searchable = `FROM messages m WHERE m.content IS NOT NULL`
  let seeding = true
  let looked = 0
  const indexing = (async () => {
    for (; seeding; await new Promise((resolve) => setTimeout(resolve, 5)))
      for (const { id } of await businesses()) if ((await fillSearch({ pool }, id)).more) looked += 1
  })()
  await run(url, { messages: 3000 }).finally(() => {
    seeding = false
  })
  await indexing
  expect(looked).toBeGreaterThan(0)
  for (const { id } of await businesses()) while ((await fillSearch({ pool }, id)).more);
  const [found] = await ask(
    url,
    `SELECT (SELECT count(*)::int ${searchable}) AS said, (SELECT count(*)::int ${searchable} AND EXISTS (
              SELECT FROM message_search s WHERE s.tenant_id = m.tenant_id AND s.message_id = m.id)) AS indexed`,
  )
  expect(found).toEqual({ said: expect.any(Number), indexed: (found as { said: number }).said })
})
test('the same seed makes the same store, beside a server as in an empty database, and not twice in one', async () => {
  const [alone, beside] = [await database(), await database()]
  await beside.pool.query('SELECT 1') // somebody works here
  // Every month, business and kind of message is in so many already.
  const few = { messages: 4000 }
  expect(await run(alone.url, few)).toMatchObject({ alone: true, messages: 4000, businesses: 3 })
  expect(await run(beside.url, few)).toMatchObject({ alone: false, faults: [] })
  expect(await ask(beside.url, story)).toEqual(await ask(alone.url, story))
  await expect(run(alone.url, few)).rejects.toThrow(/already.*Choose another --seed/)
  const other = await run(alone.url, { seed: 8, messages: 500 })
  expect(other).toMatchObject({ faults: [], password: null, alone: false })
})

test('an owner who is no superuser fills an empty database too', async () => {
  const { adminUrl } = inject('postgres')
  const name = `seed_${randomBytes(5).toString('hex')}`
  await ask(adminUrl, `CREATE ROLE ${name} LOGIN PASSWORD 'words'`)
  await ask(adminUrl, `GRANT parley_app, parley_system TO ${name} WITH ADMIN OPTION`)
  await ask(adminUrl, `CREATE DATABASE ${name} OWNER ${name}`)
  const url = new URL(withDatabase(adminUrl, name))
  url.username = name
  url.password = 'words'
  try {
    await migrate(url.href)
    const before = await structure(url.href)
    expect(await run(url.href, { messages: 3000 })).toMatchObject({ faults: [], alone: true })
    expect((await structure(url.href)).walls).toEqual(expect.arrayContaining(before.walls))
    await expect(run(url.href, { messages: 3000, seed: 9 })).rejects.toThrow('only a superuser')
  } finally {
    await ask(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`)
    await ask(adminUrl, `DROP OWNED BY ${name}`)
    await ask(adminUrl, `DROP ROLE ${name}`)
  }
})

test('what fails in the middle leaves nothing behind: no row, no business, every index', async () => {
  const { url } = await database()
  await makeMonths(url)
  const before = await structure(url)
  await ask(url, 'ALTER TABLE parley.message_statuses ADD CONSTRAINT refuses CHECK (false)')
  await expect(run(url)).rejects.toThrow(/refuses[\s\S]*Nothing of it was kept/)
  expect(await structure(url)).toEqual(before)
  expect(await ask(url, 'SELECT FROM tenants')).toEqual([])
  expect(await ask(url, 'SELECT FROM messages LIMIT 1')).toEqual([])
})

test('Ctrl-C ends it early with a store that is whole', async () => {
  const { url } = await database()
  let running = true
  const seeding = run(url, { messages: 2_000_000 }).finally(() => {
    running = false
  })
  const copying = `SELECT FROM pg_stat_progress_copy WHERE datname = current_database() AND tuples_processed > 0`
  while (running && (await ask(url, copying)).length === 0);
  process.emit('SIGINT')
  const seeded = await seeding
  expect(seeded.messages).toBeGreaterThan(0)
  expect(seeded.messages).toBeLessThan(2_000_000)
  expect(seeded.faults).toEqual([])
  expect(seeded.said).toContain('Stopped early')
})

test('what does not fit on the disk is refused before anything is made', async () => {
  const { url } = await database()
  const given = { ownerUrl: url, config: config(), freeBytes: async () => 5e9 }
  await expect(seed(given, { ...options, messages: 10_000_000 }, () => {})).rejects.toThrow(
    /10,000,000 messages need about 14\.0 GB; .* has 5\.0 GB left/,
  )
  expect(await ask(url, 'SELECT FROM tenants')).toEqual([])
})

test('with --search what was said is found', async () => {
  const db = await database()
  await run(db.url, { messages: 2000, tenants: 1, search: true })
  const [one] = await ask<{ tenant_id: string }>(db.url, 'SELECT tenant_id FROM messages LIMIT 1')
  const page = await inTenant(db, one?.tenant_id ?? '', (tx) =>
    findMessages(tx, { phrases: phrasesOf('thanks'), limit: 20, budgetMs: 30_000 }),
  )
  expect(page.found.length).toBeGreaterThan(5)
})
