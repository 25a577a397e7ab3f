import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { digits, inboundText, makeAccount, receipt, type TestAccount, webhook } from '../../test/world/arrange.ts'
import { callTables, fillCalls } from '../../test/world/calls.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { fillLaterTables, laterTables } from '../../test/world/later-tables.ts'
import { fillScheduling, schedulingTables } from '../../test/world/scheduling.ts'
import { receiveBatch } from '../conversations/receive.ts'
import { newId } from '../kernel/ids.ts'
import { createFolderStore } from '../platform/blobs.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createLogger } from '../platform/log.ts'
import { createSecrets } from '../platform/secrets.ts'
import { createApiKey } from './api-keys.ts'
import { addChannelApp } from './apps.ts'
import { bySystem } from './audit.ts'
import { deleteBusiness } from './tenant-life.ts'
import { purgeBusiness } from './tenant-purge.ts'
import { addMember } from './tenants.ts'

let db: TestDatabase
let folder: string
let both: string
const secrets = createSecrets(['a master key for this test only'])
const log = createLogger({ level: 'CRITICAL' })

beforeAll(async () => {
  db = await createTestDatabase()
  folder = await mkdtemp(join(tmpdir(), 'parley-purge-'))
})
afterAll(async () => {
  await db.drop()
  await rm(folder, { recursive: true })
})

/** A business with rows in as many tables as can be filled here; one person works in every business. */
async function business(slug: string): Promise<TestAccount> {
  const account = await makeAccount(db, { appSlug: slug })
  const text = inboundText(account, `1650${digits(7)}`, 'hello')
  const picture = inboundText(account, `1650${digits(7)}`, 'see', {
    type: 'image',
    media: [{ externalId: 'file', mimeType: 'image/png' } as never],
  })
  await receiveBatch({ db, log }, [
    { ...webhook(text, picture, receipt(account, 'unknown-yet', 'sent')), appSlug: slug },
    { ...webhook(), appSlug: slug },
  ])
  await inTenant(db, account.tenantId, async (tx) => {
    await addChannelApp(tx, secrets, { provider: 'whatsapp-cloud', slug, name: slug, secret: 's', verifyToken: 'v' })
    both = await addMember(tx, { email: 'both@x.example', password: 'p', firstName: 'B', lastName: 'O', role: 'owner' })
    await addMember(tx, { email: `${slug}@x.example`, password: 'p', firstName: 'O', lastName: 'N', role: 'agent' })
    await createApiKey(tx, { name: 'Key', role: 'agent' })
    await tx.query(`INSERT INTO templates (tenant_id, channel_account_id, name, language) VALUES ($1, $2, 'hello', 'en')`, [
      account.tenantId,
      account.accountId,
    ])
    await tx.query(
      "INSERT INTO user_sessions (user_id, tenant_id, session_token, expires_at) VALUES ($1, $2, $3, now() + interval '1 day')",
      [both, account.tenantId, slug],
    )
    await fillLaterTables(tx, account.accountId)
    const { rows } = await tx.query<{ id: string }>('SELECT id FROM conversations LIMIT 1')
    const conversationId = rows[0]?.id ?? ''
    await fillCalls(tx, { accountId: account.accountId, conversationId })
    await fillScheduling(tx, conversationId)
  })
  await createFolderStore(folder).put(account.tenantId, Buffer.from('the same picture'))
  return account
}

const counts = async (tenantId: string): Promise<Record<string, number>> => {
  const { rows: tables } = await db.owner.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
      WHERE c.relnamespace = 'parley'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'tenants' AND NOT c.relispartition ORDER BY 1`,
  )
  const found: Record<string, number> = {}
  for (const { name } of tables)
    found[name] = (await db.owner.query(`SELECT count(*)::int AS n FROM ${name} WHERE tenant_id = $1`, [tenantId])).rows[0].n
  found.tenants = (await db.owner.query('SELECT count(*)::int AS n FROM tenants WHERE id = $1', [tenantId])).rows[0].n
  return found
}

test("purging removes a deleted business's rows in every table and its files, and nobody else's", async () => {
  const ours = await business('ours')
  const theirs = await business('theirs')
  const files = createFolderStore(folder)
  await expect(purgeBusiness({ db, files }, bySystem, ours.tenantId)).rejects.toMatchObject({ code: 'conflict' })
  await deleteBusiness({ db }, bySystem, ours.tenantId)
  const before = await counts(ours.tenantId)
  const other = await counts(theirs.tenantId)
  const filled = Object.keys(before).filter((table) => (before[table] ?? 0) > 0)
  expect(filled).toEqual(
    expect.arrayContaining([
      'audit_log',
      'channel_accounts',
      'channel_apps',
      'contacts',
      'conversations',
      'messages',
      'tenant_credentials',
      'tenants',
      'user_sessions',
      'webhook_events',
      ...laterTables,
      ...callTables,
      ...schedulingTables,
    ]),
  )

  const purged = await purgeBusiness({ db, files }, bySystem, ours.tenantId)
  const after = await counts(ours.tenantId)
  for (const table of Object.keys(before)) expect([table, after[table]]).toEqual([table, 0])
  expect(await counts(theirs.tenantId)).toEqual(other)
  expect(purged).toMatchObject({ tenants: 1, messages: before.messages, users: 1 })

  // What came to its own address and could not be attributed is gone too; the other's is there.
  const { rows: raw } = await db.owner.query('SELECT DISTINCT app_slug FROM webhook_events')
  expect(raw).toEqual([{ app_slug: 'theirs' }])
  const { rows: people } = await db.owner.query('SELECT email FROM users ORDER BY email')
  expect(people.map((row) => row.email)).toEqual(['both@x.example', 'theirs@x.example'])
  expect(await readdir(folder)).toEqual([theirs.tenantId])
  const { rows: kept } = await db.owner.query(`SELECT subject_id FROM platform_audit_log WHERE action = 'tenant.purged'`)
  expect(kept).toEqual([{ subject_id: ours.tenantId }])
  expect(await purgeBusiness({ db, files }, bySystem, ours.tenantId)).toEqual({})
})

test('only a deleted business can be purged, whoever calls the function', async () => {
  const account = await makeAccount(db)
  await expect(
    inTenant(db, account.tenantId, (tx) => tx.query('SELECT parley.purge_tenant($1)', [account.tenantId])),
  ).rejects.toThrow(/only a deleted business/)
})

test('purging that ended between the rows and the files is finished when it is asked for again', async () => {
  const { tenantId } = await business('halfway')
  const files = createFolderStore(folder)
  await deleteBusiness({ db }, bySystem, tenantId)
  const broken = { ...files, erase: () => Promise.reject(new Error('the process ends here')) }
  await expect(purgeBusiness({ db, files: broken }, bySystem, tenantId)).rejects.toThrow('ends here')
  const left = () => existsSync(join(folder, tenantId))
  expect(left()).toBe(true)
  await purgeBusiness({ db, files }, bySystem, tenantId)
  expect(left()).toBe(false)
  await expect(purgeBusiness({ db, files }, bySystem, newId())).rejects.toMatchObject({ code: 'not_found' })
})
