import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide, type Facts, type Outcome, outcomes, rules } from './decision.ts'
import { dialledOutcome, endedOutcome, outweighs, recordedOutcome, silentOutcome, statusOf } from './outcome.ts'

const usual: Facts = {
  ...{
    direction: 'inbound',
    outcome: 'no_answer',
    callerKind: 'phone',
    ownNumber: false,
    contactBlocked: false,
    landline: false,
  },
  ...{
    autoResponse: true,
    optedOut: false,
    registration: 'not_needed',
    suspended: false,
    recentlyTexted: false,
    late: false,
    inTouch: false,
  },
  ...{ quiet: false, open: true, afterHoursText: false },
}
const of = (facts: Partial<Facts>) => decide({ ...usual, ...facts })

describe('a missed call', () => {
  test.each(outcomes.filter((one) => one !== 'answered'))(
    'that ended as %s is texted and is a lead, by a rule of that name',
    (outcome) => {
      expect(of({ outcome })).toEqual({ rule: outcome, text: 'now', wording: 'standard', lead: true, alert: false })
    },
  )
  test.each([
    [{ callerKind: 'withheld' }, 'withheld'],
    [{ callerKind: 'other' }, 'not_a_telephone'],
    [{ landline: true }, 'landline'],
    [{ optedOut: true }, 'opted_out'],
    [{ autoResponse: false }, 'automatic_off'],
    [{ suspended: true }, 'suspended'],
    [{ late: true }, 'too_late'],
  ] as const)('with %o is a lead that somebody is told of, and no text (%s)', (facts, rule) => {
    expect(of(facts as Partial<Facts>)).toEqual({ rule, text: 'none', wording: 'standard', lead: true, alert: true })
  })
  test.each([
    [{ recentlyTexted: true }, 'repeated'],
    [{ inTouch: true }, 'in_touch'],
  ] as const)('with %o is a lead and needs no text (%s)', (facts, rule) => {
    expect(of(facts)).toEqual({ rule, text: 'none', wording: 'standard', lead: true, alert: false })
  })
  test.each([
    [{ direction: 'outbound' }, 'outbound'],
    [{ outcome: 'answered' }, 'answered'],
    [{ ownNumber: true }, 'own_number'],
    [{ contactBlocked: true }, 'blocked'],
  ] as const)('with %o is nothing (%s)', (facts, rule) => {
    expect(of(facts as Partial<Facts>)).toEqual({ rule, text: 'none', wording: 'standard', lead: false, alert: false })
  })
  test('is kept as not sent before the carriers have approved the business, and somebody is told', () => {
    for (const registration of ['pending', 'rejected'] as const)
      expect(of({ registration })).toMatchObject({ rule: 'not_registered', text: 'refused', lead: true, alert: true })
    for (const registration of ['approved', 'not_needed'] as const) expect(of({ registration }).text).toBe('now')
  })
  test('at night waits where there are quiet hours, goes at once with other words where there is a text for it, else at once', () => {
    expect(of({ quiet: true, open: false, afterHoursText: true })).toMatchObject({ rule: 'quiet_hours', text: 'later' })
    expect(of({ open: false, afterHoursText: true })).toMatchObject({
      rule: 'after_hours',
      text: 'now',
      wording: 'after_hours',
    })
    expect(of({ open: false })).toMatchObject({ rule: 'no_answer', text: 'now', wording: 'standard' })
  })
})

describe('whatever is known of a call', () => {
  const facts = fc.record<Facts>({
    direction: fc.constantFrom('inbound', 'outbound'),
    outcome: fc.constantFrom(...outcomes),
    callerKind: fc.constantFrom('phone', 'withheld', 'other'),
    registration: fc.constantFrom('not_needed', 'pending', 'approved', 'rejected'),
    ...{ ownNumber: fc.boolean(), contactBlocked: fc.boolean(), landline: fc.boolean(), autoResponse: fc.boolean() },
    ...{ optedOut: fc.boolean(), suspended: fc.boolean(), recentlyTexted: fc.boolean(), late: fc.boolean() },
    ...{ inTouch: fc.boolean() },
    ...{ quiet: fc.boolean(), open: fc.boolean(), afterHoursText: fc.boolean() },
  })
  test('a rule fits, and a text goes only where nothing speaks against it', () => {
    fc.assert(
      fc.property(facts, (given) => {
        const { text, lead, alert } = decide(given)
        const against =
          given.direction === 'outbound' ||
          given.outcome === 'answered' ||
          given.callerKind !== 'phone' ||
          given.ownNumber ||
          given.contactBlocked ||
          given.landline ||
          given.optedOut ||
          !given.autoResponse ||
          given.suspended ||
          given.recentlyTexted ||
          given.late ||
          given.inTouch
        if (text !== 'none') expect(against).toBe(false)
        if (text === 'now') expect(['pending', 'rejected']).not.toContain(given.registration)
        if (text !== 'none' || alert) expect(lead).toBe(true)
      }),
    )
  })
  test('every rule has a name of its own and says what it means', () => {
    expect(new Set(rules.map(({ rule }) => rule)).size).toBe(rules.length)
    for (const { means } of rules) expect(means).toMatch(/\.$/)
  })
})

describe('how a call ended', () => {
  test('a talk shorter than the business counts is short, as long or longer is answered', () => {
    expect(dialledOutcome({ result: 'answered', seconds: 9 }, 10)).toBe('short')
    expect(dialledOutcome({ result: 'answered', seconds: 10 }, 10)).toBe('answered')
    expect(dialledOutcome({ result: 'answered', seconds: 0 }, null)).toBe('answered')
    expect(dialledOutcome({ result: 'not_bridged', seconds: 30 }, null)).toBe('voicemail')
  })
  test('the end of the caller’s leg tells only where nothing answered it', () => {
    expect(endedOutcome({ result: 'completed' })).toBeNull()
    expect(endedOutcome({ result: 'busy' })).toBe('busy')
  })
  test('the record of a call says who was rung and how that ended, and without anybody rung how the caller’s leg did', () => {
    const of = (given: Partial<Parameters<typeof recordedOutcome>[0]>, minimum: number | null = null) =>
      recordedOutcome({ result: 'completed', dialled: null, byKey: false, ...given }, minimum)
    const talked = { result: 'answered', seconds: 40 } as const
    expect(of({})).toEqual({ outcome: 'unanswered', by: 'ended' })
    expect(of({ result: 'canceled' })).toEqual({ outcome: 'canceled', by: 'ended' })
    expect(of({ dialled: { result: 'busy', seconds: 0 } })).toEqual({ outcome: 'busy', by: 'dialled' })
    expect(of({ dialled: talked })).toEqual({ outcome: 'answered', by: 'dialled' })
    expect(of({ dialled: talked }, 60)).toEqual({ outcome: 'short', by: 'dialled' })
    // Where a key is asked for and none was told of, what picked up was not somebody.
    expect(of({ dialled: talked, byKey: true })).toEqual({ outcome: 'voicemail', by: 'dialled' })
  })
  test('silence is missed, unless somebody was seen to pick up', () => {
    expect([silentOutcome(false), silentOutcome(true)]).toEqual(['unanswered', 'answered'])
  })
  test('the stronger word counts, the same again changes nothing', () => {
    const order = ['silence', 'ended', 'dialled'] as const
    for (const [a, now] of order.entries()) for (const [b, known] of order.entries()) expect(outweighs(now, known)).toBe(a > b)
    expect(outweighs('silence', null)).toBe(true)
  })
  test('only an answered call is completed', () => {
    for (const outcome of outcomes) expect(statusOf(outcome as Outcome)).toBe(outcome === 'answered' ? 'completed' : 'missed')
  })
})
