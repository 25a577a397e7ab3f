/**
 * Which account at the provider numbers are bought in, and what opens it (docs/decisions/0016-buying-numbers.md). It is given once; a
 * business that has a number of the provider's already need not: what opens that is taken.
 */
import { appendEvent } from '../conversations/feed.ts'
import { ParleyError } from '../kernel/errors.ts'
import { inTenant, type Tx } from '../platform/db/tx.ts'
import type { Secrets } from '../platform/secrets.ts'
import type { NotDone, SellerAccess } from '../ports/number-seller.ts'
import { audit, type By } from '../tenancy/audit.ts'
import { loadCredentials, storeCredentials } from '../tenancy/credentials.ts'
import { requireNotDeleted } from '../tenancy/tenant-life.ts'
import { type NumberDeps, timeOf } from './deps.ts'

export const credentialType = 'number_provider'

export interface ProviderRow {
  account_sid: string
  app_slug: string
  api_url: string | null
  updated_at: Date
}
export interface Provider {
  access: SellerAccess
  /** null: it is that of a connected number, and nothing was kept for buying yet. */
  kept: ProviderRow | null
}

const rowColumns = 'account_sid, app_slug, api_url, updated_at'

/** What opens the account of one number, wherever new ones are bought by now. */
export async function accessTo(tx: Tx, secrets: Secrets, accountSid: string): Promise<Provider | null> {
  const { rows } = await tx.query<ProviderRow>(
    `SELECT ${rowColumns} FROM number_providers WHERE tenant_id = $1 AND account_sid = $2`,
    [tx.tenantId, accountSid],
  )
  return rows[0] ? await keptProvider(tx, secrets, rows[0]) : null
}

async function keptProvider(tx: Tx, secrets: Secrets, row: ProviderRow): Promise<Provider> {
  const credentials = (await loadCredentials(tx, secrets, credentialType, row.account_sid)) ?? {}
  const place = row.api_url === null ? {} : { apiUrl: row.api_url }
  return { access: { accountSid: row.account_sid, credentials, ...place }, kept: row }
}

/** Where numbers are bought now: what was given for it, else the account of the oldest number that is connected. */
export async function currentProvider(tx: Tx, secrets: Secrets, provider: string): Promise<Provider | null> {
  const { rows } = await tx.query<ProviderRow>(
    `SELECT ${rowColumns} FROM number_providers WHERE tenant_id = $1 AND is_current`,
    [tx.tenantId],
  )
  if (rows[0]) return await keptProvider(tx, secrets, rows[0])
  const { rows: connected } = await tx.query<{ id: string; account_sid: string; api_url: string | null }>(
    `SELECT a.id, t.account_sid, t.api_url FROM channel_accounts a
       JOIN tenant_twilio_config t ON t.tenant_id = a.tenant_id AND t.channel_account_id = a.id
      WHERE a.tenant_id = $1 AND a.provider = $2 AND a.removed_at IS NULL ORDER BY a.created_at, a.id LIMIT 1`,
    [tx.tenantId, provider],
  )
  const one = connected[0]
  const credentials = one && (await loadCredentials(tx, secrets, 'channel_account', one.id))
  if (!one || !credentials) return null
  const place = one.api_url === null ? {} : { apiUrl: one.api_url }
  return { access: { accountSid: one.account_sid, credentials, ...place }, kept: null }
}

export async function requireProvider(tx: Tx, deps: Pick<NumberDeps, 'secrets' | 'seller'>): Promise<Provider> {
  const found = await currentProvider(tx, deps.secrets, deps.seller.provider)
  if (!found)
    throw new ParleyError(
      'no_number_provider',
      'Numbers are bought in an account of yours at Twilio. Enter its SID and auth token first.',
    )
  return found
}

/** Keeps it as the one in which numbers are bought from now on. */
export async function keepProvider(tx: Tx, deps: NumberDeps, access: SellerAccess): Promise<ProviderRow> {
  const { accountSid, credentials } = access
  const app = { accountSid, authToken: credentials.authToken ?? '', name: `Numbers of ${accountSid.slice(-4)}` }
  const slug = await deps.accounts.appFor(tx, app)
  await tx.query('UPDATE number_providers SET is_current = false WHERE tenant_id = $1 AND is_current AND account_sid <> $2', [
    tx.tenantId,
    accountSid,
  ])
  const { rows } = await tx.query<ProviderRow>(
    `INSERT INTO number_providers (tenant_id, account_sid, app_slug, api_url) VALUES ($1, $2, $3, $4)
     ON CONFLICT (tenant_id, account_sid) DO UPDATE SET app_slug = $3, api_url = $4, is_current = true, updated_at = now() RETURNING ${rowColumns}`,
    [tx.tenantId, accountSid, slug, access.apiUrl ?? null],
  )
  await storeCredentials(tx, deps.secrets, { type: credentialType, subject: accountSid, values: credentials })
  return rows[0] as ProviderRow
}

export async function setProvider(
  deps: NumberDeps,
  by: By,
  tenantId: string,
  given: { accountSid: string; credentials: Record<string, string> },
): Promise<ProviderRow> {
  const access: SellerAccess = { ...given, ...(deps.apiUrl === undefined ? {} : { apiUrl: deps.apiUrl }) }
  const told = await deps.seller.check(access)
  if (told.outcome !== 'done') throw refusal(told)
  const row = await inTenant(deps.db, tenantId, async (tx) => {
    const kept = await keepProvider(tx, deps, access)
    await deps.accounts.renew(tx, given.accountSid, given.credentials)
    // What waited for better credentials goes on.
    await tx.query(
      `UPDATE phone_numbers SET due_at = $3, attempts = 0 WHERE tenant_id = $1 AND account_sid = $2 AND waiting_for IS NOT NULL AND due_at IS NOT NULL`,
      [tenantId, given.accountSid, timeOf(deps)],
    )
    await appendEvent(tx, { type: 'number.updated', actor: by.label, data: {} })
    await audit(tx, by, {
      action: 'number_provider.changed',
      subject: { type: 'number_provider', id: given.accountSid },
      changes: { accountSid: given.accountSid, rotated: Object.keys(given.credentials) },
    })
    await requireNotDeleted(tx)
    return kept
  })
  deps.changed(tenantId)
  deps.wake()
  return row
}

/** Refused while a number of it is there: without what opens the account it could not be given back. */
export async function removeProvider(deps: NumberDeps, by: By, tenantId: string): Promise<void> {
  await inTenant(deps.db, tenantId, async (tx) => {
    const { rows } = await tx.query<{ account_sid: string; app_slug: string }>(
      `DELETE FROM number_providers WHERE tenant_id = $1 RETURNING account_sid, app_slug`,
      [tenantId],
    )
    const { rows: numbers } = await tx.query<{ phone_number: string }>(
      `SELECT phone_number FROM phone_numbers WHERE tenant_id = $1 AND account_sid IS NOT NULL AND status <> 'released' LIMIT 1`,
      [tenantId],
    )
    if (numbers[0])
      throw new ParleyError('conflict', `${numbers[0].phone_number} was bought with it. Release that number first.`)
    await tx.query('DELETE FROM tenant_credentials WHERE tenant_id = $1 AND credential_type = $2', [tenantId, credentialType])
    for (const one of rows) {
      await deps.accounts.dropApp(tx, one.app_slug)
      await audit(tx, by, {
        action: 'number_provider.removed',
        subject: { type: 'number_provider', id: one.account_sid },
        changes: { accountSid: one.account_sid },
      })
    }
    await appendEvent(tx, { type: 'number.updated', actor: by.label, data: {} })
  })
  deps.changed(tenantId)
}

/** What the provider said to a question that somebody waits for. */
export function refusal({ outcome, text, code }: NotDone): ParleyError {
  return outcome === 'reject' || outcome === 'reconnect'
    ? new ParleyError('invalid_request', text, { code })
    : new ParleyError('provider_failed', `${text} Nothing was changed; try again.`, { code })
}
