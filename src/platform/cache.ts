/**
 * A cache that holds nothing older than the last `drop` of it. Who misses gets a lease; what they then read is kept only
 * while the lease stands, and a drop ends it: a reader that loaded the old row before a change was committed cannot put it
 * back afterwards. A lease that was pushed out, or ran out, keeps nothing: the safe direction.
 */
import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Redis } from './redis.ts'

export type Cached = { hit: true; value: string } | { hit: false; lease: string }

export interface Cache {
  get(key: string): Promise<Cached>
  /** Keeps it if nothing was dropped since the lease was given. */
  put(key: string, lease: string, value: string): Promise<void>
  drop(keys: readonly string[]): Promise<void>
  /** Drops everything. */
  clear(): Promise<void>
}

/** How long the load behind a lease may take. */
const leaseMs = 10_000

type Entry = { value: string } | { lease: string }

export function createMemoryCache(options: { max: number; ttlMs: number }): Cache {
  const entries = new LRUCache<string, Entry>({ max: options.max, ttl: options.ttlMs })
  return {
    async get(key) {
      const entry = entries.get(key)
      if (entry && 'value' in entry) return { hit: true, value: entry.value }
      const lease = entry?.lease ?? randomUUID()
      if (!entry) entries.set(key, { lease }, { ttl: leaseMs })
      return { hit: false, lease }
    },
    async put(key, lease, value) {
      const entry = entries.get(key)
      if (entry && 'lease' in entry && entry.lease === lease) entries.set(key, { value })
    },
    async drop(keys) {
      for (const key of keys) entries.delete(key)
    },
    async clear() {
      entries.clear()
    },
  }
}

/** The generation is part of every key. Where it was lost a new one begins, so that nothing of an earlier one is found. */
const generation = `local g = redis.call('GET', KEYS[1])
if not g then g = ARGV[1] redis.call('SET', KEYS[1], g) end
`
/** v…: a value. l…: a lease. */
const getScript = `${generation}local k = KEYS[1] .. ':' .. g .. ':' .. ARGV[2]
local v = redis.call('GET', k)
if v then return v end
redis.call('SET', k, 'l' .. ARGV[1], 'PX', ARGV[3])
return 'l' .. ARGV[1]`
const putScript = `${generation}local k = KEYS[1] .. ':' .. g .. ':' .. ARGV[2]
if redis.call('GET', k) == 'l' .. ARGV[3] then redis.call('SET', k, 'v' .. ARGV[4], 'PX', ARGV[5]) end
return 0`
const dropScript = `${generation}for i = 2, #ARGV do redis.call('DEL', KEYS[1] .. ':' .. g .. ':' .. ARGV[i]) end
return 0`
const clearScript = `redis.call('SET', KEYS[1], ARGV[1]) return 0`

/** Shared by all processes of a server. Keys are made in the scripts, so one Redis is meant, not a cluster. */
export function createRedisCache(redis: Redis, options: { name: string; ttlMs: number }): Cache {
  const root = `${redis.prefix}${options.name}`
  const run = (script: string, ...values: string[]) => redis.evaluate(script, [root], values)
  return {
    async get(key) {
      const found = String(await run(getScript, randomUUID(), key, String(leaseMs)))
      return found.startsWith('v') ? { hit: true, value: found.slice(1) } : { hit: false, lease: found.slice(1) }
    },
    async put(key, lease, value) {
      await run(putScript, randomUUID(), key, lease, value, String(options.ttlMs))
    },
    async drop(keys) {
      await run(dropScript, randomUUID(), ...keys)
    },
    async clear() {
      await run(clearScript, randomUUID())
    },
  }
}
