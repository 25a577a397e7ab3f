/**
 * The bridge: from a customer's webhook to the call of the contact centre, at a steady rate; and how many a second one process
 * carries. In one process, and, where RABBITMQ_URL is set, with one process that serves and one that works and RabbitMQ between.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { newId } from '../../src/kernel/ids.ts'
import { startEmbedded } from '../../src/platform/db/embedded.ts'
import { migrate } from '../../src/platform/db/migrate.ts'
import { createPool } from '../../src/platform/db/pool.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { createLogger } from '../../src/platform/log.ts'
import { createSecrets } from '../../src/platform/secrets.ts'
import { storeCredentials } from '../../src/tenancy/credentials.ts'
import { appSecret } from '../intake/payload.ts'
import { cpuOfTree, median, quantile, residentMb, rounded } from '../measure.ts'
import { firstLine, type Options } from '../rounds.ts'
import { consoleAddress, serverSettings } from '../server.ts'

const steadyRate = 200
const fullRate = 1000
const centreMs = 20
const customers = 500
const here = (file: string): string => new URL(file, import.meta.url).pathname
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

interface Offered {
  offered: number
  skipped: number
  refused: number
  elapsed: number
  acked: [id: string, customer: string, at: number][]
  latencies: number[]
}
interface Round {
  p50: number
  p99: number
  ackP99: number
  perSecond: number
  acked: number
  lost: number
  doubled: number
  outOfOrder: number
  serverUs: number
  postgresUs: number
  /** Until the last acknowledged line was there, after the last was sent. */
  behindMs: number
  rss: number
}
type Way = 'in_process' | 'through_rabbitmq'

export async function bridge(options: Options): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'))
  const database = await startEmbedded({ dataDir: folder, log: createLogger({ level: 'ERROR' }) })
  const postmaster = Number.parseInt(await readFile(join(folder, 'postgres/postmaster.pid'), 'utf8'), 10)
  const owner = new pg.Client({ connectionString: database.ownerUrl, options: '-c search_path=parley' })
  const centre = spawn(process.execPath, [here('centre.ts'), String(centreMs)], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const centreUrl = await firstLine(centre)
    await migrate(database.ownerUrl)
    await owner.connect()
    const settings: Record<string, string> = {
      ...serverSettings(database.ownerUrl, join(folder, 'server')),
      PARLEY_OUTBOUND_ALLOW: '127.0.0.0/8',
      WHATSAPP_APP_SECRET: appSecret,
      // Organisations of this size have a higher limit than the 300 calls a minute everybody begins with.
      GENESYS_CALLS_PER_MINUTE: '1000000',
    }
    const number = await arrange(owner, database.ownerUrl, settings.PARLEY_SECRET_KEY as string, centreUrl)
    const place = { postmaster, centre, settings, number }
    const ways: Way[] = process.env.RABBITMQ_URL ? ['in_process', 'through_rabbitmq'] : ['in_process']
    const report: Record<string, unknown> = { bench: 'bridge' }
    for (const way of ways) {
      const [steady, full]: [Round[], Round[]] = [[], []]
      const running = await start(place, way)
      await oneRound(place, running, { rate: steadyRate, seconds: 4, run: `${way}w${process.pid}` })
      for (let n = 1; n <= options.rounds; n++) {
        const run = `${way}x${n}x${process.pid}`
        steady.push(await oneRound(place, running, { rate: steadyRate, seconds: options.seconds, run: `${run}s` }))
        full.push(await oneRound(place, running, { rate: fullRate, seconds: options.seconds, run: `${run}f` }))
        say(way, n, steady.at(-1) as Round, full.at(-1) as Round)
      }
      await running.stop()
      report[way] = { at_200: summary(steady), at_1000: summary(full) }
      if (way === 'in_process') Object.assign(report, headline(steady, full))
    }
    Object.assign(report, {
      centre_ms: centreMs,
      rounds: options.rounds,
      machine: `${cpus().length} × ${cpus()[0]?.model}`,
    })
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${JSON.stringify(report, null, 2)}\n`)
  } finally {
    centre.kill('SIGTERM')
    await owner.end()
    await database.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

const middle = (rounds: readonly Round[], pick: (round: Round) => number, digits = 0) =>
  rounded(median(rounds.map(pick)), digits)
const all = (rounds: readonly Round[], pick: (round: Round) => number) => rounds.reduce((sum, round) => sum + pick(round), 0)

const summary = (rounds: readonly Round[]) => ({
  per_second: middle(rounds, (r) => r.perSecond),
  p50_ms: middle(rounds, (r) => r.p50, 1),
  p99_ms: middle(rounds, (r) => r.p99, 1),
  acknowledged_p99_ms: middle(rounds, (r) => r.ackP99, 1),
  behind_ms: middle(rounds, (r) => r.behindMs),
  server_us: middle(rounds, (r) => r.serverUs),
  postgres_us: middle(rounds, (r) => r.postgresUs),
  acked: all(rounds, (r) => r.acked),
  lost: all(rounds, (r) => r.lost),
  doubled: all(rounds, (r) => r.doubled),
  out_of_order: all(rounds, (r) => r.outOfOrder),
})

/** What every benchmark says. The floor is the rate that source systems were promised for one process. */
const headline = (steady: readonly Round[], full: readonly Round[]) => ({
  per_second: middle(full, (r) => r.perSecond),
  ratio: middle(full, (r) => r.perSecond / fullRate, 2),
  speedup: null,
  p50_ms: middle(steady, (r) => r.p50, 1),
  p99_ms: middle(steady, (r) => r.p99, 1),
  cpu_us_per_message: middle(full, (r) => r.serverUs + r.postgresUs),
  rss_mb: Math.max(...full.map((r) => r.rss)),
})

const say = (way: Way, n: number, steady: Round, full: Round): void =>
  void process.stderr.write(
    `${way} ${n}: at ${steadyRate}/s p50 ${rounded(steady.p50)} ms, p99 ${rounded(steady.p99)} ms; at ${fullRate}/s offered ${Math.round(full.perSecond)}/s carried, ${Math.round(full.serverUs + full.postgresUs)} µs each\n`,
  )

async function arrange(owner: pg.Client, url: string, key: string, centreUrl: string): Promise<string> {
  const pool = createPool({ connectionString: url, size: 1, log: createLogger({ level: 'ERROR' }) })
  const [tenantId, accountId, number] = [newId(), newId(), '106540352242999']
  await owner.query(`INSERT INTO tenants (id, tenant_id, name) VALUES ($1, 'bench-bridge', 'Bench')`, [tenantId])
  await owner.query(
    `INSERT INTO channel_accounts (tenant_id, id, channel, provider, external_id, portfolio_id, name, state, answerer)
     VALUES ($1, $2, 'whatsapp', 'whatsapp-cloud', $3, 'portfolio', 'Bench', 'connected', 'genesys')`,
    [tenantId, accountId, number],
  )
  await owner.query(`INSERT INTO contact_centres (tenant_id, name, slug) VALUES ($1, 'genesys', 'bench-bridge')`, [tenantId])
  const values = {
    ...{ clientId: 'client', clientSecret: 'secret', integrationId: 'integration', webhookSecret: 'signs what it delivers' },
    ...{ apiUrl: `${centreUrl}/api`, loginUrl: `${centreUrl}/login` },
  }
  await inTenant({ pool }, tenantId, (tx) =>
    storeCredentials(tx, createSecrets([key]), { type: 'genesys', subject: '', values }),
  )
  await pool.end()
  return number
}

interface Place {
  postmaster: number
  centre: ChildProcess
  settings: Record<string, string>
  number: string
}
interface Running {
  url: string
  pids: number[]
  stop(): Promise<void>
}

async function start({ settings }: Place, way: Way): Promise<Running> {
  const main = here('../../src/main.ts')
  const roles = way === 'in_process' ? ['all'] : ['web', 'worker']
  const broker = way === 'in_process' ? {} : { RABBITMQ_URL: process.env.RABBITMQ_URL ?? '' }
  const children = roles.map((role) =>
    spawn(process.execPath, [main, 'start', '--role', role], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...settings, ...broker },
    }),
  )
  const url = await consoleAddress(children[0] as ChildProcess)
  if (children[1]) await wait(3000)
  return {
    url,
    pids: children.map((child) => child.pid as number),
    async stop() {
      for (const child of children) {
        child.kill('SIGTERM')
        await new Promise((resolve) => child.once('exit', resolve))
      }
    },
  }
}

async function takenBy(centre: ChildProcess): Promise<Offered['acked']> {
  let output = ''
  const whole = new Promise<string>((resolve) => {
    const hear = (chunk: Buffer) => {
      output += chunk.toString()
      if (!output.endsWith('\n')) return
      centre.stdout?.off('data', hear)
      resolve(output)
    }
    centre.stdout?.on('data', hear)
  })
  centre.kill('SIGUSR2')
  return JSON.parse(await whole) as Offered['acked']
}

/** How long what was acknowledged may take to arrive before it counts as lost. */
const patienceMs = 60_000

async function oneRound(place: Place, running: Running, given: { rate: number; seconds: number; run: string }): Promise<Round> {
  const cpu = () => running.pids.reduce((sum, pid) => sum + cpuOfTree(pid), 0)
  const before = { server: cpu(), postgres: cpuOfTree(place.postmaster) }
  const { acked, refused, latencies, elapsed } = await inProcess<Offered>([
    `${running.url}/webhooks/whatsapp`,
    place.number,
    String(customers),
    String(given.rate),
    String(given.seconds),
    given.run,
  ])
  if (refused > 0) process.stderr.write(`${refused} were refused\n`)
  const ended = performance.now()
  const came = new Map<string, number[]>()
  const order = new Map<string, string[]>()
  let last = ended
  while (performance.now() - ended < patienceMs) {
    for (const [id, customer, at] of await takenBy(place.centre)) {
      if (!id.startsWith(`wamid.${given.run}.`)) continue
      came.set(id, [...(came.get(id) ?? []), at])
      order.set(customer, [...(order.get(customer) ?? []), id])
      last = performance.now()
    }
    if (came.size >= acked.length) break
    await wait(100)
  }
  const used = { server: cpu() - before.server, postgres: cpuOfTree(place.postmaster) - before.postgres }
  const took = acked
    .flatMap(([id, , at]) => (came.get(id)?.[0] ?? Number.NaN) - at)
    .filter((ms) => !Number.isNaN(ms))
    .sort((a, b) => a - b)
  const rank = new Map(acked.map(([id], n) => [id, n]))
  let outOfOrder = 0
  for (const ids of order.values())
    for (let n = 1; n < ids.length; n++)
      if ((rank.get(ids[n] as string) ?? 0) < (rank.get(ids[n - 1] as string) ?? 0)) outOfOrder += 1
  const lost = acked.filter(([id]) => !came.has(id)).length
  const firsts = [...came.values()].map(([at]) => at as number).sort((a, b) => a - b)
  const span = ((firsts.at(-1) ?? 0) - (firsts[0] ?? 0)) / 1000
  return {
    p50: quantile(took, 0.5),
    p99: quantile(took, 0.99),
    ackP99: quantile(
      [...latencies].sort((a, b) => a - b),
      0.99,
    ),
    perSecond: came.size / Math.max(span, elapsed),
    acked: acked.length,
    lost,
    doubled: [...came.values()].filter((at) => at.length > 1).length,
    outOfOrder,
    serverUs: used.server / acked.length,
    postgresUs: used.postgres / acked.length,
    behindMs: Math.max(0, last - ended),
    rss: residentMb(running.pids[0] as number),
  }
}

async function inProcess<T>(argv: string[]): Promise<T> {
  const child = spawn(process.execPath, [here('load.ts'), ...argv], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  await new Promise((resolve) => child.once('close', resolve))
  return JSON.parse(output) as T
}
