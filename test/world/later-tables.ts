/** A row in each of the tables whose features come later: campaigns, automations, the assistant's memory, a linked device. */
import type { Tx } from '../../src/platform/db/tx.ts'

export const laterTables = [
  'appointments_cache',
  'automation_runs',
  'automations',
  'campaign_recipients',
  'campaigns',
  'dialog_contexts',
  'whatsapp_auth',
  'whatsapp_keys',
] as const

/** `expires`: an interval from now, also a negative one. */
export async function fillLaterTables(tx: Tx, accountId: string, expires = '1 hour'): Promise<void> {
  const { tenantId } = tx
  const one = async (sql: string, values: unknown[]): Promise<string> =>
    (await tx.query<{ id: string }>(`${sql} RETURNING id`, values)).rows[0]?.id ?? ''
  const campaign = await one(
    `INSERT INTO campaigns (tenant_id, name, message, recipients) VALUES ($1, 'Spring', 'Hello', '{+15550001}')`,
    [tenantId],
  )
  await tx.query(
    `INSERT INTO campaign_recipients (tenant_id, campaign_id, given, phone, status, reason) VALUES ($1, $2, '+1 555 0001', '+15550001', 'pending', NULL), ($1, $2, 'abc', NULL, 'skipped', 'invalid')`,
    [tenantId, campaign],
  )
  const automation = await one(
    `INSERT INTO automations (tenant_id, name, trigger_type, action_type) VALUES ($1, 'Thanks', 'manual', 'send_message')`,
    [tenantId],
  )
  await tx.query(
    `INSERT INTO automation_runs (tenant_id, automation_id, status, finished_at) VALUES ($1, $2, 'succeeded', now())`,
    [tenantId, automation],
  )
  await tx.query(`INSERT INTO dialog_contexts (tenant_id, phone, expires_at) VALUES ($1, '+15550001', now() + $2::interval)`, [
    tenantId,
    expires,
  ])
  await tx.query(
    `INSERT INTO appointments_cache (tenant_id, cache_key, appointments, expires_at) VALUES ($1, 'day', '[]', now() + $2::interval)`,
    [tenantId, expires],
  )
  await tx.query(
    `INSERT INTO whatsapp_auth (tenant_id, channel_account_id, credentials, registered) VALUES ($1, $2, 'sealed', true)`,
    [tenantId, accountId],
  )
  await tx.query(
    `INSERT INTO whatsapp_keys (tenant_id, channel_account_id, key_type, key_id, value, expires_at) VALUES ($1, $2, 'session', 'kept', 'sealed', NULL), ($1, $2, 'pre-key', '1', 'sealed', now() + $3::interval)`,
    [tenantId, accountId, expires],
  )
}
