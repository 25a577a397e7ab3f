/** The files of the repository, for tests that read them all. */
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))

export const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8')

/** What git tracks and is still there; in a copy without git, everything that is not built or installed. */
export function trackedFiles(): string[] {
  if (existsSync(`${root}.git`)) {
    const listed = execFileSync('git', ['-c', `safe.directory=${root.replace(/\/$/, '')}`, 'ls-files', '-z'], { cwd: root })
    return listed
      .toString('utf8')
      .split('\0')
      .filter((path) => path && existsSync(`${root}${path}`))
  }
  const skipped = /(^|\/)(node_modules|dist|\.parley|coverage)(\/|$)/
  return globSync('**/*', { cwd: root, withFileTypes: true, exclude: (entry) => skipped.test(entry.name) })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(root.length))
}

/** Not pictures, fonts and the like. */
export const isText = (path: string): boolean => !/\.(png|jpe?g|gif|webp|ico|woff2?|ttf|ogg|mp3|mp4|pdf)$/.test(path)
