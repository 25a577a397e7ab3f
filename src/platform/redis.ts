/** The one connection of this process to Redis. What it does not answer in time counts as not answered: nobody waits for it. */
import { createClient } from 'redis'
import type { Logger } from './log.ts'

export interface Redis {
  /** Before every key of ours. */
  prefix: string
  /** Runs a script on the server. Rejects at once where there is no connection, and when no answer comes in time. */
  evaluate(script: string, keys: string[], values: string[]): Promise<unknown>
  ping(): Promise<void>
  /** Called at every connection, also the first. */
  onConnect(listener: () => void): void
  stop(): Promise<void>
}

/** A look-up in the database takes a millisecond or two; who waits longer for a cache has no cache. */
const answerMs = 250
const connectMs = 1000

export class RedisAway extends Error {
  constructor() {
    super('Redis does not answer')
    this.name = 'RedisAway'
  }
}

export function connectRedis(options: { url: string; prefix: string; log: Logger; answerMs?: number }): Redis {
  const { log, prefix } = options
  const listeners: (() => void)[] = []
  let away = false
  const client = createClient({
    url: options.url,
    name: `${prefix}${process.pid}`,
    // What cannot be asked now is answered by the database now, not by Redis later.
    disableOfflineQueue: true,
    socket: { connectTimeout: connectMs, reconnectStrategy: (tries) => Math.min(100 * 2 ** tries, 5000) },
  })
  client.on('error', (error: Error) => {
    if (!away) log.warn('Redis is away: look-ups go to the database', { operation: 'redis', error: error.message })
    away = true
  })
  client.on('ready', () => {
    if (away) log.info('Redis is back', { operation: 'redis' })
    away = false
    for (const listener of listeners) listener()
  })
  // Goes on trying by itself; a server without Redis starts all the same.
  void client.connect().catch(() => {})

  async function inTime<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new RedisAway()), options.answerMs ?? answerMs)
    })
    return await Promise.race([work, late]).finally(() => clearTimeout(timer))
  }
  return {
    prefix,
    async evaluate(script, keys, values) {
      if (!client.isReady) throw new RedisAway()
      return await inTime(client.eval(script, { keys, arguments: values }))
    },
    async ping() {
      if (!client.isReady) throw new RedisAway()
      await inTime(client.ping())
    },
    onConnect(listener) {
      listeners.push(listener)
      if (client.isReady) listener()
    },
    async stop() {
      if (client.isOpen) client.destroy()
    },
  }
}
