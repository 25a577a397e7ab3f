import { expect, test } from 'vitest'
import type { Member } from '../../../client/index.ts'
import { givable, mayTouch, mergeMembers } from './roles.ts'

test('an admin gives no role above their own, and does not touch an owner', () => {
  expect(givable('admin')).toEqual(['viewer', 'agent', 'admin'])
  expect(mayTouch('admin', 'owner')).toBe(false)
  expect(mayTouch('owner', 'owner')).toBe(true)
})

test('colleagues who changed keep their place, new ones are added, those who left go', () => {
  const member = (id: string, name = id): Member => ({
    ...{ id, name, email: null, role: 'agent', joinedAt: '2026-11-25T00:00:00.000Z' },
    presence: { status: 'available', isOnline: true, lastSeenAt: null },
  })
  const after = mergeMembers([member('a'), member('b'), member('c')], [member('b', 'Bo'), member('d')], ['a'])
  expect(after.map((one) => one.name)).toEqual(['Bo', 'c', 'd'])
})
