/** What may be done with an appointment: the server decides, this keeps what it would refuse, or what makes no sense yet, out of sight. Pure. */
import type { Booking, BookingStatus } from '../../../client/index.ts'

export type Outcome = Extract<BookingStatus, 'confirmed' | 'completed' | 'no_show' | 'cancelled'>
export type BookingStep = Outcome | 'move'

export const isAhead = (status: BookingStatus): boolean => status === 'pending' || status === 'confirmed'

const allowed: Record<BookingStatus, readonly BookingStatus[]> = {
  pending: ['confirmed', 'completed', 'cancelled', 'no_show'],
  confirmed: ['pending', 'completed', 'cancelled', 'no_show'],
  completed: ['confirmed', 'no_show'],
  no_show: ['confirmed', 'completed'],
  cancelled: ['pending', 'confirmed'],
}
export const mayBecome = (from: BookingStatus, to: BookingStatus): boolean => allowed[from].includes(to)

/** Whether somebody came is known from the beginning on. */
export function stepsOf(booking: Pick<Booking, 'status' | 'startsAt'>, now: number): BookingStep[] {
  const { status } = booking
  if (status === 'completed') return ['no_show']
  if (status === 'no_show') return ['completed']
  if (status === 'cancelled') return []
  const begun = Date.parse(booking.startsAt) <= now
  return [
    ...(status === 'pending' ? (['confirmed'] as const) : []),
    ...(begun ? (['completed', 'no_show'] as const) : []),
    ...(['move', 'cancelled'] as const),
  ]
}

/** Those to come by their time, then what is over, the latest first. */
export function inOrder<B extends Pick<Booking, 'status' | 'startsAt'>>(bookings: readonly B[]): B[] {
  const byTime = [...bookings].sort((a, b) => a.startsAt.localeCompare(b.startsAt))
  return [...byTime.filter((one) => isAhead(one.status)), ...byTime.filter((one) => !isAhead(one.status)).reverse()]
}

/** By the day on which each begins, in the order in which they come. */
export function byDay<B extends Pick<Booking, 'startsAt'>>(
  bookings: readonly B[],
  dayOf: (at: number) => string,
): [string, B[]][] {
  return [...Map.groupBy(bookings, (one) => dayOf(Date.parse(one.startsAt)))]
}

export interface AppointmentsSearch {
  show?: 'past'
  with?: string
}

/** What the address of the page says. */
export function readAppointmentsSearch(search: Record<string, unknown>): AppointmentsSearch {
  return {
    ...(search.show === 'past' ? { show: 'past' as const } : {}),
    ...(typeof search.with === 'string' && search.with ? { with: search.with } : {}),
  }
}
