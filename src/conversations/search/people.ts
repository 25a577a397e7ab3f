/** Contacts in the index: by any part of a name, of a number, of an address. */
import { foldPerson, personParts, triplesOf, wantedTriples } from '../../kernel/search-people.ts'
import type { Wanted } from '../../kernel/search-phrases.ts'
import type { Tx } from '../../platform/db/tx.ts'
import { allOf, joinTokens, separator, tenantTag } from './tags.ts'

/** No bucket has this name. */
const peopleTag = (tenantId: string): string => `${tenantTag(tenantId)}.`

/** By which a person may be looked for; ids that only machines know are not. */
const kinds = `('phone', 'wa_id', 'email', 'external')`
const identities = `LATERAL (SELECT count(*)::integer AS n, array_agg(i.value ORDER BY i.created_at, i.value) FILTER (WHERE i.kind IN ${kinds}) AS list
  FROM contact_identities i WHERE i.tenant_id = k.tenant_id AND i.contact_id = k.id) AS v`

interface Row {
  id: string
  name: string | null
  external_ref: string | null
  phone: string | null
  updated: string
  n: number
  list: string[] | null
}
const columns = 'k.id, k.name, k.external_ref, k.phone, k.updated_at::text AS updated, v.n, v.list'

export async function contactsOfConversations(tx: Tx, conversationIds: readonly string[]): Promise<string[]> {
  if (conversationIds.length === 0) return []
  const { rows } = await tx.query<{ id: string }>(
    'SELECT DISTINCT contact_id AS id FROM conversations WHERE tenant_id = $1 AND id = ANY($2)',
    [tx.tenantId, conversationIds],
  )
  return rows.map(({ id }) => id)
}

/** Those of these contacts that are not in the index as they are now. In the caller's transaction: found from its commit on. */
export async function indexContacts(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  const { rows } = await tx.query<Row>({
    name: 'search_changed_contacts',
    text: `SELECT ${columns} FROM contacts k CROSS JOIN ${identities}
             LEFT JOIN contact_search s ON s.tenant_id = k.tenant_id AND s.contact_id = k.id
            WHERE k.tenant_id = $1 AND k.id = ANY($2)
              AND (s.contact_id IS NULL OR s.contact_updated_at <> k.updated_at OR s.identities <> v.n)`,
    values: [tx.tenantId, ids],
  })
  await write(tx, rows)
}

/** A page of all contacts, from the newest id to the oldest. Returns where the next one begins; null after the last. */
export async function indexOlderContacts(tx: Tx, before: string, limit: number): Promise<string | null> {
  const { rows } = await tx.query<Row>(
    `SELECT ${columns} FROM contacts k CROSS JOIN ${identities} WHERE k.tenant_id = $1 AND k.id < $2 ORDER BY k.id DESC LIMIT $3`,
    [tx.tenantId, before, limit],
  )
  await write(tx, rows)
  return rows.length < limit ? null : (rows.at(-1)?.id ?? null)
}

const foldedOf = (row: Pick<Row, 'name' | 'external_ref' | 'phone' | 'list'>): string =>
  foldPerson(
    [row.name, row.external_ref],
    [row.phone, ...(row.list ?? [])].flatMap((one) => one?.replace(/^\+/, '') ?? []),
  )

async function write(tx: Tx, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return
  const folded = rows.map(foldedOf)
  // In one order for all who write, so that two of them do not wait for each other.
  await tx.query({
    name: 'search_write_contacts',
    text: `INSERT INTO contact_search (tenant_id, contact_id, folded, contact_updated_at, identities, tokens)
           SELECT $1, e.id, e.folded, e.updated, e.n, array_to_tsvector(coalesce(string_to_array(nullif(e.tokens, ''), '${separator}'), '{}'))
             FROM unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::integer[], $6::text[]) AS e(id, folded, updated, n, tokens)
            ORDER BY e.id
           ON CONFLICT (tenant_id, contact_id) DO UPDATE SET folded = excluded.folded, tokens = excluded.tokens,
             contact_updated_at = excluded.contact_updated_at, identities = excluded.identities`,
    values: [
      tx.tenantId,
      rows.map((row) => row.id),
      folded,
      rows.map((row) => row.updated),
      rows.map((row) => row.n),
      folded.map((text) => joinTokens(peopleTag(tx.tenantId), triplesOf(text))),
    ],
  })
}

/** What was typed, ready to be asked for: a contact fits where its text has all parts of one of the lists. */
export interface PeopleQuery {
  tsquery: string
  /** Patterns of LIKE: words, a number, a number as it is dialled. null fits nobody. */
  lists: [string[] | null, string[] | null, string[] | null]
  /** The same as plain parts. */
  alternatives: string[][]
}

const literal = (part: string): string => `%${part.replace(/[\\%_]/g, '\\$&')}%`

export function peopleQuery(tenantId: string, typed: string): PeopleQuery | null {
  const alternatives = personParts(typed)
  if (alternatives.length === 0) return null
  const tag = peopleTag(tenantId)
  const wanted = alternatives.map((parts): Wanted[] => parts.flatMap(wantedTriples))
  const [words = null, number = null, dialled = null] = alternatives.map((parts) => parts.map(literal))
  return { tsquery: wanted.map((all) => allOf(tag, all)).join('|'), lists: [words, number, dialled], alternatives }
}

const last = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
/** A part that many have is found among the newest: so many are looked at first, */
const newestFirst = 2000
/** and, where this many of them fit, so many more as should make up the page, but never more than this. */
const fitsOften = 8
const newestAtMost = 20_000
/** At a thousand new people a second the index is about this far behind. */
const justMet = 1000

/** The newest contacts with an id before `before` that fit, newest first. */
export async function searchPeople(tx: Tx, query: PeopleQuery, limit: number, before: string = last): Promise<string[]> {
  // In this order: whoever is indexed in between is found twice, not never.
  const met = await searchNew(tx, query, before)
  const ids = new Set([...met, ...(await searchIndex(tx, query, limit, before))])
  return [...ids].sort((a, b) => (a < b ? 1 : -1)).slice(0, limit)
}

async function searchIndex(tx: Tx, query: PeopleQuery, limit: number, before: string): Promise<string[]> {
  const among = await searchNewest(tx, query, limit, before, newestFirst)
  if (among.length === limit) return among
  if (among.length >= fitsOften) {
    // The index would bring thousands, of which all but a page would be read and sorted for nothing.
    const further = Math.ceil((newestFirst * limit * 1.5) / among.length)
    const more = await searchNewest(tx, query, limit, before, Math.min(further, newestAtMost))
    if (more.length === limit) return more
  }
  const { rows } = await tx.query<{ id: string }>({
    name: 'search_contacts',
    text: 'SELECT contact_id AS id FROM parley.search_contacts($1::tsquery, $2, $3, $4, $5, $6)',
    values: [query.tsquery, ...query.lists, before, limit],
  })
  return rows.map(({ id }) => id)
}

async function searchNewest(tx: Tx, query: PeopleQuery, limit: number, before: string, count: number): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>({
    name: 'search_newest_contacts',
    text: `SELECT s.contact_id AS id FROM (SELECT contact_id, folded FROM contact_search
                    WHERE tenant_id = $1 AND contact_id < $2 ORDER BY contact_id DESC LIMIT $7) s
            WHERE ${fits('s.folded', 3)} ORDER BY s.contact_id DESC LIMIT $6`,
    values: [tx.tenantId, before, ...query.lists, limit, count],
  })
  return rows.map(({ id }) => id)
}

/** Who was met a moment ago, and is not in the index yet. Looked up one by one, whatever the planner thinks of a join. */
async function searchNew(tx: Tx, query: PeopleQuery, before: string): Promise<string[]> {
  const { rows } = await tx.query<Pick<Row, 'id' | 'name' | 'external_ref' | 'phone'>>({
    name: 'search_new_contacts',
    text: `SELECT k.id, k.name, k.external_ref, k.phone
             FROM (SELECT tenant_id, id, name, external_ref, phone FROM contacts
                    WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT ${justMet}) k
            WHERE (SELECT s.contact_id FROM contact_search s WHERE s.tenant_id = k.tenant_id AND s.contact_id = k.id) IS NULL`,
    values: [tx.tenantId, before],
  })
  return rows
    .filter((row) => {
      const folded = foldedOf({ ...row, list: null })
      return query.alternatives.some((parts) => parts.every((part) => folded.includes(part)))
    })
    .map(({ id }) => id)
}

/** SQL: whether a contact's text fits; the lists are the three parameters from `first` on. */
export const fits = (folded: string, first: number): string =>
  `(${[0, 1, 2].map((n) => `${folded} LIKE ALL ($${first + n}::text[])`).join(' OR ')})`
