/** Random numbers that are the same for the same seed (mulberry32). */
export interface Seeded {
  /** 0 ≤ x < 1 */
  next(): number
  /** True in so many of all cases: 0 never, 1 always. */
  chance(share: number): boolean
  /** A whole number from 0 up to, and without, `n`. */
  below(n: number): number
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number
  pick<T>(list: readonly T[]): T
}

export function seeded(seed: number): Seeded {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (n: number) => Math.floor(next() * n)
  return {
    next,
    chance: (share) => next() < share,
    below,
    between: (low, high) => low + below(high - low + 1),
    pick: (list) => list[below(list.length)] as (typeof list)[number],
  }
}
