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

const digits = (text: string | undefined) => text?.replace(/^\+/, '')

function matches(match: FaultMatch | undefined, subject: FaultMatch): boolean {
  if (!match) return true
  return (
    (match.method === undefined || match.method.toUpperCase() === subject.method?.toUpperCase()) &&
    (match.path === undefined || (subject.path ?? '').includes(match.path)) &&
    (match.phoneNumberId === undefined || match.phoneNumberId === subject.phoneNumberId) &&
    (match.recipient === undefined || digits(match.recipient) === digits(subject.recipient)) &&
    (match.type === undefined || match.type === subject.type) &&
    (match.status === undefined || match.status === subject.status)
  )
}

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
        if (!(kinds as readonly FaultKind[]).includes(fault.action.kind)) continue
        if (!applies(fault, subject)) continue
        fault.used++
        return fault.action as ActionOf<K>
      }
      return undefined
    },
  }
}
