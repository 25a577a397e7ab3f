/** Look-ups: which business has this number, kept and not kept, beside the bare query, among 100,000 businesses, in one run. */
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type App, build, jobNames } from '../../src/app/build.ts'
import { type Bus, createBus } from '../../src/platform/bus.ts'
import { type Cache, createMemoryCache, createRedisCache } from '../../src/platform/cache.ts'
import { readConfig } from '../../src/platform/config.ts'
import { startEmbedded } from '../../src/platform/db/embedded.ts'
import { migrate } from '../../src/platform/db/migrate.ts'
import { createPool } from '../../src/platform/db/pool.ts'
import type { Database } from '../../src/platform/db/tx.ts'
import { prepareJobs } from '../../src/platform/jobs.ts'
import { createLogger } from '../../src/platform/log.ts'
import { connectRedis, type Redis } from '../../src/platform/redis.ts'
import { createPlatformKey } from '../../src/tenancy/operators.ts'
import { createTenantLookup, type TenantLookup } from '../../src/tenancy/tenant-lookup.ts'
import { median, quantile, rounded } from '../measure.ts'
import type { Options } from '../rounds.ts'

const businesses = 100_000
const samples = 2000
/** How many different numbers the kept ones are asked for. */
const warm = 200
const log = createLogger({ level: 'CRITICAL' })

type Ask = (n: number) => Promise<unknown>
interface Measured {
  p50: number
  p99: number
}

async function measure(ask: Ask, numbers: Iterable<number>): Promise<Measured> {
  const times: number[] = []
  for (const n of numbers) {
    const began = performance.now()
    await ask(n)
    times.push(performance.now() - began)
  }
  times.sort((a, b) => a - b)
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) }
}

export async function lookup(options: Options): Promise<void> {
  const say = (text: string): void => void process.stderr.write(`${text}\n`)
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'))
  const database = await startEmbedded({ dataDir: folder, log })
  const owner = new pg.Client({ connectionString: database.ownerUrl, options: '-c search_path=parley' })
  const pool = createPool({ connectionString: database.ownerUrl, size: 4, log })
  const stops: (() => Promise<unknown>)[] = []
  try {
    await migrate(database.ownerUrl)
    await prepareJobs(database.ownerUrl, jobNames)
    await owner.connect()
    await seed(owner)
    say(`${businesses} businesses are there`)
    const ways = await arrange({ owner, db: { pool }, url: database.ownerUrl, folder, stops })
    const rounds: Record<string, Measured>[] = []
    for (let round = 1; round <= options.rounds; round++) {
      const result: Record<string, Measured> = {}
      // Every way in every round, and what is not kept each time with numbers that nobody asked for before.
      for (const [i, { name, ask, kept }] of ways.entries()) {
        const first = (round * ways.length + i) * samples
        const cold = Array.from({ length: samples }, (_, n) => ((first + n) % (businesses - warm)) + warm + 1)
        const hot = Array.from({ length: samples }, (_, n) => (n % warm) + 1)
        if (kept) await measure(ask, hot.slice(0, warm))
        result[name] = await measure(ask, kept ? hot : cold)
      }
      rounds.push(result)
      say(`round ${round}: ${ways.map(({ name }) => `${name} p99 ${rounded(result[name]?.p99 ?? 0, 3)} ms`).join(', ')}`)
    }
    const report: Record<string, unknown> = { bench: 'lookup', businesses, samples, rounds: rounds.length }
    for (const { name } of ways)
      for (const q of ['p50', 'p99'] as const)
        report[`${name}_${q}_ms`] = rounded(median(rounds.map((round) => round[name]?.[q] ?? Number.NaN)), 3)
    report.redis = ways.some(({ name }) => name === 'cached_redis')
    report.machine = `${cpus().length} × ${cpus()[0]?.model}`
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${JSON.stringify(report, null, 2)}\n`)
  } finally {
    for (const stop of stops.reverse()) await stop()
    await pool.end()
    await owner.end()
    await database.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function seed(owner: pg.Client): Promise<void> {
  await owner.query('ALTER TABLE tenants DISABLE TRIGGER USER')
  await owner.query(
    `INSERT INTO tenants (tenant_id, name, email, phone_number_id, settings)
     SELECT 't-' || n, 'Business ' || n, 'office' || n || '@x.example', 'p' || n, '{"timezone": "UTC", "language": "en"}' FROM generate_series(1, ${businesses}) n`,
  )
  await owner.query('ALTER TABLE tenants ENABLE TRIGGER USER')
  await owner.query('VACUUM ANALYZE tenants')
}

interface Way {
  name: string
  ask: Ask
  /** Asked for the same few numbers again and again. */
  kept: boolean
}
interface Parts {
  owner: pg.Client
  db: Database
  url: string
  folder: string
  stops: (() => Promise<unknown>)[]
}

async function arrange(parts: Parts): Promise<Way[]> {
  const { owner, db, stops } = parts
  const bare: Ask = (n) =>
    owner.query({ name: 'bare', text: 'SELECT * FROM tenants WHERE phone_number_id = $1', values: [`p${n}`] })
  const inMemory = await start(parts, createMemoryCache({ max: 50_000, ttlMs: 3_600_000 }))
  const ways: Way[] = [
    { name: 'bare', ask: bare, kept: false },
    { name: 'uncached', ask: inMemory, kept: false },
    { name: 'cached_memory', ask: inMemory, kept: true },
  ]
  const redis = await reachable()
  if (redis) {
    stops.push(() => redis.stop())
    const inRedis = await start(parts, createRedisCache(redis, { name: 'lookup', ttlMs: 600_000 }))
    ways.push({ name: 'uncached_redis', ask: inRedis, kept: false }, { name: 'cached_redis', ask: inRedis, kept: true })
  }
  // A key may ask so often a minute: the next one goes on.
  let asked = 0
  let key = ''
  const keyOf = async (): Promise<string> => {
    if (asked++ % 250 === 0) key = (await createPlatformKey(db, { name: 'Bench', createdBy: 'bench' })).key
    return key
  }
  const overHttp = await serve(parts, keyOf)
  ways.push({ name: 'http_uncached', ask: overHttp, kept: false }, { name: 'http_cached', ask: overHttp, kept: true })
  return ways
}

/** A process's look-ups over this cache, once they are kept. */
async function start({ db, url, stops }: Parts, cache: Cache): Promise<Ask> {
  const bus: Bus = createBus({ connectionString: url, log })
  stops.push(() => bus.stop())
  const found: TenantLookup = createTenantLookup({ db, bus, cache, log })
  while (!bus.listening()) await new Promise((resolve) => setTimeout(resolve, 10))
  await found.caughtUp()
  return async (n) => {
    if ((await found.find('phone', `p${n}`))?.name !== `Business ${n}`) throw new Error(`the wrong business was found for ${n}`)
  }
}

async function reachable(): Promise<Redis | null> {
  const url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379'
  const redis = connectRedis({ url, prefix: `parley-bench-${process.pid}:`, log })
  for (let tries = 0; tries < 20; tries++) {
    if (
      await redis.ping().then(
        () => true,
        () => false,
      )
    )
      return redis
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await redis.stop()
  return null
}

/** The whole way: HTTP, the key, the look-up, the answer. Client and server share this process. */
async function serve({ url, folder, stops }: Parts, keyOf: () => Promise<string>): Promise<Ask> {
  const config = readConfig({ NODE_ENV: 'test', PORT: '0', PARLEY_DATA_DIR: folder, PARLEY_DEMO: 'false' })
  const app: App = await build({ config, databaseUrl: url, log })
  await app.listen()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  stops.push(async () => {
    agent.destroy()
    await app.stop()
  })
  const base = app.localUrl()
  return async (n) => {
    const key = await keyOf()
    await new Promise<void>((resolve, reject) => {
      request(`${base}/tenants/by-phone/p${n}`, { agent, headers: { authorization: `Bearer ${key}` } }, (response) => {
        response.resume()
        response.on('end', () => {
          if (response.statusCode === 200) resolve()
          else reject(new Error(`answered with ${response.statusCode}`))
        })
      })
        .on('error', reject)
        .end()
    })
  }
}
