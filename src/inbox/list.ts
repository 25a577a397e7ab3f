/**
 * A page of conversations by any filter, newest first. The order of the list is in the index for every account, status and tray
 * (who has it, unread or not) and for every person who has some, so a page reads a page, also where few of very many fit.
 * What the index does not know (a label that many have, a part of a name that many have) is looked for among the newest,
 * a stretch at a time; few are looked up and put in order instead.
 */
import { findMessages } from '../conversations/search/find.ts'
import { fits, type PeopleQuery, peopleQuery, searchPeople } from '../conversations/search/people.ts'
import { microsOf as micros, timeOf as time } from '../conversations/search/tags.ts'
import { isOfNobody, isUnread, statuses, tray } from '../conversations/trays.ts'
import { ParleyError } from '../kernel/errors.ts'
import { isUuid } from '../kernel/ids.ts'
import { phrasesOf } from '../kernel/search-phrases.ts'
import type { Tx } from '../platform/db/tx.ts'
import { type ConversationRow, conversationColumns, conversationJoins } from './store.ts'

export interface ConversationFilter {
  status: 'open' | 'closed' | 'archived' | 'all'
  assignee: { is: string } | 'none' | 'any'
  unread?: boolean
  channel?: string
  accountId?: string
  contactId?: string
  labelId?: string
  q?: string
  cursor?: string
  limit: number
}

export interface ConversationPage {
  rows: ConversationRow[]
  /** May be given with a page that is not full: what follows was not looked through yet. */
  next: string | null
}

const traysOf = (filter: Pick<ConversationFilter, 'assignee' | 'unread'>): number[] =>
  [0, 1, 2, 3].filter(
    (one) =>
      (filter.unread === undefined || filter.unread === isUnread(one)) &&
      (filter.assignee === 'any' || (filter.assignee === 'none') === isOfNobody(one)),
  )

/** Above that many a set is not put in order for a page; the newest conversations are gone through instead. */
const mostLookedUp = 3000
const mostPeople = 1000
/** How many are gone through with one statement, more each time, and for how long with one request. */
const walkAtFirst = 4000
const walkAtMost = 64_000
const walkMs = 150
/** Newest messages among which a last line is looked for. */
const lastLines = 100

/** Microseconds since 1970, as the column has them: a cursor in milliseconds would step over what lies between. */
interface Place {
  at: number
  id: string
}
const start: Place = { at: 9_000_000_000_000_000, id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }

export const cursorOf = ({ at, id }: Place): string => Buffer.from(`${at} ${id}`).toString('base64url')

export function readCursor(cursor: string | undefined): Place {
  if (!cursor) return start
  const [at = '', id = ''] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ')
  if (!/^\d{15,16}$/.test(at) || Number(at) > start.at || !isUuid(id))
    throw new ParleyError('malformed_cursor', 'The cursor is not one that this server gave.')
  return { at: Number(at), id }
}

/** SQL of conditions, with the values they name. */
export class Values {
  readonly all: unknown[]
  constructor(tenantId: string) {
    this.all = [tenantId]
  }
  add(value: unknown): string {
    this.all.push(value)
    return `$${this.all.length}`
  }
}

/** Whose conversations are meant by what was typed. */
interface Typed {
  contactIds?: string[]
  /** Very many people fit. */
  people?: PeopleQuery
  /** Their last line fits. */
  conversationIds: string[]
}

async function readTyped(tx: Tx, typed: string): Promise<Typed | null> {
  const query = peopleQuery(tx.tenantId, typed)
  const ids = query ? await searchPeople(tx, query, mostPeople + 1) : []
  const conversationIds = await withLastLine(tx, typed)
  if (ids.length === 0 && conversationIds.length === 0) return null
  return query && ids.length > mostPeople ? { people: query, conversationIds } : { contactIds: ids, conversationIds }
}

/** Conversations whose last line has these words, among the newest messages that have them. */
async function withLastLine(tx: Tx, typed: string): Promise<string[]> {
  const phrases = phrasesOf(typed)
  if (phrases.length === 0) return []
  const { found } = await findMessages(tx, { phrases, limit: lastLines, budgetMs: 100 })
  if (found.length === 0) return []
  const { rows } = await tx.query<{ id: string }>({
    name: 'inbox_last_lines',
    text: `SELECT DISTINCT c.id FROM unnest($2::uuid[], $3::bigint[]) AS f(id, at)
             CROSS JOIN LATERAL (SELECT c.id, c.last_message_at FROM conversations c WHERE c.tenant_id = $1 AND c.id = f.id OFFSET 0) c
            WHERE c.last_message_at <= ${time('f.at')}`,
    values: [tx.tenantId, found.map((one) => one.conversation_id), found.map((one) => one.at)],
  })
  return rows.map(({ id }) => id)
}

async function manyHave(tx: Tx, labelId: string): Promise<boolean> {
  const { rows } = await tx.query<{ n: number }>({
    name: 'inbox_label_size',
    text: 'SELECT count(*) AS n FROM (SELECT FROM conversation_labels WHERE tenant_id = $1 AND label_id = $2 LIMIT $3) x',
    values: [tx.tenantId, labelId, mostLookedUp + 1],
  })
  return (rows[0]?.n ?? 0) > mostLookedUp
}

export async function listConversations(tx: Tx, filter: ConversationFilter): Promise<ConversationPage> {
  const from = readCursor(filter.cursor)
  const typed = filter.q === undefined ? undefined : await readTyped(tx, filter.q)
  if (typed === null) return { rows: [], next: null }
  const few = await fewOf(tx, filter, typed)
  return few ? await lookUp(tx, filter, typed, few, from) : await walk(tx, filter, typed, from)
}

/** SQL that names few conversations among which all that fit are; null where there may be very many. */
async function fewOf(tx: Tx, filter: ConversationFilter, typed: Typed | undefined) {
  const ofContacts = (ids: string) =>
    `SELECT c.id FROM unnest(${ids}::uuid[]) AS k(id) CROSS JOIN LATERAL (SELECT c.id FROM conversations c WHERE c.tenant_id = $1 AND c.contact_id = k.id OFFSET 0) c`
  if (filter.contactId) return (values: Values) => ofContacts(values.add([filter.contactId]))
  if (typed && !typed.people)
    return (values: Values) =>
      `${ofContacts(values.add(typed.contactIds))} UNION SELECT unnest(${values.add(typed.conversationIds)}::uuid[])`
  if (filter.labelId && !(await manyHave(tx, filter.labelId)))
    return (values: Values) =>
      `SELECT l.conversation_id AS id FROM conversation_labels l WHERE l.tenant_id = $1 AND l.label_id = ${values.add(filter.labelId)}`
  return null
}

/** What an index in the order of the list does not know. */
function othersOf(filter: ConversationFilter, typed: Typed | undefined, values: Values): string[] {
  const where: string[] = []
  if (filter.contactId) where.push(`c.contact_id = ${values.add(filter.contactId)}`)
  if (filter.labelId)
    where.push(`EXISTS (SELECT FROM conversation_labels l WHERE l.tenant_id = $1 AND l.label_id = ${values.add(filter.labelId)}
      AND l.conversation_id = c.id)`)
  if (typed?.people) {
    // As a value and not as EXISTS: looked up for each conversation, where a join would read everybody.
    const first = values.all.length + 1
    for (const list of typed.people.lists) values.add(list)
    where.push(`(c.id = ANY (${values.add(typed.conversationIds)}) OR
      (SELECT ${fits('s.folded', first)} FROM contact_search s WHERE s.tenant_id = $1 AND s.contact_id = c.contact_id))`)
  }
  return where
}

const pageOf = (ids: string) => `SELECT ${conversationColumns}, ${micros('c.last_message_at')} AS at
  FROM ${ids} x JOIN conversations c ON c.tenant_id = $1 AND c.id = x.id ${conversationJoins}
 ORDER BY c.last_message_at DESC, c.id DESC`

async function lookUp(
  tx: Tx,
  filter: ConversationFilter,
  typed: Typed | undefined,
  few: (values: Values) => string,
  from: Place,
): Promise<ConversationPage> {
  const values = new Values(tx.tenantId)
  const source = few(values)
  const where = othersOf({ ...filter, contactId: undefined }, typed, values)
  if (filter.contactId && typed) where.push(`c.contact_id = ${values.add(filter.contactId)}`)
  if (filter.status !== 'all') where.push(`c.status = ${values.add(filter.status)}`)
  where.push(`${tray} = ANY (${values.add(traysOf(filter))}::integer[])`)
  if (typeof filter.assignee === 'object') where.push(`c.assignee_id = ${values.add(filter.assignee.is)}`)
  if (filter.accountId) where.push(`c.channel_account_id = ${values.add(filter.accountId)}`)
  if (filter.channel) where.push(`c.channel = ${values.add(filter.channel)}`)
  where.push(`(c.last_message_at, c.id) < (${time(values.add(from.at))}, ${values.add(from.id)})`)
  const { rows } = await tx.query<ConversationRow & { at: number }>(
    `WITH few AS MATERIALIZED (${source}),
          page AS MATERIALIZED (SELECT c.id FROM few CROSS JOIN LATERAL (SELECT * FROM conversations c WHERE c.tenant_id = $1 AND c.id = few.id OFFSET 0) c
                    WHERE ${where.join(' AND ')} ORDER BY c.last_message_at DESC, c.id DESC LIMIT ${filter.limit + 1})
     ${pageOf('page')}`,
    values.all,
  )
  return pageFrom(rows, filter.limit)
}

function pageFrom(rows: (ConversationRow & { at: number })[], limit: number): ConversationPage {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return { rows: page, next: rows.length > limit && last ? cursorOf(last) : null }
}

/** Goes through the newest, a stretch at a time, until the page is full, all were seen, or it took long enough. */
async function walk(tx: Tx, filter: ConversationFilter, typed: Typed | undefined, from: Place): Promise<ConversationPage> {
  const began = performance.now()
  const found: (ConversationRow & { at: number })[] = []
  for (let place = from, length = walkAtFirst; ; length = Math.min(length * 4, walkAtMost)) {
    const { rows, end } = await stretch(tx, filter, typed, { from: place, length, wanted: filter.limit + 1 - found.length })
    found.push(...rows)
    if (found.length > filter.limit || !end) return pageFrom(found, filter.limit)
    if (performance.now() - began > walkMs) return { rows: found, next: cursorOf(end) }
    place = end
  }
}

/** The business's numbers, or those of them that are meant. */
export function accountsOf(filter: Pick<ConversationFilter, 'accountId' | 'channel'>, values: Values): string {
  const [id, channel] = [values.add(filter.accountId ?? null), values.add(filter.channel ?? null)]
  return `(SELECT a.id FROM channel_accounts a WHERE a.tenant_id = $1
    AND (${id}::uuid IS NULL OR a.id = ${id}) AND (${channel}::text IS NULL OR a.channel = ${channel}))`
}

/** `end`: the last one that was looked at, where more may follow. */
async function stretch(
  tx: Tx,
  filter: ConversationFilter,
  typed: Typed | undefined,
  { from, length, wanted }: { from: Place; length: number; wanted: number },
): Promise<{ rows: (ConversationRow & { at: number })[]; end: Place | null }> {
  const person = typeof filter.assignee === 'object' ? filter.assignee.is : null
  const values = new Values(tx.tenantId)
  const [wantedStatuses, trays] = [filter.status === 'all' ? statuses : [filter.status], traysOf(filter)]
  const owners = person ? `(SELECT ${values.add(person)}::uuid AS id)` : accountsOf(filter, values)
  const column = person ? 'assignee_id' : 'channel_account_id'
  const shelves = `unnest(${values.add(wantedStatuses)}::text[]) AS s(status) CROSS JOIN unnest(${values.add(trays)}::integer[]) AS t(tray)`
  const place = `(${time(values.add(from.at))}, ${values.add(from.id)}::uuid)`
  const where = othersOf(filter, typed, values)
  if (person && filter.accountId) where.push(`c.channel_account_id = ${values.add(filter.accountId)}`)
  if (person && filter.channel) where.push(`c.channel = ${values.add(filter.channel)}`)
  const plain = where.length === 0
  // Without them the index alone is read.
  const needed = ['contact_id', 'channel_account_id', 'channel']
    .map((name) => (where.join().includes(`c.${name}`) ? `, c.${name}` : ''))
    .join('')
  const size = plain ? wanted : length
  const walked = `SELECT c.* FROM ${owners} o CROSS JOIN ${shelves} CROSS JOIN LATERAL (
      SELECT c.id, c.last_message_at${needed} FROM conversations c
       WHERE c.tenant_id = $1 AND c.${column} = o.id AND c.status = s.status AND ${tray} = t.tray AND (c.last_message_at, c.id) < ${place}
       ORDER BY c.last_message_at DESC, c.id DESC LIMIT ${size}) c
     ORDER BY c.last_message_at DESC, c.id DESC LIMIT ${size}`
  if (plain) {
    const { rows } = await tx.query<ConversationRow & { at: number }>({
      name: `inbox_page_${person ? 'of_one' : 'of_all'}_${size}`,
      text: `WITH page AS MATERIALIZED (${walked}) ${pageOf('page')}`,
      values: values.all,
    })
    return { rows, end: null }
  }
  const { rows } = await tx.query<ConversationRow & { at: number; end_at: number; end_id: string; walked: number }>(
    `WITH walked AS MATERIALIZED (${walked}),
          page AS MATERIALIZED (SELECT c.id FROM walked c WHERE ${where.join(' AND ')} ORDER BY c.last_message_at DESC, c.id DESC LIMIT ${wanted}),
          last AS MATERIALIZED (SELECT ${micros('last_message_at')} AS end_at, id AS end_id, (SELECT count(*) FROM walked) AS walked FROM walked ORDER BY last_message_at, id LIMIT 1)
     SELECT p.*, last.* FROM last LEFT JOIN (${pageOf('page')}) p ON true ORDER BY p.last_message_at DESC, p.id DESC`,
    values.all,
  )
  const [end] = rows
  return {
    rows: rows.filter((row) => row.id !== null),
    end: end && end.walked === length ? { at: end.end_at, id: end.end_id } : null,
  }
}
