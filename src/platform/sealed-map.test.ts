import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { silent } from '../../test/world/people.ts'
import { until } from '../../test/world/until.ts'
import { openSealedMap } from './sealed-map.ts'
import { createSecrets } from './secrets.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-sealed-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('what was last seen is there after a restart, sealed, and is gone when it was seen to be gone', async () => {
  const file = join(folder, 'seen.sealed')
  const secrets = createSecrets(['a key for tests only, long enough to be'])
  const open = (sealedFor = 'test') => openSealedMap<{ word: string }>({ secrets, log: silent, file, sealedFor })
  const map = await open()
  map.remember('b', { word: 'another' })
  map.remember('b', null)
  // What is written last: with it all is on the disk.
  map.remember('a', { word: 'a secret word' })
  expect([map.get('a'), map.get('b')]).toEqual([{ word: 'a secret word' }, null])
  const again = async () => (await open()).get('a')?.word === 'a secret word' && (await open()).get('b') === null
  await until('it is on the disk', again)
  expect(await readFile(file, 'utf8')).not.toContain('secret word')
  expect((await open('something else')).get('a')).toBeNull()
})
