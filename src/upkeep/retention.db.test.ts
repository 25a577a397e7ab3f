/** What goes when its time is over, what stays, and what is still known of what went. */
import { mkdtemp, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inboundText, makeAccount, receipt, type TestAccount, webhook } from '../../test/world/arrange.ts'
import { fillCalls } from '../../test/world/calls.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { silent } from '../../test/world/people.ts'
import { fillScheduling } from '../../test/world/scheduling.ts'
import { receiveBatch } from '../conversations/receive.ts'
import { listMessages, removedLines } from '../inbox/store.ts'
import { newId } from '../kernel/ids.ts'
import { createFolderStore, type FileStore } from '../platform/blobs.ts'
import { maintainPartitions } from '../platform/db/partitions.ts'
import { inTenant } from '../platform/db/tx.ts'
import { type By, bySystem } from '../tenancy/audit.ts'
import { changeBusiness } from '../tenancy/business.ts'
import { purgeBusiness } from '../tenancy/tenant-purge.ts'
import { placeHold, releaseHold } from './holds.ts'
import { keepUp } from './keeper.ts'
import { keepRetention } from './retention.ts'
import { runUpkeep } from './run.ts'

let db: TestDatabase
let account: TestAccount
let folder: string
let files: FileStore
beforeEach(async () => {
  db = await createTestDatabase()
  account = await makeAccount(db)
  folder = await mkdtemp(join(tmpdir(), 'parley-retention-'))
  files = createFolderStore(folder)
})
afterEach(async () => {
  await db.drop()
  await rm(folder, { recursive: true, force: true })
})

const now = new Date()
const by: By = { label: 'user:1', name: 'Olga' }
/** So many whole months before now, the same day where there is one. */
function monthsAgo(n: number): Date {
  const at = new Date(now)
  at.setUTCDate(1)
  at.setUTCMonth(at.getUTCMonth() - n)
  at.setUTCDate(Math.min(now.getUTCDate(), 28))
  return at
}
const all = async <T = Record<string, unknown>>(sql: string, values: unknown[] = []) =>
  (await db.owner.query(sql, values)).rows as T[]
const count = async (sql: string) => (await all<{ n: number }>(`SELECT count(*)::int AS n FROM ${sql}`))[0]?.n

/** A line that came so many months ago, with everything that hangs on it: as if the clock had been there. */
async function said(
  to: TestAccount,
  phone: string,
  ago: number,
  text: string,
  extra: { file?: Buffer; outbound?: boolean } = {},
): Promise<{ id: string; wamid: string }> {
  const at = monthsAgo(ago)
  const event = inboundText(to, phone, text, { occurredAt: at.toISOString() })
  await receiveBatch({ db, log: silent, now: () => at }, [webhook(event)])
  const id = (await all<{ id: string }>('SELECT id FROM message_tracking WHERE wamid = $1', [event.externalId]))[0]
    ?.id as string
  // Ids carry the time at which they are made.
  const then = await all<{ id: string }>(`SELECT (substr(uuid7_floor($1)::text, 1, 14) || substr($2::text, 15))::uuid AS id`, [
    at,
    newId(),
  ])
  const old = then[0]?.id as string
  await db.owner.query('UPDATE message_tracking SET id = $2 WHERE id = $1', [id, old])
  await db.owner.query('UPDATE messages SET id = $2 WHERE id = $1', [id, old])
  await db.owner.query('UPDATE events SET message_id = $2 WHERE message_id = $1', [id, old])
  await db.owner.query(
    `UPDATE webhook_events SET created_at = $1 WHERE id = (SELECT id FROM webhook_events ORDER BY id DESC LIMIT 1)`,
    [at],
  )
  if (extra.file) {
    const { sha256 } = await files.put(to.tenantId, extra.file)
    await utimes(join(folder, to.tenantId, sha256.slice(0, 2), sha256), at, at)
    await db.owner.query(
      `INSERT INTO media_objects (tenant_id, id, message_id, conversation_id, origin, state, sha256, byte_size, created_at)
       SELECT tenant_id, (substr(uuid7_floor($2)::text, 1, 14) || substr($3::text, 15))::uuid, id, conversation_id, 'inbound', 'stored', $4, 1, $2
         FROM message_tracking WHERE id = $1`,
      [old, at, newId(), sha256],
    )
  }
  return { id: old, wamid: event.externalId }
}

const upkeep = (at = now) => runUpkeep({ db, ownerUrl: db.url, files, log: silent }, { now: at })
const texts = async (of: TestAccount = account) =>
  (await all<{ content: string }>('SELECT content FROM messages WHERE tenant_id = $1 ORDER BY created_at', [of.tenantId])).map(
    (row) => row.content,
  )

describe('by itself', () => {
  test('a message five months old is kept; one seven months old is gone, and its provider’s id is still known as seen', async () => {
    await said(account, '16505550101', 5, 'five')
    const seven = await said(account, '16505550101', 7, 'seven')
    await upkeep()
    expect(await texts()).toEqual(['five'])
    expect(await count(`message_tracking WHERE id = '${seven.id}'`)).toBe(1)
    const again = inboundText(account, '16505550101', 'seven', { externalId: seven.wamid })
    expect(await receiveBatch({ db, log: silent }, [webhook(again)])).toMatchObject({ stored: 0, duplicates: 1 })
    expect(await texts()).toEqual(['five'])
  })
  test('a call is forgotten with the ledger; its conversation and its lead stay', async () => {
    await said(account, '16505550101', 0, 'hello')
    const conversationId = (await all<{ id: string }>('SELECT id FROM conversations'))[0]?.id ?? ''
    await inTenant(db, account.tenantId, (tx) => fillCalls(tx, { accountId: account.accountId, conversationId }))
    const contact = (await all<{ contact_id: string }>('SELECT contact_id FROM calls'))[0]?.contact_id as string
    const at = (ago: number) => db.owner.query('UPDATE calls SET start_time = $1', [monthsAgo(ago)])
    await at(12)
    await upkeep()
    expect(await count('calls')).toBe(1)
    await at(15)
    const hold = await inTenant(db, account.tenantId, (tx) => placeHold(tx, by, { contactId: contact, reason: 'A dispute' }))
    await upkeep()
    expect(await count('calls')).toBe(1)
    await inTenant(db, account.tenantId, (tx) => releaseHold(tx, by, hold.id))
    await upkeep()
    expect(await count('calls')).toBe(0)
    expect(await count('leads WHERE call_id IS NULL')).toBe(1)
    expect(await count('conversations WHERE call_id IS NULL AND lead_id IS NOT NULL')).toBe(1)
  })
  test('a hold of somebody’s time goes a day after it ended, what was booked with it stays', async () => {
    await said(account, '16505550101', 0, 'hello')
    const { id, contact_id } = (
      await all<{ id: string; contact_id: string }>('SELECT id, contact_id FROM conversations')
    )[0] ?? {
      ...{ id: '', contact_id: '' },
    }
    await inTenant(db, account.tenantId, (tx) => fillScheduling(tx, id))
    const ended = (ago: string) =>
      db.owner.query(`UPDATE booking_holds SET expires_at = $1::timestamptz - $2::interval`, [now, ago])
    await ended('23 hours')
    await upkeep()
    expect(await count('booking_holds')).toBe(2)
    await ended('25 hours')
    const hold = await inTenant(db, account.tenantId, (tx) => placeHold(tx, by, { contactId: contact_id, reason: 'A dispute' }))
    await upkeep()
    expect(await count('booking_holds')).toBe(2)
    await inTenant(db, account.tenantId, (tx) => releaseHold(tx, by, hold.id))
    await upkeep()
    expect(await count('booking_holds')).toBe(0)
    expect(await all('SELECT hold_id, status FROM bookings')).toEqual([{ hold_id: null, status: 'confirmed' }])
    expect(await count('occupied_times WHERE booking_id IS NOT NULL')).toBe(1)
    expect(await count('occupied_times')).toBe(1)
  })
  test('the provider’s id is forgotten after thirteen months, with receipts, attempts and events', async () => {
    const old = await said(account, '16505550101', 15, 'long ago')
    const kept = await said(account, '16505550101', 12, 'a year ago')
    for (const { wamid } of [old, kept])
      await receiveBatch({ db, log: silent }, [webhook(receipt(account, `${wamid}-out`, 'delivered'))])
    await db.owner.query(`UPDATE events SET created_at = '2020-01-01' WHERE message_id = $1`, [old.id])
    for (const { id, wamid } of [old, kept]) {
      await db.owner.query(
        `INSERT INTO provider_refs (tenant_id, channel_account_id, external_id, message_id) VALUES ($1, $2, $3, $4)`,
        [account.tenantId, account.accountId, wamid, id],
      )
      await db.owner.query(
        `INSERT INTO message_statuses (tenant_id, channel_account_id, message_id, wamid, status, occurred_at) VALUES ($1, $2, $3, $4, 'read', now())`,
        [account.tenantId, account.accountId, id, wamid],
      )
      await db.owner.query(`INSERT INTO send_attempts (tenant_id, message_id, n, token) VALUES ($1, $2, 1, 1)`, [
        account.tenantId,
        id,
      ])
    }
    await upkeep()
    expect((await all<{ wamid: string }>('SELECT wamid FROM message_tracking')).map((row) => row.wamid)).toEqual([kept.wamid])
    for (const table of ['provider_refs', 'send_attempts'])
      expect([table, await count(`${table} WHERE message_id = '${old.id}'`)]).toEqual([table, 0])
    expect(await count(`message_statuses WHERE wamid = '${old.wamid}'`)).toBe(0)
    expect(await count(`message_statuses WHERE wamid = '${kept.wamid}'`)).toBe(1)
    expect(await count(`events WHERE message_id = '${old.id}'`)).toBe(0)
    expect(await count(`events WHERE message_id = '${kept.id}'`)).toBe(1)
  })
  test('a month that nobody needs is dropped as a whole', async () => {
    const at = monthsAgo(8)
    await said(account, '16505550101', 8, 'eight')
    await db.owner.query(`INSERT INTO message_search SELECT tenant_id, id, created_at, 1, '' FROM messages`)
    const report = await upkeep()
    const name = `${at.getUTCFullYear()}_${String(at.getUTCMonth() + 1).padStart(2, '0')}`
    expect(report?.retention?.months).toEqual([`messages_${name}`, `message_search_${name}`, `webhook_events_${name}`])
    expect(await count(`pg_class WHERE relname LIKE 'messages_${name}%'`)).toBe(0)
    expect((await upkeep())?.retention).toEqual({ rows: {}, files: 0, months: [] })
  })
  test('raw webhooks go after ninety days, those of nobody too', async () => {
    await said(account, '16505550101', 5, 'five')
    await db.owner.query(
      `INSERT INTO webhook_events (provider, payload, created_at) VALUES ('x', 'unknown', $1), ('x', 'new', now())`,
      [monthsAgo(5)],
    )
    await upkeep()
    expect(await all(`SELECT convert_from(payload, 'UTF8') AS p FROM webhook_events`)).toEqual([{ p: 'new' }])
    expect(await texts()).toEqual(['five'])
  })
  test('dead letters go with the content, those of nobody too', async () => {
    for (const [tenant, ago] of [
      [account.tenantId, 8],
      [account.tenantId, 1],
      [null, 8],
      [null, 1],
    ] as const)
      await db.owner.query(
        `INSERT INTO dead_letters (tenant_id, source, original_payload, reason, created_at) VALUES ($1, 'x', '{}', 'invalid_payload', $2)`,
        [tenant, monthsAgo(ago)],
      )
    await upkeep()
    expect(await all('SELECT tenant_id FROM dead_letters ORDER BY 1 NULLS LAST')).toEqual([
      { tenant_id: account.tenantId },
      { tenant_id: null },
    ])
    expect(await count(`dead_letters WHERE created_at < '${monthsAgo(6).toISOString()}'`)).toBe(0)
  })
  test('works as an owner that row-level security binds too', async () => {
    const owner = `owner_${newId().slice(-8)}`
    await said(account, '16505550101', 15, 'long ago', { file: Buffer.from('x') })
    const other = await makeAccount(db)
    await said(other, '16505550102', 15, 'kept')
    await inTenant(db, other.tenantId, (tx) =>
      changeBusiness(tx, { by, changed: () => {} }, { retention: { contentMonths: 24, ledgerMonths: 24, webhookDays: 900 } }),
    )
    await db.owner.query(
      `CREATE ROLE ${owner}; GRANT parley_app, parley_system TO ${owner}; GRANT ALL ON SCHEMA parley TO ${owner}`,
    )
    for (const { sql } of await all<{ sql: string }>(
      `SELECT format('ALTER TABLE parley.%I OWNER TO ${owner}', relname) AS sql FROM pg_class WHERE relnamespace = 'parley'::regnamespace AND relkind IN ('r', 'p')
       UNION ALL SELECT format('ALTER FUNCTION %s OWNER TO ${owner}', oid::regprocedure) FROM pg_proc WHERE pronamespace = 'parley'::regnamespace AND NOT prosecdef`,
    ))
      await db.owner.query(sql)
    const ownerUrl = new URL(db.url)
    ownerUrl.searchParams.set('options', `-c role=${owner}`)
    try {
      const report = await runUpkeep({ db, ownerUrl: ownerUrl.toString(), files, log: silent }, { now })
      expect(report?.retention?.rows).toMatchObject({ messages: 1, media_objects: 1, webhook_events: 1, message_tracking: 1 })
      expect([await texts(account), await texts(other)]).toEqual([[], ['kept']])
      expect(await count('ONLY messages_default')).toBe(0)
    } finally {
      await db.owner.query(`REASSIGN OWNED BY ${owner} TO CURRENT_USER; DROP OWNED BY ${owner}; DROP ROLE ${owner}`)
    }
  })
  test('what waited to be sent for that long fails honestly and is not sent', async () => {
    const { id } = await said(account, '16505550101', 8, 'hello')
    await db.owner.query(`UPDATE message_tracking SET status = 'queued', direction = 'OUTBOUND', wamid = NULL WHERE id = $1`, [
      id,
    ])
    await upkeep()
    expect(await all('SELECT status, error_code FROM message_tracking')).toEqual([{ status: 'failed', error_code: 'expired' }])
  })
})

describe('a thread whose beginning is gone', () => {
  test('says how many lines are no longer kept, and everything else of it goes on', async () => {
    const first = await said(account, '16505550101', 8, 'one', { file: Buffer.from('picture') })
    await said(account, '16505550101', 8, 'two')
    const late = await said(account, '16505550101', 1, 'three')
    await db.owner.query('UPDATE messages SET reply_to_id = $2 WHERE id = $1', [late.id, first.id])
    await said(account, '16505550102', 8, 'all of it')
    await upkeep()
    const threadOf = async (id: string) => {
      const [row] = await all<{ id: string }>('SELECT conversation_id AS id FROM message_tracking WHERE id = $1', [id])
      return await inTenant(db, account.tenantId, async (tx) => ({
        ...(await listMessages(tx, { conversationId: row?.id ?? '', limit: 50 })),
        removed: await removedLines(tx, row?.id ?? ''),
      }))
    }
    const thread = await threadOf(first.id)
    expect(thread).toMatchObject({ removed: 2, more: false })
    expect(thread.rows.map((row) => [row.content, row.reply_to_id, row.reply_type])).toEqual([['three', first.id, null]])
    const [other] = await all<{ id: string }>(
      `SELECT t.id FROM message_tracking t JOIN conversations c ON c.id = t.conversation_id JOIN contacts k ON k.id = c.contact_id WHERE k.phone = '+16505550102'`,
    )
    expect(await threadOf(other?.id ?? '')).toEqual({ rows: [], more: false, removed: 1 })
    expect(await all(`SELECT last_preview FROM conversations ORDER BY last_message_at`)).toEqual([
      { last_preview: null },
      { last_preview: 'three' },
    ])
  })
  test('a file goes with the last message that names it, and not before', async () => {
    const shared = Buffer.from('the same picture twice')
    const alone = Buffer.from('only once')
    await said(account, '16505550101', 8, 'one', { file: shared })
    await said(account, '16505550101', 8, 'two', { file: alone })
    await said(account, '16505550101', 2, 'three', { file: shared })
    const hashes = await all<{ sha256: string }>('SELECT DISTINCT sha256 FROM media_objects')
    for (const { sha256 } of hashes) await utimes(join(folder, account.tenantId, sha256.slice(0, 2), sha256), 0, 0)
    expect((await upkeep())?.retention?.files).toBe(1)
    expect(await count('media_objects')).toBe(1)
    expect(await count('file_removals')).toBe(0)
    const [{ sha256 } = { sha256: '' }] = await all<{ sha256: string }>('SELECT sha256 FROM media_objects')
    expect((await files.read(account.tenantId, sha256)).equals(shared)).toBe(true)
    const other = hashes.find((one) => one.sha256 !== sha256)?.sha256 as string
    await expect(files.read(account.tenantId, other)).rejects.toThrow()
  })
})

describe('each business has its own times', () => {
  test('rows of one whose time is over go, a neighbour’s of the same month stay', async () => {
    const other = await makeAccount(db)
    await said(account, '16505550101', 8, 'ours')
    await said(other, '16505550102', 8, 'theirs')
    await inTenant(db, other.tenantId, (tx) =>
      changeBusiness(tx, { by, changed: () => {} }, { retention: { contentMonths: 12, webhookDays: 400 } }),
    )
    const report = await upkeep()
    expect(report?.retention?.months).toEqual([])
    expect(report?.retention?.rows).toMatchObject({ messages: 1, webhook_events: 1 })
    expect([await texts(account), await texts(other)]).toEqual([[], ['theirs']])
    expect(await all('SELECT tenant_id FROM webhook_events')).toEqual([{ tenant_id: other.tenantId }])
  })
  test('what would forget that something was said before what was said is refused, also by the database', async () => {
    await expect(
      inTenant(db, account.tenantId, (tx) =>
        changeBusiness(tx, { by, changed: () => {} }, { retention: { contentMonths: 24 } }),
      ),
    ).rejects.toThrow(/ledgerMonths/)
    await inTenant(db, account.tenantId, (tx) =>
      changeBusiness(tx, { by, changed: () => {} }, { retention: { contentMonths: 24, ledgerMonths: 24 } }),
    )
    await expect(db.owner.query('UPDATE business_settings SET ledger_months = 23')).rejects.toThrow(/retention_check/)
  })
})

describe('a legal hold', () => {
  test('of a business: nothing of it goes until it is released, and both are in the log', async () => {
    await said(account, '16505550101', 8, 'eight', { file: Buffer.from('x') })
    const before = await Promise.all(
      ['messages', 'media_objects', 'webhook_events', 'events', 'message_tracking'].map((t) => count(t)),
    )
    const hold = await inTenant(db, account.tenantId, (tx) => placeHold(tx, by, { reason: 'case 7' }))
    await expect(inTenant(db, account.tenantId, (tx) => placeHold(tx, by, { reason: 'again' }))).rejects.toThrow(/in force/)
    await upkeep(new Date(now.getTime() + 700 * 86_400_000))
    expect(
      await Promise.all(['messages', 'media_objects', 'webhook_events', 'events', 'message_tracking'].map((t) => count(t))),
    ).toEqual(before)
    await inTenant(db, account.tenantId, (tx) => releaseHold(tx, by, hold.id))
    await upkeep()
    expect(await texts()).toEqual([])
    expect((await all<{ action: string }>(`SELECT action FROM audit_log ORDER BY id`)).map((row) => row.action)).toEqual([
      'hold.placed',
      'hold.released',
    ])
  })
  test('of one contact: what they said stays, with its file and traces; the others’ of the same month go', async () => {
    const held = await said(account, '16505550101', 15, 'held', { file: Buffer.from('evidence') })
    await said(account, '16505550102', 15, 'not held', { file: Buffer.from('a cat') })
    const [{ contact_id: contactId } = { contact_id: '' }] = await all<{ contact_id: string }>(
      'SELECT contact_id FROM messages WHERE id = $1',
      [held.id],
    )
    await db.owner.query(
      `INSERT INTO message_search SELECT tenant_id, id, created_at, 1, to_tsvector('simple', content) FROM messages`,
    )
    await inTenant(db, account.tenantId, (tx) => placeHold(tx, by, { contactId, reason: 'case 8' }))
    await upkeep()
    expect(await all('SELECT message_id FROM message_search')).toEqual([{ message_id: held.id }])
    expect(await texts()).toEqual(['held'])
    expect(await all('SELECT id FROM message_tracking')).toEqual([{ id: held.id }])
    expect(await count('media_objects')).toBe(1)
    expect(await all(`SELECT last_preview FROM conversations WHERE contact_id = '${contactId}'`)).toEqual([
      { last_preview: 'held' },
    ])
    expect(await count('webhook_events')).toBe(2)
  })
  test('forbids purging, and a hold of another business’s contact is not found', async () => {
    const other = await makeAccount(db)
    const { id } = await said(other, '16505550103', 1, 'theirs')
    const [{ contact_id: contactId } = { contact_id: '' }] = await all<{ contact_id: string }>(
      'SELECT contact_id FROM messages WHERE id = $1',
      [id],
    )
    await expect(inTenant(db, account.tenantId, (tx) => placeHold(tx, by, { contactId, reason: 'x' }))).rejects.toThrow(
      /not found/i,
    )
    const hold = await inTenant(db, account.tenantId, (tx) => placeHold(tx, by, { reason: 'case 9' }))
    await db.owner.query(`UPDATE tenants SET status = 'deleted' WHERE id = $1`, [account.tenantId])
    await expect(purgeBusiness({ db, files }, bySystem, account.tenantId)).rejects.toThrow(/hold/)
    await inTenant(db, account.tenantId, (tx) => releaseHold(tx, by, hold.id))
    await purgeBusiness({ db, files }, bySystem, account.tenantId)
    expect(await count(`retention_holds WHERE tenant_id = '${account.tenantId}'`)).toBe(0)
  })
  test('placed in the middle of it: the month that was about to be dropped stays', async () => {
    await said(account, '16505550101', 8, 'eight')
    await maintainPartitions(db.owner, 'messages', { now })
    const client = new pg.Client({ connectionString: db.url, options: '-c search_path=parley' })
    await client.connect()
    const month = monthsAgo(8).toISOString().slice(0, 8).concat('01')
    // Somebody who reads holds the month up; meanwhile the hold comes.
    await client.query('BEGIN; SELECT FROM messages LIMIT 1')
    const going = db.owner
      .query('SELECT let_month_go($1, $2::date, $3) AS gone', ['messages', month, now])
      .catch((e: Error) => e)
    await expect.poll(() => count(`pg_locks WHERE NOT granted`), { interval: 5 }).toBeGreaterThan(0)
    await inTenant(db, account.tenantId, (tx) => placeHold(tx, by, { reason: 'just now' }))
    await client.query('COMMIT')
    await client.end()
    expect(await going).toMatchObject({ message: expect.stringMatching(/needed again/) })
    expect(await texts()).toEqual(['eight'])
  })
})

describe('upkeep', () => {
  test('by the clock: seven months without it, writing goes on, it is said, and one round repairs it', async () => {
    await upkeep(now)
    const later = new Date(now.getTime() + 214 * 86_400_000)
    await receiveBatch({ db, log: silent, now: () => later }, [
      webhook(inboundText(account, '16505550109', 'into the default')),
    ])
    const lines: string[] = []
    const log = { ...silent, warn: (line: string) => void lines.push(line) }
    const asleep = keepUp({
      db,
      ownerUrl: 'postgresql://nobody@127.0.0.1:1/none',
      files,
      log: { ...log, error: () => {} },
      now: () => later,
    })
    await asleep.look()
    expect(asleep.attention()?.join('\n')).toMatch(
      /messages has 0 months ahead[\s\S]*Rows of messages wait in its DEFAULT partition \(1\)/,
    )
    expect(lines.join('\n')).toMatch(/Run parley maintain/)
    await asleep.stop()
    const awake = keepUp({ db, ownerUrl: db.url, files, log, now: () => later })
    await awake.look()
    expect(awake.attention()).toEqual([])
    expect(await texts()).toEqual(['into the default'])
    expect(await count('ONLY messages_default')).toBe(0)
    await awake.stop()
  })
  test('in two processes at once: one works', async () => {
    const reports = await Promise.all([upkeep(), upkeep(), upkeep()])
    expect(reports.filter((report) => report !== null).length).toBeGreaterThanOrEqual(1)
    expect(await count(`(SELECT month_partitions('messages')) m`)).toBe(7)
  })
  test('a failure is written where health looks, and the next round clears it', async () => {
    await db.owner.query(`INSERT INTO partition_rules (parent, keeps) VALUES ('tenants', 'content')`)
    await db.owner.query('CREATE TABLE tenants_default (LIKE tenants)')
    await expect(upkeep()).rejects.toThrow()
    expect(await all(`SELECT task, error IS NOT NULL AS failed FROM upkeep`)).toEqual([{ task: 'partitions', failed: true }])
    await db.owner.query(`DELETE FROM partition_rules WHERE parent = 'tenants'`)
    await upkeep()
    expect(await count('upkeep WHERE error IS NOT NULL OR ended_at IS NULL')).toBe(0)
  })
  test('removes in batches that end: the largest transaction is bounded', async () => {
    await said(account, '16505550101', 8, 'first')
    await db.owner.query(
      `INSERT INTO messages (tenant_id, id, conversation_id, contact_id, seq, direction, sender, type, occurred_at, created_at)
       SELECT tenant_id, gen_random_uuid(), conversation_id, contact_id, 10 + i, 'inbound', 'customer', 'text', created_at, created_at FROM messages, generate_series(1, 2500) AS i`,
    )
    const neighbour = await makeAccount(db)
    await said(neighbour, '16505550102', 8, 'theirs')
    await inTenant(db, neighbour.tenantId, (tx) => placeHold(tx, by, { reason: 'keeps the month' }))
    await maintainPartitions(db.owner, 'messages', { now })
    await maintainPartitions(db.owner, 'webhook_events', { now })
    const report = await keepRetention({ db, owner: db.owner, files }, { now })
    expect(report.rows.messages).toBe(2501)
    expect([await texts(account), await texts(neighbour)]).toEqual([[], ['theirs']])
    const { rows } = await db.owner.query(`SELECT max(n)::int AS n FROM (SELECT count(*) AS n FROM events GROUP BY txid) x`)
    expect(rows[0].n).toBeLessThanOrEqual(1000)
  })
})
