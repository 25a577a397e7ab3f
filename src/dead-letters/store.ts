/** All SQL of dead letters. A business's own are behind its wall; nobody's are reached through functions of their own. */
import type { Client } from '../platform/db/pool.ts'
import type { ListDeadLetters, ManyDeadLetters, Reason, State, TrailEntry } from './schema.ts'

/** Whose letters: a business's, in its transaction, or (null) nobody's. */
export interface Shelf {
  query: Client['query']
  tenantId: string | null
}

export interface LetterRow {
  id: string
  tenant_id: string | null
  source: string
  queue: string | null
  webhook_event_id: string | null
  original_payload: unknown
  payload: unknown
  context: Record<string, unknown>
  reason: Reason
  error_message: string | null
  retry_count: number
  next_try_at: Date | null
  created_at: Date
  resolved_at: Date | null
  resolution: 'replayed' | 'discarded' | null
  resolved_by: string | null
  trail: TrailEntry[]
}

const columns = `d.id, d.tenant_id, d.source, d.queue, d.webhook_event_id, d.original_payload, d.payload, d.context, d.reason, d.error_message,
  d.retry_count, d.next_try_at, d.created_at, d.resolved_at, d.resolution, d.resolved_by, d.trail`
/** A list shows no payload, however many there are. */
const listed = `d.id, d.tenant_id, d.source, d.queue, d.reason, d.error_message, d.retry_count, d.next_try_at, d.created_at, d.resolved_at,
  d.resolution, d.resolved_by, jsonb_build_object('kind', d.original_payload -> 'kind', 'externalId', d.original_payload -> 'externalId') AS original_payload`

/** $1 is the tenant in both, so that all that follows is the same. */
const from = ({ tenantId }: Shelf) =>
  tenantId === null ? 'parley.nobodys_dead_letters() d WHERE $1::uuid IS NULL' : 'dead_letters d WHERE d.tenant_id = $1'

const ofState: Record<State, string> = {
  open: 'd.resolved_at IS NULL',
  waiting: 'd.resolved_at IS NULL AND d.next_try_at IS NOT NULL',
  replayed: `d.resolution = 'replayed'`,
  discarded: `d.resolution = 'discarded'`,
}

/** Newest first. */
export async function listLetters(
  shelf: Shelf,
  wish: Omit<ListDeadLetters, 'limit'> & { limit: number },
): Promise<LetterRow[]> {
  const { rows } = await shelf.query<LetterRow>(
    `SELECT ${listed} FROM ${from(shelf)} AND ${ofState[wish.state]} AND ($2::uuid IS NULL OR d.id < $2)
        AND ($3::text IS NULL OR d.reason = $3) AND ($4::text IS NULL OR d.source = $4) ORDER BY d.id DESC LIMIT $5`,
    [shelf.tenantId, wish.cursor ?? null, wish.reason ?? null, wish.source ?? null, wish.limit],
  )
  return rows
}

export async function findLetter(shelf: Shelf, id: string): Promise<LetterRow | undefined> {
  const { rows } = await shelf.query<LetterRow>(`SELECT ${columns} FROM ${from(shelf)} AND d.id = $2`, [shelf.tenantId, id])
  return rows[0]
}

/** Open ones by filter, oldest first: ids of a stretch. */
export async function openIds(shelf: Shelf, wish: Omit<ManyDeadLetters, 'note'>): Promise<string[]> {
  const { rows } = await shelf.query<{ id: string }>(`SELECT d.id FROM ${from(shelf)} ${stretch} ORDER BY d.id LIMIT $6`, [
    ...[shelf.tenantId, wish.reason ?? null, wish.source ?? null, wish.cursor ?? null, wish.until ?? null, wish.limit],
  ])
  return rows.map(({ id }) => id)
}
const stretch = `AND d.resolved_at IS NULL AND ($2::text IS NULL OR d.reason = $2) AND ($3::text IS NULL OR d.source = $3)
  AND ($4::uuid IS NULL OR d.id > $4) AND ($5::uuid IS NULL OR d.id <= $5)`

export async function newestOpen(shelf: Shelf): Promise<string | null> {
  const { rows } = await shelf.query<{ id: string }>(
    `SELECT d.id FROM ${from(shelf)} AND d.resolved_at IS NULL ORDER BY d.id DESC LIMIT 1`,
    [shelf.tenantId],
  )
  return rows[0]?.id ?? null
}

/** Counted up to 10,000. */
export async function countOpen(shelf: Shelf, wish: Omit<ManyDeadLetters, 'note' | 'limit'>): Promise<number> {
  const { rows } = await shelf.query<{ n: number }>(
    `SELECT count(*) AS n FROM (SELECT FROM ${from(shelf)} ${stretch} LIMIT 10000) counted`,
    [shelf.tenantId, wish.reason ?? null, wish.source ?? null, wish.cursor ?? null, wish.until ?? null],
  )
  return rows[0]?.n ?? 0
}

export interface CountRow {
  reason: Reason
  source: string
  waiting: number
  n: number
}
export async function countLetters(shelf: Shelf): Promise<CountRow[]> {
  const { rows } = await shelf.query<CountRow>(
    `SELECT d.reason, d.source, count(*) AS n, count(d.next_try_at) AS waiting FROM ${from(shelf)} AND d.resolved_at IS NULL GROUP BY 1, 2`,
    [shelf.tenantId],
  )
  return rows
}

export async function alarmLevel(shelf: Shelf): Promise<100 | 1000 | null> {
  if (shelf.tenantId === null) return null
  const { rows } = await shelf.query<{ level: 100 | 1000 }>('SELECT level FROM dead_letter_alarms WHERE tenant_id = $1', [
    shelf.tenantId,
  ])
  return rows[0]?.level ?? null
}

export interface Settled {
  resolution?: 'replayed' | 'discarded'
  payload?: unknown
  error?: string
  entry: TrailEntry
}

/** Closes an open letter, or writes down what was done with it. False where it is not open any more, or not there. */
export async function settleLetter(shelf: Shelf, id: string, { resolution, payload, error, entry }: Settled): Promise<boolean> {
  const values = [
    ...[id, entry.at, resolution ?? null, entry.by, payload === undefined ? null : JSON.stringify(payload)],
    ...[error ?? null, JSON.stringify([entry])],
  ]
  if (shelf.tenantId === null) {
    const { rows } = await shelf.query<{ open: boolean }>(
      'SELECT parley.settle_nobodys_dead_letter($1, $2, $3, $4, $5, $6, $7) AS open',
      values,
    )
    return rows[0]?.open ?? false
  }
  const { rowCount } = await shelf.query(
    `UPDATE dead_letters
        SET resolved_at = CASE WHEN $3::text IS NOT NULL THEN $2::timestamptz END, resolution = $3,
            resolved_by = CASE WHEN $3 IS NOT NULL THEN $4 END, payload = coalesce($5, payload),
            error_message = coalesce($6, error_message),
            trail = CASE WHEN jsonb_array_length(trail) >= 50 THEN trail - 0 ELSE trail END || $7::jsonb
      WHERE tenant_id = $8 AND id = $1 AND resolved_at IS NULL`,
    [...values, shelf.tenantId],
  )
  return rowCount === 1
}

export interface WebhookRow {
  id: string
  created_at: Date
  provider: string
  status: string
  processing_error: string | null
  headers: Record<string, unknown>
  body: Buffer
  bytes: number
}
/** What of a raw body is shown. Bytes. */
export const shownBytes = 256 * 1024

/** Only where it is about this business alone: others' words may stand in it. */
export async function findWebhook(shelf: Shelf, id: string): Promise<WebhookRow | undefined> {
  if (shelf.tenantId === null) return undefined
  const { rows } = await shelf.query<WebhookRow>(
    `SELECT id, created_at, provider, status, processing_error, headers, substring(payload FROM 1 FOR $3) AS body, length(payload) AS bytes
       FROM webhook_events WHERE tenant_id = $1 AND id = $2`,
    [shelf.tenantId, id, shownBytes],
  )
  return rows[0]
}

/** A webhook of which nothing is open any more counts as processed. */
export async function webhookDone(shelf: Shelf, letterId: string): Promise<void> {
  if (shelf.tenantId === null) return
  await shelf.query(
    `UPDATE webhook_events w SET status = 'processed', processed_at = now()
       FROM dead_letters d
      WHERE d.tenant_id = $1 AND d.id = $2 AND w.tenant_id = $1 AND w.id = d.webhook_event_id AND w.status <> 'processed'
        AND NOT EXISTS (SELECT FROM dead_letters o WHERE o.tenant_id = $1 AND o.webhook_event_id = d.webhook_event_id AND o.resolved_at IS NULL)`,
    [shelf.tenantId, letterId],
  )
}
