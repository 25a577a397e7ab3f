/**
 * Fills the index of a business, a batch in one transaction with the place it has come to. Whoever is overtaken by another
 * process finds the place moved and rolls back: nothing is indexed twice, and after a kill nothing is missing.
 */
import { piecesOf, unitsOf } from '../../kernel/search-text.ts'
import { type Database, inTenant, type Tx } from '../../platform/db/tx.ts'
import { currentCursor, isForeignCursor, parseCursor, readFeed } from '../feed.ts'
import { contactsOfConversations, indexContacts, indexOlderContacts } from './people.ts'
import { accountPiece, bucketTag, conversationPiece, joinTokens, separator, timeOf } from './tags.ts'
import { readNewTexts, readOlderTexts, readTexts, type SearchedText } from './texts.ts'

/** Messages to a bucket: a question about a frequent word reads one of them, one about a rare word looks into all. */
export const bucketSize = 10_000
const eventsAtOnce = 1000
const messagesAtOnce = 1000
/** Tokens are made in pieces of this many messages, so that requests in between are answered. */
const messagesInOneGo = 100

export interface Filled {
  /** Whether there may be more. */
  more: boolean
  /** Events or messages that were gone through. */
  count: number
}

/** Somebody else is at it, or was faster. */
class Overtaken extends Error {}
const nothing: Filled = { more: false, count: 0 }

/** One batch of what is new, and where that was all, one of what was there before. */
export async function fillSearch(db: Database, tenantId: string): Promise<Filled> {
  const fresh = await inTurn(db, tenantId, fillNew)
  if (fresh.more) return fresh
  // Of its own: a long transaction that writes keeps everybody who reads the event log waiting.
  const old = await inTurn(db, tenantId, fillOld)
  return { more: old.more, count: fresh.count + old.count }
}

async function inTurn(db: Database, tenantId: string, fill: (tx: Tx, progress: Progress) => Promise<Filled>): Promise<Filled> {
  try {
    return await inTenant(db, tenantId, async (tx) => {
      if (!(await onlyOne(tx))) return nothing
      const progress = (await readProgress(tx)) ?? (await begin(tx))
      return progress ? await fill(tx, progress) : nothing
    })
  } catch (error) {
    if (error instanceof Overtaken) return { more: true, count: 0 }
    throw error
  }
}

/** Saves work that would be thrown away; that nothing is done twice is what the moved place says. */
async function onlyOne(tx: Tx): Promise<boolean> {
  const { rows } = await tx.query<{ got: boolean }>(
    `SELECT pg_try_advisory_xact_lock(hashtextextended('search/' || $1, 0)) AS got`,
    [tx.tenantId],
  )
  return rows[0]?.got ?? false
}

interface Progress {
  cursor: string
  bucket: number
  oldBucket: number
  messagesBefore: string | null
  contactsBefore: string | null
}

async function readProgress(tx: Tx): Promise<Progress | null> {
  const { rows } = await tx.query<{
    cursor: string
    bucket: number
    old_bucket: number
    messages_before: string | null
    contacts_before: string | null
  }>(
    `SELECT txid || '.' || event_id AS cursor, bucket, old_bucket, messages_before, contacts_before
       FROM search_progress WHERE tenant_id = $1`,
    [tx.tenantId],
  )
  const row = rows[0]
  if (!row) return null
  return {
    cursor: row.cursor,
    bucket: row.bucket,
    oldBucket: row.old_bucket,
    messagesBefore: row.messages_before,
    contactsBefore: row.contacts_before,
  }
}

/** Everything that is committed now will be gone through as old, all that comes as new. */
async function begin(tx: Tx): Promise<Progress | null> {
  const { txid, id } = parseCursor(await currentCursor(tx))
  await tx.query(
    `INSERT INTO search_progress (tenant_id, txid, event_id)
     SELECT id, $2::xid8, $3 FROM tenants WHERE id = $1 AND status <> 'deleted' ON CONFLICT DO NOTHING`,
    [tx.tenantId, txid, id],
  )
  return await readProgress(tx)
}

/** Events after which messages read as before. */
const leavesTexts = new Set(['message.status', 'message.media', 'message.retried'])

async function fillNew(tx: Tx, progress: Progress): Promise<Filled> {
  const events = await readFeed(tx, progress.cursor, eventsAtOnce)
  const [first, last] = [events[0], events.at(-1)]
  if (!first || !last) return await atEnd(tx, progress)
  const telling = events.filter((event) => !leavesTexts.has(event.type))
  const ids = [...new Set(telling.flatMap((event) => event.messageId ?? []))]
  const times = events.map((event) => event.at.getTime())
  const { texts, changed } = await readNewTexts(tx, ids, new Date(Math.min(...times)), new Date(Math.max(...times)))
  texts.sort((a, b) => a.at - b.at)
  const conversations = [...new Set(telling.flatMap((event) => (event.messageId && event.conversationId) || []))]
  const named = telling.flatMap((event) => (typeof event.data.contactId === 'string' ? event.data.contactId : []))
  const contacts = [...new Set([...(await contactsOfConversations(tx, conversations)), ...named])]
  const bucket = await addTexts(tx, texts, progress.bucket)
  await changeTexts(tx, changed, bucket)
  await indexContacts(tx, contacts)
  const { txid, id } = parseCursor(last.cursor)
  await move(tx, progress, 'txid = $3::xid8, event_id = $4, bucket = $5', [txid, id, bucket])
  return { more: events.length === eventsAtOnce, count: events.length }
}

/** Nothing new. A place in the future of this database means that it was restored: all begins anew. */
async function atEnd(tx: Tx, progress: Progress): Promise<Filled> {
  if (!(await isForeignCursor(tx, progress.cursor))) return nothing
  await tx.query('DELETE FROM search_progress WHERE tenant_id = $1', [tx.tenantId])
  return { more: true, count: 0 }
}

async function fillOld(tx: Tx, progress: Progress): Promise<Filled> {
  if (progress.messagesBefore) {
    const { texts, last } = await readOlderTexts(tx, progress.messagesBefore, messagesAtOnce)
    const bucket = await addTexts(tx, texts, progress.oldBucket)
    await move(tx, progress, 'messages_before = $3, old_bucket = $4', [last, bucket])
    return { more: true, count: texts.length }
  }
  if (progress.contactsBefore) {
    const last = await indexOlderContacts(tx, progress.contactsBefore, messagesAtOnce)
    await move(tx, progress, 'contacts_before = $3', [last])
    return { more: last !== null, count: 1 }
  }
  return nothing
}

/** Only from where this batch began. */
async function move(tx: Tx, from: Progress, set: string, values: unknown[]): Promise<void> {
  const { rowCount } = await tx.query(
    `UPDATE search_progress SET ${set} WHERE tenant_id = $1 AND txid || '.' || event_id = $2
        AND messages_before IS NOT DISTINCT FROM $${values.length + 3} AND contacts_before IS NOT DISTINCT FROM $${values.length + 4}`,
    [tx.tenantId, from.cursor, ...values, from.messagesBefore, from.contactsBefore],
  )
  if (!rowCount) throw new Overtaken()
}

/** All of a business is gone through anew: where rows came that no event tells of. Whoever is at it finds the place gone. */
export async function forgetIndex(tx: Tx): Promise<void> {
  for (const table of ['search_progress', 'message_search', 'search_buckets', 'contact_search'])
    await tx.query(`DELETE FROM ${table} WHERE tenant_id = $1`, [tx.tenantId])
}

interface Entry {
  text: SearchedText
  bucket: number
  tokens: string
}

const tokensOf = (tenantId: string, bucket: number, { text, conversationId, accountId }: SearchedText): string =>
  joinTokens(bucketTag(tenantId, bucket), [
    conversationPiece(conversationId),
    accountPiece(accountId),
    ...piecesOf(unitsOf(text ?? '')),
  ])

const letOthers = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Adds messages in the order of time, either way, from a bucket on; returns the bucket that is filled now. */
async function addTexts(tx: Tx, all: readonly SearchedText[], from: number): Promise<number> {
  const texts = all.filter((text) => text.text !== null)
  if (texts.length === 0) return from
  const { rows } = await tx.query<{ messages: number }>(
    'SELECT messages FROM search_buckets WHERE tenant_id = $1 AND bucket = $2',
    [tx.tenantId, from],
  )
  let [bucket, used] = [from, rows[0]?.messages ?? 0]
  const entries: Entry[] = []
  for (const [n, text] of texts.entries()) {
    if (n % messagesInOneGo === 0) await letOthers()
    // New and old buckets have odd and even numbers.
    if (used >= bucketSize) [bucket, used] = [bucket + 2, 0]
    entries.push({ text, bucket, tokens: tokensOf(tx.tenantId, bucket, text) })
    used += 1
  }
  await insert(tx, entries)
  return bucket
}

async function insert(tx: Tx, entries: readonly Entry[]): Promise<void> {
  const buckets = entries.map(({ bucket }) => bucket)
  const times = entries.map(({ text }) => text.at)
  await tx.query({
    name: 'search_add_buckets',
    text: `INSERT INTO search_buckets (tenant_id, bucket, from_at, to_at, messages)
           SELECT $1, e.bucket, min(${timeOf('e.at')}), max(${timeOf('e.at')}), count(*)
             FROM unnest($2::integer[], $3::bigint[]) AS e(bucket, at) GROUP BY e.bucket ORDER BY e.bucket
           ON CONFLICT (tenant_id, bucket) DO UPDATE SET messages = search_buckets.messages + excluded.messages,
             from_at = least(search_buckets.from_at, excluded.from_at), to_at = greatest(search_buckets.to_at, excluded.to_at)`,
    values: [tx.tenantId, buckets, times],
  })
  await tx.query({
    name: 'search_add_messages',
    text: `INSERT INTO message_search (tenant_id, message_id, created_at, bucket, tokens)
           SELECT $1, e.id, ${timeOf('e.at')}, e.bucket, array_to_tsvector(string_to_array(e.tokens, '${separator}'))
             FROM unnest($2::uuid[], $3::bigint[], $4::integer[], $5::text[]) AS e(id, at, bucket, tokens)
           ON CONFLICT (tenant_id, message_id, created_at) DO NOTHING`,
    values: [tx.tenantId, entries.map(({ text }) => text.id), times, buckets, entries.map(({ tokens }) => tokens)],
  })
}

/** Messages that read differently keep their bucket; what is taken back goes. */
async function changeTexts(tx: Tx, ids: readonly string[], bucket: number): Promise<void> {
  for (const text of await readTexts(tx, ids)) {
    const { rows } = await tx.query<{ bucket: number }>(
      'DELETE FROM message_search WHERE tenant_id = $1 AND message_id = $2 RETURNING bucket',
      [tx.tenantId, text.id],
    )
    const own = rows[0]?.bucket ?? bucket
    if (text.text !== null) await insert(tx, [{ text, bucket: own, tokens: tokensOf(tx.tenantId, own, text) }])
  }
}
