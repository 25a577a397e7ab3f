/**
 * queueReply: the one way in which anything is said to a customer — by a person, a rule, an assistant, a campaign. Gate,
 * then message `queued` and the lane's work, in one transaction. Dispatch does the rest.
 */
import { createHash } from 'node:crypto'
import { notFound, ParleyError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { cleanJson } from '../kernel/text.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { Channel } from '../ports/channel.ts'
import type { OutboundBody } from '../ports/message.ts'
import type { Channels } from './accounts.ts'
import { handOver } from './hand-over.ts'
import { mediaIdOf, previewLine, readableText } from './outbound.ts'
import { isMarketing, lockTarget, requireAddress, type Target } from './reply-target.ts'
import { prepareTemplate } from './templates.ts'
import { checkGate } from './window.ts'

export interface Author {
  sender: 'human' | 'ai' | 'system' | 'agent' | 'automation' | 'campaign'
  /** users.id where a person wrote it. */
  userId?: string
  /** Who did it, for the event log: user:<id>, key:<id>, system. */
  actor: string
}

export interface Reply {
  conversationId: string
  author: Author
  body: OutboundBody
  replyTo?: string
  idempotencyKey?: string
  /** What the caller asked for, where the conversation was not named but found: the same call may find another one later. */
  request?: unknown
  /** Where an agent in a contact centre wrote it: the session, and the contact centre's id of what they wrote. */
  centre?: { mappingId: string; messageId?: string }
  /** Where a rule decided that it is said: which, and of which version of the rules. Kept in the ledger. */
  allowedBy?: { rule: string; version: number }
  /** Until when it is worth sending: what could not go out before fails. */
  sendBy?: Date
  /** It tells a customer what their STOP, START or HELP did: the one thing that still goes to who wants no messages. */
  consentAnswer?: true
}

export interface Queued {
  messageId: string
  /** false: the idempotency key was seen before and this is the first call's message. */
  fresh: boolean
  /** It may not go out before somebody else has done something: kept in the thread as not sent, for the caller to tell. */
  refused?: ParleyError
}

const hashOf = (reply: Pick<Reply, 'conversationId' | 'body' | 'replyTo' | 'request'>): string =>
  createHash('sha256')
    .update(JSON.stringify(reply.request ?? [reply.conversationId, reply.body, reply.replyTo ?? null]))
    .digest('hex')

/** Runs in the caller's transaction. Errors are ParleyError with what to do next. */
export async function queueReply(deps: { channels: Channels; now?: () => Date }, tx: Tx, reply: Reply): Promise<Queued> {
  const seen = reply.idempotencyKey ? await findByKey(tx, reply.idempotencyKey, hashOf(reply)) : undefined
  if (seen) return { messageId: seen, fresh: false }
  const target = await lockTarget(tx, reply.conversationId)
  // A second call with the same key may have committed while this one waited for the conversation.
  const meanwhile = reply.idempotencyKey ? await findByKey(tx, reply.idempotencyKey, hashOf(reply)) : undefined
  if (meanwhile) return { messageId: meanwhile, fresh: false }
  if (target.removed)
    throw new ParleyError(
      'account_removed',
      'The number of this conversation was disconnected, so nothing can be sent from it. Write to this customer from another number.',
    )
  const channel = deps.channels.get(target.provider)
  if (!channel) throw new ParleyError('account_held', `The channel ${target.provider} is not available on this server.`)
  const now = (deps.now ?? (() => new Date()))()
  const body = cleanJson(reply.body) as OutboundBody
  const refused = gate(target, { now, body, capabilities: channel.capabilities, answer: reply.consentAnswer ?? false })
  await requireAddress(tx, target.contact_id)
  if (target.no_marketing && (await isMarketing(tx, target.channel_account_id, reply.author.sender, body)))
    throw new ParleyError('opted_out', 'This customer wants no advertising on this channel. Other messages may be sent.')
  const quoted = await quotedMessage(tx, reply.conversationId, body.type === 'reaction' ? body.messageId : reply.replyTo)
  const stored =
    body.type === 'template'
      ? await prepareTemplate(channel, tx, target.channel_account_id, body)
      : { body, text: readableText(body) }
  const messageId = newId()
  // Whoever answers has it, and whoever had it does not any more.
  if (reply.author.sender === 'human' && target.control !== 'human') {
    const { actor, userId } = reply.author
    await handOver(tx, { conversationId: reply.conversationId, to: 'human', reason: 'Answered by a person.', actor, userId })
  }
  await write(tx, { reply, target, messageId, quoted, now, type: body.type, refused, ...stored })
  const mediaId = mediaIdOf(body)
  if (mediaId) await attachMedia(tx, { mediaId, messageId, conversationId: reply.conversationId })
  return { messageId, fresh: true, ...(refused ? { refused } : {}) }
}

/**
 * Throws what whoever writes can mend. What waits for an authority is returned: the attempt is kept, so that everybody sees
 * what could not be said and why.
 */
function gate(
  target: Target,
  given: { now: Date; body: OutboundBody; capabilities: Channel['capabilities']; answer: boolean },
): ParleyError | undefined {
  try {
    checkGate({
      ...given,
      contactStatus: target.contact_status,
      accountState: target.state,
      accountStateText: target.state_text,
      windowExpiresAt: target.window_expires_at,
      optedOut: target.opted_out && !given.answer,
      registration: target.registration,
      phone: target.phone,
    })
    return undefined
  } catch (error) {
    if (error instanceof ParleyError && error.code === 'registration_required') return error
    throw error
  }
}

/** The message of an earlier call with this key; throws where that call asked for something else. */
export const findRepeated = (tx: Tx, key: string, request: unknown): Promise<string | undefined> =>
  findByKey(tx, key, hashOf({ conversationId: '', body: { type: 'text', text: '' }, request }))

async function findByKey(tx: Tx, key: string, hash: string): Promise<string | undefined> {
  const { rows } = await tx.query<{ id: string; request_hash: string }>(
    'SELECT id, request_hash FROM message_tracking WHERE tenant_id = $1 AND idempotency_key = $2',
    [tx.tenantId, key],
  )
  if (rows[0] && rows[0].request_hash !== hash) {
    throw new ParleyError(
      'idempotency_mismatch',
      'This idempotency key was used for another message. Use a new key for a new message.',
    )
  }
  return rows[0]?.id
}

interface Quoted {
  id: string
  wamid: string | null
}

async function quotedMessage(tx: Tx, conversationId: string, messageId: string | undefined): Promise<Quoted | null> {
  if (!messageId) return null
  const { rows } = await tx.query<Quoted>(
    'SELECT id, wamid FROM message_tracking WHERE tenant_id = $1 AND id = $2 AND conversation_id = $3',
    [tx.tenantId, messageId, conversationId],
  )
  if (!rows[0]) throw new ParleyError('reply_target', 'The message answered or reacted to is not in this conversation.')
  if (!rows[0].wamid) throw new ParleyError('reply_target', 'The message answered or reacted to has not been sent yet.')
  return rows[0]
}

interface Writing {
  reply: Reply
  target: Target
  messageId: string
  quoted: Quoted | null
  now: Date
  type: string
  body: unknown
  text: string | null
  refused: ParleyError | undefined
}

async function write(tx: Tx, w: Writing): Promise<void> {
  const { reply, target, messageId } = w
  const said = w.type !== 'reaction'
  const { rows } = await tx.query<{ last_seq: number }>(
    `UPDATE conversations SET last_seq = last_seq + 1, message_count = message_count + 1,
            human_message_count = human_message_count + CASE WHEN $3 = 'human' THEN 1 ELSE 0 END,
            ai_message_count = ai_message_count + CASE WHEN $3 = 'ai' THEN 1 ELSE 0 END,
            last_human_response_at = CASE WHEN $3 = 'human' THEN $4 ELSE last_human_response_at END,
            last_message_at = CASE WHEN $5 THEN $4 ELSE last_message_at END,
            last_preview = CASE WHEN $5 THEN $6 ELSE last_preview END,
            last_direction = CASE WHEN $5 THEN 'outbound' ELSE last_direction END, updated_at = $4
      WHERE tenant_id = $1 AND id = $2 RETURNING last_seq`,
    [tx.tenantId, reply.conversationId, reply.author.sender, w.now, said, previewLine(w.type, w.text)],
  )
  await tx.query(
    `INSERT INTO message_tracking (tenant_id, id, channel_account_id, conversation_id, direction, status, status_at, idempotency_key, request_hash, created_at, updated_at,
                                   mapping_id, genesys_message_id, error_code, error_text, metadata, failed_at)
     VALUES ($1, $2, $3, $4, 'OUTBOUND', CASE WHEN $10::text IS NULL THEN 'queued' ELSE 'failed' END, $5, $6, $7, $5, $5, $8, $9, $10, $11, $12,
             CASE WHEN $10::text IS NOT NULL THEN $5::timestamptz END)`,
    [
      tx.tenantId,
      messageId,
      target.channel_account_id,
      reply.conversationId,
      w.now,
      reply.idempotencyKey ?? null,
      reply.idempotencyKey ? hashOf(reply) : null,
      reply.centre?.mappingId ?? null,
      reply.centre?.messageId ?? null,
      w.refused?.code ?? null,
      w.refused ? `Not sent. ${w.refused.message}` : null,
      reply.allowedBy || reply.sendBy ? JSON.stringify({ allowedBy: reply.allowedBy, sendBy: reply.sendBy }) : null,
    ],
  )
  await tx.query(
    `INSERT INTO messages (tenant_id, id, conversation_id, contact_id, channel, seq, direction, sender, author_id, type, content, body,
                           reply_to_id, reply_to_external_id, occurred_at, created_at, metadata)
     VALUES ($1, $2, $3, $4, $5, $6, 'outbound', $7, $8, $9, $10, $11, $12, $13, $14, $14, $15)`,
    [
      ...[tx.tenantId, messageId, reply.conversationId, target.contact_id, target.channel, rows[0]?.last_seq],
      ...[reply.author.sender, reply.author.userId ?? null, w.type, w.text, JSON.stringify(w.body)],
      ...[w.quoted?.id ?? null, w.quoted?.wamid ?? null, w.now],
      reply.consentAnswer ? '{"consentAnswer": true}' : '{}',
    ],
  )
  if (!w.refused) await makeReady(tx, reply.conversationId, target.channel_account_id)
  await tx.query(
    `INSERT INTO events (tenant_id, id, type, conversation_id, message_id, actor) VALUES ($1, $2, 'message.queued', $3, $2, $4)`,
    [tx.tenantId, messageId, reply.conversationId, reply.author.actor],
  )
}

async function makeReady(tx: Tx, conversationId: string, accountId: string): Promise<void> {
  await tx.query(
    `INSERT INTO conversation_lanes (tenant_id, conversation_id, kind, channel_account_id, ready_at) VALUES ($1, $2, 'send', $3, clock_timestamp())
     ON CONFLICT (tenant_id, conversation_id, kind) DO UPDATE SET ready_at = coalesce(conversation_lanes.ready_at, excluded.ready_at)`,
    [tx.tenantId, conversationId, accountId],
  )
}

/** The file must be this tenant's and stored. A file that already went out or came in is used again under a row of its own. */
async function attachMedia(tx: Tx, given: { mediaId: string; messageId: string; conversationId: string }): Promise<void> {
  const { rows } = await tx.query<{ state: string; message_id: string | null }>(
    'SELECT state, message_id FROM media_objects WHERE tenant_id = $1 AND id = $2',
    [tx.tenantId, given.mediaId],
  )
  if (!rows[0]) throw notFound('The file')
  if (rows[0].state !== 'stored') throw new ParleyError('file_not_ready', 'The file is not stored yet. Try again in a moment.')
  if (rows[0].message_id === null) {
    await tx.query('UPDATE media_objects SET message_id = $3, conversation_id = $4 WHERE tenant_id = $1 AND id = $2', [
      tx.tenantId,
      given.mediaId,
      given.messageId,
      given.conversationId,
    ])
    return
  }
  await tx.query(
    `INSERT INTO media_objects (tenant_id, message_id, conversation_id, channel_account_id, origin, state, sha256, mime_type, file_name, byte_size, provider_uploads)
     SELECT tenant_id, $3, $4, channel_account_id, 'upload', state, sha256, mime_type, file_name, byte_size, provider_uploads
       FROM media_objects WHERE tenant_id = $1 AND id = $2`,
    [tx.tenantId, given.mediaId, given.messageId, given.conversationId],
  )
}
