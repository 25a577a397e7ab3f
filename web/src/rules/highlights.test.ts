import { expect, test } from 'vitest'
import { piecesOf } from './highlights.ts'

const shown = (text: string, ranges: [number, number][]) =>
  piecesOf(text, ranges)
    .map((piece) => (piece.found ? `[${piece.text}]` : piece.text))
    .join('')

test.each<[string, [number, number][], string]>([
  ['hello there', [[0, 5]], '[hello] there'],
  ['hello there', [[6, 11]], 'hello [there]'],
  [
    'a b c',
    [
      [0, 1],
      [4, 5],
    ],
    '[a] b [c]',
  ],
  ['שלום עולם', [[5, 9]], 'שלום [עולם]'],
  ['as it is', [], 'as it is'],
  [
    'short',
    [
      [0, 2],
      [1, 3],
      [4, 40],
    ],
    '[sh]ort',
  ],
])('%s with %j', (text, ranges, expected) => {
  expect(shown(text, ranges)).toBe(expected)
})
