import { describe, expect, test } from 'vitest'
import { emojiOnly, plain, type Token, tokenize } from './formatting.ts'

const all = (tokens: Token[]): Token[] => tokens.flatMap((one) => ('children' in one ? [one, ...all(one.children)] : [one]))
const text = (tokens: Token[]): string => tokens.map((one) => ('children' in one ? text(one.children) : one.text)).join('')
const hrefs = (source: string) => all(tokenize(source)).flatMap((one) => (one.kind === 'link' ? [one.href] : []))
const sketch = (tokens: Token[]): unknown =>
  tokens.map((one) =>
    'children' in one ? { [one.kind]: sketch(one.children) } : one.kind === 'text' ? one.text : { [one.kind]: one.text },
  )

describe('formatting as the customer sees it', () => {
  test.each([
    ['plain', ['plain']],
    ['*bold* and _italic_ and ~gone~', [{ bold: ['bold'] }, ' and ', { italic: ['italic'] }, ' and ', { strike: ['gone'] }]],
    ['*_both_*', [{ bold: [{ italic: ['both'] }] }]],
    ['```a *b* c```', [{ mono: 'a *b* c' }]],
    ['2*3*4 and snake_case_name', ['2*3*4 and snake_case_name']],
    ['* not bold *', ['* not bold *']],
    ['*over\nlines*', ['*over\nlines*']],
    ['*unclosed', ['*unclosed']],
    ['**', ['**']],
  ])('%s', (source, expected) => {
    expect(sketch(tokenize(source))).toEqual(expected)
  })

  test('no text is lost, whatever the marks', () => {
    const source = 'A *b _c_* <i>d</i> & https://x.example/_a_*b* e@f.example +34 600 111 222.'
    expect(text(tokenize(source)).replaceAll(/[*_]/g, '')).toBe(source.replaceAll(/[*_]/g, ''))
  })

  test('marks piled up by the thousand are still fast text', () => {
    expect(text(tokenize('*_~'.repeat(3000))).length).toBeGreaterThan(0)
  })

  test('the list shows the words without the marks', () => {
    expect(plain('*Hello*\n  _you_')).toBe('Hello you')
  })
})

describe('links', () => {
  test.each([
    ['see https://parley.example/a_b_c.', ['https://parley.example/a_b_c']],
    ['(www.parley.example/x(1))', ['https://www.parley.example/x(1)']],
    ['write to ana@bakery.example!', ['mailto:ana@bakery.example']],
    ['call +34 600-111-222', ['tel:+34600111222']],
    ['*https://parley.example*', ['https://parley.example/']],
  ])('%s', (source, expected) => {
    expect(hrefs(source)).toEqual(expected)
  })

  test.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:msgbox(1)',
    'file:///etc/passwd',
    'blob:https://x.example/1',
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '"><svg onload=alert(1)>',
    '[click](javascript:alert(1))',
    'https://bank.example@evil.example/',
    'https://user:secret@evil.example/',
    'http://\u202Egnp.exe',
    'https://',
    'https://%zz',
    'mailto:javascript:alert(1)',
    '*javascript:alert(1)*',
    '```<b onmouseover=alert(1)>```',
    '&#106;avascript:alert(1)',
  ])('%s stays text or leads to an honest address', (source) => {
    for (const href of hrefs(source)) expect(href).toMatch(/^(https?:\/\/[^@"<>]+|mailto:[^@:\s"<>]+@[a-z0-9.-]+|tel:\+\d+)$/i)
    const tokens = all(tokenize(source))
    expect(tokens.every((one) => ['text', 'mono', 'link', 'bold', 'italic', 'strike'].includes(one.kind))).toBe(true)
  })

  test('an address that pretends to be another one is not a link', () => {
    expect(hrefs('https://bank.example@evil.example/')).toEqual([])
    expect(hrefs('http://a.example/\u202Egnp.exe')).toEqual([])
  })
})

test('a message of nothing but emoji is counted, flags and families as one', () => {
  expect(emojiOnly('👍')).toBe(1)
  expect(emojiOnly('👨‍👩‍👧 🇪🇸')).toBe(2)
  expect(emojiOnly('👍 ok')).toBe(0)
  expect(emojiOnly('42')).toBe(0)
  expect(emojiOnly('')).toBe(0)
})
