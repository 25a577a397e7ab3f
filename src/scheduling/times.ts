/**
 * Whose time is taken: one row for a hold or a booking, and a rule of the table that no two of one person overlap. The person's
 * row is locked first, so that two who want the same time wait for each other in order instead of in a circle.
 */
import { notFound, ParleyError } from '../kernel/errors.ts'
import type { Tx } from '../platform/db/tx.ts'

export interface Person {
  id: string
  name: string
  is_active: boolean
}

/** In one order, whoever asks. Keys are left alone: what points at a person need not wait. */
export async function lockPeople(tx: Tx, ids: readonly string[]): Promise<Map<string, Person>> {
  const { rows } = await tx.query<Person>(
    'SELECT id, name, is_active FROM staff WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE',
    [tx.tenantId, ids],
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/** One who takes bookings. */
export async function lockPerson(tx: Tx, id: string): Promise<Person> {
  const person = (await lockPeople(tx, [id])).get(id)
  if (!person) throw notFound('The person')
  requireActive(person)
  return person
}

export function requireActive(person: Person): void {
  if (!person.is_active)
    throw new ParleyError('conflict', `${person.name} takes no bookings at present. Choose somebody else, or activate them.`)
}

export interface Span {
  staffId: string
  startsAt: Date
  endsAt: Date
}
type Taker = { holdId: string; expiresAt: Date } | { bookingId: string }

export async function takeTime(tx: Tx, span: Span, taker: Taker, now: Date): Promise<void> {
  await dropEnded(tx, span, now)
  const { holdId, expiresAt, bookingId } = { holdId: null, expiresAt: null, bookingId: null, ...taker }
  await unlessTaken(
    tx.query(
      `INSERT INTO occupied_times (tenant_id, staff_id, during, hold_id, expires_at, booking_id)
       VALUES ($1, $2, tstzrange($3, $4), $5, $6, $7)`,
      [tx.tenantId, span.staffId, span.startsAt, span.endsAt, holdId, expiresAt, bookingId],
    ),
    span,
  )
}

/** A booking's time becomes another one, or another's, in one step: never is it free, and never has it both. */
export async function moveTime(tx: Tx, span: Span, bookingId: string, now: Date): Promise<void> {
  await dropEnded(tx, span, now)
  await unlessTaken(
    tx.query('UPDATE occupied_times SET staff_id = $3, during = tstzrange($4, $5) WHERE tenant_id = $1 AND booking_id = $2', [
      ...[tx.tenantId, bookingId, span.staffId, span.startsAt, span.endsAt],
    ]),
    span,
  )
}

/** What a hold has becomes the booking's. False where it has nothing any more. */
export async function handOnTime(tx: Tx, holdId: string, bookingId: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    'UPDATE occupied_times SET hold_id = NULL, expires_at = NULL, booking_id = $3 WHERE tenant_id = $1 AND hold_id = $2',
    [tx.tenantId, holdId, bookingId],
  )
  return rowCount === 1
}

export const freeTime = (tx: Tx, by: 'hold_id' | 'booking_id', id: string) =>
  tx.query(`DELETE FROM occupied_times WHERE tenant_id = $1 AND ${by} = $2`, [tx.tenantId, id])

/** A hold that has ended is in nobody's way. */
const dropEnded = (tx: Tx, { staffId, startsAt, endsAt }: Span, now: Date) =>
  tx.query(
    'DELETE FROM occupied_times WHERE tenant_id = $1 AND staff_id = $2 AND during && tstzrange($3, $4) AND expires_at <= $5',
    [tx.tenantId, staffId, startsAt, endsAt, now],
  )

async function unlessTaken(work: Promise<unknown>, span: Span): Promise<void> {
  try {
    await work
  } catch (error) {
    if ((error as { constraint?: string }).constraint !== 'occupied_times_once') throw error
    throw new ParleyError('slot_taken', 'This time was taken a moment ago. Choose another one.', {
      ...{ staffId: span.staffId, startsAt: span.startsAt.toISOString(), endsAt: span.endsAt.toISOString() },
    })
  }
}

export interface Busy {
  staff_id: string
  starts_at: Date
  ends_at: Date
}

/** What is taken of these people's time between the two moments, earliest first. */
export async function busyTimes(tx: Tx, staffIds: readonly string[], from: Date, to: Date, now: Date): Promise<Busy[]> {
  const { rows } = await tx.query<Busy>(
    `SELECT staff_id, lower(during) AS starts_at, upper(during) AS ends_at FROM occupied_times
      WHERE tenant_id = $1 AND staff_id = ANY ($2::uuid[]) AND during && tstzrange($3, $4) AND (expires_at IS NULL OR expires_at > $5)
      ORDER BY starts_at`,
    [tx.tenantId, staffIds, from, to, now],
  )
  return rows
}
