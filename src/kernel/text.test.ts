import { expect, test } from 'vitest'
import { cleanJson, cleanText, lastFour, preview } from './text.ts'

test('text keeps everything but NUL and lone surrogates', () => {
  expect(cleanText('a\u0000b\ud83dc 👍🏽 مرحبا')).toBe('ab\ufffdc 👍🏽 مرحبا')
  expect(cleanJson({ 'k\u0000': ['\udc00', 1, null, { x: '\u0000' }] })).toEqual({ k: ['\ufffd', 1, null, { x: '' }] })
})

test('a preview is one line, cut between characters as people see them', () => {
  expect(preview('two\n\n lines\t here ')).toBe('two lines here')
  expect(preview('x'.repeat(200))).toBe(`${'x'.repeat(120)}…`)
  expect(preview('👨‍👩‍👧‍👦'.repeat(5), 3)).toBe(`${'👨‍👩‍👧‍👦'.repeat(3)}…`)
  expect(preview('é'.repeat(3), 3)).toBe('é'.repeat(3))
})

test('a text that is tidy already has the same preview as one that has to be tidied', () => {
  // The tab has to be tidied, and is gone then.
  for (const text of [
    'a',
    'a b',
    ' a',
    'a ',
    'a  b',
    '',
    ' ',
    'abcdefghij',
    'abcdefghijk',
    'abcdefghi j',
    'abcdefghij k',
    'abcdefghij  k',
    'abcdefghij ',
  ])
    expect([text, preview(text, 10)]).toEqual([text, preview(`\t${text}`, 10)])
})

test('only the last four characters of a secret are shown, none of a short one', () => {
  expect(lastFour('EAAG12345678')).toBe('••••5678')
  expect(lastFour('1234')).toBe('••••')
})
