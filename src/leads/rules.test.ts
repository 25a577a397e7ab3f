import { expect, test } from 'vitest'
import { isOpen, type LeadStatus, leadStatuses, requireStep } from './rules.ts'

const refused = (from: LeadStatus, to: LeadStatus, reason: string | null = 'too expensive'): string | null => {
  try {
    requireStep(from, to, reason)
    return null
  } catch (error) {
    return (error as { code: string }).code
  }
}

test('a lead goes forwards as far as it went', () => {
  for (const [n, from] of leadStatuses.slice(0, 3).entries())
    for (const to of leadStatuses.slice(n + 1)) expect([from, to, refused(from, to)]).toEqual([from, to, null])
})

test('it goes back one step, and from an end to where work goes on', () => {
  const back: [LeadStatus, LeadStatus][] = [
    ['qualified', 'new'],
    ['appointment_scheduled', 'qualified'],
    ['completed', 'appointment_scheduled'],
    ['lost', 'new'],
    ['lost', 'qualified'],
  ]
  for (const [from, to] of back) expect([from, to, refused(from, to)]).toEqual([from, to, null])
  const never: [LeadStatus, LeadStatus][] = [
    ['appointment_scheduled', 'new'],
    ['completed', 'new'],
    ['completed', 'lost'],
    ['lost', 'completed'],
    ['lost', 'appointment_scheduled'],
  ]
  for (const [from, to] of never) expect([from, to, refused(from, to)]).toEqual([from, to, 'conflict'])
})

test('lost needs a reason, and a reason of blanks is none', () => {
  for (const reason of [null, '', '   ']) expect(refused('new', 'lost', reason)).toBe('invalid_request')
  expect(refused('new', 'lost', 'chose somebody else')).toBeNull()
})

test('two ends, three that are open', () => {
  expect(leadStatuses.filter(isOpen)).toEqual(['new', 'qualified', 'appointment_scheduled'])
})
