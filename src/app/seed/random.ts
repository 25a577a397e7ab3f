/** Numbers, ids and times that are the same for the same seed. Fast: a store of ten million messages takes some hundred million. */

export interface Random {
  /** 0 ≤ x < 1 */
  next(): number
  /** A whole number from 0 to `limit`, `limit` excluded. */
  below(limit: number): number
  pick<T>(list: readonly T[]): T
  /** So many random hexadecimal digits, a multiple of eight. */
  hex(digits: number): string
  /** A time-ordered UUID (version 7) of that moment, in milliseconds. */
  id(ms: number): string
}

const hex16 = Array.from({ length: 65_536 }, (_, n) => n.toString(16).padStart(4, '0'))
const hexOf = (word: number): string => (hex16[word >>> 16] as string) + (hex16[word & 0xffff] as string)

export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const word = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
  const next = () => word() / 4_294_967_296
  return {
    next,
    below: (limit) => Math.floor(next() * limit),
    pick: (list) => list[Math.floor(next() * list.length)] as (typeof list)[number],
    hex(digits) {
      let text = ''
      while (text.length < digits) text += hexOf(word())
      return text
    },
    id(ms) {
      const time = (hex16[Math.floor(ms / 4_294_967_296)] as string) + hexOf((ms % 4_294_967_296) | 0)
      const [a, b, c] = [word(), word(), word()]
      const version = hex16[0x7000 | (a & 0x0fff)]
      const variant = hex16[0x8000 | ((a >>> 16) & 0x3fff)]
      return `${time.slice(0, 8)}-${time.slice(8)}-${version}-${variant}-${hexOf(b)}${hex16[c & 0xffff]}`
    },
  }
}

/** Picks places of a list by their weights, in constant time (Walker's alias method). */
export function byWeight(weights: readonly number[]): (random: Random) => number {
  const n = weights.length
  const sum = weights.reduce((a, b) => a + b, 0)
  const share = Float64Array.from(weights, (weight) => (weight * n) / sum)
  const other = new Uint32Array(n)
  const small: number[] = []
  const large: number[] = []
  share.forEach((p, i) => void (p < 1 ? small : large).push(i))
  while (small.length > 0 && large.length > 0) {
    const [less, more] = [small.pop() as number, large.pop() as number]
    other[less] = more
    share[more] = (share[more] as number) + (share[less] as number) - 1
    ;((share[more] as number) < 1 ? small : large).push(more)
  }
  // Rounding leaves some: they are taken as they are.
  for (const i of [...small, ...large]) share[i] = 1
  return (random) => {
    const i = random.below(n)
    return random.next() < (share[i] as number) ? i : (other[i] as number)
  }
}
