/** Leads in the database. */
import { cursorOf, placeOf } from '../kernel/cursor.ts'
import { notFound } from '../kernel/errors.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { LeadStatus, Urgency } from './rules.ts'

export interface LeadRow {
  id: string
  status: LeadStatus
  urgency_level: Urgency
  origin: string
  contact_id: string
  contact_name: string | null
  contact_phone: string | null
  conversation_id: string
  call_id: string | null
  assignee_id: string | null
  assignee_name: string | null
  customer_name: string | null
  customer_phone: string | null
  customer_email: string | null
  customer_address: string | null
  latitude: number | null
  longitude: number | null
  problem_description: string | null
  job_type: string | null
  estimated_value: string | null
  conversion_value: string | null
  status_notes: string | null
  lost_reason: string | null
  ai_analysis: Record<string, unknown> | null
  appointment_id: string | null
  appointment_at: Date | null
  appointment_status: 'pending' | 'confirmed' | 'completed' | 'cancelled' | 'no_show' | null
  joined_into: string | null
  joined_ids: string[]
  created_at: Date
  updated_at: Date
}

export const leadColumns = `l.id, l.status, l.urgency_level, l.origin, l.contact_id, k.name AS contact_name, k.phone AS contact_phone,
  l.conversation_id, l.call_id, l.assignee_id, nullif(trim(concat(p.first_name, ' ', p.last_name)), '') AS assignee_name,
  l.customer_name, l.customer_phone, l.customer_email, l.customer_address, l.latitude, l.longitude, l.problem_description, l.job_type,
  l.estimated_value, l.conversion_value, l.status_notes, l.lost_reason, l.ai_analysis, l.appointment_id, b.starts_at AS appointment_at,
  b.status AS appointment_status, l.joined_into,
  ARRAY(SELECT j.id FROM leads j WHERE j.tenant_id = l.tenant_id AND j.joined_into = l.id ORDER BY j.id) AS joined_ids,
  l.created_at, l.updated_at`
const joins = `JOIN contacts k ON k.tenant_id = l.tenant_id AND k.id = l.contact_id
  LEFT JOIN user_profiles p ON p.tenant_id = l.tenant_id AND p.user_id = l.assignee_id
  LEFT JOIN bookings b ON b.tenant_id = l.tenant_id AND b.id = l.appointment_id`

export async function requireLead(tx: Tx, id: string, lock: '' | 'FOR NO KEY UPDATE OF l' = ''): Promise<LeadRow> {
  const { rows } = await tx.query<LeadRow>(
    `SELECT ${leadColumns} FROM leads l ${joins} WHERE l.tenant_id = $1 AND l.id = $2 ${lock}`,
    [tx.tenantId, id],
  )
  if (!rows[0]) throw notFound('The lead')
  return rows[0]
}

export interface LeadFilter {
  status: LeadStatus | 'open' | 'all'
  urgency?: string
  assignee: 'none' | 'any' | { is: string }
  contactId?: string
  q?: string
  cursor?: string
  limit: number
}

/** Leads that one question for a text goes through, newest first: the page may be short then and have a `next`. */
const looked = 5000

export async function listLeads(tx: Tx, filter: LeadFilter): Promise<{ rows: LeadRow[]; next: string | null }> {
  const values: unknown[] = [tx.tenantId]
  const where = conditionsOf(filter, values)
  if (filter.cursor !== undefined) {
    const { at, id } = placeOf(filter.cursor)
    where.push(
      `(l.created_at, l.id) < ('epoch'::timestamptz + $${values.push(at)}::bigint * interval '1 microsecond', $${values.push(id)}::uuid)`,
    )
  }
  const scanned = `SELECT l.* FROM leads l WHERE ${where.join(' AND ')} ORDER BY l.created_at DESC, l.id DESC`
  const columns = `${leadColumns}, (extract(epoch FROM l.created_at) * 1000000)::bigint::text AS at`
  if (filter.q === undefined) {
    const { rows } = await tx.query<LeadRow & { at: string }>(
      `SELECT ${columns} FROM (${scanned} LIMIT $${values.push(filter.limit + 1)}) l ${joins} ORDER BY l.created_at DESC, l.id DESC`,
      values,
    )
    return pageOf(rows, filter.limit, rows.length > filter.limit)
  }
  const pattern = `%${filter.q.replace(/[\\%_]/g, '\\$&')}%`
  const { rows } = await tx.query<LeadRow & { at: string; last: string | null }>(
    `WITH s AS MATERIALIZED (${scanned} LIMIT ${looked}),
       found AS (SELECT l.* FROM s l JOIN contacts k ON k.tenant_id = l.tenant_id AND k.id = l.contact_id
         WHERE concat_ws(E'\\n', l.customer_name, l.customer_phone, l.customer_address, l.problem_description, l.status_notes, k.name, k.phone)
               ILIKE $${values.push(pattern)} ORDER BY l.created_at DESC, l.id DESC LIMIT $${values.push(filter.limit + 1)})
     SELECT ${columns}, (SELECT CASE WHEN count(*) = ${looked} THEN (SELECT (extract(epoch FROM z.created_at) * 1000000)::bigint || ' ' || z.id
       FROM s z ORDER BY z.created_at, z.id LIMIT 1) END FROM s) AS last
       FROM (SELECT 1) one LEFT JOIN found l ON true ${joins.replace('JOIN contacts', 'LEFT JOIN contacts')} ORDER BY l.created_at DESC, l.id DESC`,
    values,
  )
  const found = rows.filter((row) => row.id !== null)
  const page = pageOf(found, filter.limit, found.length > filter.limit)
  const last = rows[0]?.last
  return page.next === null && last ? { ...page, next: Buffer.from(last).toString('base64url') } : page
}

function conditionsOf(filter: Omit<LeadFilter, 'limit'>, values: unknown[]): string[] {
  const where = ['l.tenant_id = $1', 'l.joined_into IS NULL']
  if (filter.status === 'open') where.push(`l.status IN ('new', 'qualified', 'appointment_scheduled')`)
  else if (filter.status !== 'all') where.push(`l.status = $${values.push(filter.status)}`)
  if (filter.urgency) where.push(`l.urgency_level = $${values.push(filter.urgency)}`)
  if (filter.assignee === 'none') where.push('l.assignee_id IS NULL')
  else if (filter.assignee !== 'any') where.push(`l.assignee_id = $${values.push(filter.assignee.is)}`)
  if (filter.contactId) where.push(`l.contact_id = $${values.push(filter.contactId)}`)
  return where
}

function pageOf(rows: (LeadRow & { at: string })[], limit: number, more: boolean) {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return { rows: page, next: more && last ? cursorOf(last) : null }
}

export interface SumRow {
  status: LeadStatus
  count: number
  estimated: number
  conversion: number
}

/** Added up to the cent; a lead that became part of another counts as that one. */
export async function sumLeads(tx: Tx, filter: Omit<LeadFilter, 'limit' | 'cursor' | 'q'>): Promise<SumRow[]> {
  const values: unknown[] = [tx.tenantId]
  const { rows } = await tx.query<SumRow>(
    `SELECT l.status, count(*)::integer AS count, coalesce(sum(l.estimated_value), 0)::float8 AS estimated,
            coalesce(sum(l.conversion_value), 0)::float8 AS conversion
       FROM leads l WHERE ${conditionsOf(filter, values).join(' AND ')} GROUP BY l.status`,
    values,
  )
  return rows
}

export interface AreaRow {
  latitude: number | null
  longitude: number | null
  radius: number
  unit: string | null
}
export async function serviceArea(tx: Tx): Promise<AreaRow | undefined> {
  const { rows } = await tx.query<AreaRow>(
    `SELECT business_latitude::float8 AS latitude, business_longitude::float8 AS longitude, service_area_radius AS radius,
            settings ->> 'distanceUnit' AS unit FROM tenants WHERE id = $1`,
    [tx.tenantId],
  )
  return rows[0]
}
