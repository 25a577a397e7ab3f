/** Holds and bookings in the database. Whose time they take is in times.ts. */

import { cursorOf, placeOf } from '../kernel/cursor.ts'
import { notFound } from '../kernel/errors.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { BookingSource, BookingStatus } from './rules.ts'
import type { ListBookings, Whom } from './schema.ts'

export interface HoldRow {
  id: string
  staff_id: string
  staff_name: string
  starts_at: Date
  ends_at: Date
  expires_at: Date
  used_at: Date | null
  released_at: Date | null
  booking_id: string | null
  contact_id: string | null
  lead_id: string | null
  conversation_id: string | null
  created_at: Date
}

const holdColumns = `h.id, h.staff_id, s.name AS staff_name, h.starts_at, h.ends_at, h.expires_at, h.used_at, h.released_at, b.id AS booking_id,
  h.contact_id, h.lead_id, h.conversation_id, h.created_at`
const holdJoins = `JOIN staff s ON s.tenant_id = h.tenant_id AND s.id = h.staff_id
  LEFT JOIN bookings b ON b.tenant_id = h.tenant_id AND b.hold_id = h.id`

export async function requireHold(tx: Tx, id: string, lock: '' | 'FOR UPDATE OF h' = ''): Promise<HoldRow> {
  const { rows } = await tx.query<HoldRow>(
    `SELECT ${holdColumns} FROM booking_holds h ${holdJoins} WHERE h.tenant_id = $1 AND h.id = $2 ${lock}`,
    [tx.tenantId, id],
  )
  if (!rows[0]) throw notFound('The hold')
  return rows[0]
}

/** Few at a time: each lives for minutes. */
const mostHeld = 500

export async function liveHolds(tx: Tx, now: Date): Promise<HoldRow[]> {
  const { rows } = await tx.query<HoldRow>(
    `SELECT ${holdColumns} FROM booking_holds h ${holdJoins}
      WHERE h.tenant_id = $1 AND h.expires_at > $2 AND h.used_at IS NULL AND h.released_at IS NULL ORDER BY h.starts_at, h.id LIMIT ${mostHeld}`,
    [tx.tenantId, now],
  )
  return rows
}

export interface BookingRow {
  id: string
  status: BookingStatus
  staff_id: string
  staff_name: string
  contact_id: string | null
  contact_name: string | null
  contact_phone: string | null
  lead_id: string | null
  conversation_id: string | null
  title: string | null
  starts_at: Date
  ends_at: Date
  duration_minutes: number
  cost: number | null
  paid: boolean
  comment: string | null
  client_comment: string | null
  source: BookingSource
  version: number
  created_at: Date
  updated_at: Date
}

const bookingColumns = `b.id, b.status, b.staff_id, s.name AS staff_name, b.contact_id, k.name AS contact_name, k.phone AS contact_phone,
  b.lead_id, b.conversation_id, b.title, b.starts_at, b.ends_at, b.duration_minutes, b.cost, b.paid, b.comment, b.client_comment,
  b.source, b.version, b.created_at, b.updated_at`
const bookingJoins = `JOIN staff s ON s.tenant_id = b.tenant_id AND s.id = b.staff_id
  LEFT JOIN contacts k ON k.tenant_id = b.tenant_id AND k.id = b.contact_id`

/** Its key is left alone: a lead may take it as its appointment while it is changed. */
export async function requireBooking(tx: Tx, id: string, lock: '' | 'FOR NO KEY UPDATE OF b' = ''): Promise<BookingRow> {
  const { rows } = await tx.query<BookingRow>(
    `SELECT ${bookingColumns} FROM bookings b ${bookingJoins} WHERE b.tenant_id = $1 AND b.id = $2 ${lock}`,
    [tx.tenantId, id],
  )
  if (!rows[0]) throw notFound('The booking')
  return rows[0]
}

export async function listBookings(tx: Tx, filter: ListBookings): Promise<{ rows: BookingRow[]; next: string | null }> {
  const values: unknown[] = [tx.tenantId]
  const where = conditionsOf(filter, values)
  const [direction, beyond] = filter.order === 'asc' ? ['ASC', '>'] : ['DESC', '<']
  if (filter.cursor !== undefined) {
    const { at, id } = placeOf(filter.cursor)
    where.push(
      `(b.starts_at, b.id) ${beyond} ('epoch'::timestamptz + $${values.push(at)}::bigint * interval '1 microsecond', $${values.push(id)}::uuid)`,
    )
  }
  const order = `ORDER BY b.starts_at ${direction}, b.id ${direction}`
  const { rows } = await tx.query<BookingRow & { at: string }>(
    `SELECT ${bookingColumns}, (extract(epoch FROM b.starts_at) * 1000000)::bigint::text AS at
       FROM (SELECT b.* FROM bookings b WHERE ${where.join(' AND ')} ${order} LIMIT $${values.push(filter.limit + 1)}) b ${bookingJoins} ${order}`,
    values,
  )
  const page = rows.slice(0, filter.limit)
  const last = page.at(-1)
  return { rows: page, next: rows.length > filter.limit && last ? cursorOf(last) : null }
}

function conditionsOf(filter: ListBookings, values: unknown[]): string[] {
  const where = ['b.tenant_id = $1']
  const is = (column: string, value: string | undefined) => {
    if (value !== undefined) where.push(`b.${column} = $${values.push(value)}`)
  }
  is('staff_id', filter.staffId)
  is('lead_id', filter.leadId)
  is('conversation_id', filter.conversationId)
  is('contact_id', filter.contactId)
  if (filter.status === 'ahead') where.push(`b.status IN ('pending', 'confirmed')`)
  else if (filter.status !== 'all') is('status', filter.status)
  if (filter.from !== undefined) {
    // None is longer than a day, so the index by their beginning is enough to begin with.
    const from = `$${values.push(new Date(filter.from))}::timestamptz`
    where.push(`b.starts_at > ${from} - interval '24 hours' AND b.ends_at > ${from}`)
  }
  if (filter.to !== undefined) where.push(`b.starts_at < $${values.push(new Date(filter.to))}::timestamptz`)
  return where
}

/** For whom it is. */
export interface About {
  contact_id: string | null
  lead_id: string | null
  conversation_id: string | null
}

/** A lead that became part of another is that one by now. Of a conversation, the lead that is not at its end. */
export async function aboutWhom(tx: Tx, whom: Whom): Promise<About> {
  const one = async (what: string, sql: string, id: string): Promise<About> => {
    const { rows } = await tx.query<About>(sql, [tx.tenantId, id])
    if (!rows[0]) throw notFound(what)
    return rows[0]
  }
  if (whom.leadId !== undefined)
    return await one(
      'The lead',
      `SELECT l.contact_id, l.id AS lead_id, l.conversation_id FROM leads g
         JOIN leads l ON l.tenant_id = g.tenant_id AND l.id = coalesce(g.joined_into, g.id) WHERE g.tenant_id = $1 AND g.id = $2`,
      whom.leadId,
    )
  if (whom.conversationId !== undefined)
    return await one(
      'The conversation',
      `SELECT c.contact_id, l.id AS lead_id, c.id AS conversation_id FROM conversations c
         LEFT JOIN leads l ON l.tenant_id = c.tenant_id AND l.id = c.lead_id AND l.status NOT IN ('completed', 'lost') AND l.joined_into IS NULL
        WHERE c.tenant_id = $1 AND c.id = $2`,
      whom.conversationId,
    )
  if (whom.contactId !== undefined)
    return await one(
      'The contact',
      'SELECT id AS contact_id, NULL::uuid AS lead_id, NULL::uuid AS conversation_id FROM contacts WHERE tenant_id = $1 AND id = $2',
      whom.contactId,
    )
  return { contact_id: null, lead_id: null, conversation_id: null }
}

/**
 * The conversation that a booking came from and the one of its lead, in one order, before the lead, as everybody does. A statement
 * of its own: what is looked up after it sees what those did who had them before.
 */
export const lockConversations = (tx: Tx, { conversation_id, lead_id }: Omit<About, 'contact_id'>) =>
  tx.query(
    `SELECT FROM conversations WHERE tenant_id = $1 AND id IN ($2, (SELECT conversation_id FROM leads WHERE tenant_id = $1 AND id = $3))
      ORDER BY id FOR NO KEY UPDATE`,
    [tx.tenantId, conversation_id, lead_id],
  )

/** Whether anything is booked from this conversation that still counts. */
export const noteInConversation = (tx: Tx, conversationId: string) =>
  tx.query(
    `UPDATE conversations c SET appointment_scheduled = EXISTS (SELECT FROM bookings b
              WHERE b.tenant_id = c.tenant_id AND b.conversation_id = c.id AND b.status <> 'cancelled')
      WHERE c.tenant_id = $1 AND c.id = $2`,
    [tx.tenantId, conversationId],
  )
