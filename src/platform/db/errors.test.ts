import { expect, test } from 'vitest'
import { classify, isPassing, isSilence } from './errors.ts'

const withCode = (code: string) => Object.assign(new Error('x'), { code })

test.each([
  ...['22021', '22P05', '22P02', '22003', '23514', '54000', '54001'].map((code) => [code, 'data'] as const),
  ...['40001', '40P01', '55P03'].map((code) => [code, 'again'] as const),
  ...['23505', '23P01'].map((code) => [code, 'conflict'] as const),
  ...['08006', '08P01', '57P01', '57P03', '53100', '53300', 'XX000', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].map(
    (code) => [code, 'unavailable'] as const,
  ),
  ['42601', 'other'] as const,
])('%s means %s', (code, meaning) => {
  expect(classify(withCode(code))).toBe(meaning)
})

test('what the driver says without a code is understood, and what nobody knows is not guessed', () => {
  expect(classify(new Error('Connection terminated unexpectedly'))).toBe('unavailable')
  expect(classify(new Error('Query read timeout'))).toBe('unavailable')
  expect(classify(new Error('timeout exceeded when trying to connect'))).toBe('unavailable')
  expect(classify(new TypeError('x is not a function'))).toBe('other')
  expect(classify('a string')).toBe('other')
})

test('who lost a race too often waits, as where the database is away: nothing that may be stored later is set aside', () => {
  expect(['40P01', '55P03', '57P01'].map((code) => isPassing(withCode(code)))).toEqual([true, true, true])
  expect(['22021', '23505', '42601'].map((code) => isPassing(withCode(code)))).toEqual([false, false, false])
})

test('a connection that said nothing is told from a database that says what took too long', () => {
  const silent = ['Query read timeout', 'Connection terminated unexpectedly', 'read ECONNRESET', 'write EPIPE']
  expect(silent.map((text) => isSilence(new Error(text)))).toEqual([true, true, true, true])
  expect(isSilence(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))).toBe(true)
  const said = Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' })
  expect([said, new Error('x is not a function'), 'a string'].map(isSilence)).toEqual([false, false, false])
})
