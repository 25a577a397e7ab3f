import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { foldPerson, personParts, triplesOf, wantedTriples } from './search-people.ts'
import { findPhrases, phrasesOf, snippetOf, wantedOf } from './search-phrases.ts'
import { fold, longestText, longestWord, mostPieces, piecesOf, unitsOf } from './search-text.ts'

const units = (text: string) => unitsOf(text).map((unit) => unit.text)
const pieces = (text: string) => piecesOf(unitsOf(text))

describe('folding', () => {
  test.each([
    [
      'case, accents and letters with more than an accent',
      'Straße İstanbul ISPANAK Łódź Ærø',
      'strasse istanbul ispanak lodz aero',
    ],
    ['Greek', 'Ὀδυσσεύς ΟΔΥΣΣΕΥΣ', 'οδυσσευσ οδυσσευσ'],
    ['ё as е, й as itself', 'Ёлка Йод', 'елка йод'],
    ['Arabic points, stretches and forms of alef, yeh and teh', 'اَلْمَدْرَسَةُ إلى أحـــمد', 'المدرسه الي احمد'],
    ['Persian letters as Arabic ones', 'کتابی', 'كتابي'],
    ['Hebrew points and final letters', 'שָׁלוֹם', 'שלומ'],
    ['width and ligatures', 'ＡＢＣ ﬁne ｶﾞ', 'abc fine ガ'],
    ['digits of every script', '٤٧١١ ۱۲ १२', '4711 12 12'],
    ['what cannot be seen', 'soft\u00adhyphen zero\u200bwidth\ufeff', 'softhyphen zerowidth'],
    ['tones of skin and variations', '👍🏽 ❤️', '👍 ❤'],
  ])('%s', (_what, text, expected) => {
    expect(fold(text)).toBe(expected)
  })
  test('marks that are part of a letter stay: Hangul, Devanagari, kana, Thai', () => {
    for (const text of ['한국어', 'हिंदी', 'がぎぐ', 'น้ำ']) expect(fold(text).length).toBeGreaterThanOrEqual(text.length)
  })
})

describe('cutting', () => {
  test.each([
    ['words at what is no letter or digit', "don't stop-me, 24/7", ['don', 't', 'stop', 'me', '24', '7']],
    ['runs of scripts without spaces', '明日 Tokyoで会う', ['明日', 'tokyo', 'で会う']],
    ['Thai in one run', 'สวัสดี ครับ', ['สวัสดี', 'ครับ']],
    ['Korean into words', '내일 예약', ['내일', '예약']],
    ['emoji one by one', 'ok👍👍🇩🇪', ['ok', '👍', '👍', '🇩🇪']],
    ['nothing out of punctuation', '… —!', []],
  ])('%s', (_what, text, expected) => {
    expect(units(text)).toEqual(expected)
  })
  test('pieces are words with what stands behind an article, pairs of characters, and emoji', () => {
    expect(pieces('The the')).toEqual(['the'])
    expect(pieces('東京都')).toEqual(['東京', '京都', '都'])
    expect(pieces('والكتاب')).toEqual(['والكتاب', 'كتاب'])
    expect(pieces('הספרים')).toEqual(['הספרימ', 'ספרימ'])
    expect(pieces('👍')).toEqual(['👍'])
  })
  test('a text, a word and their number have an end', () => {
    expect(units(`${'a'.repeat(longestText)} b`)).toHaveLength(1)
    expect(pieces('a'.repeat(100))).toEqual(['a'.repeat(longestWord)])
    expect(pieces(`x${'𝒳'.repeat(60)}`.repeat(2))[0]?.isWellFormed()).toBe(true)
    const longest = Array.from({ length: 4000 }, (_, n) => n.toString(36)).join(' ')
    expect(pieces(longest).length).toBeLessThanOrEqual(mostPieces + 1)
  })
  test('whatever the text, every unit stands where it says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        for (const unit of unitsOf(text)) {
          expect([unit.begins.length, unit.ends.length]).toEqual([unit.text.length, unit.text.length])
          const [from, to] = [unit.begins[0] as number, unit.ends.at(-1) as number]
          expect(from).toBeLessThan(to)
          expect(to).toBeLessThanOrEqual(text.length)
        }
      }),
    )
  })
})

describe('finding', () => {
  const find = (text: string, typed: string) => findPhrases(unitsOf(text), phrasesOf(typed))?.map(([a, b]) => text.slice(a, b))
  test.each([
    ['Die Straße ist schön', 'strasse SCHO', ['Straße', 'schö']],
    ['Die Straße ist schön', '"ist schon"', ['ist schön']],
    ['Die Straße ist schön', '"schön ist"', undefined],
    ['Die Straße ist schön', 'raße', undefined],
    ['ask ann@shop.example now', 'ann@shop.example', ['ann@shop.example']],
    ['ann of shop example', 'ann@shop.example', undefined],
    ['اَلْكِتَابُ هنا', 'كتاب', ['كِتَابُ']],
    ['請幫我預約明天', '預約', ['預約']],
    ['東京と東京', '東京', ['東京', '東京']],
    ['iPhone充電器', 'iphone充電', ['iPhone充電']],
    ['好👍🏽的', '👍', ['👍🏽']],
    ['aa aab', 'a aa', ['aa', 'aa']],
    ['nothing here', '!!!', []],
  ])('%s by %s', (text, typed, expected) => {
    expect(find(text, typed)).toEqual(expected)
  })
  test('what is found has all the pieces that are asked for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.nat(40), fc.nat(40), (text, a, b) => {
        const typed = text.slice(Math.min(a, b), Math.max(a, b))
        const phrases = phrasesOf(typed)
        if (findPhrases(unitsOf(text), phrases) === null) return
        const has = pieces(text)
        for (const { piece, prefix } of phrases.flatMap(wantedOf))
          expect(has.some((one) => (prefix ? one.startsWith(piece) : one === piece))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

describe('what is shown', () => {
  test('is the text around the first place, with ranges that fit it', () => {
    const text = `${'lorem ipsum '.repeat(40)}needle\nand more ${'dolor sit '.repeat(40)}`
    const { text: shown, highlights } = snippetOf(text, findPhrases(unitsOf(text), phrasesOf('needle')) ?? [])
    expect(shown.length).toBeLessThan(260)
    expect(shown).toMatch(/^…[a-z].*needle and more.*…$/)
    expect(highlights.map(([a, b]) => shown.slice(a, b))).toEqual(['needle'])
  })
  test('never cuts a character in two', () => {
    const text = `${'👩‍👩‍👧'.repeat(100)} needle`
    const { text: shown, highlights } = snippetOf(text, findPhrases(unitsOf(text), phrasesOf('needle')) ?? [])
    expect(shown.isWellFormed()).toBe(true)
    expect(shown.replace(/[…\s]|needle/g, '').replaceAll('👩‍👩‍👧', '')).toBe('')
    expect(highlights.map(([a, b]) => shown.slice(a, b))).toEqual(['needle'])
  })
})

describe('people', () => {
  const folded = foldPerson(['Żaneta  Kowalska', null], ['4917012345678', '4917012345678'])
  test('are a line for each name and number, each once', () => {
    expect(folded).toBe('zaneta kowalska\n4917012345678')
    expect(triplesOf('abcd\nx')).toEqual(['abc', 'bcd', 'cd', 'd', 'x'])
  })
  test.each([
    ['kow', true],
    ['ta kow', true],
    ['0170 123', true],
    ['+49 (170) 1', true],
    ['0171', false],
    ['xy', false],
  ])('fit %s: %s', (typed, fits) => {
    const has = triplesOf(folded)
    const all = personParts(typed)
    expect(all.some((parts) => parts.every((part) => folded.includes(part)))).toBe(fits)
    const wanted = all.map((parts) => parts.flatMap(wantedTriples))
    const asked = wanted.some((one) =>
      one.every(({ piece, prefix }) => has.some((triple) => (prefix ? triple.startsWith(piece) : triple === piece))),
    )
    expect(asked || !fits).toBe(true)
  })
})
