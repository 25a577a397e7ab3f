/**
 * How a channel's table of failures is written and read: a code's row says whether it may be tried again, what has to wait, and
 * what a shopkeeper is told. The codes and words are the channel's own. Pure.
 */
import { cut } from '../kernel/read.ts'
import type { SendHint, SendResult } from './channel.ts'

export interface FailureRow {
  outcome: 'retry' | 'reject' | 'reconnect' | 'hold'
  text: string
  /** retry: what waits. Without it, this message alone. */
  scope?: 'message' | 'pair' | 'account'
  delayMs?: number
  hint?: SendHint
}
export type Failure = Exclude<SendResult, { outcome: 'accepted' }>

export const retry = (text: string, scope: FailureRow['scope'] = 'message', delayMs?: number): FailureRow => ({
  outcome: 'retry',
  text,
  scope,
  ...(delayMs === undefined ? {} : { delayMs }),
})
export const hold = (text: string): FailureRow => ({ outcome: 'hold', text })
export const reconnect = (text: string): FailureRow => ({ outcome: 'reconnect', text })
export const reject = (text: string, hint?: FailureRow['hint']): FailureRow => ({
  outcome: 'reject',
  text,
  ...(hint === undefined ? {} : { hint }),
})

/** Words are shown and stored; a provider's may be a page. Characters. */
export const maxDetail = 300

export interface RefusedWith {
  /** The provider's, or `http_<status>`. */
  code: string
  /** What the provider asks for, before what the row says. */
  retryAfterMs?: number | undefined
  /** The provider's own words, after whose name; never shown for credentials. */
  detail?: string | undefined
  provider: string
}

/** A refusal is certain: the provider has not taken the message. `random` 0..1 spreads those that wait for the same thing. */
export function failureFrom(row: FailureRow, refused: RefusedWith, random: () => number): Failure {
  const { code, detail, provider } = refused
  if (row.outcome === 'retry') {
    const wait = refused.retryAfterMs ?? row.delayMs
    // Never earlier than asked; up to a fifth later.
    const waits = wait === undefined ? {} : { retryAfterMs: Math.round(wait * (1 + random() / 5)) }
    return { outcome: 'retry', code, text: row.text, scope: row.scope ?? 'message', ...waits }
  }
  if (row.outcome !== 'reject') return { outcome: row.outcome, code, text: row.text }
  const text = detail ? `${row.text} ${provider} says: ${cut(detail, maxDetail)}` : row.text
  return { outcome: 'reject', code, text, ...(row.hint === undefined ? {} : { hint: row.hint }) }
}
