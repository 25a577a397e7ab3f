import * as shared from '../fault-book.ts'
import type { Random } from '../random.ts'

/** What a request asks for, or `webhook`. */
export type Operation =
  | 'token'
  | 'message'
  | 'structured'
  | 'receipt'
  | 'event'
  | 'integration'
  | 'conversation'
  | 'disconnect'
  | 'agent'
  | 'media'
  | 'agentless'
  | 'webhook'

export type FaultAction =
  | { kind: 'error'; status: number; code?: string; message?: string; headers?: Record<string, string> }
  /** 429 with the headers. */
  | { kind: 'rateLimit'; seconds: number }
  /** Every token is refused, new ones too; the words quote the token. */
  | { kind: 'refuseToken' }
  /** The token used stops working; a new one works. */
  | { kind: 'revokeToken' }
  /** Wait before the request is looked at, on the simulator's clock. */
  | { kind: 'delay'; ms: number }
  /** Destroy the socket; nothing happened. */
  | { kind: 'dropBefore' }
  /** Do what was asked, then destroy the socket without an answer. */
  | { kind: 'dropAfter' }
  /** Keep the connection open and say nothing; nothing happened. */
  | { kind: 'silent' }
  /** An HTML page from a proxy in between, default 502. */
  | { kind: 'garbage'; status?: number }
  /** Taken, but the conversation is not named: the flow was slow. */
  | { kind: 'noConversationId' }
  /** What the request causes is delivered before it is answered. */
  | { kind: 'webhookFirst' }
  | { kind: 'duplicateWebhook'; copies: number }
  | { kind: 'webhookDelay'; ms: number }
  /** The first `tries` tries never reach the receiver. */
  | { kind: 'webhookLost'; tries: number }

export type FaultMatch = { operation?: Operation; integrationId?: string; customer?: string; type?: string }

export type FaultInput = shared.FaultInput<FaultAction, FaultMatch>
export type FaultBook = shared.FaultBook<FaultAction, FaultMatch>

const matches = (match: FaultMatch, subject: FaultMatch): boolean =>
  Object.entries(match).every(([key, wanted]) => wanted === undefined || subject[key as keyof FaultMatch] === wanted)

export const createFaultBook = (random: Random): FaultBook => shared.createFaultBook(random, matches)

/** How the whole contact centre behaves from now on, in one word. */
export const moods: Record<string, FaultInput[]> = {
  well: [],
  refuses: [
    {
      match: { operation: 'message' },
      action: { kind: 'error', status: 400, code: 'invalid.value', message: 'Value [x] is not valid for field type [text].' },
    },
  ],
  rateLimited: [{ action: { kind: 'rateLimit', seconds: 30 } }],
  refusesToken: [{ action: { kind: 'refuseToken' } }],
  lacksPermission: [
    {
      match: { operation: 'message' },
      action: {
        kind: 'error',
        status: 403,
        code: 'missing.any.permissions',
        message:
          'Unable to perform the requested action. You are missing the following permission(s): conversation:message:receive',
      },
    },
  ],
  down: [
    {
      action: {
        kind: 'error',
        status: 503,
        code: 'service.unavailable',
        message: 'Service Unavailable',
        headers: { 'retry-after': '20' },
      },
    },
  ],
  broken: [
    {
      action: {
        kind: 'error',
        status: 500,
        code: 'internal.server.error',
        message: 'The server encountered an unexpected condition.',
      },
    },
  ],
  timesOut: [{ match: { operation: 'message' }, action: { kind: 'garbage', status: 504 } }],
  losesRequests: [{ match: { operation: 'message' }, action: { kind: 'dropBefore' } }],
  losesAnswers: [{ match: { operation: 'message' }, action: { kind: 'dropAfter' } }],
  silent: [{ match: { operation: 'message' }, action: { kind: 'silent' } }],
}
