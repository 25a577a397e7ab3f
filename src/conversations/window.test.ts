import { expect, test } from 'vitest'
import type { Capabilities } from '../ports/channel.ts'
import type { OutboundBody } from '../ports/message.ts'
import { checkGate, type GateFacts } from './window.ts'

const capabilities: Capabilities = {
  send: ['text', 'template', 'image'],
  windowHours: 24,
  templates: true,
  readMarks: true,
  typing: true,
  replies: true,
  pace: { perSecond: 80, burst: 80 },
  pairPace: { everyMs: 6000, burst: 45 },
  media: {},
  maxText: 10,
}
const now = new Date('2026-11-21T12:00:00Z')
const facts = (change: Partial<GateFacts>): GateFacts => ({
  now,
  body: { type: 'text', text: 'hello' },
  capabilities,
  contactStatus: 'active',
  accountState: 'connected',
  accountStateText: null,
  windowExpiresAt: new Date('2026-11-21T12:00:01Z'),
  ...change,
})
const refusal = (change: Partial<GateFacts>): unknown => {
  try {
    checkGate(facts(change))
    return null
  } catch (error) {
    return (error as { code: string }).code
  }
}
const template: OutboundBody = { type: 'template', name: 'x', language: 'en', parameters: { body: {}, buttons: {} } }

test('free text goes until the last second of the window and not at its end', () => {
  expect(refusal({})).toBeNull()
  expect(refusal({ windowExpiresAt: now })).toBe('window_closed')
  expect(refusal({ windowExpiresAt: null })).toBe('window_closed')
})

test('a template goes at any time; a channel without a window never refuses for one', () => {
  expect(refusal({ windowExpiresAt: null, body: template })).toBeNull()
  expect(refusal({ windowExpiresAt: null, capabilities: { ...capabilities, windowHours: null } })).toBeNull()
})

test('a blocked contact, a type the channel has not, and a text too long are refused by name', () => {
  expect(refusal({ contactStatus: 'blocked' })).toBe('contact_blocked')
  expect(refusal({ contactStatus: 'inactive' })).toBeNull()
  expect(refusal({ body: { type: 'location', latitude: 1, longitude: 2 } })).toBe('unsupported_by_channel')
  expect(refusal({ body: { type: 'text', text: '12345678901' } })).toBe('too_long')
  expect(refusal({ body: { type: 'text', text: '👍'.repeat(10) } })).toBeNull()
})

test('a number that was stopped keeps its queue: writing is not refused', () => {
  expect(refusal({ accountState: 'held', accountStateText: 'payment' })).toBeNull()
})
