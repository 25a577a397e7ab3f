/** What the rounds of several benchmarks share: the yardstick server, the load generator, and rows written by hand. */
import { type ChildProcess, spawn } from 'node:child_process'
import pg from 'pg'
import { cpuOfTree } from './measure.ts'

export interface Options {
  json: boolean
  rounds: number
  seconds: number
  connections: number
  /** How many messages a store has that is made for the run. */
  messages: number
  /** The data folder of a store that is there already, as `parley bench seed` makes one; else an empty one is made. */
  store?: string
  /** Somebody's own PostgreSQL on this machine, as a superuser; else the embedded one. */
  database?: string
}
/** What the webhooks of a run are. */
export type Kind = 'messages' | 'receipts'

export interface Loaded {
  acked: number
  refused: number
  elapsed: number
  p50: number
  p99: number
  cpuUs: number
}

/** Until the code of server and load generator is compiled: the first six seconds of load cost up to a half more. Seconds. */
export const warmSeconds = 8

const inIntake = (file: string): string => new URL(`intake/${file}`, import.meta.url).pathname
/** Rows of one statement of the hand-made batch. */
export const batchSize = 500

/**
 * The load on a server: `warmSeconds` of it first, under another run's ids, by the same process, whose code is then compiled too.
 * `begin` is called before what is measured.
 */
export async function load(
  url: string,
  options: Options,
  runs: { warm: string; measured: string },
  kind: Kind,
  begin: () => void,
): Promise<Loaded> {
  const { connections, seconds } = options
  const args = [url, connections, seconds, warmSeconds, runs.warm, runs.measured, kind].map(String)
  const child = spawn(process.execPath, [inIntake('load.ts'), ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  await firstLine(child)
  begin()
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  child.stdin.write('\n')
  await new Promise((resolve) => child.once('close', resolve))
  return JSON.parse(output.trim()) as Loaded
}

/** h and g: processor time of the yardstick server and of the load generator, per request. */
export async function bareRound(options: Options, kind: Kind = 'messages'): Promise<{ h: number; g: number }> {
  const child = spawn(process.execPath, [inIntake('bare-server.ts')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const url = await firstLine(child)
  let before = 0
  const loaded = await load(url, options, { warm: 'warm', measured: 'bare' }, kind, () => {
    before = cpuOfTree(child.pid as number)
  })
  const h = (cpuOfTree(child.pid as number) - before) / loaded.acked
  child.kill('SIGTERM')
  return { h, g: loaded.cpuUs / loaded.acked }
}

/** Rows by the best hand-made batch on one connection, for three seconds: rows a second and processor time per row. */
export async function batches<T>(
  place: { url: string; postmaster: number },
  make: (count: number) => T[],
  write: (client: pg.Client, rows: T[]) => Promise<void>,
): Promise<{ perSecond: number; us: number }> {
  const client = new pg.Client({ connectionString: place.url, options: '-c search_path=parley' })
  client.on('error', () => {})
  await client.connect()
  await write(client, make(batchSize))
  const prepared = Array.from({ length: 200 }, () => make(batchSize))
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

export async function firstLine(child: ChildProcess): Promise<string> {
  return await new Promise((resolve, reject) => {
    child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()))
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
  })
}
