import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { BusinessHours } from '../tenancy/business-schema.ts'
import { isOpen } from '../tenancy/hours.ts'
import { dayAfter, dayIn, daysThere, freeStarts, gridMs, nearest, openTimes, type Stretch } from './slots.ts'

const shift = (open: string, close: string, enabled = true) => ({ open, close, enabled })
const week = (day: BusinessHours['monday'], weekend = day): BusinessHours => ({
  ...{ monday: day, tuesday: day, wednesday: day, thursday: day, friday: day, saturday: weekend, sunday: weekend },
})
const office = week(shift('09:00', '17:00'), shift('09:00', '17:00', false))
const minute = 60_000
const newYork = 'America/New_York'

interface Asked {
  hours?: BusinessHours
  zone?: string
  from: string
  days?: number
  minutes?: number
  busy?: [from: string, to: string][]
  notBefore?: string
}
/** What is free, as moments. */
function free({ hours = office, zone = 'UTC', from, days = 1, minutes = 60, busy = [], notBefore }: Asked): string[] {
  const between = daysThere(zone, from, days)
  if (notBefore) between.from = Math.max(between.from, Date.parse(notBefore))
  const taken = busy.map(([a, b]): Stretch => ({ from: Date.parse(a), to: Date.parse(b) }))
  return freeStarts(openTimes(hours, zone, from, days), taken, { lengthMs: minutes * minute, between }).map((at) =>
    new Date(at).toISOString().replace(':00.000', ''),
  )
}
const clocks = (asked: Asked) => free(asked).map((one) => one.slice(11, 16))

describe('what is free', () => {
  test('is within hours, on quarters, and long enough', () => {
    const all = clocks({ from: '2026-05-04' })
    expect([all[0], all[1], all.at(-1), all.length]).toEqual(['09:00', '09:15', '16:00', 29])
    expect(clocks({ from: '2026-05-04', minutes: 480 })).toEqual(['09:00'])
    expect(clocks({ from: '2026-05-04', minutes: 485 })).toEqual([])
    expect(clocks({ from: '2026-05-09', days: 2 })).toEqual([]) // a weekend
    expect(clocks({ from: '2026-05-08', days: 4, minutes: 480 })).toEqual(['09:00', '09:00']) // Friday and Monday
  })
  test('is never a gap that is too short for a long service', () => {
    const busy: [string, string][] = [
      ['2026-05-04T09:00Z', '2026-05-04T10:00Z'],
      ['2026-05-04T11:30Z', '2026-05-04T12:00Z'],
      ['2026-05-04T13:50Z', '2026-05-04T17:00Z'],
    ]
    expect(clocks({ from: '2026-05-04', busy, minutes: 90 })).toEqual(['10:00', '12:00', '12:15'])
    expect(clocks({ from: '2026-05-04', busy, minutes: 110 })).toEqual(['12:00'])
    expect(clocks({ from: '2026-05-04', busy, minutes: 120 })).toEqual([])
  })
  test('begins on a quarter also where it opens, or something ends, in between', () => {
    const busy: [string, string][] = [['2026-05-04T09:40Z', '2026-05-04T10:05Z']]
    expect(clocks({ hours: week(shift('09:10', '11:00')), from: '2026-05-04', busy, minutes: 25 })).toEqual([
      ...['09:15', '10:15', '10:30'],
    ])
  })
  test('touches what is taken, before and behind', () => {
    const busy: [string, string][] = [['2026-05-04T10:00Z', '2026-05-04T11:00Z']]
    const all = clocks({ from: '2026-05-04', busy })
    expect(all.slice(0, 2)).toEqual(['09:00', '11:00'])
  })
  test('is not before a moment, nor before the first day, nor behind the last', () => {
    expect(clocks({ from: '2026-05-04', notBefore: '2026-05-04T15:31Z' })).toEqual(['15:45', '16:00'])
    expect(free({ from: '2026-05-04', notBefore: '2026-05-05T08:00Z' })).toEqual([])
    const night = week(shift('22:00', '02:00'))
    expect(free({ hours: night, from: '2026-05-04', minutes: 120 })).toEqual([
      ...['2026-05-04T00:00Z', '2026-05-04T22:00Z', '2026-05-04T22:15Z', '2026-05-04T22:30Z'],
      ...['2026-05-04T22:45Z', '2026-05-04T23:00Z', '2026-05-04T23:15Z', '2026-05-04T23:30Z', '2026-05-04T23:45Z'],
    ])
  })
  test('goes past midnight where it stays open, and not where it closes', () => {
    const always = week(shift('00:00', '24:00'))
    expect(clocks({ hours: always, from: '2026-05-04', minutes: 720 })).toHaveLength(96)
    expect(clocks({ hours: week(shift('08:00', '24:00')), from: '2026-05-04' }).at(-1)).toBe('23:00')
  })
  test('is by the calendar of the place', () => {
    expect(free({ zone: 'Asia/Kolkata', from: '2026-05-04', minutes: 480 })).toEqual(['2026-05-04T03:30Z'])
    expect(free({ zone: 'Pacific/Auckland', from: '2026-05-04', minutes: 480 })).toEqual(['2026-05-03T21:00Z'])
    expect(dayIn('Pacific/Auckland', new Date('2026-05-03T21:00Z'))).toBe('2026-05-04')
    expect(dayIn(newYork, new Date('2026-05-04T03:59Z'))).toBe('2026-05-03')
    expect(dayAfter('2026-12-31')).toBe('2027-01-01')
  })
})

describe('where clocks are changed', () => {
  test('opening at nine stays nine, on the day itself and the days around it', () => {
    const open = (from: string) => free({ hours: week(shift('09:00', '10:00')), zone: newYork, from, days: 3 })
    expect(open('2026-03-07')).toEqual(['2026-03-07T14:00Z', '2026-03-08T13:00Z', '2026-03-09T13:00Z'])
    expect(open('2026-10-31')).toEqual(['2026-10-31T13:00Z', '2026-11-01T14:00Z', '2026-11-02T14:00Z'])
  })
  test('a night that lacks an hour offers an hour less, one that has an hour twice offers it twice', () => {
    const night = week(shift('00:00', '05:00'))
    const starts = (from: string) => free({ hours: night, zone: newYork, from, minutes: 15 })
    expect(starts('2026-03-07')).toHaveLength(20)
    expect(starts('2026-03-08')).toHaveLength(16)
    expect(starts('2026-11-01')).toHaveLength(24)
    expect(new Set(starts('2026-11-01')).size).toBe(24)
    expect(daysThere(newYork, '2026-11-01', 1)).toEqual({
      from: Date.parse('2026-11-01T04:00Z'),
      to: Date.parse('2026-11-02T05:00Z'),
    })
  })
  test('an hour of work is an hour, also over the change', () => {
    const night = week(shift('00:00', '04:00'))
    expect(free({ hours: night, zone: newYork, from: '2026-03-08', minutes: 180 })).toEqual(['2026-03-08T05:00Z'])
    expect(free({ hours: night, zone: newYork, from: '2026-03-08', minutes: 195 })).toEqual([])
    expect(free({ hours: night, zone: newYork, from: '2026-11-01', minutes: 300 })).toEqual(['2026-11-01T04:00Z'])
  })
  test('half an hour is also a change, south of the equator', () => {
    // Lord Howe Island goes back from 11 to 10:30 ahead.
    const starts = free({ hours: week(shift('01:00', '03:00')), zone: 'Australia/Lord_Howe', from: '2026-04-05', minutes: 15 })
    expect(starts).toHaveLength(10)
  })
})

test('whatever the hours, the zone and the day: all of what is offered is open and free, and nothing that is both is left out', () => {
  const quarter = fc.integer({ min: 0, max: 95 })
  const clock = (q: number) => `${String(Math.floor(q / 4)).padStart(2, '0')}:${String((q % 4) * 15).padStart(2, '0')}`
  const zones = ['UTC', newYork, 'Europe/Berlin', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/St_Johns', 'Pacific/Apia']
  // Clocks are changed in the night: what opens or closes at a time that is skipped or comes twice is tested above.
  const awake = (q: number) => q >= 16 && q <= 92
  fc.assert(
    fc.property(
      fc.record({
        open: quarter.filter(awake),
        close: quarter.filter(awake),
        zone: fc.constantFrom(...zones),
        day: fc.constantFrom('2026-03-08', '2026-03-29', '2026-04-05', '2026-10-25', '2026-11-01', '2026-05-04'),
        minutes: fc.integer({ min: 1, max: 12 }).map((n) => n * 15),
        busy: fc.array(fc.tuple(quarter, fc.integer({ min: 1, max: 20 })), { maxLength: 6 }),
      }),
      ({ open, close, zone, day, minutes, busy }) => {
        fc.pre(open !== close)
        const hours = week(shift(clock(open), clock(close)))
        const between = daysThere(zone, day, 1)
        const taken = busy.map(([at, length]) => ({
          from: between.from + at * gridMs,
          to: between.from + (at + length) * gridMs,
        }))
        const offered = freeStarts(openTimes(hours, zone, day, 1), taken, { lengthMs: minutes * minute, between })
        // Quarter by quarter, by the rule that calls go by.
        const ends = between.to + minutes * minute
        const fine = new Set<number>()
        for (let at = between.from; at < ends; at += gridMs)
          if (isOpen(hours, zone, new Date(at)) && !taken.some((one) => one.from < at + gridMs && one.to > at)) fine.add(at)
        const quarters = Array.from({ length: minutes / 15 }, (_, n) => n * gridMs)
        const expected = [...fine].filter((at) => at < between.to && quarters.every((q) => fine.has(at + q)))
        expect(offered).toEqual(expected)
      },
    ),
    { numRuns: 100 },
  )
})

test('the nearest to what was wanted, in their order', () => {
  expect(nearest([1, 4, 6, 9, 20], 5, 3)).toEqual([1, 4, 6])
  expect(nearest([], 5, 3)).toEqual([])
})
