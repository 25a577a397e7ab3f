/**
 * Finds messages, newest first. The index is asked for one stretch of time after another, from the newest on, each four
 * times as many buckets long as the one before: a frequent word fills the page from the first, a rare one is looked for in all
 * with a few questions. What the index names is read and compared before it is an answer.
 */
import { findPhrases, type Phrase, type Snippet, snippetOf, type Wanted, wantedOf } from '../../kernel/search-phrases.ts'
import { unitsOf } from '../../kernel/search-text.ts'
import type { Tx } from '../../platform/db/tx.ts'
import { type FoundRow, type Place, readCandidates } from './found.ts'
import { accountPiece, allOf, bucketTag, conversationPiece, microsOf, timeOf } from './tags.ts'

export interface MessageQuery {
  phrases: readonly Phrase[]
  /** Only in these conversations. */
  conversationIds?: readonly string[]
  /** Only over these accounts. */
  accountIds?: readonly string[]
  /** Microseconds since 1970, both included. */
  from?: number
  to?: number
  before?: Place
  limit: number
  /** After that long what was found so far is the answer, and where to go on. */
  budgetMs?: number
  bucketsAtOnce?: number
}

export interface Found extends FoundRow {
  snippet: Snippet
}

export interface FoundPage {
  found: Found[]
  /** Where to go on; null: everything was looked through. */
  next: Place | null
}

const lastId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
/** Buckets asked in one question at most: each is a look into the index for every word. */
const mostBuckets = 32
/** Messages that the index names and that are read at once. */
const candidatesAtOnce = 200

interface Bucket {
  bucket: number
  from: number
  to: number
}

async function bucketsBefore(tx: Tx, at: number, from: number): Promise<Bucket[]> {
  const { rows } = await tx.query<Bucket>({
    name: 'search_buckets',
    text: `SELECT bucket, ${microsOf('from_at')} AS from, ${microsOf('to_at')} AS to FROM search_buckets
            WHERE tenant_id = $1 AND from_at <= ${timeOf('$2')} AND to_at >= ${timeOf('$3')} ORDER BY from_at DESC`,
    values: [tx.tenantId, at, from],
  })
  return rows
}

export async function findMessages(tx: Tx, query: MessageQuery): Promise<FoundPage> {
  const { phrases, conversationIds, accountIds } = query
  if ([phrases, conversationIds, accountIds].some((list) => list?.length === 0)) return { found: [], next: null }
  const started = performance.now()
  const { limit, budgetMs = 150, from = 0 } = query
  const newest: Place = { at: query.to ?? Date.now() * 1000 + 86_400_000_000, id: lastId }
  let place = query.before && query.before.at < newest.at ? query.before : newest
  const buckets = await bucketsBefore(tx, place.at, from)
  const found: Found[] = []
  for (let count = 1; ; ) {
    const stretch = stretchBefore(buckets, place.at, Math.min(count, mostBuckets))
    if (!stretch) return { found, next: null }
    const candidates = await ask(tx, query, stretch, Math.max(stretch.from, from), place)
    for (const row of await readCandidates(tx, candidates)) {
      const hit = verify(row, query)
      if (hit) found.push(hit)
      if (found.length === limit) return { found, next: { at: row.at, id: row.id } }
    }
    const last = candidates.at(-1)
    if (last && candidates.length === candidatesAtOnce) place = last
    else {
      // Just before the stretch: its own beginning has been looked through.
      place = { at: stretch.from - 1, id: lastId }
      count *= 4
    }
    if (place.at < from) return { found, next: null }
    if (performance.now() - started > budgetMs) return { found, next: place }
  }
}

interface Stretch {
  from: number
  buckets: number[]
}

/** The newest `count` buckets that begin before `at`, and whatever else reaches into their time. */
function stretchBefore(buckets: readonly Bucket[], at: number, count: number): Stretch | null {
  const open = buckets.filter((bucket) => bucket.from <= at)
  const oldest = open[Math.min(count, open.length) - 1]
  if (!oldest) return null
  return { from: oldest.from, buckets: open.filter((bucket) => bucket.to >= oldest.from).map(({ bucket }) => bucket) }
}

async function ask(tx: Tx, query: MessageQuery, stretch: Stretch, from: number, before: Place): Promise<Place[]> {
  const wanted = wantedFor(query.phrases)
  const places = [query.conversationIds?.map(conversationPiece), query.accountIds?.map(accountPiece)]
  const tsquery = stretch.buckets.map((bucket) => {
    const tag = bucketTag(tx.tenantId, bucket)
    const within = places.flatMap((pieces) =>
      pieces ? [`(${pieces.map((one) => allOf(tag, [exactly(one)])).join('|')})`] : [],
    )
    return `(${[allOf(tag, wanted), ...within].join('&')})`
  })
  const { rows } = await tx.query<Place>({
    name: 'search_messages',
    text: `SELECT message_id AS id, ${microsOf('created_at')} AS at
             FROM parley.search_messages($1::tsquery, ${timeOf('$2')}, ${timeOf('$3')}, ${timeOf('$3')}, $4, $5)`,
    values: [tsquery.join('|'), from, before.at, before.id, candidatesAtOnce],
  })
  return rows
}

const exactly = (piece: string): Wanted => ({ piece, prefix: false })

function wantedFor(phrases: readonly Phrase[]): Wanted[] {
  const pieces = phrases.flatMap(wantedOf)
  // A letter or two at the beginning of a word leave nearly everything; where there is more to go by they are only compared.
  const telling = pieces.filter(({ piece, prefix }) => !prefix || piece.length > 2 || piece >= '\u3000')
  return telling.length > 0 ? telling : pieces
}

/** Whether it is what was looked for, as it reads now. */
function verify(row: FoundRow, query: MessageQuery): Found | null {
  if (query.accountIds && !query.accountIds.includes(row.account_id)) return null
  if (query.conversationIds && !query.conversationIds.includes(row.conversation_id)) return null
  const ranges = findPhrases(unitsOf(row.text), query.phrases)
  return ranges && { ...row, snippet: snippetOf(row.text, ranges) }
}
