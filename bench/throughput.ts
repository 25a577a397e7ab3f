/** Webhooks acknowledged and found in the tables, per second, beside the floor and the ordinary way, in one run. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { newId } from '../src/kernel/ids.ts'
import { startEmbedded } from '../src/platform/db/embedded.ts'
import { migrate } from '../src/platform/db/migrate.ts'
import { createLogger } from '../src/platform/log.ts'
import { appSecret, phoneNumberId } from './intake/payload.ts'
import type { Target } from './intake/rows.ts'
import { cpuOfTree, median, residentMb, rounded } from './measure.ts'
import { bareRound, firstLine, type Kind, type Loaded, load, type Options } from './rounds.ts'
import { consoleAddress, serverSettings } from './server.ts'

export interface Place {
  url: string
  folder: string
  postmaster: number
  owner: pg.Client
  target: Target
  n: number
}

/** What differs from one kind of webhook to the other. */
export interface Subject {
  kind: Kind
  /** Before a run of the server or of the ordinary handler: what its webhooks speak of. */
  prepare?(place: Place, run: string): Promise<void>
  /** The same rows by the best hand-made batch: rows a second, and µs of processor time per row. */
  floor(place: Place): Promise<{ perSecond: number; us: number }>
  /** `r`: µs of PostgreSQL and driver per plain row. */
  plain(place: Place): Promise<number>
  /** What of a run is in the tables: rows, and different ones among them. */
  found(owner: pg.Client, run: string): Promise<{ rows: number; ids: number }>
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

export async function throughput(bench: string, subject: Subject, options: Options): Promise<void> {
  const folder = options.store ?? (await mkdtemp(join(tmpdir(), 'parley-bench-')))
  const database = options.database
    ? await ownDatabase(options.database)
    : await startEmbedded({ dataDir: folder, log: createLogger({ level: 'ERROR' }) })
  const owner = new pg.Client({ connectionString: database.ownerUrl, options: '-c search_path=parley' })
  try {
    await migrate(database.ownerUrl)
    await owner.connect()
    const { dataFolder, version } = await describe(owner)
    const postmaster = Number.parseInt(await readFile(join(dataFolder, 'postmaster.pid'), 'utf8'), 10)
    const target = await arrange(owner)
    const stored = await messagesStored(owner)
    const rounds: Round[] = []
    for (let n = 1; n <= options.rounds; n++) {
      const round = await oneRound(subject, options, { url: database.ownerUrl, folder, postmaster, owner, target, n })
      rounds.push(round)
      process.stderr.write(
        `round ${n}: ${Math.round(round.perSecond)}/s, p50 ${rounded(round.p50)} ms, p99 ${rounded(round.p99)} ms, R ${rounded(round.ratio, 2)}, ${rounded(round.speedup, 1)}× the ordinary way, floor ${Math.round(round.floorPerSecond)}/s\n`,
      )
    }
    const report = { bench, stored_before: stored, ...summary(rounds), connections: options.connections, postgres: version }
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${JSON.stringify(report, null, 2)}\n`)
  } finally {
    await owner.end()
    await database.stop()
    if (!options.store) await rm(folder, { recursive: true, force: true })
  }
}

async function describe(owner: pg.Client): Promise<{ dataFolder: string; version: string }> {
  const { rows } = await owner.query<{ dataFolder: string; version: string }>(
    `SELECT current_setting('data_directory') AS "dataFolder", current_setting('server_version') AS version`,
  )
  return rows[0] as { dataFolder: string; version: string }
}

/** A database for this run on a server that is there, on this machine: its processor time is read. */
async function ownDatabase(serverUrl: string): Promise<{ ownerUrl: string; stop(): Promise<void> }> {
  const name = `parley_bench_${process.pid}`
  const on = async (sql: string) => {
    const client = new pg.Client({ connectionString: serverUrl })
    await client.connect()
    await client.query(sql).finally(() => client.end())
  }
  await on(`CREATE DATABASE ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return { ownerUrl: url.href, stop: () => on(`DROP DATABASE ${name} WITH (FORCE)`) }
}

function summary(rounds: readonly Round[]) {
  const mid = (pick: (round: Round) => number, digits = 0) => rounded(median(rounds.map(pick)), digits)
  const speeds = rounds.map((r) => Math.round(r.perSecond))
  return {
    per_second: mid((r) => r.perSecond),
    ratio: mid((r) => r.ratio, 3),
    speedup: mid((r) => r.speedup, 2),
    p50_ms: mid((r) => r.p50, 1),
    p99_ms: mid((r) => r.p99, 1),
    cpu_us_per_message: mid((r) => r.serverUs + r.postgresUs),
    server_us: mid((r) => r.serverUs),
    postgres_us: mid((r) => r.postgresUs),
    floor_per_second: mid((r) => r.floorPerSecond),
    floor_us: mid((r) => r.floorUs),
    h_us: mid((r) => r.h),
    g_us: mid((r) => r.g),
    r_us: mid((r) => r.r),
    ordinary_per_second: mid((r) => r.ordinaryPerSecond),
    rss_mb: Math.max(...rounds.map((r) => r.rss)),
    acked: rounds.reduce((sum, r) => sum + r.acked, 0),
    lost: rounds.reduce((sum, r) => sum + r.lost, 0),
    doubled: rounds.reduce((sum, r) => sum + r.doubled, 0),
    rounds: rounds.length,
    range: [Math.min(...speeds), Math.max(...speeds)],
    ratio_range: [Math.min(...rounds.map((r) => r.ratio)), Math.max(...rounds.map((r) => r.ratio))].map((r) => rounded(r, 3)),
    machine: `${cpus().length} × ${cpus()[0]?.model}`,
  }
}

async function oneRound(subject: Subject, options: Options, place: Place): Promise<Round> {
  await fillWriteAheadLog(place.owner)
  // Before and after: the machine drifts between minutes.
  const before = await bareRound(options, subject.kind)
  const product = await productRound(subject, options, place)
  const after = await bareRound(options, subject.kind)
  const bare = { h: (before.h + after.h) / 2, g: (before.g + after.g) / 2 }
  const floor = await subject.floor(place)
  const plain = await subject.plain(place)
  const ordinary = await ordinaryRound(subject, options, place)
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

/** Segments of the write-ahead log that are there to be written over, as on a server that has run for a while. A new database makes each one anew, in the middle of a commit. */
const segments = 60
async function fillWriteAheadLog(owner: pg.Client): Promise<void> {
  await owner.query(`ALTER SYSTEM SET min_wal_size = '1GB'`)
  await owner.query('SELECT pg_reload_conf()')
  for (let n = 0; n < segments; n++) await owner.query(`SELECT pg_logical_emit_message(false, 'bench', 'x'), pg_switch_wal()`)
  await owner.query('CHECKPOINT')
  await owner.query('ALTER SYSTEM RESET min_wal_size')
}

/** Its number may be in a store that is used again. */
async function arrange(owner: pg.Client): Promise<Target> {
  const { rows } = await owner.query<{ tenant_id: string; id: string }>(
    `SELECT tenant_id, id FROM channel_accounts WHERE provider = 'whatsapp-cloud' AND external_id = $1`,
    [phoneNumberId],
  )
  if (rows[0]) return { tenantId: rows[0].tenant_id, accountId: rows[0].id }
  const [tenantId, accountId] = [newId(), newId()]
  await owner.query(`INSERT INTO tenants (id, tenant_id, name) VALUES ($1, 'bench', 'Bench')`, [tenantId])
  await owner.query(
    `INSERT INTO channel_accounts (tenant_id, id, channel, provider, external_id, portfolio_id, name) VALUES ($1, $2, 'whatsapp', 'whatsapp-cloud', $3, 'portfolio', 'Bench')`,
    [tenantId, accountId, phoneNumberId],
  )
  return { tenantId, accountId }
}

async function messagesStored(owner: pg.Client): Promise<number> {
  const { rows } = await owner.query<{ n: number }>('SELECT count(*)::int AS n FROM message_tracking')
  return rows[0]?.n ?? 0
}

/** The index of earlier rounds is no work of this one: what was stored before is searchable, as on a server that has run for a while. */
async function caughtUp(owner: pg.Client): Promise<void> {
  const until = performance.now() + 600_000
  for (let behind = 1; behind > 0; ) {
    if (performance.now() > until) throw new Error('The search index does not catch up.')
    const { rows } = await owner.query<{ n: number }>('SELECT count(*)::int AS n FROM search_backlog()')
    behind = rows[0]?.n ?? 0
    if (behind > 0) await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

async function productRound(subject: Subject, options: Options, place: Place) {
  // A store that is used again knows the ids of earlier runs.
  const run = (name: string) => `${name}${place.n}x${process.pid}`
  await subject.prepare?.(place, run('w'))
  await subject.prepare?.(place, run('p'))
  const main = new URL('../src/main.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [main, 'start'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...serverSettings(place.url, join(place.folder, 'server')), WHATSAPP_APP_SECRET: appSecret },
  })
  const url = `${await consoleAddress(child)}/webhooks/whatsapp`
  await caughtUp(place.owner)
  const pid = child.pid as number
  let before = { server: 0, postgres: 0 }
  const loaded: Loaded = await load(url, options, { warm: run('w'), measured: run('p') }, subject.kind, () => {
    before = { server: cpuOfTree(pid), postgres: cpuOfTree(place.postmaster) }
  })
  const used = { server: cpuOfTree(pid) - before.server, postgres: cpuOfTree(place.postmaster) - before.postgres }
  const rss = residentMb(pid)
  child.kill('SIGTERM')
  await new Promise((resolve) => child.once('exit', resolve))
  const { rows, ids } = await subject.found(place.owner, run('p'))
  return {
    perSecond: Math.min(loaded.acked, ids) / loaded.elapsed,
    p50: loaded.p50,
    p99: loaded.p99,
    serverUs: used.server / loaded.acked,
    postgresUs: used.postgres / loaded.acked,
    rss,
    acked: loaded.acked,
    lost: Math.max(0, loaded.acked - ids),
    doubled: rows - ids,
  }
}

/** The ordinary handler under the same load: one statement per row, one transaction per webhook, answered after its commit. */
async function ordinaryRound(subject: Subject, options: Options, place: Place): Promise<number> {
  const run = (name: string) => `${name}${place.n}x${process.pid}`
  await subject.prepare?.(place, run('ow'))
  await subject.prepare?.(place, run('o'))
  const main = new URL('intake/ordinary-server.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [main, place.url, place.target.tenantId, place.target.accountId], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await firstLine(child)
  const loaded = await load(url, options, { warm: run('ow'), measured: run('o') }, subject.kind, () => {})
  child.kill('SIGTERM')
  return loaded.acked / loaded.elapsed
}
