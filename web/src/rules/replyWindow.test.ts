import { expect, test } from 'vitest'
import { replyWindow } from './replyWindow.ts'

const now = Date.parse('2026-11-21T08:00:00Z')
const until = (time: string | null) => ({ windowRequired: true, windowExpiresAt: time })

test('half of the day left is half a ring', () => {
  expect(replyWindow(until('2026-11-21T20:00:00Z'), now)).toEqual({ state: 'open', leftMs: 12 * 3_600_000, share: 0.5 })
})
test('under two hours it is time to answer', () => {
  expect(replyWindow(until('2026-11-21T10:00:00Z'), now).state).toBe('open')
  expect(replyWindow(until('2026-11-21T09:59:59Z'), now).state).toBe('soon')
})
test('it is over at the very moment it ends, and when nobody wrote yet', () => {
  expect(replyWindow(until('2026-11-21T08:00:00Z'), now)).toEqual({ state: 'closed' })
  expect(replyWindow(until(null), now)).toEqual({ state: 'closed' })
})
test('a channel without a window has none, and a time that cannot be read is not taken for an open one', () => {
  expect(replyWindow({ windowRequired: false, windowExpiresAt: null }, now)).toEqual({ state: 'free' })
  expect(replyWindow(until('soon'), now)).toEqual({ state: 'closed' })
})
test('the ring is never more than full', () => {
  expect(replyWindow(until('2026-11-24T08:00:00Z'), now, 24)).toMatchObject({ share: 1 })
})
