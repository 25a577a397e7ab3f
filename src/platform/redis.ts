/** The one connection of this process to Redis. What it does not answer in time counts as not answered: nobody waits for it. */
import { createClient } from '@redis/client'
import type { Logger } from './log.ts'

export interface Redis {
  /** Before every key of ours. */
  prefix: string
  /** Runs a script on the server. Rejects at once where there is no connection, and when no answer comes in time. */
  evaluate(script: string, keys: string[], values: string[]): Promise<unknown>
  ping(): Promise<void>
  /** Whether it is connected at this moment, and answered in time when it was asked last. */
  ready(): boolean
  /** Says it to everybody who listens to the channel now. Rejects where it could not be said in time. */
  publish(channel: string, message: string): Promise<void>
  /** Listens, also after every connection to come. What is said while there is none is not heard. */
  subscribe(channel: string, heard: (message: string) => void): void
  /** Called at every connection, also the first. */
  onConnect(listener: () => void): void
  stop(): Promise<void>
}

/** A look-up in the database takes a millisecond or two; who waits longer for a cache has no cache. */
const answerMs = 250
const connectMs = 1000
/** One that did not answer in time is not asked for so long: nobody else waits for it in vain. */
const silentMs = 1000

export class RedisAway extends Error {
  constructor() {
    super('Redis does not answer')
    this.name = 'RedisAway'
  }
}

export function connectRedis(options: { url: string; prefix: string; log: Logger; answerMs?: number }): Redis {
  const { log, prefix } = options
  const listeners: (() => void)[] = []
  const channels = new Map<string, { heard: (message: string) => void; listening: boolean }>()
  let away = false
  let silentUntil = 0
  const ready = (): boolean => client.isReady && performance.now() >= silentUntil
  const client = createClient({
    url: options.url,
    name: `${prefix}${process.pid}`,
    // From version 3 of the protocol on, one connection may listen and ask.
    RESP: 3,
    // What cannot be asked now is answered by the database now, not by Redis later.
    disableOfflineQueue: true,
    socket: { connectTimeout: connectMs, reconnectStrategy: (tries) => Math.min(100 * 2 ** tries, 5000) },
  })
  client.on('error', (error: Error) => {
    if (!away)
      log.warn(
        'Redis is away: look-ups go to the database, limits count for each process, news of other processes goes through the database',
        { operation: 'redis', error: error.message },
      )
    away = true
  })
  client.on('ready', () => {
    if (away) log.info('Redis is back', { operation: 'redis' })
    away = false
    listen()
    for (const listener of listeners) listener()
  })
  /** The client itself listens again after a connection was lost; what it was never asked for is asked here. */
  function listen(): void {
    for (const [channel, of] of channels) {
      if (of.listening || !client.isReady) continue
      of.listening = true
      client.subscribe(channel, of.heard).catch(() => {
        of.listening = false
      })
    }
  }
  // Goes on trying by itself; a server without Redis starts all the same.
  void client.connect().catch(() => {})

  async function inTime<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        silentUntil = performance.now() + silentMs
        reject(new RedisAway())
      }, options.answerMs ?? answerMs)
    })
    return await Promise.race([work, late]).finally(() => clearTimeout(timer))
  }
  return {
    prefix,
    async evaluate(script, keys, values) {
      if (!ready()) throw new RedisAway()
      return await inTime(client.eval(script, { keys, arguments: values }))
    },
    async ping() {
      if (!client.isReady) throw new RedisAway()
      await inTime(client.ping())
    },
    ready,
    async publish(channel, message) {
      if (!ready()) throw new RedisAway()
      await inTime(client.publish(prefix + channel, message))
    },
    subscribe(channel, heard) {
      channels.set(prefix + channel, { heard: (message) => heard(message), listening: false })
      listen()
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
