/** A page of calls, newest first, and the story of one. */
import { cursorOf, placeOf } from '../kernel/cursor.ts'
import type { Tx } from '../platform/db/tx.ts'
import { type CallRow, callColumns } from './store.ts'
import type { StoryLine } from './story-steps.ts'

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
    next: rows.length > filter.limit && last ? cursorOf(last) : null,
  }
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
  estimated_value: string | null
  conversion_value: string | null
  lost_reason: string | null
  created_at: Date
}

export interface StoryRows {
  conversation: { id: string; status: string; control: string } | undefined
  lead: LeadRow | undefined
  text: { message_id: string; content: string | null; status: string; error_text: string | null; created_at: Date } | undefined
  lines: StoryLine[]
  others: ShownCall[]
}

/** Lines that a story is made of; what comes later is in the conversation. */
const mostLines = 500

/** What was said and done since the call, in its conversation and those that its lead went on in. */
async function storyLines(tx: Tx, call: ShownCall): Promise<StoryLine[]> {
  if (call.conversation_id === null) return []
  const { rows } = await tx.query<StoryLine>(
    `SELECT m.id, m.conversation_id, m.type, m.sender, nullif(trim(concat(p.first_name, ' ', p.last_name)), '') AS author_name,
            m.content, CASE WHEN m.type = 'activity' THEN m.body END AS body, m.created_at
       FROM (SELECT id FROM conversations WHERE tenant_id = $1 AND id = $2
             UNION SELECT id FROM conversations WHERE tenant_id = $1 AND lead_id = $3) c
       JOIN messages m ON m.tenant_id = $1 AND m.conversation_id = c.id AND m.created_at >= $4
       LEFT JOIN user_profiles p ON p.tenant_id = m.tenant_id AND p.user_id = m.author_id
      WHERE m.type NOT IN ('note', 'reaction', 'edit', 'revoke', 'system') AND m.id IS DISTINCT FROM $5
      ORDER BY m.created_at, m.seq LIMIT ${mostLines}`,
    [tx.tenantId, call.conversation_id, call.lead_id, call.start_time, call.text_message_id],
  )
  return rows
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
              estimated_value, conversion_value, lost_reason, created_at FROM leads WHERE tenant_id = $1 AND id = $2`,
      call.lead_id,
    ),
    text: await one(
      `SELECT t.id AS message_id, m.content, t.status, t.error_text, t.created_at FROM message_tracking t
         LEFT JOIN messages m ON m.tenant_id = t.tenant_id AND m.id = t.id AND m.created_at = t.created_at
        WHERE t.tenant_id = $1 AND t.id = $2`,
      call.text_message_id,
    ),
    lines: await storyLines(tx, call),
    others: call.contact_id === null ? [] : others,
  }
}
