import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { splitText } from './split-text.ts'

describe('a long text is broken', () => {
  test('not at all where it fits', () => {
    expect(splitText(' Hello ', 10)).toEqual(['Hello'])
    expect(splitText('x'.repeat(10), 10)).toEqual(['x'.repeat(10)])
    expect(splitText(' \n ', 10)).toEqual([])
  })
  test('between paragraphs rather than lines, between lines rather than sentences', () => {
    expect(splitText('One two.\n\nThree.\nFour five six.', 20)).toEqual(['One two.\n\nThree.', 'Four five six.'])
    expect(splitText('One. Two.\n\nThree four five six seven', 24)).toEqual(['One. Two.\n\nThree four', 'five six seven'])
    expect(splitText('Aaaa aaaa aaaa\n\nBb. Cc. Dd dd dd dd', 22)).toEqual(['Aaaa aaaa aaaa', 'Bb. Cc. Dd dd dd dd'])
  })
  test('between sentences rather than words', () => {
    expect(splitText('First sentence. Second one is longer.', 24)).toEqual(['First sentence.', 'Second one is longer.'])
    expect(splitText('Первое. Второе предложение.', 20)).toEqual(['Первое. Второе', 'предложение.'])
  })
  test('between words rather than letters, and inside a word that is too long', () => {
    expect(splitText('alpha beta gamma', 11)).toEqual(['alpha beta', 'gamma'])
    expect(splitText('a'.repeat(25), 10)).toEqual(['a'.repeat(10), 'a'.repeat(10), 'a'.repeat(5)])
  })
  test('never inside a character as people see it', () => {
    const family = '👩‍👩‍👧'
    for (const piece of splitText(family.repeat(20), 50)) expect(piece.replaceAll(family, '')).toBe('')
    // The space has an accent: it is no end of a word.
    expect(splitText(`${'a'.repeat(8)} \u0301${'b'.repeat(8)}`, 10)).toEqual([`${'a'.repeat(8)} \u0301`, 'b'.repeat(8)])
  })
  test('into pieces that are short enough and together say all of it', () => {
    const anything = fc.string({
      unit: fc.oneof(
        fc.constantFrom(' ', '\n', '. ', '👩‍👩‍👧', 'é', '\u0301'),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
      ),
      maxLength: 400,
    })
    fc.assert(
      fc.property(anything, fc.integer({ min: 20, max: 160 }), (text, max) => {
        const pieces = splitText(text, max)
        for (const piece of pieces) {
          expect(piece.length).toBeLessThanOrEqual(max)
          expect(piece.trim()).toBe(piece)
          expect(piece).not.toBe('')
          expect(piece.isWellFormed()).toBe(true)
        }
        expect(pieces.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''))
      }),
      { numRuns: 200 },
    )
  })
})
