/** Work that is claimed from the database: looks, carries out what it got, and looks again. */
import type { Logger } from './log.ts'

export interface Worker {
  /** There may be something to do: look now instead of at the next poll. */
  wake(): void
  /** Resolves when nothing is ready and nothing is under way; what waits for a later time does not count. */
  idle(): Promise<void>
  /** Takes no more work and waits for what is under way. */
  stop(): Promise<void>
}

export interface WorkerOptions<C> {
  /** For the log. */
  operation: string
  /** Under way at the same time. */
  limit: number
  pollMs: number
  claim(limit: number): Promise<C[]>
  carry(item: C): Promise<void>
  /** What of it the log names where it fails. */
  about?(item: C): Record<string, string>
}

/** Between two looks of which the first found nothing. Milliseconds. */
const restMs = 20

export function startWorker<C>(log: Logger, options: WorkerOptions<C>): Worker {
  const { operation, limit } = options
  let underWay = 0
  let stopped = false
  let again = false
  let resting = false
  /** When the last look ended that found nothing. */
  let emptyAt = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<number> | undefined

  /** How much it got; -1 where it could not ask. */
  async function look(): Promise<number> {
    if (stopped || underWay >= limit) return 0
    clearTimeout(timer)
    try {
      const items = await options.claim(limit - underWay)
      if (items.length === 0) emptyAt = performance.now()
      for (const item of items) void carry(item)
      return items.length
    } catch (error) {
      log.warn('No work could be claimed', { operation, error: (error as Error).message })
      return -1
    } finally {
      if (!stopped) {
        timer = setTimeout(wake, options.pollMs)
        timer.unref()
      }
    }
  }
  /**
   * A call while somebody looks makes one more look: what it is about may have come after that one began. Where there was
   * nothing a moment ago, the next look waits a moment: in a rush of lines that are none of its business, each batch calls.
   */
  function wake(): void {
    if (looking) {
      again = true
      return
    }
    const early = restMs - (performance.now() - emptyAt)
    if (early > 0 && !stopped) {
      if (!resting) {
        resting = true
        setTimeout(() => {
          resting = false
          emptyAt = Number.NEGATIVE_INFINITY
          if (!stopped) wake()
        }, early)
      }
      return
    }
    void begin()
  }
  /** One look at a time: a second would find locked what the first is taking, and take it for nothing. */
  function begin(): Promise<number> {
    looking = look().finally(() => {
      looking = undefined
      if (again && !stopped) {
        again = false
        wake()
      }
    })
    return looking
  }
  async function carry(item: C): Promise<void> {
    underWay += 1
    try {
      await options.carry(item)
    } catch (error) {
      log.error('Work failed', { operation, ...options.about?.(item), error: (error as Error).message })
    } finally {
      underWay -= 1
      wake()
    }
  }

  wake()
  return {
    wake,
    async idle() {
      for (;;) {
        await looking
        if (underWay === 0 && !looking && (await begin()) === 0 && underWay === 0 && !looking) return
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await looking
      while (underWay > 0) await new Promise((resolve) => setTimeout(resolve, 10))
    },
  }
}
