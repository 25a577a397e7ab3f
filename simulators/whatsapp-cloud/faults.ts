import * as shared from '../fault-book.ts'
import type { Random } from '../random.ts'

export type FaultAction =
  /** Wait before the request is looked at, on the simulator's clock. */
  | { kind: 'delay'; ms: number }
  /** Do what was asked, then destroy the socket without an answer. */
  | { kind: 'dropAfterAccept' }
  /** Destroy the socket; nothing happened. */
  | { kind: 'dropBeforeAccept' }
  | { kind: 'error'; code: number; subcode?: number; httpStatus?: number; details?: string; headers?: Record<string, string> }
  /** An HTML page from a proxy in between, default 502. */
  | { kind: 'http5xxGarbage'; httpStatus?: number }
  /** Accepted, but the answer names no message id. */
  | { kind: 'okWithoutId' }
  /** Headers at once, the body `ms` later. */
  | { kind: 'slowBody'; ms: number }
  /** Deliver the same body this many more times. */
  | { kind: 'duplicateWebhook'; copies: number }
  /** Statuses of one send in another order; `before_response`: the first receipt is delivered before the send is answered. */
  | { kind: 'reorderWebhooks'; order: 'reversed' | 'shuffled' | 'before_response' }
  | { kind: 'webhookDelay'; ms: number }
  /** The first `tries` tries never reach the receiver. */
  | { kind: 'webhookLost'; tries: number }
  /** The access token used stops working and stays so until it is replaced. */
  | { kind: 'expireToken' }
  /** Accepted, then a failed status with this code. */
  | { kind: 'statusFailed'; code: number }

/** All given keys must hold. `path` is a substring of the request path; `type` a message type or a webhook field; `status` a receipt. */
export type FaultMatch = {
  method?: string
  path?: string
  phoneNumberId?: string
  recipient?: string
  type?: string
  status?: string
}

export type FaultInput = shared.FaultInput<FaultAction, FaultMatch>
export type FaultBook = shared.FaultBook<FaultAction, FaultMatch>

const digits = (text: string | undefined) => text?.replace(/^\+/, '')

function matches(match: FaultMatch, subject: FaultMatch): boolean {
  return (
    (match.method === undefined || match.method.toUpperCase() === subject.method?.toUpperCase()) &&
    (match.path === undefined || (subject.path ?? '').includes(match.path)) &&
    (match.phoneNumberId === undefined || match.phoneNumberId === subject.phoneNumberId) &&
    (match.recipient === undefined || digits(match.recipient) === digits(subject.recipient)) &&
    (match.type === undefined || match.type === subject.type) &&
    (match.status === undefined || match.status === subject.status)
  )
}

export const createFaultBook = (random: Random): FaultBook => shared.createFaultBook(random, matches)
