import type { Clock } from './clock.ts'

/** Work planned on a clock, with a way to wait until nothing near is left. */
export type Agenda = {
  in(delayMs: number, fn: () => void | Promise<void>): () => void
  /** Resolves once nothing runs and nothing is due within `horizonMs`. Retries planned further away are not waited for. */
  idle(horizonMs: number): Promise<void>
  /** Forgets all planned work; what already runs finishes. */
  clear(): void
}

type Job = { dueAt: number; running: boolean; cancel: () => void }

export function createAgenda(clock: Clock): Agenda {
  const jobs = new Set<Job>()
  let waiting: { horizonMs: number; resolve: () => void }[] = []

  const isIdle = (horizonMs: number) => ![...jobs].some((job) => job.running || job.dueAt <= clock.now() + horizonMs)

  function wake(): void {
    if (waiting.length === 0) return
    const ready = waiting.filter((waiter) => isIdle(waiter.horizonMs))
    waiting = waiting.filter((waiter) => !ready.includes(waiter))
    for (const waiter of ready) waiter.resolve()
  }

  function finish(job: Job): void {
    jobs.delete(job)
    wake()
  }

  return {
    in(delayMs, fn) {
      const job: Job = { dueAt: clock.now() + delayMs, running: false, cancel: () => {} }
      jobs.add(job)
      const cancel = clock.schedule(delayMs, async () => {
        job.running = true
        try {
          await fn()
        } finally {
          finish(job)
        }
      })
      job.cancel = () => {
        cancel()
        if (!job.running) finish(job)
      }
      return job.cancel
    },
    idle(horizonMs) {
      if (isIdle(horizonMs)) return Promise.resolve()
      return new Promise((resolve) => waiting.push({ horizonMs, resolve }))
    },
    clear() {
      for (const job of [...jobs]) job.cancel()
    },
  }
}
