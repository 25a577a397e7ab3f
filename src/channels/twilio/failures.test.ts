import { expect, test } from 'vitest'
import { rows } from './failure-table.ts'
import { classifyRefusal, failureText } from './failures.ts'

const outcome = (code: number | undefined, status = 400) =>
  classifyRefusal({ status, ...(code === undefined ? {} : { code }) }, () => 0)

test.each([
  [20003, 'reconnect'],
  [20005, 'hold'],
  [20404, 'reject'],
  [20429, 'retry'],
  [21211, 'reject'],
  [21408, 'reject'],
  [21606, 'hold'],
  [21608, 'reject'],
  [21611, 'retry'],
  [21614, 'reject'],
  [21704, 'hold'],
  [30002, 'hold'],
  [63007, 'hold'],
  [63018, 'retry'],
  [63038, 'retry'],
])('%d ends a send as %s', (code, wanted) => {
  expect(outcome(code)).toMatchObject({ outcome: wanted, code: String(code), text: expect.stringMatching(/\.$/) })
})
test('who said STOP is opted out, at once and later', () => {
  expect(outcome(21610)).toMatchObject({ outcome: 'reject', hint: 'opted_out' })
  expect(failureText('21610')).toMatchObject({ hint: 'opted_out' })
})
test('outside of 24 hours a template is what helps', () => {
  expect(outcome(63016)).toMatchObject({ outcome: 'reject', hint: 'template' })
})
test('a limit makes the whole account wait, as long as Twilio asks for', () => {
  expect(classifyRefusal({ code: 20429, status: 429, retryAfterMs: 7000 }, () => 0)).toMatchObject({
    scope: 'account',
    retryAfterMs: 7000,
  })
})
test('a code that nobody knows is judged by its status', () => {
  expect(
    [outcome(99999), outcome(undefined, 429), outcome(undefined, 401), outcome(undefined, 302)].map((one) => one.outcome),
  ).toEqual(['reject', 'retry', 'reconnect', 'reconnect'])
  expect(failureText('99999', 'Something new').text).toContain('Something new')
})
test('each code has words for a shopkeeper, which promise nothing that nobody will do', () => {
  expect(rows.size).toBeGreaterThan(80)
  for (const [code, { text }] of rows) {
    expect(text).not.toMatch(/\b\d{5}\b|HTTP|null|undefined/)
    expect(text).toMatch(/\.$|\)\.$/)
    expect(failureText(String(code)).text).not.toMatch(/will be tried again|go(es)? on in a/)
  }
})
