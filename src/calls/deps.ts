import type { Channels } from '../conversations/accounts.ts'
import type { Database } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import type { Secrets } from '../platform/secrets.ts'
import type { Telephony } from '../ports/telephony.ts'

export interface CallDeps {
  db: Database
  log: Logger
  channels: Channels
  /** Opens what providers that keep a record of calls are asked with; absent: none is asked. */
  secrets?: Secrets
  /** By provider. */
  telephony: ReadonlyMap<string, Telephony>
  changed: (tenantId: string) => void
  wakeDispatch: () => void
  now?: () => Date
}

export const timeOf = (deps: { now?: () => Date }): Date => (deps.now ?? (() => new Date()))()
