/** What is searched of a message: its text as it reads now. An edited one reads as edited, one that was taken back not at all. */
import type { Tx } from '../../platform/db/tx.ts'
import { microsOf } from './tags.ts'

export interface SearchedText {
  id: string
  conversationId: string
  accountId: string
  /** Microseconds since 1970: as exact as the database has it. */
  at: number
  /** null: there is nothing to find. */
  text: string | null
}

interface Row {
  id: string
  conversation_id: string
  account_id: string
  at: number
  type: string
  direction: string
  content: string | null
  reply_to_id: string | null
}

/** Lines that say what happened, and what is drawn on another message. */
const unsaid = (row: Row): boolean =>
  row.type === 'activity' || (row.reply_to_id !== null && ['reaction', 'edit', 'revoke'].includes(row.type))

const columns = `m.id, m.conversation_id, c.channel_account_id AS account_id, ${microsOf('m.created_at')} AS at, m.type, m.direction,
  nullif(concat_ws(E'\\n', m.content, m.body ->> 'fileName'), '') AS content, m.reply_to_id`
const joined = 'FROM messages m JOIN conversations c ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id'

/** How far a message's time may be from its event's: both are the clock of one machine, at most a long transaction apart. */
const apart = `interval '1 hour'`

export interface NewTexts {
  texts: SearchedText[]
  /** Messages that read differently now. */
  changed: string[]
}

/** Messages that events tell of, written between `from` and `to`. */
export async function readNewTexts(tx: Tx, ids: readonly string[], from: Date, to: Date): Promise<NewTexts> {
  if (ids.length === 0) return { texts: [], changed: [] }
  const { rows } = await tx.query<Row>({
    name: 'search_new_texts',
    text: `SELECT ${columns} ${joined} WHERE m.tenant_id = $1 AND m.id = ANY($2)
            AND m.created_at >= $3::timestamptz - ${apart} AND m.created_at <= $4::timestamptz + ${apart}`,
    values: [tx.tenantId, ids, from, to],
  })
  const targets = rows.flatMap((row) =>
    row.reply_to_id !== null && (row.type === 'edit' || row.type === 'revoke') ? [row.reply_to_id] : [],
  )
  return { texts: rows.filter((row) => !unsaid(row)).map((row) => shown(row, [])), changed: [...new Set(targets)] }
}

/** As they read now. */
export async function readTexts(tx: Tx, ids: readonly string[]): Promise<SearchedText[]> {
  if (ids.length === 0) return []
  const { rows } = await tx.query<Row>(`SELECT ${columns} ${joined} WHERE m.tenant_id = $1 AND m.id = ANY($2)`, [
    tx.tenantId,
    ids,
  ])
  return await withChanges(tx, rows)
}

/** A page of all there is, from the newest id to the oldest; `last` is where the next page begins, null after the last. */
export async function readOlderTexts(
  tx: Tx,
  before: string,
  limit: number,
): Promise<{ texts: SearchedText[]; last: string | null }> {
  const { rows } = await tx.query<Row>(
    `SELECT ${columns} ${joined} WHERE m.tenant_id = $1 AND m.id < $2 ORDER BY m.id DESC LIMIT $3`,
    [tx.tenantId, before, limit],
  )
  return { texts: await withChanges(tx, rows), last: rows.length < limit ? null : (rows.at(-1)?.id ?? null) }
}

interface Change {
  reply_to_id: string
  type: 'edit' | 'revoke'
  direction: string
  content: string | null
}

async function withChanges(tx: Tx, rows: readonly Row[]): Promise<SearchedText[]> {
  const said = rows.filter((row) => !unsaid(row))
  const { rows: changes } = await tx.query<Change>(
    `SELECT reply_to_id, type, direction, content FROM messages
      WHERE tenant_id = $1 AND reply_to_id = ANY($2) AND type IN ('edit', 'revoke') ORDER BY seq`,
    [tx.tenantId, said.map((row) => row.id)],
  )
  const of = Map.groupBy(changes, (change) => change.reply_to_id)
  return said.map((row) => shown(row, of.get(row.id) ?? []))
}

function shown(row: Row, changes: readonly Change[]): SearchedText {
  return {
    id: row.id,
    conversationId: row.conversation_id,
    accountId: row.account_id,
    at: row.at,
    text: currentText(row, changes),
  }
}

/** Only who wrote a message can have changed it. */
export function currentText(
  row: { direction: string; content: string | null },
  changes: readonly Pick<Change, 'type' | 'direction' | 'content'>[],
): string | null {
  const own = changes.filter((change) => change.direction === row.direction)
  if (own.some((change) => change.type === 'revoke')) return null
  const edit = own.findLast((change) => change.type === 'edit')
  return edit ? edit.content : row.content
}
