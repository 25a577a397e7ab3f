/** Small readers of unknown JSON: each gives the value in the wanted kind, or undefined. None throws. */

export type Json = Record<string, unknown>

export const record = (value: unknown): Json | undefined =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Json) : undefined

export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

/** Own members only: a provider's word used as a key must not reach `constructor` or `__proto__`. */
export const member = (value: unknown, key: string): unknown => {
  const object = record(value)
  return object && Object.hasOwn(object, key) ? object[key] : undefined
}

/** Text as it is; numbers as text, because ids come as both. '' counts as absent. */
export function string(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined
}

export function number(value: unknown): number | undefined {
  const result = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof result === 'number' && Number.isFinite(result) ? result : undefined
}

/** An id as a key in the database takes it: not longer than `max` characters. */
export const id = (value: unknown, max: number): string | undefined => {
  const text = string(value)
  return text !== undefined && text.length <= max ? text : undefined
}

/** The object without the named keys; undefined where nothing is left. */
export function rest(value: Json, known: ReadonlySet<string>, alsoKnown?: string): Json | undefined {
  const keys = Object.keys(value).filter((key) => !known.has(key) && key !== alsoKnown)
  return keys.length === 0 ? undefined : Object.fromEntries(keys.map((key) => [key, value[key]]))
}

/** Drops the members that are undefined, so that stored JSON and comparisons show only what is there. */
export const present = (value: Json): Json => Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined))

const LAST_SECOND = 4_102_444_800 // 2100-01-01: what lies beyond is no clock of the provider

/** Unix seconds, as text or number → ISO 8601; nonsense → `fallback`. */
export function instant(value: unknown, fallback: string): string {
  const seconds = number(value)
  return seconds !== undefined && seconds > 0 && seconds < LAST_SECOND
    ? new Date(Math.trunc(seconds) * 1000).toISOString()
    : fallback
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** The first `max` UTF-16 units at most, cut between what people see as characters. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text
  let end = 0
  // Two units more than wanted: whether a character ends at `max` depends on the code point behind it.
  for (const { index, segment } of graphemes.segment(text.slice(0, max + 2))) {
    if (index + segment.length > max) break
    end = index + segment.length
  }
  return end > 0 ? text.slice(0, end) : text.slice(0, max).replace(/[\uD800-\uDBFF]$/, '')
}

/** SHA-256 as lower-case hex from hex or base64 (the provider uses both); undefined where it is neither. */
export function sha256Hex(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  if (/^[0-9a-fA-F]{64}$/.test(value)) return value.toLowerCase()
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(value)) return undefined
  const bytes = Buffer.from(value, 'base64')
  return bytes.length === 32 ? bytes.toString('hex') : undefined
}
