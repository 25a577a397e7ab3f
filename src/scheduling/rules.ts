/** What a booking may become, and when time may be taken. Pure. */
import { ParleyError } from '../kernel/errors.ts'

export const bookingStatuses = ['pending', 'confirmed', 'completed', 'cancelled', 'no_show'] as const
export type BookingStatus = (typeof bookingStatuses)[number]
export const bookingSources = ['whatsapp', 'yclients', 'api', 'sms', 'web', 'manual'] as const
export type BookingSource = (typeof bookingSources)[number]

/** A hold lasts this long. */
export const holdMs = 15 * 60_000
/** Minutes of one hold or booking. */
export const [shortest, longest] = [5, 720]
/** Days ahead beyond which a date is rather a slip of the pen; as many back a booking may be written down afterwards. */
const furthestDays = 366

const allowed: Record<BookingStatus, readonly BookingStatus[]> = {
  pending: ['confirmed', 'completed', 'cancelled', 'no_show'],
  confirmed: ['pending', 'completed', 'cancelled', 'no_show'],
  completed: ['confirmed', 'no_show'],
  no_show: ['confirmed', 'completed'],
  cancelled: ['pending', 'confirmed'],
}

/** Throws what is wrong in words. */
export function requireStep(from: BookingStatus, to: BookingStatus): void {
  if (from === to || allowed[from].includes(to)) return
  throw new ParleyError(
    'conflict',
    `A booking that is ${from} cannot become ${to}. It may become ${allowed[from].join(' or ')}.`,
    { from, allowed: allowed[from] },
  )
}

/** Whether the time is somebody's: of who did not come, the rest is free again. */
export const takesTime = (status: BookingStatus): boolean => status !== 'cancelled' && status !== 'no_show'
/** Still to come, or under way. */
export const isAhead = (status: BookingStatus): boolean => status === 'pending' || status === 'confirmed'

const dayMs = 86_400_000

/** `past`: whether it may be written down afterwards. */
export function requireTime(startsAt: Date, now: Date, past: boolean): void {
  const ahead = startsAt.getTime() - now.getTime()
  const field = { field: 'startsAt' }
  if (ahead > furthestDays * dayMs)
    throw new ParleyError('invalid_request', 'This is more than a year ahead. Check the date.', field)
  if (!past && ahead <= 0) throw new ParleyError('invalid_request', 'This time has passed. Choose a later one.', field)
  if (ahead < -furthestDays * dayMs)
    throw new ParleyError('invalid_request', 'This was more than a year ago. Check the date.', field)
}
