/**
 * Load on a server in a process of its own that is killed again and again: customers' messages as Meta delivers them,
 * replies as a careful client sends them. Everything random comes from the seed; what the machine's timing adds does not.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startWhatsAppSimulator } from '../../simulators/whatsapp-cloud/server.ts'
import { createPool } from '../../src/platform/db/pool.ts'
import { createLogger } from '../../src/platform/log.ts'
import { createSecrets } from '../../src/platform/secrets.ts'
import { createBusiness } from './business.ts'
import { type LoadPlan, phonesOf, progress, replyAll, type Scene, sendAll } from './crash-load.ts'
import { checkHistory, createHistory, type Report } from './history.ts'
import { freePort, type ServerProcess, startProcess } from './process.ts'
import { seeded } from './seeded.ts'
import { until } from './until.ts'

export interface CrashPlan extends LoadPlan {
  /** A migrated database that survives the server; its owner. */
  databaseUrl: string
  /** How often the server is killed -9 while the load runs. */
  kills: number
  /** How often the process of one database connection is killed -9, which restarts the whole database. */
  backendKills?: number
  /** Before the load: lets a test break the server's database. */
  prepare?: (owner: pg.Pool) => Promise<void>
  /** Where the sender delivers instead; gets the real address. */
  front?: (webhookUrl: string) => Promise<{ url: string; close(): Promise<void> }>
  say?: (line: string) => void
}

export interface CrashResult extends Report {
  seed: number
  kills: number
  backend_kills: number
  seconds: number
}

const key = 'a key that only tests have, 32 long'

export async function runCrash(plan: CrashPlan): Promise<CrashResult> {
  const began = performance.now()
  const log = createLogger({ level: 'CRITICAL' })
  const folder = await mkdtemp(join(tmpdir(), 'parley-crash-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const pool = createPool({ connectionString: plan.databaseUrl, size: 2, log })
  const owner = new pg.Pool({ connectionString: plan.databaseUrl, max: 2, options: '-c search_path=parley' })
  owner.on('error', () => {})
  const running = await startWhatsAppSimulator({
    seed: plan.seed,
    latency: { webhook: [1, 5], sent: [2, 10], delivered: [5, 20] },
    retryDelaysMs: [50, 100, 200],
    unknownRecipients: 'create',
    keepDeliveries: 2000,
  })
  const environment = {
    NODE_ENV: 'test',
    PORT: String(port),
    PARLEY_DATA_DIR: folder,
    PARLEY_SECRET_KEY: key,
    PARLEY_DEMO: 'false',
    DATABASE_URL: plan.databaseUrl,
    LOG_LEVEL: 'ERROR',
  }
  let server: ServerProcess = startProcess(environment)
  let front: { url: string; close(): Promise<void> } | undefined
  try {
    await server.ready
    await plan.prepare?.(owner)
    const app = { db: { pool }, secrets: createSecrets([key]), localUrl: () => url }
    const business = await createBusiness(app, running.simulator, { name: 'Crash', graphUrl: running.graphUrl })
    front = await plan.front?.(business.webhookUrl)
    const history = createHistory()
    const scene: Scene = {
      ...{ plan, history, business, url },
      random: seeded(plan.seed),
      webhookUrl: front?.url ?? business.webhookUrl,
      acked: () => [...history.messages.values()].filter((message) => message.ackedAt !== undefined).length,
      done: false,
    }
    for (const phone of phonesOf(plan)) {
      running.simulator.addCustomer({ phone })
      // The simulator has not seen the messages of this load: its windows are open all the same.
      running.simulator.thread(business.phoneNumberId, phone).lastCustomerMessageAt = Date.now()
    }
    const load = Promise.all([sendAll(scene), replyAll(scene)]).finally(() => {
      scene.done = true
    })
    load.catch(() => {}) // awaited below, after the kills
    for (const kill of killPlan(plan)) {
      await until('the load has come so far', () => scene.done || progress(scene) >= kill.at, { timeoutMs: 3_600_000 })
      if (kill.what === 'backend') await killBackend(owner, plan)
      else {
        await server.end('SIGKILL')
        server = await startAgain(environment, plan)
      }
      plan.say?.(`killed ${kill.what} at ${Math.round(kill.at * 100)} %`)
    }
    await load
    // The last kill: what it leaves under lease is a minute old when the next process looks.
    await server.end('SIGKILL')
    await database(() => owner.query(`UPDATE conversation_lanes SET lease_until = lease_until - interval '1 minute'`))
    server = await startAgain(environment, plan)
    await drained(owner, running.simulator)
    const report = await checkHistory(history, { owner, tenantId: business.tenantId, accepted: running.simulator.accepted })
    const seconds = Math.round((performance.now() - began) / 100) / 10
    return { seed: plan.seed, kills: plan.kills + 1, backend_kills: plan.backendKills ?? 0, seconds, ...report }
  } finally {
    await server.end('SIGTERM')
    await front?.close()
    await running.close()
    await pool.end()
    await owner.end()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Where the database is restarted as well, a server may meet it in recovery and end; whoever runs it starts it again. */
async function startAgain(environment: Record<string, string>, plan: CrashPlan): Promise<ServerProcess> {
  for (let tries = plan.backendKills ? 10 : 1; ; tries--) {
    const server = startProcess(environment)
    try {
      await server.ready
      return server
    } catch (error) {
      if (tries <= 1) throw error
    }
  }
}

function killPlan(plan: CrashPlan): { at: number; what: 'server' | 'backend' }[] {
  const random = seeded(plan.seed ^ 0x5eed)
  const slots = plan.kills + (plan.backendKills ?? 0)
  const kinds = Array.from({ length: slots }, (_, i) => (i < plan.kills ? ('server' as const) : ('backend' as const)))
  for (let i = kinds.length - 1; i > 0; i--) {
    const j = random.between(0, i)
    ;[kinds[i], kinds[j]] = [kinds[j] as 'server', kinds[i] as 'server']
  }
  return kinds.map((what, i) => ({ what, at: (i + random.next()) / slots }))
}

async function killBackend(owner: pg.Pool, plan: CrashPlan): Promise<void> {
  const { rows } = await database(() =>
    owner.query<{ pid: number }>(`SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'parley%' ORDER BY pid`),
  )
  const random = seeded(plan.seed ^ rows.length)
  if (rows.length > 0) process.kill(random.pick(rows).pid, 'SIGKILL')
}

/** The database may be starting: tried until it answers. */
const database = <T>(work: () => Promise<T>): Promise<T> =>
  until('the database answers', () => work().catch(() => null), { timeoutMs: 60_000 }) as Promise<T>

/** Nothing queued, nothing under way, every receipt acknowledged. */
async function drained(
  owner: pg.Pool,
  simulator: Awaited<ReturnType<typeof startWhatsAppSimulator>>['simulator'],
): Promise<void> {
  const look = () =>
    database(() =>
      owner.query<{ n: number }>(
        `SELECT (SELECT count(*) FROM message_tracking WHERE status = 'queued' OR (status = 'sending' AND send_outcome IS NULL))::int
              + (SELECT count(*) FROM conversation_lanes WHERE ready_at IS NOT NULL)::int AS n`,
      ),
    )
  await until(
    'everything is sent',
    async () => {
      await simulator.settle(1000)
      return (await look()).rows[0]?.n === 0
    },
    { timeoutMs: 90_000, seen: async () => (await look()).rows },
  )
  await simulator.settle(1000)
}
