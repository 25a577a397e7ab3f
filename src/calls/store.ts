/** Calls in the database. */
import { newId } from '../kernel/ids.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { CallEvent, Caller } from '../ports/telephony.ts'
import type { Outcome } from './decision.ts'
import type { CallStatus, OutcomeBy } from './outcome.ts'

export interface CallRow {
  id: string
  call_sid: string
  channel_account_id: string
  contact_id: string | null
  customer_phone: string | null
  caller_kind: Caller['kind']
  caller_name: string | null
  business_phone: string
  direction: 'inbound' | 'outbound'
  status: CallStatus
  outcome: Outcome | null
  outcome_by: OutcomeBy | null
  picked_up: boolean
  start_time: Date
  end_time: Date | null
  duration: number
  processed: boolean
  sms_triggered: boolean
  conversation_created: boolean
  lead_created: boolean
  conversation_id: string | null
  lead_id: string | null
  text_message_id: string | null
  rule: string | null
  rule_version: number | null
  facts: Record<string, unknown>
  decided_at: Date | null
  due_at: Date | null
  caller_city: string | null
  caller_state: string | null
  caller_country: string
}

export const callColumns = `id, call_sid, channel_account_id, contact_id, customer_phone, caller_kind, caller_name, business_phone, direction, status, outcome,
  outcome_by, picked_up, start_time, end_time, duration, processed, sms_triggered, conversation_created, lead_created, conversation_id, lead_id,
  text_message_id, rule, rule_version, facts, decided_at, due_at, caller_city, caller_state, caller_country`

export interface CalledAccount {
  id: string
  provider: string
  channel: string
  external_id: string
  address: string | null
  app_slug: string
  country: string
  state: string
  registration: string
}

export const accountColumns = 'id, provider, channel, external_id, address, app_slug, country, state, registration'

/** The account of this transaction's business that the provider calls by this id. */
export async function findAccount(tx: Tx, provider: string, externalId: string): Promise<CalledAccount | undefined> {
  const { rows } = await tx.query<CalledAccount>(
    `SELECT ${accountColumns} FROM channel_accounts WHERE tenant_id = $1 AND provider = $2 AND external_id = $3 AND removed_at IS NULL`,
    [tx.tenantId, provider, externalId],
  )
  return rows[0]
}

type Told = Extract<CallEvent, { kind: 'ringing' | 'dialled' | 'ended' }>

/** The row of a call, made where this is the first that is told of it, and locked: what is told at once is taken in one by one. */
export async function lockOrMake(
  tx: Tx,
  account: CalledAccount,
  event: Told,
  at: Date,
): Promise<{ row: CallRow; fresh: boolean }> {
  const { caller } = event
  const made = await tx.query<CallRow>(
    `INSERT INTO calls (tenant_id, id, call_sid, channel_account_id, customer_phone, caller_kind, caller, caller_name, business_phone, start_time,
                        caller_city, caller_state, caller_country)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (tenant_id, call_sid) DO NOTHING RETURNING ${callColumns}`,
    [
      ...[
        tx.tenantId,
        newId(),
        event.callId,
        account.id,
        caller.kind === 'phone' ? caller.phone : null,
        caller.kind,
        caller.raw,
      ],
      ...[event.callerName ?? null, account.address ?? account.external_id, at],
      ...[event.city ?? null, event.state ?? null, event.country ?? account.country],
    ],
  )
  if (made.rows[0]) return { row: made.rows[0], fresh: true }
  return { row: (await lockBySid(tx, event.callId)) as CallRow, fresh: false }
}

export async function lockBySid(tx: Tx, callSid: string): Promise<CallRow | undefined> {
  const { rows } = await tx.query<CallRow>(
    `SELECT ${callColumns} FROM calls WHERE tenant_id = $1 AND call_sid = $2 FOR NO KEY UPDATE`,
    [tx.tenantId, callSid],
  )
  return rows[0]
}

export async function callById(tx: Tx, id: string): Promise<CallRow | undefined> {
  const { rows } = await tx.query<CallRow>(`SELECT ${callColumns} FROM calls WHERE tenant_id = $1 AND id = $2`, [
    tx.tenantId,
    id,
  ])
  return rows[0]
}

export async function lockById(tx: Tx, id: string): Promise<CallRow | undefined> {
  const { rows } = await tx.query<CallRow>(
    `SELECT ${callColumns} FROM calls WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE`,
    [tx.tenantId, id],
  )
  return rows[0]
}

/** Columns are named by our own code alone. */
export async function setCall(tx: Tx, row: CallRow, values: Partial<CallRow>): Promise<CallRow> {
  const entries = Object.entries(values)
  const { rows } = await tx.query<CallRow>(
    `UPDATE calls SET ${entries.map(([column], at) => `${column} = $${at + 3}`).join(', ')} WHERE tenant_id = $1 AND id = $2 RETURNING ${callColumns}`,
    [tx.tenantId, row.id, ...entries.map(([column, value]) => (column === 'facts' ? JSON.stringify(value) : value))],
  )
  return rows[0] as CallRow
}

/** Whether this number is one of the business's own. */
export async function isOwnNumber(tx: Tx, phone: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `SELECT FROM channel_accounts WHERE tenant_id = $1 AND removed_at IS NULL AND (address = $2 OR external_id = $2)
     UNION ALL SELECT FROM phone_numbers WHERE tenant_id = $1 AND status <> 'released' AND phone_number = $2 LIMIT 1`,
    [tx.tenantId, phone],
  )
  return (rowCount ?? 0) > 0
}

export interface KnownContact {
  id: string
  status: 'active' | 'blocked' | 'inactive'
  landline: boolean
  /** On this channel, ever. */
  has_written: boolean
  opted_out: boolean
}

/** Whom the business knows by this number; nobody is made. */
export async function knownContact(tx: Tx, phone: string, channel: string): Promise<KnownContact | undefined> {
  const { rows } = await tx.query<KnownContact>(
    `SELECT c.id, c.status, coalesce(c.metadata ->> 'landline' = 'true', false) AS landline,
            EXISTS (SELECT FROM conversations v WHERE v.tenant_id = c.tenant_id AND v.contact_id = c.id AND v.channel = $4
                       AND v.last_inbound_at IS NOT NULL) AS has_written,
            coalesce((SELECT s.state FROM consents s WHERE s.tenant_id = c.tenant_id AND s.contact_id = c.id AND s.channel = $4 AND s.topic = 'all'
                       ORDER BY s.occurred_at DESC, s.id DESC LIMIT 1) = 'opted_out', false) AS opted_out
       FROM contacts c WHERE c.tenant_id = $1 AND c.id = coalesce(
         (SELECT k.id FROM contacts k WHERE k.tenant_id = $1 AND k.phone = $2),
         (SELECT i.contact_id FROM contact_identities i WHERE i.tenant_id = $1 AND i.scope = '' AND i.kind = 'wa_id' AND i.value = $3))`,
    [tx.tenantId, phone, phone.slice(1), channel],
  )
  return rows[0]
}

/** Whether a call of this contact to this account was answered with a text since then; another than that call. */
export async function wasTexted(
  tx: Tx,
  given: { contactId: string; accountId: string; callId: string; since: Date },
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `SELECT FROM calls WHERE tenant_id = $1 AND contact_id = $2 AND channel_account_id = $3 AND id <> $4 AND sms_triggered AND decided_at > $5 LIMIT 1`,
    [tx.tenantId, given.contactId, given.accountId, given.callId, given.since],
  )
  return (rowCount ?? 0) > 0
}

/** Whether the contact wrote, or a person of the business wrote or talked to them, since then. */
export async function wasInTouch(tx: Tx, given: { contactId: string; callId: string; since: Date }): Promise<boolean> {
  const { rowCount } = await tx.query(
    `SELECT FROM conversations WHERE tenant_id = $1 AND contact_id = $2 AND (last_inbound_at > $4 OR last_human_response_at > $4)
     UNION ALL SELECT FROM calls WHERE tenant_id = $1 AND contact_id = $2 AND id <> $3 AND outcome = 'answered' AND start_time > $4 LIMIT 1`,
    [tx.tenantId, given.contactId, given.callId, given.since],
  )
  return (rowCount ?? 0) > 0
}

export async function accountById(tx: Tx, id: string): Promise<CalledAccount> {
  const { rows } = await tx.query<CalledAccount>(
    `SELECT ${accountColumns} FROM channel_accounts WHERE tenant_id = $1 AND id = $2`,
    [tx.tenantId, id],
  )
  return rows[0] as CalledAccount
}

/** The same with when it was connected. */
export async function accountWithStart(tx: Tx, id: string): Promise<CalledAccount & { created_at: Date }> {
  const { rows } = await tx.query<CalledAccount & { created_at: Date }>(
    `SELECT ${accountColumns}, created_at FROM channel_accounts WHERE tenant_id = $1 AND id = $2`,
    [tx.tenantId, id],
  )
  return rows[0] as CalledAccount & { created_at: Date }
}

/** Of these, the calls of whose end more is known than that nothing was told. */
export async function settledCalls(tx: Tx, callSids: readonly string[]): Promise<Set<string>> {
  const { rows } = await tx.query<{ call_sid: string }>(
    `SELECT call_sid FROM calls WHERE tenant_id = $1 AND call_sid = ANY ($2) AND outcome_by <> 'silence'`,
    [tx.tenantId, callSids],
  )
  return new Set(rows.map(({ call_sid }) => call_sid))
}

export async function textState(tx: Tx, messageId: string): Promise<{ status: string; error_code: string | null } | undefined> {
  const { rows } = await tx.query<{ status: string; error_code: string | null }>(
    'SELECT status, error_code FROM message_tracking WHERE tenant_id = $1 AND id = $2',
    [tx.tenantId, messageId],
  )
  return rows[0]
}

/** How the newest text about a call of this contact stands. */
export async function newestText(
  tx: Tx,
  contactId: string,
): Promise<{ status: string; error_code: string | null } | undefined> {
  const { rows } = await tx.query<{ status: string; error_code: string | null }>(
    `SELECT t.status, t.error_code FROM calls k JOIN message_tracking t ON t.tenant_id = k.tenant_id AND t.id = k.text_message_id
      WHERE k.tenant_id = $1 AND k.contact_id = $2 ORDER BY k.start_time DESC LIMIT 1`,
    [tx.tenantId, contactId],
  )
  return rows[0]
}

/** A number that takes no texts is not texted again. */
export async function markLandline(tx: Tx, contactId: string): Promise<void> {
  await tx.query(`UPDATE contacts SET metadata = metadata || '{"landline": true}' WHERE tenant_id = $1 AND id = $2`, [
    tx.tenantId,
    contactId,
  ])
}
