import { expect, test } from 'vitest'
import { peaksOf } from './peaks.ts'

test('the loudest bar is full and the others stand in proportion', () => {
  const samples = new Float32Array(6400)
  samples.fill(0.1, 0, 1600)
  samples.fill(-0.4, 1600, 3200)
  samples.fill(0.2, 3200, 4800)
  expect(peaksOf(samples, 4).map((one) => Math.round(one * 100))).toEqual([25, 100, 50, 0])
})
test('silence and a sound shorter than the bars are drawn flat, not as not-a-number', () => {
  expect(peaksOf(new Float32Array(640), 4)).toEqual([0, 0, 0, 0])
  expect(peaksOf(new Float32Array(0), 3)).toEqual([0, 0, 0])
})
