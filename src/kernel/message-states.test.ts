import { expect, test } from 'vitest'
import { isValidStateTransition, MESSAGE_STATE_TRANSITIONS, type MessageStatus } from './message-states.ts'

const states = ['queued', 'sent', 'delivered', 'read', 'received', 'processed', 'failed'] as const
const allowed = new Set([
  'queued>sent',
  'queued>failed',
  'sent>delivered',
  'sent>failed',
  'delivered>read',
  'delivered>failed',
  'received>processed',
  'received>failed',
])

test('all 49 pairs of states answer as the table says', () => {
  expect(Object.keys(MESSAGE_STATE_TRANSITIONS).sort()).toEqual([...states].sort())
  for (const from of states) {
    for (const to of states) {
      expect(isValidStateTransition(from, to), `${from} → ${to}`).toBe(from === to || allowed.has(`${from}>${to}`))
    }
  }
})

test('a state nobody knows allows nothing and does not throw', () => {
  expect(isValidStateTransition('pending' as MessageStatus, 'sent')).toBe(false)
  expect(isValidStateTransition('constructor' as MessageStatus, 'constructor' as MessageStatus)).toBe(false)
})
