import { describe, expect, test } from 'vitest'
import type { BusinessHours } from './business-schema.ts'
import { instantOf, isOpen, isQuiet, quietFrom, quietUntil, wallClock } from './hours.ts'

const shift = (open: string, close: string, enabled = true) => ({ open, close, enabled })
const week = (day: BusinessHours['monday'], weekend = day): BusinessHours => ({
  ...{ monday: day, tuesday: day, wednesday: day, thursday: day, friday: day, saturday: weekend, sunday: weekend },
})
const office = week(shift('09:00', '17:00'), shift('09:00', '17:00', false))
const zone = 'America/New_York'
const at = (iso: string) => new Date(iso)

test('a wall clock is that of the place', () => {
  expect(wallClock(at('2026-11-26T03:30:00Z'), zone)).toEqual({ day: 'wednesday', minutes: 22 * 60 + 30 })
  expect(wallClock(at('2026-11-26T05:00:00Z'), zone)).toEqual({ day: 'thursday', minutes: 0 })
})

describe('open', () => {
  test.each([
    ['2026-11-26T13:59:59Z', false],
    ['2026-11-26T14:00:00Z', true],
    ['2026-11-26T21:59:59Z', true],
    ['2026-11-26T22:00:00Z', false],
    ['2026-11-28T16:00:00Z', false], // a Saturday
  ])('%s: %s', (iso, open) => expect(isOpen(office, zone, at(iso))).toBe(open))
  test('a night shift is open after midnight, also on a day that has none of its own', () => {
    const night = week(shift('20:00', '04:00'), shift('20:00', '04:00', false))
    expect(isOpen(night, 'UTC', at('2026-11-27T23:00:00Z'))).toBe(true) // Friday
    expect(isOpen(night, 'UTC', at('2026-11-28T03:59:00Z'))).toBe(true)
    expect(isOpen(night, 'UTC', at('2026-11-28T04:00:00Z'))).toBe(false)
    expect(isOpen(night, 'UTC', at('2026-11-29T01:00:00Z'))).toBe(false)
    expect(isOpen(night, 'UTC', at('2026-11-26T12:00:00Z'))).toBe(false)
  })
  test('round the clock is 00:00 to 24:00', () => {
    const always = week(shift('00:00', '24:00'))
    for (const iso of ['2026-11-26T00:00:00Z', '2026-11-26T23:59:59Z']) expect(isOpen(always, 'UTC', at(iso))).toBe(true)
  })
})

describe('quiet', () => {
  const night = { from: '22:00', to: '07:00' }
  test.each([
    ['2026-11-26T21:59:00Z', false],
    ['2026-11-26T22:00:00Z', true],
    ['2026-11-27T03:00:00Z', true],
    ['2026-11-27T07:00:00Z', false],
  ])('%s: %s', (iso, quiet) => expect(isQuiet(night, 'UTC', at(iso))).toBe(quiet))
  test('none is never, and a siesta is within a day', () => {
    expect(isQuiet(null, 'UTC', at('2026-11-27T03:00:00Z'))).toBe(false)
    expect(isQuiet({ from: '13:00', to: '15:00' }, 'UTC', at('2026-11-27T14:00:00Z'))).toBe(true)
  })
  test.each([
    ['2026-11-26T23:10:42Z', 'UTC', '2026-11-27T07:00:00.000Z'],
    ['2026-11-27T06:59:59Z', 'UTC', '2026-11-27T07:00:00.000Z'],
    ['2026-11-27T05:00:00Z', zone, '2026-11-27T12:00:00.000Z'],
    // Clocks are put back an hour in that night, and forward in this one.
    ['2026-11-01T04:00:00Z', zone, '2026-11-01T12:00:00.000Z'],
    ['2026-03-08T05:00:00Z', zone, '2026-03-08T11:00:00.000Z'],
  ])('at %s in %s it lasts until %s', (iso, where, until) => {
    expect(quietUntil(night, where, at(iso)).toISOString()).toBe(until)
    expect(isQuiet(night, where, quietUntil(night, where, at(iso)))).toBe(false)
    const again = quietFrom(night, where, at(until))
    expect(isQuiet(night, where, again)).toBe(true)
    expect(isQuiet(night, where, new Date(again.getTime() - 60_000))).toBe(false)
  })
})

test('what a clock on the wall shows is one moment, also on the days on which clocks are changed', () => {
  const at = (local: string, zone: string) => instantOf(local, zone).toISOString()
  expect(at('2026-01-15T09:00', 'UTC')).toBe('2026-01-15T09:00:00.000Z')
  expect(at('2026-01-15T09:00', 'Asia/Kolkata')).toBe('2026-01-15T03:30:00.000Z')
  expect(at('2026-07-15T09:00', 'America/New_York')).toBe('2026-07-15T13:00:00.000Z')
  expect(at('2026-03-08T01:59', 'America/New_York')).toBe('2026-03-08T06:59:00.000Z')
  // 02:30 is skipped there that night.
  expect(at('2026-03-08T02:30', 'America/New_York')).toBe('2026-03-08T07:30:00.000Z')
  // East of Greenwich too, and where midnight itself is skipped.
  expect(at('2026-03-29T01:15', 'Europe/London')).toBe('2026-03-29T01:15:00.000Z')
  expect(at('2026-04-24T00:00', 'Africa/Cairo')).toBe('2026-04-23T22:00:00.000Z')
  expect(at('2026-09-06T00:00', 'America/Santiago')).toBe('2026-09-06T04:00:00.000Z')
  expect(at('2026-03-08T03:00', 'America/New_York')).toBe('2026-03-08T07:00:00.000Z')
  for (const local of ['2026-11-01T00:59', '2026-11-01T01:30', '2026-11-01T02:00'])
    expect(wallClock(instantOf(local, 'America/New_York'), 'America/New_York').minutes).toBe(
      Number(local.slice(11, 13)) * 60 + Number(local.slice(14, 16)),
    )
})
