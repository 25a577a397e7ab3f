/**
 * Who answers a conversation: people, the assistant, rules, or agents in a contact centre. One owner at each instant: the
 * column says who, and it changes under the conversation's lock, together with all that depends on it.
 */
import { notFound } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import type { Tx } from '../platform/db/tx.ts'
import { appendEvent } from './feed.ts'
import { addInternal } from './internal-lines.ts'
import { closeMappingOf } from './mappings.ts'
import { notify } from './notify.ts'
import type { Control } from './turn-rules.ts'

export interface HandOver {
  conversationId: string
  to: Control
  reason: string
  /** user:<id>, key:<id>, answerer:<name>, centre:<name>, system. */
  actor: string
  userId?: string
}

/** Who takes a turn by themselves, and through which lane. */
const laneOf: Partial<Record<Control, 'turn' | 'bridge'>> = { bot: 'turn', ai: 'turn', agent: 'bridge' }

/**
 * Gives the conversation to somebody else; false where they have it already. What the one before was composing is never
 * sent: the tokens of both lanes move on, so nothing that was begun under them counts any more. Whoever gets it is given
 * the customer's lines that nobody has answered.
 */
export async function handOver(tx: Tx, given: HandOver): Promise<boolean> {
  const { rows } = await tx.query<{ control: Control; channel_account_id: string; assignee_id: string | null }>(
    'SELECT control, channel_account_id, assignee_id FROM conversations WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE',
    [tx.tenantId, given.conversationId],
  )
  const before = rows[0]
  if (!before) throw notFound('The conversation')
  if (before.control === given.to) return false
  await tx.query(
    `UPDATE conversations SET control = $3, updated_at = now(),
            human_takeover_time = CASE WHEN $3 = 'human' THEN now() ELSE human_takeover_time END,
            ai_handoff_time = CASE WHEN $3 = 'ai' THEN now() ELSE ai_handoff_time END
      WHERE tenant_id = $1 AND id = $2`,
    [tx.tenantId, given.conversationId, given.to],
  )
  await tx.query(
    `UPDATE conversation_lanes SET token = token + 1, lease_until = '-infinity', ready_at = NULL, attempts = 0
      WHERE tenant_id = $1 AND conversation_id = $2 AND kind IN ('turn', 'bridge')`,
    [tx.tenantId, given.conversationId],
  )
  if (before.control === 'agent') await closeMappingOf(tx, given.conversationId, 'taken over')
  const lane = laneOf[given.to]
  const place = { conversationId: given.conversationId, accountId: before.channel_account_id }
  if (lane) await giveLines(tx, { ...place, lane, answered: before.control !== 'none' })
  if (given.to === 'none') await settleLines(tx, place)
  await addInternal(tx, {
    conversationId: given.conversationId,
    type: 'activity',
    text: null,
    body: { event: 'handed_over', data: { from: before.control, to: given.to, reason: given.reason } },
    actor: { label: given.actor, ...(given.userId ? { userId: given.userId } : {}) },
  })
  await appendEvent(tx, {
    type: 'conversation.handed_over',
    actor: given.actor,
    conversationId: given.conversationId,
    data: { from: before.control, to: given.to, reason: given.reason },
  })
  if (given.to === 'human' && given.actor.startsWith('answerer:'))
    await notify(tx, {
      kind: 'handed_over',
      key: `handed/${given.conversationId}/${newId()}`,
      conversationId: given.conversationId,
      userId: before.assignee_id,
      data: { what: given.reason },
    })
  return true
}

interface Place {
  conversationId: string
  accountId: string
}

/**
 * The lines after the last answer wait in the lane of whoever has the conversation now. While nobody had it nobody answered:
 * what went out then (a text for a missed call) was no answer.
 */
async function giveLines(tx: Tx, given: Place & { lane: 'turn' | 'bridge'; answered: boolean }): Promise<void> {
  await tx.query(
    `INSERT INTO conversation_lanes AS l (tenant_id, conversation_id, kind, channel_account_id, ready_at, done_seq)
     SELECT $1, $2, $3, $4, clock_timestamp(), coalesce((SELECT m.seq FROM messages m
              WHERE $5 AND m.tenant_id = $1 AND m.conversation_id = $2 AND m.direction = 'outbound' ORDER BY m.seq DESC LIMIT 1), 0)
     ON CONFLICT (tenant_id, conversation_id, kind)
       DO UPDATE SET ready_at = excluded.ready_at, done_seq = greatest(l.done_seq, excluded.done_seq)`,
    [tx.tenantId, given.conversationId, given.lane, given.accountId, given.answered],
  )
}

/** Nobody's, and nothing left to answer: the timer begins with the customer's next line. */
async function settleLines(tx: Tx, { conversationId, accountId }: Place): Promise<void> {
  await tx.query(
    `INSERT INTO conversation_lanes AS l (tenant_id, conversation_id, kind, channel_account_id, done_seq)
     SELECT $1, $2, 'turn', $3, c.last_seq FROM conversations c WHERE c.tenant_id = $1 AND c.id = $2
     ON CONFLICT (tenant_id, conversation_id, kind) DO UPDATE SET done_seq = greatest(l.done_seq, excluded.done_seq)`,
    [tx.tenantId, conversationId, accountId],
  )
}
