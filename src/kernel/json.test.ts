import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_BYTES, MAX_DEPTH, readJson, readJsonText } from './json.ts'

const value = (text: string) => {
  const result = readJsonText(text)
  return result.ok ? result.value : `refused: ${result.reason}`
}

describe('reading JSON of a stranger', () => {
  test('keeps every digit of an id beyond 2^53, and smaller numbers as numbers', () => {
    expect(value('{"a":90071992547409931,"b":-12345678901234567890,"c":[1,2.5],"d":9007199254740991}')).toEqual({
      a: '90071992547409931',
      b: '-12345678901234567890',
      c: [1, 2.5],
      d: 9007199254740991,
    })
  })
  test('keeps a number that is too large for any number as its text', () => {
    expect(value('{"a":1e999,"b":2e3}')).toEqual({ a: '1e999', b: 2000 })
  })
  test('drops NUL and replaces lone surrogates in values and keys, and keeps emoji', () => {
    expect(value('{"a\\u0000":"x\\u0000y\\ud800z","e":"\\ud83d\\ude00"}')).toEqual({ a: 'xy\ufffdz', e: '😀' })
  })
  test('takes a byte order mark and bytes that are no UTF-8', () => {
    expect(readJson(Buffer.from('\ufeff{"a":1}'))).toEqual({ ok: true, value: { a: 1 } })
    expect(readJson(Buffer.from([0x22, 0xff, 0x22]))).toEqual({ ok: true, value: '\ufffd' })
  })
  test('keeps a key named __proto__ as a key', () => {
    const result = value('{"__proto__":{"polluted":"\\ud800"}}')
    expect(Object.keys(result as object)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })
  test('brackets side by side or in words are no depth', () => {
    expect(value(`[${'[],'.repeat(MAX_DEPTH)}{}]`)).toHaveLength(MAX_DEPTH + 1)
    expect(value(JSON.stringify({ words: '[{'.repeat(MAX_DEPTH) }))).toEqual({ words: '[{'.repeat(MAX_DEPTH) })
  })

  test('refuses what is nested too deep and what is too large, without falling over', () => {
    expect(value('['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH))).toBeInstanceOf(Array)
    expect(value('['.repeat(MAX_DEPTH + 1) + ']'.repeat(MAX_DEPTH + 1))).toMatch(/nested deeper/)
    expect(value('{"a":'.repeat(500_000))).toMatch(/nested deeper/)
    expect(readJson(Buffer.alloc(MAX_BYTES + 1, 0x20))).toMatchObject({ ok: false })
  })
  test('does not count brackets inside strings', () => {
    expect(value(JSON.stringify({ a: `${'['.repeat(200)}\\"${'{'.repeat(200)}` }))).toBeTypeOf('object')
  })
  test('gives for any JSON what the language gives', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (given) => {
        const text = JSON.stringify(given)
        if (/\d{16}|\\u|e/i.test(text) || !text.isWellFormed()) return
        expect(value(text)).toEqual(JSON.parse(text))
      }),
    )
  })
})
