import { describe, expect, test } from 'vitest'
import { classifyRefusal, failureText, type Refusal } from './failures.ts'

const classify = (code: number | undefined, more: Partial<Refusal> = {}) =>
  classifyRefusal({ code, status: 400, transient: false, ...more }, () => 0)
const codes = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe('what may be tried again', () => {
  test.each([1, 2, 131000, 131016, 133004])('%d waits alone', (code) => {
    expect(classify(code)).toMatchObject({ outcome: 'retry', scope: 'message', code: String(code) })
  })
  test.each([4, 80007, 130429, 131057])('%d makes the whole number wait', (code) => {
    expect(classify(code)).toMatchObject({ outcome: 'retry', scope: 'account', retryAfterMs: expect.any(Number) })
  })
  test('too much to one customer makes nobody else wait', () => {
    expect(classify(131056)).toMatchObject({ outcome: 'retry', scope: 'pair', retryAfterMs: 6_000 })
  })
  test('waits as long as the provider asks, and a little apart from others', () => {
    expect(classify(4, { retryAfterMs: 300_000 })).toMatchObject({ retryAfterMs: 300_000 })
    expect(classifyRefusal({ code: 4, status: 400, transient: false, retryAfterMs: 300_000 }, () => 1)).toMatchObject({
      retryAfterMs: 360_000,
    })
  })
})

describe('what stops the number', () => {
  test.each([131048, 131064, 368, 131031, 131042, 133016, 131045, 133010, 131037, 131044, 133005])(
    '%d holds its queue',
    (code) => {
      expect(classify(code).outcome).toBe('hold')
    },
  )
  test.each([0, 3, 10, 190, 131005, 803, ...codes(200, 205), 299])('%d needs somebody to connect it again', (code) => {
    expect(classify(code).outcome).toBe('reconnect')
  })
  test('what the provider says about a token is never repeated', () => {
    expect(JSON.stringify(classify(190, { detail: 'Malformed access token EAAsecret' }))).not.toContain('EAAsecret')
  })
  test('a number that is not there is no fault of the message', () => {
    expect(classify(100, { subcode: 33 }).outcome).toBe('reconnect')
    expect(classify(100).outcome).toBe('reject')
  })
})

describe('what is final', () => {
  const recipient = [131021, 131026, 131030, 130497, 131049, 130472, 131062, 131063]
  const content = [100, 131008, 131009, 131051, 131052, 131053, 131060, 135000, 137000]
  const template = [132000, 132005, 132007, 132008, 132012, 132018, 132068, 132069, 2388001]
  const others = [131020, 131041, 131059, 131201, 138001, 139001, 139101, 147001]
  test.each([...recipient, ...content, ...template, ...others])('%d', (code) => {
    expect(classify(code)).toMatchObject({ outcome: 'reject', text: expect.stringMatching(/\w{3}/) })
    expect(classify(code)).not.toHaveProperty('hint')
  })
  test.each([
    [131047, 'template'],
    [131050, 'no_marketing'],
    [132001, 'refresh_templates'],
    [132015, 'refresh_templates'],
    [132016, 'refresh_templates'],
  ])('%d, with the hint %s', (code, hint) => {
    expect(classify(code)).toMatchObject({ outcome: 'reject', hint })
    expect(failureText(String(code)).hint).toBe(hint)
  })
  test('repeats what the provider says about the content, shortened', () => {
    expect(classify(131009, { detail: 'Parameter x is wrong' }).text).toContain('Parameter x is wrong')
    expect(classify(131009, { detail: 'x'.repeat(5_000) }).text.length).toBeLessThan(500)
  })
})

describe('the code decides, not the status', () => {
  test.each([200, 400, 401, 429, 500, 503])('130429 with status %d is the same', (status) => {
    expect(classify(130429, { status })).toMatchObject({ outcome: 'retry', scope: 'account' })
    expect(classify(131026, { status }).outcome).toBe('reject')
  })
  test('a disturbance that is called passing is tried again, but not a broken token or a stopped account', () => {
    expect(classify(131009, { transient: true }).outcome).toBe('retry')
    expect(classify(987654, { transient: true }).outcome).toBe('retry')
    expect(classify(190, { transient: true }).outcome).toBe('reconnect')
    expect(classify(131042, { transient: true }).outcome).toBe('hold')
  })
  test.each([
    [500, 'retry'],
    [503, 'retry'],
    [429, 'retry'],
    [401, 'reconnect'],
    [403, 'reconnect'],
    [302, 'reconnect'],
    [400, 'reject'],
    [404, 'reject'],
  ])('only of a code that is not known the status %d tells something', (status, outcome) => {
    expect(classify(987654, { status }).outcome).toBe(outcome)
    expect(classify(undefined, { status })).toMatchObject({ outcome, code: `http_${status}` })
  })
})

describe('words for a receipt that failed later', () => {
  test('are those of the table', () => {
    expect(failureText('131026').text).toBe(classify(131026).text)
    expect(failureText('131026', 'their words').text).not.toContain('their words')
  })
  test('are the provider’s own where the code is unknown, and never nothing', () => {
    expect(failureText('987654', 'Their words').text).toContain('Their words')
    for (const code of ['987654', 'timeout', '', 'x'.repeat(10_000)]) {
      expect(failureText(code).text.length).toBeGreaterThan(10)
      expect(failureText(code).text.length).toBeLessThan(500)
    }
  })
})
