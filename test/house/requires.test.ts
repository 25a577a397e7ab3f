import { expect, test } from 'vitest'
import { requirePart } from './requires.ts'

test('a part that is missing skips its tests on a laptop, says so, and fails them in CI', () => {
  const said: string[] = []
  const say = (line: string) => void said.push(line)
  expect(requirePart('Chromium', true, { CI: 'true' }, say)).toBe(true)
  expect(said).toEqual([])
  expect(requirePart('Chromium', false, {}, say)).toBe(false)
  expect(said).toEqual(['SKIPPED: Chromium is not on this machine.'])
  expect(() => requirePart('Chromium', false, { CI: 'true' }, say)).toThrow('Chromium is not on this machine, and CI needs it.')
})
