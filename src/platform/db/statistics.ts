/**
 * Keeps the planner's idea of the busy tables fresh while they grow fast. Plans are cached for as long as statistics do not
 * change: one made when a table was nearly empty picks any index that starts with the tenant and then reads the whole
 * tenant. Autovacuum would notice, but looks once a minute; a new server may take in a hundred thousand rows by then.
 */
import pg from 'pg'
import type { Logger } from '../log.ts'

const tables = [
  'conversations',
  'contacts',
  'contact_identities',
  'message_tracking',
  'messages',
  'provider_refs',
  'message_statuses',
  'conversation_lanes',
  'send_attempts',
  'media_objects',
]
const everyMs = 1000

/** Tables, and partitions of them, that have at least doubled since they were last looked at. */
const grown = `
  SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = 'parley' AND c.relkind = 'r'
     AND (c.relname = ANY ($1) OR EXISTS (SELECT FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent WHERE i.inhrelid = c.oid AND p.relname = ANY ($1)))
     AND pg_relation_size(c.oid) / 8192 > 2 * greatest(c.relpages, 4)`

export interface StatisticsKeeper {
  /** Looks now; returns the tables that were analysed. */
  look(): Promise<string[]>
  stop(): Promise<void>
}

/** Works as the owner of the tables, on a connection of its own that is closed between busy times. */
export function keepStatistics(options: {
  ownerUrl: string
  log: Logger
  everyMs?: number
  queryTimeoutMs?: number
}): StatisticsKeeper {
  const pool = new pg.Pool({
    connectionString: options.ownerUrl,
    max: 1,
    idleTimeoutMillis: 5000,
    connectionTimeoutMillis: 5000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    query_timeout: options.queryTimeoutMs ?? 10_000,
    application_name: 'parley-statistics',
    // A tenth of the usual sample tells how large a table is and how many tenants share it; that is what plans here hang on.
    options: '-c default_statistics_target=10',
  })
  pool.on('error', () => {})
  let looking: Promise<string[]> | undefined

  async function analyse(): Promise<string[]> {
    const { rows } = await pool.query<{ name: string }>(grown, [tables])
    for (const { name } of rows) await pool.query(`ANALYZE ${name}`)
    return rows.map((row) => row.name)
  }
  function look(): Promise<string[]> {
    looking ??= analyse()
      .catch((error: Error) => {
        options.log.debug('Statistics were not refreshed', { operation: 'statistics', error: error.message })
        return []
      })
      .finally(() => {
        looking = undefined
      })
    return looking
  }
  const timer = setInterval(() => void look(), options.everyMs ?? everyMs)
  timer.unref()
  return {
    look,
    async stop() {
      clearInterval(timer)
      await looking
      await pool.end()
    },
  }
}
