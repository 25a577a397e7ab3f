import { expect, test } from 'vitest'
import type { Lead } from '../../../client/index.ts'
import { assumed, choices, leadStatuses, mayMove, placesOf, putIn, readLeadSearch, takeOut } from './leadBoard.ts'

const lead = (id: string, createdAt: string) => ({ id, createdAt }) as Lead

test('the board offers what the server takes: forwards, one step back, and from an end to where work goes on', () => {
  expect(choices('new')).toEqual([...leadStatuses])
  expect(choices('appointment_scheduled')).toEqual(['qualified', 'appointment_scheduled', 'completed', 'lost'])
  expect(choices('completed')).toEqual(['appointment_scheduled', 'completed'])
  expect(choices('lost')).toEqual(['new', 'qualified', 'lost'])
  expect([mayMove('new', 'new'), mayMove('completed', 'lost')]).toEqual([false, false])
})

test('a lead that comes into a column stands where its time belongs, once', () => {
  const column = [lead('c', '2026-03'), lead('a', '2026-01')]
  const ids = (leads: Lead[]) => leads.map((one) => one.id).join('')
  expect(ids(putIn(column, lead('b', '2026-02')))).toBe('cba')
  expect(ids(putIn(column, lead('d', '2026-04')))).toBe('dca')
  expect(ids(putIn(column, lead('z', '2025-01')))).toBe('caz')
  expect(ids(putIn(column, lead('a', '2026-01')))).toBe('ca')
  expect(ids(takeOut(column, 'c'))).toBe('a')
})

test('a lead that two columns have is in the one that heard of it last, until the server says otherwise', () => {
  const before = { id: 'a', status: 'new', updatedAt: '2026-03-01T10:00:00.000Z' } as Lead
  const moved = assumed(before, { status: 'qualified' })
  expect(moved.updatedAt).toBe('2026-03-01T10:00:00.001Z')
  for (const columns of [
    [[before], [moved]],
    [[moved], [before]],
  ])
    expect([...placesOf(columns)]).toEqual([['a', 'qualified']])
  const refused = { ...before, updatedAt: '2026-03-01T10:00:00.500Z' }
  expect(placesOf([[refused], [moved]]).get('a')).toBe('new')
})

test('an address that says nonsense is the whole board', () => {
  expect(readLeadSearch({ view: 'x', urgency: 'never', q: '', assignee: {}, lead: null })).toEqual({})
  expect(readLeadSearch({ view: 'list', urgency: 'high', q: 42, assignee: 'me', lead: 'id' })).toEqual({
    ...{ view: 'list', urgency: 'high', q: '42', assignee: 'me', lead: 'id' },
  })
})
