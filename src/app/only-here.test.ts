/** Who may see what the demo mails: it has links that set a password. */
import { expect, test } from 'vitest'
import { isFromHere } from './only-here.ts'

const from = (remoteAddress: string | undefined, host: string, more: Record<string, string> = {}) =>
  isFromHere({ socket: { remoteAddress }, headers: { host, ...more } })

test.each([
  ['127.0.0.1', 'localhost:8080'],
  ['::1', '[::1]:8080'],
  ['::ffff:127.0.0.1', '127.0.0.1:8080'],
])('%s, asking for %s, sits at the machine', (address, host) => {
  expect(from(address, host)).toBe(true)
})

test('the network, a tunnel, a proxy, and a name of somebody else that leads here do not', () => {
  expect(from('192.168.1.20', 'localhost:8080')).toBe(false)
  expect(from('127.0.0.1', 'demo.tunnel.example')).toBe(false)
  expect(from('127.0.0.1', 'localhost.evil.example:8080')).toBe(false)
  expect(from('127.0.0.1', 'localhost:8080', { 'x-forwarded-for': '203.0.113.9' })).toBe(false)
  expect(from(undefined, 'localhost')).toBe(false)
})
