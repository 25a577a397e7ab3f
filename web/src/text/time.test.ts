import { describe, expect, test } from 'vitest'
import { clockRange, dayOf, daysBetween, duration, fileSize, listTime, playTime, timeRange, zoneName } from './time.ts'

const madrid = { language: 'en-GB', timeZone: 'Europe/Madrid' }
const now = Date.parse('2026-11-21T00:30:00+01:00')

describe('times in the viewer’s zone', () => {
  test.each([
    ['2026-11-21T00:29:30+01:00', ''],
    ['2026-11-21T00:18:00+01:00', '12m'],
    ['2026-11-20T23:10:00+01:00', 'Fri'],
    ['2026-11-15T10:00:00+01:00', 'Sun'],
    ['2026-11-02T10:00:00+01:00', '2 Nov'],
    ['2025-11-02T10:00:00+01:00', '2 Nov 2025'],
  ])('%s reads "%s" in the list', (at, expected) => {
    expect(listTime(madrid, at, now)).toBe(expected)
  })

  test('earlier the same day it is the time of day', () => {
    expect(listTime(madrid, '2026-11-21T09:05:00+01:00', now + 12 * 3_600_000)).toBe('09:05')
  })

  test('midnight is the viewer’s, not the server’s', () => {
    const late = Date.parse('2026-11-20T23:30:00Z')
    expect(dayOf(madrid, late)).toBe('2026-11-21')
    expect(dayOf({ ...madrid, timeZone: 'America/Lima' }, late)).toBe('2026-11-20')
  })

  test('the day the clocks change is still one day', () => {
    expect(daysBetween(madrid, Date.parse('2026-10-24T22:30:00Z'), Date.parse('2026-10-25T23:30:00Z'))).toBe(1)
    expect(daysBetween(madrid, Date.parse('2026-10-25T00:30:00Z'), Date.parse('2026-10-25T22:30:00Z'))).toBe(0)
  })
})

test('lengths of time and sizes are short and in the language', () => {
  expect(duration(madrid, 3 * 3_600_000 + 20 * 60_000)).toBe('3 hrs 20 mins')
  expect(duration(madrid, 1000)).toBe('1 min')
  expect(playTime(75.9)).toBe('1:15')
  expect(playTime(Number.NaN)).toBe('0:00')
  expect(fileSize(madrid, 1536)).toBe('1.5 kB')
  expect(fileSize({ language: 'ru' }, 20 * 1024 * 1024)).toBe('20 МБ')
})

test('an appointment is by the clocks of its place, with the year where it is another', () => {
  const at = (from: string, to: string) => timeRange(madrid, from, to, now).replaceAll(/[\s,]/g, '')
  expect(at('2026-11-23T09:00:00Z', '2026-11-23T10:30:00Z')).toBe('Mon23Nov10:00–11:30')
  expect(clockRange(madrid, '2026-11-23T09:00:00Z', '2026-11-23T10:30:00Z').replaceAll(/\s/g, '')).toBe('10:00–11:30')
  expect(at('2027-01-04T09:00:00Z', '2027-01-04T10:00:00Z')).toContain('2027')
  expect(zoneName('en', 'Europe/Madrid', now)).toBe('Central European Standard Time')
})
