/**
 * Gathers webhooks of concurrent requests into batches: the next batch is what arrived while the last one was being
 * committed. No artificial wait; alone, a request is a batch of one.
 */
import { ParleyError } from '../kernel/errors.ts'
import type { Logger } from '../platform/log.ts'
import { type IntakeDeps, receiveBatch, type SignedWebhook } from './receive.ts'

export interface Ingress {
  /** Resolves once the webhook is committed. Rejects with `unavailable` where it was not: the provider has to send again. */
  accept(webhook: SignedWebhook): Promise<void>
  /** How much waits, for health and metrics. */
  waiting(): { webhooks: number; bytes: number }
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>
}

interface Limits {
  /** Batches committed at the same time. Each is one connection. */
  writers: number
  /** Events and bytes in one batch. */
  batchEvents: number
  batchBytes: number
  /** Bytes that may wait: beyond, requests are turned away before memory grows. */
  waitingBytes: number
}
const limits: Limits = { writers: 2, batchEvents: 400, batchBytes: 8 << 20, waitingBytes: 64 << 20 }

interface Waiting {
  webhook: SignedWebhook
  done: () => void
  failed: (error: Error) => void
}

export function createIngress(
  deps: IntakeDeps & { log: Logger; onStored?: (tenants: ReadonlySet<string>) => void },
  options: Partial<Limits> = {},
): Ingress {
  const { writers, batchEvents, batchBytes, waitingBytes } = { ...limits, ...options }
  const queue: Waiting[] = []
  let bytes = 0
  let running = 0
  let idlers: (() => void)[] = []

  function nextBatch(): Waiting[] {
    let events = 0
    let size = 0
    let count = 0
    for (const { webhook } of queue) {
      events += Math.max(1, webhook.parsed.events.length)
      size += webhook.rawBody.length
      if (count > 0 && (events > batchEvents || size > batchBytes)) break
      count += 1
    }
    return queue.splice(0, count)
  }

  function settleIdle(): void {
    if (running > 0 || queue.length > 0) return
    for (const idler of idlers) idler()
    idlers = []
  }

  async function drain(): Promise<void> {
    running += 1
    try {
      while (queue.length > 0) {
        const batch = nextBatch()
        try {
          const { tenants } = await receiveBatch(
            deps,
            batch.map((item) => item.webhook),
          )
          for (const item of batch) item.done()
          deps.onStored?.(tenants)
        } catch (error) {
          deps.log.error('Webhooks could not be stored and were turned away', {
            operation: 'receive',
            count: batch.length,
            error: (error as Error).message,
          })
          const refusal = new ParleyError('unavailable', 'The database is not available. Send again later.')
          for (const item of batch) item.failed(refusal)
        }
        for (const item of batch) bytes -= item.webhook.rawBody.length
      }
    } finally {
      running -= 1
      settleIdle()
    }
  }

  return {
    accept(webhook) {
      if (bytes + webhook.rawBody.length > waitingBytes) {
        return Promise.reject(new ParleyError('unavailable', 'Too much is waiting to be stored. Send again later.'))
      }
      bytes += webhook.rawBody.length
      const stored = new Promise<void>((done, failed) => queue.push({ webhook, done, failed }))
      if (running < writers) void drain()
      return stored
    },
    waiting: () => ({ webhooks: queue.length, bytes }),
    idle() {
      if (running === 0 && queue.length === 0) return Promise.resolve()
      return new Promise((resolve) => idlers.push(resolve))
    },
  }
}
