/** One round of upkeep: the months in order, then what is over removed. One at a time in a database. */
import pg from 'pg'
import type { FileStore } from '../platform/blobs.ts'
import { maintainPartitions, type PartitionReport, partitionedTables } from '../platform/db/partitions.ts'
import type { Client } from '../platform/db/pool.ts'
import type { Database } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import { keepRetention, type RetentionReport } from './retention.ts'

export interface UpkeepDeps {
  db: Database
  /** Who owns the tables: only the owner may make or drop a part of one. */
  ownerUrl: string
  files: FileStore
  log: Logger
  queryTimeoutMs?: number
}
export interface UpkeepOptions {
  now?: Date
  tasks?: readonly ('partitions' | 'retention')[]
  signal?: AbortSignal
  onProgress?: (state: { step: string; done: number; total: number }) => void
}
export interface UpkeepReport {
  partitions: PartitionReport[]
  retention?: RetentionReport
}

/** Of the work in steps, which no step of a large store comes near. */
const longestStatementMs = 10 * 60_000

/** The number that one_upkeep() of the database asks for too: "parkeep" in ASCII. */
const lockKey = 0x7061726b656570n

/** null where another process is at it. */
export async function runUpkeep(deps: UpkeepDeps, options: UpkeepOptions = {}): Promise<UpkeepReport | null> {
  const client = new pg.Client({
    ...{ connectionString: deps.ownerUrl, application_name: 'parley-upkeep' },
    ...{ keepAlive: true, keepAliveInitialDelayMillis: 10_000, connectionTimeoutMillis: 10_000 },
    // One that says nothing would keep the lock, and all others from upkeep, for ever.
    query_timeout: deps.queryTimeoutMs ?? longestStatementMs,
  })
  client.on('error', () => {}) // what was under way fails by itself
  await client.connect()
  try {
    const { rows } = await client.query<{ mine: boolean }>('SELECT pg_try_advisory_lock($1) AS mine', [String(lockKey)])
    if (!rows[0]?.mine) return null
    return await round(deps, client, options)
  } finally {
    await client.end()
  }
}

async function round(deps: UpkeepDeps, client: pg.Client, options: UpkeepOptions): Promise<UpkeepReport> {
  const { now, signal, tasks = ['partitions', 'retention'] } = options
  const report: UpkeepReport = { partitions: [] }
  if (tasks.includes('partitions'))
    report.partitions = await noted(deps, client, { task: 'partitions', now }, async () => {
      const all: PartitionReport[] = []
      for (const parent of await partitionedTables(client)) {
        signal?.throwIfAborted()
        const onProgress = ({ done, total }: { done: number; total: number }) =>
          options.onProgress?.({ step: `Moving ${parent} to its months`, done, total })
        all.push(await maintainPartitions(client, parent, { now, signal, onProgress }))
      }
      return all
    })
  if (tasks.includes('retention'))
    report.retention = await noted(deps, client, { task: 'retention', now }, () =>
      keepRetention(
        { db: deps.db, owner: client, files: deps.files },
        { now, signal, onProgress: (state) => options.onProgress?.({ step: 'Removing what is over', ...state }) },
      ),
    )
  return report
}

/** Written down where health looks, whatever becomes of it. Told to stop is no failure. */
async function noted<T>(
  deps: UpkeepDeps,
  client: Pick<Client, 'query'>,
  { task, now }: { task: string; now?: Date },
  work: () => Promise<T>,
): Promise<T> {
  const began = performance.now()
  await client.query(
    `INSERT INTO parley.upkeep (task, began_at) VALUES ($1, coalesce($2, clock_timestamp()))
     ON CONFLICT (task) DO UPDATE SET began_at = excluded.began_at, ended_at = NULL`,
    [task, now ?? null],
  )
  const end = (error: string | null, done: unknown) =>
    client.query(
      'UPDATE parley.upkeep SET ended_at = coalesce($4, clock_timestamp()), error = $2, done = coalesce($3::jsonb, done) WHERE task = $1',
      [task, error, done === undefined ? null : JSON.stringify({ report: done }), now ?? null],
    )
  try {
    const done = await work()
    await end(null, done)
    deps.log.info('Upkeep done', {
      operation: 'upkeep',
      task,
      duration_ms: Math.round(performance.now() - began),
      done: JSON.stringify(done),
    })
    return done
  } catch (error) {
    const stopped = (error as Error).name === 'AbortError'
    await end(stopped ? null : (error as Error).message, undefined).catch(() => {})
    throw error
  }
}
