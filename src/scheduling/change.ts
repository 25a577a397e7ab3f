/** A booking is changed: what is written down of it, what became of it, when and with whom it is. */
import { notFound, ParleyError } from '../kernel/errors.ts'
import type { Tx } from '../platform/db/tx.ts'
import { clean, minutesOf, type Work } from './bookings.ts'
import { isAhead, requireStep, requireTime, takesTime } from './rules.ts'
import type { PatchBooking } from './schema.ts'
import { type BookingRow, requireBooking } from './store.ts'
import { freeTime, lockPeople, moveTime, type Person, requireActive, type Span, takeTime } from './times.ts'
import { isBooked, isOff, noteLine, tellBooking } from './told.ts'

/** What is not named stays. Where the new time is taken, nothing is changed. */
export async function changeBooking(tx: Tx, work: Work, id: string, patch: PatchBooking): Promise<BookingRow> {
  const { before, people } = await locked(tx, id, patch)
  if (patch.version !== undefined && patch.version !== before.version) throw changedMeanwhile(before)
  const status = patch.status ?? before.status
  requireStep(before.status, status)
  const span = spanAfter(before, patch)
  const moved = !sameSpan(spanOf(before), span)
  if (moved) requireMovable(status, span, before, work.now)
  if (span.staffId !== before.staff_id || (before.status === 'cancelled' && status !== 'cancelled')) requireTaker(people, span)
  const columns = { ...wordsAfter(patch), ...(moved ? columnsOf(span) : {}), status }
  const changed = Object.entries(columns).filter(([column, value]) => !same(before[column as keyof BookingRow], value))
  if (changed.length === 0) return before
  const sets = changed.map(([column], n) => `${column} = $${n + 3}`)
  await tx.query(`UPDATE bookings SET ${sets.join(', ')}, version = version + 1 WHERE tenant_id = $1 AND id = $2`, [
    ...[tx.tenantId, id, ...changed.map(([, value]) => value)],
  ])
  await followTime(tx, before, { span, takes: takesTime(status), moved }, work.now)
  const row = await requireBooking(tx, id)
  await tell(tx, work, before, row, { moved, fields: changed.map(([column]) => column) })
  return row
}

/** Everybody whose time it is or becomes, then the booking. */
async function locked(tx: Tx, id: string, patch: PatchBooking): Promise<{ before: BookingRow; people: Map<string, Person> }> {
  const wantsTime = patch.startsAt ?? patch.staffId ?? patch.minutes ?? patch.status
  const people =
    wantsTime === undefined
      ? new Map<string, Person>()
      : await lockPeople(tx, [(await requireBooking(tx, id)).staff_id, ...(patch.staffId ? [patch.staffId] : [])])
  const before = await requireBooking(tx, id, 'FOR NO KEY UPDATE OF b')
  // Waited for somebody who gave it to a person that is not locked.
  if (wantsTime !== undefined && !people.has(before.staff_id)) throw changedMeanwhile(before)
  return { before, people }
}

const changedMeanwhile = ({ version }: BookingRow) =>
  new ParleyError('conflict', 'Somebody changed this booking meanwhile. Look at it as it is now, and decide again.', {
    version,
  })

const spanOf = (row: BookingRow): Span => ({ staffId: row.staff_id, startsAt: row.starts_at, endsAt: row.ends_at })

function spanAfter(before: BookingRow, patch: PatchBooking): Span {
  const startsAt = patch.startsAt === undefined ? before.starts_at : new Date(patch.startsAt)
  const endsAt = new Date(startsAt.getTime() + (patch.minutes ?? before.duration_minutes) * 60_000)
  return { staffId: patch.staffId ?? before.staff_id, startsAt, endsAt }
}

const sameSpan = (a: Span, b: Span): boolean =>
  a.staffId === b.staffId && same(a.startsAt, b.startsAt) && same(a.endsAt, b.endsAt)
const same = (a: unknown, b: unknown): boolean =>
  a === b || (a instanceof Date && b instanceof Date && a.getTime() === b.getTime())

function requireMovable(status: BookingRow['status'], span: Span, before: BookingRow, now: Date): void {
  if (!isAhead(status))
    throw new ParleyError('conflict', `A booking that is ${status} has its time. Make it confirmed first, or a new one.`)
  if (!same(span.startsAt, before.starts_at)) requireTime(span.startsAt, now, true)
}

/** Whoever gets it has to take bookings; who has it keeps it. */
function requireTaker(people: Map<string, Person>, { staffId }: Span): void {
  const person = people.get(staffId)
  if (!person) throw notFound('The person')
  requireActive(person)
}

const columnsOf = (span: Span) => ({
  staff_id: span.staffId,
  starts_at: span.startsAt,
  ends_at: span.endsAt,
  duration_minutes: minutesOf(span),
})

/** Of what is only written down. */
function wordsAfter(patch: PatchBooking) {
  const { title, comment, clientComment, cost, paid } = patch
  return {
    ...(title === undefined ? {} : { title: clean(title) }),
    ...(comment === undefined ? {} : { comment: clean(comment) }),
    ...(clientComment === undefined ? {} : { client_comment: clean(clientComment) }),
    ...(cost === undefined ? {} : { cost }),
    ...(paid === undefined ? {} : { paid }),
  }
}

async function followTime(
  tx: Tx,
  before: BookingRow,
  after: { span: Span; takes: boolean; moved: boolean },
  now: Date,
): Promise<void> {
  const took = takesTime(before.status)
  if (took && !after.takes) await freeTime(tx, 'booking_id', before.id)
  else if (!took && after.takes) await takeTime(tx, after.span, { bookingId: before.id }, now)
  else if (took && after.moved) await moveTime(tx, after.span, before.id, now)
}

async function tell(
  tx: Tx,
  { by, leads }: Work,
  before: BookingRow,
  row: BookingRow,
  what: { moved: boolean; fields: readonly string[] },
): Promise<void> {
  const [wasOff, isNowOff] = [before.status === 'cancelled', row.status === 'cancelled']
  const cancelled = isNowOff && !wasOff
  await tellBooking(tx, by, cancelled ? 'booking.cancelled' : 'booking.updated', row, what.fields)
  if (cancelled) await isOff(tx, by, leads, row)
  else if (wasOff && !isNowOff) await isBooked(tx, by, leads, row)
  else if (what.moved) await noteLine(tx, by, 'booking_moved', row, before)
}
