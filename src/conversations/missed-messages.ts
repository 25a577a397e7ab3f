/**
 * Messages that no webhook brought: providers that deliver once and can be asked are asked now and then what came, and what
 * is not here yet is taken in as a webhook would have been. The once-only key makes it harmless.
 */
import { newId } from '../kernel/ids.ts'
import { type Database, inTenant } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import type { Secrets } from '../platform/secrets.ts'
import type { AccountConnection, Channel, ParsedWebhook } from '../ports/channel.ts'
import { type Channels, loadConnection } from './accounts.ts'
import type { SignedWebhook } from './batch.ts'
import type { Ingress } from './ingress.ts'
import { readWebhook } from './reading.ts'

export interface MissedDeps {
  db: Database
  log: Logger
  secrets: Secrets
  channels: Channels
  ingress: Pick<Ingress, 'accept'>
  /** What else the provider has of this account, such as its calls. Returns how much was taken in; throws where it could not be asked. */
  others?: (asked: AskedAccount) => Promise<number>
  now?: () => Date
}

const everyMs = 10 * 60_000
const atOnce = 20
const callTimeoutMs = 60_000
/** What came a moment ago may be on its way; what came shortly before the last look may have been listed late. */
const [freshMs, overlapMs] = [30_000, 5 * 60_000]

export interface AskedAccount {
  tenantId: string
  accountId: string
  provider: string
  connection: AccountConnection
  since: Date
  signal: AbortSignal
}

interface Claimed {
  tenant_id: string
  account_id: string
  provider: string
  app_slug: string
  since: Date
}

/** Asks for all accounts whose turn it is. Returns how many messages were taken in. */
export async function takeMissed(deps: MissedDeps, given: { everyMs?: number } = {}): Promise<number> {
  const now = (deps.now ?? (() => new Date()))()
  const providers = [...deps.channels.values()].filter((channel) => channel.missed).map(({ provider }) => provider)
  const { rows } = await deps.db.pool.query<Claimed>('SELECT * FROM parley.claim_askings($1, $2, $3, $4)', [
    ...[providers, now, given.everyMs ?? everyMs, atOnce],
  ])
  let taken = 0
  for (const account of rows)
    taken += await takeOf(deps, account, now).catch((error: Error) => {
      deps.log.warn('A provider could not be asked what came', {
        operation: 'missed',
        tenant_id: account.tenant_id,
        error: error.message,
      })
      return 0
    })
  return taken
}

async function takeOf(deps: MissedDeps, account: Claimed, now: Date): Promise<number> {
  const channel = deps.channels.get(account.provider)
  const { tenant_id: tenantId, account_id: accountId } = account
  const connection = await inTenant(deps.db, tenantId, (tx) => loadConnection(tx, deps.secrets, accountId))
  const since = new Date(account.since.getTime() - overlapMs)
  const found = await channel?.missed?.(connection, { since, signal: AbortSignal.timeout(callTimeoutMs) })
  if (!channel || found?.outcome !== 'listed') return 0
  const read = found.bodies.map((rawBody) => ({ rawBody, ...readWebhook(channel, rawBody, {}) }))
  const until = new Date(now.getTime() - freshMs)
  const due = read.filter(({ parsed: { events } }) =>
    events.every(({ occurredAt }) => Date.parse(occurredAt) < until.getTime()),
  )
  const known = await knownIds(
    deps.db,
    account,
    due.flatMap(({ parsed: { events } }) => events.flatMap(idOf)),
  )
  const fresh = due.filter(({ parsed: { events } }) => events.some((event) => idOf(event).some((id) => !known.has(id))))
  for (const one of fresh) await accept(deps, channel, account, one)
  const others = await deps.others?.({
    ...{ tenantId, accountId, provider: account.provider, connection, since, signal: AbortSignal.timeout(callTimeoutMs) },
  })
  await inTenant(deps.db, tenantId, (tx) =>
    tx.query('UPDATE channel_accounts SET asked_until = $3 WHERE tenant_id = $1 AND id = $2', [tenantId, accountId, until]),
  )
  if (fresh.length > 0)
    deps.log.warn('Messages that no webhook had brought were taken in', {
      operation: 'missed',
      tenant_id: tenantId,
      count: fresh.length,
    })
  return fresh.length + (others ?? 0)
}

const idOf = (event: ParsedWebhook['events'][number]): string[] => (event.kind === 'message' ? [event.externalId] : [])

async function knownIds(db: Database, account: Claimed, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await inTenant(db, account.tenant_id, (tx) =>
    tx.query<{ wamid: string }>(
      'SELECT wamid FROM message_tracking WHERE tenant_id = $1 AND channel_account_id = $2 AND wamid = ANY ($3)',
      [account.tenant_id, account.account_id, ids],
    ),
  )
  return new Set(rows.map(({ wamid }) => wamid))
}

/** With what it means for who may be written to, as in a webhook. */
const accept = (
  deps: MissedDeps,
  channel: Channel,
  account: Claimed,
  read: Pick<SignedWebhook, 'rawBody' | 'parsed' | 'windowHours' | 'signs'>,
): Promise<void> =>
  deps.ingress.accept({
    ...read,
    ...{ id: newId(), provider: channel.provider, appSlug: account.app_slug, owner: account.tenant_id, headers: {} },
    parsed: { ...read.parsed, label: 'missed' },
  })
