/**
 * "Something changed for this tenant": a hint to look at the event log, never the news itself. In this process at once;
 * between processes by a debounced NOTIFY on a connection of its own, never inside a writing transaction.
 */
import { EventEmitter } from 'node:events'
import pg from 'pg'
import { newId } from '../kernel/ids.ts'
import type { Logger } from './log.ts'

export interface Bus {
  publish(tenantIds: Iterable<string>): void
  /** Returns how to stop listening. `tenantId` '*': anybody's may have changed. */
  subscribe(listener: (tenantId: string) => void): () => void
  stop(): Promise<void>
}

const notifyChannel = 'parley_changes'
const debounceMs = 40
/** A notification holds 8,000 bytes; a UUID and its separator take 37. */
const idsInOne = 180

export function createBus(options: { connectionString?: string; log: Logger }): Bus {
  const { connectionString, log } = options
  const origin = newId()
  const emitter = new EventEmitter().setMaxListeners(0)
  const changed = new Set<string>()
  let client: pg.Client | undefined
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  async function connect(): Promise<void> {
    if (!connectionString || stopped) return
    const next = new pg.Client({
      connectionString,
      application_name: 'parley-bus',
      options: '-c role=parley_app',
      keepAlive: true,
    })
    next.on('error', (error) => {
      log.warn('Changes of other processes are seen late: the notification connection was lost', {
        operation: 'bus',
        error: error.message,
      })
      client = undefined
      if (!stopped) setTimeout(() => void connect(), 1000).unref()
    })
    next.on('notification', ({ payload }) => {
      const [from, ...ids] = (payload ?? '').split(',')
      if (from !== origin) for (const id of ids) emitter.emit('change', id)
    })
    try {
      await next.connect()
      await next.query(`LISTEN ${notifyChannel}`)
      client = next
      emitter.emit('change', '*') // whatever was said while nobody listened
    } catch (error) {
      log.warn('Changes of other processes are seen late: no notification connection', {
        operation: 'bus',
        error: (error as Error).message,
      })
      await next.end().catch(() => {})
      if (!stopped) setTimeout(() => void connect(), 2000).unref()
    }
  }

  async function tell(): Promise<void> {
    timer = undefined
    const ids = changed.size > idsInOne ? ['*'] : [...changed]
    changed.clear()
    await client?.query('SELECT pg_notify($1, $2)', [notifyChannel, [origin, ...ids].join(',')]).catch(() => {})
  }

  const ready = connect()
  return {
    publish(tenantIds) {
      for (const id of tenantIds) {
        emitter.emit('change', id)
        changed.add(id)
      }
      if (client && changed.size > 0) timer ??= setTimeout(() => void tell(), debounceMs)
    },
    subscribe(listener) {
      emitter.on('change', listener)
      return () => emitter.off('change', listener)
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await ready
      await client?.end().catch(() => {})
    },
  }
}
