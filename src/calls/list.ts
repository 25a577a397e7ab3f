/** A page of calls, newest first, and the story of one. */
import { ParleyError } from '../kernel/errors.ts'
import { isUuid } from '../kernel/ids.ts'
import type { Tx } from '../platform/db/tx.ts'
import { type CallRow, callColumns } from './store.ts'

export interface CallFilter {
  status?: string
  outcome?: string
  contactId?: string
  cursor?: string
  limit: number
}

export interface ShownCall extends CallRow {
  contact_name: string | null
}

/** Microseconds since 1970, as the column has them. */
interface Place {
  at: string
  id: string
}

const shown = `${callColumns
  .split(/,\s*/)
  .map((column) => `c.${column}`)
  .join(', ')}, k.name AS contact_name, (extract(epoch FROM c.start_time) * 1000000)::bigint::text AS at`
const joined = 'calls c LEFT JOIN contacts k ON k.tenant_id = c.tenant_id AND k.id = c.contact_id'

export async function listCalls(tx: Tx, filter: CallFilter): Promise<{ rows: ShownCall[]; next: string | null }> {
  const values: unknown[] = [tx.tenantId, filter.limit + 1]
  const conditions = ['c.tenant_id = $1']
  for (const [column, value] of [
    ['status', filter.status],
    ['outcome', filter.outcome],
    ['contact_id', filter.contactId],
  ] as const)
    if (value !== undefined) conditions.push(`c.${column} = $${values.push(value)}`)
  if (filter.cursor !== undefined) {
    const { at, id } = placeOf(filter.cursor)
    conditions.push(
      `(c.start_time, c.id) < ('epoch'::timestamptz + $${values.push(at)}::bigint * interval '1 microsecond', $${values.push(id)}::uuid)`,
    )
  }
  const { rows } = await tx.query<ShownCall & { at: string }>(
    `SELECT ${shown} FROM ${joined} WHERE ${conditions.join(' AND ')} ORDER BY c.start_time DESC, c.id DESC LIMIT $2`,
    values,
  )
  const page = rows.slice(0, filter.limit)
  const last = page.at(-1)
  return {
    rows: page,
    next: rows.length > filter.limit && last ? Buffer.from(`${last.at} ${last.id}`).toString('base64url') : null,
  }
}

function placeOf(cursor: string): Place {
  const [at = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split(' ')
  if (!/^\d{1,17}$/.test(at) || !isUuid(id))
    throw new ParleyError('malformed_cursor', 'The cursor is not one that this server gave.')
  return { at, id }
}

export async function findCall(tx: Tx, id: string): Promise<ShownCall | undefined> {
  const { rows } = await tx.query<ShownCall>(`SELECT ${shown} FROM ${joined} WHERE c.tenant_id = $1 AND c.id = $2`, [
    tx.tenantId,
    id,
  ])
  return rows[0]
}

export interface LeadRow {
  id: string
  contact_id: string
  conversation_id: string
  call_id: string | null
  origin: string
  customer_phone: string | null
  customer_name: string | null
  problem_description: string | null
  job_type: string | null
  urgency_level: 'low' | 'normal' | 'high' | 'emergency'
  status: 'new' | 'qualified' | 'appointment_scheduled' | 'completed' | 'lost'
  created_at: Date
}

export interface StoryRows {
  conversation: { id: string; status: string; control: string } | undefined
  lead: LeadRow | undefined
  text: { message_id: string; content: string | null; status: string; error_text: string | null; created_at: Date } | undefined
  others: ShownCall[]
}

/** What came of a call. The words of the text may be forgotten while it is known that it went. */
export async function readStory(tx: Tx, call: ShownCall): Promise<StoryRows> {
  const one = async <R extends object>(sql: string, id: string | null): Promise<R | undefined> =>
    id === null ? undefined : (await tx.query<R>(sql, [tx.tenantId, id])).rows[0]
  const { rows: others } = await tx.query<ShownCall>(
    `SELECT ${shown} FROM ${joined} WHERE c.tenant_id = $1 AND c.contact_id = $2 AND c.id <> $3 ORDER BY c.start_time DESC, c.id DESC LIMIT 10`,
    [tx.tenantId, call.contact_id, call.id],
  )
  return {
    conversation: await one(
      'SELECT id, status, control FROM conversations WHERE tenant_id = $1 AND id = $2',
      call.conversation_id,
    ),
    lead: await one(
      `SELECT id, contact_id, conversation_id, call_id, origin, customer_phone, customer_name, problem_description, job_type, urgency_level, status,
              created_at FROM leads WHERE tenant_id = $1 AND id = $2`,
      call.lead_id,
    ),
    text: await one(
      `SELECT t.id AS message_id, m.content, t.status, t.error_text, t.created_at FROM message_tracking t
         LEFT JOIN messages m ON m.tenant_id = t.tenant_id AND m.id = t.id AND m.created_at = t.created_at
        WHERE t.tenant_id = $1 AND t.id = $2`,
      call.text_message_id,
    ),
    others: call.contact_id === null ? [] : others,
  }
}
