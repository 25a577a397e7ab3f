import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFolderStore, type FileStore } from './blobs.ts'

let folder: string
let files: FileStore
const tenant = '01a1fbf4-e911-77f2-854a-6d97e3f9684f'
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-blobs-'))
  files = createFolderStore(folder)
})
afterAll(() => rm(folder, { recursive: true }))

test('a file is found by its content; the same content at once and again is one file', async () => {
  const content = Buffer.from('a photograph')
  const stored = await Promise.all(Array.from({ length: 10 }, () => files.put(tenant, content)))
  expect(new Set(stored.map((s) => s.sha256)).size).toBe(1)
  const sha256 = stored[0]?.sha256 as string
  expect((await files.read(tenant, sha256)).equals(content)).toBe(true)
  expect(await readdir(join(folder, tenant, sha256.slice(0, 2)))).toEqual([sha256])
  const part: Buffer[] = []
  for await (const chunk of await files.stream(tenant, sha256, { start: 2, end: 6 })) part.push(chunk as Buffer)
  expect(Buffer.concat(part).toString()).toBe('photo')
})

test('a file that nobody names any more is removed, one that somebody puts again meanwhile is not', async () => {
  const { sha256 } = await files.put(tenant, Buffer.from('an old photograph'))
  const anHourAgo = new Date(Date.now() - 3_600_000)
  expect(await files.remove(tenant, sha256, anHourAgo)).toBe(false)
  const path = join(folder, tenant, sha256.slice(0, 2), sha256)
  await utimes(path, new Date(0), new Date(0))
  await files.put(tenant, Buffer.from('an old photograph'))
  expect(await files.remove(tenant, sha256, anHourAgo)).toBe(false)
  expect((await files.read(tenant, sha256)).toString()).toBe('an old photograph')
  await utimes(path, new Date(0), new Date(0))
  expect(await files.remove(tenant, sha256, anHourAgo)).toBe(true)
  expect(await readdir(join(folder, tenant, sha256.slice(0, 2)))).toEqual([])
  expect(await files.remove(tenant, sha256, anHourAgo)).toBe(true) // again: it is gone
})

test('one tenant cannot read what another stored, even knowing the hash', async () => {
  const { sha256 } = await files.put(tenant, Buffer.from('private'))
  await expect(files.stream('01a1fbf4-0000-77f2-854a-000000000000', sha256)).rejects.toThrow()
})

test('nothing but a tenant id and a hash becomes a path', async () => {
  await expect(async () => files.read(tenant, '../../../etc/passwd')).rejects.toThrow(/hash/)
  await expect(async () => files.read('../..', 'a'.repeat(64))).rejects.toThrow(/hash/)
})
