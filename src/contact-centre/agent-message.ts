/** What an agent wrote: to the session it belongs to, in the agent's order, through the one way to customers. */

import { addInternal } from '../conversations/internal-lines.ts'
import { addDeadLetter, addTask, correlate, type MappingRow, mappingById } from '../conversations/mappings.ts'
import { queueReply } from '../conversations/reply.ts'
import { ParleyError } from '../kernel/errors.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { OutboundBody } from '../ports/message.ts'
import type { DLQReason } from '../ports/state-manager.ts'
import type { AgentMessage, AgentPart, CentreDeps } from './deps.ts'
import { customerOf } from './line.ts'
import { sessionOf } from './news.ts'

/** Where a message came from, for its dead letter. */
export interface Origin {
  /** Name of the contact centre. */
  centre: string
  source: string
  webhookId?: string
}

/** What waits for its files, as the task's payload. */
export interface Saying {
  origin: Origin
  event: AgentMessage
  parts: AgentPart[]
}

export interface Thread {
  id: string
  control: string
  provider: string
}

/** Returns what has to be looked after once this is committed. */
export async function takeAgentMessage(
  deps: CentreDeps,
  tx: Tx,
  origin: Origin,
  event: AgentMessage,
): Promise<{ said?: boolean; tasks?: boolean }> {
  const refused = (reason: DLQReason, error: string) => refuse(tx, origin, event, reason, error)
  const mapping = await sessionOf(tx, event)
  if (!mapping) return await refused('mapping_not_found', 'No session here has this conversation.')
  if (mapping.status !== 'active') {
    const [reason, error] = overBy[mapping.status]
    return await refused(reason, error)
  }
  if (await isKnown(tx, event.messageId)) return {}
  const thread = await lockThread(tx, mapping)
  if (!thread) return await refused('mapping_not_found', 'The session belongs to no conversation here.')
  if (thread.control !== 'agent') {
    await tellFailed(tx, mapping, event, takenOver)
    return await refused('state_violation', takenOver.text)
  }
  if (mapping.conversation_id === null && event.conversationId !== null)
    await correlate(tx, mapping.id, { conversationId: event.conversationId })
  await tx.query(
    'UPDATE conversation_mappings SET last_activity_at = greatest(last_activity_at, clock_timestamp()) WHERE tenant_id = $1 AND id = $2',
    [tx.tenantId, mapping.id],
  )
  const channel = deps.channels.get(thread.provider)
  const parts = channel ? (deps.centres.get(origin.centre)?.parts(event, channel.capabilities) ?? []) : []
  if (parts.length === 0) return await refused('invalid_payload', 'There is nothing in it that could be sent.')
  if (parts.some(isFile) || (await othersWait(tx, thread.id))) {
    const saying: Saying = { origin, event, parts }
    await addTask(tx, { kind: 'say', mappingId: mapping.id, conversationId: thread.id, payload: saying })
    return { tasks: true }
  }
  await say(deps, tx, { origin, event, mapping, thread, bodies: parts as OutboundBody[] })
  return { said: true, tasks: true }
}

export const isFile = (part: AgentPart): part is Extract<AgentPart, { attachment: unknown }> => 'attachment' in part

const overBy = {
  closed: ['mapping_status_closed', 'The session of this conversation was closed.'],
  expired: ['mapping_status_expired', 'The session of this conversation has expired.'],
} as const satisfies Record<string, readonly [DLQReason, string]>

const takenOver = { code: 'taken_over', text: 'Somebody else answers this customer now.' }

async function refuse(
  tx: Tx,
  origin: Origin,
  event: AgentMessage,
  reason: DLQReason,
  error: string,
): Promise<Record<string, never>> {
  await addDeadLetter(tx, { source: origin.source, webhookId: origin.webhookId, payload: event, reason, error })
  return {}
}

async function isKnown(tx: Tx, messageId: string): Promise<boolean> {
  const { rowCount } = await tx.query('SELECT FROM message_tracking WHERE tenant_id = $1 AND genesys_message_id = $2', [
    tx.tenantId,
    messageId,
  ])
  return rowCount === 1
}

/** Locked until this is committed: whoever takes over comes before or after. A newer thread of the customer takes its place. */
async function lockThread(tx: Tx, mapping: MappingRow): Promise<Thread | undefined> {
  if (!mapping.conversation_ref) return undefined
  const { rows } = await tx.query<Thread>(
    `SELECT c.id, c.control, a.provider FROM conversations o
       JOIN conversations c ON c.tenant_id = o.tenant_id AND c.channel_account_id = o.channel_account_id AND c.contact_id = o.contact_id
       JOIN channel_accounts a ON a.tenant_id = c.tenant_id AND a.id = c.channel_account_id
      WHERE o.tenant_id = $1 AND o.id = $2 AND (c.id = o.id OR c.status = 'open')
      ORDER BY (c.status = 'open') DESC LIMIT 1 FOR NO KEY UPDATE OF c`,
    [tx.tenantId, mapping.conversation_ref],
  )
  return rows[0]
}

async function othersWait(tx: Tx, conversationId: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `SELECT FROM contact_centre_tasks WHERE tenant_id = $1 AND conversation_id = $2 AND kind = 'say' LIMIT 1`,
    [tx.tenantId, conversationId],
  )
  return rowCount === 1
}

interface Say {
  origin: Origin
  event: AgentMessage
  mapping: MappingRow
  thread: Thread
  bodies: readonly OutboundBody[]
}

/** All of it or nothing. Where the gate says no (window, block list) the agent is told, and people read what was written. */
async function say(deps: CentreDeps, tx: Tx, given: Say): Promise<void> {
  const { event, mapping, thread, bodies } = given
  const last = bodies.length - 1
  await tx.query('SAVEPOINT say')
  try {
    for (const [n, body] of bodies.entries()) {
      await queueReply(deps, tx, {
        conversationId: thread.id,
        author: { sender: 'agent', actor: `centre:${given.origin.centre}` },
        body,
        // Several parts are one message over there: it has arrived when the last one has.
        centre: { mappingId: mapping.id, ...(n === last ? { messageId: event.messageId } : {}) },
      })
    }
    await tx.query('RELEASE SAVEPOINT say')
  } catch (error) {
    if (!(error instanceof ParleyError)) throw error
    await tx.query('ROLLBACK TO SAVEPOINT say')
    await notSent(tx, { mapping, threadId: thread.id, event, error: { code: error.code, text: error.message } })
  }
}

export async function notSent(
  tx: Tx,
  given: { mapping: MappingRow; threadId: string; event: AgentMessage; error: { code: string; text: string } },
): Promise<void> {
  await tellFailed(tx, given.mapping, given.event, given.error)
  await addInternal(tx, {
    conversationId: given.threadId,
    type: 'note',
    sender: 'system',
    text: `An agent's message was not sent: ${given.error.text}${given.event.text ? `\n\n${given.event.text}` : ''}`,
    body: { text: given.event.text ?? '' },
    actor: { label: 'system' },
  })
}

const tellFailed = (tx: Tx, mapping: MappingRow, event: AgentMessage, error: { code: string; text: string }) =>
  addTask(tx, {
    kind: 'receipt',
    mappingId: mapping.id,
    conversationId: mapping.conversation_ref,
    payload: { messageId: event.messageId, customer: customerOf(mapping), error },
  })

/** What waited for its files is said, if the session and the conversation are still the agents'. */
export async function sayWaiting(
  deps: CentreDeps,
  tx: Tx,
  given: { saying: Saying; mappingId: string; bodies: readonly OutboundBody[] },
): Promise<void> {
  const { origin, event } = given.saying
  const mapping = await mappingById(tx, given.mappingId)
  const thread = mapping && (await lockThread(tx, mapping))
  if (!mapping || !thread) {
    await refuse(tx, origin, event, 'mapping_not_found', 'The session belongs to no conversation here.')
  } else if (thread.control !== 'agent') {
    await tellFailed(tx, mapping, event, takenOver)
    await refuse(tx, origin, event, 'state_violation', takenOver.text)
  } else if (mapping.status !== 'active') {
    const [reason, error] = overBy[mapping.status]
    await refuse(tx, origin, event, reason, error)
  } else await say(deps, tx, { origin, event, mapping, thread, bodies: given.bodies })
}
