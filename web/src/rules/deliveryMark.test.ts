import { expect, test } from 'vitest'
import { deliveryMark } from './deliveryMark.ts'
import { message } from './sample.ts'

test('our messages carry their status, others carry none', () => {
  expect(deliveryMark(message(1, { status: 'delivered' }))).toBe('delivered')
  expect(deliveryMark(message(1, { direction: 'inbound', status: 'received' }))).toBeNull()
  expect(deliveryMark(message(1, { direction: 'internal', status: null }))).toBeNull()
})
test('an unknown outcome is said until a receipt settles it', () => {
  expect(deliveryMark(message(1, { status: 'sending', outcome: 'unknown' }))).toBe('unknown')
  expect(deliveryMark(message(1, { status: 'read', outcome: 'unknown' }))).toBe('read')
})
