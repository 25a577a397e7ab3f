/**
 * The months of the partitioned tables: made ahead, and made late where rows already wait in the DEFAULT partition. The steps
 * are functions of the database (migrations/015_month_partitions.sql); here is their order. Works as the owner of the tables.
 */
import type { Client } from './pool.ts'

type Queryable = Pick<Client, 'query'>

export interface PartitionReport {
  parent: string
  /** Partitions that were made. */
  made: string[]
  /** Rows that were moved out of the DEFAULT partition. */
  moved: number
}

/** Pages of 8 kB that one transaction of a drain copies: some thousand rows, well under a second. */
const pagesAtOnce = 256

export interface PartitionOptions {
  now?: Date
  /** How far a drain is, in pages of the DEFAULT partition. */
  onProgress?: (state: { parent: string; done: number; total: number }) => void
  signal?: AbortSignal
}

export async function partitionedTables(client: Queryable): Promise<string[]> {
  const { rows } = await client.query<{ parent: string }>(
    `SELECT parent FROM parley.partition_rules WHERE to_regclass('parley.' || quote_ident(parent || '_default')) IS NOT NULL ORDER BY 1`,
  )
  return rows.map((row) => row.parent)
}

/** Brings the months of one table in order. Repeatable; killed anywhere it loses nothing. */
export async function maintainPartitions(
  client: Queryable,
  parent: string,
  options: PartitionOptions = {},
): Promise<PartitionReport> {
  const now = options.now ?? new Date()
  const { rows: sizes } = await client.query<{ small: boolean }>('SELECT parley.default_is_small($1) AS small', [parent])
  const drained = sizes[0]?.small ? { made: [], moved: 0 } : await drain(client, parent, { ...options, now })
  const { rows } = await client.query<{ partition_name: string; moved: number }>(
    'SELECT partition_name, moved FROM parley.maintain_month_partitions($1, $2)',
    [parent, now],
  )
  return {
    parent,
    made: [...drained.made, ...rows.map((row) => row.partition_name)],
    moved: rows.reduce((sum, row) => sum + Number(row.moved), drained.moved),
  }
}

/** A large DEFAULT partition: copied beside while everything goes on, then exchanged under one short lock. */
async function drain(
  client: Queryable,
  parent: string,
  options: PartitionOptions & { now: Date },
): Promise<{ made: string[]; moved: number }> {
  const state = await value<string>(client, 'SELECT parley.drain_state($1) AS value', [parent])
  if (state === 'stale') await client.query('SELECT parley.abandon_drain($1)', [parent])
  if (state !== 'copying') await client.query('SELECT parley.begin_drain($1, $2)', [parent, options.now])
  await copy(client, parent, options)
  await client.query('SELECT parley.add_drain_keys($1)', [parent])
  await client.query('SELECT parley.check_drain_keys($1)', [parent])
  const { rows: tables } = await client.query<{ name: string }>('SELECT parley.drain_tables($1) AS name', [parent])
  // Plans for the new partitions are made from their first moment on.
  for (const { name } of tables) await client.query(`ANALYZE parley.${name}`)
  const { rows } = await client.query<{ rows_here: number; rows_beside: number; equal: boolean }>(
    'SELECT * FROM parley.compare_drain($1)',
    [parent],
  )
  const found = rows[0]
  if (!found?.equal) {
    await client.query('SELECT parley.abandon_drain($1)', [parent])
    throw new Error(
      `The copies of ${parent}_default differ from it (${found?.rows_here} rows, ${found?.rows_beside} beside). They were thrown away; nothing was changed.`,
    )
  }
  const { rows: made } = await client.query<{ name: string }>('SELECT parley.finish_drain($1) AS name', [parent])
  return { made: made.map((row) => row.name), moved: Number(found.rows_here) }
}

async function copy(client: Queryable, parent: string, options: PartitionOptions): Promise<void> {
  // Rows that come later are carried over by the trigger.
  const total = await value<number>(
    client,
    `SELECT ceil(pg_relation_size(('parley.' || quote_ident($1 || '_default'))::regclass) / 8192.0)::int AS value`,
    [parent],
  )
  for (let page = 0; page < total; page += pagesAtOnce) {
    options.signal?.throwIfAborted()
    await client.query('SELECT parley.copy_drain($1, $2, $3)', [parent, page, Math.min(page + pagesAtOnce, total)])
    options.onProgress?.({ parent, done: Math.min(page + pagesAtOnce, total), total })
  }
}

async function value<T>(client: Queryable, sql: string, values: unknown[]): Promise<T> {
  const { rows } = await client.query<{ value: T }>(sql, values)
  return (rows[0] as { value: T }).value
}
