/** Read marks and typing signs: shown to the customer where the channel can, and worth no second try. */
import { type Database, inTenant } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import type { Secrets } from '../platform/secrets.ts'
import { type Channels, loadConnection, requireAccount } from './accounts.ts'

export interface SignalDeps {
  db: Database
  channels: Channels
  secrets: Secrets
  log: Logger
}

/** `externalId` is the provider's id of the customer's newest message. A provider that is away changes nothing for us. */
export async function signal(
  deps: SignalDeps,
  tenantId: string,
  target: { accountId: string; externalId: string },
  typing: boolean,
): Promise<void> {
  try {
    const { connection, provider } = await inTenant(deps.db, tenantId, async (tx) => ({
      connection: await loadConnection(tx, deps.secrets, target.accountId),
      provider: (await requireAccount(tx, target.accountId)).provider,
    }))
    const result = await deps.channels
      .get(provider)
      ?.markRead?.(connection, target.externalId, { typing, signal: AbortSignal.timeout(10_000) })
    if (result && result.outcome !== 'accepted')
      deps.log.info('A read mark was not taken', { operation: 'mark_read', outcome: result.outcome, code: result.code })
  } catch (error) {
    deps.log.warn('A read mark could not be sent', { operation: 'mark_read', error: (error as Error).message })
  }
}
