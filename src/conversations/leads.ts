/** What may become of a contact. A contact has one lead that is not at its end, wherever it began. */
import { newId } from '../kernel/ids.ts'
import type { Client } from '../platform/db/pool.ts'
import type { Tx } from '../platform/db/tx.ts'
import { appendEvent } from './feed.ts'

export interface LeadStart {
  contactId: string
  conversationId: string
  callId?: string
  /** call, or the channel of the first words. */
  origin: string
  /** E.164; null where the caller hides it. */
  phone: string | null
  name?: string | null
  actor: string
}

/**
 * The lead of the contact that is not at its end, made where there is none, and known to the conversation. Two that ask at once
 * get the same one: `fresh` for whoever made it.
 */
export async function ensureLead(tx: Tx, given: LeadStart): Promise<{ id: string; fresh: boolean }> {
  const made = await tx.query<{ id: string }>(
    `INSERT INTO leads (tenant_id, id, contact_id, conversation_id, call_id, origin, customer_phone, customer_name)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (tenant_id, contact_id) WHERE status NOT IN ('completed', 'lost') DO NOTHING RETURNING id`,
    [
      ...[tx.tenantId, newId(), given.contactId, given.conversationId, given.callId ?? null],
      ...[given.origin, given.phone, given.name ?? null],
    ],
  )
  const fresh = made.rows.length === 1
  const id = made.rows[0]?.id ?? (await openLead(tx, given.contactId))
  // Ended between the two statements: then a new one may be made.
  if (!id) return await ensureLead(tx, given)
  await tx.query('UPDATE conversations SET lead_id = $3 WHERE tenant_id = $1 AND id = $2 AND lead_id IS DISTINCT FROM $3', [
    tx.tenantId,
    given.conversationId,
    id,
  ])
  if (fresh)
    await appendEvent(tx, {
      ...{ type: 'lead.created', actor: given.actor, conversationId: given.conversationId },
      data: { leadId: id, origin: given.origin, contactId: given.contactId },
    })
  return { id, fresh }
}

async function openLead(tx: Tx, contactId: string): Promise<string | undefined> {
  const { rows } = await tx.query<{ id: string }>(
    `SELECT id FROM leads WHERE tenant_id = $1 AND contact_id = $2 AND status NOT IN ('completed', 'lost')`,
    [tx.tenantId, contactId],
  )
  return rows[0]?.id
}

export interface LeadLine {
  tenantId: string
  messageId: string
}

/**
 * Lines of strangers, in the transaction that stored them: who has no lead gets one, where the business wants that, and the first
 * words of a lead say what it is about.
 */
export async function receiveLeads(client: Pick<Client, 'query'>, now: Date, lines: readonly LeadLine[]): Promise<void> {
  if (lines.length === 0) return
  await client.query('SELECT parley.receive_leads($1, $2, $3)', [
    now,
    lines.map(({ tenantId }) => tenantId),
    lines.map(({ messageId }) => messageId),
  ])
}
