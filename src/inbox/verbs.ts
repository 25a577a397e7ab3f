/** What one can do in the inbox, each in one transaction. Everything a customer gets goes through queueReply. */
import { type Channels, keepCheck, loadConnection, requireAccount } from '../conversations/accounts.ts'
import { contactByPhone, openConversation } from '../conversations/contacts.ts'
import { appendEvent } from '../conversations/feed.ts'
import { handOver } from '../conversations/hand-over.ts'
import { addInternal } from '../conversations/internal-lines.ts'
import { findRepeated, type Queued, queueReply } from '../conversations/reply.ts'
import { signal } from '../conversations/signals.ts'
import { saveTemplates } from '../conversations/templates.ts'
import { notFound, ParleyError } from '../kernel/errors.ts'
import { toE164 } from '../kernel/phone.ts'
import type { Segments } from '../kernel/segments.ts'
import type { FileStore } from '../platform/blobs.ts'
import { type Database, inTenant, type Tx } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import type { Secrets } from '../platform/secrets.ts'
import type { OutboundBody } from '../ports/message.ts'
import type { Actor } from '../tenancy/can.ts'
import { requireContact, requireConversation } from './store.ts'

export interface InboxDeps {
  db: Database
  /** The same database by few connections of their own: a search works long, and lists and threads must not wait for many at once. */
  searching: Database
  channels: Channels
  secrets: Secrets
  files: FileStore
  log: Logger
  /** There is something to send. */
  wakeDispatch: () => void
  /** Somebody else answers a conversation now: whoever takes turns by themselves looks. */
  wakeTurns?: () => void
  /** Something changed for this tenant. */
  changed: (tenantId: string) => void
  now?: () => Date
}

const author = (actor: Actor) => ({
  sender: 'human' as const,
  actor: actor.label,
  ...(actor.userId ? { userId: actor.userId } : {}),
})

/** Runs a change and tells dispatch and listeners once it is committed. */
export async function change<T>(deps: InboxDeps, actor: Actor, work: (tx: Tx) => Promise<T>): Promise<T> {
  const result = await inTenant(deps.db, actor.tenantId, work)
  deps.changed(actor.tenantId)
  return result
}

export async function send(
  deps: InboxDeps,
  actor: Actor,
  given: { conversationId: string; body: OutboundBody; replyTo?: string; idempotencyKey?: string },
): Promise<Queued> {
  const queued = await change(deps, actor, (tx) => queueReply(deps, tx, { ...given, author: author(actor) }))
  return told(deps, queued)
}

/** What could not be sent is kept in the thread, and the caller is told all the same. */
function told(deps: InboxDeps, queued: Queued): Queued {
  if (queued.refused) {
    const { code, message } = queued.refused
    throw new ParleyError(code, message, { messageId: queued.messageId })
  }
  deps.wakeDispatch()
  return queued
}

/** Writes to somebody who may never have written: finds or makes the contact and the conversation. */
export async function start(
  deps: InboxDeps,
  actor: Actor,
  given: {
    accountId: string
    to: { phone?: string; contactId?: string }
    body: OutboundBody
    replyTo?: string
    idempotencyKey?: string
  },
): Promise<Queued> {
  const queued = await change(deps, actor, async (tx) => {
    const { idempotencyKey, ...request } = given
    const repeated = idempotencyKey ? await findRepeated(tx, idempotencyKey, request) : undefined
    if (repeated) return { messageId: repeated, fresh: false }
    const account = await requireAccount(tx, given.accountId)
    const contactId = given.to.contactId
      ? (await requireContact(tx, given.to.contactId)).id
      : await contactOf(tx, given.to.phone, account.country)
    const conversationId = await openConversation(tx, account.id, contactId)
    return await queueReply(deps, tx, {
      conversationId,
      author: author(actor),
      body: given.body,
      replyTo: given.replyTo,
      idempotencyKey,
      request,
    })
  })
  return told(deps, queued)
}

async function contactOf(tx: Tx, phone: string | undefined, country: string): Promise<string> {
  if (!phone) throw new ParleyError('invalid_request', 'Say whom to write to: `to.phone` or `to.contactId`.')
  const e164 = toE164(phone, country)
  if (!e164)
    throw new ParleyError(
      'invalid_request',
      `${phone} is not a phone number. Write it with its country code, for example +16505550123.`,
    )
  return await contactByPhone(tx, e164)
}

/**
 * A new attempt on the same message. What is `unknown` may have reached the customer: sending again needs `acceptDuplicate`.
 * The receipts of earlier attempts stay; only one that proves delivery still counts.
 */
export async function retry(
  deps: InboxDeps,
  actor: Actor,
  given: { messageId: string; acceptDuplicate: boolean },
): Promise<void> {
  await change(deps, actor, async (tx) => {
    const { rows } = await tx.query<{
      status: string
      send_outcome: string | null
      conversation_id: string
      channel_account_id: string
    }>(
      `SELECT status, send_outcome, conversation_id, channel_account_id FROM message_tracking WHERE tenant_id = $1 AND id = $2 AND direction = 'OUTBOUND' FOR NO KEY UPDATE`,
      [tx.tenantId, given.messageId],
    )
    const message = rows[0]
    if (!message) throw notFound('The message')
    if (message.send_outcome === 'unknown' && !given.acceptDuplicate) {
      throw new ParleyError(
        'duplicate_risk',
        'Nobody knows whether the customer got this message. Send it again only if a second copy does no harm (acceptDuplicate).',
      )
    }
    if (message.status !== 'failed' && message.send_outcome !== 'unknown') {
      throw new ParleyError('not_retryable', `The message is ${message.status}: there is nothing to try again.`)
    }
    await tx.query(
      'UPDATE provider_refs SET superseded = true WHERE tenant_id = $1 AND channel_account_id = $2 AND message_id = $3',
      [tx.tenantId, message.channel_account_id, given.messageId],
    )
    await tx.query(
      `UPDATE message_tracking SET status = 'queued', status_at = now(), send_outcome = NULL, wamid = NULL, error_code = NULL, error_text = NULL, failed_at = NULL, updated_at = now() WHERE tenant_id = $1 AND id = $2`,
      [tx.tenantId, given.messageId],
    )
    await tx.query(
      `INSERT INTO conversation_lanes (tenant_id, conversation_id, kind, channel_account_id, ready_at) VALUES ($1, $2, 'send', $3, clock_timestamp())
       ON CONFLICT (tenant_id, conversation_id, kind) DO UPDATE SET ready_at = least(conversation_lanes.ready_at, excluded.ready_at)`,
      [tx.tenantId, message.conversation_id, message.channel_account_id],
    )
    await appendEvent(tx, {
      type: 'message.retried',
      actor: actor.label,
      conversationId: message.conversation_id,
      messageId: given.messageId,
    })
  })
  deps.wakeDispatch()
}

/** Status and assignee, each change with a line in the thread. */
export async function patch(
  deps: InboxDeps,
  actor: Actor,
  id: string,
  given: { status?: 'open' | 'closed' | 'archived'; assigneeId?: string | null },
): Promise<void> {
  await change(deps, actor, async (tx) => {
    const before = await requireConversation(tx, id)
    await tx.query('SELECT FROM conversations WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE', [tx.tenantId, id])
    if (given.assigneeId !== undefined && given.assigneeId !== before.assignee_id) {
      const name = given.assigneeId === null ? null : await memberName(tx, given.assigneeId)
      await tx.query('UPDATE conversations SET assignee_id = $3, updated_at = now() WHERE tenant_id = $1 AND id = $2', [
        tx.tenantId,
        id,
        given.assigneeId,
      ])
      await addInternal(tx, {
        conversationId: id,
        type: 'activity',
        text: null,
        body: {
          event: name === null ? 'unassigned' : 'assigned',
          data: { assignee: name === null ? null : { id: given.assigneeId, name } },
        },
        actor,
      })
    }
    if (given.status && given.status !== before.status) {
      await setStatus(tx, id, given.status)
      if (given.status !== 'open') await letGo(tx, id, actor)
      await addInternal(tx, {
        conversationId: id,
        type: 'activity',
        text: null,
        body: { event: given.status === 'open' ? 'reopened' : given.status, data: {} },
        actor,
      })
    }
  })
}

async function memberName(tx: Tx, userId: string): Promise<string> {
  const { rows } = await tx.query<{ name: string }>(
    `SELECT coalesce(nullif(trim(concat(first_name, ' ', last_name)), ''), email, '…') AS name FROM user_profiles WHERE tenant_id = $1 AND user_id = $2`,
    [tx.tenantId, userId],
  )
  if (!rows[0]) throw notFound('The colleague')
  return rows[0].name
}

async function setStatus(tx: Tx, id: string, status: 'open' | 'closed' | 'archived'): Promise<void> {
  try {
    await tx.query(
      `UPDATE conversations SET status = $3, closed_at = CASE WHEN $3 = 'open' THEN NULL ELSE coalesce(closed_at, now()) END, updated_at = now() WHERE tenant_id = $1 AND id = $2`,
      [tx.tenantId, id, status],
    )
  } catch (error) {
    if ((error as { code?: string }).code !== '23505') throw error
    throw new ParleyError('conflict', 'A newer conversation with this customer is open already. Go on there.')
  }
}

/** Who closes a conversation that the assistant may answer lets go of it: what the customer writes next is anybody's again. */
async function letGo(tx: Tx, id: string, actor: Actor): Promise<void> {
  const { rows } = await tx.query<{ answerer: string }>(
    `SELECT a.answerer FROM conversations c JOIN channel_accounts a ON a.tenant_id = c.tenant_id AND a.id = c.channel_account_id
      WHERE c.tenant_id = $1 AND c.id = $2`,
    [tx.tenantId, id],
  )
  if (rows[0]?.answerer !== 'assistant') return
  await handOver(tx, { conversationId: id, to: 'none', reason: 'Closed.', actor: actor.label, userId: actor.userId })
}

/** Gives a conversation to people, the contact centre, the assistant or the rules. Who has it already keeps it. */
export async function giveTo(
  deps: InboxDeps,
  actor: Actor,
  id: string,
  given: { to: 'human' | 'agent' | 'ai' | 'bot'; reason?: string },
): Promise<void> {
  await change(deps, actor, async (tx) => {
    await requireConversation(tx, id)
    if (given.to === 'agent') await requireCentre(tx)
    await handOver(tx, {
      conversationId: id,
      to: given.to,
      reason: given.reason ?? '',
      actor: actor.label,
      ...(actor.userId ? { userId: actor.userId } : {}),
    })
  })
  deps.wakeTurns?.()
}

async function requireCentre(tx: Tx): Promise<void> {
  const { rowCount } = await tx.query('SELECT FROM contact_centres WHERE tenant_id = $1', [tx.tenantId])
  if (!rowCount) throw new ParleyError('conflict', 'This business has no contact centre that could take the conversation.')
}

/** Read by the team; the customer sees the blue ticks, if the channel shows such. A provider that is away changes nothing for us. */
export async function markRead(deps: InboxDeps, actor: Actor, id: string): Promise<void> {
  const unread = await change(deps, actor, async (tx) => {
    const { rows } = await tx.query<{ channel_account_id: string; external_id: string | null }>(
      `UPDATE conversations SET unread_count = 0, updated_at = now() WHERE tenant_id = $1 AND id = $2 AND unread_count > 0
       RETURNING channel_account_id, last_inbound_external_id AS external_id`,
      [tx.tenantId, id],
    )
    if (!rows[0]) {
      await requireConversation(tx, id)
      return null
    }
    await appendEvent(tx, { type: 'conversation.read', actor: actor.label, conversationId: id })
    return rows[0].external_id ? { accountId: rows[0].channel_account_id, externalId: rows[0].external_id } : null
  })
  if (unread) void signal(deps, actor.tenantId, unread, false)
}

/** Shows the customer that somebody is typing, where the channel can. */
export async function showTyping(deps: InboxDeps, actor: Actor, id: string): Promise<void> {
  const target = await inTenant(deps.db, actor.tenantId, async (tx) => {
    const { rows } = await tx.query<{ channel_account_id: string; external_id: string | null }>(
      'SELECT channel_account_id, last_inbound_external_id AS external_id FROM conversations WHERE tenant_id = $1 AND id = $2',
      [tx.tenantId, id],
    )
    if (!rows[0]) throw notFound('The conversation')
    return rows[0].external_id ? { accountId: rows[0].channel_account_id, externalId: rows[0].external_id } : null
  })
  if (target) void signal(deps, actor.tenantId, target, true)
}

/** Replaces our copy of an account's templates by what the provider has. */
export async function syncTemplates(deps: InboxDeps, tenantId: string, accountId: string): Promise<number> {
  const { connection, account } = await inTenant(deps.db, tenantId, async (tx) => ({
    account: await requireAccount(tx, accountId),
    connection: await loadConnection(tx, deps.secrets, accountId),
  }))
  const sync = deps.channels.get(account.provider)?.syncTemplates
  if (!sync) throw new ParleyError('unsupported_by_channel', 'This channel has no templates.')
  const templates = await sync(connection, { signal: AbortSignal.timeout(60_000) }).catch((error: Error) => {
    throw new ParleyError('provider_failed', `The templates could not be read: ${error.message}`)
  })
  await inTenant(deps.db, tenantId, (tx) => saveTemplates(tx, accountId, templates))
  deps.changed(tenantId)
  return templates.length
}

/** A draft, as it would be sent. */
export async function countSegments(deps: InboxDeps, tenantId: string, accountId: string, text: string): Promise<Segments> {
  const { provider } = await inTenant(deps.db, tenantId, (tx) => requireAccount(tx, accountId))
  const count = deps.channels.get(provider)?.countSegments
  if (!count) throw new ParleyError('unsupported_by_channel', 'Texts on this channel are not counted by the piece.')
  return count(text)
}

/** Asks the provider; an account that was stopped and works again goes on with its queue. */
export async function checkAccount(deps: InboxDeps, actor: Actor, accountId: string) {
  const { connection, account } = await inTenant(deps.db, actor.tenantId, async (tx) => ({
    account: await requireAccount(tx, accountId),
    connection: await loadConnection(tx, deps.secrets, accountId),
  }))
  const check = deps.channels.get(account.provider)?.check
  if (!check) return account
  const found = await check(connection, { signal: AbortSignal.timeout(20_000) })
  const checked = await change(deps, actor, async (tx) => {
    await keepCheck(tx, deps.secrets, connection, found)
    return await requireAccount(tx, accountId)
  })
  deps.wakeDispatch()
  return checked
}
