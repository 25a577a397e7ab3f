import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ParleyError } from '../kernel/errors.ts'
import { businessHours } from './business-schema.ts'
import { type Action, actions, can } from './can.ts'
import type { Role } from './roles.ts'
import { invitationState, isZone, requireGoodPassword, requireGrant, requireLanguage, requireReach } from './rules.ts'
import { network } from './throttle.ts'

describe('a password', () => {
  const codeOf = (password: string) => {
    try {
      requireGoodPassword(password, 'Ada.Lovelace@sum.example')
      return 'good'
    } catch (error) {
      return (error as ParleyError).code
    }
  }
  test.each([
    ['correct horse battery staple', 'good'],
    ['ten chars!', 'good'],
    ['пароль подлиннее', 'good'],
    ['nine char', 'weak_password'],
    ['🙂🙂🙂🙂🙂', 'weak_password'],
    ['ada.lovelace@sum.example', 'weak_password'],
    ['ADA.LOVELACE', 'weak_password'],
    [' ada.lovelace@SUM.example ', 'weak_password'],
    ['aaaaaaaaaaaa', 'weak_password'],
  ])('%j is %s', (password, verdict) => expect(codeOf(password)).toBe(verdict))
  test('is never told in the refusal', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4, maxLength: 9 }), (password) => {
        fc.pre(password.trim().length > 3)
        try {
          requireGoodPassword(password, 'a@b.example')
          return true
        } catch (error) {
          return !(error as Error).message.includes(password)
        }
      }),
    )
  })
})

test.each([
  ['Europe/Lisbon', true],
  ['America/Argentina/Buenos_Aires', true],
  ['UTC', true],
  ['EST5EDT', true],
  ['+03:00', false],
  // The database does not know them, or means another place.
  ['IST', false],
  ['jst', false],
  ['US/Pacific-New', false],
  ['Mars/Olympus', false],
  ['', false],
  [' UTC', false],
])('%j is a time zone: %s', (name, verdict) => expect(isZone(name)).toBe(verdict))

test('a language is kept in its canonical form, and anything else is refused', () => {
  expect(['EN', 'pt-br', 'zh-hant-tw'].map(requireLanguage)).toEqual(['en', 'pt-BR', 'zh-Hant-TW'])
  for (const wrong of ['', 'english language', 'x', 'en_US']) expect(() => requireLanguage(wrong)).toThrow(ParleyError)
})

test('nobody reaches above their own role', () => {
  const roles = ['viewer', 'agent', 'admin', 'owner'] as const
  for (const [at, role] of roles.entries())
    for (const [other, target] of roles.entries()) {
      const reach = () => requireReach({ role }, target)
      if (other <= at) expect(reach).not.toThrow()
      else expect(reach).toThrow(ParleyError)
    }
})

test('an invitation is open until it is accepted, withdrawn or over', () => {
  const now = new Date('2026-05-01T12:00:00Z')
  const row = { accepted_at: null, revoked_at: null, expires_at: new Date(now.getTime() + 1) }
  expect(invitationState(row, now)).toBe('open')
  expect(invitationState({ ...row, expires_at: now }, now)).toBe('expired')
  expect(invitationState({ ...row, revoked_at: now, expires_at: now }, now)).toBe('revoked')
  expect(invitationState({ ...row, accepted_at: now, expires_at: now }, now)).toBe('accepted')
})

test('addresses of one household count as one', () => {
  expect(network('203.0.113.9')).toBe('203.0.113.9')
  expect(network('::ffff:203.0.113.9')).toBe('203.0.113.9')
  expect(network('2001:db8:1:2:aaaa::1')).toBe(network('2001:0db8:0001:0002:bbbb:cccc::2'))
  expect(network('2001:db8::1')).toBe('2001:db8:0:0')
  expect(network('fe80::1%eth0')).toBe('fe80:0:0:0')
  expect(network('2001:db8:1:3::1')).not.toBe(network('2001:db8:1:2::1'))
})

test('hours close later than they open, or the next day', () => {
  const day = { open: '09:00', close: '17:00', enabled: true }
  const week = { monday: day, tuesday: day, wednesday: day, thursday: day, friday: day, saturday: day, sunday: day }
  const accepted = (monday: object) => businessHours.safeParse({ ...week, monday }).success
  expect(accepted({ open: '22:00', close: '06:00', enabled: true })).toBe(true)
  expect(accepted({ open: '00:00', close: '24:00', enabled: true })).toBe(true)
  expect(accepted({ open: '09:00', close: '09:00', enabled: false })).toBe(true)
  expect(accepted({ open: '09:00', close: '09:00', enabled: true })).toBe(false)
  expect(accepted({ open: '24:00', close: '06:00', enabled: true })).toBe(false)
  expect(accepted({ open: '09:60', close: '17:00', enabled: true })).toBe(false)
  expect(businessHours.safeParse({ monday: day }).success).toBe(false)
})

test('a key with scopes gives nobody a role that may more than the key', () => {
  const lets = (scopes: Action[] | undefined, role: Role) => {
    try {
      requireGrant({ role: 'admin', ...(scopes ? { scopes } : {}) }, role)
      return true
    } catch {
      return false
    }
  }
  const ofViewers = actions.filter((action) => can({ role: 'viewer' }, action))
  expect([lets(undefined, 'admin'), lets(undefined, 'owner')]).toEqual([true, false])
  expect([lets(['members.manage'], 'admin'), lets(['members.manage'], 'viewer')]).toEqual([false, false])
  expect([lets(['members.manage', ...ofViewers], 'viewer'), lets(ofViewers, 'agent')]).toEqual([true, false])
})
