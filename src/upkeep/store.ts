/**
 * What goes when its time is over, in batches of one business: a few statements in a transaction of its own, found by an index,
 * and never of anybody on whom a hold is in force.
 */
import { tray } from '../conversations/trays.ts'
import type { Tx } from '../platform/db/tx.ts'

/** Rows a transaction removes at most. */
export const batchRows = 1000

/** Placing a hold and removing rows exclude each other in a business. */
export async function lockRetention(tx: Tx): Promise<void> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('retention:' || $1, 0))`, [tx.tenantId])
}

export interface HoldState {
  business: boolean
  contacts: boolean
}

export async function holdsNow(tx: Tx): Promise<HoldState> {
  const { rows } = await tx.query<HoldState>(
    `SELECT coalesce(bool_or(contact_id IS NULL), false) AS business, coalesce(bool_or(contact_id IS NOT NULL), false) AS contacts
       FROM retention_holds WHERE tenant_id = $1 AND released_at IS NULL`,
    [tx.tenantId],
  )
  return rows[0] as HoldState
}

/** The row `x` belongs to a conversation of a held contact. */
const heldConversation = `EXISTS (SELECT FROM retention_holds h JOIN conversations c ON c.tenant_id = h.tenant_id AND c.contact_id = h.contact_id
   WHERE h.tenant_id = x.tenant_id AND h.released_at IS NULL AND c.id = x.conversation_id)`

/** What waited to be sent for longer than its content is kept is not sent any more. */
export async function expireQueued(tx: Tx, before: Date): Promise<number> {
  const { rowCount } = await tx.query(
    `UPDATE message_tracking SET status = 'failed', status_at = now(), failed_at = now(), updated_at = now(), error_code = 'expired',
            error_text = 'It waited to be sent for longer than the business keeps its messages.'
      WHERE tenant_id = $1 AND id IN (SELECT x.id FROM message_tracking x
        WHERE x.tenant_id = $1 AND x.unsent AND x.status = 'queued' AND x.created_at < $2 AND NOT ${heldConversation} LIMIT $3)`,
    [tx.tenantId, before, batchRows],
  )
  return rowCount ?? 0
}

/** Rows of files; the files follow once nothing names them. Ids are ordered by time, so the oldest are found by the key. */
export async function forgetMedia(tx: Tx, before: Date): Promise<number> {
  const { rows } = await tx.query<{ n: number }>(
    `WITH due AS (
       SELECT x.id FROM media_objects x LEFT JOIN message_tracking t ON t.tenant_id = x.tenant_id AND t.id = x.message_id
        WHERE x.tenant_id = $1 AND x.id < uuid7_floor($2) AND coalesce(t.created_at, x.created_at) < $2 AND NOT ${heldConversation}
        ORDER BY x.id LIMIT $3),
     gone AS (DELETE FROM media_objects m USING due WHERE m.tenant_id = $1 AND m.id = due.id RETURNING m.sha256),
     kept AS (INSERT INTO file_removals (tenant_id, sha256) SELECT DISTINCT $1::uuid, g.sha256 FROM gone g WHERE g.sha256 IS NOT NULL ON CONFLICT DO NOTHING)
     SELECT count(*)::int AS n FROM gone`,
    [tx.tenantId, before, batchRows],
  )
  return rows[0]?.n ?? 0
}

export async function forgetDeadLetters(tx: Tx, before: Date): Promise<number> {
  const { rowCount } = await tx.query(
    'DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters WHERE tenant_id = $1 AND created_at < $2 ORDER BY created_at LIMIT $3)',
    [tx.tenantId, before, batchRows],
  )
  return rowCount ?? 0
}

/** What people were told quotes what customers said. */
export async function forgetNotifications(tx: Tx, before: Date): Promise<number> {
  const { rowCount } = await tx.query(
    `DELETE FROM notifications WHERE tenant_id = $1 AND id IN (
       SELECT n.id FROM notifications n LEFT JOIN conversations c ON c.tenant_id = n.tenant_id AND c.id = n.conversation_id
        WHERE n.tenant_id = $1 AND n.created_at < $2
          AND NOT EXISTS (SELECT FROM retention_holds h WHERE h.tenant_id = $1 AND h.contact_id = c.contact_id AND h.released_at IS NULL)
        ORDER BY n.created_at LIMIT $3)`,
    [tx.tenantId, before, batchRows],
  )
  return rowCount ?? 0
}

/** The line that the list shows of a thread is content too. */
export async function forgetPreviews(tx: Tx, before: Date): Promise<number> {
  const { rowCount } = await tx.query(
    `UPDATE conversations SET last_preview = NULL WHERE tenant_id = $1 AND id IN (
       SELECT c.id FROM channel_accounts a CROSS JOIN unnest(ARRAY['open', 'closed', 'archived']) AS s(status) CROSS JOIN generate_series(0, 3) AS t(tray)
        CROSS JOIN LATERAL (SELECT c.id, c.last_preview, c.contact_id FROM conversations c WHERE c.tenant_id = $1 AND c.channel_account_id = a.id
                               AND c.status = s.status AND ${tray} = t.tray AND c.last_message_at < $2) c
        WHERE a.tenant_id = $1 AND c.last_preview IS NOT NULL
          AND NOT EXISTS (SELECT FROM retention_holds h WHERE h.tenant_id = $1 AND h.contact_id = c.contact_id AND h.released_at IS NULL) LIMIT $3)`,
    [tx.tenantId, before, batchRows],
  )
  return rowCount ?? 0
}

/** Rows of a month that other businesses still need. The names come from the catalogue, the condition from held_rows(). */
export async function forgetMonth(tx: Tx, partition: string, held: string | null, contactsHeld: boolean): Promise<number> {
  if (contactsHeld && held === null) return 0
  const { rowCount } = await tx.query(
    `DELETE FROM parley."${partition}" WHERE ctid = ANY (ARRAY(
       SELECT x.ctid FROM parley."${partition}" x WHERE x.tenant_id = $1 AND NOT coalesce(${held ?? 'false'}, false) LIMIT $2)) AND tenant_id = $1`,
    [tx.tenantId, batchRows],
  )
  return rowCount ?? 0
}

/** The ledger with all that hangs on it: receipts, the meeting places of sends and receipts, attempts. */
export async function forgetLedger(tx: Tx, before: Date): Promise<number> {
  const { rows } = await tx.query<{ id: string }>(
    `SELECT x.id FROM message_tracking x WHERE x.tenant_id = $1 AND x.id < uuid7_floor($2) AND x.created_at < $2
        AND NOT ${heldConversation} ORDER BY x.id LIMIT $3 FOR UPDATE`,
    [tx.tenantId, before, batchRows],
  )
  if (rows.length === 0) return 0
  const ids = rows.map((row) => row.id)
  await tx.query(
    `WITH refs AS (DELETE FROM provider_refs WHERE tenant_id = $1 AND message_id = ANY ($2) RETURNING channel_account_id, external_id),
          known AS (SELECT channel_account_id, external_id FROM refs UNION
                    SELECT channel_account_id, wamid FROM message_tracking WHERE tenant_id = $1 AND id = ANY ($2) AND wamid IS NOT NULL)
     DELETE FROM message_statuses s USING known k
      WHERE s.tenant_id = $1 AND s.channel_account_id = k.channel_account_id AND s.wamid = k.external_id`,
    [tx.tenantId, ids],
  )
  await tx.query('DELETE FROM message_tracking WHERE tenant_id = $1 AND id = ANY ($2)', [tx.tenantId, ids])
  return ids.length
}

/** Receipts of messages that never came to be known here. */
export async function forgetParkedReceipts(tx: Tx, before: Date): Promise<number> {
  const { rows } = await tx.query<{ n: number }>(
    `WITH gone AS (DELETE FROM message_statuses WHERE tenant_id = $1 AND id IN (SELECT id FROM message_statuses
                     WHERE tenant_id = $1 AND id < uuid7_floor($2) AND created_at < $2 AND message_id IS NULL ORDER BY id LIMIT $3)
                   RETURNING channel_account_id, wamid),
          refs AS (DELETE FROM provider_refs p USING gone g WHERE p.tenant_id = $1 AND p.channel_account_id = g.channel_account_id
                      AND p.external_id = g.wamid AND p.message_id IS NULL)
     SELECT count(*)::int AS n FROM gone`,
    [tx.tenantId, before, batchRows],
  )
  return rows[0]?.n ?? 0
}

/** Calls go as long after as the ledger does; the conversation and the lead that came of one stay, without it. */
export async function forgetCalls(tx: Tx, before: Date): Promise<number> {
  const { rowCount } = await tx.query(
    `DELETE FROM calls WHERE tenant_id = $1 AND id IN (SELECT x.id FROM calls x WHERE x.tenant_id = $1 AND x.start_time < $2
        AND NOT EXISTS (SELECT FROM retention_holds h WHERE h.tenant_id = $1 AND h.contact_id = x.contact_id AND h.released_at IS NULL)
      ORDER BY x.start_time LIMIT $3)`,
    [tx.tenantId, before, batchRows],
  )
  return rowCount ?? 0
}

/** Holds of people's time that ended, a day ago or longer: whoever asks why has an answer for that long. */
export async function forgetBookingHolds(tx: Tx, now: Date): Promise<number> {
  const { rowCount } = await tx.query(
    `DELETE FROM booking_holds WHERE tenant_id = $1 AND id IN (SELECT x.id FROM booking_holds x
        WHERE x.tenant_id = $1 AND x.expires_at < $2::timestamptz - interval '1 day'
          AND NOT EXISTS (SELECT FROM retention_holds h WHERE h.tenant_id = $1 AND h.contact_id = x.contact_id AND h.released_at IS NULL)
        ORDER BY x.expires_at LIMIT $3)`,
    [tx.tenantId, now, batchRows],
  )
  return rowCount ?? 0
}

export interface EventPlace {
  txid: string
  id: string
}

/** Events from a place on, oldest first: the log is in the order of time, near enough to stop at the first page without an old one. */
export async function forgetEvents(
  tx: Tx,
  before: Date,
  after: EventPlace,
): Promise<{ removed: number; next: EventPlace | null }> {
  const { rows } = await tx.query<EventPlace & { old: boolean; due: boolean }>(
    `SELECT x.txid::text, x.id, x.created_at < $4 AS old, x.created_at < $4 AND NOT ${heldConversation} AS due FROM events x
      WHERE x.tenant_id = $1 AND (x.txid, x.id) > ($2::xid8, $3::uuid) ORDER BY x.txid, x.id LIMIT $5`,
    [tx.tenantId, after.txid, after.id, before, batchRows],
  )
  const due = rows.filter((row) => row.due)
  await tx.query(
    'DELETE FROM events e USING unnest($2::text[], $3::uuid[]) AS d(txid, id) WHERE e.tenant_id = $1 AND e.txid = d.txid::xid8 AND e.id = d.id',
    [tx.tenantId, due.map((row) => row.txid), due.map((row) => row.id)],
  )
  const last = rows.at(-1)
  const more = rows.length === batchRows && rows.some((row) => row.old)
  return { removed: due.length, next: more && last ? { txid: last.txid, id: last.id } : null }
}

export async function filesToRemove(tx: Tx): Promise<string[]> {
  const { rows } = await tx.query<{ sha256: string }>('SELECT sha256 FROM file_removals WHERE tenant_id = $1 LIMIT $2', [
    tx.tenantId,
    batchRows,
  ])
  return rows.map((row) => row.sha256)
}

export async function isFileNamed(tx: Tx, sha256: string): Promise<boolean> {
  const { rowCount } = await tx.query('SELECT FROM media_objects WHERE tenant_id = $1 AND sha256 = $2 LIMIT 1', [
    tx.tenantId,
    sha256,
  ])
  return rowCount === 1
}

export async function fileRemoved(tx: Tx, sha256: string): Promise<void> {
  await tx.query('DELETE FROM file_removals WHERE tenant_id = $1 AND sha256 = $2', [tx.tenantId, sha256])
}
