/** Load on several processes while something is done to them; judged by what senders saw and what the database holds. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startWhatsAppSimulator } from '../../simulators/whatsapp-cloud/server.ts'
import { createPool } from '../../src/platform/db/pool.ts'
import { createLogger } from '../../src/platform/log.ts'
import { createSecrets } from '../../src/platform/secrets.ts'
import { createBusiness } from './business.ts'
import { type Cluster, type Role, startCluster } from './cluster.ts'
import { type LoadPlan, phonesOf, progress, replyAll, type Scene, sendAll } from './crash-load.ts'
import { type DownstreamReport, startDownstream } from './downstream.ts'
import { checkHistory, createHistory, type Report } from './history.ts'
import { seeded } from './seeded.ts'
import { until } from './until.ts'

export interface ClusterPlan extends LoadPlan {
  databaseUrl: string
  roles: readonly Role[]
  /** Further settings of each process. */
  settings?: Record<string, string>
  /** What is done while the load runs; `past` is how much of it has been acknowledged, 0 to 1. */
  disturb: (cluster: Cluster, past: () => number) => Promise<void>
  /** Waits until everything that was acknowledged is in the database, where that is later. */
  settled?: () => Promise<void>
  /** Leases of processes that were killed are a minute old for those who look afterwards. */
  killed?: boolean
  drainMs?: number
  /** Beside it, so many lines to a business whose agents are in a contact centre, by so many customers. */
  downstream?: { messages: number; customers: number; perSecond: number }
}

export interface ClusterResult extends Report {
  seed: number
  seconds: number
  downstream?: Pick<DownstreamReport, 'heard' | 'answered' | 'delivered'>
}

const key = 'a key that only tests have, 32 long'

export async function runCluster(plan: ClusterPlan): Promise<ClusterResult> {
  const began = performance.now()
  const folder = await mkdtemp(join(tmpdir(), 'parley-cluster-'))
  const pool = createPool({ connectionString: plan.databaseUrl, size: 2, log: createLogger({ level: 'CRITICAL' }) })
  const owner = new pg.Pool({ connectionString: plan.databaseUrl, max: 2, options: '-c search_path=parley' })
  owner.on('error', () => {})
  const closers: (() => Promise<void>)[] = []
  const running = await startWhatsAppSimulator({
    seed: plan.seed,
    latency: { webhook: [1, 5], sent: [2, 10], delivered: [5, 20] },
    retryDelaysMs: [50, 100, 200, 400],
    unknownRecipients: 'create',
    keepDeliveries: 2000,
  })
  const cluster = await startCluster({
    NODE_ENV: 'test',
    PARLEY_DATA_DIR: folder,
    PARLEY_SECRET_KEY: key,
    PARLEY_DEMO: 'false',
    DATABASE_URL: plan.databaseUrl,
    LOG_LEVEL: 'ERROR',
    ...plan.settings,
  })
  try {
    for (const role of plan.roles) await cluster.start(role)
    const app = { db: { pool }, secrets: createSecrets([key]), localUrl: () => cluster.url }
    const business = await createBusiness(app, running.simulator, { name: 'Cluster', graphUrl: running.graphUrl })
    const history = createHistory()
    const scene: Scene = {
      ...{ plan, history, business, url: cluster.url },
      random: seeded(plan.seed),
      webhookUrl: business.webhookUrl,
      acked: () => [...history.messages.values()].filter((message) => message.ackedAt !== undefined).length,
      done: false,
    }
    for (const phone of phonesOf(plan)) {
      running.simulator.addCustomer({ phone })
      // The simulator has not seen the messages of this load: its windows are open all the same.
      running.simulator.thread(business.phoneNumberId, phone).lastCustomerMessageAt = Date.now()
    }
    const secrets = createSecrets([key])
    const downstream = plan.downstream
      ? await startDownstream({
          plan: { seed: plan.seed + 1, replies: 0, ...plan.downstream },
          ...{ db: { pool }, owner, secrets, url: cluster.url, whatsapp: running },
        })
      : undefined
    closers.push(() => downstream?.close() ?? Promise.resolve())
    const load = Promise.all([sendAll(scene), replyAll(scene), downstream?.send()]).finally(() => {
      scene.done = true
    })
    load.catch(() => {}) // awaited below
    await plan.disturb(cluster, () => (scene.done ? 1 : progress(scene)))
    await load
    if (plan.killed)
      await owner.query(
        `UPDATE conversation_lanes SET lease_until = lease_until - interval '1 minute' WHERE lease_until > now()`,
      )
    await plan.settled?.()
    const timeoutMs = plan.drainMs ?? 90_000
    const onDisk = async () => (await readdir(join(folder, 'spool'))).filter((name) => name.endsWith('.spool')).length
    const nothingOnDisk = () =>
      until('nothing waits on the disk', async () => (await onDisk()) === 0, { timeoutMs, seen: onDisk })
    // Twice: what agents answered last may be acknowledged, on the disk because a conversation was busy, and nowhere else.
    for (let n = 0; n < 2; n++) {
      await nothingOnDisk()
      await downstream?.settled(timeoutMs)
      await drained(owner, running.simulator, timeoutMs)
    }
    const { accepted } = running.simulator
    const report = await checkHistory(history, {
      ...{ owner, tenantId: business.tenantId },
      accepted: accepted.filter(({ phoneNumberId }) => phoneNumberId === business.phoneNumberId),
    })
    const beside = await downstream?.check(accepted)
    return {
      ...{ seed: plan.seed, seconds: Math.round((performance.now() - began) / 100) / 10 },
      ...(beside ? together(report, beside) : report),
    }
  } finally {
    for (const close of closers) await close()
    await cluster.close()
    await running.close()
    await pool.end()
    await owner.end()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Both businesses' figures added up: a fault of either is a fault. */
function together(report: Report, { stored, heard, answered, delivered, broken }: DownstreamReport) {
  const sum = (pick: (one: Report) => number) => pick(report) + pick(stored)
  return {
    ...report,
    ...{ attempted: sum((r) => r.attempted), acked: sum((r) => r.acked), lost: sum((r) => r.lost) },
    ...{ duplicated: sum((r) => r.duplicated), recovered: sum((r) => r.recovered), unexpected: sum((r) => r.unexpected) },
    out_of_order: sum((r) => r.out_of_order),
    broken: { ...report.broken, ...stored.broken, ...broken },
    downstream: { heard, answered, delivered },
  }
}

/** Nothing queued, nothing under way, every receipt acknowledged. */
async function drained(
  owner: pg.Pool,
  simulator: Awaited<ReturnType<typeof startWhatsAppSimulator>>['simulator'],
  timeoutMs: number,
): Promise<void> {
  const look = async () =>
    (
      await owner.query<{ n: number }>(
        `SELECT (SELECT count(*) FROM message_tracking WHERE status = 'queued' OR (status = 'sending' AND send_outcome IS NULL))::int
              + (SELECT count(*) FROM conversation_lanes WHERE ready_at IS NOT NULL)::int AS n`,
      )
    ).rows[0]?.n
  await until(
    'everything is sent',
    async () => {
      await simulator.settle(1000)
      return (await look()) === 0
    },
    { timeoutMs, seen: look },
  )
  await simulator.settle(1000)
}
