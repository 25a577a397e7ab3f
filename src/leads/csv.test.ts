import { expect, test } from 'vitest'
import { leadsCsv } from './csv.ts'
import type { LeadView } from './schema.ts'

const lead = (more: Partial<LeadView>): LeadView => ({
  ...{
    id: '01900000-0000-7000-8000-000000000001',
    status: 'new',
    urgency: 'normal',
    origin: 'sms',
    conversationId: 'c',
    callId: null,
  },
  ...{
    contact: { id: 'k', name: 'Ada', phone: '+16505550123' },
    assignee: null,
    name: null,
    phone: null,
    email: null,
    address: null,
  },
  ...{ place: null, distance: null, problem: null, jobType: null, estimatedValue: null, conversionValue: null, notes: null },
  ...{
    lostReason: null,
    analysis: null,
    appointment: null,
    joinedInto: null,
    joined: [],
    createdAt: '2026-11-26T10:00:00.000Z',
    updatedAt: '',
  },
  ...more,
})

test('what begins like a formula is text in a spreadsheet, a telephone number included', () => {
  const [, line = ''] = leadsCsv([
    lead({ problem: '=HYPERLINK("http://evil.example")', name: '@SUM(A1)', notes: '-2+3', address: '\t=1' }),
  ]).split('\n')
  for (const cell of ['"\'=HYPERLINK', "'@SUM(A1)", "'-2+3", "'+16505550123"]) expect(line).toContain(cell)
  expect(line).not.toMatch(/(^|,)"?[=+@-]/)
})

test('commas, quotes and lines within a text stay within their cell; numbers are numbers', () => {
  const text = leadsCsv([lead({ problem: 'a "big", leak\nin the hall', estimatedValue: 120.5 })])
  expect(text).toContain('"a ""big"", leak\nin the hall"')
  expect(text).toContain(',120.5,')
  expect(text.startsWith('\ufeffid,created,status')).toBe(true)
})
