/** What people wait for lists, threads and searches in a large store while messages come in. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { tray } from '../../src/conversations/trays.ts'
import { startEmbedded } from '../../src/platform/db/embedded.ts'
import { migrate } from '../../src/platform/db/migrate.ts'
import { createLogger } from '../../src/platform/log.ts'
import { appSecret } from '../intake/payload.ts'
import { cpuOfTree, median, quantile, residentMb, rounded } from '../measure.ts'
import type { Options } from '../rounds.ts'
import { consoleAddress, serverSettings } from '../server.ts'
import type { Kind } from './people.ts'
import { openStore, type Store, writeParts } from './store.ts'

const perSecond = 1000
const kinds = ['list', 'open', 'search', 'contacts'] as const satisfies Kind[]
const here = (file: string): string => new URL(file, import.meta.url).pathname

interface People {
  took: Record<Kind, number[]>
  failed: number
  told: number
}
interface Incoming {
  offered: number
  acked: number
  refused: number
  elapsed: number
}
interface Round extends Incoming, People {
  stored: number
  cpuUs: number
  bare: number[]
  rss: number
}

export async function reads(options: Options): Promise<void> {
  const folder = options.store ?? (await mkdtemp(join(tmpdir(), 'parley-bench-')))
  const database = await startEmbedded({ dataDir: folder, log: createLogger({ level: 'ERROR' }) })
  const postmaster = Number.parseInt(await readFile(join(folder, 'postgres/postmaster.pid'), 'utf8'), 10)
  const owner = new pg.Client({ connectionString: database.ownerUrl, options: '-c search_path=parley' })
  try {
    await migrate(database.ownerUrl)
    await owner.connect()
    const settings = serverSettings(database.ownerUrl, join(folder, 'server'))
    const store = await openStore(owner, { ownerUrl: database.ownerUrl, folder, messages: options.messages, settings })
    const parts = await writeParts(owner, database.ownerUrl, folder, store)
    const server = spawn(process.execPath, [here('../../src/main.ts'), 'start'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...settings, WHATSAPP_APP_SECRET: appSecret },
    })
    const url = await consoleAddress(server)
    const place = { url, owner, store, parts, server: server.pid as number, postmaster }
    await oneRound(place, 4, 'warm')
    const rounds: Round[] = []
    for (let n = 1; n <= options.rounds; n++) {
      const round = await oneRound(place, options.seconds, `reads${process.pid}x${n}`)
      rounds.push(round)
      const p95 = kinds.map((kind) => `${kind} ${rounded(at(round.took[kind], 0.95))} ms`).join(', ')
      process.stderr.write(`round ${n}: p95 ${p95}; ${Math.round(round.stored / round.elapsed)} messages a second stored\n`)
    }
    server.kill('SIGTERM')
    await new Promise((resolve) => server.once('exit', resolve))
    const report = { bench: 'reads', ...summary(rounds), messages: store.messages }
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : `${JSON.stringify(report, null, 2)}\n`)
  } finally {
    await owner.end()
    await database.stop()
    if (!options.store) await rm(folder, { recursive: true, force: true })
  }
}

const at = (values: readonly number[], q: number): number =>
  quantile(
    [...values].sort((a, b) => a - b),
    q,
  )

function summary(rounds: readonly Round[]) {
  const mid = (pick: (round: Round) => number, digits = 1) => rounded(median(rounds.map(pick)), digits)
  const all = (pick: (round: Round) => number) => rounds.reduce((sum, round) => sum + pick(round), 0)
  const of = (kind: Kind, q: number) => mid((round) => at(round.took[kind], q))
  return {
    per_second: mid((round) => round.stored / round.elapsed, 0),
    ratio: mid((round) => at(round.took.list, 0.95) / at(round.bare, 0.95), 2),
    speedup: null,
    p50_ms: of('list', 0.5),
    p99_ms: of('list', 0.99),
    ...Object.fromEntries(kinds.map((kind) => [`${kind}_p95_ms`, of(kind, 0.95)])),
    kinds: Object.fromEntries(
      kinds.map((kind) => [
        kind,
        { n: all((round) => round.took[kind].length), p50: of(kind, 0.5), p95: of(kind, 0.95), p99: of(kind, 0.99) },
      ]),
    ),
    bare_p95_ms: mid((round) => at(round.bare, 0.95), 2),
    cpu_us_per_message: mid((round) => round.cpuUs / round.stored, 0),
    rss_mb: Math.max(...rounds.map((round) => round.rss)),
    offered: all((round) => round.offered),
    acked: all((round) => round.acked),
    lost: all((round) => Math.max(0, round.acked - round.stored)),
    failed: all((round) => round.failed),
    told: all((round) => round.told),
    rounds: rounds.length,
    machine: `${cpus().length} × ${cpus()[0]?.model}`,
  }
}

interface Place {
  url: string
  owner: pg.Client
  store: Store
  parts: { people: string; incoming: string }
  server: number
  postmaster: number
}

async function oneRound(place: Place, seconds: number, run: string): Promise<Round> {
  const before = cpuOfTree(place.server) + cpuOfTree(place.postmaster)
  const since = new Date()
  const bare: number[] = []
  const asking = askBare(place, seconds, bare)
  const [people, incoming] = await Promise.all([
    inProcess<People>('people.ts', [place.url, place.parts.people, String(seconds)]),
    inProcess<Incoming>('incoming.ts', [place.url, place.parts.incoming, String(perSecond), String(seconds), run]),
  ])
  await asking
  const cpuUs = cpuOfTree(place.server) + cpuOfTree(place.postmaster) - before
  const { rows } = await place.owner.query<{ n: number }>(
    `SELECT count(DISTINCT external_message_id)::int AS n FROM messages WHERE created_at >= $1 AND external_message_id LIKE $2`,
    [new Date(since.getTime() - 1000), `wamid.${run}.%`],
  )
  return { ...people, ...incoming, stored: rows[0]?.n ?? 0, cpuUs, bare, rss: residentMb(place.server) }
}

/** The floor: the newest of one number by the index alone, ten times a second. */
async function askBare({ owner, store }: Place, seconds: number, bare: number[]): Promise<void> {
  const until = performance.now() + seconds * 1000
  while (performance.now() < until) {
    const began = performance.now()
    await owner.query({
      name: 'bare_list',
      text: `SELECT * FROM (SELECT c.* FROM generate_series(0, 3) AS t(tray) CROSS JOIN LATERAL (
               SELECT c.* FROM conversations c WHERE c.tenant_id = $1 AND c.channel_account_id = $2 AND c.status = 'open' AND ${tray} = t.tray
                ORDER BY c.last_message_at DESC, c.id DESC LIMIT 51) c) c ORDER BY c.last_message_at DESC, c.id DESC LIMIT 51`,
      values: [store.tenantId, store.accountId],
    })
    bare.push(performance.now() - began)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function inProcess<T>(file: string, argv: string[]): Promise<T> {
  const child = spawn(process.execPath, [here(file), ...argv], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  await new Promise((resolve) => child.once('close', resolve))
  return JSON.parse(output.trim().split('\n').at(-1) ?? '{}') as T
}
