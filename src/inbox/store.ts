/** The inbox's SQL. Lists are keyset pages inside one tenant. */
import { indexContacts, peopleQuery, searchPeople } from '../conversations/search/people.ts'
import { notFound, ParleyError } from '../kernel/errors.ts'
import { isUuid } from '../kernel/ids.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { StandingConsent } from './consent-schema.ts'

export interface ConversationRow {
  id: string
  version: number
  status: 'open' | 'closed' | 'archived'
  control: 'bot' | 'ai' | 'human' | 'agent' | 'none'
  channel: string
  account_id: string
  account_name: string
  account_address: string | null
  provider: string
  contact_id: string
  contact_name: string | null
  contact_phone: string | null
  assignee_id: string | null
  assignee_name: string | null
  unread_count: number
  message_count: number
  last_seq: number
  last_message_at: Date
  last_preview: string | null
  last_direction: string | null
  window_expires_at: Date | null
  created_at: Date
  updated_at: Date
  closed_at: Date | null
  label_ids: string[]
}

/**
 * How many transactions had ended when this statement began: of two states of a row, the one with the larger number is the
 * later. Unlike an `updated_at` it also moves where a joined row changed, and where a transaction that began early ended late.
 */
const version = `(SELECT pg_snapshot_xmax(s)::text::bigint - (SELECT count(*) FROM pg_snapshot_xip(s)) FROM pg_current_snapshot() s) AS version`

export const conversationColumns = `${version}, c.id, c.status, c.control, c.channel, a.id AS account_id, a.name AS account_name, a.address AS account_address, a.provider,
  k.id AS contact_id, k.name AS contact_name, k.phone AS contact_phone, c.assignee_id,
  nullif(trim(concat(p.first_name, ' ', p.last_name)), '') AS assignee_name, c.unread_count, c.message_count, c.last_seq,
  c.last_message_at, c.last_preview, c.last_direction, c.window_expires_at, c.created_at, c.updated_at, c.closed_at,
  ARRAY(SELECT l.label_id FROM conversation_labels l WHERE l.tenant_id = c.tenant_id AND l.conversation_id = c.id ORDER BY l.label_id) AS label_ids`
export const conversationJoins = `JOIN channel_accounts a ON a.tenant_id = c.tenant_id AND a.id = c.channel_account_id
  JOIN contacts k ON k.tenant_id = c.tenant_id AND k.id = c.contact_id
  LEFT JOIN user_profiles p ON p.tenant_id = c.tenant_id AND p.user_id = c.assignee_id`

export async function findConversations(tx: Tx, ids: readonly string[]): Promise<ConversationRow[]> {
  if (ids.length === 0) return []
  const { rows } = await tx.query<ConversationRow>({
    // Named: asked for more often than anything else, and planning its joins costs more than they do.
    name: 'inbox_conversations',
    text: `SELECT ${conversationColumns} FROM conversations c ${conversationJoins} WHERE c.tenant_id = $1 AND c.id = ANY($2)`,
    values: [tx.tenantId, ids],
  })
  return rows
}

/** Throws not_found where there is no such conversation. */
export async function requireThread(tx: Tx, id: string): Promise<void> {
  const { rowCount } = await tx.query({
    name: 'inbox_thread_exists',
    text: 'SELECT FROM conversations WHERE tenant_id = $1 AND id = $2',
    values: [tx.tenantId, id],
  })
  if (!rowCount) throw notFound('The conversation')
}

export async function requireConversation(tx: Tx, id: string): Promise<ConversationRow> {
  const [row] = await findConversations(tx, [id])
  if (!row) throw notFound('The conversation')
  return row
}

export interface MessageRow {
  id: string
  version: number
  conversation_id: string
  seq: number
  direction: 'inbound' | 'outbound' | 'internal'
  sender: 'customer' | 'human' | 'ai' | 'system' | 'agent' | 'automation' | 'campaign' | 'device'
  author_id: string | null
  author_name: string | null
  type: string
  content: string | null
  body: Record<string, unknown>
  metadata: Record<string, unknown>
  reply_to_id: string | null
  reply_to_external_id: string | null
  reply_type: string | null
  reply_content: string | null
  reply_direction: string | null
  provider: string
  status: string | null
  send_outcome: string | null
  error_code: string | null
  error_text: string | null
  idempotency_key: string | null
  next_at: Date | null
  occurred_at: Date
  created_at: Date
  sent_at: Date | null
  delivered_at: Date | null
  read_at: Date | null
  failed_at: Date | null
}

const messageColumns = `${version}, m.id, m.conversation_id, m.seq, m.direction, m.sender, m.author_id,
    nullif(trim(concat(p.first_name, ' ', p.last_name)), '') AS author_name, m.type, m.content, m.body, m.metadata,
    m.reply_to_id, m.reply_to_external_id, r.type AS reply_type, r.content AS reply_content, r.direction AS reply_direction,
    a.provider, t.status, t.send_outcome, t.error_code, t.error_text, t.idempotency_key,
    CASE WHEN t.status = 'queued' THEN (SELECT s.next_at FROM send_attempts s WHERE s.tenant_id = m.tenant_id AND s.message_id = m.id ORDER BY s.n DESC LIMIT 1) END AS next_at,
    m.occurred_at, m.created_at, t.sent_at, t.delivered_at, t.read_at, t.failed_at`
/** What was answered is looked up through its ledger row, which says in which month it is. */
const messageJoins = `JOIN conversations c ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id
  JOIN channel_accounts a ON a.tenant_id = c.tenant_id AND a.id = c.channel_account_id
  LEFT JOIN message_tracking t ON t.tenant_id = m.tenant_id AND t.id = m.id
  LEFT JOIN message_tracking l ON l.tenant_id = m.tenant_id AND l.id = m.reply_to_id
  LEFT JOIN messages r ON r.tenant_id = l.tenant_id AND r.id = l.id AND r.created_at = l.created_at
  LEFT JOIN user_profiles p ON p.tenant_id = m.tenant_id AND p.user_id = m.author_id`

/** What is drawn on another message instead of as one of its own, where that message is here. */
const annotation = `(m.type IN ('reaction', 'edit', 'revoke') AND m.reply_to_id IS NOT NULL)`

export interface MessageRange {
  conversationId: string
  before?: number
  after?: number
  limit: number
}

/** One page in ascending order, and whether there is more beyond it. */
export async function listMessages(tx: Tx, range: MessageRange): Promise<{ rows: MessageRow[]; more: boolean }> {
  const forward = range.after !== undefined
  const { rows } = await tx.query<MessageRow>({
    name: `inbox_thread_${forward ? 'after' : 'before'}_${range.limit}`,
    // The page first: what it is joined with is looked up for its lines only.
    text: `SELECT ${messageColumns} FROM (SELECT m.* FROM messages m WHERE m.tenant_id = $1 AND m.conversation_id = $2
              AND m.seq ${forward ? '>' : '<'} $3 AND NOT ${annotation} ORDER BY m.seq ${forward ? 'ASC' : 'DESC'} LIMIT ${range.limit + 1}) m
           ${messageJoins} ORDER BY m.seq ${forward ? 'ASC' : 'DESC'}`,
    values: [tx.tenantId, range.conversationId, (forward ? range.after : range.before) ?? Number.MAX_SAFE_INTEGER],
  })
  const page = rows.slice(0, range.limit)
  return { rows: forward ? page : page.reverse(), more: rows.length > range.limit }
}

/** Lines at the beginning that retention removed: the first that is left is not the first there was. */
export async function removedLines(tx: Tx, conversationId: string): Promise<number> {
  const { rows } = await tx.query<{ removed: number }>({
    // Named: planning over all months anew would cost more than looking.
    name: 'inbox_removed_lines',
    text: `SELECT coalesce((SELECT m.seq FROM messages m WHERE m.tenant_id = $1 AND m.conversation_id = $2 ORDER BY m.seq LIMIT 1), c.last_seq + 1) - 1 AS removed
       FROM conversations c WHERE c.tenant_id = $1 AND c.id = $2`,
    values: [tx.tenantId, conversationId],
  })
  return rows[0]?.removed ?? 0
}

/**
 * By id, through the ledger: its row has the message's time, and so only the month is read where the message is. Lines that
 * never left the house have none; they are looked for in every month.
 */
async function byId<R extends { id: string }>(tx: Tx, what: { name: string; columns: string; joins?: string }, ids: string[]) {
  const { rows } = await tx.query<R>({
    name: `inbox_${what.name}`,
    text: `SELECT ${what.columns} FROM unnest($2::uuid[]) AS i(id) CROSS JOIN LATERAL (
             SELECT m.* FROM message_tracking l JOIN messages m ON m.tenant_id = l.tenant_id AND m.id = l.id AND m.created_at = l.created_at
              WHERE l.tenant_id = $1 AND l.id = i.id OFFSET 0) m ${what.joins ?? ''}`,
    values: [tx.tenantId, ids],
  })
  const found = new Set(rows.map((row) => row.id))
  const others = ids.filter((id) => !found.has(id))
  if (others.length === 0) return rows
  const internal = await tx.query<R>(
    `SELECT ${what.columns} FROM messages m ${what.joins ?? ''} WHERE m.tenant_id = $1 AND m.id = ANY ($2)`,
    [tx.tenantId, others],
  )
  return [...rows, ...internal.rows]
}

/** By id; an annotation stands for the message it is drawn on. */
export async function findMessages(tx: Tx, ids: readonly string[]): Promise<MessageRow[]> {
  if (ids.length === 0) return []
  const target = {
    name: 'message_targets',
    columns: `m.id, CASE WHEN ${annotation} THEN m.reply_to_id ELSE m.id END AS target`,
  }
  const targets = await byId<{ id: string; target: string }>(tx, target, [...ids])
  const whole = { name: 'messages', columns: messageColumns, joins: messageJoins }
  const rows = await byId<MessageRow>(tx, whole, [...new Set(targets.map((one) => one.target))])
  return rows.sort((a, b) =>
    a.conversation_id === b.conversation_id ? a.seq - b.seq : a.conversation_id < b.conversation_id ? -1 : 1,
  )
}

export async function requireMessage(tx: Tx, id: string): Promise<MessageRow> {
  const [row] = await findMessages(tx, [id])
  if (!row) throw notFound('The message')
  return row
}

export interface MediaRow {
  id: string
  message_id: string | null
  state: 'pending' | 'stored' | 'failed' | 'refused'
  mime_type: string | null
  declared_mime_type: string | null
  file_name: string | null
  byte_size: number | null
  error_text: string | null
}
const mediaColumns = 'id, message_id, state, mime_type, declared_mime_type, file_name, byte_size, error_text'

export async function mediaOf(tx: Tx, messageIds: readonly string[]): Promise<MediaRow[]> {
  const { rows } = await tx.query<MediaRow>({
    name: 'inbox_media',
    text: `SELECT ${mediaColumns} FROM media_objects WHERE tenant_id = $1 AND message_id = ANY($2) ORDER BY message_id, position, id`,
    values: [tx.tenantId, messageIds],
  })
  return rows
}

export async function requireMedia(
  tx: Tx,
  id: string,
): Promise<MediaRow & { sha256: string | null; conversation_id: string | null }> {
  const { rows } = await tx.query<MediaRow & { sha256: string | null; conversation_id: string | null }>(
    `SELECT ${mediaColumns}, sha256, conversation_id FROM media_objects WHERE tenant_id = $1 AND id = $2`,
    [tx.tenantId, id],
  )
  if (!rows[0]) throw notFound('The file')
  return rows[0]
}

export interface AnnotationRow {
  reply_to_id: string
  direction: 'inbound' | 'outbound'
  type: 'reaction' | 'edit' | 'revoke'
  body: Record<string, unknown>
  content: string | null
  occurred_at: Date
}

/** `since`: the time of the oldest of these messages; what is drawn on one came after it. */
export async function annotationsOf(tx: Tx, messageIds: readonly string[], since: Date): Promise<AnnotationRow[]> {
  const { rows } = await tx.query<AnnotationRow>({
    name: 'inbox_annotations',
    text: `SELECT reply_to_id, direction, type, body, content, occurred_at FROM messages
      WHERE tenant_id = $1 AND reply_to_id = ANY($2) AND created_at >= $3 AND type IN ('reaction', 'edit', 'revoke') ORDER BY seq`,
    values: [tx.tenantId, messageIds, since],
  })
  return rows
}

export interface ContactRow {
  id: string
  name: string | null
  phone: string | null
  status: 'active' | 'blocked' | 'inactive'
  notes: string | null
  external_ref: string | null
  created_at: Date
  updated_at: Date
  identities: { kind: string; value: string; since: string }[]
  consents: StandingConsent[]
}

const contactSelect = `SELECT k.id, k.name, k.phone, k.status, k.notes, k.external_ref, k.created_at, k.updated_at,
  (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', i.kind, 'value', i.value, 'since', i.created_at) ORDER BY i.created_at), '[]')
     FROM contact_identities i WHERE i.tenant_id = k.tenant_id AND i.contact_id = k.id) AS identities,
  (SELECT coalesce(jsonb_agg(jsonb_build_object('channel', s.channel, 'topic', s.topic, 'state', s.state, 'source', s.source, 'since', s.occurred_at)
                             ORDER BY s.channel, s.topic), '[]')
     FROM (SELECT DISTINCT ON (o.channel, o.topic) o.channel, o.topic, o.state, o.source, o.occurred_at FROM consents o
            WHERE o.tenant_id = k.tenant_id AND o.contact_id = k.id
            ORDER BY o.channel, o.topic, o.occurred_at DESC, o.id DESC) s) AS consents FROM contacts k`

export async function requireContact(tx: Tx, id: string): Promise<ContactRow> {
  const { rows } = await tx.query<ContactRow>(`${contactSelect} WHERE k.tenant_id = $1 AND k.id = $2`, [tx.tenantId, id])
  if (!rows[0]) throw notFound('The contact')
  return rows[0]
}

export async function listContacts(
  tx: Tx,
  filter: { q?: string; cursor?: string; limit: number },
): Promise<{ rows: ContactRow[]; next: string | null }> {
  if (filter.cursor && !isUuid(filter.cursor))
    throw new ParleyError('malformed_cursor', 'The cursor is not one that this server gave.')
  const query = filter.q ? peopleQuery(tx.tenantId, filter.q) : undefined
  if (query === null) return { rows: [], next: null }
  const ids = query && (await searchPeople(tx, query, filter.limit + 1, filter.cursor))
  const { rows } = await tx.query<ContactRow>(
    `${contactSelect} WHERE k.tenant_id = $1 AND ${ids ? 'k.id = ANY($2)' : '($2::uuid IS NULL OR k.id < $2)'} ORDER BY k.id DESC LIMIT $3`,
    [tx.tenantId, ids ?? filter.cursor ?? null, filter.limit + 1],
  )
  const page = rows.slice(0, filter.limit)
  return { rows: page, next: rows.length > filter.limit ? (page.at(-1)?.id ?? null) : null }
}

export async function patchContact(
  tx: Tx,
  id: string,
  patch: { name?: string | null; notes?: string | null; status?: string },
): Promise<void> {
  const { rowCount } = await tx.query(
    `UPDATE contacts SET name = CASE WHEN $3 THEN $4 ELSE name END, notes = CASE WHEN $5 THEN $6 ELSE notes END, status = coalesce($7, status) WHERE tenant_id = $1 AND id = $2`,
    [
      tx.tenantId,
      id,
      patch.name !== undefined,
      patch.name ?? null,
      patch.notes !== undefined,
      patch.notes ?? null,
      patch.status ?? null,
    ],
  )
  if (!rowCount) throw notFound('The contact')
  await indexContacts(tx, [id])
}

export async function conversationsOfContact(tx: Tx, contactId: string): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>('SELECT id FROM conversations WHERE tenant_id = $1 AND contact_id = $2', [
    tx.tenantId,
    contactId,
  ])
  return rows.map(({ id }) => id)
}

export async function accountsOfChannel(tx: Tx, channel: string): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>('SELECT id FROM channel_accounts WHERE tenant_id = $1 AND channel = $2', [
    tx.tenantId,
    channel,
  ])
  return rows.map(({ id }) => id)
}

/** Whether messages that were there before the index are still being gone through. */
export async function isSearchFilling(tx: Tx): Promise<boolean> {
  const { rows } = await tx.query<{ filling: boolean }>(
    'SELECT messages_before IS NOT NULL AS filling FROM search_progress WHERE tenant_id = $1',
    [tx.tenantId],
  )
  return rows[0]?.filling ?? true
}

export interface AttemptRow {
  n: number
  outcome: 'started' | 'accepted' | 'refused' | 'retry' | 'unknown'
  code: string | null
  detail: string | null
  started_at: Date
  finished_at: Date | null
  next_at: Date | null
}
export interface ReceiptRow {
  status: string
  occurred_at: Date
  created_at: Date
  applied: boolean
  error_code: string | null
  error: string | null
  detail: Record<string, unknown>
}

/** Everything that was tried and everything that came back: why a message is where it is. */
export async function messageHistory(tx: Tx, id: string): Promise<{ attempts: AttemptRow[]; receipts: ReceiptRow[] }> {
  const attempts = await tx.query<AttemptRow>(
    'SELECT n, outcome, code, detail, started_at, finished_at, next_at FROM send_attempts WHERE tenant_id = $1 AND message_id = $2 ORDER BY n LIMIT 200',
    [tx.tenantId, id],
  )
  const receipts = await tx.query<ReceiptRow>(
    `SELECT s.status, s.occurred_at, s.created_at, s.applied, s.error_code, s.error, s.detail FROM provider_refs p
       JOIN message_statuses s ON s.tenant_id = p.tenant_id AND s.channel_account_id = p.channel_account_id AND s.wamid = p.external_id
      WHERE p.tenant_id = $1 AND p.message_id = $2 ORDER BY s.created_at, s.occurred_at, status_rank(s.status) LIMIT 200`,
    [tx.tenantId, id],
  )
  return { attempts: attempts.rows, receipts: receipts.rows }
}
