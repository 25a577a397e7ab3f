import { expect, test } from 'vitest'
import { read, trackedFiles } from './tree.ts'

/** Lines up to which a file reads in one sitting. */
const sitting = 250

/** Longest first. Tests and texts in other languages are lists and may be long. */
function outgrown(sizes: readonly { path: string; lines: number }[]): { path: string; lines: number }[] {
  return sizes
    .filter(({ path, lines }) => lines > sitting && !/\.test\.tsx?$|^web\/src\/text\//.test(path))
    .sort((a, b) => b.lines - a.lines)
}

test('a file that has outgrown one sitting is named, a test or a list of texts is not', () => {
  const long = { lines: sitting + 1 }
  const sizes = ['src/a.ts', 'src/a.test.ts', 'web/src/text/en.ts'].map((path) => ({ path, ...long }))
  expect(outgrown([...sizes, { path: 'src/b.ts', lines: sitting }])).toEqual([{ path: 'src/a.ts', ...long }])

  // The repository's own are only named: a guard to look at, not to game.
  const sources = trackedFiles().filter((path) => /^(src|simulators|client|web\/src|bin|test|bench)\/.*\.tsx?$/.test(path))
  const own = outgrown(sources.map((path) => ({ path, lines: read(path).split('\n').length })))
  if (own.length > 0)
    console.warn(`Files over ${sitting} lines:\n${own.map(({ path, lines }) => `  ${lines} ${path}`).join('\n')}`)
})
