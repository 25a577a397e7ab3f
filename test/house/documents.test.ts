import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { renderConfiguration } from '../../bin/docs/configuration.ts'
import { renderErrors } from '../../bin/docs/errors.ts'
import { renderMessageTypes } from '../../bin/docs/message-types.ts'
import { renderMissedCalls } from '../../bin/docs/missed-calls.ts'
import { rules, ruleVersion } from '../../src/calls/decision.ts'
import { errorCodes } from '../../src/kernel/errors.ts'
import { settings } from '../../src/platform/config.ts'
import { messageBodies, outboundBody } from '../../src/ports/message.ts'
import { read, root, trackedFiles } from './tree.ts'

describe('pages made from the code are fresh (npm run docs writes them)', () => {
  test('configuration.md says what can be set', () => {
    expect(read('docs/configuration.md')).toBe(renderConfiguration(settings))
  })
  test('errors.md lists every code with its status and what to do', () => {
    expect(read('docs/errors.md')).toBe(renderErrors(errorCodes))
  })
  test('missed-calls.md has the table of decisions as it is', () => {
    expect(read('docs/missed-calls.md')).toBe(renderMissedCalls(rules, ruleVersion))
  })
  test('message-types.md describes every type that comes in and goes out', () => {
    expect(read('docs/message-types.md')).toBe(renderMessageTypes(messageBodies, outboundBody))
  })
})

describe('dependencies.md', () => {
  interface Manifest {
    license?: string | { type: string }
    dependencies?: Record<string, string>
    devDependencies?: Record<string, string>
  }
  const manifest = (path: string) => JSON.parse(read(path)) as Manifest
  const rows = new Map(
    [...read('docs/decisions/dependencies.md').matchAll(/^\| `([^`]+)` \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$/gm)].map(
      ([, name, purpose, licence, upkeep]) => [
        name as string,
        { purpose: purpose?.trim(), licence: licence?.trim(), upkeep: upkeep?.trim() },
      ],
    ),
  )
  const own = manifest('package.json')
  const names = Object.keys({ ...own.dependencies, ...own.devDependencies })

  test('has one line for every dependency and none for what is gone', () => {
    expect([...rows.keys()].sort()).toEqual([...names].sort())
  })
  test.each(names)('says what %s is for and names the licence it comes with', (name) => {
    const { license } = manifest(`node_modules/${name}/package.json`)
    expect(rows.get(name)?.licence).toBe(typeof license === 'string' ? license : license?.type)
    expect(rows.get(name)?.purpose).toMatch(/\w{4}/)
    expect(rows.get(name)?.upkeep).toMatch(/\w{4}/)
  })
  test('no licence among them asks more of a user than naming it', () => {
    const free = ['MIT', 'MIT-0', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'MIT OR Apache-2.0', 'BlueOak-1.0.0']
    // Used by the tests, never part of what is run or served.
    const testsOnly = ['MPL-2.0']
    for (const [name, { licence }] of rows) {
      expect(name in (own.dependencies ?? {}) ? free : [...free, ...testsOnly], name).toContain(licence)
    }
  })
})

test('source-checks.md has every check once, and names a test for what it calls shown', () => {
  const rows = [...read('docs/source-checks.md').matchAll(/^\| (0\+1|2|3|4)\/(\d+) \| [^|]+ \| ([^|]+) \| ([^|]*) \|$/gm)]
  const range = (system: string, from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => `${system}/${from + i}`)
  const salon = [...range('3', 1, 6), ...range('3', 9, 11)]
  const wanted = [...range('0+1', 1, 30), ...range('2', 1, 19), ...salon, ...range('4', 1, 22)]
  expect(rows.map(([, system, n]) => `${system}/${n}`)).toEqual(wanted)
  const shown = rows.filter(([, , , state]) => state === 'shown' || state === 'in part')
  expect(shown.filter(([, , , , where]) => !where?.includes('.test.ts')).map(([row]) => row)).toEqual([])
})

describe('what the documents point at', () => {
  const pages = trackedFiles().filter((path) => path.endsWith('.md'))
  const withoutCode = (text: string) => text.replace(/```[\s\S]*?```/g, '')

  test.each(pages)('every link of %s leads somewhere', (page) => {
    const links = [...withoutCode(read(page)).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)/g)].map(
      ([, link]) => link as string,
    )
    const missing = links.filter((link) => !existsSync(join(root, dirname(page), decodeURI(link))))
    expect(missing).toEqual([])
  })
  test.each(pages)('every source file that %s names is there', (page) => {
    const named = [...read(page).matchAll(/`((?:src|simulators|client|web|migrations|bin|test|bench)\/[\w./-]+\.\w+)`/g)]
    const missing = named.map(([, path]) => normalize(path as string)).filter((path) => !existsSync(`${root}${path}`))
    expect(missing).toEqual([])
  })
})
