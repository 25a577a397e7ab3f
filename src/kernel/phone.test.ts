import { expect, test } from 'vitest'
import { toE164 } from './phone.ts'

test('one number written in many ways is one number', () => {
  for (const way of ['8 900 123-45-67', '+7 900 123 45 67', '900 123 45 67', '79001234567', '+7 (900) 123-45-67']) {
    expect(toE164(way, 'RU'), way).toBe('+79001234567')
  }
  for (const way of ['(650) 555-1234', '+1 650 555 1234', '16505551234', '650.555.1234'])
    expect(toE164(way, 'US'), way).toBe('+16505551234')
})

test('what is not a phone number is refused, an id of another kind is not mistaken for one', () => {
  for (const wrong of ['', 'hello', '12', 'US.13491208655302741918', '+', '++++', '1'.repeat(40)])
    expect(toE164(wrong, 'US'), wrong).toBeNull()
})
