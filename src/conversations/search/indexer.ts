/**
 * Keeps the index behind what happens, never in its way: one connection, one batch after the other, and after each a pause
 * in proportion to what it took. Any number of processes may run one.
 */
import type { Bus } from '../../platform/bus.ts'
import type { Database } from '../../platform/db/tx.ts'
import type { Logger } from '../../platform/log.ts'
import { fillSearch } from './fill.ts'

export interface SearchIndexer {
  /** What is not in the index yet, as it was last looked at. */
  lag(): SearchLag
  /** Resolves when everything that is committed is in, or after five seconds: an open transaction may hold news back. */
  idle(): Promise<void>
  stop(): Promise<void>
}

export interface SearchLag {
  /** How long the oldest news waits, in seconds; 0: nothing waits. */
  seconds: number
  /** Businesses whose older messages are still being gone through. */
  filling: number
  /** Since when there are any, in seconds. */
  fillingSeconds: number
}

/** Finds what no hint told of, and measures how far behind it is. */
const lookMs = 5000
/** A hint comes with a commit; where an older transaction still runs, the news is only read once that has ended. */
const againMs = 500
/** Of the time that a batch took, how much is left to others after it. */
const restShare = 0.5
/**
 * The same while so much comes in that the index would slow it down: it falls behind then, and catches up afterwards. A rush
 * that does not end has to leave it more: people look for what was said a minute ago.
 */
const [restShareInRush, restShareFarBehind, farBehindSeconds] = [24, 3, 60]
const restMs = 20

/** Milliseconds to rest after a batch that took so long. */
export const restAfter = (tookMs: number, rush: boolean, behindSeconds: number): number =>
  restMs + tookMs * (!rush ? restShare : behindSeconds > farBehindSeconds ? restShareFarBehind : restShareInRush)

export interface IndexerDeps {
  db: Database
  bus: Pick<Bus, 'subscribe'>
  log: Logger
  /** Whether more comes in than can be indexed beside it. */
  rush?: () => boolean
}

export function startSearchIndexer(deps: IndexerDeps): SearchIndexer {
  const due = new Set<string>()
  /** When to look once more. */
  const later = new Map<string, number>()
  let lag = { seconds: 0, filling: 0 }
  let fillingSince = 0
  let looked: number | undefined
  let stopped = false
  let wake = () => {}

  async function look(): Promise<void> {
    const { rows } = await deps.db.pool.query<{ tenant_id: string; waiting_since: Date | null; filling: boolean }>(
      'SELECT tenant_id, waiting_since, filling FROM parley.search_backlog()',
    )
    const waits = rows.map(({ waiting_since }) => (waiting_since ? Date.now() - waiting_since.getTime() : 0))
    lag = { seconds: Math.max(0, ...waits) / 1000, filling: rows.filter(({ filling }) => filling).length }
    if (lag.filling === 0) fillingSince = performance.now()
    for (const { tenant_id } of rows) due.add(tenant_id)
  }

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      timer.unref()
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  async function one(tenantId: string): Promise<void> {
    due.delete(tenantId)
    const began = performance.now()
    const { more, count } = await fillSearch(deps.db, tenantId)
    // Behind the others: each gets a batch in turn.
    if (more && !stopped) due.add(tenantId)
    if (count > 0 && !stopped)
      await new Promise((resolve) =>
        setTimeout(resolve, restAfter(performance.now() - began, deps.rush?.() ?? false, lag.seconds)),
      )
  }

  async function next(): Promise<void> {
    const now = performance.now()
    // Also once everything that was seen is in: what is behind is told as it is.
    if (looked === undefined || now - looked > lookMs || (due.size === 0 && lag.filling > 0)) {
      await look()
      looked = performance.now()
    }
    for (const [id, at] of later) {
      if (at > now) continue
      later.delete(id)
      due.add(id)
    }
    const [tenantId] = due
    if (tenantId) await one(tenantId)
    else await pause(againMs)
  }

  async function work(): Promise<void> {
    while (!stopped) {
      try {
        await next()
      } catch (error) {
        if (stopped) return
        deps.log.warn('The search index could not be brought up to date', {
          operation: 'search',
          error: (error as Error).message,
        })
        await pause(lookMs)
      }
    }
  }

  const unsubscribe = deps.bus.subscribe((tenantId) => {
    if (tenantId === '*') looked = undefined
    else {
      due.add(tenantId)
      later.set(tenantId, performance.now() + againMs)
    }
    wake()
  })
  const working = work()
  return {
    lag: () => ({ ...lag, fillingSeconds: lag.filling > 0 ? (performance.now() - fillingSince) / 1000 : 0 }),
    async idle() {
      const until = performance.now() + 5000
      for (let waiting = true; waiting && performance.now() < until; ) {
        await look()
        waiting = due.size > 0
        wake()
        if (waiting) await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    async stop() {
      stopped = true
      unsubscribe()
      wake()
      await working
    },
  }
}
