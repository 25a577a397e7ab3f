import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { verify } from './webhook.ts'

const rawBody = Buffer.from('{"type":"Text","text":"Grüße 👩‍👩‍👧 на связи"}')
const signed = (secret: string, encoding: 'base64' | 'hex' = 'base64', bytes = rawBody) =>
  `sha256=${createHmac('sha256', secret).update(bytes).digest(encoding)}`
const check = (value: string | undefined, secrets: string[] = ['s1']) =>
  verify({ headers: { 'x-hub-signature-256': value }, rawBody }, secrets)

test('a delivery signed with any of the secrets is genuine', () => {
  expect(check(signed('s1'), ['s1', 's2'])).toBe(true)
  expect(check(signed('s2'), ['s1', 's2'])).toBe(true)
})

describe('a delivery is not genuine', () => {
  const good = signed('s1')
  test.each([
    ['without the header', undefined],
    ['with the prefix alone', 'sha256='],
    ['without the prefix', good.slice(7)],
    ['with the digits in hex, as Meta writes them', signed('s1', 'hex')],
    ['without the padding', good.slice(0, -1)],
    ['in the other alphabet', `${good.slice(0, 10)}-_${good.slice(12)}`],
    ['with a line break behind it', `${good}\n`],
    ['twice in one header', `${good}, ${good}`],
    ['signed with another secret', signed('other')],
    ['signed over other bytes', signed('s1', 'base64', Buffer.from(`${rawBody} `))],
  ])('%s', (_what, header) => {
    expect(check(header)).toBe(false)
  })
  test('when no secret is set, or only an empty one', () => {
    expect(check(good, [])).toBe(false)
    expect(check(signed(''), [''])).toBe(false)
  })
})
