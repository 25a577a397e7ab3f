/**
 * Whose a number is. What comes to the platform's own webhook address is signed by the platform's app, whichever business it is for:
 * a number that is delivered there goes only to a business that shows, with its token, that the provider lets it read the number;
 * else somebody could take one that a neighbour has given up, and its customers' messages with it. A business with an app of its own is
 * told apart by that app's secret and may connect without; but then it only holds the number's id until somebody shows theirs.
 * Who runs the server may say so without proof.
 */
import { type Channels, loadConnection } from '../conversations/accounts.ts'
import { ParleyError } from '../kernel/errors.ts'
import { type Database, inTenant, type Tx } from '../platform/db/tx.ts'
import type { Secrets } from '../platform/secrets.ts'
import type { By } from '../tenancy/audit.ts'

export interface ProofDeps {
  db: Database
  secrets: Secrets
  channels: Channels
  /** `url`: where the provider is. Asked there and nowhere else, wherever a business's own calls go. */
  app: { url?: string }
  twilio: { url?: string }
}

export interface Claim {
  tenantId: string
  provider: string
  externalId: string
  /** With the account at the provider that the number is said to belong to. */
  config: Record<string, string>
  credentials: Record<string, string>
}

const mayVouch = ({ label }: By): boolean => /^(operator:|platform_key:|cli$|system$)/.test(label)
const answerMs = 20_000

/** Whether the provider shows the number to this token. What goes wrong on the way is `unknown`. */
async function shows(deps: ProofDeps, claim: Claim): Promise<'yes' | 'no' | 'unknown'> {
  const { graphUrl: _graph, apiUrl: _api, ...config } = claim.config
  const place = {
    ...(deps.app.url ? { graphUrl: deps.app.url } : {}),
    ...(deps.twilio.url ? { apiUrl: deps.twilio.url } : {}),
  }
  const account = {
    ...{ tenantId: claim.tenantId, accountId: '', externalId: claim.externalId },
    ...{ config: { ...config, ...place }, credentials: claim.credentials },
  }
  const asked = deps.channels.get(claim.provider)?.owns?.(account, { signal: AbortSignal.timeout(answerMs) })
  return (await asked?.catch(() => 'unknown' as const)) ?? 'unknown'
}

/** Whether the number is this business's beyond doubt. `required`: throws where it is not. */
export async function prove(deps: ProofDeps, by: By, claim: Claim, required: boolean): Promise<boolean> {
  if (mayVouch(by)) return true
  const answer = await shows(deps, claim)
  if (answer === 'yes' || !required) return answer === 'yes'
  if (answer === 'unknown')
    throw new ParleyError(
      'provider_failed',
      'The provider did not say whether this number is yours. Nothing was changed; try again.',
    )
  throw new ParleyError(
    'forbidden',
    'With this token the provider does not show this number in this business account. Check the three; or give the secret of an app of your own, or sign up in the window.',
  )
}

interface Holder {
  tenant_id: string
  account_id: string
  proven: boolean
}

/**
 * Before a business that proved a number takes it: throws where another one has it by right. One that never showed that it is theirs is
 * asked now, with the token it has; if that shows it, it stays.
 */
export async function requireClaimable(
  deps: ProofDeps,
  claim: Pick<Claim, 'tenantId' | 'provider' | 'externalId'>,
): Promise<void> {
  const { provider } = claim
  const { rows } = await deps.db.pool.query<Holder>('SELECT * FROM parley.find_holder($1, $2)', [
    claim.provider,
    claim.externalId,
  ])
  const holder = rows[0]
  if (!holder || holder.tenant_id === claim.tenantId) return
  if (holder.proven || (await holderProves(deps, claim, holder)))
    throw new ParleyError(
      'conflict',
      `This ${provider === 'whatsapp-cloud' ? 'phone number id' : 'number'} is taken on this server already. Choose another one.`,
      {
        field: provider === 'whatsapp-cloud' ? 'phoneNumberId' : 'number',
      },
    )
}

async function holderProves(deps: ProofDeps, claim: Pick<Claim, 'provider' | 'externalId'>, holder: Holder): Promise<boolean> {
  const { provider, externalId } = claim
  const tenantId = holder.tenant_id
  const known = await inTenant(deps.db, tenantId, (tx) => loadConnection(tx, deps.secrets, holder.account_id))
  const { config, credentials } = known
  if ((await shows(deps, { tenantId, provider, externalId, config, credentials })) !== 'yes') return false
  await inTenant(deps.db, tenantId, (tx) =>
    tx.query('UPDATE channel_accounts SET proven_at = now() WHERE tenant_id = $1 AND id = $2 AND external_id = $3', [
      tenantId,
      holder.account_id,
      externalId,
    ]),
  )
  return true
}

/** In the transaction that gives the business a number it proved. Another that held it without proof loses it: its id. */
export async function takeFromUnproven(tx: Tx, provider: string, externalId: string): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>('SELECT parley.release_unproven($1, $2, $3) AS id', [
    provider,
    externalId,
    tx.tenantId,
  ])
  return rows.map(({ id }) => id)
}
