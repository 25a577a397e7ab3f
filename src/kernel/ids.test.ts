import { expect, test } from 'vitest'
import { isUuid, newId } from './ids.ts'

test('ids of one process are all different and sort in the order in which they were made', () => {
  const made = Array.from({ length: 20_000 }, newId)
  expect(new Set(made).size).toBe(made.length)
  expect(made.every(isUuid)).toBe(true)
  expect([...made].sort()).toEqual(made)
  expect(made.every((id) => id[14] === '7' && '89ab'.includes(id[19] as string))).toBe(true)
})

test('an id says when it was made', () => {
  const before = Date.now()
  const at = Number.parseInt(newId().replaceAll('-', '').slice(0, 12), 16)
  expect(at).toBeGreaterThanOrEqual(before)
  expect(at).toBeLessThanOrEqual(Date.now() + 1000)
})
