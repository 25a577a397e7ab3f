import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTenant } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { readConfig } from '../platform/config.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createSecrets } from '../platform/secrets.ts'
import { storeCredentials } from '../tenancy/credentials.ts'
import { openKeyring, pruneOldKeys, rotateKeys } from './keys.ts'

let db: TestDatabase
let folder: string
const quiet = () => {}
beforeAll(async () => {
  db = await createTestDatabase()
  folder = await mkdtemp(join(tmpdir(), 'parley-keys-'))
})
afterAll(async () => {
  await db.drop()
  await rm(folder, { recursive: true })
})

async function keyFile(name: string) {
  const path = join(folder, name)
  await writeFile(path, `${name.padEnd(40, 'x')}\n`, { mode: 0o600 })
  const config = readConfig({ NODE_ENV: 'test', PARLEY_DATA_DIR: folder, PARLEY_SECRET_KEY_FILE: path })
  const keys = async () => (await readFile(path, 'utf8')).trim().split('\n')
  return { path, config, keys }
}

test('new keys that are made at once all stay in the file, beside those that take old ones out', async () => {
  for (let round = 0; round < 5; round++) {
    const { config, keys } = await keyFile(`round-${round}`)
    const made = Array.from({ length: 3 }, () => rotateKeys(config, db, { new: true }, quiet))
    await Promise.all([...made, pruneOldKeys(config, db, quiet)])
    // The key that was there may be gone by now, or not.
    expect((await keys()).filter((key) => !key.startsWith('round'))).toHaveLength(3)
  }
})

test('a key that sealed while the count was taken is not taken out', async () => {
  const { path, config, keys } = await keyFile('sealing')
  const tenant = await makeTenant(db)
  const ring = await openKeyring(config)
  const [sealing] = ring.keys()
  // The count saw nothing under it: a secret comes, and a newer key, just before the file is written.
  const meanwhile = async () => {
    const given = { type: 'test', subject: '', values: { value: 'x' } }
    await inTenant(db, tenant, (tx) => storeCredentials(tx, createSecrets(ring), given))
    await writeFile(path, `${'newer'.padEnd(40, 'x')}\n${sealing}\n`)
  }
  const pool = {
    query: db.pool.query.bind(db.pool),
    async connect() {
      const client = await db.pool.connect()
      const query = async (...given: [string, unknown[]?]) => {
        if (given[0] === 'SELECT pg_advisory_xact_lock($1)') await meanwhile()
        return await client.query(...given)
      }
      return { query, release: (broken?: Error) => client.release(broken) }
    },
  }
  await pruneOldKeys(config, { pool } as unknown as typeof db, quiet)
  expect(await keys()).toContain(sealing)
})

test('a draft that was left behind goes with the next change; one that is being written stays', async () => {
  const { path, config } = await keyFile('drafts')
  const [left, young] = [`${path}.0123abcd`, `${path}.89abcdef`]
  for (const draft of [left, young]) await writeFile(draft, 'keys\n')
  const hourAgo = new Date(Date.now() - 3_600_000)
  await utimes(left, hourAgo, hourAgo)
  await rotateKeys(config, db, { new: true }, quiet)
  const there = await readdir(folder)
  expect(there).toContain('drafts.89abcdef')
  expect(there).not.toContain('drafts.0123abcd')
})
