/** Free times day by day, by the clocks of the business, and what an answer says of a time that is taken or held no more. Pure. */
import { ParleyError, type Slots } from '../../../client/index.ts'
import { dayOf } from '../text/time.ts'

const dayMs = 86_400_000
const minuteMs = 60_000

/** Shown at once. */
export const shownDays = 7
/** Dates further ahead are refused. */
const furthestDays = 366
/** Lengths that are offered, in minutes. */
const [step, most] = [15, 480]

export type Slot = Slots['items'][number]
export interface SlotDay {
  /** By the calendar of the business: 2026-05-04. */
  day: string
  slots: Slot[]
}

/** "2026-03-08" → "2026-03-09". */
export const dayAfter = (day: string, days = 1): string =>
  new Date(Date.parse(`${day}T00:00Z`) + days * dayMs).toISOString().slice(0, 10)

/** Every day that was asked about, also those with nothing free. */
export function slotDays({ from, days, timezone, items }: Slots): SlotDay[] {
  const byDay = Map.groupBy(items, (one) => dayOf({ language: 'en', timeZone: timezone }, Date.parse(one.startsAt)))
  return Array.from({ length: days }, (_, n) => dayAfter(from, n)).map((day) => ({ day, slots: byDay.get(day) ?? [] }))
}

/** Which of these days is open: the chosen one, else the first that has something, else the first. */
export const shownDay = (days: readonly SlotDay[], chosen: string | null): SlotDay | undefined =>
  days.find((one) => one.day === chosen) ?? days.find((one) => one.slots.length > 0) ?? days[0]

/** The first day of the stretch before and after; null: nothing can be booked there. */
export function stretches(from: string, today: string): { before: string | null; after: string | null } {
  const after = dayAfter(from, shownDays)
  const before = dayAfter(from, -shownDays)
  return {
    before: from > today ? (before > today ? before : today) : null,
    after: after <= dayAfter(today, furthestDays) ? after : null,
  }
}

/** Every quarter of an hour, and what it is now where that is none. */
export const lengths = (now: number): number[] =>
  [...new Set([...Array.from({ length: most / step }, (_, n) => (n + 1) * step), now])].sort((a, b) => a - b)

/** Whether clocks of both zones show the same at this moment. */
export function sameClocks(one: string, other: string, at: number): boolean {
  if (one === other) return true
  const shown = (timeZone: string) =>
    new Intl.DateTimeFormat('en', { timeZone, dateStyle: 'short', timeStyle: 'short' }).format(at)
  return shown(one) === shown(other)
}

export interface Nearby {
  staffId: string
  /** Free with the same person. */
  times: string[]
}

/** null: it was refused for another reason. */
export function takenOf(error: unknown): Nearby | null {
  if (!(error instanceof ParleyError) || error.code !== 'slot_taken') return null
  const { staffId, nearby } = (error.details ?? {}) as { staffId?: unknown; nearby?: unknown }
  const times = Array.isArray(nearby) ? nearby.filter((one): one is string => typeof one === 'string') : []
  return { staffId: typeof staffId === 'string' ? staffId : '', times: staffId ? times : [] }
}

export const isOver = (error: unknown): boolean => error instanceof ParleyError && error.code === 'hold_ended'
/** Whether it may have been done all the same. */
export const isUnsure = (error: unknown): boolean => error instanceof ParleyError && (error.status === 0 || error.status >= 500)

/** The booking that used up a hold before: an answer that was lost, or a second press. */
export function bookedBefore(error: unknown): string | null {
  if (!(error instanceof ParleyError) || error.status !== 409) return null
  const { bookingId } = (error.details ?? {}) as { bookingId?: unknown }
  return typeof bookingId === 'string' ? bookingId : null
}

/** What is left of a hold, in seconds. */
export const secondsLeft = (until: number, now: number): number => Math.max(0, Math.ceil((until - now) / 1000))

/**
 * When a hold ends by the clock of this page, which may be wrong by hours: as long after it was asked for as the server
 * lets it live. Rather a moment too early than too late.
 */
export const endHere = (hold: { createdAt: string; expiresAt: string }, askedAt: number): number =>
  askedAt + Math.min(Date.parse(hold.expiresAt) - Date.parse(hold.createdAt), 15 * minuteMs)

/** What is to be done, as far as the lead says so. */
export const titleOf = (lead: { jobType: string | null; problem: string | null }): string =>
  [...(lead.jobType ?? lead.problem ?? '').replaceAll(/\s+/g, ' ').trim()].slice(0, 120).join('')
