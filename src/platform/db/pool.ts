import pg from 'pg'
import type { Logger } from '../log.ts'

// Numbers we store as bigint (seq, counts, sizes) stay far below 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, Number)
// Times leave the database as Date; numeric as text is never wanted here.
pg.types.setTypeParser(pg.types.builtins.NUMERIC, Number)

export type Pool = pg.Pool
export type Client = pg.ClientBase

const keySetting = 'session_replication_role'

/** Whether who signs in here may have connections with `keysHeld`. */
export async function mayHoldKeys(connection: Pick<Client, 'query'>): Promise<boolean> {
  const { rows } = await connection.query<{ may: boolean }>(
    `SELECT has_parameter_privilege(session_user, '${keySetting}', 'SET') AS may`,
  )
  return rows[0]?.may === true
}

/**
 * The server's connections. They work as parley_app: not the owner, not superuser, bound by row-level security, whoever
 * logs in. statement_timeout alone does not help when a backend hangs, hence the client's own limits and keep-alive.
 */
export function createPool(options: {
  connectionString: string
  size: number
  log: Logger
  role?: string
  name?: string
  queryTimeoutMs?: number
  /** How long one waits for a connection that is free. */
  waitMs?: number
  /** Foreign keys are not looked at row by row: only for a function that holds what its rows name by itself. */
  keysHeld?: boolean
}): Pool {
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    max: options.size,
    idleTimeoutMillis: 60_000,
    connectionTimeoutMillis: options.waitMs ?? 5_000,
    query_timeout: options.queryTimeoutMs ?? 30_000,
    statement_timeout: options.queryTimeoutMs ?? 30_000,
    idle_in_transaction_session_timeout: 60_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: options.name ?? 'parley',
    // The login may, what it becomes may not: before the role.
    options: `${options.keysHeld ? `-c ${keySetting}=replica ` : ''}-c role=${options.role ?? 'parley_app'} -c search_path=parley -c jit=off -c max_parallel_workers_per_gather=0`,
  })
  // Without a handler a connection that dies would end the process: one that waits in the pool, and one that is in use, whose
  // user hears of it from the next query.
  pool.on('connect', (client) => client.on('error', () => {}))
  pool.on('error', (error) =>
    options.log.warn('A database connection was lost', { operation: 'database', error: error.message }),
  )
  return pool
}
