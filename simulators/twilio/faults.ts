import * as shared from '../fault-book.ts'
import type { Random } from '../random.ts'

export type FaultAction =
  /** Wait before the request is looked at, on the simulator's clock. */
  | { kind: 'delay'; ms: number }
  /** Destroy the socket without doing anything. */
  | { kind: 'dropBefore' }
  /** Do what was asked, then destroy the socket without an answer. */
  | { kind: 'dropAfter' }
  /** Do what was asked and never answer. */
  | { kind: 'silentAfter' }
  /** An error in the API's own form. */
  | { kind: 'error'; code: number; status?: number; message?: string }
  /** A page of HTML, as a proxy in between gives. */
  | { kind: 'garbage'; status?: number }
  /** Do what was asked, then a page of HTML all the same. */
  | { kind: 'garbageAfter'; status?: number }
  /** Success without the sid. */
  | { kind: 'okWithoutSid' }
  /** Accepted, then this happens to it. */
  | { kind: 'fails'; code: number; status?: 'failed' | 'undelivered' }
  /** Status callbacks: each twice; the later first; all before the answer to the request. */
  | { kind: 'duplicateWebhook'; copies: number }
  | { kind: 'reverseStatuses' }
  | { kind: 'statusesBeforeAnswer' }
  | { kind: 'webhookDelay'; ms: number }
  /** The webhook never leaves. */
  | { kind: 'webhookLost' }

/** All given keys must hold. `path` is a part of the request's path; `kind` a webhook's, `status` a message's. */
export type FaultMatch = { method?: string; path?: string; to?: string; from?: string; kind?: string; status?: string }

export type FaultInput = shared.FaultInput<FaultAction, FaultMatch>
export type FaultBook = shared.FaultBook<FaultAction, FaultMatch>

function matches(match: FaultMatch, subject: FaultMatch): boolean {
  return (
    (match.method === undefined || match.method.toUpperCase() === subject.method?.toUpperCase()) &&
    (match.path === undefined || (subject.path ?? '').includes(match.path)) &&
    (match.to === undefined || match.to === subject.to) &&
    (match.from === undefined || match.from === subject.from) &&
    (match.kind === undefined || match.kind === subject.kind) &&
    (match.status === undefined || match.status === subject.status)
  )
}

export const createFaultBook = (random: Random): FaultBook => shared.createFaultBook(random, matches)

/** A word for a behaviour: all faults are replaced by these. */
export const moods: Record<string, FaultInput[]> = {
  well: [],
  refuses: [{ match: { method: 'POST', path: '/Messages.json' }, action: { kind: 'error', code: 21211, status: 400 } }],
  rateLimits: [{ action: { kind: 'error', code: 20429, status: 429 } }],
  refusesCredentials: [{ action: { kind: 'error', code: 20003, status: 401 } }],
  suspended: [{ action: { kind: 'error', code: 20005, status: 401 } }],
  losesRequests: [{ match: { method: 'POST' }, action: { kind: 'dropBefore' } }],
  losesAnswers: [{ match: { method: 'POST' }, action: { kind: 'dropAfter' } }],
  forgetsSids: [{ match: { method: 'POST' }, action: { kind: 'okWithoutSid' } }],
  losesPurchases: [{ match: { method: 'POST', path: '/IncomingPhoneNumbers.json' }, action: { kind: 'dropAfter' } }],
  refusesSettings: [
    { match: { method: 'POST', path: '/IncomingPhoneNumbers/' }, action: { kind: 'error', code: 21402, status: 400 } },
  ],
  refusesServices: [{ match: { method: 'POST', path: '/v1/Services' }, action: { kind: 'error', code: 20001, status: 400 } }],
  keepsNumbers: [{ match: { method: 'DELETE', path: '/IncomingPhoneNumbers/' }, action: { kind: 'garbage', status: 503 } }],
  down: [{ action: { kind: 'garbage', status: 503 } }],
}
