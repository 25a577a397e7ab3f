/** Repeatable randomness: the same seed and stream name give the same sequence on every machine. */
export type Random = {
  /** In [0, 1). */
  next(): number
  /** A whole number within both bounds. */
  between(range: readonly [number, number]): number
  /** `length` decimal digits, the first of them not 0. */
  digits(length: number): string
  hex(length: number): string
  shuffled<T>(items: readonly T[]): T[]
}

// FNV-1a, 32 bit: spreads neighbouring seeds and names over the whole state space.
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}

// mulberry32: small and good enough to choose delays and ids; not for secrets.
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** One independent stream per subject, so that a fault drawn here does not change the ids drawn there. */
export function seededRandom(seed: number | string, stream: string): Random {
  const next = generator(hash(`${seed}:${stream}`))
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    next,
    between: ([low, high]) => low + below(high - low + 1),
    digits: (length) => Array.from({ length }, (_, i) => (i === 0 ? 1 + below(9) : below(10))).join(''),
    hex: (length) => Array.from({ length }, () => below(16).toString(16)).join(''),
    shuffled(items) {
      const copy = [...items]
      for (let i = copy.length - 1; i > 0; i--) {
        const j = below(i + 1)
        const held = copy[i] as (typeof copy)[number]
        copy[i] = copy[j] as (typeof copy)[number]
        copy[j] = held
      }
      return copy
    },
  }
}
