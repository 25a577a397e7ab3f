import type { Channels } from '../conversations/accounts.ts'
import type { Database } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import type { Telephony } from '../ports/telephony.ts'

export interface CallDeps {
  db: Database
  log: Logger
  channels: Channels
  /** By provider. */
  telephony: ReadonlyMap<string, Telephony>
  changed: (tenantId: string) => void
  wakeDispatch: () => void
  now?: () => Date
}

export const timeOf = (deps: { now?: () => Date }): Date => (deps.now ?? (() => new Date()))()
