/** A booking is made, by using up a hold or at once, in one transaction with all that hangs on it. */
import { newId } from '../kernel/ids.ts'
import { cleanText } from '../kernel/text.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { Booker, LeadAppointments } from './deps.ts'
import { ended, requireLive } from './holds.ts'
import { requireTime } from './rules.ts'
import type { CreateBooking } from './schema.ts'
import { type About, aboutWhom, type BookingRow, type HoldRow, requireBooking, requireHold } from './store.ts'
import { handOnTime, lockPeople, lockPerson, type Span, takeTime } from './times.ts'
import { isBooked, tellBooking } from './told.ts'

export interface Work {
  by: Booker
  leads: LeadAppointments
  now: Date
}

const minuteMs = 60_000
export const clean = (text: string | null | undefined): string | null => cleanText(text ?? '') || null

export async function book(tx: Tx, { by, leads, now }: Work, given: CreateBooking): Promise<BookingRow> {
  const { span, hold } = 'holdId' in given ? await spanOfHold(tx, given.holdId, now) : await spanGiven(tx, given, now)
  const about = await whoseBooking(tx, given, hold)
  const id = newId()
  await tx.query(
    `INSERT INTO bookings (tenant_id, id, staff_id, starts_at, ends_at, duration_minutes, hold_id, contact_id, lead_id, conversation_id,
                           title, comment, client_comment, cost, paid, status, source)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
    [
      ...[tx.tenantId, id, span.staffId, span.startsAt, span.endsAt, minutesOf(span), hold?.id ?? null],
      ...[about.contact_id, about.lead_id, about.conversation_id],
      ...[clean(given.title), clean(given.comment), clean(given.clientComment), given.cost ?? null, given.paid ?? false],
      ...[given.status ?? 'confirmed', given.source ?? (by.userId ? 'manual' : 'api')],
    ],
  )
  if (hold) await consume(tx, hold, id, now)
  else await takeTime(tx, span, { bookingId: id }, now)
  const row = await requireBooking(tx, id)
  await tellBooking(tx, by, 'booking.created', row)
  await isBooked(tx, by, leads, row)
  return row
}

export const minutesOf = ({ startsAt, endsAt }: Span): number => (endsAt.getTime() - startsAt.getTime()) / minuteMs

async function spanGiven(tx: Tx, given: { staffId: string; startsAt: string; minutes: number }, now: Date) {
  const startsAt = new Date(given.startsAt)
  requireTime(startsAt, now, true)
  await lockPerson(tx, given.staffId)
  const span: Span = { staffId: given.staffId, startsAt, endsAt: new Date(startsAt.getTime() + given.minutes * minuteMs) }
  return { span, hold: null }
}

/** The person first, as everybody does who wants time; whose it is never changes for a hold. */
async function spanOfHold(tx: Tx, id: string, now: Date) {
  await lockPeople(tx, [(await requireHold(tx, id)).staff_id])
  const hold = await requireHold(tx, id, 'FOR UPDATE OF h')
  requireLive(hold, now)
  const span: Span = { staffId: hold.staff_id, startsAt: hold.starts_at, endsAt: hold.ends_at }
  return { span, hold }
}

async function consume(tx: Tx, hold: HoldRow, bookingId: string, now: Date): Promise<void> {
  // By another clock it had ended, and somebody wanted the time.
  if (!(await handOnTime(tx, hold.id, bookingId))) throw ended('This hold has just ended.')
  await tx.query('UPDATE booking_holds SET used_at = $3 WHERE tenant_id = $1 AND id = $2', [tx.tenantId, hold.id, now])
}

/** Whom the booking names counts before whom the hold named. */
async function whoseBooking(tx: Tx, given: CreateBooking, hold: HoldRow | null): Promise<About> {
  const named = given.leadId ?? given.conversationId ?? given.contactId
  if (named !== undefined || !hold) return await aboutWhom(tx, given)
  if (hold.lead_id) return await aboutWhom(tx, { leadId: hold.lead_id })
  if (hold.conversation_id) return await aboutWhom(tx, { conversationId: hold.conversation_id })
  return { contact_id: hold.contact_id, lead_id: null, conversation_id: null }
}
