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

/** `times`: how often at most (default: always). `probability`: chance per match, drawn from the seed (default 1). */
export type FaultInput = { match?: FaultMatch; times?: number; probability?: number; action: FaultAction }
export type Fault = FaultInput & { id: string; used: number }

export type FaultKind = FaultAction['kind']
type ActionOf<K extends FaultKind> = Extract<FaultAction, { kind: K }>

export type FaultBook = {
  add(fault: FaultInput): string
  remove(id: string): boolean
  clear(): void
  list(): Fault[]
  /** The first fault of one of these kinds that matches, counted as used; undefined when none applies. */
  take<K extends FaultKind>(kinds: readonly K[], subject: FaultMatch): ActionOf<K> | undefined
}

const matches = (match: FaultMatch | undefined, subject: FaultMatch): boolean =>
  match === undefined ||
  Object.entries(match).every(([key, wanted]) => wanted === undefined || subject[key as keyof FaultMatch] === wanted)

export function createFaultBook(random: Random): FaultBook {
  const faults = new Map<string, Fault>()
  let added = 0

  function applies(fault: Fault, subject: FaultMatch): boolean {
    if (fault.times !== undefined && fault.used >= fault.times) return false
    if (!matches(fault.match, subject)) return false
    return fault.probability === undefined || random.next() < fault.probability
  }

  return {
    add(input) {
      const id = `fault-${++added}`
      faults.set(id, { ...input, id, used: 0 })
      return id
    },
    remove: (id) => faults.delete(id),
    clear: () => faults.clear(),
    list: () => [...faults.values()],
    take<K extends FaultKind>(kinds: readonly K[], subject: FaultMatch) {
      for (const fault of faults.values()) {
        if (!(kinds as readonly FaultKind[]).includes(fault.action.kind) || !applies(fault, subject)) continue
        fault.used++
        return fault.action as ActionOf<K>
      }
      return undefined
    },
  }
}

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
