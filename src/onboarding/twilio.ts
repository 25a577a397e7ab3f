/** Numbers at Twilio: connecting them, changing what opens them. Numbers of one account at Twilio share one webhook address. */
import { randomBytes } from 'node:crypto'
import { addTwilioAccount, loadConnection, requireAccount, twilioPlace } from '../conversations/accounts.ts'
import { appendEvent } from '../conversations/feed.ts'
import { ParleyError } from '../kernel/errors.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { Secrets } from '../platform/secrets.ts'
import { addChannelApp } from '../tenancy/apps.ts'
import { audit, type By } from '../tenancy/audit.ts'
import { loadCredentials, storeCredentials } from '../tenancy/credentials.ts'
import { askProvider, changeAccounts, type NumberWebhook, type OnboardingDeps, webhookUrl } from './accounts.ts'
import { prove, requireClaimable } from './proof.ts'

export interface NewTwilioNumber {
  provider: 'twilio' | 'twilio-whatsapp'
  number: string
  accountSid: string
  authToken: string
  apiKeySid?: string
  apiKeySecret?: string
  messagingServiceSid?: string
  name: string
  apiUrl?: string
}

/** The provider under which the apps of both channels are kept. */
const appProvider = 'twilio'
/** Twilio changes over when it is told to: for a while both tokens are right. */
const overlapHours = 24

export async function connectTwilio(
  deps: OnboardingDeps,
  by: By,
  tenantId: string,
  given: NewTwilioNumber,
): Promise<{ accountId: string; webhook: NumberWebhook }> {
  const channel = given.provider === 'twilio' ? 'sms' : 'whatsapp'
  const { provider, externalId } = twilioPlace(channel, given.number)
  const apiKey = keyOf(given)
  const config = { accountSid: given.accountSid }
  const claim = { tenantId, provider, externalId, config, credentials: { authToken: given.authToken, ...apiKey } }
  const proven = await prove(deps, by, claim, false)
  if (proven) await requireClaimable(deps, claim)
  const store = async (tx: Tx) => {
    const appSlug = await appFor(tx, deps.secrets, given)
    const accountId = await addTwilioAccount(tx, deps.secrets, {
      ...{ channel, appSlug, proven, number: given.number, name: given.name },
      ...{ accountSid: given.accountSid, authToken: given.authToken, messagingServiceSid: given.messagingServiceSid },
      ...(apiKey ? { apiKey: { sid: apiKey.apiKeySid, secret: apiKey.apiKeySecret } } : {}),
      apiUrl: given.apiUrl ?? deps.twilio.url,
    })
    await appendEvent(tx, { type: 'account.updated', actor: by.label, data: { accountId } })
    await audit(tx, by, {
      action: 'account.connected',
      subject: { type: 'account', id: accountId },
      changes: { provider, name: given.name, number: given.number, accountSid: given.accountSid },
    })
    const calls = channel === 'sms' ? deps.callHooks(provider, appSlug) : { calls: null, callStatus: null }
    return { accountId, webhook: { url: webhookUrl(deps, provider, appSlug), verifyToken: null, ...calls } }
  }
  const made = await changeAccounts(deps, tenantId, proven ? [externalId] : [], store, provider).catch(taken)
  await askProvider(deps, tenantId, made.accountId)
  return made
}

function taken(error: unknown): never {
  if (error instanceof ParleyError && error.code === 'conflict' && isAboutNumber(error.details))
    throw new ParleyError('conflict', 'This number is taken on this server already. Choose another one.', { field: 'number' })
  throw error
}
const isAboutNumber = (details: unknown): boolean => (details as { field?: unknown } | undefined)?.field === 'phoneNumberId'

function keyOf(given: { apiKeySid?: string; apiKeySecret?: string }) {
  const { apiKeySid, apiKeySecret } = given
  if ((apiKeySid === undefined) !== (apiKeySecret === undefined))
    throw new ParleyError('invalid_request', 'An API key is its SID and its secret together.')
  return apiKeySid !== undefined && apiKeySecret !== undefined ? { apiKeySid, apiKeySecret } : undefined
}

/** The app of this account at Twilio: what it signs with is the account's token, whichever of its numbers is meant. */
export async function appFor(
  tx: Tx,
  secrets: Secrets,
  given: { accountSid: string; authToken: string; name: string },
): Promise<string> {
  const { rows } = await tx.query<{ slug: string; id: string }>(
    `SELECT p.slug, p.id FROM channel_apps p
      WHERE p.tenant_id = $1 AND p.provider = $2 AND p.slug IN (
        SELECT a.app_slug FROM channel_accounts a JOIN tenant_twilio_config t ON t.tenant_id = a.tenant_id AND t.channel_account_id = a.id
         WHERE a.tenant_id = $1 AND t.account_sid = $3 AND a.removed_at IS NULL
        UNION SELECT n.app_slug FROM number_providers n WHERE n.tenant_id = $1 AND n.account_sid = $3) ORDER BY p.created_at, p.id LIMIT 1`,
    [tx.tenantId, appProvider, given.accountSid],
  )
  const known = rows[0]
  if (known) {
    await changeSecret(tx, secrets, known.id, given.authToken, overlapHours)
    return known.slug
  }
  const slug = randomBytes(9).toString('base64url')
  await addChannelApp(tx, secrets, { provider: appProvider, slug, name: given.name, secret: given.authToken, verifyToken: '' })
  return slug
}

async function changeSecret(tx: Tx, secrets: Secrets, appId: string, secret: string, hours: number): Promise<void> {
  const before = (await loadCredentials(tx, secrets, 'channel_app', appId)) ?? {}
  if (before.secret === secret) return
  const values = { ...before, secret }
  await storeCredentials(tx, secrets, { type: 'channel_app', subject: appId, values, overlapHours: hours })
}

export interface TwilioChange {
  authToken?: string
  apiKeySid?: string
  apiKeySecret?: string
  messagingServiceSid?: string | null
  name?: string
  overlapHours?: number
}

/** A new token is that of every number of the same account at Twilio. */
export async function changeTwilio(
  deps: OnboardingDeps,
  by: By,
  tenantId: string,
  accountId: string,
  given: TwilioChange,
): Promise<void> {
  const touched = await changeAccounts(deps, tenantId, [], async (tx) => {
    const account = await requireAccount(tx, accountId)
    const { config } = await loadConnection(tx, deps.secrets, accountId)
    if (config.accountSid === undefined)
      throw new ParleyError(
        'invalid_request',
        `What opens a number of ${account.provider} is changed elsewhere: PUT /api/tenants/:id/whatsapp.`,
      )
    await changePlain(tx, accountId, given)
    const ids = await withNewSecrets(tx, deps.secrets, { ...given, accountId, accountSid: config.accountSid })
    await appendEvent(tx, { type: 'account.updated', actor: by.label, data: { accountId } })
    const { authToken, apiKeySid, apiKeySecret, ...plain } = given
    const rotated = Object.entries({ authToken, apiKeySid, apiKeySecret }).flatMap(([name, value]) => (value ? [name] : []))
    await audit(tx, by, {
      action: 'account.updated',
      subject: { type: 'account', id: accountId },
      changes: { ...plain, rotated },
    })
    return ids
  })
  for (const id of touched) await askProvider(deps, tenantId, id)
}

async function changePlain(tx: Tx, accountId: string, given: TwilioChange): Promise<void> {
  if (given.name !== undefined)
    await tx.query('UPDATE channel_accounts SET name = $3 WHERE tenant_id = $1 AND id = $2', [
      tx.tenantId,
      accountId,
      given.name,
    ])
  if (given.messagingServiceSid !== undefined)
    await tx.query(
      'UPDATE tenant_twilio_config SET messaging_service_sid = $3 WHERE tenant_id = $1 AND channel_account_id = $2',
      [tx.tenantId, accountId, given.messagingServiceSid],
    )
}

/** Returns the accounts whose credentials changed, with the one that was named. */
export async function withNewSecrets(
  tx: Tx,
  secrets: Secrets,
  given: TwilioChange & { accountId?: string; accountSid: string },
): Promise<string[]> {
  const key = keyOf(given)
  if (given.authToken === undefined && !key) return given.accountId === undefined ? [] : [given.accountId]
  const { rows } = await tx.query<{ id: string; app_id: string | null }>(
    `SELECT a.id, p.id AS app_id FROM channel_accounts a
       JOIN tenant_twilio_config t ON t.tenant_id = a.tenant_id AND t.channel_account_id = a.id
       LEFT JOIN channel_apps p ON p.tenant_id = a.tenant_id AND p.provider = $3 AND p.slug = a.app_slug
      WHERE a.tenant_id = $1 AND t.account_sid = $2 AND a.removed_at IS NULL ORDER BY a.id`,
    [tx.tenantId, given.accountSid, appProvider],
  )
  const renewed = { ...(given.authToken === undefined ? {} : { authToken: given.authToken }), ...key }
  for (const { id } of rows) {
    const before = (await loadCredentials(tx, secrets, 'channel_account', id)) ?? {}
    await storeCredentials(tx, secrets, { type: 'channel_account', subject: id, values: { ...before, ...renewed } })
  }
  // Numbers of this account are bought and given back with it too.
  const buying = await loadCredentials(tx, secrets, 'number_provider', given.accountSid)
  if (buying) {
    const values = { ...buying, ...renewed }
    await storeCredentials(tx, secrets, { type: 'number_provider', subject: given.accountSid, values })
  }
  if (given.authToken !== undefined)
    for (const app of new Set(rows.flatMap(({ app_id }) => app_id ?? [])))
      await changeSecret(tx, secrets, app, given.authToken, given.overlapHours ?? overlapHours)
  return rows.map(({ id }) => id)
}
