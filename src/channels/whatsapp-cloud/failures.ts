/**
 * What each of the provider's error codes means: whether it may be tried again, what has to wait, and what a shopkeeper
 * is told. The same codes come in the answer to a send and, later, in a `failed` receipt.
 * Source: Cloud API "Error codes"; the number of the HTTP status is no guide (one code comes with 400, 429 and 500).
 */
import { cut } from '../../kernel/read.ts'
import { type Failure, type FailureRow, failureFrom, maxDetail } from '../../ports/failure-rows.ts'
import { rangeRows, rows } from './failure-table.ts'

/** A refusal that the provider put in words. `retryAfterMs`: what its headers ask for. */
export interface Refusal {
  /** Absent where the answer was no readable error of the Graph API; then the HTTP status decides. */
  code?: number
  subcode?: number
  /** The provider's own words; never shown for credentials, whose errors quote the token. */
  detail?: string
  transient: boolean
  status: number
  retryAfterMs?: number
}

export function classifyRefusal(refusal: Refusal, random: () => number = Math.random): Failure {
  const code = refusal.code === undefined ? `http_${refusal.status}` : String(refusal.code)
  const { retryAfterMs, detail } = refusal
  return failureFrom(rowOf(refusal), { code, retryAfterMs, detail, provider: 'WhatsApp' }, random)
}

/**
 * Words for a code, also one of our own (`timeout`, `file_too_large`) and for receipts that fail later. `fallback`: the
 * provider's words, used where the code is unknown.
 */
export function failureText(code: string, fallback?: string): { text: string; hint?: string } {
  const row = /^\d{1,7}$/.test(code) ? known(Number(code)) : undefined
  if (row) return { text: row.text, ...(row.hint === undefined ? {} : { hint: row.hint }) }
  const told = fallback === undefined ? '' : `: ${cut(fallback, maxDetail)}`
  return { text: `WhatsApp could not deliver the message (code ${cut(code, 64)})${told}` }
}

const known = (code: number): FailureRow | undefined =>
  rows.get(code) ?? rangeRows.find(({ from, to }) => code >= from && code <= to)?.row

function rowOf(refusal: Refusal): FailureRow {
  // 100 with this subcode: the number is gone or the token may not see it. Not a fault of the message.
  if (refusal.code === 100 && refusal.subcode === 33)
    return {
      outcome: 'reconnect',
      text: 'WhatsApp does not find the number, or its access was taken away. Connect the number again.',
    }
  const row = refusal.code === undefined ? undefined : known(refusal.code)
  if (row && (row.outcome !== 'reject' || !refusal.transient)) return row
  if (refusal.transient) return { outcome: 'retry', text: 'WhatsApp has a passing disturbance. It will be tried again.' }
  return unknownRow(refusal.status)
}

/** A code that is not in the table: now the status says what it can. */
function unknownRow(status: number): FailureRow {
  if (status === 429) return { outcome: 'retry', scope: 'account', delayMs: 60_000, text: 'WhatsApp asks to send more slowly.' }
  if (status >= 500) return { outcome: 'retry', text: 'WhatsApp has a disturbance. It will be tried again.' }
  // A redirect is not followed: nothing was sent, and the address in the settings is wrong.
  if (status >= 300 && status < 400)
    return { outcome: 'reconnect', text: 'The address of the Graph API in the settings is wrong.' }
  if (status === 401 || status === 403)
    return { outcome: 'reconnect', text: 'WhatsApp refuses the access. Connect the number again.' }
  return { outcome: 'reject', text: 'WhatsApp refused the message.' }
}
