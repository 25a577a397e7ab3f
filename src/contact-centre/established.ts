/**
 * Texts in sessions that are established, which nearly all lines are: read together for all lanes that were claimed at once,
 * and recorded together for all that were answered meanwhile. Everything else — a session's first line, files, an answer to a
 * choice, a call that failed — goes the long way, line by line (line.ts, record.ts).
 */
import { type MappingRow, mappingColumns } from '../conversations/mappings.ts'
import type { Tx } from '../platform/db/tx.ts'
import { attributesOf } from './attributes.ts'
import {
  type Claim,
  customerOf,
  type LineRow,
  lineColumns,
  lineJoins,
  type Prepared,
  type ThreadRow,
  threadColumns,
  threadJoins,
  unsaid,
} from './line.ts'

/** By conversation; what is not in it has to go the long way. */
export async function prepareEstablished(tx: Tx, claims: readonly Claim[]): Promise<Map<string, Prepared>> {
  const conversations = claims.map((claim) => claim.conversation_id)
  const mappings = await readMappings(tx, conversations)
  const mine = claims.filter((claim) => mappings.has(claim.conversation_id))
  const lines = await readLines(tx, mine)
  const plain = mine.filter((claim) => isPlain(lines.get(claim.conversation_id)))
  const threads = await readThreads(tx, plain)
  const prepared = new Map<string, Prepared>()
  for (const { conversation_id: id } of plain) {
    const [mapping, row, thread] = [mappings.get(id), lines.get(id), threads.get(id)]
    if (!mapping || !row || thread?.control !== 'agent') continue
    prepared.set(id, {
      messageId: row.id,
      wamid: row.wamid,
      seq: row.seq,
      createdAt: row.created_at,
      mapping,
      line: {
        messageId: row.wamid,
        customer: customerOf(mapping, thread.name),
        at: row.occurred_at.toISOString(),
        text: row.content,
        files: [],
        attributes: attributesOf(thread, { conversationId: id }),
      },
    })
  }
  await joinMappings(tx, [...prepared.values()])
  return prepared
}

const isPlain = (row: LineRow | undefined): boolean =>
  row !== undefined && row.type === 'text' && Boolean(row.content) && row.originating === null

/** Sessions whose conversation over there is known, and in which something was said before. */
async function readMappings(tx: Tx, conversations: readonly string[]): Promise<Map<string, MappingRow>> {
  const { rows } = await tx.query<MappingRow>({
    name: 'established_sessions',
    text: `SELECT ${mappingColumns} FROM conversation_mappings m
            WHERE m.tenant_id = $1 AND m.conversation_ref = ANY ($2) AND m.status = 'active'
              AND m.conversation_id IS NOT NULL AND m.last_message_id IS NOT NULL`,
    values: [tx.tenantId, conversations],
  })
  return new Map(rows.map((row) => [row.conversation_ref as string, row]))
}

async function readLines(tx: Tx, claims: readonly Claim[]): Promise<Map<string, LineRow>> {
  const { rows } = await tx.query<LineRow & { conversation: string }>({
    name: 'established_lines',
    text: `SELECT c.conversation, x.* FROM unnest($2::uuid[], $3::bigint[]) AS c(conversation, done) CROSS JOIN LATERAL (
             SELECT ${lineColumns} FROM messages m ${lineJoins}
              WHERE m.tenant_id = $1 AND m.conversation_id = c.conversation AND m.seq > c.done AND m.direction = 'inbound' AND m.type <> ALL ($4)
              ORDER BY m.seq LIMIT 1) x`,
    values: [tx.tenantId, claims.map((claim) => claim.conversation_id), claims.map((claim) => claim.done_seq), unsaid],
  })
  return new Map(rows.map((row) => [row.conversation, row]))
}

/** Nothing of those whose claim is not ours any more. */
async function readThreads(tx: Tx, claims: readonly Claim[]): Promise<Map<string, ThreadRow>> {
  const { rows } = await tx.query<ThreadRow & { conversation: string }>({
    name: 'established_threads',
    text: `SELECT c.id AS conversation, ${threadColumns} FROM unnest($2::uuid[], $3::bigint[]) AS q(conversation, token)
             JOIN conversations c ON c.tenant_id = $1 AND c.id = q.conversation ${threadJoins} AND l.token = q.token`,
    values: [tx.tenantId, claims.map((claim) => claim.conversation_id), claims.map((claim) => claim.token)],
  })
  return new Map(rows.map((row) => [row.conversation, row]))
}

/** Lines belong to their session before anything is said of them: an answer may come before that of the call. */
async function joinMappings(tx: Tx, prepared: readonly Prepared[]): Promise<void> {
  if (prepared.length === 0) return
  await tx.query({
    name: 'established_join',
    text: `WITH line AS (
             UPDATE message_tracking t SET mapping_id = u.mapping FROM unnest($2::uuid[], $3::uuid[]) AS u(id, mapping)
              WHERE t.tenant_id = $1 AND t.id = u.id AND t.mapping_id IS DISTINCT FROM u.mapping)
           UPDATE conversation_mappings m SET last_message_id = u.wamid, last_activity_at = greatest(m.last_activity_at, u.at)
             FROM (SELECT * FROM unnest($3::uuid[], $4::text[], $5::timestamptz[]) AS u(mapping, wamid, at) ORDER BY u.mapping) u
            WHERE m.tenant_id = $1 AND m.id = u.mapping`,
    values: [
      tx.tenantId,
      prepared.map((one) => one.messageId),
      prepared.map((one) => one.mapping.id),
      prepared.map((one) => one.wamid),
      prepared.map((one) => one.createdAt),
    ],
  })
}

export interface Answered {
  claim: Claim
  prepared: Prepared
  /** The contact centre's id of the line, where it told it. */
  messageId: string | undefined
}

/**
 * The contact centre has them, in the conversations that were known. The lanes first, in one order: whoever stores a line
 * holds its lane until the commit, and only a statement that begins after that sees the line.
 */
export async function recordEstablished(tx: Tx, answered: readonly Answered[]): Promise<void> {
  const values = [
    tx.tenantId,
    answered.map(({ claim }) => claim.conversation_id),
    answered.map(({ prepared }) => prepared.messageId),
    answered.map(({ messageId }) => messageId ?? null),
  ]
  await tx.query({
    name: 'established_lock',
    text: `SELECT FROM conversation_lanes WHERE tenant_id = $1 AND conversation_id = ANY ($2) AND kind = 'bridge'
            ORDER BY conversation_id FOR NO KEY UPDATE`,
    values: [tx.tenantId, values[1]],
  })
  await tx.query({
    name: 'established_mark',
    text: `WITH told AS (SELECT DISTINCT ON (u.genesys) u.* FROM unnest($2::uuid[], $3::uuid[], $4::text[]) AS u(conversation, id, genesys) ORDER BY u.genesys, u.id),
           marked AS (
             UPDATE message_tracking t SET status = 'processed', status_at = clock_timestamp(), updated_at = clock_timestamp(), error_code = NULL, error_text = NULL,
                    genesys_message_id = coalesce(t.genesys_message_id, (SELECT n.genesys FROM told n WHERE n.id = u.id AND NOT EXISTS (
                      SELECT FROM message_tracking o WHERE o.tenant_id = $1 AND o.genesys_message_id = n.genesys)))
               FROM unnest($2::uuid[], $3::uuid[]) AS u(conversation, id)
              WHERE t.tenant_id = $1 AND t.id = u.id AND t.status = 'received'
             RETURNING t.id, u.conversation)
           INSERT INTO events (tenant_id, type, conversation_id, message_id, actor, data)
             SELECT $1, 'message.status', k.conversation, k.id, 'system', '{"status": "processed"}' FROM marked k`,
    values,
  })
  await tx.query({
    name: 'established_move',
    text: `UPDATE conversation_lanes l SET lease_until = '-infinity', done_seq = greatest(l.done_seq, u.done), attempts = 0,
                  ready_at = CASE WHEN EXISTS (SELECT FROM messages m JOIN message_tracking t ON t.tenant_id = m.tenant_id AND t.id = m.id AND t.status = 'received'
                                   JOIN conversations c ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id AND c.control = 'agent'
                                  WHERE m.tenant_id = l.tenant_id AND m.conversation_id = l.conversation_id
                                    AND m.seq > greatest(l.done_seq, u.done) AND m.direction = 'inbound' AND m.type <> ALL ($5))
                    THEN clock_timestamp() END
             FROM unnest($2::uuid[], $3::bigint[], $4::bigint[]) AS u(conversation, token, done)
            WHERE l.tenant_id = $1 AND l.conversation_id = u.conversation AND l.kind = 'bridge' AND l.token = u.token`,
    values: [
      tx.tenantId,
      values[1],
      answered.map(({ claim }) => claim.token),
      answered.map(({ prepared }) => prepared.seq),
      unsaid,
    ],
  })
}
