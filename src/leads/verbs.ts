/** What can be done with a lead, each in one transaction, with an event. */
import { appendEvent } from '../conversations/feed.ts'
import { addInternal } from '../conversations/internal-lines.ts'
import { notFound, ParleyError } from '../kernel/errors.ts'
import { cleanText } from '../kernel/text.ts'
import type { Tx } from '../platform/db/tx.ts'
import { isMoreUrgent, isOpen, type LeadStatus, requireStep, type Urgency } from './rules.ts'
import type { PatchLead } from './schema.ts'
import { type LeadRow, requireLead } from './store.ts'

/** Field of the API → column. What people write in one of the first is theirs: the assistant leaves it. */
const columns = {
  problem: 'problem_description',
  jobType: 'job_type',
  address: 'customer_address',
  urgency: 'urgency_level',
  name: 'customer_name',
  email: 'customer_email',
  estimatedValue: 'estimated_value',
  conversionValue: 'conversion_value',
  notes: 'status_notes',
  lostReason: 'lost_reason',
  assigneeId: 'assignee_id',
  status: 'status',
} as const satisfies Partial<Record<keyof PatchLead, string>>
const learned = new Set(['problem', 'jobType', 'address', 'urgency', 'place'])

/** Who changes it, and the person where it is one. */
export interface Changer {
  label: string
  userId?: string | undefined
}

/** What is not named stays. */
export async function changeLead(tx: Tx, by: Changer, id: string, patch: PatchLead): Promise<void> {
  const actor = by.label
  if (patch.status !== undefined) await lockConversationOf(tx, id)
  const before = await requireUnjoined(tx, id)
  if (patch.status !== undefined) requireStep(before.status, patch.status, patch.lostReason ?? before.lost_reason)
  if (before.status === 'lost' && (patch.status ?? 'lost') === 'lost' && patch.lostReason === null)
    requireStep('lost', 'lost', null)
  if (patch.assigneeId) await requireColleague(tx, patch.assigneeId)
  const values: unknown[] = [tx.tenantId, id]
  const sets: string[] = []
  for (const [field, column] of Object.entries(columns)) {
    const value = patch[field as keyof typeof columns]
    if (value !== undefined)
      sets.push(`${column} = $${values.push(typeof value === 'string' ? cleanText(value) || null : value)}`)
  }
  if (patch.place !== undefined)
    sets.push(
      `latitude = $${values.push(patch.place?.latitude ?? null)}, longitude = $${values.push(patch.place?.longitude ?? null)}`,
    )
  const fields = Object.keys(patch)
  if (sets.length === 0) return
  if (patch.status !== undefined && patch.status !== 'lost') sets.push(`reached = $${values.push(patch.status)}`)
  const own = fields.filter((field) => learned.has(field))
  sets.push(`edited = ARRAY(SELECT DISTINCT e FROM unnest(edited || $${values.push(own)}::text[]) e ORDER BY e)`)
  await onlyOneOpen(tx.query(`UPDATE leads SET ${sets.join(', ')} WHERE tenant_id = $1 AND id = $2`, values))
  const moved = patch.status !== undefined && patch.status !== before.status
  await appendEvent(tx, {
    ...{ type: 'lead.updated', actor, conversationId: before.conversation_id },
    data: { leadId: id, fields, ...(moved ? { from: before.status, to: patch.status } : {}) },
  })
  if (moved)
    await addInternal(tx, {
      ...{ conversationId: before.conversation_id, type: 'activity', text: null },
      body: { event: 'lead_moved', data: { leadId: id, from: before.status, to: patch.status } },
      actor: { label: actor, ...(by.userId ? { userId: by.userId } : {}) },
    })
}

/** Before the lead, as whoever takes in a call or an answer of the assistant does. */
export const lockConversationOf = (tx: Tx, leadId: string) =>
  tx.query(
    `SELECT FROM conversations WHERE tenant_id = $1 AND id = (SELECT conversation_id FROM leads WHERE tenant_id = $1 AND id = $2)
        FOR NO KEY UPDATE`,
    [tx.tenantId, leadId],
  )

/** A contact has one lead that is not at its end. */
async function onlyOneOpen<T>(change: Promise<T>): Promise<T> {
  try {
    return await change
  } catch (error) {
    if ((error as { code?: string; constraint?: string }).constraint !== 'leads_one_open') throw error
    throw new ParleyError('conflict', 'This contact has another lead that is open. Go on there, or join the two.')
  }
}

export async function requireUnjoined(tx: Tx, id: string): Promise<LeadRow> {
  const row = await requireLead(tx, id, 'FOR NO KEY UPDATE OF l')
  if (row.joined_into)
    throw new ParleyError('conflict', 'This lead became part of another one. Change that one, or undo it first.')
  return row
}

async function requireColleague(tx: Tx, userId: string): Promise<void> {
  const { rowCount } = await tx.query('SELECT FROM user_profiles WHERE tenant_id = $1 AND user_id = $2', [tx.tenantId, userId])
  if (!rowCount) throw notFound('The colleague')
}

/** What a lead may take from another where it has nothing itself. */
const taken = [
  ...['customer_name', 'customer_email', 'customer_address', 'problem_description', 'job_type', 'estimated_value'],
  ...['conversion_value', 'status_notes', 'ai_analysis', 'call_id', 'appointment_id', 'assignee_id'],
] as const
/** Of these it is known whether people wrote them: column → field. */
const written = { problem_description: 'problem', job_type: 'jobType', customer_address: 'address' } as const

/** A booking `b` that is still to come, or under way. */
export const isAhead = `b.status IN ('pending', 'confirmed')`
/** The first of those that the lead `l` has itself. */
export const ownAhead = `(SELECT b.id FROM bookings b WHERE b.tenant_id = l.tenant_id AND b.lead_id = l.id AND ${isAhead}
  ORDER BY b.starts_at, b.id LIMIT 1)`

interface Joined {
  status: LeadStatus
  lost_reason: string | null
  /** Of the lead that took it in; absent in what was joined before this was kept. */
  edited?: string[]
  /** Of the lead that took it in: as they were. */
  filled: Record<string, unknown>
  /** Of the lead that took it in, where this one was more urgent. */
  urgency?: Urgency
  conversations: string[]
  calls: string[]
  /** Absent in what was joined before there were any. */
  bookings?: string[]
}

/** Their bookings and conversations, before the leads: in the order in which a booking is changed or a call is taken in. */
async function lockAround(tx: Tx, ids: readonly string[]): Promise<void> {
  const values = [tx.tenantId, ids]
  await tx.query(
    'SELECT FROM bookings WHERE tenant_id = $1 AND lead_id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE',
    values,
  )
  await tx.query(
    `SELECT FROM conversations WHERE tenant_id = $1 AND id IN (
        SELECT id FROM conversations WHERE tenant_id = $1 AND lead_id = ANY ($2::uuid[])
        UNION SELECT conversation_id FROM leads WHERE tenant_id = $1 AND id = ANY ($2::uuid[])) ORDER BY id FOR NO KEY UPDATE`,
    values,
  )
}

/**
 * Two leads of one contact become one: the other's words fill what is missing, its conversations, calls and bookings
 * belong to this one.
 * Nothing is deleted, and it can be undone.
 */
export async function joinLead(tx: Tx, actor: string, id: string, otherId: string): Promise<void> {
  if (id === otherId) throw new ParleyError('invalid_request', 'A lead cannot become part of itself.')
  await lockAround(tx, [id, otherId])
  // In one order, so that two who join the same two do not wait for each other.
  for (const one of [id, otherId].sort()) await requireUnjoined(tx, one)
  const [into, other] = [await requireLead(tx, id), await requireLead(tx, otherId)]
  if (into.contact_id !== other.contact_id) throw new ParleyError('conflict', 'Only leads of the same contact can be joined.')
  if (other.joined_ids.length > 0)
    throw new ParleyError('conflict', 'Other leads became part of that one. Join it the other way round.')
  const { rows } = await tx.query<Record<string, unknown> & { edited: string[] }>(
    `SELECT edited, ${taken.join(', ')} FROM leads WHERE tenant_id = $1 AND id = $2`,
    [tx.tenantId, id],
  )
  const filled = Object.fromEntries(taken.filter((column) => rows[0]?.[column] === null).map((column) => [column, null]))
  const belongs = async (table: 'conversations' | 'calls' | 'bookings') =>
    (
      await tx.query<{ id: string }>(`UPDATE ${table} SET lead_id = $3 WHERE tenant_id = $1 AND lead_id = $2 RETURNING id`, [
        ...[tx.tenantId, otherId, id],
      ])
    ).rows.map((row) => row.id)
  // How urgent it is is for people to say, once they did.
  const urgent = isMoreUrgent(other.urgency_level, into.urgency_level) && !rows[0]?.edited.includes('urgency')
  const joined: Joined = {
    ...{ status: other.status, lost_reason: other.lost_reason, filled, edited: rows[0]?.edited ?? [] },
    ...(urgent ? { urgency: into.urgency_level } : {}),
    ...{ conversations: await belongs('conversations'), calls: await belongs('calls'), bookings: await belongs('bookings') },
  }
  const fills = [...Object.keys(filled), ...(urgent ? ['urgency_level'] : [])].map((column) => `${column} = o.${column}`)
  // Its place is taken by this one: a contact has one lead that is open.
  await tx.query(
    `UPDATE leads SET joined_into = $3, joined = $4, status = CASE WHEN status IN ('completed', 'lost') THEN status ELSE 'lost' END,
            lost_reason = CASE WHEN status IN ('completed', 'lost') THEN lost_reason ELSE 'Joined with another lead.' END
      WHERE tenant_id = $1 AND id = $2`,
    [tx.tenantId, otherId, id, JSON.stringify(joined)],
  )
  if (fills.length > 0)
    await tx.query(
      // What people wrote stays theirs where it goes.
      `UPDATE leads l SET ${fills.join(', ')}, edited = ARRAY(SELECT DISTINCT e FROM unnest(l.edited || o.edited) e
                WHERE e = ANY (l.edited) OR e = ANY ($4) ORDER BY e)
         FROM leads o WHERE l.tenant_id = $1 AND l.id = $2 AND o.tenant_id = l.tenant_id AND o.id = $3`,
      [tx.tenantId, id, otherId, fieldsOf(filled)],
    )
  await appendEvent(tx, {
    type: 'lead.joined',
    actor,
    conversationId: into.conversation_id,
    data: { leadId: id, other: otherId },
  })
}

const fieldsOf = (filled: Record<string, unknown>): string[] =>
  Object.entries(written).flatMap(([column, field]) => (column in filled ? [field] : []))

/** Whether field `e` holds something else than what was filled in. */
const keptOf = (given: readonly string[]): string =>
  Object.entries(written)
    .filter(([column]) => given.includes(column))
    .map(([column, field]) => `(e = '${field}' AND l.${column} IS DISTINCT FROM o.${column})`)
    .join(' OR ') || 'false'

/** As both were; what was written meanwhile in what had been filled stays. */
export async function separateLead(tx: Tx, actor: string, id: string): Promise<string> {
  const joinedInto = (await requireLead(tx, id)).joined_into
  await lockAround(tx, joinedInto ? [id, joinedInto] : [id])
  const other = await requireLead(tx, id, 'FOR NO KEY UPDATE OF l')
  if (!other.joined_into) throw new ParleyError('conflict', 'This lead is no part of another one.')
  const into = other.joined_into
  await requireLead(tx, into, 'FOR NO KEY UPDATE OF l')
  const { rows } = await tx.query<{ joined: Joined }>('SELECT joined FROM leads WHERE tenant_id = $1 AND id = $2', [
    tx.tenantId,
    id,
  ])
  const { status, lost_reason, filled, urgency, conversations, calls, bookings, edited } = (rows[0] as { joined: Joined })
    .joined
  const given = taken.filter((column) => column in filled)
  // Before the words are taken back, which tells what was written since.
  if (edited)
    await tx.query(
      `UPDATE leads l SET edited = ARRAY(SELECT e FROM unnest(l.edited) e WHERE e <> ALL ($4) OR ${keptOf(given)} ORDER BY e)
         FROM leads o WHERE l.tenant_id = $1 AND l.id = $2 AND o.tenant_id = l.tenant_id AND o.id = $3`,
      [tx.tenantId, into, id, fieldsOf(filled).filter((field) => !edited.includes(field))],
    )
  if (given.length > 0)
    await tx.query(
      `UPDATE leads l SET ${given.map((column) => `${column} = CASE WHEN l.${column} IS NOT DISTINCT FROM o.${column} THEN NULL ELSE l.${column} END`).join(', ')}
         FROM leads o WHERE l.tenant_id = $1 AND l.id = $2 AND o.tenant_id = l.tenant_id AND o.id = $3`,
      [tx.tenantId, into, id],
    )
  if (urgency)
    await tx.query(
      `UPDATE leads l SET urgency_level = $4 FROM leads o
        WHERE l.tenant_id = $1 AND l.id = $2 AND o.tenant_id = l.tenant_id AND o.id = $3 AND l.urgency_level = o.urgency_level`,
      [tx.tenantId, into, id, urgency],
    )
  for (const [table, ids] of [
    ['conversations', conversations],
    ['calls', calls],
    ['bookings', bookings ?? []],
  ] as const)
    await tx.query(`UPDATE ${table} SET lead_id = $3 WHERE tenant_id = $1 AND id = ANY ($2) AND lead_id = $4`, [
      ...[tx.tenantId, ids, id, into],
    ])
  // What is the other's is no appointment of this one, whoever cancelled and booked what meanwhile.
  await tx.query(
    `UPDATE leads l SET appointment_id = ${ownAhead} WHERE l.tenant_id = $1 AND l.id = ANY ($2::uuid[])
        AND NOT EXISTS (SELECT FROM bookings b WHERE b.tenant_id = $1 AND b.id = l.appointment_id AND b.lead_id = l.id)`,
    [tx.tenantId, [id, into]],
  )
  await onlyOneOpen(
    tx.query(
      'UPDATE leads SET joined_into = NULL, joined = NULL, status = $3, lost_reason = $4 WHERE tenant_id = $1 AND id = $2',
      [...[tx.tenantId, id, status, isOpen(status) ? null : lost_reason]],
    ),
  )
  await appendEvent(tx, {
    type: 'lead.separated',
    actor,
    conversationId: other.conversation_id,
    data: { leadId: into, other: id },
  })
  return into
}
