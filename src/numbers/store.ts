/** Numbers in the database. What a worker writes carries its token: one that was overtaken finds no row. */
import { newId } from '../kernel/ids.ts'
import type { Tx } from '../platform/db/tx.ts'
import { makeBusinessSettings } from '../tenancy/tenants.ts'
import type { Progress } from './rules.ts'

export interface NumberRow extends Progress {
  id: string
  slot: number
  phone_number: string
  friendly_name: string | null
  area_code: string | null
  region: string | null
  country: string
  number_type: string
  capabilities: string[]
  status_reason: string | null
  failure_code: string | null
  waiting_for: string | null
  waiting_since: Date | null
  attempts: number
  due_at: Date | null
  token: string
  account_sid: string | null
  address_sid: string | null
  bundle_sid: string | null
  voice_webhook_url: string
  sms_webhook_url: string
  status_callback_url: string | null
  monthly_price_cents: number | null
  currency: string
  date_provisioned: Date | null
  date_released: Date | null
  requested_by: string
  created_at: Date
  updated_at: Date
}

const columns = `id, slot, phone_number, phone_number_sid, messaging_service_sid, channel_account_id, friendly_name, area_code, region, country, number_type,
  capabilities, status, status_reason, failure_code, wanted, asked_at, webhooks_configured, service_ready, given_back_at, waiting_for, waiting_since, attempts, due_at,
  token, account_sid, address_sid, bundle_sid, voice_webhook_url, sms_webhook_url, status_callback_url, monthly_price_cents, currency, date_provisioned,
  date_released, requested_by, created_at, updated_at`

/** Newest first, those that are there before those that were. */
export async function listNumbers(tx: Tx): Promise<NumberRow[]> {
  const { rows } = await tx.query<NumberRow>(
    `SELECT ${columns} FROM phone_numbers WHERE tenant_id = $1 ORDER BY status = 'released', created_at DESC, id DESC LIMIT 200`,
    [tx.tenantId],
  )
  return rows
}

export async function findNumber(tx: Tx, id: string, lock = ''): Promise<NumberRow | undefined> {
  const { rows } = await tx.query<NumberRow>(`SELECT ${columns} FROM phone_numbers WHERE tenant_id = $1 AND id = $2 ${lock}`, [
    tx.tenantId,
    id,
  ])
  return rows[0]
}
export const lockNumber = (tx: Tx, id: string): Promise<NumberRow | undefined> => findNumber(tx, id, 'FOR NO KEY UPDATE')

export async function findByKey(tx: Tx, key: string): Promise<NumberRow | undefined> {
  const { rows } = await tx.query<NumberRow>(
    `SELECT ${columns} FROM phone_numbers WHERE tenant_id = $1 AND idempotency_key = $2`,
    [tx.tenantId, key],
  )
  return rows[0]
}

/** How many numbers the business may have at once. Whoever asks at the same moment waits until this transaction has ended. */
export async function lockLimit(tx: Tx): Promise<number> {
  await makeBusinessSettings(tx)
  const { rows } = await tx.query<{ phone_number_limit: number }>(
    'SELECT phone_number_limit FROM business_settings WHERE tenant_id = $1 FOR NO KEY UPDATE',
    [tx.tenantId],
  )
  return rows[0]?.phone_number_limit ?? 1
}

/** Those that take a place: everything but what was released. */
export async function takenPlaces(tx: Tx): Promise<{ slot: number; phone_number: string }[]> {
  const { rows } = await tx.query<{ slot: number; phone_number: string }>(
    `SELECT slot, phone_number FROM phone_numbers WHERE tenant_id = $1 AND status <> 'released' ORDER BY slot`,
    [tx.tenantId],
  )
  return rows
}

export interface NewNumber {
  slot: number
  phone_number: string
  friendly_name: string
  area_code: string | null
  region: string | null
  country: string
  number_type: string
  capabilities: string[]
  account_sid: string
  address_sid: string | null
  bundle_sid: string | null
  voice_webhook_url: string
  sms_webhook_url: string
  status_callback_url: string
  monthly_price_cents: number | null
  currency: string
  idempotency_key: string | null
  requested_by: string
  due_at: Date
}

export async function addNumber(tx: Tx, given: NewNumber): Promise<NumberRow> {
  const entries = Object.entries({ id: newId(), ...given })
  const { rows } = await tx.query<NumberRow>(
    `INSERT INTO phone_numbers (tenant_id, ${entries.map(([name]) => name).join(', ')})
     VALUES ($1, ${entries.map((_, at) => `$${at + 2}`).join(', ')}) RETURNING ${columns}`,
    [tx.tenantId, ...entries.map(([, value]) => value)],
  )
  return rows[0] as NumberRow
}

export interface Held {
  tenantId: string
  id: string
  token: string
}

/** Columns are named by our own code alone. undefined: somebody else has it by now. */
export async function setHeld(tx: Tx, held: Held, values: Partial<NumberRow> & { lease_until?: Date | null }) {
  const entries = Object.entries(values)
  const { rows } = await tx.query<NumberRow>(
    `UPDATE phone_numbers SET ${entries.map(([name], at) => `${name} = $${at + 4}`).join(', ')}
      WHERE tenant_id = $1 AND id = $2 AND token = $3 RETURNING ${columns}`,
    [tx.tenantId, held.id, held.token, ...entries.map(([, value]) => value)],
  )
  return rows[0]
}

/** Lets go of it until then; null: until somebody wants something. What was wanted meanwhile is looked at at once. */
export async function letGo(
  tx: Tx,
  held: Held,
  given: { seen: NumberRow['wanted']; due: Date | null; waitingFor: string | null; attempts: number; now: Date },
): Promise<NumberRow | undefined> {
  const { rows } = await tx.query<NumberRow>(
    `UPDATE phone_numbers SET lease_until = NULL, due_at = CASE WHEN wanted = $4 THEN $5::timestamptz ELSE $8::timestamptz END, waiting_for = $6, attempts = $7,
            waiting_since = CASE WHEN $6::text IS NOT NULL THEN coalesce(waiting_since, $8::timestamptz) END
      WHERE tenant_id = $1 AND id = $2 AND token = $3 RETURNING ${columns}`,
    [tx.tenantId, held.id, held.token, given.seen, given.due, given.waitingFor, given.attempts, given.now],
  )
  return rows[0]
}

/** By whoever asks for something, without a token: whoever has it sees it when it looks next. */
export async function setNumber(tx: Tx, id: string, values: Partial<NumberRow>): Promise<NumberRow> {
  const entries = Object.entries(values)
  const { rows } = await tx.query<NumberRow>(
    `UPDATE phone_numbers SET ${entries.map(([name], at) => `${name} = $${at + 3}`).join(', ')}
      WHERE tenant_id = $1 AND id = $2 RETURNING ${columns}`,
    [tx.tenantId, id, ...entries.map(([, value]) => value)],
  )
  return rows[0] as NumberRow
}

/**
 * From whoever has it: what they did before this moment is not what is wanted now, and must not be written as if it were. Who makes
 * a service is left to it, so that not two are made; they look again before they let go.
 */
export const takeAway = (tx: Tx, id: string) =>
  tx.query(
    `UPDATE phone_numbers SET token = token + 1, lease_until = NULL
      WHERE tenant_id = $1 AND id = $2 AND (messaging_service_sid IS NOT NULL OR NOT 'sms' = ANY (capabilities))`,
    [tx.tenantId, id],
  )

export async function keepService(
  tx: Tx,
  given: { numberId: string; sid: string; name: string; texts: string },
): Promise<void> {
  await tx.query(
    `INSERT INTO messaging_services (tenant_id, phone_number_id, messaging_service_sid, friendly_name, inbound_webhook_url)
     VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (tenant_id, phone_number_id) DO UPDATE SET messaging_service_sid = $3, friendly_name = $4, inbound_webhook_url = $5`,
    [tx.tenantId, given.numberId, given.sid, given.name, given.texts],
  )
}

export const deliverServiceTo = (tx: Tx, numberId: string, texts: string) =>
  tx.query('UPDATE messaging_services SET inbound_webhook_url = $3 WHERE tenant_id = $1 AND phone_number_id = $2', [
    ...[tx.tenantId, numberId, texts],
  ])

/** What its account sends through from now on. */
export const speakThrough = (tx: Tx, accountId: string, serviceSid: string) =>
  tx.query('UPDATE tenant_twilio_config SET messaging_service_sid = $3 WHERE tenant_id = $1 AND channel_account_id = $2', [
    ...[tx.tenantId, accountId, serviceSid],
  ])

export const forgetService = (tx: Tx, numberId: string) =>
  tx.query('DELETE FROM messaging_services WHERE tenant_id = $1 AND phone_number_id = $2', [tx.tenantId, numberId])

/** While it is set nothing is sent through the account; what comes in is kept. */
export async function holdAccount(tx: Tx, accountId: string, why: string | null): Promise<void> {
  await tx.query(
    `UPDATE channel_accounts SET suspended_at = CASE WHEN $3::text IS NOT NULL THEN now() END,
            state = CASE WHEN $3 IS NULL THEN 'connected' ELSE 'held' END, state_text = $3, state_code = NULL, paused_until = NULL
      WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL`,
    [tx.tenantId, accountId, why],
  )
}

export async function isConnected(tx: Tx, accountId: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    'SELECT FROM channel_accounts WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL FOR NO KEY UPDATE',
    [tx.tenantId, accountId],
  )
  return rowCount === 1
}

/** The account that speaks through this number already. Held until the end. */
export async function accountOf(
  tx: Tx,
  given: { provider: string; number: string },
): Promise<{ id: string; account_sid: string } | undefined> {
  const { rows } = await tx.query<{ id: string; account_sid: string }>(
    `SELECT a.id, t.account_sid FROM channel_accounts a
       JOIN tenant_twilio_config t ON t.tenant_id = a.tenant_id AND t.channel_account_id = a.id
      WHERE a.tenant_id = $1 AND a.provider = $2 AND a.external_id = $3 AND a.removed_at IS NULL FOR NO KEY UPDATE OF a`,
    [tx.tenantId, given.provider, given.number],
  )
  return rows[0]
}

/** The number is ours beyond doubt, and sends through its service. */
export async function takeOverAccount(tx: Tx, accountId: string, serviceSid: string | null): Promise<void> {
  await tx.query('UPDATE channel_accounts SET proven_at = coalesce(proven_at, now()) WHERE tenant_id = $1 AND id = $2', [
    tx.tenantId,
    accountId,
  ])
  await tx.query(
    `UPDATE tenant_twilio_config SET messaging_service_sid = coalesce(messaging_service_sid, $3) WHERE tenant_id = $1 AND channel_account_id = $2`,
    [tx.tenantId, accountId, serviceSid],
  )
}

/**
 * A purchase whose process had been taken for dead: whoever has the number since loses it, and one that is at its end is taken up
 * again, to be given back. False: the row is not there any more.
 */
export async function keepLate(tx: Tx, id: string, given: { sid: string; now: Date }): Promise<boolean> {
  const row = await lockNumber(tx, id)
  if (!row) return false
  if (row.phone_number_sid === given.sid) return true
  const slots = new Set((await takenPlaces(tx)).map(({ slot }) => slot))
  let slot = row.slot
  if (row.status === 'released') while (slots.has(slot)) slot++
  await tx.query(
    `UPDATE phone_numbers SET phone_number_sid = $3, status = 'provisioned', date_provisioned = $4, date_released = NULL, given_back_at = NULL,
            slot = $5, token = token + 1, lease_until = NULL, due_at = $4, attempts = 0, waiting_for = NULL, waiting_since = NULL
      WHERE tenant_id = $1 AND id = $2`,
    [tx.tenantId, id, given.sid, given.now, slot],
  )
  return true
}
