/** What the API shows and changes of sessions: their messages, numbers about them, a conversation's context. */

import { appendEvent } from '../conversations/feed.ts'
import type { MappingRow } from '../conversations/mappings.ts'
import { notFound, ParleyError } from '../kernel/errors.ts'
import { isValidStateTransition, type MessageStatus } from '../kernel/message-states.ts'
import { cleanJson } from '../kernel/text.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { MappingResponse } from '../ports/state-manager.ts'

export const mappingView = (row: MappingRow, isNew = false): MappingResponse => ({
  waId: row.wa_id,
  conversationId: row.conversation_id,
  contactName: row.contact_name,
  phoneNumberId: row.phone_number_id,
  displayPhoneNumber: row.display_phone_number,
  communicationId: row.communication_id,
  lastActivityAt: row.last_activity_at.toISOString(),
  status: row.status,
  isNew,
  internalId: row.id,
})

export interface TrackingRow {
  id: string
  mapping_id: string
  wamid: string | null
  genesys_message_id: string | null
  direction: 'INBOUND' | 'OUTBOUND'
  status: MessageStatus | 'sending'
  media_url: string | null
  created_at: Date
  updated_at: Date
  delivered_at: Date | null
  metadata: Record<string, unknown> | null
}

/** Oldest first. */
export async function messagesOf(tx: Tx, mappingId: string, page: { cursor?: string; limit: number }): Promise<TrackingRow[]> {
  const { rows } = await tx.query<TrackingRow>(
    `SELECT id, mapping_id, wamid, genesys_message_id, direction, status, media_url, created_at, updated_at, delivered_at, metadata
       FROM message_tracking WHERE tenant_id = $1 AND mapping_id = $2 AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $4`,
    [tx.tenantId, mappingId, page.cursor ?? null, page.limit],
  )
  return rows
}

export const trackingView = (row: TrackingRow) => ({
  ...row,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
  delivered_at: row.delivered_at?.toISOString() ?? null,
  metadata: row.metadata ?? {},
})

/** The number somebody writes to; the main one where none is named. */
export async function accountFor(
  tx: Tx,
  phoneNumberId: string | undefined,
): Promise<{ id: string; external_id: string; address: string | null }> {
  const { rows } = await tx.query<{ id: string; external_id: string; address: string | null }>(
    `SELECT id, external_id, address FROM channel_accounts WHERE tenant_id = $1 AND removed_at IS NULL AND ($2::text IS NULL OR external_id = $2)
      ORDER BY is_default DESC, created_at LIMIT 1`,
    [tx.tenantId, phoneNumberId ?? null],
  )
  if (!rows[0]) throw notFound('The number')
  return rows[0]
}

/** The open conversation with a customer at a number, if there is one. */
export async function threadOf(tx: Tx, accountId: string, waId: string): Promise<string | null> {
  const { rows } = await tx.query<{ id: string }>(
    `SELECT c.id FROM contact_identities i
       JOIN conversations c ON c.tenant_id = i.tenant_id AND c.contact_id = i.contact_id AND c.channel_account_id = $2 AND c.status = 'open'
      WHERE i.tenant_id = $1 AND i.kind IN ('wa_id', 'bsuid', 'phone') AND i.value = $3 LIMIT 1`,
    [tx.tenantId, accountId, waId],
  )
  return rows[0]?.id ?? null
}

export interface Tracked {
  id: string
  direction: 'INBOUND' | 'OUTBOUND'
  status: string
  conversation_id: string
  provider: string
  app_slug: string
  account: string
}

export async function requireTracked(tx: Tx, wamid: string): Promise<Tracked> {
  const { rows } = await tx.query<Tracked>(
    `SELECT t.id, t.direction, t.status, t.conversation_id, a.provider, a.app_slug, a.external_id AS account
       FROM channel_accounts a JOIN message_tracking t ON t.tenant_id = a.tenant_id AND t.channel_account_id = a.id AND t.wamid = $2
      WHERE a.tenant_id = $1 LIMIT 1`,
    [tx.tenantId, wamid],
  )
  if (!rows[0]) throw notFound('A message with this id')
  return rows[0]
}

/** A customer's line: received → processed or failed, and nothing else. */
export async function moveInbound(tx: Tx, tracked: Tracked, status: MessageStatus, at: Date): Promise<void> {
  if (!isValidStateTransition(tracked.status as MessageStatus, status))
    throw new ParleyError('conflict', `A message that is ${tracked.status} cannot become ${status}.`)
  const { rowCount } = await tx.query(
    `UPDATE message_tracking SET status = $3, status_at = $4, failed_at = CASE WHEN $3 = 'failed' THEN $4 ELSE failed_at END, updated_at = now()
      WHERE tenant_id = $1 AND id = $2 AND status = $5 AND status <> $3`,
    [tx.tenantId, tracked.id, status, at, tracked.status],
  )
  if (rowCount)
    await appendEvent(tx, {
      type: 'message.status',
      actor: 'system',
      conversationId: tracked.conversation_id,
      messageId: tracked.id,
      data: { status },
    })
}

export async function mappingStats(tx: Tx) {
  const { rows } = await tx.query<{
    active: number
    closed: number
    expired: number
    uncorrelated: number
    waiting: number
    owed: number
    letters: number
  }>(
    `SELECT (SELECT count(*)::int FROM conversation_mappings WHERE tenant_id = $1 AND status = 'active') AS active,
            (SELECT count(*)::int FROM conversation_mappings WHERE tenant_id = $1 AND status = 'closed') AS closed,
            (SELECT count(*)::int FROM conversation_mappings WHERE tenant_id = $1 AND status = 'expired') AS expired,
            (SELECT count(*)::int FROM conversation_mappings WHERE tenant_id = $1 AND status = 'active' AND conversation_id IS NULL) AS uncorrelated,
            (SELECT count(*)::int FROM conversation_lanes WHERE tenant_id = $1 AND kind = 'bridge' AND ready_at IS NOT NULL) AS waiting,
            (SELECT count(*)::int FROM message_tracking WHERE tenant_id = $1 AND centre_owed) AS owed,
            (SELECT count(*)::int FROM dead_letters WHERE tenant_id = $1 AND resolved_at IS NULL AND source IN ('webhook:genesys', 'correlation')) AS letters`,
    [tx.tenantId],
  )
  const row = rows[0]
  return {
    mappings: { active: row?.active ?? 0, closed: row?.closed ?? 0, expired: row?.expired ?? 0 },
    uncorrelated: row?.uncorrelated ?? 0,
    waiting: row?.waiting ?? 0,
    receiptsOwed: row?.owed ?? 0,
    deadLetters: row?.letters ?? 0,
  }
}

export async function readContext(tx: Tx, conversationId: string): Promise<Record<string, unknown>> {
  const { rows } = await tx.query<{ key: string; value: unknown }>(
    `SELECT x.key, x.value FROM conversations c LEFT JOIN conversation_context x ON x.tenant_id = c.tenant_id AND x.conversation_id = c.id
      WHERE c.tenant_id = $1 AND c.id = $2 ORDER BY x.key`,
    [tx.tenantId, conversationId],
  )
  if (rows.length === 0) throw notFound('The conversation')
  return Object.fromEntries(rows.filter(({ key }) => key !== null).map(({ key, value }) => [key, value]))
}

/** null removes a key. */
export async function writeContext(tx: Tx, conversationId: string, given: Record<string, unknown>): Promise<void> {
  const { rowCount } = await tx.query('SELECT FROM conversations WHERE tenant_id = $1 AND id = $2 FOR KEY SHARE', [
    tx.tenantId,
    conversationId,
  ])
  if (!rowCount) throw notFound('The conversation')
  const gone = Object.keys(given).filter((key) => given[key] === null)
  const kept = Object.entries(given).filter(([, value]) => value !== null)
  await tx.query('DELETE FROM conversation_context WHERE tenant_id = $1 AND conversation_id = $2 AND key = ANY ($3)', [
    tx.tenantId,
    conversationId,
    gone,
  ])
  await tx.query(
    `INSERT INTO conversation_context (tenant_id, conversation_id, key, value)
     SELECT $1, $2, u.key, u.value::jsonb FROM unnest($3::text[], $4::text[]) AS u(key, value) ORDER BY u.key
     ON CONFLICT (tenant_id, conversation_id, key) DO UPDATE SET value = excluded.value`,
    [tx.tenantId, conversationId, kept.map(([key]) => key), kept.map(([, value]) => JSON.stringify(cleanJson(value)))],
  )
}
