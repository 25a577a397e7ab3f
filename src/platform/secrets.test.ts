import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createSecrets, readOrMakeKey } from './secrets.ts'

const [oldKey, newKey] = ['an old master key of enough length', 'a new master key of enough length']

test('what is sealed opens again, and looks different every time', () => {
  const secrets = createSecrets([oldKey])
  const [a, b] = [secrets.seal('EAAG-token', 'tenant/x'), secrets.seal('EAAG-token', 'tenant/x')]
  expect(secrets.open(a, 'tenant/x')).toBe('EAAG-token')
  expect(a).not.toBe(b)
  expect(a).not.toContain('EAAG')
})

test('a sealed text moved to another tenant or column does not open', () => {
  const secrets = createSecrets([oldKey])
  expect(() => secrets.open(secrets.seal('x', 'tenant-a/token'), 'tenant-b/token')).toThrow()
  expect(() => secrets.open(secrets.seal('x', 'tenant-a/token'), 'tenant-a/secret')).toThrow()
})

test('a changed byte anywhere is noticed', () => {
  const secrets = createSecrets([oldKey])
  const sealed = secrets.seal('a longer secret to have some bytes', 't')
  for (let i = 0; i < sealed.length; i++) {
    const other = sealed[i] === 'A' ? 'B' : 'A'
    const changed = `${sealed.slice(0, i)}${other}${sealed.slice(i + 1)}`
    if (
      Buffer.from(changed.split('.').at(-1) ?? '', 'base64url').equals(
        Buffer.from(sealed.split('.').at(-1) ?? '', 'base64url'),
      ) &&
      changed.split('.').slice(0, 3).join() === sealed.split('.').slice(0, 3).join()
    )
      continue
    const nonce = (text: string) => Buffer.from(text.split('.')[2] ?? '', 'base64url')
    if (i > sealed.indexOf('.', 3) && i < sealed.lastIndexOf('.') && nonce(changed).equals(nonce(sealed))) continue
    expect(() => secrets.open(changed, 't'), `at ${i}`).toThrow()
  }
})

test('after a rotation the old key still opens, the new one seals; without the old one nothing opens, with words', () => {
  const sealed = createSecrets([oldKey]).seal('x', 't')
  const both = createSecrets([newKey, oldKey])
  expect(both.open(sealed, 't')).toBe('x')
  expect(() => createSecrets([oldKey]).open(both.seal('y', 't'), 't')).toThrow(/PARLEY_SECRET_KEY/)
})

test('a server that was given no key makes one for good, readable by its owner only', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-key-'))
  const path = join(folder, 'deep', 'secret.key')
  const keys = await Promise.all([readOrMakeKey(path), readOrMakeKey(path), readOrMakeKey(path)])
  expect(new Set(keys).size).toBe(1)
  expect(keys[0]).toMatch(/^[0-9a-f]{64}$/)
  expect((await readFile(path, 'utf8')).trim()).toBe(keys[0])
  if (process.platform !== 'win32') expect((await stat(path)).mode & 0o077).toBe(0)
  await rm(folder, { recursive: true })
})
