/** When a business is open, from its hours for each weekday. Pure. A day that closes before it opens ends on the next one. */
import type { BusinessHours } from '../../../client/index.ts'

export type Weekday = keyof BusinessHours
export const weekdays = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const satisfies Weekday[]

const DAY = 1440
const WEEK = 7 * DAY
/** Minutes after midnight of "09:30". */
export const minutesOf = (time: string): number => {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  return hours * 60 + minutes
}

interface Moment {
  day: Weekday
  /** Minutes after midnight. */
  minute: number
  /** 0: today. */
  inDays: number
}
export type OpenState =
  | { state: 'open'; closes: Moment }
  | { state: 'closed'; opens: Moment }
  /** No day has hours. */
  | { state: 'never' }
  | { state: 'always' }

export function openState(hours: BusinessHours, timeZone: string, at: number): OpenState {
  const spans = spansOf(hours)
  if (spans.length === 0) return { state: 'never' }
  const now = minuteOfWeek(timeZone, at)
  const running = spans.filter(({ from, to }) => from <= now && now < to)
  if (running.length > 0) {
    let end = Math.max(...running.map(({ to }) => to))
    // One day's hours may go on where the day before ended.
    for (let next = reach(spans, end); next > end && end - now < WEEK; next = reach(spans, end)) end = next
    if (end - now >= WEEK) return { state: 'always' }
    return { state: 'open', closes: moment(end, now) }
  }
  const start = Math.min(...spans.filter(({ from }) => from > now).map(({ from }) => from))
  return { state: 'closed', opens: moment(start, now) }
}

/** Three weeks of spans, so that none has to be thought of as going round. */
function spansOf(hours: BusinessHours): { from: number; to: number }[] {
  return [-WEEK, 0, WEEK].flatMap((shift) =>
    weekdays.flatMap((day, at) => {
      const { open, close, enabled } = hours[day]
      if (!enabled) return []
      const from = shift + at * DAY + minutesOf(open)
      const length = (minutesOf(close) - minutesOf(open) + DAY) % DAY || DAY
      return [{ from, to: from + length }]
    }),
  )
}

const reach = (spans: { from: number; to: number }[], end: number): number =>
  Math.max(end, ...spans.filter(({ from, to }) => from <= end && to > end).map(({ to }) => to))

function moment(minute: number, now: number): Moment {
  const day = Math.floor(minute / DAY)
  return {
    day: weekdays[((day % 7) + 7) % 7] ?? 'monday',
    minute: ((minute % DAY) + DAY) % DAY,
    inDays: day - Math.floor(now / DAY),
  }
}

function minuteOfWeek(timeZone: string, at: number): number {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'long',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at)
  const value = (type: string) => parts.find((part) => part.type === type)?.value ?? ''
  const day = weekdays.indexOf(value('weekday').toLowerCase() as Weekday)
  return day * DAY + Number(value('hour')) * 60 + Number(value('minute'))
}
