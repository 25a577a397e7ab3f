import { expect, test } from 'vitest'
import type { BusinessHours } from '../../../client/index.ts'
import { openState, weekdays } from './openingHours.ts'

const shut = { open: '09:00', close: '17:00', enabled: false }
const week = (days: Partial<BusinessHours>): BusinessHours =>
  ({ ...Object.fromEntries(weekdays.map((day) => [day, shut])), ...days }) as BusinessHours
const day = (open: string, close: string) => ({ open, close, enabled: true })
const workdays = week(Object.fromEntries(weekdays.slice(0, 5).map((one) => [one, day('09:00', '17:00')])))
/** 23 November 2026 is a Monday. */
const at = (date: number, time: string) => Date.parse(`2026-11-${date}T${time}:00Z`)

test('within the hours it is open until they end', () => {
  expect(openState(workdays, 'UTC', at(23, '09:00'))).toEqual({
    state: 'open',
    closes: { day: 'monday', minute: 17 * 60, inDays: 0 },
  })
  expect(openState(workdays, 'UTC', at(23, '17:00')).state).toBe('closed')
})

test('on Friday evening it opens on Monday at nine', () => {
  expect(openState(workdays, 'UTC', at(27, '18:00'))).toEqual({
    state: 'closed',
    opens: { day: 'monday', minute: 9 * 60, inDays: 3 },
  })
})

test('a night shift is open after midnight of the next day, also from Sunday to Monday', () => {
  const nights = week({ sunday: day('22:00', '06:00') })
  expect(openState(nights, 'UTC', at(23, '05:59'))).toEqual({
    state: 'open',
    closes: { day: 'monday', minute: 6 * 60, inDays: 0 },
  })
  expect(openState(nights, 'UTC', at(29, '23:00'))).toMatchObject({ state: 'open', closes: { day: 'monday', inDays: 1 } })
  expect(openState(nights, 'UTC', at(23, '06:00'))).toMatchObject({ state: 'closed', opens: { day: 'sunday', inDays: 6 } })
})

test('days that touch are one stretch; a week without a gap is always open', () => {
  const two = week({ monday: day('20:00', '24:00'), tuesday: day('00:00', '03:00') })
  expect(openState(two, 'UTC', at(23, '21:00'))).toMatchObject({ state: 'open', closes: { day: 'tuesday', minute: 180 } })
  const all = week(Object.fromEntries(weekdays.map((one) => [one, day('00:00', '24:00')])))
  expect(openState(all, 'UTC', at(25, '12:00'))).toEqual({ state: 'always' })
})

test('the hours are those of the business’s zone', () => {
  expect(openState(workdays, 'Asia/Tokyo', at(23, '00:30')).state).toBe('open')
  expect(openState(workdays, 'America/New_York', at(23, '13:59')).state).toBe('closed')
})

test('without any hours it never opens', () => {
  expect(openState(week({}), 'UTC', at(23, '12:00'))).toEqual({ state: 'never' })
})
