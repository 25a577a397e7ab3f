/** What is asked of the server so that it can be asked again: an answer that was lost is no second hold, booking or move. */
import { type Booking, type BookingHold, type ParleyClient, ParleyError } from '../../../client/index.ts'
import { bookedBefore, endHere, isUnsure, type Slot, takenOf } from '../rules/slotDays.ts'

export interface Held {
  hold: BookingHold
  /** By the clock of this page. */
  until: number
}

export interface Words {
  title: string
  comment: string
}

interface Wanted {
  leadId: string
  wanted: Slot
  /** Times that were asked for without an answer, and when. */
  unsure: Map<string, number>
}

/** Of several who are free then, the first whose time nobody else took meanwhile. */
export async function takeOne(api: ParleyClient, { leadId, wanted, unsure }: Wanted): Promise<Held> {
  const { startsAt, endsAt, staffIds } = wanted
  const minutes = (Date.parse(endsAt) - Date.parse(startsAt)) / 60_000
  let last: unknown
  for (const staffId of staffIds) {
    const key = `${staffId} ${startsAt} ${minutes}`
    const askedAt = Date.now()
    try {
      const hold = await api.bookings.hold({ staffId, startsAt, minutes, leadId })
      return { hold, until: endHere(hold, askedAt) }
    } catch (error) {
      last = error
      if (isUnsure(error) && !unsure.has(key)) unsure.set(key, askedAt)
      if (!takenOf(error)) throw error
      const before = unsure.get(key)
      const own = before === undefined ? undefined : await heldBefore(api, { leadId, staffId, startsAt, endsAt })
      if (own && before !== undefined) return { hold: own, until: endHere(own, before) }
    }
  }
  throw last ?? new ParleyError({ code: 'not_found', message: 'Nobody is free then.', status: 404 })
}

/** What was asked for, and came through although the answer did not. */
async function heldBefore(
  api: ParleyClient,
  { leadId, staffId, startsAt, endsAt }: { leadId: string; staffId: string; startsAt: string; endsAt: string },
): Promise<BookingHold | undefined> {
  const { items } = await api.bookings.holds()
  return items.find(
    (one) => one.leadId === leadId && one.staff.id === staffId && one.startsAt === startsAt && one.endsAt === endsAt,
  )
}

/** Pressed again after an answer that was lost, it is the booking that there is. */
export async function bookHeld(api: ParleyClient, holdId: string, { title, comment }: Words): Promise<Booking> {
  try {
    return await api.bookings.create({ holdId, title: title.trim() || null, comment: comment.trim() || null })
  } catch (error) {
    const before = bookedBefore(error)
    if (before === null) throw error
    return await api.bookings.get(before)
  }
}

/** Asked again after an answer that was lost, it finds itself moved already. */
export async function moveTo(
  api: ParleyClient,
  { id, version }: Booking,
  { startsAt, endsAt, staffIds }: Slot,
): Promise<Booking> {
  const minutes = (Date.parse(endsAt) - Date.parse(startsAt)) / 60_000
  const staffId = staffIds[0] ?? ''
  try {
    return await api.bookings.update(id, { startsAt, minutes, staffId, version })
  } catch (error) {
    if (!(error instanceof ParleyError) || error.code !== 'conflict') throw error
    const now = await api.bookings.get(id)
    if (now.startsAt === startsAt && now.endsAt === endsAt && now.staff.id === staffId) return now
    throw error
  }
}
