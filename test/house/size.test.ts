import { expect, test } from 'vitest'
import { read, trackedFiles } from './tree.ts'

/** Lines up to which a file reads in one sitting. */
const sitting = 250

test('files that have outgrown one sitting are named, and none is as long as two', () => {
  const sizes = trackedFiles()
    .filter((path) => /^(src|simulators|client|web\/src|bin|test|bench)\/.*\.tsx?$/.test(path))
    .map((path) => ({ path, lines: read(path).split('\n').length }))
    .sort((a, b) => b.lines - a.lines)
  const long = sizes.filter(({ path, lines }) => lines > sitting && !path.endsWith('.test.ts'))
  if (long.length > 0) {
    console.warn(`Files over ${sitting} lines:\n${long.map(({ path, lines }) => `  ${lines} ${path}`).join('\n')}`)
  }
  expect(sizes.filter(({ lines }) => lines > 2 * sitting)).toEqual([])
})
