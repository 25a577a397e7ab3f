import { expect, test } from 'vitest'
import { isSafeAddress } from './outbound-address.ts'

test.each([
  'https://api.example',
  'https://proxy.example/api/',
  'http://127.0.0.1:4020',
  'http://localhost:4020',
  'http://[::1]:4020',
  'http://simulator:4020',
  'http://10.0.0.5',
])('credentials may be sent to %s', (address) => {
  expect(isSafeAddress(address)).toBe(true)
})

test.each([
  'http://api.example',
  'http://8.8.8.8',
  'http://[2001:db8::1]',
  'ftp://a.example',
  'https://a.example?x=1',
  'https://a.example#x',
  'https://u:p@a.example',
  'a.example',
  '',
])('and not to "%s"', (address) => {
  expect(isSafeAddress(address)).toBe(false)
})
