/**
 * What is kept for how long, carried out: whole months are dropped where nobody needs them any more; where somebody does, the
 * rows of those whose time is over are removed in small batches. Repeatable; killed anywhere, the next one goes on.
 */
import type { FileStore } from '../platform/blobs.ts'
import type { Client } from '../platform/db/pool.ts'
import { type Database, inTenant, type Tx } from '../platform/db/tx.ts'
import * as store from './store.ts'

export interface RetentionDeps {
  /** As the server works: one business at a time. */
  db: Database
  /** As the owner of the tables: months as a whole. */
  owner: Pick<Client, 'query'>
  files: FileStore
}
export interface RetentionOptions {
  now?: Date
  signal?: AbortSignal
  onProgress?: (state: { done: number; total: number }) => void
  /** Files that were written or asked for again after this stay for the next time: an upload of the same content may be on its way. */
  filesUntouchedSince?: Date
}

interface Plan {
  tenant_id: string
  content_before: Date
  ledger_before: Date
  held: boolean
  held_contacts: string[]
}
interface Month {
  parent: string
  keeps: 'content' | 'webhooks'
  name: string
  month: string
  to_at: Date
}

/** Rows removed by kind, files, and the months that were dropped. */
export interface RetentionReport {
  rows: Record<string, number>
  files: number
  months: string[]
}

export async function retentionPlan(owner: Pick<Client, 'query'>, now: Date): Promise<Plan[]> {
  return (await owner.query<Plan>('SELECT * FROM parley.retention_plan($1)', [now])).rows
}

/** Months that lie before the latest time at which anybody's rows go. */
export async function oldMonths(owner: Pick<Client, 'query'>, now: Date): Promise<Month[]> {
  const { rows } = await owner.query<Month>(
    `SELECT r.parent, r.keeps, m.name, m.month::text, m.to_at FROM parley.partition_rules r, parley.month_partitions(r.parent) m
      WHERE m.to_at <= coalesce((SELECT max(CASE r.keeps WHEN 'content' THEN p.content_before ELSE p.webhooks_before END) FROM parley.retention_plan($1) p), $1)
      ORDER BY m.month, r.parent <> 'messages', r.parent`,
    [now],
  )
  return rows
}

export async function keepRetention(deps: RetentionDeps, options: RetentionOptions = {}): Promise<RetentionReport> {
  const now = options.now ?? new Date()
  const report: RetentionReport = { rows: {}, files: 0, months: [] }
  const add = (kind: string, n: number) => {
    if (n > 0) report.rows[kind] = (report.rows[kind] ?? 0) + n
  }
  for (const { parent } of await rules(deps.owner)) await deps.owner.query('SELECT parley.drop_detached($1)', [parent])
  const plans = (await retentionPlan(deps.owner, now)).filter((plan) => !plan.held)
  for (const [at, plan] of plans.entries()) {
    options.signal?.throwIfAborted()
    await forgetBesides(deps, plan, now, options.signal, add)
    options.onProgress?.({ done: at + 1, total: plans.length * 2 })
  }
  add('dead_letters', await forgetNobodysLetters(deps.owner, now))
  for (const month of await oldMonths(deps.owner, now)) {
    options.signal?.throwIfAborted()
    if (await letGo(deps.owner, month, now)) report.months.push(month.name)
    else add(month.parent, await forgetRows(deps, month, plans, now, options.signal))
  }
  // Last, what says that something was here: never before the thing itself.
  for (const [at, plan] of plans.entries()) {
    options.signal?.throwIfAborted()
    await forgetTraces(deps, plan, options.signal, add)
    report.files += await removeFiles(deps, plan.tenant_id, options.filesUntouchedSince ?? new Date(Date.now() - settledMs))
    options.onProgress?.({ done: plans.length + at + 1, total: plans.length * 2 })
  }
  return report
}

/** What came for nobody known here has the time that a business has unless it says otherwise; while anybody is held it stays. */
async function forgetNobodysLetters(owner: Pick<Client, 'query'>, now: Date): Promise<number> {
  const { rowCount } = await owner.query(
    `DELETE FROM parley.dead_letters WHERE tenant_id IS NULL AND created_at < date_trunc('month', $1::timestamptz - interval '6 months', 'UTC')
        AND NOT EXISTS (SELECT FROM parley.retention_holds WHERE released_at IS NULL)`,
    [now],
  )
  return rowCount ?? 0
}

const rules = async (owner: Pick<Client, 'query'>) =>
  (await owner.query<{ parent: string }>('SELECT parent FROM parley.partition_rules ORDER BY 1')).rows

/** False where it is needed, or where its lock was not to be had: the next upkeep tries again. */
async function letGo(owner: Pick<Client, 'query'>, month: Month, now: Date): Promise<boolean> {
  const gone = await owner
    .query<{ gone: string | null }>('SELECT parley.let_month_go($1, $2::date, $3) AS gone', [month.parent, month.month, now])
    .then(
      ({ rows }) => rows[0]?.gone,
      (error: { code?: string }) => {
        if (error.code === '55P03' || error.code === '55006') return null // lock_not_available, object_in_use
        throw error
      },
    )
  if (!gone) return false
  await owner.query('SELECT parley.drop_detached($1)', [month.parent])
  return true
}

async function forgetBesides(
  deps: RetentionDeps,
  plan: Plan,
  now: Date,
  signal: AbortSignal | undefined,
  add: (kind: string, n: number) => void,
): Promise<void> {
  const before = plan.content_before
  const each = (step: (tx: Tx, holds: store.HoldState) => Promise<number>) => inBatches(deps.db, plan.tenant_id, step, signal)
  add('expired', await each((tx) => store.expireQueued(tx, before)))
  add('media_objects', await each((tx) => store.forgetMedia(tx, before)))
  // Whose they are is not told: with one contact held all of them stay.
  add('dead_letters', await each(async (tx, { contacts }) => (contacts ? 0 : await store.forgetDeadLetters(tx, before))))
  add('notifications', await each((tx) => store.forgetNotifications(tx, before)))
  add('previews', await each((tx) => store.forgetPreviews(tx, before)))
  add('booking_holds', await each((tx) => store.forgetBookingHolds(tx, now)))
}

async function forgetTraces(
  deps: RetentionDeps,
  plan: Plan,
  signal: AbortSignal | undefined,
  add: (kind: string, n: number) => void,
): Promise<void> {
  const before = plan.ledger_before
  const each = (step: (tx: Tx, holds: store.HoldState) => Promise<number>) => inBatches(deps.db, plan.tenant_id, step, signal)
  add('message_tracking', await each((tx) => store.forgetLedger(tx, before)))
  add('message_statuses', await each(async (tx, { contacts }) => (contacts ? 0 : await store.forgetParkedReceipts(tx, before))))
  add('calls', await each((tx) => store.forgetCalls(tx, before)))
  let place: store.EventPlace | null = { txid: '0', id: '00000000-0000-0000-0000-000000000000' }
  while (place) {
    signal?.throwIfAborted()
    const from: store.EventPlace = place
    const page = await oneBatch(deps.db, plan.tenant_id, (tx) => store.forgetEvents(tx, before, from))
    add('events', page?.removed ?? 0)
    place = page?.next ?? null
    if (place) await pause(pauseMs)
  }
}

/** Rows of those whose time is over, in a month that others still need. */
async function forgetRows(
  deps: RetentionDeps,
  month: Month,
  plans: readonly Plan[],
  now: Date,
  signal?: AbortSignal,
): Promise<number> {
  if (month.keeps === 'webhooks') return await forgetWebhooks(deps.owner, month, now, signal)
  const { rows } = await deps.owner.query<{ id: string; held: string | null }>(
    'SELECT m.id, parley.held_rows($2) AS held FROM parley.month_tenants($1) AS m(id)',
    [month.name, month.parent],
  )
  let total = 0
  for (const { id, held } of rows) {
    const plan = plans.find((one) => one.tenant_id === id)
    if (!plan || plan.content_before < month.to_at) continue
    total += await inBatches(deps.db, id, (tx, holds) => store.forgetMonth(tx, month.name, held, holds.contacts), signal)
  }
  return total
}

/** Pages of 8 kB looked through in one transaction. */
const pagesAtOnce = 256

async function forgetWebhooks(
  owner: Pick<Client, 'query'>,
  month: Month,
  now: Date,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { rows } = await owner.query<{ pages: number }>(
    `SELECT ceil(pg_relation_size(('parley.' || quote_ident($1))::regclass) / 8192.0)::int AS pages`,
    [month.name],
  )
  const pages = rows[0]?.pages ?? 0
  let total = 0
  for (let page = 0; page < pages; page += pagesAtOnce) {
    signal?.throwIfAborted()
    const { rows: gone } = await owner.query<{ n: number }>('SELECT parley.forget_webhooks($1, $2, $3, $4, $5)::int AS n', [
      month.name,
      page,
      page + pagesAtOnce,
      month.to_at,
      now,
    ])
    total += gone[0]?.n ?? 0
    await pause(pauseMs)
  }
  return total
}

/** Between batches others come first. */
const pauseMs = 20
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function inBatches(
  db: Database,
  tenantId: string,
  step: (tx: Tx, holds: store.HoldState) => Promise<number>,
  signal?: AbortSignal,
): Promise<number> {
  let total = 0
  for (;;) {
    signal?.throwIfAborted()
    const n = (await oneBatch(db, tenantId, step)) ?? 0
    total += n
    if (n < store.batchRows) return total
    await pause(pauseMs)
  }
}

/** null where the business is held by now. */
async function oneBatch<T>(
  db: Database,
  tenantId: string,
  step: (tx: Tx, holds: store.HoldState) => Promise<T>,
): Promise<T | null> {
  return await inTenant(db, tenantId, async (tx) => {
    await store.lockRetention(tx)
    const holds = await store.holdsNow(tx)
    return holds.business ? null : await step(tx, holds)
  })
}

const settledMs = 3_600_000

async function removeFiles(deps: RetentionDeps, tenantId: string, untouchedSince: Date): Promise<number> {
  let removed = 0
  for (const sha256 of await inTenant(deps.db, tenantId, store.filesToRemove)) {
    const done = await inTenant(deps.db, tenantId, async (tx) => {
      if (await store.isFileNamed(tx, sha256)) return 'named'
      return (await deps.files.remove(tenantId, sha256, untouchedSince)) ? 'removed' : 'recent'
    })
    if (done === 'recent') continue
    if (done === 'removed') removed += 1
    await inTenant(deps.db, tenantId, (tx) => store.fileRemoved(tx, sha256))
  }
  return removed
}
