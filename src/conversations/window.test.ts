import { expect, test } from 'vitest'
import type { Capabilities } from '../ports/channel.ts'
import type { OutboundBody } from '../ports/message.ts'
import { checkGate, type GateFacts, type LateFacts, lateRefusal, needsRegistration } from './window.ts'

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
  optedOut: false,
  registration: 'not_needed',
  phone: '+16505550123',
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

test('who said stop gets nothing, whatever it is', () => {
  expect(refusal({ optedOut: true })).toBe('opted_out')
  expect(refusal({ optedOut: true, body: template })).toBe('opted_out')
  expect(refusal({ optedOut: true, contactStatus: 'blocked' })).toBe('contact_blocked')
})

test('texts to the United States wait for the carriers; texts elsewhere do not', () => {
  for (const registration of ['pending', 'rejected'] as const) {
    expect(refusal({ registration })).toBe('registration_required')
    expect(refusal({ registration, phone: '+79001234567' })).toBeNull()
    expect(refusal({ registration, phone: '+16135550123' }), 'Canada').toBeNull()
    expect(refusal({ registration, phone: null })).toBeNull()
  }
  expect(refusal({ registration: 'approved' })).toBeNull()
  expect(needsRegistration('rejected', '+16505550123')).toMatch(/rejected/)
})

test('what was right when it was queued is refused when it goes, by the same rules', () => {
  const late = (change: Partial<LateFacts>) =>
    lateRefusal(
      {
        ...{ type: 'text', capabilities, contactStatus: 'active', windowExpiresAt: new Date('2026-11-21T12:00:01Z') },
        ...{ optedOut: false, registration: 'not_needed', phone: '+16505550123', sendBy: null, ...change },
      },
      now,
    )?.code
  expect(late({})).toBeUndefined()
  expect(late({ optedOut: true })).toBe('opted_out')
  expect(late({ contactStatus: 'blocked' })).toBe('contact_blocked')
  expect(late({ registration: 'pending' })).toBe('registration_required')
  expect(late({ sendBy: now })).toBe('too_late')
  expect(late({ sendBy: new Date(now.getTime() + 1) })).toBeUndefined()
  expect(late({ windowExpiresAt: now })).toBe('window_closed')
  expect(late({ windowExpiresAt: now, type: 'template' })).toBeUndefined()
})
