/** What an agent wrote: to the session it belongs to, in the agent's order, through the one way to customers. */

import { bodiesOf, type CentreBody } from '../conversations/centre-bodies.ts'
import { addInternal } from '../conversations/internal-lines.ts'
import { addTask, correlate, type MappingRow, mappingById } from '../conversations/mappings.ts'
import { queueReply } from '../conversations/reply.ts'
import { ParleyError } from '../kernel/errors.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { OutboundBody } from '../ports/message.ts'
import type { DLQReason } from '../ports/state-manager.ts'
import type { AgentMessage, CentreDeps } from './deps.ts'
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
  parts: CentreBody[]
}

export interface Thread {
  id: string
  control: string
  provider: string
}

/** What has to be looked after once this is committed; `refused`: nothing was done, for this reason. */
export interface Taken {
  said?: boolean
  tasks?: boolean
  refused?: Refused
}
interface Refused {
  reason: DLQReason
  error: string
}

/** `session`: where it is known whose it is; else the event says it. */
export async function takeAgentMessage(
  deps: CentreDeps,
  tx: Tx,
  origin: Origin,
  event: AgentMessage,
  session?: MappingRow,
): Promise<Taken> {
  const mapping = session ?? (await sessionOf(tx, event))
  if (!mapping) return { refused: { reason: 'mapping_not_found', error: 'No session here has this conversation.' } }
  if (await isKnown(tx, event.messageId)) return {}
  const open = await openThread(tx, mapping, event)
  if ('refused' in open) return open
  const { thread } = open
  if (mapping.conversation_id === null && event.conversationId !== null)
    await correlate(tx, mapping.id, { conversationId: event.conversationId })
  await tx.query(
    'UPDATE conversation_mappings SET last_activity_at = greatest(last_activity_at, clock_timestamp()) WHERE tenant_id = $1 AND id = $2',
    [tx.tenantId, mapping.id],
  )
  const channel = deps.channels.get(thread.provider)
  const parts = channel ? bodiesOf(event, channel.capabilities) : []
  if (parts.length === 0) return { refused: { reason: 'invalid_payload', error: 'There is nothing in it that could be sent.' } }
  if (parts.some(isFile) || (await othersWait(tx, thread.id))) {
    const saying: Saying = { origin, event, parts }
    await addTask(tx, { kind: 'say', mappingId: mapping.id, conversationId: thread.id, payload: saying })
    return { tasks: true }
  }
  await say(deps, tx, { origin, event, mapping, thread, bodies: parts as OutboundBody[] })
  return { said: true, tasks: true }
}

/** The conversation, locked, if session and conversation are the agents'. */
async function openThread(
  tx: Tx,
  mapping: MappingRow,
  event: AgentMessage,
): Promise<{ thread: Thread } | { refused: Refused }> {
  if (mapping.status !== 'active') return { refused: overBy[mapping.status] }
  const thread = await lockThread(tx, mapping)
  if (!thread) return { refused: { reason: 'mapping_not_found', error: 'The session belongs to no conversation here.' } }
  if (thread.control === 'agent') return { thread }
  await tellFailed(tx, mapping, event, takenOver)
  return { refused: { reason: 'state_violation', error: takenOver.text } }
}

export const isFile = (part: CentreBody): part is Extract<CentreBody, { attachment: unknown }> => 'attachment' in part

const overBy: Record<'closed' | 'expired', Refused> = {
  closed: { reason: 'mapping_status_closed', error: 'The session of this conversation was closed.' },
  expired: { reason: 'mapping_status_expired', error: 'The session of this conversation has expired.' },
}
const takenOver = { code: 'taken_over', text: 'Somebody else answers this customer now.' }

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
      const { refused } = await queueReply(deps, tx, {
        conversationId: thread.id,
        author: { sender: 'agent', actor: `centre:${given.origin.centre}` },
        body,
        // Several parts are one message over there: it has arrived when the last one has.
        centre: { mappingId: mapping.id, ...(n === last ? { messageId: event.messageId } : {}) },
      })
      if (refused) throw refused
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

/** What waited for its files is said, if session and conversation are still the agents'. */
export async function sayWaiting(
  deps: CentreDeps,
  tx: Tx,
  given: { saying: Saying; mapping: MappingRow; bodies: readonly OutboundBody[] },
): Promise<Refused | undefined> {
  const { origin, event } = given.saying
  const mapping = (await mappingById(tx, given.mapping.id)) ?? given.mapping
  const open = await openThread(tx, mapping, event)
  if ('refused' in open) return open.refused
  await say(deps, tx, { origin, event, mapping, thread: open.thread, bodies: given.bodies })
  return undefined
}
