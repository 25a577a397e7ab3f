/** Whom a reply goes to and what decides whether it may, read under the conversation's lock. */
import { notFound, ParleyError } from '../kernel/errors.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { OutboundBody } from '../ports/message.ts'
import type { Control } from './turn-rules.ts'
import type { Registration } from './window.ts'

export interface Target {
  contact_id: string
  channel_account_id: string
  channel: string
  provider: string
  status: string
  control: Control
  state: string
  state_text: string | null
  removed: boolean
  window_expires_at: Date | null
  contact_status: 'active' | 'blocked' | 'inactive'
  phone: string | null
  registration: Registration
  opted_out: boolean
  no_marketing: boolean
}

const newestConsent = (topic: string): string =>
  `coalesce((SELECT s.state FROM consents s WHERE s.tenant_id = c.tenant_id AND s.contact_id = c.contact_id AND s.channel = c.channel
     AND s.topic = '${topic}' ORDER BY s.occurred_at DESC, s.id DESC LIMIT 1) = 'opted_out', false)`

/** Throws not_found; opens a closed conversation again. An account that is being removed is waited for: it fails what waits for it. */
export async function lockTarget(tx: Tx, conversationId: string): Promise<Target> {
  const { rows } = await tx.query<Target>(
    `SELECT c.contact_id, c.channel_account_id, c.channel, a.provider, c.status, c.control, a.state, a.state_text, a.removed_at IS NOT NULL AS removed, c.window_expires_at,
            k.status AS contact_status, k.phone, a.registration, ${newestConsent('all')} AS opted_out, ${newestConsent('marketing')} AS no_marketing
       FROM conversations c JOIN channel_accounts a ON a.tenant_id = c.tenant_id AND a.id = c.channel_account_id
       JOIN contacts k ON k.tenant_id = c.tenant_id AND k.id = c.contact_id
      WHERE c.tenant_id = $1 AND c.id = $2 FOR NO KEY UPDATE OF c FOR KEY SHARE OF a`,
    [tx.tenantId, conversationId],
  )
  if (!rows[0]) throw notFound('The conversation')
  if (rows[0].status !== 'open') await reopen(tx, conversationId)
  return rows[0]
}

/** Writing into a closed conversation reopens it, visibly; where a newer one is open with this customer, that is the place. */
async function reopen(tx: Tx, conversationId: string): Promise<void> {
  const { rowCount } = await tx
    .query(
      `UPDATE conversations c SET status = 'open', closed_at = NULL, updated_at = now()
      WHERE c.tenant_id = $1 AND c.id = $2 AND NOT EXISTS (
        SELECT FROM conversations o WHERE o.tenant_id = c.tenant_id AND o.channel_account_id = c.channel_account_id
           AND o.contact_id = c.contact_id AND o.status = 'open')`,
      [tx.tenantId, conversationId],
    )
    .catch((error: Error & { code?: string }) => {
      // Somebody opened a newer one between the look and the change.
      if (error.code === '23505') return { rowCount: 0 }
      throw error
    })
  if (!rowCount)
    throw new ParleyError(
      'conflict',
      'This conversation is closed and a newer one with the same customer is open. Write there.',
    )
  await tx.query(
    `INSERT INTO events (tenant_id, type, conversation_id, actor) VALUES ($1, 'conversation.reopened', $2, 'system')`,
    [tx.tenantId, conversationId],
  )
}

export async function requireAddress(tx: Tx, contactId: string): Promise<void> {
  const { rowCount } = await tx.query('SELECT FROM contact_identities WHERE tenant_id = $1 AND contact_id = $2 LIMIT 1', [
    tx.tenantId,
    contactId,
  ])
  if (!rowCount)
    throw new ParleyError('no_address', 'There is no address to send to: this contact has no number or id on this channel.')
}

/** Advertising is what a campaign sends, and a template that its provider calls so. Only asked where somebody wants none. */
export async function isMarketing(tx: Tx, accountId: string, sender: string, body: OutboundBody): Promise<boolean> {
  if (sender === 'campaign') return true
  if (body.type !== 'template') return false
  const { rowCount } = await tx.query(
    `SELECT FROM templates WHERE tenant_id = $1 AND channel_account_id = $2 AND name = $3 AND language = $4 AND category = 'marketing'`,
    [tx.tenantId, accountId, body.name, body.language],
  )
  return (rowCount ?? 0) > 0
}
