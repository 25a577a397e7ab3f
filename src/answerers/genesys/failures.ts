/**
 * What an answer other than yes means, with words for whoever looks after the bridge. The id of a message makes a repeat
 * harmless, so what may have been taken is `unknown` and may be said again.
 */
import { cut } from '../../kernel/read.ts'
import { blockedAddressCode } from '../../platform/outbound.ts'
import type { CentreResult } from '../../ports/contact-centre.ts'

export type Failure = Exclude<CentreResult, { outcome: 'accepted' }>

/** An answer with a status that is not 2xx. `code` and `detail` are the contact centre's. */
export interface Refusal {
  status: number
  code?: string
  detail?: string
  retryAfterMs?: number
  /** What a 404 is about: an integration that is gone stops the bridge, anything else only this call. */
  about: 'integration' | 'conversation' | 'message'
}

/** Words are shown and stored; the contact centre's may be a page. Characters. */
const MAX_DETAIL = 300
/** Milliseconds, where nothing says how long. */
const BRIEF_MS = 2_000
const AWAY_MS = 10_000
export const RATE_LIMIT_MS = 60_000

type Row = Pick<Failure, 'outcome' | 'text'> & { scope?: 'conversation' | 'integration'; waitMs?: number }

const rows: Record<number, Row> = {
  401: {
    outcome: 'reconnect',
    text: 'Genesys does not accept the client. Look at its id and secret, and whether it still exists.',
  },
  403: {
    outcome: 'reconnect',
    text: 'Genesys refuses the access: the client’s role lacks a permission, or its division is another one.',
  },
  408: {
    outcome: 'retry',
    scope: 'conversation',
    waitMs: BRIEF_MS,
    text: 'Genesys waited too long for the call. It will be tried again.',
  },
  409: {
    outcome: 'retry',
    scope: 'conversation',
    waitMs: BRIEF_MS,
    text: 'Genesys is busy with this conversation. It will be tried again.',
  },
  413: { outcome: 'reject', text: 'Genesys finds it too large.' },
  429: {
    outcome: 'retry',
    scope: 'integration',
    waitMs: RATE_LIMIT_MS,
    text: 'Genesys asks to call less often. It will be tried again.',
  },
  503: { outcome: 'retry', scope: 'integration', waitMs: AWAY_MS, text: 'Genesys is not available. It will be tried again.' },
}

export function classifyRefusal(refusal: Refusal): Failure {
  const { status, retryAfterMs } = refusal
  const row = rowOf(refusal)
  const code = refusal.code ?? `http_${status}`
  const text = refusal.detail ? `${row.text} Genesys says: ${cut(refusal.detail, MAX_DETAIL)}` : row.text
  if (row.outcome !== 'retry') return { outcome: row.outcome, code, text }
  return { outcome: 'retry', code, text, scope: row.scope ?? 'conversation', retryAfterMs: retryAfterMs ?? row.waitMs }
}

function rowOf({ status, about, retryAfterMs }: Refusal): Row {
  const row = rows[status]
  if (row) return row
  if (status === 404 && about === 'integration')
    return { outcome: 'reconnect', text: 'Genesys does not know the integration. Look at its id and the region.' }
  // A redirect is not followed: it would carry the token away.
  if (status >= 300 && status < 400) return { outcome: 'reconnect', text: 'The address of Genesys in the settings is wrong.' }
  // What says when to come again has not taken it.
  if (status >= 500 && retryAfterMs !== undefined)
    return { outcome: 'retry', scope: 'integration', text: 'Genesys has a disturbance. It will be tried again.' }
  if (status >= 500)
    return { outcome: 'unknown', text: 'Genesys had a disturbance and may have taken it. It will be said again.' }
  return { outcome: 'reject', text: 'Genesys refused it.' }
}

/** The call ended without an answer. `unsent`: no byte can have arrived. */
export function classifyNetwork(ended: { kind: 'unsent' | 'unknown'; code: string }): Failure {
  const { kind, code } = ended
  if (kind === 'unknown')
    return { outcome: 'unknown', code, text: 'Genesys did not answer and may have taken it. It will be said again.' }
  if (code === blockedAddressCode.toLowerCase())
    return {
      outcome: 'reconnect',
      code: 'blocked_address',
      text: 'The address of Genesys is in a private network, which this server does not call (PARLEY_OUTBOUND_ALLOW).',
    }
  if (code === 'aborted') return { outcome: 'retry', code, text: 'The call was ended before it began.', scope: 'conversation' }
  const text = 'Genesys could not be reached. It will be tried again.'
  return { outcome: 'retry', code, text, scope: 'integration', retryAfterMs: AWAY_MS }
}

export const rateLimited = (retryAfterMs: number): Failure => ({
  outcome: 'retry',
  code: 'rate_limit',
  text: 'The calls of this minute are used up. It will be tried again.',
  scope: 'integration',
  retryAfterMs,
})

/** Nothing was said yet when the sign-in failed: never `unknown`. */
export function classifySignIn(refusal: Omit<Refusal, 'about'>): Failure {
  const { status } = refusal
  const code = refusal.code ?? `http_${status}`
  const detail = refusal.detail ? ` Genesys says: ${cut(refusal.detail, MAX_DETAIL)}` : ''
  if (status === 408 || status === 429 || status >= 500) {
    const retryAfterMs = refusal.retryAfterMs ?? (status === 429 ? RATE_LIMIT_MS : AWAY_MS)
    return {
      outcome: 'retry',
      code,
      text: `Genesys gives no token now. It will be tried again.${detail}`,
      scope: 'integration',
      retryAfterMs,
    }
  }
  const text = `Genesys does not let the client in. Look at its id, its secret and the region.${detail}`
  return { outcome: 'reconnect', code, text }
}
