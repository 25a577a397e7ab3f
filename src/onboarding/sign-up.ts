/**
 * Signing a business up to WhatsApp in the provider's own window. It is begun here, so that what comes back can be told from
 * what somebody else slipped in: the state is random, belongs to one business and one person, lasts minutes, counts once.
 */
import { createHash, randomBytes, randomInt } from 'node:crypto'
import { addWhatsAppAccount, setAccountState } from '../conversations/accounts.ts'
import { appendEvent } from '../conversations/feed.ts'
import { ParleyError } from '../kernel/errors.ts'
import { inTenant, type Tx } from '../platform/db/tx.ts'
import type { ChannelSignUp, SignUpAccount, SignUpApp } from '../ports/channel.ts'
import { audit, type By } from '../tenancy/audit.ts'
import { keepCredentials, loadCredentials, storeCredentials } from '../tenancy/credentials.ts'
import { changeAccounts, type OnboardingDeps } from './accounts.ts'
import { requireClaimable } from './proof.ts'
import * as store from './store.ts'

const provider = 'whatsapp-cloud'
const lifeMinutes = 15
const hashOf = (state: string): string => createHash('sha256').update(state).digest('hex')

/** Who runs the server has to have set the app up; says which settings are missing. */
function requireApp(deps: OnboardingDeps): { app: SignUpApp; configId: string; signUp: ChannelSignUp } {
  const { id, secret, configId, url } = deps.app
  const missing = Object.entries({ WHATSAPP_APP_ID: id, WHATSAPP_APP_SECRET: secret, WHATSAPP_SIGNUP_CONFIG_ID: configId })
    .filter(([, value]) => !value)
    .map(([name]) => name)
  const signUp = deps.channels.get(provider)?.signUp
  if (!id || !secret || !configId || !signUp)
    throw new ParleyError(
      'conflict',
      `Signing up in a window is not set up on this server: ${missing.join(', ')}. Enter the number by hand, or ask whoever runs it.`,
      { missing },
    )
  return { app: { id, secret, ...(url ? { url } : {}) }, configId, signUp }
}

export async function beginSignUp(deps: OnboardingDeps, by: By, tenantId: string) {
  const { app, configId } = requireApp(deps)
  const state = randomBytes(32).toString('base64url')
  const expiresAt = new Date(Date.now() + lifeMinutes * 60_000)
  await inTenant(deps.db, tenantId, async (tx) => {
    await tx.query(`DELETE FROM whatsapp_signups WHERE tenant_id = $1 AND expires_at < now() - interval '30 days'`, [tenantId])
    await tx.query('INSERT INTO whatsapp_signups (tenant_id, state_hash, begun_by, expires_at) VALUES ($1, $2, $3, $4)', [
      tenantId,
      hashOf(state),
      by.label,
      expiresAt,
    ])
  })
  return { state, appId: app.id, configId, expiresAt: expiresAt.toISOString() }
}

/** Used up whatever comes of it: a code counts once as well. One answer for every wrong state. */
async function spendState(deps: OnboardingDeps, by: By, tenantId: string, state: string): Promise<string> {
  const { rows } = await inTenant(deps.db, tenantId, (tx) =>
    tx.query<{ id: string }>(
      `UPDATE whatsapp_signups SET used_at = now()
        WHERE tenant_id = $1 AND state_hash = $2 AND begun_by = $3 AND used_at IS NULL AND expires_at > now() RETURNING id`,
      [tenantId, hashOf(state), by.label],
    ),
  )
  if (!rows[0])
    throw new ParleyError(
      'forbidden',
      'This sign-up was not begun here by you, is older than 15 minutes, or was completed already. Begin again.',
    )
  return rows[0].id
}

export async function completeSignUp(
  deps: OnboardingDeps,
  by: By,
  tenantId: string,
  given: { state: string; code: string; wabaId: string; phoneNumberId?: string },
): Promise<string[]> {
  const { app, signUp } = requireApp(deps)
  const id = await spendState(deps, by, tenantId, given.state)
  try {
    const accounts = await connect(deps, by, tenantId, { app, signUp, ...given })
    await note(deps, tenantId, id, 'connected')
    return accounts
  } catch (error) {
    const details = error instanceof ParleyError ? (error.details as { code?: string } | undefined) : undefined
    await note(deps, tenantId, id, details?.code ?? (error instanceof ParleyError ? error.code : 'internal'))
    throw error
  }
}

const note = (deps: OnboardingDeps, tenantId: string, id: string, outcome: string) =>
  inTenant(deps.db, tenantId, (tx) =>
    tx.query('UPDATE whatsapp_signups SET outcome = $3 WHERE tenant_id = $1 AND id = $2', [tenantId, id, outcome]),
  )

/** Reads, makes sure that nothing of it is another's, opens at the provider, stores. What fails at the end is taken back. */
async function connect(
  deps: OnboardingDeps,
  by: By,
  tenantId: string,
  given: { app: SignUpApp; signUp: ChannelSignUp; code: string; wabaId: string; phoneNumberId?: string },
): Promise<string[]> {
  const { app, signUp, code, wabaId: owner, phoneNumberId: account } = given
  const options = { signal: AbortSignal.timeout(60_000) }
  const read = await signUp.read(app, { code, owner, account }, options)
  if (read.outcome === 'failed') throw new ParleyError('provider_failed', read.text, { code: read.code })
  for (const { externalId } of read.accounts) await requireClaimable(deps, { tenantId, provider, externalId })
  const accounts = await withPins(deps, tenantId, read.accounts)
  const toOpen = accounts.map((one) => ({ ...one, pin: one.pin ?? '' })) // without one: open already
  const opened = await signUp.open(app, { token: read.token, owner, accounts: toOpen }, options)
  if (opened.outcome === 'failed') throw new ParleyError('provider_failed', opened.text, { code: opened.code })
  try {
    const numbers = accounts.map(({ externalId }) => externalId)
    return await changeAccounts(deps, tenantId, numbers, async (tx) => {
      const saved: string[] = []
      for (const one of accounts) saved.push(await save(tx, deps, by, one, { owner, token: read.token }))
      await store.followMainNumber(tx)
      return saved
    })
  } catch (error) {
    await opened.undo()
    throw error
  }
}

type WithPin = SignUpAccount & { pin: string | null }
const pinType = 'whatsapp_pin'

/**
 * A PIN is stored before the provider hears of it: without it the number can be registered nowhere again. One from an earlier try that
 * ended between the two is the number's by now, so it is taken again. null: the number was opened by somebody else.
 */
const withPins = (deps: OnboardingDeps, tenantId: string, accounts: readonly SignUpAccount[]): Promise<WithPin[]> =>
  inTenant(deps.db, tenantId, async (tx) => {
    const made: WithPin[] = []
    for (const one of accounts) {
      const known = await store.numberByExternalId(tx, one.externalId)
      const subjects = [one.externalId, ...(known ? [known.id] : [])]
      let pin: string | null = null
      for (const subject of subjects) pin ??= (await loadCredentials(tx, deps.secrets, pinType, subject))?.pin ?? null
      if (!one.open) {
        const values = { pin: pin ?? String(randomInt(0, 1_000_000)).padStart(6, '0') }
        pin = (await keepCredentials(tx, deps.secrets, { type: pinType, subject: one.externalId, values })).pin ?? values.pin
      }
      made.push({ ...one, pin })
    }
    return made
  })

/** One number: new, or known already and signed up again. */
async function save(
  tx: Tx,
  deps: OnboardingDeps,
  by: By,
  account: WithPin,
  { owner, token }: { owner: string; token: string },
): Promise<string> {
  const { externalId, name, address } = account
  const known = await store.numberByExternalId(tx, externalId)
  if (known) {
    await store.updateNumber(tx, known.id, { phoneNumberId: externalId, wabaId: owner, address })
    // From now on the platform's own app delivers.
    await tx.query(`UPDATE channel_accounts SET app_slug = '' WHERE tenant_id = $1 AND id = $2`, [tx.tenantId, known.id])
    await store.setProven(tx, known.id, true)
    await storeCredentials(tx, deps.secrets, { type: 'channel_account', subject: known.id, values: { accessToken: token } })
    await setAccountState(tx, known.id, 'connected', null)
  }
  const id =
    known?.id ??
    (await addWhatsAppAccount(tx, deps.secrets, {
      phoneNumberId: externalId,
      wabaId: owner,
      name,
      address,
      accessToken: token,
      graphUrl: deps.app.url,
      proven: true,
    }))
  if (account.pin !== null) {
    await storeCredentials(tx, deps.secrets, { type: pinType, subject: id, values: { pin: account.pin } })
    await tx.query(`DELETE FROM tenant_credentials WHERE tenant_id = $1 AND credential_type = $2 AND subject = $3`, [
      tx.tenantId,
      pinType,
      externalId,
    ])
  }
  await appendEvent(tx, { type: 'account.updated', actor: by.label, data: { accountId: id } })
  await audit(tx, by, {
    action: known ? 'account.updated' : 'account.connected',
    subject: { type: 'account', id },
    changes: { provider, phoneNumberId: externalId, how: 'sign_up' },
  })
  return id
}
