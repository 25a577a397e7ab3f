/** What a business and each of its channels still need, in words. */
import { type AccountRow, listAccounts } from '../conversations/accounts.ts'
import { webhookProvider } from '../conversations/webhook-routes.ts'
import { notFound } from '../kernel/errors.ts'
import { inTenant, type Tx } from '../platform/db/tx.ts'
import type { Channel, SetupStep } from '../ports/channel.ts'
import { audit, type By } from '../tenancy/audit.ts'
import { type OnboardingDeps, webhookUrl } from './accounts.ts'
import type { Readiness } from './schema.ts'
import { evidence, numberById } from './store.ts'

/** Nobody outside reaches an address of this machine, and providers deliver to https only. */
export function isReachable(publicUrl: string): boolean {
  if (!URL.canParse(publicUrl)) return false
  const { protocol, hostname } = new URL(publicUrl)
  return protocol === 'https:' && !/^(localhost|127\.|\[::1\]|0\.0\.0\.0)/.test(hostname)
}

export const isReady = (steps: readonly SetupStep[]): boolean => steps.every(({ done, optional }) => done || optional)

export async function accountSetup(tx: Tx, deps: OnboardingDeps, account: AccountRow) {
  const channel = deps.channels.get(account.provider)
  const number = account.provider === 'whatsapp-cloud' ? await numberById(tx, account.id) : null
  const slug = await appOf(tx, account.id)
  const url = webhookUrl(deps, account.provider, slug)
  const steps =
    channel?.setup?.({
      account: {
        state: account.state,
        stateText: account.state_text,
        address: account.address,
        owner: number?.waba_id ?? null,
      },
      webhookUrl: url,
      reachable: isReachable(deps.publicUrl()),
      hasSecret:
        slug === '' ? hasOwnSecret(deps, account.provider) : channel !== undefined && (await hasApp(tx, channel, slug)),
      ...(await evidence(tx, account.id)),
    }) ?? []
  return { accountId: account.id, channel: account.channel, ready: isReady(steps), webhookUrl: url, steps }
}

/** The platform's own app is one of Meta's. */
const hasOwnSecret = (deps: OnboardingDeps, provider: string): boolean =>
  provider === 'whatsapp-cloud' && deps.app.secret !== undefined

async function appOf(tx: Tx, accountId: string): Promise<string> {
  const { rows } = await tx.query<{ app_slug: string }>(
    'SELECT app_slug FROM channel_accounts WHERE tenant_id = $1 AND id = $2',
    [tx.tenantId, accountId],
  )
  return rows[0]?.app_slug ?? ''
}

async function hasApp(tx: Tx, channel: Channel, slug: string): Promise<boolean> {
  const { rowCount } = await tx.query('SELECT FROM channel_apps WHERE tenant_id = $1 AND provider = $2 AND slug = $3', [
    tx.tenantId,
    webhookProvider(channel),
    slug,
  ])
  return rowCount === 1
}

interface BusinessFacts {
  name: string
  email: string | null
  settings: { timezone?: unknown; language?: unknown }
  owners: number
}

const step = (id: string, done: boolean, title: string, missing: string, how: string): SetupStep => ({
  id,
  done,
  title,
  missing: done ? null : missing,
  how: done ? null : how,
  optional: false,
})

export function businessSteps(facts: BusinessFacts, channels: readonly { ready: boolean }[]): SetupStep[] {
  const { timezone, language } = facts.settings
  return [
    step(
      'profile',
      facts.email !== null,
      'The business has an address to be written to',
      'The e-mail address of the business is missing.',
      'Enter it in the business profile.',
    ),
    step(
      'region',
      Boolean(timezone) && Boolean(language),
      'Time zone and language are set',
      `Not set: ${[timezone ? null : 'time zone', language ? null : 'language'].filter(Boolean).join(' and ')}.`,
      'Choose them in the business profile: hours and messages go by them.',
    ),
    step('owner', facts.owners > 0, 'Somebody owns it', 'Nobody is its owner.', 'Invite an owner.'),
    step(
      'channel',
      channels.some(({ ready }) => ready),
      'A channel works',
      'No channel works yet.',
      'Go through the steps of one below.',
    ),
  ]
}

export interface CentreFacts {
  configured: boolean
  state: string
  text: string | null
  /** Whether it has delivered anything. */
  heard: boolean
  /** Accounts whose new conversations begin with it. */
  accounts: number
}

/** Of a business that has a contact centre. Nothing needs one, so nothing here keeps a business from being ready. */
export function centreSteps(facts: CentreFacts | undefined): SetupStep[] {
  if (!facts) return []
  const optional = (one: SetupStep): SetupStep => ({ ...one, optional: true })
  return [
    step(
      'centre',
      facts.configured && facts.state === 'connected',
      'The contact centre takes what customers write',
      facts.configured ? (facts.text ?? 'It does not work at the moment.') : 'Its credentials are missing.',
      'Enter its credentials again, then have it checked: POST /api/contact-centre/check.',
    ),
    step(
      'centre_webhook',
      facts.heard,
      'The contact centre delivers what agents write',
      'Nothing has come from it yet.',
      'Enter the webhook address of GET /api/contact-centre there, with the secret token, and answer a customer.',
    ),
    step(
      'centre_accounts',
      facts.accounts > 0,
      'Conversations begin with the contact centre',
      'No number gives its new conversations to it; people can still hand over single ones.',
      'Say so for a number: PUT /api/accounts/:id/answerer.',
    ),
  ].map(optional)
}

async function centreFacts(tx: Tx): Promise<CentreFacts | undefined> {
  const { rows } = await tx.query<CentreFacts>(
    `SELECT EXISTS (SELECT FROM tenant_credentials c WHERE c.tenant_id = b.tenant_id AND c.credential_type = b.name AND c.is_active) AS configured,
            b.state, b.state_text AS text, EXISTS (SELECT FROM contact_centre_events e WHERE e.tenant_id = b.tenant_id) AS heard,
            (SELECT count(*)::int FROM channel_accounts a WHERE a.tenant_id = b.tenant_id AND a.answerer = b.name AND a.removed_at IS NULL) AS accounts
       FROM contact_centres b WHERE b.tenant_id = $1 LIMIT 1`,
    [tx.tenantId],
  )
  return rows[0]
}

export async function readinessOf(deps: OnboardingDeps, tenantId: string): Promise<Readiness> {
  return await inTenant(deps.db, tenantId, async (tx) => {
    const channels: Readiness['channels'] = []
    for (const account of await listAccounts(tx)) {
      const { accountId, channel, ready, steps } = await accountSetup(tx, deps, account)
      channels.push({ channel, accountId, name: account.name, ready, steps })
    }
    // Of what has no account: the first that carries it stands for all that do.
    const given = await begunWith(tx)
    const offers = [...deps.channels.values()].map((one) => webhookProvider(one))
    const begun = given.filter((provider) => offers.includes(provider))
    const connected = channels.length
    for (const offered of deps.channels.values()) {
      const { channel, provider, setup } = offered
      if (!setup || channels.some((one) => one.channel === channel)) continue
      if (!isWanted(webhookProvider(offered), begun, connected)) continue
      const steps = setup({
        account: null,
        webhookUrl: webhookUrl(deps, provider, ''),
        reachable: isReachable(deps.publicUrl()),
        hasSecret: hasOwnSecret(deps, provider),
        received: false,
        sent: false,
        templates: false,
      })
      channels.push({ channel, accountId: null, name: null, ready: false, steps })
    }
    const { rows } = await tx.query<BusinessFacts>(
      `SELECT t.name, t.email, t.settings, (SELECT count(*) FROM user_profiles p WHERE p.tenant_id = t.id AND p.role = 'owner') AS owners
         FROM tenants t WHERE t.id = $1`,
      [tenantId],
    )
    if (!rows[0]) throw notFound('The business')
    const steps = [...businessSteps(rows[0], channels), ...centreSteps(await centreFacts(tx))]
    return { ready: isReady(steps), channels, steps }
  })
}

/**
 * Whether a channel that has no account is among what a business has to do: where it has begun with its provider, and where
 * nothing is connected or begun at all, for then it has to choose.
 */
export const isWanted = (provider: string, begun: readonly string[], connected: number): boolean =>
  begun.includes(provider) || (connected === 0 && begun.length === 0)

/** Providers to which the business has given an app of its own or credentials. */
async function begunWith(tx: Tx): Promise<string[]> {
  const { rows } = await tx.query<{ provider: string }>(
    `SELECT provider FROM channel_apps WHERE tenant_id = $1
     UNION SELECT credential_type FROM tenant_credentials WHERE tenant_id = $1 AND is_active`,
    [tx.tenantId],
  )
  return rows.map(({ provider }) => provider)
}

/** How far the people who set it up have come; they say it, nothing else depends on it. */
export async function patchOnboarding(
  deps: OnboardingDeps,
  by: By,
  tenantId: string,
  given: { step?: number; completed?: boolean },
): Promise<void> {
  if (given.step === undefined && given.completed === undefined) return
  await inTenant(deps.db, tenantId, async (tx) => {
    await tx.query(
      `UPDATE tenants SET onboarding_step = coalesce($2, onboarding_step), onboarding_completed = coalesce($3, onboarding_completed),
              onboarding_completed_at = CASE WHEN $3 IS TRUE THEN coalesce(onboarding_completed_at, now()) WHEN $3 IS FALSE THEN NULL ELSE onboarding_completed_at END
        WHERE id = $1`,
      [tenantId, given.step ?? null, given.completed ?? null],
    )
    await audit(tx, by, { action: 'onboarding.changed', subject: { type: 'tenant', id: tenantId }, changes: { ...given } })
  })
  await deps.lookup.caughtUp()
}
