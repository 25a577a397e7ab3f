/**
 * Two processes that serve, two that work, RabbitMQ, Redis and PostgreSQL of their own, under load, while at random one of them is
 * killed and started again, or the database stands still.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { intakeQueues } from '../../src/conversations/intake-queue.ts'
import { connectBroker } from '../../src/platform/broker.ts'
import { createLogger } from '../../src/platform/log.ts'
import type { Cluster } from '../world/cluster.ts'
import { type ClusterResult, runCluster } from '../world/cluster-run.ts'
import { startOwnBroker } from '../world/own-broker.ts'
import { freePort } from '../world/process.ts'
import { startRedis } from '../world/redis.ts'
import { type Seeded, seeded } from '../world/seeded.ts'
import { until } from '../world/until.ts'

export interface ChaosPlan {
  seed: number
  minutes: number
  perSecond: number
  databaseUrl: string
  /** Where the embedded PostgreSQL has its data. */
  databaseFolder: string
  folder: string
  say: (line: string) => void
}

export interface ChaosResult extends ClusterResult {
  disturbances: Record<string, number>
  max_recovery_ms: number
}

/** Between the end of one disturbance and the next. Milliseconds. */
const quietMs = [2000, 8000] as const
const stillMs = [1000, 6000] as const

export async function runChaos(plan: ChaosPlan): Promise<ChaosResult> {
  const random = seeded(plan.seed ^ 0xc4a05)
  const broker = await startOwnBroker(join(plan.folder, 'rabbitmq'))
  const redisPort = await freePort()
  let redis = await startRedis(redisPort)
  const counts: Record<string, number> = {}
  let slowest = 0
  const began = performance.now()
  const over = () => performance.now() - began > plan.minutes * 60_000

  const kinds: [name: string, act: (cluster: Cluster) => Promise<void>][] = [
    ['web killed', (cluster) => replace(cluster, 'web', random)],
    ['worker killed', (cluster) => replace(cluster, 'worker', random)],
    [
      'broker killed',
      async () => {
        await broker.kill()
        await broker.start()
      },
    ],
    [
      'redis killed',
      async () => {
        await redis.stop()
        redis = await startRedis(redisPort)
      },
    ],
    ['database stopped', () => holdStill(plan.databaseFolder, random.between(...stillMs))],
  ]

  async function disturb(cluster: Cluster, past: () => number): Promise<void> {
    while (past() < 1 && !over()) {
      await pause(random.between(...quietMs))
      const [name, act] = random.pick(kinds)
      await act(cluster)
      const [since, before] = [performance.now(), past()]
      await until('something is acknowledged again', () => past() > before || past() >= 1, { timeoutMs: 120_000 })
      const took = Math.round(performance.now() - since)
      slowest = Math.max(slowest, took)
      counts[name] = (counts[name] ?? 0) + 1
      plan.say(`${name}: goes on after ${took} ms, at ${Math.round(past() * 100)} %`)
    }
  }

  try {
    const report = await runCluster({
      seed: plan.seed,
      databaseUrl: plan.databaseUrl,
      // Half of it to people, half to agents in a contact centre, who answer every line.
      messages: Math.ceil((plan.minutes * 60 * plan.perSecond) / 2),
      downstream: {
        messages: Math.ceil((plan.minutes * 60 * plan.perSecond) / 2),
        // Enough of them that nobody is answered faster than the channel's pace towards one person allows.
        customers: 400,
        perSecond: plan.perSecond / 2,
      },
      customers: 200,
      replies: Math.ceil(plan.minutes * 60),
      perSecond: plan.perSecond / 2,
      roles: ['web', 'web', 'worker', 'worker'],
      settings: {
        ...{ RABBITMQ_URL: broker.url, REDIS_URL: redis.url, REDIS_PREFIX: 'chaos:' },
        GENESYS_CALLS_PER_MINUTE: '1000000',
      },
      disturb,
      settled: () => emptied(broker.url),
      killed: true,
      queued: true,
      drainMs: 600_000,
    })
    return { ...report, disturbances: counts, max_recovery_ms: slowest }
  } finally {
    await broker.kill()
    await redis.stop()
  }
}

/** Killed, and another started in its place. */
async function replace(cluster: Cluster, role: 'web' | 'worker', random: Seeded): Promise<void> {
  const member = random.pick(cluster.members().filter((one) => one.role === role))
  await cluster.end(member, 'SIGKILL')
  await cluster.start(role)
}

/** Every process of the database stands still for a while, and goes on. */
async function holdStill(databaseFolder: string, ms: number): Promise<void> {
  const postmaster = Number(readFileSync(join(databaseFolder, 'postmaster.pid'), 'utf8').split('\n')[0])
  const all = [postmaster, ...childrenOf(postmaster)]
  const signal = (name: NodeJS.Signals) => {
    for (const pid of all)
      try {
        process.kill(pid, name)
      } catch {} // ended meanwhile
  }
  signal('SIGSTOP')
  await pause(ms)
  signal('SIGCONT')
}

const childrenOf = (parent: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === String(parent)
      } catch {
        return false
      }
    })
    .map(Number)

/** Nothing that was acknowledged waits in a queue any more. */
async function emptied(url: string): Promise<void> {
  const log = createLogger({ level: 'CRITICAL' })
  const broker = connectBroker({ url, prefix: 'parley.', topology: { queues: intakeQueues, exchanges: [] }, log })
  const waiting = async () => [...(await broker.depths()).values()].reduce((sum, n) => sum + n, 0)
  await until(
    'the queues are empty',
    () =>
      waiting()
        .then((n) => n === 0)
        .catch(() => false),
    { timeoutMs: 180_000 },
  )
  await broker.stop()
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
