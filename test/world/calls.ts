/** A number, its messaging service, a call and the lead that came of it, as rows, for tests of what is done to all tables. */
import type { Tx } from '../../src/platform/db/tx.ts'

export const callTables = ['calls', 'leads', 'messaging_services', 'number_providers', 'phone_numbers'] as const

/** `startedAt`: an interval from now, usually a negative one. Answers with the id of the call. */
export async function fillCalls(
  tx: Tx,
  given: { accountId: string; conversationId: string; startedAt?: string },
): Promise<string> {
  const { tenantId } = tx
  const one = async (sql: string, values: unknown[]): Promise<string> =>
    (await tx.query<{ id: string }>(`${sql} RETURNING id`, values)).rows[0]?.id ?? ''
  const number = await one(
    `INSERT INTO phone_numbers (tenant_id, channel_account_id, phone_number, phone_number_sid, voice_webhook_url, sms_webhook_url)
     VALUES ($1, $2, '+15550100009', 'PN1', 'https://x.example/voice', 'https://x.example/sms')`,
    [tenantId, given.accountId],
  )
  await tx.query(
    `INSERT INTO messaging_services (tenant_id, phone_number_id, messaging_service_sid, friendly_name, inbound_webhook_url)
     VALUES ($1, $2, 'MG1', 'Texts', 'https://x.example/sms')`,
    [tenantId, number],
  )
  await tx.query('INSERT INTO number_providers (tenant_id, account_sid, app_slug) VALUES ($1, $2, $3)', [
    tenantId,
    `AC${'1'.repeat(32)}`,
    'app-of-numbers',
  ])
  const call = await one(
    `INSERT INTO calls (tenant_id, call_sid, channel_account_id, contact_id, customer_phone, business_phone, status, outcome, outcome_by, start_time, conversation_id)
     SELECT $1, 'CA1', $2, c.contact_id, '+16505550101', '+15550100009', 'missed', 'no_answer', 'dialled', now() + $4::interval, c.id
       FROM conversations c WHERE c.tenant_id = $1 AND c.id = $3`,
    [tenantId, given.accountId, given.conversationId, given.startedAt ?? '0'],
  )
  const lead = await one(
    `INSERT INTO leads (tenant_id, contact_id, conversation_id, call_id, origin, customer_phone)
     SELECT $1, c.contact_id, c.id, $3, 'call', '+16505550101' FROM conversations c WHERE c.tenant_id = $1 AND c.id = $2`,
    [tenantId, given.conversationId, call],
  )
  await tx.query('UPDATE calls SET lead_id = $2 WHERE tenant_id = $1', [tenantId, lead])
  await tx.query('UPDATE conversations SET call_id = $3, lead_id = $4 WHERE tenant_id = $1 AND id = $2', [
    tenantId,
    given.conversationId,
    call,
    lead,
  ])
  return call
}
