import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readOrigins } from './widget-origins.ts'
import { holds, longestLifeSeconds, readWidget, signWidget, type WidgetClaims } from './widget-token.ts'

const business = '01a21685-166a-7330-9042-f44735159000'
const now = new Date('2026-11-20T10:00:00Z')
const seconds = now.getTime() / 1000
const claims = (extra: Partial<WidgetClaims> = {}): WidgetClaims => ({
  business,
  phone: '+15550100001',
  exp: seconds + 60,
  ...extra,
})
const opens = (token: string, key = 'a key', at = now) => {
  const read = readWidget(token)
  return read !== null && holds(read, key, at)
}

describe('a link', () => {
  test('opens with the key that signed it, until it expires', () => {
    const token = signWidget(claims({ agent: 'Zoë 👍' }), 'a key')
    expect(readWidget(token)?.claims).toEqual(claims({ agent: 'Zoë 👍' }))
    expect(opens(token)).toBe(true)
    expect(opens(token, 'another key')).toBe(false)
    expect(opens(token, 'a key', new Date(now.getTime() + 59_000))).toBe(true)
    expect(opens(token, 'a key', new Date(now.getTime() + 60_000))).toBe(false)
  })
  test('that claims to live for ever does not live at all', () => {
    expect(opens(signWidget(claims({ exp: seconds + longestLifeSeconds + 1 }), 'a key'))).toBe(false)
  })
  test('is none once a single character of it is another', () => {
    const token = signWidget(claims(), 'a key')
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom(...'Aaz09_-.'), (at, character) => {
        const changed = token.slice(0, at) + character + token.slice(at + 1)
        // The last character of a signature has two bits that stand for nothing.
        fc.pre(changed !== token && at < token.length - 1)
        expect(opens(changed)).toBe(false)
      }),
    )
  })
  test.each([
    ['names nobody', { phone: undefined }],
    ['names two', { contact: business }],
    ['claims more than there is', { admin: true } as Partial<WidgetClaims>],
  ])('that %s cannot be read', (_name, extra) => {
    expect(readWidget(signWidget(claims(extra), 'a key'))).toBeNull()
  })
  test('that is anything at all is read or refused, never thrown over', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(readWidget(`parley_widget_${text}`)).toBeNull()
      }),
    )
  })
})

test('only addresses of pages get into the header that says where it may stand', () => {
  expect(
    readOrigins([
      'https://desk.example.com',
      'https://*.desk.example.com',
      'http://localhost:8080',
      'http://desk.example',
      "https://a.example; script-src 'unsafe-inline'",
      'https://*',
      '*',
      7,
    ]),
  ).toEqual(['https://desk.example.com', 'https://*.desk.example.com', 'http://localhost:8080'])
  expect(readOrigins('https://a.example')).toEqual([])
})
