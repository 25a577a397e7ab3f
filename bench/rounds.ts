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

/** Until the code of any of the servers is compiled: the first six seconds of load cost up to a half more. Seconds. */
export const warmSeconds = 8

const inIntake = (file: string): string => new URL(`intake/${file}`, import.meta.url).pathname
/** Rows of one statement of the hand-made batch. */
export const batchSize = 500

export async function load(url: string, options: Options, run: string, kind: Kind = 'messages'): Promise<Loaded> {
  const child = spawn(
    process.execPath,
    [inIntake('load.ts'), url, String(options.connections), String(options.seconds), run, kind],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  await new Promise((resolve) => child.once('close', resolve))
  return JSON.parse(output.trim().split('\n').at(-1) ?? '{}') as Loaded
}

/** h and g: processor time of the yardstick server and of the load generator, per request. */
export async function bareRound(options: Options, kind: Kind = 'messages'): Promise<{ h: number; g: number }> {
  const child = spawn(process.execPath, [inIntake('bare-server.ts')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const url = await firstLine(child)
  await load(url, { ...options, seconds: warmSeconds }, 'warm', kind)
  const before = cpuOfTree(child.pid as number)
  const loaded = await load(url, options, 'bare', kind)
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
