/** What each consumed message does, in a transaction of its business. Whatever comes twice changes nothing. */
import ipaddr from 'ipaddr.js'
import type { z } from 'zod'
import type { Channels } from '../conversations/accounts.ts'
import { correlateMessage, ensureMapping, mappingByConversation } from '../conversations/mappings.ts'
import { type Replayer, StillUnfit } from '../conversations/replay.ts'
import { queueReply } from '../conversations/reply.ts'
import { newId } from '../kernel/ids.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { MessageEvent, ReceiptEvent } from '../ports/channel.ts'
import type { DLQReason } from '../ports/state-manager.ts'
import type { ConsumedName, consumed } from './names.ts'

export interface HandlerDeps {
  channels: Channels
  /** Takes in events as intake does. */
  events: Replayer
}

type Payload<N extends ConsumedName> = z.output<(typeof consumed)[N]>
type Handler<N extends ConsumedName> = (deps: HandlerDeps, tx: Tx, payload: Payload<N>) => Promise<() => void>

/** It cannot be done, and trying again would not help: a dead letter with this reason. */
export class Refused extends Error {
  readonly reason: DLQReason
  constructor(reason: DLQReason, text: string) {
    super(text)
    this.name = 'Refused'
    this.reason = reason
  }
}

const nothing = (): void => {}

export const handlers: { [N in ConsumedName]: Handler<N> } = {
  'inbound-message.v1': takeInbound,
  'outbound-message.v1': sayOutbound,
  'status-update.v1': takeStatus,
  'conversation-correlation.v1': async (_deps, tx, payload) => {
    await correlateMessage(tx, payload.whatsapp_message_id, {
      conversationId: payload.conversation_id,
      communicationId: payload.communication_id || null,
    })
    return nothing
  },
}

/** What has to stay in its order: messages of one key are handled one after the other. */
export const orderKeys: { [N in ConsumedName]: (payload: Payload<N>) => string } = {
  'inbound-message.v1': (payload) => payload.wa_id,
  'outbound-message.v1': (payload) => payload.conversation_id,
  'status-update.v1': (payload) => payload.wamid,
  'conversation-correlation.v1': (payload) => payload.whatsapp_message_id,
}

interface AccountFacts {
  id: string
  provider: string
  app_slug: string
  external_id: string
  address: string | null
}

async function accountOf(tx: Tx, phoneNumberId: string | undefined): Promise<AccountFacts> {
  const { rows } = await tx.query<AccountFacts>(
    `SELECT id, provider, app_slug, external_id, address FROM channel_accounts
      WHERE tenant_id = $1 AND removed_at IS NULL AND ($2::text IS NULL OR external_id = $2) LIMIT 2`,
    [tx.tenantId, phoneNumberId ?? null],
  )
  const [account] = rows
  if (!account || rows.length > 1)
    throw new Refused(
      'invalid_payload',
      phoneNumberId
        ? `The business has no number with the id ${phoneNumberId}.`
        : 'phone_number_id is needed: the business has not exactly one number.',
    )
  return account
}

/** Nothing is fetched from it here; what it leads to is shown to people. */
function requirePublic(link: string | undefined): void {
  if (link === undefined) return
  const { protocol, hostname } = new URL(link)
  const host = hostname.replace(/^\[|\]$/g, '')
  const open = ipaddr.isValid(host)
    ? ipaddr.process(host).range() === 'unicast'
    : host.includes('.') && !/\.(local|internal|localhost)$/.test(host)
  if (!open || (protocol !== 'https:' && protocol !== 'http:'))
    throw new Refused('invalid_media_url', `The address of the file is not a public one: ${host}.`)
}

const wordsOf = (text: string | undefined, link: string | undefined): string => [text, link].filter(Boolean).join('\n')

async function takeEvent(
  deps: HandlerDeps,
  tx: Tx,
  account: AccountFacts,
  event: MessageEvent | ReceiptEvent,
): Promise<() => void> {
  const letter = {
    id: newId(),
    tenantId: tx.tenantId,
    source: `webhook:${account.provider}`,
    context: { appSlug: account.app_slug },
  }
  try {
    return await deps.events.replay(tx, letter, event)
  } catch (error) {
    if (error instanceof StillUnfit) throw new Refused('state_violation', error.message)
    throw error
  }
}

async function takeInbound(deps: HandlerDeps, tx: Tx, given: Payload<'inbound-message.v1'>): Promise<() => void> {
  requirePublic(given.media_url)
  const account = await accountOf(tx, given.phone_number_id)
  const text = wordsOf(given.message_text, given.media_url)
  const waId = given.wa_id.replace(/^\+/, '')
  const isPhone = /^\d{6,20}$/.test(waId)
  const after = await takeEvent(deps, tx, account, {
    kind: 'message',
    direction: 'inbound',
    account: account.external_id,
    externalId: given.wamid,
    occurredAt: given.timestamp,
    person: {
      identities: [{ kind: isPhone ? 'wa_id' : 'bsuid', value: waId, scope: isPhone ? '' : 'portfolio' }],
      ...(given.contact_name ? { name: given.contact_name } : {}),
      ...(isPhone ? { phone: `+${waId}` } : {}),
    },
    type: 'text',
    text,
    body: { text },
    media: [],
    opensWindow: true,
    conversational: true,
    metadata: given.media_url ? { media_url: given.media_url } : {},
  })
  await joinSession(tx, given.wamid)
  return after
}

/** The message's session, made where there is none: what is published of it names it. */
export async function joinSession(tx: Tx, wamid: string): Promise<void> {
  const { rows } = await tx.query<{
    id: string
    conversation_id: string
    account_id: string
    external_id: string
    address: string | null
    name: string | null
    who: string | null
  }>(
    `SELECT t.id, t.conversation_id, a.id AS account_id, a.external_id, a.address, k.name, ltrim(coalesce(k.phone,
            (SELECT i.value FROM contact_identities i WHERE i.tenant_id = t.tenant_id AND i.contact_id = c.contact_id ORDER BY i.created_at LIMIT 1)), '+') AS who
       FROM channel_accounts a
       JOIN message_tracking t ON t.tenant_id = a.tenant_id AND t.channel_account_id = a.id AND t.wamid = $2 AND t.direction = 'INBOUND'
       JOIN conversations c ON c.tenant_id = t.tenant_id AND c.id = t.conversation_id
       JOIN contacts k ON k.tenant_id = c.tenant_id AND k.id = c.contact_id
      WHERE a.tenant_id = $1 AND t.mapping_id IS NULL`,
    [tx.tenantId, wamid],
  )
  for (const row of rows) {
    const { mapping } = await ensureMapping(tx, {
      waId: row.who ?? row.conversation_id,
      conversationRef: row.conversation_id,
      accountId: row.account_id,
      phoneNumberId: row.external_id,
      displayPhoneNumber: row.address,
      contactName: row.name,
    })
    await tx.query('UPDATE message_tracking SET mapping_id = $3 WHERE tenant_id = $1 AND id = $2 AND mapping_id IS NULL', [
      ...[tx.tenantId, row.id, mapping.id],
    ])
    await tx.query(
      'UPDATE conversation_mappings SET last_message_id = $3, last_activity_at = greatest(last_activity_at, clock_timestamp()) WHERE tenant_id = $1 AND id = $2',
      [tx.tenantId, mapping.id, wamid],
    )
  }
}

async function sayOutbound(deps: HandlerDeps, tx: Tx, given: Payload<'outbound-message.v1'>): Promise<() => void> {
  requirePublic(given.media_url)
  const mapping = await mappingByConversation(tx, given.conversation_id)
  if (!mapping) throw new Refused('mapping_not_found', 'No session here has this conversation.')
  if (mapping.status === 'closed') throw new Refused('mapping_status_closed', 'The session of this conversation was closed.')
  if (mapping.status === 'expired') throw new Refused('mapping_status_expired', 'The session of this conversation has expired.')
  const known = await tx.query('SELECT FROM message_tracking WHERE tenant_id = $1 AND genesys_message_id = $2', [
    ...[tx.tenantId, given.genesys_message_id],
  ])
  if (known.rowCount) return nothing
  if (!mapping.conversation_ref) throw new Refused('mapping_not_found', 'The session belongs to no conversation here.')
  await requirePeople(tx, mapping.conversation_ref)
  await queueReply(deps, tx, {
    conversationId: mapping.conversation_ref,
    author: { sender: 'agent', actor: 'queue:outbound-message.v1' },
    body: { type: 'text', text: wordsOf(given.message_text, given.media_url) },
    centre: { mappingId: mapping.id, messageId: given.genesys_message_id },
  })
  await tx.query(
    'UPDATE conversation_mappings SET last_activity_at = greatest(last_activity_at, clock_timestamp()) WHERE tenant_id = $1 AND id = $2',
    [tx.tenantId, mapping.id],
  )
  return nothing
}

/** One owner at a time: an agent elsewhere is one of the people; while a machine has the conversation nobody speaks between. */
async function requirePeople(tx: Tx, conversationId: string): Promise<void> {
  const { rows } = await tx.query<{ control: string }>(
    'SELECT control FROM conversations WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE',
    [tx.tenantId, conversationId],
  )
  if (rows[0]?.control === 'bot' || rows[0]?.control === 'ai')
    throw new Refused('state_violation', 'The assistant has this conversation. Take it over first, then send again.')
}

/** What a provider reports; the states of our own are nobody else's to tell. */
const reported = new Set(['sent', 'delivered', 'read', 'failed'])

async function takeStatus(deps: HandlerDeps, tx: Tx, given: Payload<'status-update.v1'>): Promise<() => void> {
  const { rows } = await tx.query<AccountFacts & { direction: string }>(
    `SELECT a.id, a.provider, a.app_slug, a.external_id, a.address, t.direction FROM channel_accounts a
       JOIN message_tracking t ON t.tenant_id = a.tenant_id AND t.channel_account_id = a.id AND t.wamid = $2
      WHERE a.tenant_id = $1 LIMIT 1`,
    [tx.tenantId, given.wamid],
  )
  const [account] = rows
  if (!account) throw new Refused('mapping_not_found', 'No message here has this id.')
  if (!reported.has(given.status) || account.direction === 'INBOUND')
    throw new Refused('state_violation', `A message of this direction cannot become ${given.status} by report.`)
  return await takeEvent(deps, tx, account, {
    kind: 'receipt',
    account: account.external_id,
    externalId: given.wamid,
    occurredAt: given.timestamp,
    status: given.status,
    detail: {},
  })
}
