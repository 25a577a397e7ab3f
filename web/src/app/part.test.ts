import { expect, test } from 'vitest'
import { persist } from './part.ts'

test('a part that cannot be fetched at first is asked for again, later each time', async () => {
  const waits: number[] = []
  let left = 2
  const load = async () => {
    if (left-- > 0) throw new TypeError('Failed to fetch dynamically imported module')
    return 'here'
  }
  expect(await persist(load, async (ms) => void waits.push(ms))).toBe('here')
  expect(waits).toEqual([400, 800])
})

test('a part that stays away is an error in the end, not a wait without end', async () => {
  let asked = 0
  const gone = persist(
    async () => {
      asked += 1
      throw new Error('gone')
    },
    async () => {},
  )
  await expect(gone).rejects.toThrow('gone')
  expect(asked).toBe(6)
})
