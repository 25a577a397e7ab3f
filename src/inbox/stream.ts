/**
 * The live stream: backfill from the client's cursor, cut over, then everything as it is committed. One reader for each
 * tenant that somebody watches; what it reads is shown once and told to all its watchers.
 */
import type { Channels } from '../conversations/accounts.ts'
import { listAccounts } from '../conversations/accounts.ts'
import { currentCursor, type FeedEvent, isForeignCursor, parseCursor, readFeed } from '../conversations/feed.ts'
import type { Bus } from '../platform/bus.ts'
import { type Database, inTenant, type Tx } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import { findMembers } from '../tenancy/members.ts'
import type { StreamBatch } from './schema.ts'
import { findConversations, findMessages } from './store.ts'
import { accountView, conversationView, messageViews } from './view.ts'

export interface Watcher {
  send(event: 'hello' | 'batch' | 'reset' | 'presence', data: object, cursor?: string): void
}

export interface LiveStream {
  /** Follows from `cursor`, or from now. Returns how to stop. */
  watch(tenantId: string, watcher: Watcher, cursor?: string): Promise<() => void>
  /** Something that is not kept: who looks, who types. */
  tell(tenantId: string, event: 'presence', data: object): void
  stop(): void
}

const batchEvents = 300
/** A client further behind than this reads its page anew: cheaper for both than replaying. */
const maxBackfill = 3000
/** Hints come at once; this catches what a lost hint would have said, and commits held back by a longer transaction. */
const pollMs = 1000
const settleMs = 40
/** Between processes. */
const told = 'stream'
/** Where this much is new at once, more is: it is told ten times a second, each time to everybody, and not after each commit. */
const muchEvents = 20
const muchMs = 100

interface Followed {
  watchers: Map<Watcher, string>
  cursor: string
  reading: boolean
  again: boolean
}

/** Cursors are ordered by transaction, then by event. */
export function isAfter(a: string, b: string): boolean {
  const [x, y] = [parseCursor(a), parseCursor(b)]
  const [p, q] = [BigInt(x.txid), BigInt(y.txid)]
  return p === q ? x.id > y.id : p > q
}

/** Watchers told before whatever else waits has its turn: a large batch takes a while to write fifty times. */
const atOnce = 8
const turn = () => new Promise((resolve) => setImmediate(resolve))
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export function createLiveStream(deps: {
  db: Database
  /** `tell` and `hear`: where there may be other processes. */
  bus: Pick<Bus, 'subscribe'> & Partial<Pick<Bus, 'tell' | 'hear'>>
  channels: Channels
  log: Logger
}): LiveStream {
  const tenants = new Map<string, Followed>()
  const unsubscribe = deps.bus.subscribe((tenantId) => {
    if (tenantId === '*') for (const id of tenants.keys()) void read(id)
    else if (tenants.has(tenantId)) void read(tenantId)
  })
  const timer = setInterval(() => {
    for (const id of tenants.keys()) void read(id)
  }, pollMs)
  timer.unref()

  const sendTo = (tenantId: string, event: 'presence', data: object): void => {
    for (const watcher of tenants.get(tenantId)?.watchers.keys() ?? []) watcher.send(event, data)
  }
  deps.bus.hear?.(told, (message) => {
    const { tenantId, event, data } = message as { tenantId: string; event: 'presence'; data: object }
    sendTo(tenantId, event, data)
  })

  async function read(tenantId: string): Promise<void> {
    const followed = tenants.get(tenantId)
    if (!followed) return
    if (followed.reading) {
      followed.again = true
      return
    }
    followed.reading = true
    try {
      do {
        followed.again = false
        const batch = await inTenant(deps.db, tenantId, (tx) => nextBatch(tx, deps.channels, followed.cursor))
        if (batch) {
          followed.cursor = batch.cursor
          followed.again = true
          let heard = 0
          for (const [watcher, at] of followed.watchers) {
            if (!isAfter(batch.cursor, at)) continue
            followed.watchers.set(watcher, batch.cursor)
            watcher.send('batch', batch, batch.cursor)
            heard += 1
            if (heard % atOnce === 0) await turn()
          }
          if (batch.messages.length > muchEvents) await pause(muchMs)
        } else if (followed.again) await pause(settleMs)
      } while (followed.again && followed.watchers.size > 0)
    } catch (error) {
      deps.log.warn('The live stream could not be read', { operation: 'stream', error: (error as Error).message })
    } finally {
      followed.reading = false
    }
  }

  /** Where a client can go on from: its own cursor where the way from there is short, else now, told to read anew. */
  async function startingPoint(tenantId: string, watcher: Watcher, cursor: string | undefined): Promise<string> {
    return await inTenant(deps.db, tenantId, async (tx) => {
      const now = await currentCursor(tx)
      if (!cursor) {
        watcher.send('hello', { cursor: now }, now)
        return now
      }
      parseCursor(cursor)
      if (!(await isForeignCursor(tx, cursor)) && (await readFeed(tx, cursor, maxBackfill + 1)).length <= maxBackfill)
        return cursor
      watcher.send('reset', { cursor: now }, now)
      return now
    })
  }

  function follow(tenantId: string, at: string): Followed {
    const followed = tenants.get(tenantId) ?? { watchers: new Map(), cursor: at, reading: false, again: false }
    tenants.set(tenantId, followed)
    return followed
  }

  return {
    async watch(tenantId, watcher, cursor) {
      let at = await startingPoint(tenantId, watcher, cursor)
      // Backfill until level with the tenant's reader; then, with nothing awaited in between, cut over. The reader may end
      // meanwhile, with its last watcher, and another one begin.
      let followed = follow(tenantId, at)
      for (let level = false; !level; ) {
        while (isAfter(followed.cursor, at)) {
          const from = at
          const batch = await inTenant(deps.db, tenantId, (tx) => nextBatch(tx, deps.channels, from))
          if (!batch) break
          at = batch.cursor
          watcher.send('batch', batch, at)
        }
        const current = follow(tenantId, at)
        level = current === followed
        followed = current
      }
      if (followed.watchers.size === 0 && isAfter(followed.cursor, at)) followed.cursor = at
      followed.watchers.set(watcher, at)
      void read(tenantId)
      return () => {
        followed.watchers.delete(watcher)
        if (followed.watchers.size === 0 && tenants.get(tenantId) === followed) tenants.delete(tenantId)
      }
    },
    tell(tenantId, event, data) {
      sendTo(tenantId, event, data)
      deps.bus.tell?.(told, { tenantId, event, data })
    },
    stop() {
      unsubscribe()
      clearInterval(timer)
      tenants.clear()
    },
  }
}

/** Everything that changed after the cursor, as it is now; null where nothing did. */
async function nextBatch(tx: Tx, channels: Channels, after: string): Promise<StreamBatch | null> {
  const events = await readFeed(tx, after, batchEvents)
  const last = events.at(-1)
  return last ? await showEvents(tx, channels, events, last.cursor) : null
}

const unique = (values: (string | null)[]): string[] => [...new Set(values.filter((value) => value !== null))]

async function showEvents(tx: Tx, channels: Channels, events: readonly FeedEvent[], cursor: string): Promise<StreamBatch> {
  const conversations = await findConversations(tx, unique(events.map((e) => e.conversationId)))
  const messages = await findMessages(tx, unique(events.map((e) => e.messageId)))
  const memberIds = unique(
    events
      .filter((e) => e.type.startsWith('member.'))
      .map((e) => (typeof e.data.memberId === 'string' ? e.data.memberId : null)),
  )
  const members = await findMembers(tx, memberIds)
  const accountsChanged = events.some((e) => e.type === 'account.updated')
  return {
    cursor,
    conversations: conversations.map((row) => conversationView(channels, row)),
    messages: await messageViews(tx, channels, messages),
    accounts: accountsChanged ? (await listAccounts(tx)).map((row) => accountView(channels, row)) : [],
    contactIds: unique(
      events
        .filter((e) => e.type.startsWith('contact.'))
        .map((e) => (typeof e.data.contactId === 'string' ? e.data.contactId : null)),
    ),
    leadIds: unique(
      events
        // A lead shows its appointment.
        .filter((e) => e.type.startsWith('lead.') || e.type.startsWith('booking.'))
        .flatMap((e) => [e.data.leadId, e.data.other].map((one) => (typeof one === 'string' ? one : null))),
    ),
    bookingIds: unique(
      events
        .filter((e) => e.type.startsWith('booking.'))
        .map((e) => (typeof e.data.bookingId === 'string' ? e.data.bookingId : null)),
    ),
    timesChanged: events.some((e) => e.type.startsWith('booking.')),
    staffChanged: events.some((e) => e.type.startsWith('staff.')),
    callsChanged: events.some((e) => e.type.startsWith('call.')),
    numbersChanged: events.some((e) => e.type.startsWith('number.')),
    labelsChanged: events.some((e) => e.type === 'label.updated'),
    templatesChanged: events.some((e) => e.type === 'template.updated'),
    members,
    memberIdsGone: memberIds.filter((id) => !members.some((member) => member.id === id)),
    businessChanged: events.some((e) => e.type === 'business.updated'),
    notifiedIds: unique(
      events
        .filter((e) => e.type === 'notification.raised')
        .flatMap((e) => (Array.isArray(e.data.userIds) ? e.data.userIds : [])),
    ),
  }
}
