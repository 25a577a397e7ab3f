import type { Random } from './random.ts'

/** `times`: how often at most (default: always). `probability`: chance per match, drawn from the seed (default 1). */
export type FaultInput<Action, Match> = { match?: Match; times?: number; probability?: number; action: Action }
export type Fault<Action, Match> = FaultInput<Action, Match> & { id: string; used: number }

type Kinded = { kind: string }

export type FaultBook<Action extends Kinded, Match> = {
  add(fault: FaultInput<Action, Match>): string
  remove(id: string): boolean
  clear(): void
  list(): Fault<Action, Match>[]
  /** The first fault of one of these kinds that matches, counted as used; undefined when none applies. */
  take<K extends Action['kind']>(kinds: readonly K[], subject: Match): Extract<Action, { kind: K }> | undefined
}

/** What a provider does wrong from now on. `matches`: whether a fault's match holds for what happens. */
export function createFaultBook<Action extends Kinded, Match>(
  random: Random,
  matches: (match: Match, subject: Match) => boolean,
): FaultBook<Action, Match> {
  const faults = new Map<string, Fault<Action, Match>>()
  let added = 0

  function applies(fault: Fault<Action, Match>, subject: Match): boolean {
    if (fault.times !== undefined && fault.used >= fault.times) return false
    if (fault.match !== undefined && !matches(fault.match, subject)) return false
    return fault.probability === undefined || random.next() < fault.probability
  }

  return {
    add(input) {
      const id = `fault-${++added}`
      faults.set(id, { ...input, id, used: 0 })
      return id
    },
    remove: (id) => faults.delete(id),
    clear: () => faults.clear(),
    list: () => [...faults.values()],
    take<K extends Action['kind']>(kinds: readonly K[], subject: Match) {
      for (const fault of faults.values()) {
        if (!(kinds as readonly string[]).includes(fault.action.kind) || !applies(fault, subject)) continue
        fault.used++
        return fault.action as Extract<Action, { kind: K }>
      }
      return undefined
    },
  }
}
