/** Work that is done again and again, one round after the other; what goes wrong with one is tried with the next. */
import type { Logger } from './log.ts'

export interface Rounds {
  /** A round now; resolves when it is over. */
  look(): Promise<void>
  stop(): Promise<void>
}

export function keepRounds(log: Logger, given: { operation: string; everyMs: number; work: () => Promise<unknown> }): Rounds {
  let running: Promise<void> | undefined
  const round = (): Promise<void> => {
    running ??= given
      .work()
      .then(() => {})
      .catch((error: Error) => log.warn('A round could not be done', { operation: given.operation, error: error.message }))
      .finally(() => {
        running = undefined
      })
    return running
  }
  const timer = setInterval(() => void round(), given.everyMs)
  timer.unref()
  return {
    async look() {
      // One that began before may have passed what is new.
      await running
      await round()
    },
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}
