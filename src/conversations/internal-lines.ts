/** Lines of a thread that never leave the house: notes for colleagues, and what happened. */
import { notFound, ParleyError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { cleanJson, cleanText } from '../kernel/text.ts'
import type { Tx } from '../platform/db/tx.ts'
import { appendEvent } from './feed.ts'

export interface InternalLine {
  conversationId: string
  type: 'note' | 'activity'
  text: string | null
  body: Record<string, unknown>
  /** Who did it, for the event log, and the person where it was one. */
  actor: { label: string; userId?: string }
  /** Whose line it is in the thread; absent: a note's author is a person, anything else is the system's. */
  sender?: 'human' | 'system' | 'agent'
  /** The caller's: a repeated call returns the first line. */
  idempotencyKey?: string
}

export async function addInternal(tx: Tx, given: InternalLine): Promise<{ id: string; fresh: boolean }> {
  const place = await lock(tx, given.conversationId)
  const seen = given.idempotencyKey ? await findByKey(tx, given, given.idempotencyKey) : undefined
  if (seen) return { id: seen, fresh: false }
  const id = newId()
  await tx.query('UPDATE conversations SET last_seq = last_seq + 1, updated_at = now() WHERE tenant_id = $1 AND id = $2', [
    tx.tenantId,
    given.conversationId,
  ])
  await tx.query(
    `INSERT INTO messages (tenant_id, id, conversation_id, contact_id, channel, seq, direction, sender, author_id, type, content, body, metadata, occurred_at, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, 'internal', $7, $8, $9, $10, $11, $12, now(), now())`,
    [
      ...[tx.tenantId, id, given.conversationId, place.contact_id, place.channel, place.last_seq + 1],
      ...[given.sender ?? (given.type === 'note' ? 'human' : 'system'), given.actor.userId ?? null, given.type],
      ...[given.text === null ? null : cleanText(given.text), JSON.stringify(cleanJson(given.body))],
      JSON.stringify(given.idempotencyKey ? { idempotencyKey: given.idempotencyKey } : {}),
    ],
  )
  const type = given.type === 'note' ? 'note.added' : 'conversation.activity'
  await appendEvent(tx, { type, actor: given.actor.label, conversationId: given.conversationId, messageId: id })
  return { id, fresh: true }
}

/** The number for the line is taken under the conversation's lock, and so is the look at its key. */
async function lock(tx: Tx, id: string): Promise<{ contact_id: string; channel: string; last_seq: number }> {
  const { rows } = await tx.query<{ contact_id: string; channel: string; last_seq: number }>(
    'SELECT contact_id, channel, last_seq FROM conversations WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE',
    [tx.tenantId, id],
  )
  if (!rows[0]) throw notFound('The conversation')
  return rows[0]
}

async function findByKey(tx: Tx, given: InternalLine, key: string): Promise<string | undefined> {
  const { rows } = await tx.query<{ id: string; content: string | null }>(
    `SELECT id, content FROM messages WHERE tenant_id = $1 AND conversation_id = $2 AND direction = 'internal' AND metadata ->> 'idempotencyKey' = $3`,
    [tx.tenantId, given.conversationId, key],
  )
  if (rows[0] && rows[0].content !== (given.text === null ? null : cleanText(given.text))) {
    throw new ParleyError(
      'idempotency_mismatch',
      'This idempotency key was used for another note. Use a new key for a new note.',
    )
  }
  return rows[0]?.id
}
