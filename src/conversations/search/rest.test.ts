import { expect, test } from 'vitest'
import { restAfter } from './indexer.ts'

test('the index leaves most of the machine to a rush, and less of it once it is a minute behind', () => {
  const share = (rush: boolean, behindSeconds: number) => 1000 / (1000 + restAfter(1000, rush, behindSeconds))
  expect(share(false, 0)).toBeCloseTo(0.66, 1)
  expect(share(false, 600)).toBe(share(false, 0))
  expect(share(true, 0)).toBeLessThan(0.05)
  expect(share(true, 60)).toBe(share(true, 0))
  expect(share(true, 61)).toBeCloseTo(0.25, 1)
})
