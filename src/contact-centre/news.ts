/** What a contact centre tells beside agents' messages: what became of our lines, ends, and that somebody types. */
import { appendEvent } from '../conversations/feed.ts'
import { closeMapping, type MappingRow, mappingByConversation, mappingByCustomer } from '../conversations/mappings.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { CentreEvent } from '../ports/contact-centre.ts'

type Of<K extends CentreEvent['kind']> = Extract<CentreEvent, { kind: K }>

/** Published proves that a line has arrived, also where the answer to it was lost. Failed is kept, and people are told. */
export async function takeReceipt(tx: Tx, event: Of<'receipt'>): Promise<void> {
  const failed = event.status.toLowerCase() === 'failed'
  const published = event.status.toLowerCase() === 'published'
  const [error] = event.errors
  const { rows } = await tx.query<{ id: string; conversation_id: string; status: string; was: string }>(
    `WITH line AS (
       SELECT t.id, t.status AS was FROM channel_accounts a JOIN message_tracking t
           ON t.tenant_id = a.tenant_id AND t.channel_account_id = a.id AND t.wamid = $2 AND t.direction = 'INBOUND'
        WHERE a.tenant_id = $1 LIMIT 1)
     UPDATE message_tracking t SET updated_at = clock_timestamp(),
            metadata = coalesce(t.metadata, '{}') || jsonb_build_object('centreReceipts', coalesce(t.metadata -> 'centreReceipts', '[]') || $3::jsonb),
            status = CASE WHEN t.status <> 'received' THEN t.status WHEN $4 THEN 'failed' WHEN $5 THEN 'processed' ELSE t.status END,
            status_at = CASE WHEN t.status = 'received' AND ($4 OR $5) THEN clock_timestamp() ELSE t.status_at END,
            failed_at = CASE WHEN t.status = 'received' AND $4 THEN clock_timestamp() ELSE t.failed_at END,
            error_code = CASE WHEN $4 THEN $6 ELSE t.error_code END, error_text = CASE WHEN $4 THEN $7 ELSE t.error_text END
       FROM line WHERE t.tenant_id = $1 AND t.id = line.id RETURNING t.id, t.conversation_id, t.status, line.was`,
    [
      ...[tx.tenantId, event.messageId],
      JSON.stringify([{ status: event.status, final: event.final, at: event.at, errors: event.errors }]),
      ...[failed, published, error?.code ?? 'failed', error?.text ?? 'The contact centre could not take it.'],
    ],
  )
  const line = rows[0]
  if (!line || (line.status === line.was && !failed)) return
  await appendEvent(tx, {
    type: 'message.status',
    actor: 'centre',
    conversationId: line.conversation_id,
    messageId: line.id,
    data: failed ? { status: line.status, centre: 'failed', code: error?.code, text: error?.text } : { status: line.status },
  })
}

/** The customer's next line begins a new session. */
export async function takeDisconnect(tx: Tx, event: Of<'disconnect'>): Promise<void> {
  const mapping = await sessionOf(tx, event)
  if (mapping?.status === 'active') await closeMapping(tx, mapping.id, event.reason)
}

export async function typingTarget(
  tx: Tx,
  event: Of<'typing'>,
): Promise<{ accountId: string; externalId: string } | undefined> {
  const mapping = await sessionOf(tx, event)
  if (mapping?.status !== 'active' || !mapping.conversation_ref) return undefined
  const { rows } = await tx.query<{ channel_account_id: string; external_id: string | null }>(
    `SELECT channel_account_id, last_inbound_external_id AS external_id FROM conversations WHERE tenant_id = $1 AND id = $2 AND control = 'agent'`,
    [tx.tenantId, mapping.conversation_ref],
  )
  const [row] = rows
  return row?.external_id ? { accountId: row.channel_account_id, externalId: row.external_id } : undefined
}

/** By the contact centre's conversation; by the customer where the body does not say, or has it before we were told. */
export async function sessionOf(
  tx: Tx,
  event: { conversationId: string | null; customerId: string | null },
): Promise<MappingRow | undefined> {
  if (event.conversationId !== null) {
    const known = await mappingByConversation(tx, event.conversationId)
    if (known) return known
  }
  if (event.customerId === null) return undefined
  const theirs = await mappingByCustomer(tx, event.customerId)
  if (event.conversationId === null) return theirs
  return theirs?.status === 'active' && theirs.conversation_id === null ? theirs : undefined
}
