/** A tenant's addresses on channels: what opens them, and how they are doing. */
import { isDeepStrictEqual } from 'node:util'
import { notFound } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { Secrets } from '../platform/secrets.ts'
import type { AccountConnection, Channel } from '../ports/channel.ts'
import { loadCredentials, storeCredentials } from '../tenancy/credentials.ts'
import type { Registration } from './window.ts'

/** Channels by provider. */
export type Channels = ReadonlyMap<string, Channel>

export interface AccountRow {
  id: string
  channel: string
  provider: string
  external_id: string
  name: string
  address: string | null
  country: string
  state: 'pairing' | 'connecting' | 'connected' | 'degraded' | 'held' | 'logged_out'
  state_text: string | null
  /** human, assistant, genesys … */
  answerer: string
  registration: Registration
  registration_text: string | null
}

const columns =
  'id, channel, provider, external_id, name, address, country, state, state_text, answerer, registration, registration_text'

export async function listAccounts(tx: Tx): Promise<AccountRow[]> {
  const { rows } = await tx.query<AccountRow>(
    `SELECT ${columns} FROM channel_accounts WHERE tenant_id = $1 AND removed_at IS NULL ORDER BY created_at, id`,
    [tx.tenantId],
  )
  return rows
}

export async function requireAccount(tx: Tx, id: string): Promise<AccountRow> {
  const { rows } = await tx.query<AccountRow>(
    `SELECT ${columns} FROM channel_accounts WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL`,
    [tx.tenantId, id],
  )
  if (!rows[0]) throw notFound('The account')
  return rows[0]
}

/** Everything a channel needs to speak for this account. Loaded for each use: a rotated token counts at once. */
export async function loadConnection(tx: Tx, secrets: Secrets, accountId: string): Promise<AccountConnection> {
  const { rows } = await tx.query<{ external_id: string; config: Record<string, string> }>(
    `SELECT a.external_id, CASE WHEN t.channel_account_id IS NULL
            THEN jsonb_strip_nulls(jsonb_build_object('graphUrl', w.graph_url, 'graphVersion', w.graph_version, 'wabaId', w.waba_id))
            ELSE jsonb_strip_nulls(jsonb_build_object('accountSid', t.account_sid, 'messagingServiceSid', t.messaging_service_sid,
                                                      'apiUrl', t.api_url, 'appSlug', a.app_slug)) END AS config
       FROM channel_accounts a
       LEFT JOIN tenant_whatsapp_config w ON w.tenant_id = a.tenant_id AND w.channel_account_id = a.id
       LEFT JOIN tenant_twilio_config t ON t.tenant_id = a.tenant_id AND t.channel_account_id = a.id
      WHERE a.tenant_id = $1 AND a.id = $2`,
    [tx.tenantId, accountId],
  )
  const row = rows[0]
  if (!row) throw notFound('The account')
  const credentials = (await loadCredentials(tx, secrets, 'channel_account', accountId)) ?? {}
  return { tenantId: tx.tenantId, accountId, externalId: row.external_id, config: row.config, credentials }
}

/**
 * Whether the account is still reached with what was asked with; nothing changes that until the end of the transaction. An
 * answer that took long says nothing about the token or the number that stands there by now.
 */
export async function isStill(tx: Tx, secrets: Secrets, asked: AccountConnection): Promise<boolean> {
  await tx.query('SELECT FROM channel_accounts WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE', [
    tx.tenantId,
    asked.accountId,
  ])
  return isDeepStrictEqual(await loadConnection(tx, secrets, asked.accountId), asked)
}

export interface NewWhatsAppAccount {
  phoneNumberId: string
  wabaId: string
  name: string
  /** Absent: not known yet. */
  address?: string
  accessToken: string
  country?: string
  portfolioId?: string
  graphUrl?: string
  graphVersion?: string
  appSlug?: string
  /** The provider showed it to this business, or who runs the server said so: it gives way to nobody. */
  proven?: boolean
}

/** A WhatsApp number of this tenant. The tenant's look-up columns follow its first number. */
export async function addWhatsAppAccount(tx: Tx, secrets: Secrets, given: NewWhatsAppAccount): Promise<string> {
  const id = newId()
  await tx.query(
    `INSERT INTO channel_accounts (tenant_id, id, channel, provider, app_slug, external_id, portfolio_id, name, address, country, proven_at, is_default)
     VALUES ($1, $2, 'whatsapp', 'whatsapp-cloud', $3, $4, $5, $6, $7, $8, CASE WHEN $9 THEN now() END, NOT EXISTS (SELECT FROM channel_accounts WHERE tenant_id = $1 AND removed_at IS NULL))`,
    [
      tx.tenantId,
      id,
      given.appSlug ?? '',
      given.phoneNumberId,
      given.portfolioId ?? null,
      given.name,
      given.address ?? null,
      given.country ?? 'US',
      given.proven ?? false,
    ],
  )
  await tx.query(
    'INSERT INTO tenant_whatsapp_config (tenant_id, channel_account_id, phone_number_id, waba_id, display_phone_number) VALUES ($1, $2, $3, $4, $5)',
    [tx.tenantId, id, given.phoneNumberId, given.wabaId, given.address ?? null],
  )
  // Where nothing is given the columns' defaults stand.
  await tx.query(
    `UPDATE tenant_whatsapp_config SET graph_url = coalesce($3, graph_url), graph_version = coalesce($4, graph_version)
      WHERE tenant_id = $1 AND channel_account_id = $2`,
    [tx.tenantId, id, given.graphUrl ?? null, given.graphVersion ?? null],
  )
  await tx.query(
    'UPDATE tenants SET phone_number_id = coalesce(phone_number_id, $2), whatsapp_configured = true WHERE id = $1',
    [tx.tenantId, given.phoneNumberId],
  )
  await storeCredentials(tx, secrets, { type: 'channel_account', subject: id, values: { accessToken: given.accessToken } })
  return id
}

export interface NewTwilioAccount {
  channel: 'sms' | 'whatsapp'
  /** E.164 with plus, or a short code. */
  number: string
  accountSid: string
  messagingServiceSid?: string
  authToken: string
  /** An API key that calls are made with instead of the token. */
  apiKey?: { sid: string; secret: string }
  apiUrl?: string
  name: string
  country?: string
  /** Of the app whose webhook address Twilio delivers to. */
  appSlug: string
  proven?: boolean
}

/** As it is kept in channel_accounts.provider and external_id: one provider for each channel that Twilio carries. */
export const twilioPlace = (channel: 'sms' | 'whatsapp', number: string): { provider: string; externalId: string } =>
  channel === 'sms'
    ? { provider: 'twilio', externalId: number }
    : { provider: 'twilio-whatsapp', externalId: `whatsapp:${number}` }

/** A number of this tenant at Twilio. */
export async function addTwilioAccount(tx: Tx, secrets: Secrets, given: NewTwilioAccount): Promise<string> {
  const id = newId()
  const { provider, externalId } = twilioPlace(given.channel, given.number)
  await tx.query(
    `INSERT INTO channel_accounts (tenant_id, id, channel, provider, app_slug, external_id, name, address, country, proven_at, is_default)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, CASE WHEN $10 THEN now() END, NOT EXISTS (SELECT FROM channel_accounts WHERE tenant_id = $1 AND removed_at IS NULL))`,
    [
      ...[tx.tenantId, id, given.channel, provider, given.appSlug, externalId, given.name, given.number],
      ...[given.country ?? 'US', given.proven ?? false],
    ],
  )
  await tx.query(
    'INSERT INTO tenant_twilio_config (tenant_id, channel_account_id, account_sid, messaging_service_sid, api_url) VALUES ($1, $2, $3, $4, $5)',
    [tx.tenantId, id, given.accountSid, given.messagingServiceSid ?? null, given.apiUrl ?? null],
  )
  await storeCredentials(tx, secrets, {
    type: 'channel_account',
    subject: id,
    values: {
      authToken: given.authToken,
      ...(given.apiKey ? { apiKeySid: given.apiKey.sid, apiKeySecret: given.apiKey.secret } : {}),
    },
  })
  return id
}

/** Keeps what the provider said of the account, unless something else stands there by now: whoever changed it asks anew. */
export async function keepCheck(
  tx: Tx,
  secrets: Secrets,
  asked: AccountConnection,
  found: Awaited<ReturnType<NonNullable<Channel['check']>>>,
): Promise<void> {
  if (!(await isStill(tx, secrets, asked))) return
  await setAccountState(tx, asked.accountId, found.state, found.state === 'connected' ? null : found.text)
  if (found.address)
    await tx.query('UPDATE channel_accounts SET address = $3 WHERE tenant_id = $1 AND id = $2 AND address IS NULL', [
      tx.tenantId,
      asked.accountId,
      found.address,
    ])
}

/** Marks what the provider told about an account, but for one that its business suspended; what comes in is never affected by it. */
export async function setAccountState(
  tx: Tx,
  accountId: string,
  state: AccountRow['state'],
  text: string | null,
): Promise<void> {
  const { rowCount } = await tx.query(
    'UPDATE channel_accounts SET state = $3, state_text = $4, state_code = NULL, paused_until = NULL WHERE tenant_id = $1 AND id = $2 AND suspended_at IS NULL AND (state <> $3 OR state_text IS DISTINCT FROM $4)',
    [tx.tenantId, accountId, state, text],
  )
  if (rowCount) {
    await tx.query(
      `INSERT INTO events (tenant_id, type, actor, data) VALUES ($1, 'account.updated', 'system', jsonb_build_object('accountId', $2::text, 'state', $3::text))`,
      [tx.tenantId, accountId, state],
    )
  }
}
