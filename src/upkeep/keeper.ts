/** Upkeep by the clock, in every process: at start, when something is amiss, and once a day. Who comes second leaves it to the first. */

import { runUpkeep, type UpkeepDeps } from './run.ts'
import { closeSilent } from './silence.ts'
import { attention, readState, type UpkeepState } from './state.ts'

const dayMs = 86_400_000
/** A look is two small queries; the work itself is seldom. */
const lookMs = 10 * 60_000

export interface UpkeepKeeper {
  /** What needs attention, as of the last look; undefined before the first. */
  attention(): readonly string[] | undefined
  /** Looks now, and does what is due. */
  look(): Promise<void>
  stop(): Promise<void>
}

export function keepUp(deps: UpkeepDeps & { everyMs?: number; now?: () => Date }): UpkeepKeeper {
  const now = deps.now ?? (() => new Date())
  const stopping = new AbortController()
  let found: readonly string[] | undefined
  let looking: Promise<void> | undefined

  async function once(): Promise<void> {
    try {
      await closeSilent(deps.db, now(), stopping.signal)
      const due = dueTasks(await readState(deps.db, now()), now())
      if (due.length > 0) await runUpkeep(deps, { now: now(), tasks: due, signal: stopping.signal })
    } catch (error) {
      if (!stopping.signal.aborted) deps.log.error('Upkeep failed', { operation: 'upkeep', error: (error as Error).message })
    }
    if (stopping.signal.aborted) return
    await readState(deps.db, now()).then(
      (state) => {
        found = attention(state, now())
        for (const line of found) deps.log.warn(line, { operation: 'upkeep' })
      },
      (error: Error & { code?: string }) => {
        deps.log.warn('Upkeep could not be looked at', { operation: 'upkeep', error: error.message })
        // A database that is away says so by itself; one that answers with an error does not get better by waiting.
        if (error.code && !unreachable.test(error.code)) found = [`Upkeep could not be looked at: ${error.message}`]
      },
    )
  }
  function look(): Promise<void> {
    looking ??= once().finally(() => {
      looking = undefined
    })
    return looking
  }
  const timer = setInterval(() => void look(), deps.everyMs ?? lookMs)
  timer.unref()
  void look()
  return {
    attention: () => found,
    look,
    async stop() {
      stopping.abort()
      clearInterval(timer)
      await looking
    },
  }
}

/** Classes of PostgreSQL's codes for a connection that is lost, a server that stops or is full; and the system's own. */
const unreachable = /^(08|53|57)|^E[A-Z]+$/

/** Months as soon as one is missing or rows wait; everything once a day. */
export function dueTasks(state: UpkeepState, now: Date): ('partitions' | 'retention')[] {
  const daily = (task: string) => {
    const last = state.tasks.find((one) => one.task === task)
    return !last?.ended_at || now.getTime() - last.ended_at.getTime() > dayMs
  }
  const amiss = state.tables.some(
    ({ months_ahead, rows_in_default, draining }) => months_ahead < 6 || rows_in_default > 0 || draining,
  )
  const due: ('partitions' | 'retention')[] = []
  if (amiss || daily('partitions')) due.push('partitions')
  if (daily('retention')) due.push('retention')
  return due
}
