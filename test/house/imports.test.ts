import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { read, root, trackedFiles } from './tree.ts'

const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')

/** What the import rules say about files laid out in an empty folder. */
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-imports-'))
  for (const file of ['biome.json', 'biome.imports.json', '.gitignore']) copyFileSync(join(root, file), join(folder, file))
  execFileSync('git', ['init', '-q'], { cwd: folder })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function lint(files: Record<string, string>): { ok: boolean; output: string } {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const only = ['--only=style/noRestrictedImports', '--only=suspicious/noImportCycles']
  const run = spawnSync(process.execPath, [biome, 'lint', '--colors=off', ...only, '.'], { cwd: folder, encoding: 'utf8' })
  for (const path of Object.keys(files)) rmSync(join(folder, path))
  return { ok: run.status === 0, output: `${run.stdout}${run.stderr}` }
}

const forbidden: [from: string, to: string][] = [
  ['src/kernel/a.ts', '../platform/log.ts'],
  ['src/platform/a.ts', '../ports/channel.ts'],
  ['src/platform/db/a.ts', '../../tenancy/can.ts'],
  ['src/conversations/search/a.ts', '../../inbox/store.ts'],
  ['src/ports/a.ts', '../platform/log.ts'],
  ['src/tenancy/a.ts', '../conversations/reply.ts'],
  ['src/conversations/a.ts', '../inbox/verbs.ts'],
  ['src/conversations/a.ts', '../channels/whatsapp-cloud/index.ts'],
  ['src/conversations/a.ts', '../answerers/human/index.ts'],
  ['src/inbox/a.ts', '../reports/routes.ts'],
  ['src/leads/a.ts', '../inbox/verbs.ts'],
  ['src/inbox/a.ts', '../channels/whatsapp-cloud/index.ts'],
  ['src/inbox/a.ts', '../app/build.ts'],
  ['src/channels/whatsapp-cloud/a.ts', '../twilio/index.ts'],
  ['src/channels/whatsapp-cloud/a.ts', '../../inbox/verbs.ts'],
  ['src/answerers/assistant/a.ts', '../human/index.ts'],
  ['src/answerers/assistant/a.ts', '../../inbox/verbs.ts'],
  ['src/conversations/a.ts', '../../simulators/whatsapp-cloud/index.ts'],
  ['src/app/build.ts', '../../simulators/whatsapp-cloud/index.ts'],
  ['src/main.ts', './inbox/verbs.ts'],
  ['src/inbox/a.test.ts', '../app/build.ts'],
  ['simulators/twilio/a.ts', '../../src/kernel/ids.ts'],
  ['simulators/twilio/a.ts', '../whatsapp-cloud/index.ts'],
  ['client/a.ts', '../src/inbox/verbs.ts'],
  ['web/src/inbox/a.ts', '../../../src/inbox/schema.ts'],
]
const allowed: [from: string, to: string][] = [
  ['src/platform/db/a.ts', '../log.ts'],
  ['src/conversations/search/a.ts', '../feed.ts'],
  ['src/conversations/a.ts', '../tenancy/credentials.ts'],
  ['src/inbox/a.ts', '../conversations/reply.ts'],
  ['src/channels/whatsapp-cloud/a.ts', '../../ports/channel.ts'],
  ['src/conversations/a.db.test.ts', '../../test/world/database.ts'],
  ['src/app/build.ts', '../channels/whatsapp-cloud/index.ts'],
  ['src/app/demo.ts', '../../simulators/whatsapp-cloud/index.ts'],
  ['client/a.ts', '../src/inbox/schema.ts'],
  ['web/src/inbox/a.ts', '../../../client/index.ts'],
]
const forms = {
  'an import': (to: string) => `import { x } from '${to}'\nexport const y = x\n`,
  'a type import': (to: string) => `import type { x } from '${to}'\nexport type y = typeof x\n`,
  'a re-export': (to: string) => `export { x } from '${to}'\n`,
  'a dynamic import': (to: string) => `export const y = await import('${to}')\n`,
}

describe('a folder imports only from folders below it', () => {
  test.each(forbidden)('%s may not import %s', (from, to) => {
    const { ok, output } = lint({ [from]: forms['an import'](to) })
    expect(output).toContain('noRestrictedImports')
    expect(ok).toBe(false)
  })
  test('the places that may import are let through', () => {
    const files = new Map<string, string>()
    for (const [from, to] of allowed) files.set(from, `${files.get(from) ?? ''}export * from '${to}'\n`)
    const { ok, output } = lint(Object.fromEntries(files))
    expect(output).not.toContain('noRestrictedImports')
    expect(ok).toBe(true)
  })
  test.each(Object.entries(forms))('%s counts', (_form, write) => {
    expect(lint({ 'src/kernel/a.ts': write('../inbox/schema.ts') }).ok).toBe(false)
  })
  test('every folder of the source has a rule', () => {
    const ruled = read('biome.imports.json')
    const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(folders.map(({ name }) => name).filter((name) => !ruled.includes(`"src/${name}/**"`))).toEqual([])
  })
})

test('a cycle is found, also one of types alone', () => {
  const { ok, output } = lint({
    'src/inbox/a.ts': "import type { b } from './b.ts'\nexport type a = typeof b\n",
    'src/inbox/b.ts': "import type { a } from './a.ts'\nexport const b = 1 as unknown as a\n",
  })
  expect(output).toContain('noImportCycles')
  expect(ok).toBe(false)
})

test('the client takes nothing but types from the server', () => {
  const wrong = trackedFiles()
    .filter((path) => /^client\/.*\.ts$/.test(path))
    .filter((path) => /^(import|export) (?!type )[^'"]*from '\.\.\/src\//m.test(read(path)))
  expect(wrong).toEqual([])
})
