/** Moments in the viewer's language and zone. */
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

export interface Clock {
  language: string
  /** IANA name; absent: the viewer's own. */
  timeZone?: string
}

// Building a formatter costs far more than using it, and lists have thousands of rows.
const formatters = new Map<string, Intl.DateTimeFormat>()
function formatter(clock: Clock, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${clock.language}|${clock.timeZone ?? ''}|${name}`
  let found = formatters.get(key)
  if (!found) {
    found = new Intl.DateTimeFormat(clock.language, { ...options, timeZone: clock.timeZone })
    formatters.set(key, found)
  }
  return found
}

export const clockTime = (clock: Clock, at: string) =>
  formatter(clock, 'time', { hour: '2-digit', minute: '2-digit' }).format(Date.parse(at))

export const fullTime = (clock: Clock, at: string) =>
  formatter(clock, 'full', { dateStyle: 'medium', timeStyle: 'medium' }).format(Date.parse(at))

/** With the weekday, to the minute: of what is yet to come. */
export const longTime = (clock: Clock, at: string) =>
  formatter(clock, 'long', { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }).format(
    Date.parse(at),
  )

/** From when to when, with the day: of an appointment. The year where it is another one than now. */
export function timeRange(clock: Clock, from: string, to: string, now: number = Date.now()): string {
  const sameYear = dayOf(clock, Date.parse(from)).slice(0, 4) === dayOf(clock, now).slice(0, 4)
  return formatter(clock, sameYear ? 'range' : 'rangeYear', {
    ...{ weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
    ...(sameYear ? {} : { year: 'numeric' }),
  }).formatRange(Date.parse(from), Date.parse(to))
}

/** From when to when, where the day is said already. */
export const clockRange = (clock: Clock, from: string, to: string): string =>
  formatter(clock, 'time', { hour: '2-digit', minute: '2-digit' }).formatRange(Date.parse(from), Date.parse(to))

export const dayRange = (clock: Clock, from: number, to: number): string =>
  formatter(clock, 'date', { day: 'numeric', month: 'short', year: 'numeric' }).formatRange(from, to)

/** How people call a zone at that moment: Central European Summer Time. */
export const zoneName = (language: string, timeZone: string, at: number): string =>
  new Intl.DateTimeFormat(language, { timeZone, timeZoneName: 'long' })
    .formatToParts(at)
    .find((one) => one.type === 'timeZoneName')?.value ?? timeZone

export const shortDate = (clock: Clock, at: string) =>
  formatter(clock, 'date', { day: 'numeric', month: 'short', year: 'numeric' }).format(Date.parse(at))

/** The viewer's calendar day as YYYY-MM-DD, to tell days apart. */
export const dayOf = (clock: Clock, at: number): string =>
  formatter({ ...clock, language: 'en-CA' }, 'day', { year: 'numeric', month: '2-digit', day: '2-digit' }).format(at)

/** How many midnights of the viewer lie between. */
export const daysBetween = (clock: Clock, earlier: number, later: number) =>
  Math.round((Date.parse(dayOf(clock, later)) - Date.parse(dayOf(clock, earlier))) / DAY_MS)

/** For the list: minutes and hours while it is fresh, then the weekday, then the date. '' means this minute. */
export function listTime(clock: Clock, at: string, now: number): string {
  const then = Date.parse(at)
  const ago = now - then
  if (ago < MINUTE_MS) return ''
  const relative = (n: number, unit: 'minute' | 'hour') =>
    new Intl.NumberFormat(clock.language, { style: 'unit', unit, unitDisplay: 'narrow' }).format(n)
  if (ago < HOUR_MS) return relative(Math.floor(ago / MINUTE_MS), 'minute')
  const days = daysBetween(clock, then, now)
  if (days === 0) return clockTime(clock, at)
  if (days < 7) return formatter(clock, 'weekday', { weekday: 'short' }).format(then)
  const sameYear = dayOf(clock, then).slice(0, 4) === dayOf(clock, now).slice(0, 4)
  return sameYear ? formatter(clock, 'daymonth', { day: 'numeric', month: 'short' }).format(then) : shortDate(clock, at)
}

/** The name of a weekday, 0 for Monday. */
export const weekdayName = (clock: Clock, day: number): string =>
  // 5 January 1970 was a Monday.
  formatter({ ...clock, timeZone: 'UTC' }, 'weekdayName', { weekday: 'long' }).format((4 + day) * DAY_MS)

/** For the line between days: the full date with the weekday. */
export const dayTitle = (clock: Clock, at: number) =>
  formatter(clock, 'dayTitle', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }).format(at)

/** A length of time in its two largest units: 3 h 20 min. */
export function duration(clock: Clock, ms: number): string {
  const unit = (n: number, name: 'hour' | 'minute') =>
    new Intl.NumberFormat(clock.language, { style: 'unit', unit: name, unitDisplay: 'short' }).format(n)
  const minutes = Math.max(1, Math.floor(ms / MINUTE_MS))
  if (minutes < 60) return unit(minutes, 'minute')
  const rest = minutes % 60
  return rest === 0
    ? unit(Math.floor(minutes / 60), 'hour')
    : `${unit(Math.floor(minutes / 60), 'hour')} ${unit(rest, 'minute')}`
}

/** 0:07, 12:30. */
export function playTime(seconds: number): string {
  const whole = Number.isFinite(seconds) ? Math.max(0, Math.floor(seconds)) : 0
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

/** Bytes in the unit people read, to one decimal. */
export function fileSize(clock: Clock, bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const
  let at = 0
  let value = bytes
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024
    at += 1
  }
  const options = {
    style: 'unit',
    unit: units[at],
    unitDisplay: 'short',
    maximumFractionDigits: value < 10 && at > 0 ? 1 : 0,
  } as const
  return new Intl.NumberFormat(clock.language, options).format(value)
}
