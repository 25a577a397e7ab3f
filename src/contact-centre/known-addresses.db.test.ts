import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CentreAccount, makeCentre, secrets } from '../../test/world/centre.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { until } from '../../test/world/until.ts'
import { createPool } from '../platform/db/pool.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createLogger } from '../platform/log.ts'
import { createSecrets } from '../platform/secrets.ts'
import { storeCredentials } from '../tenancy/credentials.ts'
import { acceptedSecrets, openKnownAddresses } from './known-addresses.ts'

let db: TestDatabase
let account: CentreAccount
let folder: string
const log = createLogger({ level: 'CRITICAL' })
const away = { pool: createPool({ connectionString: 'postgresql://nobody@127.0.0.1:1/nowhere', size: 1, log }) }
beforeAll(async () => {
  db = await createTestDatabase()
  account = await makeCentre(db)
  folder = await mkdtemp(join(tmpdir(), 'parley-known-'))
})
afterAll(async () => {
  await db.drop()
  await away.pool.end()
  await rm(folder, { recursive: true, force: true })
})
const file = () => join(folder, 'known.sealed')

test('an address is what the database says; during a rotation both secrets count, and the old one only so long', async () => {
  const known = await openKnownAddresses({ db, secrets, log, file: file() })
  expect(await known.find('genesys', 'nobody')).toBeNull()
  const first = await known.find('genesys', account.slug)
  expect(first).toMatchObject({ tenantId: account.tenantId, integrationIds: [account.integrationId] })
  await inTenant(db, account.tenantId, (tx) =>
    storeCredentials(tx, secrets, {
      ...{ type: 'genesys', subject: '', overlapHours: 1 },
      values: { integrationId: account.integrationId, webhookSecret: 'the new secret' },
    }),
  )
  const both = await known.find('genesys', account.slug)
  const now = new Date()
  const at = (hours: number) => acceptedSecrets(both as NonNullable<typeof both>, new Date(now.getTime() + hours * 3_600_000))
  expect(at(0)).toEqual(['the new secret', `signs ${account.slug}`])
  expect(at(2)).toEqual(['the new secret'])
})

test('what was found once is known while the database is away, also by the next process; on the disk it can be read by nobody', async () => {
  // Written beside the answer, not before it: both secrets of it are the last that the first process writes.
  const next = await until('all of it is on the disk', async () => {
    const opened = await openKnownAddresses({ db: away, secrets, log, file: file() })
    return opened.remembered('genesys', account.slug)?.secrets.length === 2 && opened
  })
  expect(await readFile(file(), 'utf8')).not.toMatch(/secret|signs|integration/)
  await expect(next.find('genesys', account.slug)).rejects.toThrow()
  expect(next.remembered('genesys', account.slug)).toMatchObject({ tenantId: account.tenantId })
  expect(next.remembered('genesys', 'nobody')).toBeNull()
  const stranger = await openKnownAddresses({
    db: away,
    secrets: createSecrets(['another key, long enough to be one']),
    log,
    file: file(),
  })
  expect(stranger.remembered('genesys', account.slug)).toBeNull()
})

test('an address that is gone is forgotten', async () => {
  const known = await openKnownAddresses({ db, secrets, log, file: file() })
  await db.owner.query('DELETE FROM contact_centres WHERE tenant_id = $1', [account.tenantId])
  expect(await known.find('genesys', account.slug)).toBeNull()
  await until('the disk has forgotten it too', async () => {
    const next = await openKnownAddresses({ db: away, secrets, log, file: file() })
    return next.remembered('genesys', account.slug) === null
  })
})
