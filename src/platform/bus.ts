/**
 * "Something changed for this tenant": a hint to look at the event log, never the news itself. In this process at once;
 * between processes through Redis where there is one, else, and while it is away, by a debounced NOTIFY on a connection of its
 * own, never inside a writing transaction. Both are heard: a process that has lost Redis still hears those that have not.
 */
import { EventEmitter } from 'node:events'
import pg from 'pg'
import { newId } from '../kernel/ids.ts'
import type { Logger } from './log.ts'
import type { Redis } from './redis.ts'

export interface Bus {
  publish(tenantIds: Iterable<string>): void
  /** Returns how to stop listening. `tenantId` '*': anybody's may have changed. */
  subscribe(listener: (tenantId: string) => void): () => void
  /** Something that is kept nowhere, for all other processes: who looks, who types. Heard once or not at all. */
  tell(topic: string, message: unknown): void
  hear(topic: string, listener: (message: unknown) => void): void
  /**
   * News that the database itself gives on a channel, in the order of commits. `heard` is told each payload; `missed` is
   * called whenever something may have been said that nobody heard, before anything new is.
   */
  listen(channel: string, heard: (payload: string) => void, missed: () => void): void
  /** Whether everything that is committed is heard. */
  listening(): boolean
  /** Resolves when all that was committed before the call has been heard. */
  caughtUp(): Promise<void>
  stop(): Promise<void>
}

const notifyChannel = 'parley_changes'
const toldChannel = 'parley_told'
/** A notification holds 8,000 bytes; what is longer is not said. */
const longestNotification = 7900
/** The same in Redis. */
const redisChanges = 'bus:changes'
const redisTold = 'bus:told'
const debounceMs = 40
/** A connection can die without a word; it is asked this often, and given this long to answer. */
const heartbeatMs = 5000
const answerMs = 3000
/** A notification holds 8,000 bytes; a UUID and its separator take 37. */
const idsInOne = 180

export function createBus(options: {
  connectionString?: string
  log: Logger
  redis?: Pick<Redis, 'ready' | 'publish' | 'subscribe' | 'onConnect'>
}): Bus {
  const { connectionString, log, redis } = options
  const origin = newId()
  const emitter = new EventEmitter().setMaxListeners(0)
  const changed = new Set<string>()
  const channels = new Map<string, { heard: (payload: string) => void; missed: () => void }>()
  let client: pg.Client | undefined
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  /** One statement at a time on a connection: the next is sent when the last is answered. */
  let line: Promise<unknown> = Promise.resolve()
  function ask(on: pg.Client, text: string, values?: string[]): Promise<unknown> {
    const answer = line.then(() => on.query(text, values))
    line = answer.catch(() => {})
    return answer
  }

  function heardChanges(payload: string): void {
    const [from, ...ids] = payload.split(',')
    if (from !== origin) for (const id of ids) emitter.emit('change', id)
  }
  function heardTold(payload: string): void {
    const [from, topic, message] = JSON.parse(payload) as [string, string, unknown]
    if (from !== origin) emitter.emit(`told ${topic}`, message)
  }
  redis?.subscribe(redisChanges, heardChanges)
  redis?.subscribe(redisTold, heardTold)
  // Whatever was said while nobody listened.
  redis?.onConnect(() => emitter.emit('change', '*'))

  /** Through Redis, or through the database where Redis does not take it. */
  async function say(payload: string, through: { redis: string; notify: string }): Promise<void> {
    if (redis?.ready()) {
      const said = await redis.publish(through.redis, payload).then(
        () => true,
        () => false,
      )
      if (said) return
    }
    if (client && payload.length < longestNotification)
      await ask(client, 'SELECT pg_notify($1, $2)', [through.notify, payload]).catch(() => {})
  }

  async function connect(): Promise<void> {
    if (!connectionString || stopped) return
    const next = new pg.Client({
      connectionString,
      application_name: 'parley-bus',
      query_timeout: answerMs,
      connectionTimeoutMillis: answerMs,
      options: '-c role=parley_app',
      keepAlive: true,
    })
    const lost = (error: Error) => {
      if (client !== next) return
      client = undefined
      log.warn('Changes of other processes are seen late: the notification connection was lost', {
        operation: 'bus',
        error: error.message,
      })
      void next.end().catch(() => {})
      if (!stopped) setTimeout(() => void connect(), 1000).unref()
    }
    next.on('error', lost)
    next.on('end', () => {
      if (!stopped) lost(new Error('the connection ended'))
    })
    next.on('notification', ({ channel, payload = '' }) => {
      if (channel === notifyChannel) heardChanges(payload)
      else if (channel === toldChannel) heardTold(payload)
      else channels.get(channel)?.heard(payload)
    })
    try {
      await next.connect()
      await next.query(`LISTEN ${notifyChannel}`)
      await next.query(`LISTEN ${toldChannel}`)
      for (const channel of channels.keys()) await next.query(`LISTEN ${channel}`)
      client = next
      emitter.emit('change', '*') // whatever was said while nobody listened
      for (const { missed } of channels.values()) missed()
    } catch (error) {
      log.warn('Changes of other processes are seen late: no notification connection', {
        operation: 'bus',
        error: (error as Error).message,
      })
      await next.end().catch(() => {})
      if (!stopped) setTimeout(() => void connect(), 2000).unref()
    }
  }

  const heartbeat = setInterval(() => {
    const asked = client
    if (asked) void ask(asked, 'SELECT 1').catch((error: Error) => void asked.emit('error', error))
  }, heartbeatMs)
  heartbeat.unref()

  async function tell(): Promise<void> {
    timer = undefined
    const ids = changed.size > idsInOne ? ['*'] : [...changed]
    changed.clear()
    await say([origin, ...ids].join(','), { redis: redisChanges, notify: notifyChannel })
  }

  const ready = connect()
  return {
    publish(tenantIds) {
      for (const id of tenantIds) {
        emitter.emit('change', id)
        changed.add(id)
      }
      if ((client || redis?.ready()) && changed.size > 0) timer ??= setTimeout(() => void tell(), debounceMs)
    },
    subscribe(listener) {
      emitter.on('change', listener)
      return () => emitter.off('change', listener)
    },
    tell(topic, message) {
      void say(JSON.stringify([origin, topic, message]), { redis: redisTold, notify: toldChannel })
    },
    hear: (topic, listener) => void emitter.on(`told ${topic}`, listener),
    listen(channel, heard, missed) {
      channels.set(channel, { heard, missed })
      // On the connection that is there; one still to come listens from its start.
      const now = client
      if (now) void ask(now, `LISTEN ${channel}`).then(missed, (error: Error) => void now.emit('error', error))
    },
    listening: () => client !== undefined,
    async caughtUp() {
      await ready
      // A backend hands over what it was notified of before it says that a statement is done.
      if (client) await ask(client, 'SELECT 1').catch(() => {})
    },
    async stop() {
      stopped = true
      clearInterval(heartbeat)
      clearTimeout(timer)
      await ready
      await client?.end().catch(() => {})
    },
  }
}
