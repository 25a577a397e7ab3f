/**
 * The whole server in process, over HTTP, on a database of its own, with Meta's side of WhatsApp as a second HTTP server:
 * what journeys start from. `settle` drains everything that was set off.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../simulators/whatsapp-cloud/index.ts'
import { type RunningSimulator, type StartOptions, startWhatsAppSimulator } from '../../simulators/whatsapp-cloud/server.ts'
import { type App, build } from '../../src/app/build.ts'
import { type Config, readConfig } from '../../src/platform/config.ts'
import { createLogger } from '../../src/platform/log.ts'
import { type Answer, type Caller, callApi, type Exchange } from './api.ts'
import { type Business, createBusiness } from './business.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { type DatabaseProxy, startDatabaseProxy } from './proxy.ts'
import { until } from './until.ts'

/** Real time, moved on at will: links and windows end without anybody waiting for them. */
export interface ShiftedClock extends Clock {
  shift(ms: number): void
}

export function shiftedClock(): ShiftedClock {
  let ahead = 0
  return {
    now: () => Date.now() + ahead,
    shift(ms) {
      ahead += ms
    },
    schedule(delayMs, fn) {
      const timer = setTimeout(() => void fn(), delayMs)
      return () => clearTimeout(timer)
    },
  }
}

export interface WorldOptions {
  simulator?: Partial<StartOptions>
  /** Puts a proxy between server and database (`world.proxy`). */
  proxy?: boolean
  /** Gets every log line, from DEBUG on. */
  log?: (line: string) => void
  /** The time by which it is settled with providers what became of things. */
  now?: () => Date
  /** Further settings, by their names in the environment. */
  settings?: Record<string, string> | ((graphUrl: string) => Record<string, string>)
}

export interface World {
  app: App
  url: string
  database: TestDatabase
  proxy: DatabaseProxy | undefined
  simulator: RunningSimulator['simulator']
  graphUrl: string
  clock: ShiftedClock
  business: Business
  /** Every call made through `api`, for checking the shapes of answers. */
  exchanges: Exchange[]
  addBusiness(name: string): Promise<Business>
  /** One call. `as` is a role of the first business, a person, an API key or nobody (null). Default: the agent. */
  api<T = Record<string, unknown>>(method: string, path: string, body?: unknown, as?: Caller): Promise<Answer<T>>
  /** Makes a customer with a phone at the simulator. Returns what it can do. */
  customer(phone: string, name?: string): Customer
  /** Returns when nothing that was set off is still under way. `far` leaves out what waits longer than this (ms). */
  settle(options?: { far?: number; timeoutMs?: number }): Promise<void>
  close(): Promise<void>
}

export interface Customer {
  phone: string
  /** Sends to the first business and returns the provider's id. */
  says(text: string): string
  sends(message: Omit<Parameters<World['simulator']['customerSends']>[0], 'from' | 'to'>): string
}

/** Small, so that journeys are quick, but not zero, so that things really happen after one another. */
const latency: StartOptions['latency'] = {
  webhook: [1, 3],
  sent: [3, 6],
  delivered: [8, 12],
  read: [3, 6],
  templateReview: [5, 5],
}

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const database = await createTestDatabase()
  const proxy = options.proxy ? await startDatabaseProxy(database.url) : undefined
  const folder = await mkdtemp(join(tmpdir(), 'parley-world-'))
  const clock = shiftedClock()
  const running = await startWhatsAppSimulator({
    clock,
    latency,
    fetchLinks: false,
    templateReview: 'manual',
    retryDelaysMs: [20, 50, 100, 200],
    ...options.simulator,
  })
  const config: Config = readConfig({
    NODE_ENV: 'test',
    PORT: '0',
    PARLEY_DATA_DIR: folder,
    PARLEY_DEMO: 'false',
    PARLEY_SECRET_KEY: 'a key that only tests have, 32 long',
    ...(typeof options.settings === 'function' ? options.settings(running.graphUrl) : options.settings),
  })
  const log = createLogger(
    options.log ? { level: 'DEBUG', write: options.log } : { level: process.env.PARLEY_TEST_LOG ?? 'CRITICAL' },
  )
  const app = await build({ config, databaseUrl: proxy?.url ?? database.url, log, pollMs: 50, now: options.now })
  const url = await app.listen()
  const { simulator, graphUrl } = running
  const addBusiness = (name: string) => createBusiness(app, simulator, { name, graphUrl })
  const business = await addBusiness('Baker Street Plumbing')
  const exchanges: Exchange[] = []
  return {
    ...{ app, url, database, proxy, simulator, graphUrl, clock, business, exchanges, addBusiness },
    api: (method, path, body, as = 'agent') => callApi({ url, business, exchanges }, { method, path, body, as }),
    customer(phone, name = `Customer ${phone.slice(-4)}`) {
      simulator.addCustomer({ phone, name })
      const sends: Customer['sends'] = (message) =>
        simulator.customerSends({ ...message, from: phone, to: business.phoneNumberId })
      return { phone, sends, says: (text) => sends({ text }) }
    },
    settle: ({ far = 2000, timeoutMs = 20_000 } = {}) => settle({ app, running, database }, far, timeoutMs),
    async close() {
      await running.close()
      await app.stop()
      await proxy?.close()
      await database.drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

interface Parts {
  app: App
  running: RunningSimulator
  database: TestDatabase
}

/** Each part idle in turn sets off the next; it is over when a whole round found nothing new. */
async function settle(parts: Parts, far: number, timeoutMs: number): Promise<void> {
  const { app, running, database } = parts
  let before = ''
  await until(
    'nothing is under way any more',
    async () => {
      await running.simulator.settle(far)
      await app.ingress.idle()
      await app.dispatcher.idle()
      await app.search.idle()
      await app.numbers.worker.idle()
      await filesFetched(database, timeoutMs)
      const now = await progress(parts)
      const same = now === before
      before = now
      return same
    },
    { timeoutMs, seen: () => before },
  )
}

/** Files whose next try is due; one that waits for a retry does not hold anybody up. */
const filesFetched = (database: TestDatabase, timeoutMs: number) =>
  until(
    'files are fetched',
    async () => {
      const { rows } = await database.owner.query<{ due: boolean }>(
        `SELECT EXISTS (SELECT FROM pgboss.job WHERE name = 'media.fetch' AND (state = 'active' OR (state IN ('created', 'retry') AND start_after <= now()))) AS due`,
      )
      return rows[0]?.due === false
    },
    { timeoutMs },
  )

async function progress({ running, database }: Parts): Promise<string> {
  const { simulator } = running
  const { rows } = await database.owner.query<{ n: string }>(
    `SELECT concat_ws('/', (SELECT count(*) FROM events), (SELECT count(*) FROM webhook_events), (SELECT count(*) FROM send_attempts WHERE outcome = 'started')) AS n`,
  )
  const open = simulator.deliveries.filter((delivery) => !delivery.acknowledgedAt && delivery.gaveUpAt === undefined).length
  return `${rows[0]?.n}/${simulator.deliveries.length}/${open}/${simulator.accepted.length}`
}
