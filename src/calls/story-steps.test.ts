import { expect, test } from 'vitest'
import { type StoryLine, stepsOf } from './story-steps.ts'

const line = (id: string, more: Partial<StoryLine>): StoryLine => ({
  ...{ id, conversation_id: 'c', type: 'text', sender: 'customer', author_name: null, content: id, body: null },
  ...{ created_at: new Date(0), ...more },
})
const activity = (id: string, event: string, data: Record<string, unknown>): StoryLine =>
  line(id, { type: 'activity', sender: 'system', content: null, body: { event, data } })

test('lines of one side in a row are one step, with the first words and how many there were', () => {
  const steps = stepsOf([
    line('a', { content: 'x'.repeat(300) }),
    line('b', {}),
    line('c', { sender: 'ai' }),
    line('d', {}),
    line('e', { sender: 'human', author_name: 'Ann' }),
    line('f', { sender: 'human', author_name: 'Bob' }),
  ])
  expect(steps.map(({ by, name, messageId, lines }) => [by, name, messageId, lines])).toEqual([
    ...[
      ['customer', null, 'a', 2],
      ['ai', null, 'c', 1],
      ['customer', null, 'd', 1],
    ],
    ...[
      ['human', 'Ann', 'e', 1],
      ['human', 'Bob', 'f', 1],
    ],
  ])
  expect(steps[0]?.text).toHaveLength(240)
})

test('who it was given to and where the lead went are steps of their own; other news of the thread is not', () => {
  const steps = stepsOf([
    line('a', {}),
    activity('b', 'missed_call', { outcome: 'busy' }),
    line('c', {}),
    activity('d', 'handed_over', { from: 'ai', to: 'human' }),
    activity('e', 'lead_moved', { from: 'new', to: 'qualified', leadId: 7 }),
    line('f', { conversation_id: 'later' }),
  ])
  expect(steps.map(({ kind, from, to, lines }) => [kind, from, to, lines])).toEqual([
    ['said', null, null, 2],
    ['handed_over', 'ai', 'human', 1],
    ['lead_moved', 'new', 'qualified', 1],
    ['said', null, null, 1],
  ])
})
