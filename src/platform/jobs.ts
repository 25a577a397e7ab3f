/**
 * Background work that may wait: fetching files, synchronising, cleaning up. pg-boss in the same database, in a schema of
 * its own; a job is written in the transaction of what caused it, so neither exists without the other.
 */
import pg from 'pg'
import { PgBoss } from 'pg-boss'
import type { Client } from './db/pool.ts'
import type { Logger } from './log.ts'

/** What a queue's handler gets. Payloads carry the tenant and survive an upgrade: fields are only ever added. */
export interface JobDefinition<T extends object> {
  name: string
  /** Retries after a failure, with exponential back-off from `retryDelay` seconds. */
  retryLimit: number
  retryDelay: number
  /** Seconds after which a running job counts as lost. */
  expireInSeconds: number
  handle(data: T, job: { id: string; attempt: number; lastAttempt: boolean; signal: AbortSignal }): Promise<void>
}

export interface Jobs {
  /** Writes jobs inside the caller's transaction. Nobody is woken before it commits: call `wake` afterwards. */
  enqueue(client: Pick<Client, 'query'>, name: string, data: readonly object[]): Promise<void>
  wake(name: string): void
  work(definitions: readonly JobDefinition<never>[]): Promise<void>
  stop(): Promise<void>
}

const schema = 'pgboss'

/** Makes or upgrades pg-boss' tables and the queues, as the owner; part of `migrate`. */
export async function prepareJobs(ownerUrl: string, names: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl, application_name: 'parley-migrate' })
  await client.connect()
  try {
    // Held until this connection ends: rights granted by two at once fail ("tuple concurrently updated").
    await client.query('SELECT pg_advisory_lock($1)', [lockKey])
    const boss = new PgBoss({ connectionString: ownerUrl, schema, max: 2, supervise: false, schedule: false, migrate: true })
    boss.on('error', () => {})
    await boss.start()
    for (const name of names) if (!(await boss.getQueue(name))) await boss.createQueue(name)
    await boss.stop({ graceful: false })
    await client.query(`GRANT USAGE ON SCHEMA ${schema} TO parley_app`)
    await client.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO parley_app`)
    await client.query(`GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${schema} TO parley_app`)
    await client.query(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${schema} TO parley_app`)
  } finally {
    await client.end()
  }
}

/** Any number nobody else uses: "pgjobs" in ASCII. */
const lockKey = 0x70676a6f6273

export async function startJobs(options: {
  connectionString: string
  log: Logger
  pollSeconds?: number
  queryTimeoutMs?: number
}): Promise<Jobs> {
  const { log, queryTimeoutMs = 30_000 } = options
  const boss = new PgBoss({
    connectionString: options.connectionString,
    options: '-c role=parley_app',
    application_name: 'parley-jobs',
    // A database that says nothing is asked again on another connection.
    ...{ query_timeout: queryTimeoutMs, statement_timeout: queryTimeoutMs, keepAlive: true },
    schema,
    max: 3,
    migrate: false,
    createSchema: false,
    reindex: false,
    monitorVacuum: false,
    schedule: false,
  })
  boss.on('error', (error) => log.warn('Background jobs met an error', { operation: 'jobs', error: error.message }))
  await boss.start()
  const workers = new Map<string, string>()
  const definitions = new Map<string, JobDefinition<never>>()
  return {
    async enqueue(client, name, data) {
      if (data.length === 0) return
      const definition = definitions.get(name)
      const shape = {
        retryLimit: definition?.retryLimit ?? 5,
        retryDelay: definition?.retryDelay ?? 5,
        retryBackoff: true,
        expireInSeconds: definition?.expireInSeconds ?? 120,
      }
      await boss.insert(
        name,
        data.map((item) => ({ data: item, ...shape })),
        { db: { executeSql: (text, values) => client.query(text, values) } },
      )
    },
    wake(name) {
      const worker = workers.get(name)
      if (worker) boss.notifyWorker(worker)
    },
    async work(list) {
      for (const definition of list) {
        definitions.set(definition.name, definition)
        const id = await boss.work<never>(
          definition.name,
          { batchSize: 1, localConcurrency: 4, pollingIntervalSeconds: options.pollSeconds ?? 2, includeMetadata: true },
          async ([job]) => {
            if (!job) return
            await definition.handle(job.data, {
              id: job.id,
              attempt: job.retryCount + 1,
              lastAttempt: job.retryCount >= definition.retryLimit,
              signal: job.signal,
            })
          },
        )
        workers.set(definition.name, id)
      }
    },
    stop: () => boss.stop({ graceful: true, timeout: 15_000 }),
  }
}
