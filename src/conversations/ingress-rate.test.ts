import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createRate } from './ingress.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

test('it counts the events of the last second and how many met in a batch', () => {
  const rate = createRate()
  expect([rate.perSecond(), rate.perBatch()]).toEqual([0, 0])
  rate.add(40)
  rate.add(20)
  expect([rate.perSecond(), rate.perBatch()]).toEqual([60, 30])
  vi.advanceTimersByTime(500)
  rate.add(3)
  expect([rate.perSecond(), rate.perBatch()]).toEqual([63, 21])
  vi.advanceTimersByTime(500)
  expect([rate.perSecond(), rate.perBatch()]).toEqual([3, 3])
  vi.advanceTimersByTime(60_000)
  expect([rate.perSecond(), rate.perBatch()]).toEqual([0, 0])
})
