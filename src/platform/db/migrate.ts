import { readdir } from 'node:fs/promises'
import { runner } from 'node-pg-migrate'
import pg from 'pg'

const folder = new URL('../../../migrations/', import.meta.url)

export interface MigrationReport {
  applied: string[]
}

/** The migrations this version of Parley knows, in order. */
export async function knownMigrations(): Promise<string[]> {
  const files = await readdir(folder)
  return files
    .filter((file) => file.endsWith('.sql'))
    .map((file) => file.slice(0, -4))
    .sort()
}

/** What has been applied to a database; empty where nothing was. */
export async function appliedMigrations(client: Pick<pg.ClientBase, 'query'>): Promise<string[]> {
  const { rows: exists } = await client.query("SELECT to_regclass('parley.pgmigrations') IS NOT NULL AS yes")
  if (!exists[0]?.yes) return []
  const { rows } = await client.query<{ name: string }>('SELECT name FROM parley.pgmigrations ORDER BY id')
  return rows.map((row) => row.name)
}

/** The database was migrated by a newer Parley: this one must not touch it. */
export class SchemaTooNew extends Error {
  constructor(unknown: string[]) {
    super(
      `The database was migrated by a newer version of Parley (unknown here: ${unknown.join(', ')}). Start that version, or a newer one.`,
    )
    this.name = 'SchemaTooNew'
  }
}

export interface WaitOptions {
  /** Told once, with what the database says, when it has to be waited for. */
  onWait?: (reason: string) => void
  /** How long, at most. */
  waitMs?: number
}

/** Recovering after a crash, or stopping: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const cannotConnectNow = '57P03'

/** A database that was killed under load recovers for seconds, sometimes minutes, and refuses everybody meanwhile. */
async function connectOnceReady(connectionString: string, { onWait, waitMs = 120_000 }: WaitOptions): Promise<pg.Client> {
  const until = performance.now() + waitMs
  for (let told = false; ; told = true) {
    const client = new pg.Client({ connectionString, application_name: 'parley-migrate' })
    try {
      await client.connect()
      return client
    } catch (error) {
      const { code, message } = error as { code?: string; message: string }
      if (code !== cannotConnectNow || performance.now() > until) throw error
      if (!told) onWait?.(message)
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }
}

/**
 * Applies what is pending, each migration in a transaction of its own, recorded in parley.pgmigrations. Two processes at
 * once: one does the work, the other waits for it. Nothing is ever dropped.
 */
export async function migrate(connectionString: string, options: WaitOptions = {}): Promise<MigrationReport> {
  const client = await connectOnceReady(connectionString, options)
  try {
    // Held until this connection ends. node-pg-migrate's own lock refuses a second runner instead of letting it wait.
    await client.query('SELECT pg_advisory_lock($1)', [lockKey])
    const known = await knownMigrations()
    const unknown = (await appliedMigrations(client)).filter((name) => !known.includes(name))
    if (unknown.length > 0) throw new SchemaTooNew(unknown)
    const { rows: versions } = await client.query<{ version: number }>(
      "SELECT current_setting('server_version_num')::int AS version",
    )
    if ((versions[0]?.version ?? 0) < 150_000) throw new Error('Parley needs PostgreSQL 15 or newer.')
    const applied = await runner({
      dbClient: client,
      dir: new URL('.', folder).pathname,
      direction: 'up',
      migrationsTable: 'pgmigrations',
      migrationsSchema: 'parley',
      createMigrationsSchema: true,
      schema: 'parley',
      createSchema: true,
      noLock: true,
      checkOrder: true,
      singleTransaction: false,
      log: () => {},
      ignorePattern: '.*(?<!\\.sql)$',
    })
    return { applied: applied.map((migration) => migration.name) }
  } finally {
    await client.end()
  }
}

/** Any number nobody else uses: "parley" in ASCII. */
const lockKey = 0x7061726c6579
