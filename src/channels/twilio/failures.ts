/**
 * What each of Twilio's codes means: whether it may be tried again, what has to wait, and what a shopkeeper is told. The same
 * codes come in the answer to a send and, later, in a status callback, where a message that failed stays failed until a person
 * sends it again.
 */
import { cut } from '../../kernel/read.ts'
import { type Failure, type FailureRow, failureFrom, maxDetail } from '../../ports/failure-rows.ts'
import { rows } from './failure-table.ts'

/** A refusal that Twilio put in words. `retryAfterMs`: what its headers ask for. */
export interface Refusal {
  /** Absent where the answer was no readable error of the API; then the HTTP status decides. */
  code?: number
  /** Twilio's own words; never shown for credentials. */
  detail?: string
  status: number
  retryAfterMs?: number
}

export function classifyRefusal(refusal: Refusal, random: () => number = Math.random): Failure {
  const row = (refusal.code === undefined ? undefined : rows.get(refusal.code)) ?? unknownRow(refusal.status)
  const code = refusal.code === undefined ? `http_${refusal.status}` : String(refusal.code)
  return failureFrom(row, { code, retryAfterMs: refusal.retryAfterMs, detail: refusal.detail, provider: 'Twilio' }, random)
}

/** A code that is not in the table: now the status says what it can. */
function unknownRow(status: number): FailureRow {
  if (status === 429) return { outcome: 'retry', scope: 'account', delayMs: 60_000, text: 'Twilio asks to send more slowly.' }
  // A redirect is not followed: nothing was sent, and the address in the settings is wrong.
  if (status >= 300 && status < 400) return { outcome: 'reconnect', text: 'The address of Twilio in the settings is wrong.' }
  if (status === 401 || status === 403)
    return { outcome: 'reconnect', text: 'Twilio refuses the access. Enter the credentials again.' }
  return { outcome: 'reject', text: 'Twilio refused the message.' }
}

/**
 * Words for a code, also for a message that fails later. `fallback`: Twilio's words, used where the code is unknown.
 */
export function failureText(code: string, fallback?: string): { text: string; hint?: string } {
  const row = /^\d{1,7}$/.test(code) ? rows.get(Number(code)) : undefined
  if (row) return { text: later(row), ...(row.hint === undefined ? {} : { hint: row.hint }) }
  const told = fallback === undefined ? '' : `: ${cut(fallback, maxDetail)}`
  return { text: `The message could not be delivered (code ${cut(code, 64)})${told}` }
}

/** Of a message that has failed: nothing tries it again by itself. */
const later = ({ text }: FailureRow): string =>
  text.replace(/ It will be tried again\.$| (It goes|They go) on in a (moment|minute)\.$/, ' Try it again.')
