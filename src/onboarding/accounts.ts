/** Connecting numbers, changing them, taking them away. What the provider says about them is asked once they are stored. */
import { randomBytes } from 'node:crypto'
import { addWhatsAppAccount, type Channels, keepCheck, loadConnection, requireAccount } from '../conversations/accounts.ts'
import { contactByPhone, openConversation } from '../conversations/contacts.ts'
import { appendEvent } from '../conversations/feed.ts'
import { queueReply } from '../conversations/reply.ts'
import { listTemplates } from '../conversations/templates.ts'
import { webhookPath } from '../conversations/webhook-routes.ts'
import { ParleyError } from '../kernel/errors.ts'
import { toE164 } from '../kernel/phone.ts'
import { type Database, inTenant, type Tx } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import type { Secrets } from '../platform/secrets.ts'
import { addChannelApp } from '../tenancy/apps.ts'
import { audit, type By } from '../tenancy/audit.ts'
import { loadCredentials, storeCredentials } from '../tenancy/credentials.ts'
import { refuseTaken } from '../tenancy/tenant-conflicts.ts'
import { requireNotDeleted } from '../tenancy/tenant-life.ts'
import type { TenantLookup } from '../tenancy/tenant-lookup.ts'
import { prove, requireClaimable, takeFromUnproven } from './proof.ts'
import * as store from './store.ts'

export interface CallHooks {
  calls: string
  callStatus: string
}

/** What has to be entered at the provider of a number. */
export interface NumberWebhook {
  url: string
  verifyToken: string | null
  /** Where nobody calls the number through this provider: null. */
  calls: string | null
  callStatus: string | null
}

export interface OnboardingDeps {
  db: Database
  secrets: Secrets
  channels: Channels
  lookup: TenantLookup
  log: Logger
  wakeDispatch: () => void
  changed: (tenantId: string) => void
  publicUrl: () => string
  /** The platform's own app: its secret is configured, and by which businesses sign up. */
  app: { id?: string; secret?: string; configId?: string; url?: string }
  /** Where a telephony provider tells of calls to numbers of this app. */
  callHooks: (provider: string, slug: string) => CallHooks
  /** Where Twilio is reached, for proofs and for numbers that are connected from now on. */
  twilio: { url?: string }
}

const provider = 'whatsapp-cloud'

export const webhookUrl = (deps: Pick<OnboardingDeps, 'channels' | 'publicUrl'>, of: string, slug: string): string => {
  const channel = deps.channels.get(of)
  const path = channel ? webhookPath(channel) : of
  return `${deps.publicUrl().replace(/\/+$/, '')}/webhooks/${path}${slug === '' ? '' : `/${slug}`}`
}

export interface NewNumber {
  phoneNumberId: string
  wabaId: string
  name: string
  accessToken: string
  address?: string
  appSecret?: string
  verifyToken?: string
  graphUrl?: string
  graphVersion?: string
}

/** One change of a business's accounts: taken ids become 409, everybody hears of it, look-ups follow. */
export async function changeAccounts<T>(
  deps: OnboardingDeps,
  tenantId: string,
  /** A number that is this business's beyond doubt. */
  proven: readonly string[],
  work: (tx: Tx) => Promise<T>,
  of = provider,
): Promise<T> {
  const store = () =>
    refuseTaken(
      inTenant(deps.db, tenantId, async (tx) => {
        const losers: string[] = []
        for (const externalId of proven) losers.push(...(await takeFromUnproven(tx, of, externalId)))
        const result = await work(tx)
        await requireNotDeleted(tx)
        return { result, losers }
      }),
    )
  const { result, losers } = await store().catch(async (error: unknown) => {
    if (proven.length === 0 || !(error instanceof ParleyError && error.code === 'conflict')) throw error
    // Somebody without proof was quicker by a moment.
    for (const externalId of proven) await requireClaimable(deps, { tenantId, provider: of, externalId })
    return await store()
  })
  await deps.lookup.caughtUp()
  for (const each of [tenantId, ...losers]) deps.changed(each)
  return result
}

/** An app of the business's own: whoever delivers there signs with its secret. */
async function addApp(tx: Tx, secrets: Secrets, given: { name: string; appSecret: string; verifyToken?: string }) {
  const slug = randomBytes(9).toString('base64url')
  const verifyToken = given.verifyToken ?? randomBytes(18).toString('base64url')
  await addChannelApp(tx, secrets, { provider, slug, name: given.name, secret: given.appSecret, verifyToken })
  return { slug, verifyToken }
}

export async function connectNumber(
  deps: OnboardingDeps,
  by: By,
  tenantId: string,
  given: NewNumber,
): Promise<{ accountId: string; webhook: NumberWebhook }> {
  const { phoneNumberId: externalId, accessToken, wabaId: owner } = given
  const claim = { tenantId, provider, externalId, config: { wabaId: owner }, credentials: { accessToken } }
  const proven = await prove(deps, by, claim, !given.appSecret)
  if (proven) await requireClaimable(deps, claim)
  const made = await changeAccounts(deps, tenantId, proven ? [externalId] : [], async (tx) => {
    const app = given.appSecret ? await addApp(tx, deps.secrets, { ...given, appSecret: given.appSecret }) : null
    const accountId = await addWhatsAppAccount(tx, deps.secrets, {
      ...given,
      graphUrl: given.graphUrl ?? deps.app.url,
      appSlug: app?.slug,
      proven,
    })
    await store.followMainNumber(tx)
    await appendEvent(tx, { type: 'account.updated', actor: by.label, data: { accountId } })
    await audit(tx, by, {
      action: 'account.connected',
      subject: { type: 'account', id: accountId },
      changes: { provider, name: given.name, phoneNumberId: given.phoneNumberId },
    })
    const url = webhookUrl(deps, provider, app?.slug ?? '')
    return { accountId, webhook: { url, verifyToken: app?.verifyToken ?? null, calls: null, callStatus: null } }
  })
  await askProvider(deps, tenantId, made.accountId)
  return made
}

/** Asks the provider whether the account works, and keeps what it says. Never in a transaction. */
export async function askProvider(deps: OnboardingDeps, tenantId: string, accountId: string): Promise<void> {
  const { connection, check } = await inTenant(deps.db, tenantId, async (tx) => ({
    connection: await loadConnection(tx, deps.secrets, accountId),
    check: deps.channels.get((await requireAccount(tx, accountId)).provider)?.check,
  }))
  if (!check) return
  const found = await check(connection, { signal: AbortSignal.timeout(20_000) })
  await inTenant(deps.db, tenantId, (tx) => keepCheck(tx, deps.secrets, connection, found))
  deps.changed(tenantId)
  deps.wakeDispatch()
}

/** Sets the main number of a business, or changes it: its conversations stay where they are. */
export async function putMainNumber(
  deps: OnboardingDeps,
  by: By,
  tenantId: string,
  given: Omit<Partial<NewNumber>, 'phoneNumberId'> & { phoneNumberId: string; overlapHours?: number },
): Promise<string> {
  const main = await inTenant(deps.db, tenantId, store.mainNumber)
  if (!main) {
    const { accessToken, wabaId } = given
    if (!accessToken || !wabaId)
      throw new ParleyError('invalid_request', 'The first time accessToken and wabaId are needed too.')
    const name = given.name ?? given.address ?? `WhatsApp ${given.phoneNumberId}`
    return (await connectNumber(deps, by, tenantId, { ...given, accessToken, wabaId, name })).accountId
  }
  const proven = await proveMove(deps, by, tenantId, main, given)
  await changeAccounts(deps, tenantId, proven ? [given.phoneNumberId] : [], async (tx) => {
    await store.requireUnchanged(tx, main)
    if (proven || given.phoneNumberId !== main.external_id) await store.setProven(tx, main.id, proven)
    await store.updateNumber(tx, main.id, given)
    if (given.accessToken) {
      const before = (await loadCredentials(tx, deps.secrets, 'channel_account', main.id)) ?? {}
      await storeCredentials(tx, deps.secrets, {
        type: 'channel_account',
        subject: main.id,
        values: { ...before, accessToken: given.accessToken },
        overlapHours: given.overlapHours,
      })
    }
    if (given.appSecret || given.verifyToken) await changeApp(tx, deps.secrets, main, given)
    await appendEvent(tx, { type: 'account.updated', actor: by.label, data: { accountId: main.id } })
    const { accessToken, appSecret, verifyToken, ...plain } = given
    const rotated = Object.entries({ accessToken, appSecret, verifyToken }).flatMap(([name, value]) => (value ? [name] : []))
    await audit(tx, by, {
      action: 'account.updated',
      subject: { type: 'account', id: main.id },
      changes: { ...plain, rotated },
    })
  })
  await askProvider(deps, tenantId, main.id)
  return main.id
}

/** Whether the main number, as it is to be, is proven. A move at the platform's own app needs it. */
async function proveMove(
  deps: OnboardingDeps,
  by: By,
  tenantId: string,
  main: store.NumberRow,
  given: { phoneNumberId: string; wabaId?: string; accessToken?: string; appSecret?: string },
): Promise<boolean> {
  const owner = given.wabaId ?? main.waba_id ?? ''
  const moves = given.phoneNumberId !== main.external_id || owner !== (main.waba_id ?? '')
  // Proven already; or nothing is said that could prove it now.
  if (!moves && (main.proven_at || !given.accessToken)) return false
  const known = await inTenant(deps.db, tenantId, (tx) => loadConnection(tx, deps.secrets, main.id))
  const accessToken = given.accessToken ?? known.credentials.accessToken ?? ''
  const claim = { tenantId, provider, externalId: given.phoneNumberId, config: { wabaId: owner }, credentials: { accessToken } }
  const proven = await prove(deps, by, claim, moves && main.app_slug === '' && !given.appSecret)
  if (proven) await requireClaimable(deps, claim)
  return proven
}

async function changeApp(
  tx: Tx,
  secrets: Secrets,
  number: store.NumberRow,
  given: { name?: string; appSecret?: string; verifyToken?: string; overlapHours?: number },
): Promise<void> {
  const { rows } = await tx.query<{ id: string }>(
    'SELECT id FROM channel_apps WHERE tenant_id = $1 AND provider = $2 AND slug = $3',
    [tx.tenantId, provider, number.app_slug],
  )
  const app = rows[0]
  if (app) {
    const before = (await loadCredentials(tx, secrets, 'channel_app', app.id)) ?? {}
    const values = {
      ...before,
      ...(given.appSecret ? { secret: given.appSecret } : {}),
      ...(given.verifyToken ? { verifyToken: given.verifyToken } : {}),
    }
    // The provider changes over when it is told to: for a while both are right.
    return await storeCredentials(tx, secrets, {
      type: 'channel_app',
      subject: app.id,
      values,
      overlapHours: given.overlapHours ?? 24,
    })
  }
  if (!given.appSecret) throw new ParleyError('invalid_request', 'A verify token belongs to an app: give its secret too.')
  const made = await addApp(tx, secrets, { ...given, name: given.name ?? number.name, appSecret: given.appSecret })
  await tx.query('UPDATE channel_accounts SET app_slug = $3 WHERE tenant_id = $1 AND id = $2', [
    tx.tenantId,
    number.id,
    made.slug,
  ])
}

export async function removeNumber(deps: OnboardingDeps, by: By, tenantId: string, accountId: string): Promise<void> {
  await changeAccounts(deps, tenantId, [], async (tx) => {
    await store.requireNotBought(tx, accountId)
    await store.removeAccount(tx, accountId)
    await appendEvent(tx, { type: 'account.updated', actor: by.label, data: { accountId } })
    await audit(tx, by, { action: 'account.removed', subject: { type: 'account', id: accountId } })
  })
}

export interface TestOutcome {
  sent: boolean
  messageId: string | null
  conversationId: string | null
  how: 'text' | 'template' | null
  text: string
}

/** Sends the one who connected it a message: free text where the window is open, else a template that needs no values. */
export async function sendTest(
  deps: OnboardingDeps,
  by: By,
  tenantId: string,
  given: { accountId: string; to: string },
): Promise<TestOutcome> {
  const outcome = await inTenant(deps.db, tenantId, async (tx): Promise<TestOutcome> => {
    const account = await requireAccount(tx, given.accountId)
    const channel = deps.channels.get(account.provider)
    const phone = toE164(given.to, account.country)
    if (!phone)
      throw new ParleyError(
        'invalid_request',
        `${given.to} is not a phone number. Write it with its country code, for example +16505550123.`,
      )
    const conversationId = await openConversation(tx, account.id, await contactByPhone(tx, phone))
    const { rows } = await tx.query<{ open: boolean }>(
      'SELECT coalesce(window_expires_at > now(), false) AS open FROM conversations WHERE tenant_id = $1 AND id = $2',
      [tenantId, conversationId],
    )
    const free = rows[0]?.open || channel?.capabilities.windowHours === null
    const template = free
      ? undefined
      : (await listTemplates(tx, account.id)).find(
          (row) =>
            row.status === 'approved' && channel?.templates?.describe(row.components, row.parameter_format).places.length === 0,
        )
    if (!free && !template)
      return {
        sent: false,
        messageId: null,
        conversationId,
        how: null,
        text: `Write something to ${account.address ?? account.name} from ${phone} first: for 24 hours after that anything may be sent to it. Without that a template is needed, and there is none that can be sent as it is.`,
      }
    const { messageId, refused } = await queueReply(deps, tx, {
      conversationId,
      author: { sender: 'system', actor: by.label },
      body: template
        ? { type: 'template', name: template.name, language: template.language, parameters: { body: {}, buttons: {} } }
        : { type: 'text', text: 'This is a test message from Parley. The number works.' },
    })
    if (refused) return { sent: false, messageId, conversationId, how: null, text: refused.message }
    await audit(tx, by, { action: 'account.tested', subject: { type: 'account', id: account.id } })
    const how = template ? 'template' : 'text'
    return { sent: true, messageId, conversationId, how, text: 'The message is on its way. Look at your phone.' }
  })
  deps.changed(tenantId)
  if (outcome.sent) deps.wakeDispatch()
  return outcome
}
