import { expect, test } from 'vitest'
import { changesOf, isKnown, whatOf } from './auditLine.ts'

const subject = { type: 'user', id: '01a214d6-0493-736f-aae0-d829cec49829' }

test('an entry names what it was done to by address or name, and not by an id nobody knows', () => {
  expect(whatOf({ subject, changes: { email: 'bo@example.com', role: 'agent' } })).toBe('bo@example.com')
  expect(whatOf({ subject, changes: { name: { from: 'Old', to: 'New' } } })).toBe('New')
  expect(whatOf({ subject, changes: { person: 'Ana', email: { before: null, after: 'ana@example.com' } } })).toBe('Ana')
  expect(whatOf({ subject, changes: {} })).toBe('')
  expect(whatOf({ subject, changes: {} }, new Map([[subject.id, 'Bo']]))).toBe('Bo')
  expect(whatOf({ subject: { type: 'credentials', id: 'genesys' }, changes: {} })).toBe('genesys')
})

test('changes are read field by field, with what was there before where the entry kept it', () => {
  expect(changesOf({ changes: { role: { from: 'agent', to: 'admin' }, scopes: ['a', 'b'], none: null } })).toEqual([
    { field: 'role', before: 'agent', after: 'admin' },
    { field: 'scopes', before: null, after: 'a, b' },
  ])
})

test('a very long value is cut', () => {
  expect(changesOf({ changes: { text: 'x'.repeat(500) } })[0]?.after).toHaveLength(121)
})

test('an action of a later version of the server is no known one', () => {
  expect(isKnown('member.invited')).toBe(true)
  expect(isKnown('robot.hired')).toBe(false)
})
