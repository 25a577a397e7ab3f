/** Which times are free: within business hours, by the clocks of the place, long enough for what is asked. Pure. */
import type { BusinessHours } from '../tenancy/business-schema.ts'
import { instantOf, wallClock } from '../tenancy/hours.ts'

/** Times that are offered begin on quarters of an hour. */
export const gridMs = 15 * 60_000
/** Nothing is offered that begins sooner: somebody has to get there. */
export const leastAheadMs = 30 * 60_000
/** Days that one question goes over. */
export const mostDays = 14

export interface Stretch {
  from: number
  to: number
}

const dayMs = 86_400_000
/** "2026-03-08" → "2026-03-09". */
export const dayAfter = (day: string, days = 1): string =>
  new Date(Date.parse(`${day}T00:00Z`) + days * dayMs).toISOString().slice(0, 10)
const weekday = (day: string) => wallClock(new Date(`${day}T12:00Z`), 'UTC').day

/** The calendar day there. */
export function dayIn(zone: string, at: Date): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' })
  const of = Object.fromEntries(parts.formatToParts(at).map(({ type, value }) => [type, value]))
  return `${of.year}-${of.month}-${of.day}`
}

/** From midnight to midnight there: 23 or 25 hours on days on which clocks are changed. */
export const daysThere = (zone: string, day: string, days: number): Stretch => ({
  from: instantOf(`${day}T00:00`, zone).getTime(),
  to: instantOf(`${dayAfter(day, days)}T00:00`, zone).getTime(),
})

/** When it is open in these days, and in the night before and the day after, which a shift or a booking may reach into. */
export function openTimes(hours: BusinessHours, zone: string, day: string, days: number): Stretch[] {
  const found: Stretch[] = []
  for (let n = -1; n <= days; n++) {
    const date = dayAfter(day, n)
    const { open, close, enabled } = hours[weekday(date)]
    if (!enabled) continue
    const nextDay = close === '24:00' || close <= open
    const to = instantOf(`${nextDay ? dayAfter(date) : date}T${close === '24:00' ? '00:00' : close}`, zone).getTime()
    const from = instantOf(`${date}T${open}`, zone).getTime()
    if (to > from) found.push({ from, to })
  }
  return joined(found)
}

/** In order, without gaps of nothing between them: from midnight on it may be open as before. */
function joined(stretches: readonly Stretch[]): Stretch[] {
  const all: Stretch[] = []
  for (const one of [...stretches].sort((a, b) => a.from - b.from)) {
    const last = all.at(-1)
    if (last && one.from <= last.to) last.to = Math.max(last.to, one.to)
    else all.push({ ...one })
  }
  return all
}

/** When something of this length can begin: all of it open and free. */
export function freeStarts(
  open: readonly Stretch[],
  busy: readonly Stretch[],
  wanted: { lengthMs: number; between: Stretch },
): number[] {
  const taken = joined(busy)
  const starts: number[] = []
  let next = 0 // of what is taken, in order: the first that ends later
  for (const { from, to } of open) {
    let at = onGrid(Math.max(from, wanted.between.from))
    while (at < wanted.between.to && at + wanted.lengthMs <= to) {
      while ((taken[next]?.to ?? Number.POSITIVE_INFINITY) <= at) next += 1
      const inTheWay = taken[next]
      const free = !inTheWay || inTheWay.from >= at + wanted.lengthMs
      if (free) starts.push(at)
      at = free ? at + gridMs : onGrid(inTheWay.to)
    }
  }
  return starts
}

/** Quarters of an hour are the same everywhere on earth: no zone is off by anything else. */
const onGrid = (at: number): number => Math.ceil(at / gridMs) * gridMs

/** Those nearest to what was wanted, in their order. */
export const nearest = (starts: readonly number[], wanted: number, most: number): number[] =>
  [...starts]
    .sort((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted))
    .slice(0, most)
    .sort((a, b) => a - b)
