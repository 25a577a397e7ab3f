/** The live connection: takes batches into the caches, tells who is typing, and says whether it is connected. */
import type { QueryClient } from '@tanstack/react-query'
import { type ParleyClient, ParleyError, type Presence, type StreamBatch } from '../../../client/index.ts'
import type { Outbox } from '../rules/outbox.ts'
import { keys, takeConversations, takeMembers, takeMessages } from './cache.ts'
import { createRecent } from './recent.ts'
import { createStore } from './store.ts'

export type LiveState = 'connecting' | 'connected' | 'reconnecting'
export interface SeenPresence extends Presence {
  until: number
}
export type Live = ReturnType<typeof createLive>

/** Typing fades by itself: the message that it stopped may be lost. */
const TYPING_MS = 8_000
const VIEWING_MS = 45_000
/** Queries wait so long for the stream's first word, so that no change falls between page and stream. */
const READY_MS = 1_500
const COUNT_MS = 2_000

interface LiveDeps {
  api: ParleyClient
  queries: QueryClient
  me: string
  onSignedOut: () => void
}

export function createLive(deps: LiveDeps) {
  const state = createStore<LiveState>('connecting')
  const presence = createStore<SeenPresence[]>([])
  const recent = createRecent()
  /** How often there was a new notification: a page asked for before one may not have it. */
  const notified = createStore(0)
  const ended = new AbortController()
  let outbox: Outbox | null = null
  let early = true
  let open = () => {}
  const ready = new Promise<void>((resolve) => {
    open = resolve
  })

  let counting: ReturnType<typeof setTimeout> | undefined
  /** Many changes at once are counted once, a moment later. */
  const count = (): void => {
    counting ??= setTimeout(() => {
      counting = undefined
      void deps.queries.invalidateQueries({ queryKey: keys.counts })
    }, COUNT_MS)
  }

  const take = (batch: StreamBatch): void => {
    recent.add(batch)
    takeConversations(deps.queries, deps.me, batch.conversations)
    outbox?.seen(batch.messages)
    takeMessages(deps, batch.messages)
    takeMembers(deps.queries, deps.me, batch.members ?? [], batch.memberIdsGone ?? [])
    if (batch.businessChanged) {
      void deps.queries.invalidateQueries({ queryKey: keys.business })
      void deps.queries.invalidateQueries({ queryKey: keys.session })
      void deps.queries.invalidateQueries({ queryKey: keys.allSlots })
    }
    if (batch.timesChanged) {
      void deps.queries.invalidateQueries({ queryKey: keys.allBookings })
      void deps.queries.invalidateQueries({ queryKey: keys.allSlots })
    }
    if (batch.staffChanged) {
      void deps.queries.invalidateQueries({ queryKey: keys.staff })
      void deps.queries.invalidateQueries({ queryKey: keys.allBookings })
      void deps.queries.invalidateQueries({ queryKey: keys.allSlots })
    }
    if (batch.notifiedIds.includes(deps.me)) {
      notified.set((before) => before + 1)
      void deps.queries.invalidateQueries({ queryKey: keys.notifications })
    }
    if (batch.accounts.length > 0) void deps.queries.invalidateQueries({ queryKey: keys.accounts })
    if (batch.labelsChanged) {
      void deps.queries.invalidateQueries({ queryKey: keys.labels })
      void deps.queries.invalidateQueries({ queryKey: keys.lists })
    }
    if (batch.labelsChanged || batch.conversations.length > 0) count()
    if (batch.callsChanged) {
      void deps.queries.invalidateQueries({ queryKey: ['calls'] })
      void deps.queries.invalidateQueries({ queryKey: keys.allFunnels })
    }
    // A story goes on with every line and with every step of its lead; only one that is shown is read again.
    if (batch.callsChanged || batch.messages.length > 0) void deps.queries.invalidateQueries({ queryKey: keys.allStories })
    if (batch.numbersChanged) {
      void deps.queries.invalidateQueries({ queryKey: keys.numbers })
      void deps.queries.invalidateQueries({ queryKey: keys.numberProvider })
    }
    if (batch.templatesChanged) void deps.queries.invalidateQueries({ queryKey: ['templates'] })
    for (const id of batch.contactIds) void deps.queries.invalidateQueries({ queryKey: keys.contact(id) })
    if (batch.contactIds.length > 0) void deps.queries.invalidateQueries({ queryKey: ['contacts'] })
    // A server that is older than this page tells of none.
    const leadIds = batch.leadIds ?? []
    for (const id of leadIds) void deps.queries.invalidateQueries({ queryKey: keys.lead(id) })
    if (leadIds.length > 0) {
      void deps.queries.invalidateQueries({ queryKey: keys.allLeads })
      void deps.queries.invalidateQueries({ queryKey: keys.allSums })
      void deps.queries.invalidateQueries({ queryKey: keys.allTwins })
      void deps.queries.invalidateQueries({ queryKey: keys.allStories })
      void deps.queries.invalidateQueries({ queryKey: keys.allFunnels })
    }
  }

  const see = (one: Presence): void => {
    if (one.userId === deps.me) return
    const until = Date.now() + (one.state === 'typing' ? TYPING_MS : VIEWING_MS)
    presence.set((before) => {
      const rest = before.filter((each) => each.userId !== one.userId || each.conversationId !== one.conversationId)
      return one.state === 'left' ? rest : [...rest, { ...one, until }]
    })
  }

  async function listen(): Promise<void> {
    const timer = setTimeout(() => {
      early = false
      open()
    }, READY_MS)
    try {
      for await (const event of deps.api.stream({
        signal: ended.signal,
        sleep: sleepUntilOnline,
        interrupt: whenOffline,
        onState,
      })) {
        if (event.type === 'batch') take(event.batch)
        else if (event.type === 'presence') see(event.presence)
        else if (event.type === 'reset' || !early) refetchAll()
        if (event.type === 'hello') open()
      }
    } catch (error) {
      open()
      state.set('reconnecting')
      if (error instanceof ParleyError && error.status === 401) deps.onSignedOut()
    } finally {
      clearTimeout(timer)
    }
  }

  function onState(next: LiveState): void {
    if (next === 'connected') {
      outbox?.resume()
      // What failed while the server was away would stay failed: the stream tells of changes only.
      void deps.queries.refetchQueries({ type: 'active', predicate: (query) => query.state.status === 'error' })
    }
    state.set(next)
  }

  const refetchAll = () => void deps.queries.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'session' })
  const fade = setInterval(() => {
    const now = Date.now()
    if (presence.get().some((one) => one.until < now)) presence.set((before) => before.filter((one) => one.until >= now))
  }, 1000)

  return {
    state,
    presence,
    recent,
    notified,
    ready,
    start: (box: Outbox): void => {
      outbox = box
      void listen()
    },
    stop: (): void => {
      clearInterval(fade)
      clearTimeout(counting)
      ended.abort()
    },
  }
}

/** The browser knows at once that the network is gone; the connection itself would only be missed after its silence. */
function whenOffline(drop: () => void): () => void {
  window.addEventListener('offline', drop)
  return () => window.removeEventListener('offline', drop)
}

/** Waits, but no longer than until the network or the reader is back. */
function sleepUntilOnline(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      window.removeEventListener('online', done)
      document.removeEventListener('visibilitychange', shown)
      resolve()
    }
    const shown = () => {
      if (document.visibilityState === 'visible') done()
    }
    const timer = setTimeout(done, ms)
    window.addEventListener('online', done)
    document.addEventListener('visibilitychange', shown)
    signal?.addEventListener('abort', done, { once: true })
  })
}
