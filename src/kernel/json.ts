/**
 * Bytes of a stranger → JSON that is safe to keep. Integers beyond 2^53 (template ids) become strings with all their
 * digits; NUL characters and lone surrogates, legal in JSON but not in PostgreSQL's text and jsonb, are gone.
 */
import { cleanJson } from './text.ts'

/** Bytes. The largest that a provider sends are WhatsApp's with 3 MB; above this nothing is read. */
export const MAX_BYTES = 4 * 1024 * 1024
/** The deepest bodies of a provider have about 12 levels. The walks below recurse once for each level. */
export const MAX_DEPTH = 64

/** Whether a value that was read elsewhere can be walked: no deeper than `left` levels. */
export const isShallow = (value: unknown, left = MAX_DEPTH): boolean =>
  typeof value !== 'object' || value === null || (left > 0 && Object.values(value).every((one) => isShallow(one, left - 1)))

export type JsonResult = { ok: true; value: unknown } | { ok: false; reason: string }

const utf8 = new TextDecoder()

/** Never throws. `reason` says in words why it could not be read. */
export function readJson(bytes: Buffer): JsonResult {
  if (bytes.length > MAX_BYTES) return { ok: false, reason: `The body has ${bytes.length} bytes, more than ${MAX_BYTES}.` }
  return readJsonText(utf8.decode(bytes))
}

export function readJsonText(text: string): JsonResult {
  if (hasMore(text, MAX_DEPTH) && isDeeperThan(text, MAX_DEPTH))
    return { ok: false, reason: `The body is nested deeper than ${MAX_DEPTH} levels.` }
  try {
    const value = mayLoseDigits.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text)
    return { ok: true, value: mayHoldBadText.test(text) ? cleanJson(value) : value }
  } catch {
    return { ok: false, reason: 'The body is not JSON.' }
  }
}

// Both are cheap looks before a slow path; a hit inside a string costs time, not correctness.
const mayLoseDigits = /[:,[]\s*-?(?:\d{16,}|[\d.]+[eE])/
const mayHoldBadText = /\\u(?:0000|[dD][89a-fA-F])/

// The source text of a number is given to revivers by every Node that runs TypeScript without a build.
function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value
  const exact = Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value))
  return exact ? value : context.source
}

/** Whether more than `limit` brackets are opened anywhere: with fewer, nothing is deeper, and no character has to be looked at. */
function hasMore(text: string, limit: number): boolean {
  let count = 0
  for (const bracket of '{[') {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) if (++count > limit) return true
  }
  return false
}

function isDeeperThan(text: string, limit: number): boolean {
  let depth = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (inString) {
      if (c === 0x5c) i++
      else if (c === 0x22) inString = false
    } else if (c === 0x22) inString = true
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > limit) return true
    } else if (c === 0x7d || c === 0x5d) depth--
  }
  return false
}
