/** Somebody's time, kept for a quarter of an hour while it is agreed. */
import { ParleyError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { Booker } from './deps.ts'
import { holdMs, requireTime } from './rules.ts'
import type { CreateHold } from './schema.ts'
import { aboutWhom, type HoldRow, requireHold } from './store.ts'
import { freeTime, lockPerson, takeTime } from './times.ts'
import { tellHold } from './told.ts'

export async function holdTime(tx: Tx, by: Booker, given: CreateHold, now: Date): Promise<HoldRow> {
  const startsAt = new Date(given.startsAt)
  requireTime(startsAt, now, false)
  const about = await aboutWhom(tx, given)
  await lockPerson(tx, given.staffId)
  const span = { staffId: given.staffId, startsAt, endsAt: new Date(startsAt.getTime() + given.minutes * 60_000) }
  const [id, expiresAt] = [newId(), new Date(now.getTime() + holdMs)]
  await tx.query(
    `INSERT INTO booking_holds (tenant_id, id, staff_id, starts_at, ends_at, expires_at, contact_id, lead_id, conversation_id, held_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      ...[tx.tenantId, id, span.staffId, span.startsAt, span.endsAt, expiresAt],
      ...[about.contact_id, about.lead_id, about.conversation_id, by.label],
    ],
  )
  await takeTime(tx, span, { holdId: id, expiresAt }, now)
  const hold = await requireHold(tx, id)
  await tellHold(tx, by, 'booking.held', hold)
  return hold
}

/** Said again, or of one that has ended by itself, it changes nothing. */
export async function releaseHold(tx: Tx, by: Booker, id: string, now: Date): Promise<void> {
  const hold = await requireHold(tx, id, 'FOR UPDATE OF h')
  if (hold.used_at) throw usedUp(hold)
  await freeTime(tx, 'hold_id', id)
  if (hold.released_at || hold.expires_at <= now) return
  await tx.query('UPDATE booking_holds SET released_at = $3 WHERE tenant_id = $1 AND id = $2', [tx.tenantId, id, now])
  await tellHold(tx, by, 'booking.released', hold)
}

/** Throws where nothing can be booked with it any more. */
export function requireLive(hold: HoldRow, now: Date): void {
  if (hold.used_at) throw usedUp(hold)
  if (hold.released_at) throw ended('This hold was released, so its time may be somebody else’s by now.')
  if (hold.expires_at <= now) throw ended('This hold ended after 15 minutes, so its time may be somebody else’s by now.')
}

export const ended = (why: string) => new ParleyError('hold_ended', `${why} Hold the time again, if it is still free.`)

const usedUp = (hold: HoldRow) =>
  new ParleyError('conflict', 'This hold was booked already. A hold is used once: look at its booking.', {
    bookingId: hold.booking_id,
  })
