/**
 * What comes to the platform's own webhook address is signed by the platform's app, whichever business it is for. So a
 * number that is delivered there goes to a business that shows, with its token, that the provider lets it read the number:
 * else somebody could take one that a neighbour has given up, and its customers' messages with it. Who runs the server may
 * say so without proof; a business with an app of its own is told apart by that app's secret.
 */
import type { Channels } from '../conversations/accounts.ts'
import { ParleyError } from '../kernel/errors.ts'
import type { By } from '../tenancy/audit.ts'

const mayVouch = ({ label }: By): boolean => /^(operator:|platform_key:|cli$|system$)/.test(label)

export async function requireProof(
  channels: Channels,
  by: By,
  given: {
    tenantId: string
    provider: string
    externalId: string
    accessToken: string
    owner: string
    config: Record<string, string>
  },
): Promise<void> {
  const owns = channels.get(given.provider)?.owns
  if (!owns || mayVouch(by)) return
  const answer = await owns(
    {
      tenantId: given.tenantId,
      accountId: '',
      externalId: given.externalId,
      config: { ...given.config, wabaId: given.owner },
      credentials: { accessToken: given.accessToken },
    },
    { signal: AbortSignal.timeout(20_000) },
  )
  if (answer === 'yes') return
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
