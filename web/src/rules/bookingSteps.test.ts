import { expect, test } from 'vitest'
import { byDay, inOrder, isAhead, mayBecome, readAppointmentsSearch, stepsOf } from './bookingSteps.ts'

const startsAt = '2026-05-04T10:00:00.000Z'
const before = Date.parse(startsAt) - 1
const begun = Date.parse(startsAt)

test('whether somebody came is asked from the beginning on, and not before', () => {
  expect(stepsOf({ status: 'confirmed', startsAt }, before)).toEqual(['move', 'cancelled'])
  expect(stepsOf({ status: 'confirmed', startsAt }, begun)).toEqual(['completed', 'no_show', 'move', 'cancelled'])
  expect(stepsOf({ status: 'pending', startsAt }, before)).toEqual(['confirmed', 'move', 'cancelled'])
})

test('what was settled wrongly can be put right; what is cancelled is booked anew', () => {
  expect(stepsOf({ status: 'completed', startsAt }, begun)).toEqual(['no_show'])
  expect(stepsOf({ status: 'no_show', startsAt }, begun)).toEqual(['completed'])
  expect(stepsOf({ status: 'cancelled', startsAt }, begun)).toEqual([])
})

test('every step is one that the server allows', () => {
  for (const status of ['pending', 'confirmed', 'completed', 'cancelled', 'no_show'] as const)
    for (const step of stepsOf({ status, startsAt }, begun))
      expect(step === 'move' ? isAhead(status) : mayBecome(status, step), `${status} → ${step}`).toBe(true)
})

test('a way back is offered where there is one', () => {
  expect([mayBecome('cancelled', 'confirmed'), mayBecome('completed', 'confirmed')]).toEqual([true, true])
  expect([mayBecome('completed', 'pending'), mayBecome('no_show', 'cancelled')]).toEqual([false, false])
})

test('those to come stand first by their time, what is over last with the latest first', () => {
  const one = (id: string, status: 'confirmed' | 'cancelled' | 'completed', day: string) => ({ id, status, startsAt: day })
  const all = [
    ...[one('d', 'completed', '2026-05-01'), one('c', 'cancelled', '2026-05-02')],
    ...[one('b', 'confirmed', '2026-05-04'), one('a', 'confirmed', '2026-05-03')],
  ]
  expect(inOrder(all).map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd'])
})

test('days stand in the order in which their appointments come', () => {
  const all = ['2026-05-04T10:00:00Z', '2026-05-04T12:00:00Z', '2026-05-03T10:00:00Z'].map((at) => ({ startsAt: at }))
  const days = byDay(all, (at) => new Date(at).toISOString().slice(0, 10))
  expect(days.map(([day, some]) => [day, some.length])).toEqual([
    ['2026-05-04', 2],
    ['2026-05-03', 1],
  ])
})

test('the address of the page says what it should and nothing else', () => {
  expect(readAppointmentsSearch({ show: 'past', with: 'ana', other: 1 })).toEqual({ show: 'past', with: 'ana' })
  expect(readAppointmentsSearch({ show: 'x', with: '' })).toEqual({})
})
