import type { Database, Tx } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import type { Secrets } from '../platform/secrets.ts'
import type { NumberHooks, NumberSeller } from '../ports/number-seller.ts'

/** What is done with the accounts that speak through numbers: another feature's, joined in src/app/numbers.ts. */
export interface NumberAccounts {
  /** The webhook address of this account at the provider, made where there is none. Its slug. */
  appFor(tx: Tx, given: { accountSid: string; authToken: string; name: string }): Promise<string>
  /** An address that nobody uses any more is taken away. */
  dropApp(tx: Tx, slug: string): Promise<void>
  /** One transaction that gives the business a number that is its own beyond doubt: whoever held it without proof loses it. */
  claim<T>(tenantId: string, number: string, work: (tx: Tx) => Promise<T>): Promise<T>
  /** New credentials count for every number of the account at the provider. */
  renew(tx: Tx, accountSid: string, credentials: Record<string, string>): Promise<void>
  /** Its conversations stay. */
  remove(tx: Tx, accountId: string): Promise<void>
}

export interface NumberDeps {
  db: Database
  log: Logger
  secrets: Secrets
  seller: NumberSeller
  accounts: NumberAccounts
  /** Where the provider is reached, for accounts that are given from now on. */
  apiUrl?: string | undefined
  hooks: (appSlug: string) => NumberHooks
  changed: (tenantId: string) => void
  wakeDispatch: () => void
  /** There is something to do: the worker looks at once. */
  wake: () => void
  now?: (() => Date) | undefined
}

export const timeOf = (deps: Pick<NumberDeps, 'now'>): Date => (deps.now ?? (() => new Date()))()
