/** What a failed statement means for the one who sent it. */
export type Fault = 'data' | 'again' | 'unavailable' | 'conflict' | 'other'

const code = (error: unknown): string => (error && typeof error === 'object' && 'code' in error ? String(error.code) : '')
const message = (error: unknown): string => (error instanceof Error ? error.message : '')

/**
 * data: the values themselves cannot be stored, trying again cannot help (SQLSTATE class 22, check and index limits).
 * again: somebody was faster or in the way, the same work may succeed at once. unavailable: the database is away, full or
 * restarting; the outcome of a COMMIT may be unknown. conflict: a unique or exclusion constraint said no.
 */
export function classify(error: unknown): Fault {
  const state = code(error)
  if (/^22|^23514$|^23502$|^54000$|^54001$/.test(state)) return 'data'
  if (['40001', '40P01', '55P03'].includes(state)) return 'again'
  if (['23505', '23P01'].includes(state)) return 'conflict'
  if (/^08|^57P0|^53|^XX000$|^58|^57014$|^25006$/.test(state)) return 'unavailable'
  if (/^ECONN|^ENOTFOUND|^EPIPE|^ETIMEDOUT|^ENOENT$/.test(state)) return 'unavailable'
  if (/terminated|timeout exceeded|Query read timeout|Cannot use a pool|not queryable/i.test(message(error)))
    return 'unavailable'
  return 'other'
}

/** The connection said nothing in time, or is gone; what the database itself says of a timeout has its SQLSTATE. */
export const isSilence = (error: unknown): boolean =>
  !/^[0-9A-DF-Z][0-9A-Z]{4}$/.test(code(error)) &&
  /timeout|terminated|not queryable|ECONN|EPIPE|ETIMEDOUT/i.test(message(error))

/** Two calls with one idempotency key at once: run again, the second finds the first. */
const isRepeatedCall = (error: unknown): boolean =>
  code(error) === '23505' && (error as { constraint?: string }).constraint === 'idx_message_tracking_idempotency'
export const isRetryable = (error: unknown): boolean => classify(error) === 'again' || isRepeatedCall(error)
export const isUnavailable = (error: unknown): boolean => classify(error) === 'unavailable'
/** Goes away by waiting: what waits on the disk is then handed on later. */
export const isPassing = (error: unknown): boolean => ['unavailable', 'again'].includes(classify(error))
