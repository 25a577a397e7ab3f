/** The reports' SQL: functions of the database (migrations/018_what_is_reported.sql), by their names. */
import type { Client } from '../platform/db/pool.ts'
import { type Database, inTransaction } from '../platform/db/tx.ts'

/** A transaction of a business, or a connection of nobody's for what is asked of all. */
type Asking = Pick<Client, 'query'>

export type Row = Record<string, unknown>
export interface Stretch {
  from: Date
  to: Date
}
export interface PageWish {
  limit: number
  /** The last row's time and id. */
  after: [time: string, id: string] | null
}

const rowsOf = async (on: Asking, sql: string, values: unknown[] = []): Promise<Row[]> =>
  (await on.query<Row>(sql, values)).rows

/** `place` is where the next page begins: the time to the microsecond. */
export const activeConversations = (on: Asking, tenantId: string, { limit, after }: PageWish) =>
  rowsOf(
    on,
    `SELECT *, last_message_at::text || '|' || id AS place
       FROM parley.report_active_conversations($1, $2, coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))`,
    [tenantId, limit, after?.[0] ?? null, after?.[1] ?? null],
  )

export const newestMessages = (on: Asking, tenantId: string, { limit, after }: PageWish) =>
  rowsOf(
    on,
    `SELECT *, last_message_at::text || '|' || conversation_id AS place
       FROM parley.report_newest_messages($1, $2, coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))`,
    [tenantId, limit, after?.[0] ?? null, after?.[1] ?? null],
  )

export const delivery = (on: Asking, tenantId: string, { from, to }: Stretch) =>
  rowsOf(on, 'SELECT * FROM parley.report_delivery($1, $2, $3)', [tenantId, from, to])
export const statuses = (on: Asking, tenantId: string, { from, to }: Stretch) =>
  rowsOf(on, 'SELECT * FROM parley.report_statuses($1, $2, $3)', [tenantId, from, to])
/** `now` decides which day is the last. */
export const volume = (on: Asking, tenantId: string, days: number, now: Date = new Date()) =>
  rowsOf(on, 'SELECT day::text AS date, inbound, outbound, total FROM parley.report_volume($1, $2, $3)', [tenantId, days, now])

/** Which days are meant: so many where the first is not named, until today where the last is not, and at most a year. */
export async function funnelDays(
  on: Asking,
  tenantId: string,
  given: { from?: string | undefined; to?: string | undefined; days?: number },
  now: Date,
) {
  const [row] = await rowsOf(
    on,
    `WITH z AS (SELECT coalesce((SELECT b.timezone FROM business_settings b WHERE b.tenant_id = $1),
                                (SELECT t.settings ->> 'timezone' FROM tenants t WHERE t.id = $1), 'UTC') AS zone),
       d AS (SELECT zone, coalesce($3::date, ($4::timestamptz AT TIME ZONE zone)::date) AS last FROM z)
     SELECT zone, greatest(coalesce($2::date, last - ($5::integer - 1)), last - 365)::text AS "from", last::text AS "to" FROM d`,
    [tenantId, given.from ?? null, given.to ?? null, now, given.days ?? 30],
  )
  return row as { zone: string; from: string; to: string }
}
export const funnel = (on: Asking, tenantId: string, from: string, to: string) =>
  rowsOf(on, 'SELECT *, day::text AS date FROM parley.report_funnel($1, $2, $3)', [tenantId, from, to])
export const lostLeads = (on: Asking, tenantId: string, from: string, to: string) =>
  rowsOf(on, 'SELECT * FROM parley.report_lost_leads($1, $2, $3)', [tenantId, from, to])

export const activeCampaigns = (on: Asking, tenantId: string) =>
  rowsOf(on, 'SELECT * FROM parley.report_active_campaigns($1)', [tenantId])
export const automations = (on: Asking, tenantId: string) =>
  rowsOf(on, 'SELECT * FROM parley.report_automations($1)', [tenantId])

// Of all businesses together, for those who run the server.

export const deliveryByTenant = (on: Asking, { from, to }: Stretch) =>
  rowsOf(on, 'SELECT * FROM parley.report_delivery_by_tenant($1, $2)', [from, to])
export const statusesOfAll = (on: Asking, { from, to }: Stretch) =>
  rowsOf(on, 'SELECT * FROM parley.report_statuses_of_all($1, $2)', [from, to])
export const volumeOfAll = (on: Asking, days: number, now: Date = new Date()) =>
  rowsOf(on, 'SELECT day::text AS date, inbound, outbound, total FROM parley.report_volume_of_all($1, $2)', [days, now])

export const tableSizes = (on: Asking) =>
  rowsOf(
    on,
    'SELECT table_name AS "table", estimated_rows, total_bytes, index_bytes, partitions, last_analyzed FROM parley.get_database_stats()',
  )
export const indexUsage = (on: Asking) =>
  rowsOf(on, 'SELECT table_name AS "table", index_name AS "index", scans, rows_read, bytes FROM parley.report_index_usage()')
/** Where the page after this one begins: a conversation that has no message any more is in no row, and counts as looked at. */
export async function afterNewestMessages(on: Asking, tenantId: string, { limit, after }: PageWish): Promise<string | null> {
  const [last] = await rowsOf(
    on,
    `SELECT n.last_message_at::text || '|' || n.id AS place
       FROM parley.newest_conversations($1, ARRAY['open', 'closed', 'archived'], $2, coalesce($3::timestamptz, 'infinity'), coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')) n
      ORDER BY n.last_message_at DESC, n.id DESC OFFSET $2 - 1`,
    [tenantId, limit, after?.[0] ?? null, after?.[1] ?? null],
  )
  return (last?.place as string | undefined) ?? null
}

/** As the login that this server has, and not as what it works as: a login sees what its own connections do. */
export const connections = (db: Database) =>
  inTransaction(db, async (client) => {
    await client.query('SET LOCAL ROLE NONE')
    return await rowsOf(
      client,
      'SELECT pid, usename AS "user", application_name AS application, state, state_change AS since FROM parley.report_connections()',
    )
  })
