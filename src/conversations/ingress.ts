/**
 * Gathers webhooks of concurrent requests into batches: the next batch is what arrived while the last one was being
 * committed. Alone, a request is a batch of one. Nothing waits for company, with one exception: a source that sends much while
 * others send too (docs/decisions/0012-gather-the-busy.md).
 */
import { ParleyError } from '../kernel/errors.ts'
import type { Logger } from '../platform/log.ts'
import { createActivity } from './activity.ts'
import type { SignedWebhook } from './batch.ts'
import { createFairQueue, type FairLimits, type Sized } from './fair-queue.ts'
import { type IntakeDeps, receiveBatch } from './receive.ts'

export interface Ingress {
  /** Resolves once the webhook is committed. Rejects with `unavailable` where it was not: the provider has to send again. */
  accept(webhook: SignedWebhook): Promise<void>
  /** How much waits, and for how long the oldest of it, for health and metrics. */
  waiting(): { webhooks: number; bytes: number; oldestMs: number }
  /** Events stored in the last second. */
  perSecond(): number
  /** Events to a batch in the last second: many where more comes than can be stored at leisure. */
  perBatch(): number
  /** Since the start. */
  totals(): Readonly<Totals>
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>
}

export interface Totals {
  webhooks: number
  events: number
  batches: number
  /** Webhooks turned away, because too much waited or the database was not there. */
  refused: number
  /** How long webhooks waited and were stored, in all. Milliseconds. */
  waitedMs: number
}

interface Limits extends FairLimits {
  /** Batches committed at the same time. Each is one connection. */
  writers: number
  /** A source has one batch under way, unless so many of its events wait: the other writer is for all others. */
  secondBatchAt: number
  /** While others write too, a source that sends much waits so long for a fuller batch, or until so much waits in all. Milliseconds. */
  gatherMs: number
  gatherEvents: number
  /** Bytes that may wait: beyond, requests are turned away before memory grows. */
  waitingBytes: number
  /** The same for what one source sends, so that it cannot take the place of all others. */
  waitingBytesOfOne: number
}
const limits: Limits = {
  writers: 2,
  secondBatchAt: 32,
  gatherMs: 20,
  gatherEvents: 24,
  batchEvents: 400,
  sharedBatchEvents: 100,
  batchBytes: 8 << 20,
  waitingBytes: 64 << 20,
  waitingBytesOfOne: 32 << 20,
}

interface Waiting extends Sized {
  webhook: SignedWebhook
  /** Whose lines it has. */
  people: readonly string[]
  since: number
  done: () => void
  failed: (error: Error) => void
}

export function createIngress(
  deps: IntakeDeps & { log: Logger; onStored?: (tenants: ReadonlySet<string>) => void },
  options: Partial<Limits> = {},
): Ingress {
  const given = { ...limits, ...options }
  const { writers, waitingBytes, waitingBytesOfOne, secondBatchAt, gatherMs, gatherEvents } = given
  const queue = createFairQueue<Waiting>(given)
  let bytes = 0
  let running = 0
  let largeRunning = 0
  /** Batches under way, by source. */
  const under = new Map<string, number>()
  const activity = createActivity()
  let willWake = false
  /**
   * Every batch costs the same before it costs by the event: many small ones of one source are what others would feel. Alone,
   * or sending little, nobody waits.
   */
  const gathers = (source: string, events: number): number =>
    Math.max(events, queue.size()) < gatherEvents && activity.busyAmongOthers(source)
      ? gatherMs - activity.sinceBatch(source)
      : 0
  function wake(): void {
    willWake = false
    if (running < writers) void drain()
  }
  const may = (source: string, events: number): boolean => {
    if (under.has(source)) return events >= secondBatchAt
    const wait = gathers(source, events)
    if (wait <= 0) return true
    if (!willWake) setTimeout(wake, wait)
    willWake = true
    return false
  }
  const mark = (batch: readonly Waiting[], by: 1 | -1): void => {
    for (const source of new Set(batch.map((item) => item.source))) {
      const count = (under.get(source) ?? 0) + by
      if (count > 0) under.set(source, count)
      else under.delete(source)
      activity.batch(source)
    }
  }
  let idlers: (() => void)[] = []
  const rate = createRate()
  const totals: Totals = { webhooks: 0, events: 0, batches: 0, refused: 0, waitedMs: 0 }
  /** With whose lines are in each. */
  const underWay = new Map<readonly Waiting[], ReadonlySet<string>>()
  /** Of two batches at once the later one may be committed first: nobody's lines are in both. */
  const free = ({ people }: Waiting): boolean => {
    for (const others of underWay.values()) if (people.some((person) => others.has(person))) return false
    return true
  }
  const oldestMs = (): number => {
    const now = performance.now()
    const sinces = [...queue.firsts(), ...[...underWay.keys()].flat()].map(({ since }) => since)
    return now - sinces.reduce((oldest, since) => Math.min(oldest, since), now)
  }

  function tally(batch: readonly Waiting[]): void {
    const events = batch.reduce((sum, item) => sum + item.events, 0)
    rate.add(events)
    totals.batches += 1
    totals.webhooks += batch.length
    totals.events += events
    for (const item of batch) totals.waitedMs += performance.now() - item.since
  }

  function settleIdle(): void {
    if (running > 0 || queue.size() > 0) return
    for (const idler of idlers) idler()
    idlers = []
  }

  async function store(batch: readonly Waiting[]): Promise<void> {
    try {
      const { tenants } = await receiveBatch(
        deps,
        batch.map((item) => item.webhook),
      )
      tally(batch)
      for (const item of batch) item.done()
      deps.onStored?.(tenants)
    } catch (error) {
      deps.log.error('Webhooks could not be stored and were turned away', {
        operation: 'receive',
        count: batch.length,
        error: (error as Error).message,
      })
      const refusal = new ParleyError('unavailable', 'The database is not available. Send again later.')
      totals.refused += batch.length
      for (const item of batch) item.failed(refusal)
    }
    for (const item of batch) bytes -= item.bytes
  }

  async function drain(): Promise<void> {
    running += 1
    try {
      for (;;) {
        // One that takes seconds leaves a writer to all others.
        const batch = queue.nextBatch(largeRunning < Math.max(1, writers - 1), may, activity.busyAmongOthers, free)
        if (batch.length === 0) return
        const large = (batch[0]?.events ?? 0) > given.batchEvents ? 1 : 0
        largeRunning += large
        mark(batch, 1)
        underWay.set(batch, new Set(batch.flatMap(({ people }) => people)))
        await store(batch).finally(() => {
          underWay.delete(batch)
          largeRunning -= large
          mark(batch, -1)
        })
      }
    } finally {
      running -= 1
      settleIdle()
    }
  }

  return {
    accept(webhook) {
      const item = { source: sourceOf(webhook), events: webhook.parsed.events.length, bytes: webhook.rawBody.length }
      if (bytes + item.bytes > waitingBytes || queue.bytesOf(item.source) + item.bytes > waitingBytesOfOne) {
        totals.refused += 1
        return Promise.reject(new ParleyError('unavailable', 'Too much is waiting to be stored. Send again later.'))
      }
      bytes += item.bytes
      activity.came(item.source, item.events)
      const stored = new Promise<void>((done, failed) =>
        queue.add({ ...item, since: performance.now(), webhook, people: peopleOf(webhook), done, failed }),
      )
      if (running < writers) void drain()
      return stored
    },
    waiting: () => ({ webhooks: queue.size(), bytes, oldestMs: oldestMs() }),
    perSecond: rate.perSecond,
    perBatch: rate.perBatch,
    totals: () => totals,
    idle() {
      if (running === 0 && queue.size() === 0) return Promise.resolve()
      return new Promise((resolve) => idlers.push(resolve))
    },
  }
}

/**
 * A tenant's own apps are that tenant, however many it makes: a turn for each of them would be a turn for whoever asks for
 * more. What comes through the platform's app is told apart by the account it speaks of.
 */
export const sourceOf = ({
  provider,
  appSlug,
  owner,
  parsed,
}: Pick<SignedWebhook, 'provider' | 'appSlug' | 'owner' | 'parsed'>): string =>
  owner ? `business/${owner}` : `${provider}/${appSlug || (parsed.events[0]?.account ?? '')}`

/** Whose lines it has, or who became whom: by account and id. */
const peopleOf = ({ parsed: { events } }: SignedWebhook): string[] =>
  events.flatMap((event) => {
    if (event.kind === 'message') return event.person.identities.map(({ value }) => `${event.account}|${value}`)
    return event.kind === 'identity' ? [event.from, event.to].map(({ value }) => `${event.account}|${value}`) : []
  })

/** Counts the last second, in quarters. */
export function createRate() {
  const quarterMs = 250
  const none = { events: 0, batches: 0 }
  let quarters = [none, none, none, none]
  let last = 0
  const turn = () => {
    const now = Math.floor(performance.now() / quarterMs)
    if (now > last) quarters = [...quarters, ...new Array<typeof none>(Math.min(4, now - last)).fill(none)].slice(-4)
    last = now
  }
  const sum = (of: keyof typeof none): number => {
    turn()
    return quarters.reduce((total, quarter) => total + quarter[of], 0)
  }
  return {
    /** Of one batch. */
    add(count: number) {
      turn()
      const { events, batches } = quarters[3] ?? none
      quarters[3] = { events: events + count, batches: batches + 1 }
    },
    perSecond: () => sum('events'),
    perBatch: () => sum('events') / Math.max(1, sum('batches')),
  }
}
