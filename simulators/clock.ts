/** Time as the simulator sees it. `now` is Unix milliseconds; `schedule` runs `fn` once after `delayMs` and returns its cancel. */
export type Clock = {
  now(): number
  schedule(delayMs: number, fn: () => void | Promise<void>): () => void
}

/** A clock that only moves when told to. `advance` runs what falls due in order of time and waits for each instant's work. */
export type VirtualClock = Clock & { advance(ms: number): Promise<void> }

/** The machine's clock. Its timers never keep the process alive. */
export function realClock(): Clock {
  return {
    now: () => Date.now(),
    schedule(delayMs, fn) {
      const timer = setTimeout(() => void fn(), delayMs)
      timer.unref()
      return () => clearTimeout(timer)
    },
  }
}

type Timer = { at: number; fn: () => void | Promise<void> }

/** A clock for tests. `startMs` is Unix milliseconds. Timers of one instant start in the order they were scheduled. */
export function virtualClock(startMs = Date.UTC(2026, 10, 1, 12)): VirtualClock {
  let now = startMs
  let turn: Promise<void> = Promise.resolve()
  const timers = new Set<Timer>()

  async function runUntil(target: number): Promise<void> {
    for (;;) {
      const due = Math.min(...[...timers].map((timer) => timer.at))
      if (due > target) break
      now = Math.max(now, due)
      const instant = [...timers].filter((timer) => timer.at === due)
      for (const timer of instant) timers.delete(timer)
      await Promise.all(instant.map((timer) => timer.fn()))
    }
    now = target
  }

  return {
    now: () => now,
    schedule(delayMs, fn) {
      const timer = { at: now + Math.max(0, delayMs), fn }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance(ms) {
      turn = turn.then(() => runUntil(now + ms))
      return turn
    },
  }
}

/** True when the clock is moved by `advance`. */
export function isVirtual(clock: Clock): clock is VirtualClock {
  return 'advance' in clock
}
