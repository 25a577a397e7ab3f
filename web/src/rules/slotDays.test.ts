import { describe, expect, test } from 'vitest'
import { ParleyError, type Slots } from '../../../client/index.ts'
import {
  bookedBefore,
  dayAfter,
  endHere,
  isOver,
  isUnsure,
  lengths,
  sameClocks,
  secondsLeft,
  shownDay,
  slotDays,
  stretches,
  takenOf,
  titleOf,
} from './slotDays.ts'

const slot = (startsAt: string) => ({ startsAt, endsAt: startsAt, staffIds: ['ana'] })
const slots = (timezone: string, from: string, ...starts: string[]): Slots => ({
  ...{ timezone, from, days: 3, minutes: 60 },
  items: starts.map(slot),
})
const refused = (code: string, status: number, details?: unknown) => new ParleyError({ code, status, message: '', details })

describe('free times day by day', () => {
  test('a time belongs to the day that the business has then, and days with nothing free stay', () => {
    const days = slotDays(slots('America/New_York', '2026-05-04', '2026-05-05T02:30:00.000Z', '2026-05-06T13:00:00.000Z'))
    expect(days.map(({ day, slots: some }) => [day, some.length])).toEqual([
      ['2026-05-04', 1],
      ['2026-05-05', 0],
      ['2026-05-06', 1],
    ])
  })

  test('the first day with something is open until another is chosen, and again when that is out of sight', () => {
    const days = slotDays(slots('UTC', '2026-05-04', '2026-05-05T10:00:00.000Z'))
    expect(shownDay(days, null)?.day).toBe('2026-05-05')
    expect(shownDay(days, '2026-05-04')?.day).toBe('2026-05-04')
    expect(shownDay(days, '2026-06-01')?.day).toBe('2026-05-05')
    expect(shownDay(slotDays(slots('UTC', '2026-05-04')), null)?.day).toBe('2026-05-04')
  })

  test('nobody goes back before today, nor on beyond a year', () => {
    expect(stretches('2026-05-04', '2026-05-04')).toEqual({ before: null, after: '2026-05-11' })
    expect(stretches('2026-05-11', '2026-05-04').before).toBe('2026-05-04')
    // A page that stood open over midnight.
    expect(stretches('2026-05-08', '2026-05-04').before).toBe('2026-05-04')
    expect(stretches('2027-05-03', '2026-05-04').after).toBeNull()
  })

  test('a day follows a day, also over the end of a month and where clocks are changed', () => {
    expect(dayAfter('2026-02-28')).toBe('2026-03-01')
    expect(dayAfter('2026-10-24', 2)).toBe('2026-10-26')
    expect(dayAfter('2026-01-01', -1)).toBe('2025-12-31')
  })

  test('lengths are quarters of an hour, and the one there is', () => {
    expect(lengths(60).slice(0, 4)).toEqual([15, 30, 45, 60])
    expect(lengths(50)).toContain(50)
    expect(lengths(50)).toHaveLength(lengths(60).length + 1)
  })
})

test('another name for the same clocks is no other zone, another hour is', () => {
  const summer = Date.parse('2026-07-01T12:00Z')
  expect(sameClocks('Europe/Madrid', 'Europe/Berlin', summer)).toBe(true)
  expect(sameClocks('Europe/Madrid', 'Europe/Lisbon', summer)).toBe(false)
  // Same in winter only.
  expect(sameClocks('America/Phoenix', 'America/Denver', Date.parse('2026-01-01T12:00Z'))).toBe(true)
  expect(sameClocks('America/Phoenix', 'America/Denver', summer)).toBe(false)
})

describe('what an answer says', () => {
  test('taken: with times near it where the server knows any', () => {
    const nearby = ['2026-05-04T11:00:00.000Z']
    expect(takenOf(refused('slot_taken', 409, { staffId: 'ana', nearby }))).toEqual({ staffId: 'ana', times: nearby })
    expect(takenOf(refused('slot_taken', 409))).toEqual({ staffId: '', times: [] })
    expect(takenOf(refused('conflict', 409))).toBeNull()
    expect(takenOf(new Error('x'))).toBeNull()
  })

  test('over, unsure, and booked before', () => {
    expect([isOver(refused('hold_ended', 410)), isOver(refused('link_not_valid', 410))]).toEqual([true, false])
    expect([refused('unreachable', 0), refused('http_502', 502), refused('slot_taken', 409)].map(isUnsure)).toEqual([
      ...[true, true, false],
    ])
    expect(bookedBefore(refused('conflict', 409, { bookingId: 'b' }))).toBe('b')
    expect(bookedBefore(refused('conflict', 409))).toBeNull()
    expect(bookedBefore(refused('hold_ended', 410, { bookingId: 'b' }))).toBeNull()
  })
})

test('a hold is counted down by this clock, whatever it shows, and never for longer than it lives', () => {
  const hold = { createdAt: '2026-05-04T08:00:00.000Z', expiresAt: '2026-05-04T08:15:00.000Z' }
  const wrongClock = Date.parse('2031-01-01T00:00:00Z')
  const until = endHere(hold, wrongClock)
  expect(secondsLeft(until, wrongClock)).toBe(900)
  expect(secondsLeft(until, wrongClock + 899_500)).toBe(1)
  expect(secondsLeft(until, wrongClock + 900_001)).toBe(0)
  expect(endHere({ ...hold, expiresAt: '2026-05-05T08:00:00.000Z' }, 0)).toBe(900_000)
})

test('the lead says what is to be done, in one line that is not too long', () => {
  expect(titleOf({ jobType: null, problem: 'The  boiler\nis out ' })).toBe('The boiler is out')
  expect(titleOf({ jobType: 'Boiler repair', problem: 'x' })).toBe('Boiler repair')
  expect(titleOf({ jobType: null, problem: null })).toBe('')
  expect(titleOf({ jobType: null, problem: '🔥'.repeat(300) })).toBe('🔥'.repeat(120))
})
