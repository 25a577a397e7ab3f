/** Intake: webhooks acknowledged and found in the table per second, beside the floor and the ordinary way, in one run. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { newId } from '../../src/kernel/ids.ts'
import { startEmbedded } from '../../src/platform/db/embedded.ts'
import { migrate } from '../../src/platform/db/migrate.ts'
import { createLogger } from '../../src/platform/log.ts'
import { cpuOfTree, median, residentMb, rounded } from '../measure.ts'
import { consoleAddress, serverSettings } from '../server.ts'
import { appSecret, phoneNumberId } from './payload.ts'
import { makeRows, type Target, writeBatch, writeMessages } from './rows.ts'

export interface Options {
  json: boolean
  rounds: number
  seconds: number
  connections: number
}

interface Loaded {
  acked: number
  refused: number
  elapsed: number
  p50: number
  p99: number
  cpuUs: number
}

const here = (file: string): string => new URL(file, import.meta.url).pathname
const batchSize = 500

export async function intake(options: Options): Promise<void> {
  const say = (text: string): void => void process.stderr.write(`${text}\n`)
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'))
  const database = await startEmbedded({ dataDir: folder, log: createLogger({ level: 'ERROR' }) })
  const postmaster = Number.parseInt(await readFile(join(folder, 'postgres/postmaster.pid'), 'utf8'), 10)
  const owner = new pg.Client({ connectionString: database.ownerUrl, options: '-c search_path=parley' })
  try {
    await migrate(database.ownerUrl)
    await owner.connect()
    const target = await arrange(owner)
    const rounds: Round[] = []
    for (let n = 1; n <= options.rounds; n++) {
      const round = await oneRound(options, { url: database.ownerUrl, folder, postmaster, owner, target, n })
      rounds.push(round)
      say(
        `round ${n}: ${Math.round(round.perSecond)}/s, p50 ${rounded(round.p50)} ms, p99 ${rounded(round.p99)} ms, R ${rounded(round.ratio, 2)}, ${rounded(round.speedup, 1)}× the ordinary way, floor ${Math.round(round.floorPerSecond)}/s`,
      )
    }
    const mid = (pick: (round: Round) => number) => median(rounds.map(pick))
    const report = {
      bench: 'intake',
      per_second: Math.round(mid((r) => r.perSecond)),
      ratio: rounded(
        mid((r) => r.ratio),
        3,
      ),
      speedup: rounded(
        mid((r) => r.speedup),
        2,
      ),
      p50_ms: rounded(mid((r) => r.p50)),
      p99_ms: rounded(mid((r) => r.p99)),
      cpu_us_per_message: Math.round(mid((r) => r.serverUs + r.postgresUs)),
      server_us: Math.round(mid((r) => r.serverUs)),
      postgres_us: Math.round(mid((r) => r.postgresUs)),
      floor_per_second: Math.round(mid((r) => r.floorPerSecond)),
      floor_us: Math.round(mid((r) => r.floorUs)),
      h_us: Math.round(mid((r) => r.h)),
      g_us: Math.round(mid((r) => r.g)),
      r_us: Math.round(mid((r) => r.r)),
      ordinary_per_second: Math.round(mid((r) => r.ordinaryPerSecond)),
      rss_mb: Math.max(...rounds.map((r) => r.rss)),
      acked: rounds.reduce((sum, r) => sum + r.acked, 0),
      lost: rounds.reduce((sum, r) => sum + r.lost, 0),
      doubled: rounds.reduce((sum, r) => sum + r.doubled, 0),
      rounds: rounds.length,
      range: [Math.round(Math.min(...rounds.map((r) => r.perSecond))), Math.round(Math.max(...rounds.map((r) => r.perSecond)))],
      connections: options.connections,
      machine: `${cpus().length} × ${cpus()[0]?.model}`,
    }
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${JSON.stringify(report, null, 2)}\n`)
  } finally {
    await owner.end()
    await database.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

interface Round {
  perSecond: number
  p50: number
  p99: number
  ratio: number
  speedup: number
  serverUs: number
  postgresUs: number
  floorPerSecond: number
  floorUs: number
  ordinaryPerSecond: number
  h: number
  g: number
  r: number
  rss: number
  acked: number
  lost: number
  doubled: number
}

interface Place {
  url: string
  folder: string
  postmaster: number
  owner: pg.Client
  target: Target
  n: number
}

async function oneRound(options: Options, place: Place): Promise<Round> {
  const bare = await bareRound(options)
  const product = await productRound(options, place)
  const floor = await batches(place, (client, rows) => writeBatch(client, place.target, rows))
  const plain = await plainRows(place)
  const ordinary = await ordinaryRound(options, place)
  const roof = (cpus().length * 1e6) / (bare.h + bare.g + plain)
  return {
    ...product,
    ratio: product.perSecond / roof,
    speedup: product.perSecond / ordinary,
    floorPerSecond: floor.perSecond,
    floorUs: floor.us,
    ordinaryPerSecond: ordinary,
    h: bare.h,
    g: bare.g,
    r: plain,
  }
}

async function arrange(owner: pg.Client): Promise<Target> {
  const [tenantId, accountId] = [newId(), newId()]
  await owner.query(`INSERT INTO tenants (id, tenant_id, name) VALUES ($1, 'bench', 'Bench')`, [tenantId])
  await owner.query(
    `INSERT INTO channel_accounts (tenant_id, id, channel, provider, external_id, portfolio_id, name) VALUES ($1, $2, 'whatsapp', 'whatsapp-cloud', $3, 'portfolio', 'Bench')`,
    [tenantId, accountId, phoneNumberId],
  )
  return { tenantId, accountId }
}

async function load(url: string, options: Options, run: string): Promise<Loaded> {
  const child = spawn(process.execPath, [here('load.ts'), url, String(options.connections), String(options.seconds), run], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  await new Promise((resolve) => child.once('close', resolve))
  return JSON.parse(output.trim().split('\n').at(-1) ?? '{}') as Loaded
}

/** h and g: processor time of the yardstick server and of the load generator, per request. */
async function bareRound(options: Options): Promise<{ h: number; g: number }> {
  const child = spawn(process.execPath, [here('bare-server.ts')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const url = await firstLine(child)
  await load(url, { ...options, seconds: 1 }, 'warm')
  const before = cpuOfTree(child.pid as number)
  const loaded = await load(url, { ...options, seconds: Math.max(2, Math.round(options.seconds / 2)) }, 'bare')
  const h = (cpuOfTree(child.pid as number) - before) / loaded.acked
  child.kill('SIGTERM')
  return { h, g: loaded.cpuUs / loaded.acked }
}

async function productRound(options: Options, place: Place) {
  const child = spawn(process.execPath, [here('../../src/main.ts'), 'start'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...serverSettings(place.url, join(place.folder, 'server')), WHATSAPP_APP_SECRET: appSecret },
  })
  const url = await consoleAddress(child)
  await load(`${url}/webhooks/whatsapp`, { ...options, seconds: 2 }, `w${place.n}`)
  const pid = child.pid as number
  const before = { server: cpuOfTree(pid), postgres: cpuOfTree(place.postmaster) }
  const loaded = await load(`${url}/webhooks/whatsapp`, options, `p${place.n}`)
  const used = { server: cpuOfTree(pid) - before.server, postgres: cpuOfTree(place.postmaster) - before.postgres }
  const rss = residentMb(pid)
  child.kill('SIGTERM')
  await new Promise((resolve) => child.once('exit', resolve))
  const { rows } = await place.owner.query<{ rows: number; ids: number }>(
    `SELECT count(*)::int AS rows, count(DISTINCT external_message_id)::int AS ids FROM messages WHERE external_message_id LIKE $1`,
    [`wamid.p${place.n}.%`],
  )
  const stored = rows[0]?.rows ?? 0
  const ids = rows[0]?.ids ?? 0
  return {
    perSecond: Math.min(loaded.acked, ids) / loaded.elapsed,
    p50: loaded.p50,
    p99: loaded.p99,
    serverUs: used.server / loaded.acked,
    postgresUs: used.postgres / loaded.acked,
    rss,
    acked: loaded.acked,
    lost: Math.max(0, loaded.acked - ids),
    doubled: stored - ids,
  }
}

/** The same rows by the best hand-made batch on one connection, for three seconds. */
async function batches(place: Place, write: (client: pg.Client, rows: ReturnType<typeof makeRows>) => Promise<void>) {
  const client = new pg.Client({ connectionString: place.url, options: '-c search_path=parley' })
  client.on('error', () => {})
  await client.connect()
  await write(client, makeRows(batchSize))
  const prepared = Array.from({ length: 200 }, () => makeRows(batchSize))
  const cpu = process.cpuUsage()
  const before = cpuOfTree(place.postmaster)
  const began = performance.now()
  let written = 0
  for (const rows of prepared) {
    await write(client, rows)
    written += rows.length
    if (performance.now() - began > 3000) break
  }
  const elapsed = (performance.now() - began) / 1000
  const driver = process.cpuUsage(cpu)
  const us = (cpuOfTree(place.postmaster) - before + driver.user + driver.system) / written
  await client.end()
  return { perSecond: written / elapsed, us }
}

/** r: processor time of PostgreSQL and driver per plain message row, 500 at a time. Its conversations are there already. */
async function plainRows(place: Place): Promise<number> {
  const { rows: known } = await place.owner.query<{ id: string; contact_id: string }>(
    'SELECT id, contact_id FROM conversations WHERE tenant_id = $1 LIMIT $2',
    [place.target.tenantId, batchSize],
  )
  const measured = await batches(place, (client, rows) =>
    writeMessages(
      client,
      place.target,
      rows.map((row, i) => ({
        ...row,
        conversation: known[i % known.length]?.id ?? row.conversation,
        contact: known[i % known.length]?.contact_id ?? row.contact,
      })),
    ),
  )
  return measured.us
}

/** The ordinary handler under the same load: one statement per row, one transaction per message, answered after its commit. */
async function ordinaryRound(options: Options, place: Place): Promise<number> {
  const argv = [here('ordinary-server.ts'), place.url, place.target.tenantId, place.target.accountId]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  const url = await firstLine(child)
  const run = (seconds: number, name: string) => load(url, { ...options, seconds }, `${name}${place.n}`)
  await run(1, 'ow')
  const loaded = await run(Math.max(2, Math.round(options.seconds / 2)), 'o')
  child.kill('SIGTERM')
  return loaded.acked / loaded.elapsed
}

async function firstLine(child: ChildProcess): Promise<string> {
  return await new Promise((resolve, reject) => {
    child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()))
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
  })
}
