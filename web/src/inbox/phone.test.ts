import { expect, test } from 'vitest'
import { initials } from './Face.tsx'
import { phoneOf } from './phone.ts'

test('a number is taken as people write it, with its country code', () => {
  expect(phoneOf(' +34 600-123-456 ')).toBe('+34600123456')
  expect(phoneOf('0034 (600) 123456')).toBe('+34600123456')
  expect(phoneOf('600123456')).toBeNull()
  expect(phoneOf('+0600123456')).toBeNull()
  expect(phoneOf('+34 600 12345x')).toBeNull()
})
test('a face shows two letters, in any script, or the end of a number', () => {
  expect(initials('Ana María López')).toBe('AL')
  expect(initials('Иван')).toBe('И')
  expect(initials('+34 600 111 222')).toBe('22')
  expect(initials('🙂')).toBe('?')
})
