/** The event log as a tenant's ordered stream. A cursor is a place in it; nothing committed late is ever skipped. */
import { ParleyError } from '../kernel/errors.ts'
import { isUuid } from '../kernel/ids.ts'
import type { Tx } from '../platform/db/tx.ts'

export interface FeedEvent {
  cursor: string
  type: string
  conversationId: string | null
  messageId: string | null
  actor: string | null
  data: Record<string, unknown>
  at: Date
}

/** The largest number of a transaction. */
const lastTransaction = 2n ** 64n - 1n
const zero = '00000000-0000-0000-0000-000000000000'

/** "<transaction>.<event id>" */
export function parseCursor(cursor: string): { txid: string; id: string } {
  const [txid = '', id = ''] = cursor.split('.')
  if (!/^[0-9]{1,20}$/.test(txid) || BigInt(txid) > lastTransaction || !isUuid(id))
    throw new ParleyError('malformed_cursor', 'The cursor is not one that this server gave.')
  return { txid, id }
}

/** Where the stream is now: everything from here on is still to come. */
export async function currentCursor(tx: Tx): Promise<string> {
  const { rows } = await tx.query<{ at: string }>('SELECT parley.event_horizon()::text AS at')
  return `${rows[0]?.at}.${zero}`
}

/** True when the cursor is from a future of this database: it was restored, or is another one. */
export async function isForeignCursor(tx: Tx, cursor: string): Promise<boolean> {
  const { rows } = await tx.query<{ foreign: boolean }>(
    'SELECT $1::xid8 > pg_snapshot_xmax(pg_current_snapshot()) AS foreign',
    [parseCursor(cursor).txid],
  )
  return rows[0]?.foreign ?? true
}

/** What happened after the cursor, oldest first, below the oldest transaction that is still running. */
export async function readFeed(tx: Tx, after: string, limit: number): Promise<FeedEvent[]> {
  const { txid, id } = parseCursor(after)
  // A statement of its own: the one that reads must begin after the horizon is known.
  const horizon = (await currentCursor(tx)).split('.')[0]
  const { rows } = await tx.query<{
    txid: string
    id: string
    type: string
    conversation_id: string | null
    message_id: string | null
    actor: string | null
    data: Record<string, unknown>
    created_at: Date
  }>({
    name: 'read_feed',
    text: `SELECT e.txid::text, e.id, e.type, e.conversation_id, e.message_id, e.actor, e.data, e.created_at FROM events e
            WHERE e.tenant_id = $1 AND (e.txid, e.id) > ($2::xid8, $3::uuid) AND e.txid < $4::xid8
            ORDER BY e.txid, e.id LIMIT $5`,
    values: [tx.tenantId, txid, id, horizon, limit],
  })
  return rows.map((row) => ({
    cursor: `${row.txid}.${row.id}`,
    type: row.type,
    conversationId: row.conversation_id,
    messageId: row.message_id,
    actor: row.actor,
    data: row.data,
    at: row.created_at,
  }))
}

/** Adds what happened, in the transaction in which it happens. */
export async function appendEvent(
  tx: Tx,
  event: { type: string; actor: string; conversationId?: string; messageId?: string; data?: Record<string, unknown> },
): Promise<void> {
  await tx.query(
    'INSERT INTO events (tenant_id, type, conversation_id, message_id, actor, data) VALUES ($1, $2, $3, $4, $5, $6)',
    [
      tx.tenantId,
      event.type,
      event.conversationId ?? null,
      event.messageId ?? null,
      event.actor,
      JSON.stringify(event.data ?? {}),
    ],
  )
}
