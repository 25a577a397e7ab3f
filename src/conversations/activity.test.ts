import { expect, test } from 'vitest'
import { createActivity } from './activity.ts'

function scene() {
  let time = 1000
  const activity = createActivity(() => time)
  return { activity, pass: (ms: number) => (time += ms) }
}
/** One event every two milliseconds, for a tenth of a second. */
function rush({ activity, pass }: ReturnType<typeof scene>, source: string) {
  for (let n = 0; n < 50; n++) {
    activity.came(source, 1)
    pass(2)
  }
}

test('whoever sends much while others send something is busy; the others are not', () => {
  const s = scene()
  s.activity.came('small', 1)
  rush(s, 'large')
  expect(s.activity.busyAmongOthers('large')).toBe(true)
  expect(s.activity.busyAmongOthers('small')).toBe(false)
  expect(s.activity.busyAmongOthers('nobody')).toBe(false)
})

test('alone nobody is busy, however much it sends, nor once the others have been silent for a while', () => {
  const s = scene()
  rush(s, 'large')
  expect(s.activity.busyAmongOthers('large')).toBe(false)
  s.activity.came('small', 1)
  expect(s.activity.busyAmongOthers('large')).toBe(true)
  rush(s, 'large')
  rush(s, 'large')
  rush(s, 'large')
  expect(s.activity.busyAmongOthers('large')).toBe(false)
})

test('one large delivery counts as much, and is forgotten after a while', () => {
  const s = scene()
  s.activity.came('small', 1)
  s.activity.came('large', 100)
  expect(s.activity.busyAmongOthers('large')).toBe(true)
  s.pass(400)
  s.activity.came('small', 1)
  s.activity.came('large', 1)
  expect(s.activity.busyAmongOthers('large')).toBe(false)
})

test('it knows when the last batch of a source was', () => {
  const s = scene()
  expect(s.activity.sinceBatch('a')).toBe(Number.POSITIVE_INFINITY)
  s.activity.came('a', 1)
  s.activity.batch('a')
  s.pass(7)
  s.activity.came('a', 1)
  expect(s.activity.sinceBatch('a')).toBe(7)
})
