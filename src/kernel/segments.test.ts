import { expect, test } from 'vitest'
import { segmentsOf } from './segments.ts'

const short = (text: string) => {
  const { encoding, segments, left } = segmentsOf(text)
  return [encoding, segments, left]
}

test('a text of the GSM alphabet takes one message up to 160 characters, then 153 in each', () => {
  expect(short('')).toEqual(['GSM-7', 0, 160])
  expect(short('Hello @ 5 £\n')).toEqual(['GSM-7', 1, 148])
  expect(short('x'.repeat(160))).toEqual(['GSM-7', 1, 0])
  expect(short('x'.repeat(161))).toEqual(['GSM-7', 2, 145])
  expect(short('x'.repeat(306))).toEqual(['GSM-7', 2, 0])
  expect(short('x'.repeat(307))).toEqual(['GSM-7', 3, 152])
})
test('the euro sign and brackets take two places, and none of them is cut', () => {
  expect(segmentsOf('€[]')).toMatchObject({ units: 6, segments: 1 })
  expect(short(`${'x'.repeat(159)}€`)).toEqual(['GSM-7', 2, 145])
  // 152 and one of two places: it begins the second message.
  expect(short(`${'x'.repeat(152)}€${'x'.repeat(151)}`)).toEqual(['GSM-7', 2, 0])
  expect(short(`${'x'.repeat(152)}€${'x'.repeat(152)}`)).toEqual(['GSM-7', 3, 152])
})
test('one character outside of it makes 70 of the whole text, and 67 in each of several', () => {
  expect(short('Grüß Gott, ça va')).toEqual(['UCS-2', 1, 54])
  expect(short('Привет')).toEqual(['UCS-2', 1, 64])
  expect(short(`${'x'.repeat(69)}’`)).toEqual(['UCS-2', 1, 0])
  expect(short(`${'x'.repeat(70)}’`)).toEqual(['UCS-2', 2, 63])
})
test('an emoji takes two places and stays whole', () => {
  expect(segmentsOf('👍')).toMatchObject({ encoding: 'UCS-2', units: 2, segments: 1 })
  expect(short(`${'x'.repeat(66)}👍${'x'.repeat(65)}`)).toEqual(['UCS-2', 2, 0])
})
test('the grave accent is not of the alphabet, and the escape is no character', () => {
  expect(segmentsOf('`').encoding).toBe('UCS-2')
  expect(segmentsOf('\u001b').encoding).toBe('UCS-2')
})
