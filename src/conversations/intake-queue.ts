/**
 * Intake through RabbitMQ (docs/decisions/0014-broker.md): who serves publishes signed webhooks and answers when the broker has
 * them; who works stores them in batches with the same functions as without. A source's webhooks are in one queue, and a queue
 * has one consumer at a time, so they are stored in the order in which they were taken.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { ParleyError } from '../kernel/errors.ts'
import type { Broker, Handled, IncomingMessage, QueueShape } from '../platform/broker.ts'
import type { Logger } from '../platform/log.ts'
import type { Channels } from './accounts.ts'
import type { SignedWebhook } from './batch.ts'
import { createRate, type Ingress, sourceOf, type Totals } from './ingress.ts'
import { readWebhook } from './reading.ts'
import { type IntakeDeps, receiveBatch } from './receive.ts'

/** Sources are spread over so many queues. Another number is another version of the queues. */
const partitions = 4
const queueOf = (n: number): string => `intake.v1.${n}`
export const intakeQueues: QueueShape[] = Array.from({ length: partitions }, (_, n) => ({ name: queueOf(n), single: true }))

const partitionOf = (source: string): number => createHash('sha256').update(source).digest().readUInt32BE(0) % partitions

const noTotals = (): Totals => ({ webhooks: 0, events: 0, batches: 0, refused: 0, waitedMs: 0 })

/** What beside the raw bytes makes a signed webhook. */
const stamp = z.object({
  id: z.uuid(),
  provider: z.string(),
  appSlug: z.string(),
  owner: z.uuid().optional(),
  headers: z.record(z.string(), z.string()),
})

/** The same as in process to whoever takes webhooks: resolves once it is safe, rejects where the provider has to send again. */
export function createQueueIngress(deps: { broker: Broker; log: Logger }): Ingress {
  const rate = createRate()
  const totals = noTotals()
  const under = new Map<SignedWebhook, number>()
  let bytes = 0
  const idlers: (() => void)[] = []

  async function publish(webhook: SignedWebhook): Promise<void> {
    const { id, provider, appSlug, owner, headers, rawBody } = webhook
    await deps.broker.publish(
      { queue: queueOf(partitionOf(sourceOf(webhook))) },
      {
        id,
        type: 'webhook.v1',
        headers: { 'x-parley': JSON.stringify({ id, provider, appSlug, ...(owner ? { owner } : {}), headers }) },
        body: rawBody,
        contentType: 'application/octet-stream',
      },
    )
  }

  return {
    async accept(webhook) {
      const began = performance.now()
      const events = webhook.parsed.events.length
      under.set(webhook, began)
      bytes += webhook.rawBody.length
      try {
        await publish(webhook)
        rate.add(events)
        totals.webhooks += 1
        totals.batches += 1
        totals.events += events
        totals.waitedMs += performance.now() - began
      } catch (error) {
        totals.refused += 1
        deps.log.warn('Webhooks could not be queued and were turned away', {
          operation: 'receive',
          error: (error as Error).message,
        })
        throw new ParleyError('unavailable', 'The message broker is not available. Send again later.')
      } finally {
        under.delete(webhook)
        bytes -= webhook.rawBody.length
        if (under.size === 0) for (const idler of idlers.splice(0)) idler()
      }
    },
    waiting: () => {
      const [first] = under.values()
      return { webhooks: under.size, bytes, oldestMs: first === undefined ? 0 : performance.now() - first }
    },
    perSecond: rate.perSecond,
    perBatch: rate.perBatch,
    totals: () => totals,
    idle: () => (under.size === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve))),
  }
}

/** Handed to this process at once, of each queue: two batches, one under way and one that waits. */
const prefetch = 800
const batchEvents = 400
const batchBytes = 8 << 20
/** Between two tries while the database is away. */
const againMs = { first: 100, most: 3000 }

interface Waiting {
  webhook: SignedWebhook
  since: number
  done: (handled: Handled) => void
}

export interface QueueReader extends Pick<Ingress, 'waiting' | 'perSecond' | 'perBatch' | 'totals' | 'idle'> {
  stop(): Promise<void>
}

export function readIntakeQueues(
  deps: IntakeDeps & { broker: Broker; channels: Channels; onStored: (tenants: ReadonlySet<string>) => void },
): QueueReader {
  const rate = createRate()
  const totals = noTotals()
  const readers = intakeQueues.map(({ name }) => readQueue({ ...deps, rate, totals }, name))
  const waiting = () => readers.flatMap((reader) => [...reader.waiting()])
  return {
    waiting: () => {
      const all = waiting()
      const oldest = Math.min(performance.now(), ...all.map(({ since }) => since))
      const bytes = all.reduce((sum, { webhook }) => sum + webhook.rawBody.length, 0)
      return { webhooks: all.length, bytes, oldestMs: performance.now() - oldest }
    },
    perSecond: rate.perSecond,
    perBatch: rate.perBatch,
    totals: () => totals,
    async idle() {
      await Promise.all(readers.map((reader) => reader.idle()))
    },
    async stop() {
      await Promise.all(readers.map((reader) => reader.stop()))
    },
  }
}

function readQueue(
  deps: Parameters<typeof readIntakeQueues>[0] & { rate: ReturnType<typeof createRate>; totals: Totals },
  queue: string,
) {
  const buffer: Waiting[] = []
  let working: Promise<void> | undefined
  let stopped = false
  let cut: (() => void) | undefined

  const consumer = deps.broker.consume(queue, {
    prefetch,
    async handle(message) {
      if (stopped) return 'again'
      const webhook = read(deps.channels, message)
      if (!webhook) return await putAway(deps, queue, message)
      return await new Promise<Handled>((done) => {
        buffer.push({ webhook, since: performance.now(), done })
        working ??= work().finally(() => {
          working = undefined
        })
      })
    },
  })

  /** One batch after the other: what was taken first is stored first. What came while one was stored is the next. */
  async function work(): Promise<void> {
    // What was delivered together is handed over one by one.
    await new Promise((resolve) => setImmediate(resolve))
    while (buffer.length > 0 && !stopped) {
      const batch = next(buffer)
      const stored = await store(batch)
      buffer.splice(0, batch.length)
      for (const { done } of batch) done(stored ? 'done' : 'again')
    }
  }

  /** Until it is in, however long the database is away: given back it would only come again. */
  async function store(batch: readonly Waiting[]): Promise<boolean> {
    for (let wait = againMs.first; !stopped; wait = Math.min(wait * 2, againMs.most)) {
      try {
        const { tenants } = await receiveBatch(
          deps,
          batch.map(({ webhook }) => webhook),
        )
        tally(batch)
        deps.onStored(tenants)
        return true
      } catch (error) {
        deps.log.warn('Webhooks from the queue could not be stored yet', {
          operation: 'receive',
          error: (error as Error).message,
        })
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, wait)
          cut = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
    }
    return false
  }

  function tally(batch: readonly Waiting[]): void {
    const events = batch.reduce((sum, { webhook }) => sum + webhook.parsed.events.length, 0)
    deps.rate.add(events)
    deps.totals.batches += 1
    deps.totals.webhooks += batch.length
    deps.totals.events += events
    for (const { since } of batch) deps.totals.waitedMs += performance.now() - since
  }

  return {
    waiting: () => buffer,
    async idle() {
      while (working) await working
    },
    async stop() {
      stopped = true
      cut?.()
      await working
      for (const { done } of buffer.splice(0)) done('again')
      await consumer.close()
    },
  }
}

function next(buffer: readonly Waiting[]): Waiting[] {
  let [events, bytes, n] = [0, 0, 0]
  for (const { webhook } of buffer) {
    events += webhook.parsed.events.length
    bytes += webhook.rawBody.length
    if (n > 0 && (events > batchEvents || bytes > batchBytes)) break
    n += 1
  }
  return buffer.slice(0, n)
}

/** undefined: nothing that a process of this version published. */
function read(channels: Channels, message: IncomingMessage): SignedWebhook | undefined {
  const header = message.headers['x-parley']
  try {
    const { owner, ...stamped } = stamp.parse(JSON.parse(String(header)))
    const channel = channels.get(stamped.provider)
    if (!channel) return undefined
    const rawBody = message.body
    return { ...stamped, ...(owner ? { owner } : {}), rawBody, ...readWebhook(channel, rawBody, stamped.headers) }
  } catch {
    return undefined
  }
}

/** Kept in the database and with the broker's dead letters, so that nothing behind it waits. */
async function putAway(deps: IntakeDeps, queue: string, message: IncomingMessage): Promise<Handled> {
  const payload = JSON.stringify({ base64: message.body.toString('base64').slice(0, 1 << 20) })
  const error = 'Not a webhook that this version of the server can read.'
  try {
    await deps.db.pool.query('SELECT parley.add_dead_letter(NULL, $1, NULL, $2, $3, $4, $5)', [
      ...['queue:intake', payload, 'invalid_payload', error, queue],
    ])
    return 'dead'
  } catch {
    return 'again'
  }
}
