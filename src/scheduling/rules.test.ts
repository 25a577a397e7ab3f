import { expect, test } from 'vitest'
import { bookingStatuses, isAhead, requireStep, requireTime, takesTime } from './rules.ts'

test('what a booking may become', () => {
  const may = (from: (typeof bookingStatuses)[number]) =>
    bookingStatuses.filter((to) => {
      try {
        requireStep(from, to)
        return from !== to
      } catch {
        return false
      }
    })
  expect(may('pending')).toEqual(['confirmed', 'completed', 'cancelled', 'no_show'])
  expect(may('confirmed')).toEqual(['pending', 'completed', 'cancelled', 'no_show'])
  expect(may('completed')).toEqual(['confirmed', 'no_show'])
  expect(may('no_show')).toEqual(['confirmed', 'completed'])
  expect(may('cancelled')).toEqual(['pending', 'confirmed'])
  expect(() => requireStep('no_show', 'cancelled')).toThrow('may become confirmed or completed')
})

test('which of them take time, and which are ahead', () => {
  expect(bookingStatuses.filter(takesTime)).toEqual(['pending', 'confirmed', 'completed'])
  expect(bookingStatuses.filter(isAhead)).toEqual(['pending', 'confirmed'])
})

test('a time has not passed unless it is written down afterwards, and is within a year', () => {
  const now = new Date('2026-05-04T08:00:00Z')
  const inMinutes = (n: number) => new Date(now.getTime() + n * 60_000)
  const year = 366 * 24 * 60
  expect(() => requireTime(inMinutes(1), now, false)).not.toThrow()
  expect(() => requireTime(inMinutes(0), now, false)).toThrow('has passed')
  expect(() => requireTime(inMinutes(-1), now, true)).not.toThrow()
  expect(() => requireTime(inMinutes(year), now, true)).not.toThrow()
  expect(() => requireTime(inMinutes(year + 1), now, true)).toThrow('more than a year ahead')
  expect(() => requireTime(inMinutes(-year - 1), now, true)).toThrow('more than a year ago')
})
