/** Wall clocks of a business: is it open, is it quiet, and until when. Pure. */
import type { BusinessHours } from './business-schema.ts'

/** 24-hour times of day; `to` before `from` is the next day. */
export interface QuietHours {
  from: string
  to: string
}

type Weekday = keyof BusinessHours
const order: readonly Weekday[] = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']

/** What a clock on the wall there shows: the day, and minutes since midnight. */
export function wallClock(at: Date, zone: string): { day: Weekday; minutes: number } {
  const parts = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone: zone, weekday: 'long', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  }).formatToParts(at)
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? ''
  return { day: of('weekday').toLowerCase() as Weekday, minutes: Number(of('hour')) * 60 + Number(of('minute')) }
}

const minutesOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5))

/** A shift that closes before it opens ends the next day. */
export function isOpen(hours: BusinessHours, zone: string, at: Date): boolean {
  const { day, minutes } = wallClock(at, zone)
  const today = hours[day]
  const before = hours[order[(order.indexOf(day) + 6) % 7] as Weekday]
  const [open, close] = [minutesOf(today.open), minutesOf(today.close)]
  if (today.enabled && minutes >= open && (close <= open || minutes < close)) return true
  const until = minutesOf(before.close)
  return before.enabled && until <= minutesOf(before.open) && minutes < until
}

export function isQuiet(quiet: QuietHours | null, zone: string, at: Date): boolean {
  if (!quiet) return false
  const { minutes } = wallClock(at, zone)
  const [from, to] = [minutesOf(quiet.from), minutesOf(quiet.to)]
  return from < to ? minutes >= from && minutes < to : minutes >= from || minutes < to
}

/** The first moment at which it is not quiet any more. */
export const quietUntil = (quiet: QuietHours, zone: string, at: Date): Date => nextTime(quiet.to, zone, at)
/** The next moment from which it is quiet. */
export const quietFrom = (quiet: QuietHours, zone: string, at: Date): Date => nextTime(quiet.from, zone, at)

/** Where clocks are changed in between, by the clock that then counts. */
function nextTime(clock: string, zone: string, at: Date): Date {
  const to = minutesOf(clock)
  const left = (to - wallClock(at, zone).minutes + 1440) % 1440
  const guess = new Date(Math.floor(at.getTime() / 60_000) * 60_000 + left * 60_000)
  // Half a day either way: what is left over is the hour by which clocks were moved.
  const off = ((wallClock(guess, zone).minutes - to + 720 + 1440) % 1440) - 720
  return new Date(guess.getTime() - off * 60_000)
}

/** The moment at which a clock on the wall there shows `local` ("2026-03-29T14:30"). Of an hour that is skipped, the one after it. */
export function instantOf(local: string, zone: string): Date {
  const wanted = Date.parse(`${local}Z`)
  const shown = (at: number) => {
    const parts = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' },
      hourCycle: 'h23',
    }).formatToParts(at)
    const of = (type: string) => parts.find((part) => part.type === type)?.value ?? ''
    return Date.parse(`${of('year')}-${of('month')}-${of('day')}T${of('hour')}:${of('minute')}Z`)
  }
  const guess = wanted - (shown(wanted) - wanted)
  // Where clocks were changed between the two, by the clock that counts there.
  const second = guess - (shown(guess) - wanted)
  // A clock that never shows it: one of the two is before the hour that is skipped, the other after it.
  return new Date(shown(second) === wanted ? second : Math.max(guess, second))
}
