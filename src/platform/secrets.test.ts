import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { addKey, pruneKeys, readOrMakeKeyFile } from './keyring.ts'
import { createSecrets, keyIdIn, keyIdOf } from './secrets.ts'

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
  const rings = await Promise.all([readOrMakeKeyFile(path), readOrMakeKeyFile(path), readOrMakeKeyFile(path)])
  const keys = rings.map((ring) => ring.keys()[0])
  expect(new Set(keys).size).toBe(1)
  expect(keys[0]).toMatch(/^[0-9a-f]{64}$/)
  expect((await readFile(path, 'utf8')).trim()).toBe(keys[0])
  if (process.platform !== 'win32') expect((await stat(path)).mode & 0o077).toBe(0)
  await rm(folder, { recursive: true })
})

test('a key put into the file while a server runs seals from then on, the old one opens until it is taken out', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-keys-'))
  const path = join(folder, 'secret.key')
  const ring = await readOrMakeKeyFile(path)
  const [first] = ring.keys()
  const [here, elsewhere] = [createSecrets(ring), createSecrets(await readOrMakeKeyFile(path))]
  const before = here.seal('x', 't')
  await addKey(path)
  const after = elsewhere.seal('y', 't')
  expect(keyIdIn(after)).not.toBe(keyIdIn(before))
  // The server that did not seal meets a key it has not seen, and looks.
  expect([here.open(after, 't'), here.open(before, 't'), elsewhere.open(before, 't')]).toEqual(['y', 'x', 'x'])
  expect(await pruneKeys(path, (key) => keyIdOf(key) === keyIdIn(before))).toBe(0)
  expect(await pruneKeys(path, () => false)).toBe(1)
  expect(ring.keys()).not.toContain(first)
  expect(() => here.open(before, 't')).toThrow(/PARLEY_SECRET_KEY/)
  expect(here.open(after, 't')).toBe('y')
  if (process.platform !== 'win32') expect((await stat(path)).mode & 0o077).toBe(0)
  await rm(folder, { recursive: true })
})
