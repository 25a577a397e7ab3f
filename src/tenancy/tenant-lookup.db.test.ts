import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { requirePart } from '../../test/house/requires.ts'
import { digits, makeTenant } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { startDatabaseProxy } from '../../test/world/proxy.ts'
import { redisPrefix, redisPresent, redisUrl } from '../../test/world/redis.ts'
import { until } from '../../test/world/until.ts'
import { type Bus, createBus } from '../platform/bus.ts'
import { type Cache, createMemoryCache, createRedisCache } from '../platform/cache.ts'
import type { Database } from '../platform/db/tx.ts'
import { createLogger } from '../platform/log.ts'
import { connectRedis, type Redis } from '../platform/redis.ts'
import { createTenantLookup, type TenantLookup } from './tenant-lookup.ts'

let db: TestDatabase
const log = createLogger({ level: 'CRITICAL' })
const stops: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(async () => {
  for (const stop of stops) await stop()
  await db.drop()
})

/** What one process has: its ear, its cache, its look-ups; and how often it asked the database. */
interface Process {
  lookup: TenantLookup
  bus: Bus
  cache: Cache
  asked: number
  /** Holds what the database answered until let go. */
  hold?: Promise<void>
}

async function startProcess(cache: Cache, url = db.url): Promise<Process> {
  const bus = createBus({ connectionString: url, log })
  stops.push(() => bus.stop())
  const process: Process = { lookup: undefined as never, bus, cache, asked: 0 }
  const counted: Database = {
    pool: new Proxy(db.pool, {
      get(target, name) {
        if (name !== 'query') return Reflect.get(target, name)
        return async (...given: unknown[]) => {
          process.asked++
          const answer = await (target.query as unknown as (...all: unknown[]) => Promise<unknown>).apply(target, given)
          await process.hold
          return answer
        }
      },
    }),
  }
  process.lookup = createTenantLookup({ db: counted, bus, cache, log })
  await until('it listens and has forgotten everything', async () => {
    const before = process.asked
    await process.lookup.find('phone', 'warm')
    await process.lookup.find('phone', 'warm')
    return bus.listening() && process.asked - before < 2
  })
  process.asked = 0
  return process
}

const memory = () => createMemoryCache({ max: 1000, ttlMs: 60_000 })
const numbered = async (phone: string): Promise<string> => {
  const id = await makeTenant(db)
  await db.owner.query('UPDATE tenants SET phone_number_id = $2 WHERE id = $1', [id, phone])
  return id
}
const caches: [name: string, present: boolean, make: (prefix: string) => Cache][] = [
  ['memory', true, memory],
  [
    'Redis',
    redisPresent,
    (prefix) => {
      const redis = connectRedis({ url: redisUrl, prefix, log, answerMs: 2000 })
      stops.push(() => redis.stop())
      return createRedisCache(redis, { name: 'lookup', ttlMs: 60_000 })
    },
  ],
]

describe.each(caches)('look-ups kept in %s', (name, present, make) => {
  const on = test.skipIf(!requirePart(name, present))
  const prefix = redisPrefix()

  on('are asked of the database once, also where nobody is found', async () => {
    const phone = digits(15)
    const id = await numbered(phone)
    const process = await startProcess(make(prefix))
    const all = []
    for (let i = 0; i < 20; i++)
      all.push(await process.lookup.find('phone', phone), await process.lookup.find('subdomain', phone))
    expect(new Set(all.map((found) => found?.id))).toEqual(new Set([id, undefined]))
    expect(process.asked).toBe(2)
  })

  on('follow every change at once: taken, changed, given to another, suspended, deleted, also in another process', async () => {
    const [old, next] = [digits(15), digits(15)]
    const here = await startProcess(make(prefix))
    const there = await startProcess(make(prefix))
    const seen = async (by: 'phone' | 'integration', value: string) => {
      await Promise.all([here.lookup.caughtUp(), there.lookup.caughtUp()])
      const found = [await here.lookup.find(by, value), await there.lookup.find(by, value)]
      expect(found[0]).toEqual(found[1])
      return found[0] ? [found[0].id, found[0].status] : null
    }
    expect(await seen('phone', old)).toBeNull()
    const id = await numbered(old)
    expect(await seen('phone', old)).toEqual([id, 'active'])
    await db.owner.query('UPDATE tenants SET phone_number_id = $2 WHERE id = $1', [id, next])
    expect([await seen('phone', old), await seen('phone', next)]).toEqual([null, [id, 'active']])
    const other = await numbered(old)
    expect(await seen('phone', old)).toEqual([other, 'active'])
    await db.owner.query(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [id])
    expect(await seen('phone', next)).toEqual([id, 'suspended'])
    // A further number finds it as well, and hears of its changes.
    const further = digits(15)
    await db.owner.query(
      `INSERT INTO channel_accounts (tenant_id, channel, provider, external_id, name) VALUES ($1, 'whatsapp', 'whatsapp-cloud', $2, 'Second')`,
      [id, further],
    )
    expect(await seen('phone', further)).toEqual([id, 'suspended'])
    await db.owner.query(`UPDATE tenants SET status = 'active' WHERE id = $1`, [id])
    expect(await seen('phone', further)).toEqual([id, 'active'])
    await db.owner.query('UPDATE channel_accounts SET external_id = $2 WHERE tenant_id = $1', [id, `released:${further}`])
    expect(await seen('phone', further)).toBeNull()
    await db.owner.query('DELETE FROM tenants WHERE id = $1', [other])
    expect(await seen('phone', old)).toBeNull()
  })

  on('do not keep what a slow reader loaded before a change', async () => {
    const [old, next] = [digits(15), digits(15)]
    const id = await numbered(old)
    const slow = await startProcess(make(prefix))
    const writer = await startProcess(make(prefix))
    let letGo = () => {}
    slow.hold = new Promise((resolve) => {
      letGo = resolve
    })
    const reading = slow.lookup.find('phone', old)
    await until('the old row was read', async () => slow.asked > 0)
    await db.owner.query('UPDATE tenants SET phone_number_id = $2 WHERE id = $1', [id, next])
    await writer.lookup.caughtUp()
    await slow.bus.caughtUp()
    letGo()
    slow.hold = undefined
    await reading
    await slow.lookup.caughtUp()
    expect(await slow.lookup.find('phone', old)).toBeNull()
    expect(await writer.lookup.find('phone', old)).toBeNull()
  })
})

test.each(['cut', 'blackhole'] as const)(
  'a process that cannot hear of changes (%s) asks the database, and keeps again once it can',
  async (how) => {
    const proxy = await startDatabaseProxy(db.url)
    const [old, next] = [digits(15), digits(15)]
    const id = await numbered(old)
    const process = await startProcess(memory(), proxy.url)
    await process.lookup.find('phone', old)
    proxy.mode(how)
    await until('the ear is lost', async () => !process.bus.listening(), { timeoutMs: 20_000 })
    await db.owner.query('UPDATE tenants SET phone_number_id = $2 WHERE id = $1', [id, next])
    process.asked = 0
    expect(await process.lookup.find('phone', old)).toBeNull()
    expect((await process.lookup.find('phone', next))?.id).toBe(id)
    expect(process.asked).toBe(2)
    proxy.mode('pass')
    await until('it hears again', async () => process.bus.listening(), { timeoutMs: 15_000 })
    await process.lookup.caughtUp()
    expect(await process.lookup.find('phone', old)).toBeNull()
    process.asked = 0
    await process.lookup.find('phone', old)
    expect(process.asked).toBe(0)
    await proxy.close()
  },
)

describe.skipIf(!requirePart('Redis', redisPresent))('Redis', () => {
  /** Redis that can be taken away. */
  function awayable(redis: Redis): Redis & { away: boolean } {
    const wrapped = {
      ...redis,
      away: false,
      evaluate: (script: string, keys: string[], values: string[]) =>
        wrapped.away ? Promise.reject(new Error('away')) : redis.evaluate(script, keys, values),
    }
    return wrapped
  }

  test('that is away makes look-ups slower, never wrong, and what changed meanwhile is not found in it afterwards', async () => {
    const real = connectRedis({ url: redisUrl, prefix: redisPrefix(), log, answerMs: 2000 })
    stops.push(() => real.stop())
    const redis = awayable(real)
    const [old, next] = [digits(15), digits(15)]
    const id = await numbered(old)
    const process = await startProcess(createRedisCache(redis, { name: 'lookup', ttlMs: 60_000 }))
    expect((await process.lookup.find('phone', old))?.id).toBe(id)
    redis.away = true
    await db.owner.query('UPDATE tenants SET phone_number_id = $2 WHERE id = $1', [id, next])
    await process.lookup.caughtUp()
    expect(await process.lookup.find('phone', old)).toBeNull()
    redis.away = false
    // Still holds the old answer until everything was dropped: it is not believed before.
    for (let i = 0; i < 30; i++) {
      expect(await process.lookup.find('phone', old)).toBeNull()
      await new Promise((resolve) => setTimeout(resolve, 60))
    }
    process.asked = 0
    await process.lookup.find('phone', old)
    await process.lookup.find('phone', old)
    expect(process.asked).toBeLessThanOrEqual(1)
  })

  test('loses a lease with everything else when it forgets: nothing old comes back', async () => {
    const prefix = redisPrefix()
    const redis = connectRedis({ url: redisUrl, prefix, log, answerMs: 2000 })
    stops.push(() => redis.stop())
    const cache = createRedisCache(redis, { name: 'lookup', ttlMs: 60_000 })
    await until('it is there', () =>
      redis.ping().then(
        () => true,
        () => false,
      ),
    )
    const first = await cache.get('k')
    if (first.hit) throw new Error('nothing was kept yet')
    await cache.put('k', first.lease, 'old')
    expect(await cache.get('k')).toEqual({ hit: true, value: 'old' })
    await redis.evaluate(`redis.call('DEL', KEYS[1]) return 0`, [`${prefix}lookup`], [])
    expect((await cache.get('k')).hit).toBe(false)
    await cache.put('k', first.lease, 'older')
    expect((await cache.get('k')).hit).toBe(false)
  })
})
