/** The database's side of seeding: what may be done to it, the bulk of the rows, and whether they are what was meant. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { columns, type Sheets, type Table, tables } from './sheets.ts'

export const connectionName = 'parley-seed'

export interface Ground {
  /** May leave foreign keys unchecked while it writes. */
  superuser: boolean
  /** No rows yet, and nobody else works in this database: indexes may be taken away and made anew at the end. */
  alone: boolean
  /** The folder of the database's files, where it may be known. */
  folder: string | null
}

export async function lookAround(client: pg.Client): Promise<Ground> {
  const { rows } = await client.query<{ superuser: boolean; empty: boolean }>(
    `SELECT rolsuper AS superuser, NOT EXISTS (SELECT FROM pg_class c CROSS JOIN LATERAL pg_relation_size(c.oid) AS size
              WHERE c.relnamespace = 'parley'::regnamespace AND c.relkind = 'r' AND size > 0
                AND c.relname ~ '^(messages_.*|message_tracking|conversations|contacts)$') AS empty
       FROM pg_roles WHERE rolname = current_user`,
  )
  const { superuser, empty } = rows[0] as { superuser: boolean; empty: boolean }
  const { rows: folders } = superuser ? await client.query<{ data_directory: string }>('SHOW data_directory') : { rows: [] }
  return { superuser, alone: empty && !(await othersHere(client)), folder: folders[0]?.data_directory ?? null }
}

/** A connection that was closed a moment ago may still be leaving. */
async function othersHere(client: pg.Client): Promise<boolean> {
  for (let tries = 0; tries < 10; tries++) {
    const { rowCount } = await client.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND application_name <> $1`,
      [connectionName],
    )
    if (!rowCount) return false
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return true
}

/** Months of everything that is partitioned, so that no row goes to a DEFAULT partition. */
export async function makeMonths(client: pg.Client, from: number, to: number): Promise<void> {
  const months: string[] = []
  for (let at = new Date(from); at.getTime() <= to; at = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1)))
    months.push(at.toISOString().slice(0, 10))
  for (const parent of ['messages', 'message_search'])
    await client.query('SELECT parley.create_month_partitions($1, $2::date[])', [parent, months])
}

/** Takes away what slows down writing many rows into empty tables; the returned function brings all of it back and checks it. */
export async function stripTables(client: pg.Client, ground: Ground): Promise<() => Promise<void>> {
  const { rows: keys } = await client.query<{ name: string; owner: string; definition: string }>(
    `SELECT conname AS name, conrelid::regclass::text AS owner, pg_get_constraintdef(oid) AS definition FROM pg_constraint
      WHERE contype = 'f' AND conparentid = 0 AND conrelid = ANY (SELECT ('parley.' || t)::regclass FROM unnest($1::text[]) AS t)`,
    [tables],
  )
  const { rows: indexes } = await client.query<{ name: string; definition: string }>(
    `SELECT i.indexrelid::regclass::text AS name, replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ') AS definition FROM pg_index i
      WHERE i.indrelid IN ('parley.messages'::regclass, 'parley.message_tracking'::regclass) AND NOT i.indisprimary`,
  )
  const force = async (word: string) => {
    if (!ground.superuser)
      for (const table of tables) await client.query(`ALTER TABLE parley.${table} ${word} FORCE ROW LEVEL SECURITY`)
  }
  // COPY is refused where row-level security binds; here it does not bind the owner until the end of the transaction.
  await force('NO')
  for (const { owner, name } of keys) await client.query(`ALTER TABLE ${owner} DROP CONSTRAINT ${name}`)
  for (const { name } of indexes) await client.query(`DROP INDEX ${name}`)
  return async () => {
    await client.query(`SET LOCAL maintenance_work_mem = '512MB'`)
    for (const { definition } of indexes) await client.query(definition)
    for (const { owner, name, definition } of keys)
      await client.query(`ALTER TABLE ${owner} ADD CONSTRAINT ${name} ${definition}`)
    await force('')
  }
}

export async function copyAll(client: pg.Client, rows: ReturnType<Sheets['take']>): Promise<void> {
  for (const table of tables) {
    const pieces = rows.get(table)
    if (pieces) await pipeline(Readable.from(pieces), client.query(copyFrom(copyCommand(table))))
  }
}

const copyCommand = (table: Table): string => `COPY parley.${table} (${columns[table].replaceAll(/\s+/g, ' ')}) FROM STDIN`

export async function settleTables(client: pg.Client): Promise<void> {
  for (const table of tables) await client.query(`VACUUM (ANALYZE) parley.${table}`)
}

/** What is not as it was meant to be, in words; empty: all is. Everything is read once: no plan may look rows up one by one. */
export async function findFaults(client: pg.Client, tenantId: string, messages: number): Promise<string[]> {
  await client.query(
    `BEGIN; SET LOCAL ROLE parley_app; SET LOCAL parley.tenant_id = '${tenantId}'; SET LOCAL work_mem = '256MB'`,
  )
  try {
    const { rows } = await client.query<Record<string, number>>(
      `WITH m AS MATERIALIZED (
         SELECT conversation_id, count(*) AS n, count(*) FILTER (WHERE direction = 'outbound') AS ours, max(seq) AS last, max(created_at) AS at
           FROM parley.messages WHERE tenant_id = $1 GROUP BY 1),
       t AS (SELECT count(*) AS n FROM parley.message_tracking WHERE tenant_id = $1)
       SELECT (SELECT coalesce(sum(n), 0) FROM m)::bigint AS messages, (SELECT n FROM t) AS ledger,
              (SELECT count(*) FROM parley.conversations c WHERE c.tenant_id = $1) - (SELECT count(*) FROM m) AS empty,
              (SELECT count(*) FROM m LEFT JOIN parley.conversations c ON c.tenant_id = $1 AND c.id = m.conversation_id
                WHERE (c.message_count, c.last_seq, c.last_message_at, c.human_message_count) IS DISTINCT FROM (m.n, m.last, m.at, m.ours)
                   OR m.last <> m.n)::bigint AS differing,
              (SELECT count(*) FROM parley.messages_default WHERE tenant_id = $1) AS unsorted`,
      [tenantId],
    )
    const found = rows[0] as Record<string, number>
    const faults: string[] = []
    if (Number(found.messages) !== messages) faults.push(`${found.messages} messages are there, ${messages} were written`)
    if (Number(found.ledger) !== messages) faults.push(`the ledger has ${found.ledger} of ${messages} messages`)
    if (Number(found.empty) !== 0) faults.push(`${found.empty} conversations without a message, or the other way round`)
    if (Number(found.differing) !== 0) faults.push(`${found.differing} conversations count otherwise than their messages`)
    if (Number(found.unsorted) !== 0) faults.push(`${found.unsorted} messages are in no month's partition`)
    return faults
  } finally {
    await client.query('ROLLBACK')
  }
}
