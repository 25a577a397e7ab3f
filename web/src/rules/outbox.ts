/**
 * What was said here and is not yet confirmed by the server. Kept in the browser's storage until an answer came, so that a
 * reload or a lost answer posts again under the same key and never doubles. One conversation's entries go in order.
 */
import type { Message, OutboundBody, SendMessage } from '../../../client/index.ts'

export type NoteBody = { type: 'note'; text: string }
export interface OutboxEntry {
  /** The idempotency key. */
  key: string
  conversationId: string
  body: SendMessage['body'] | NoteBody
  /** The message answered, as much of it as the bubble shows. */
  replyTo: { id: string; text: string | null; type: string; direction: string } | null
  /** What a template or file looks like until the server's message is here. */
  preview: string | null
  createdAt: string
  /** Order within the browser: ms since 1970, made unique. */
  order: number
  /** Last seq known when it was written: a note that may have been saved is looked for after it. */
  afterSeq: number
  state: 'waiting' | 'posting' | 'refused'
  /** Requests that got no answer, or a temporary one. */
  tries: number
  error: { code: string; message: string; details?: unknown } | null
}
export type NewEntry = Pick<OutboxEntry, 'key' | 'conversationId' | 'body' | 'replyTo' | 'preview' | 'afterSeq'>

export interface OutboxDeps {
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>
  /** Every entry is an item of its own under this prefix: another tab must not write over it. */
  storageKey: string
  post: (entry: OutboxEntry) => Promise<Message>
  /** Decides about a failed post: wait and try again, wait for sign-in, or give up. */
  judge: (error: unknown) => Verdict
  onSaved: (message: Message, entry: OutboxEntry) => void
  onRefused?: (entry: OutboxEntry) => void
  now?: () => number
  /** Runs `then` after `ms`; answers a function that cancels. */
  wait?: (ms: number, then: () => void) => () => void
}
export type Verdict =
  | { next: 'again'; afterMs: number | null; code: string; message: string }
  | { next: 'signed_out' }
  | { next: 'refused'; code: string; message: string; details?: unknown }

/** An entry older than this may have outlived the server's memory of its key: the author is asked instead of the network. */
const OLDEST_MS = 24 * 3_600_000
const LONGEST_WAIT_MS = 30_000

export type Outbox = ReturnType<typeof createOutbox>

export function createOutbox(deps: OutboxDeps) {
  const { now = Date.now, wait = later } = deps
  let entries = load(deps, now())
  let paused = false
  let ended = false
  let lastOrder = 0
  const listeners = new Set<() => void>()
  const timers = new Map<string, () => void>()

  const change = (next: OutboxEntry[]): void => {
    if (!ended) save(deps, entries, next)
    entries = next
    for (const listener of listeners) listener()
  }
  const update = (key: string, more: Partial<OutboxEntry>) =>
    change(entries.map((one) => (one.key === key ? { ...one, ...more } : one)))
  const remove = (keys: string[]) => change(entries.filter((one) => !keys.includes(one.key)))

  function run(conversationId: string): void {
    const mine = entries.filter((one) => one.conversationId === conversationId && one.state !== 'refused')
    const first = mine[0]
    if (paused || ended || !first || first.state === 'posting' || timers.has(conversationId)) return
    update(first.key, { state: 'posting' })
    deps.post(first).then(
      (message) => {
        // The stream may have brought it before the answer did.
        remove([first.key])
        deps.onSaved(message, first)
        run(conversationId)
      },
      (error: unknown) => failed(first, deps.judge(error)),
    )
  }

  function failed(entry: OutboxEntry, verdict: Verdict): void {
    const still = entries.find((one) => one.key === entry.key)
    if (!still) {
      run(entry.conversationId)
      return
    }
    if (verdict.next === 'signed_out') {
      paused = true
      update(entry.key, { state: 'waiting' })
      return
    }
    const { code, message } = verdict
    if (verdict.next === 'refused') {
      update(entry.key, { state: 'refused', error: { code, message, details: verdict.details } })
      deps.onRefused?.({ ...still, state: 'refused', error: { code, message, details: verdict.details } })
      run(entry.conversationId)
      return
    }
    const tries = still.tries + 1
    update(entry.key, { state: 'waiting', tries, error: { code, message } })
    const ms = verdict.afterMs ?? Math.min(LONGEST_WAIT_MS, 1000 * 2 ** (tries - 1))
    const { conversationId } = entry
    timers.set(
      conversationId,
      wait(ms, () => {
        timers.delete(conversationId)
        run(conversationId)
      }),
    )
  }

  function resume(): void {
    paused = false
    for (const [id, cancel] of timers) {
      cancel()
      timers.delete(id)
    }
    for (const id of new Set(entries.map((one) => one.conversationId))) run(id)
  }

  return {
    subscribe: (listener: () => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    entries: () => entries,
    add: (entry: NewEntry): void => {
      lastOrder = Math.max(now(), lastOrder + 1)
      const createdAt = new Date(now()).toISOString()
      change([...entries, { ...entry, createdAt, order: lastOrder, state: 'waiting', tries: 0, error: null }])
      run(entry.conversationId)
    },
    /** The author asks for another try of a refused one. */
    retry: (key: string): void => {
      update(key, { state: 'waiting', error: null })
      const entry = entries.find((one) => one.key === key)
      if (entry) run(entry.conversationId)
    },
    discard: (key: string): void => remove([key]),
    /** Messages of the server that carry our keys: these are saved. */
    seen: (messages: Message[]): void => {
      const keys = messages.flatMap((one) => (one.idempotencyKey ? [one.idempotencyKey] : []))
      if (entries.some((one) => keys.includes(one.key))) remove(keys)
    },
    /** The network is back, somebody signed in, or the page was loaded: go on at once. */
    resume,
    /** Signed out or replaced: nothing is posted or written any more; what is stored stays for the next one. */
    end: (): void => {
      ended = true
      for (const cancel of timers.values()) cancel()
      timers.clear()
    },
  }
}

const itemKey = (deps: OutboxDeps, key: string) => `${deps.storageKey}.${key}`

function load(deps: OutboxDeps, now: number): OutboxEntry[] {
  const found: OutboxEntry[] = []
  for (let at = 0; at < deps.storage.length; at += 1) {
    const name = deps.storage.key(at)
    if (name?.startsWith(`${deps.storageKey}.`)) found.push(...read(deps.storage.getItem(name)))
  }
  return found
    .sort((a, b) => a.order - b.order)
    .map((one) => {
      if (one.state === 'refused') return one
      if (now - Date.parse(one.createdAt) < OLDEST_MS) return { ...one, state: 'waiting' }
      return { ...one, state: 'refused', error: { code: 'too_old', message: '' } }
    })
}

function read(stored: string | null): OutboxEntry[] {
  try {
    const entry = JSON.parse(stored ?? 'null') as OutboxEntry | null
    return entry?.key ? [entry] : []
  } catch {
    return []
  }
}

function save(deps: OutboxDeps, before: OutboxEntry[], after: OutboxEntry[]): void {
  try {
    for (const one of after) if (!before.includes(one)) deps.storage.setItem(itemKey(deps, one.key), JSON.stringify(one))
    for (const one of before) if (!after.some((each) => each.key === one.key)) deps.storage.removeItem(itemKey(deps, one.key))
  } catch {
    // Storage is full or forbidden: it is still kept in memory, only a reload would lose it.
  }
}

function later(ms: number, then: () => void): () => void {
  const timer = setTimeout(then, ms)
  return () => clearTimeout(timer)
}

/** The text of an entry, for the bubble and for putting it back into the composer. */
export function textOfEntry(entry: OutboxEntry): string {
  const body = entry.body as OutboundBody | NoteBody
  if ('text' in body && typeof body.text === 'string') return body.text
  if ('caption' in body && body.caption) return body.caption
  return entry.preview ?? ''
}
