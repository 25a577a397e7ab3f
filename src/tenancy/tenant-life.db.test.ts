import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { digits, inboundText, makeAccount, type TestAccount, webhook } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { scriptedChannel } from '../../test/world/scripted-channel.ts'
import { until } from '../../test/world/until.ts'
import { receiveBatch } from '../conversations/receive.ts'
import { queueReply } from '../conversations/reply.ts'
import { type Bus, createBus } from '../platform/bus.ts'
import { createMemoryCache } from '../platform/cache.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createLogger } from '../platform/log.ts'
import { createSecrets } from '../platform/secrets.ts'
import { findApiKey } from './api-keys.ts'
import { addChannelApp, findChannelApp } from './apps.ts'
import { bySystem } from './audit.ts'
import { listCredentials, putCredentials, removeCredentials } from './tenant-credentials.ts'
import { businessOfGenesys, createBusiness, deleteBusiness, patchBusiness, restoreBusiness } from './tenant-life.ts'
import { createTenantLookup, findTenantRow } from './tenant-lookup.ts'

let db: TestDatabase
const log = createLogger({ level: 'CRITICAL' })
const secrets = createSecrets(['a master key for this test only'])
beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db.drop())

const make = (given: { subdomain?: string; tenantId?: string; settings?: Record<string, unknown> } = {}) =>
  createBusiness({ db }, bySystem, { name: 'Harbour Plumbing', email: 'office@harbour.example', ...given })
const patch = (id: string, given: Parameters<typeof patchBusiness>[3]) => patchBusiness({ db }, bySystem, id, given)
const audited = async (id: string) =>
  (await db.owner.query('SELECT action FROM audit_log WHERE tenant_id = $1 ORDER BY id', [id])).rows.map((row) => row.action)

describe('a business', () => {
  test('has the zone and language it was made with, a key, and keeps the zone when the language alone is patched', async () => {
    const { row, apiKey } = await make({ settings: { timezone: 'Europe/Lisbon', language: 'pt', deep: { a: 1, b: 2 } } })
    expect(await findApiKey(db, apiKey)).toMatchObject({ tenantId: row.id, role: 'admin' })
    const { settings } = await patch(row.id, { settings: { language: 'en', deep: { b: null } } })
    expect(settings).toEqual({ timezone: 'Europe/Lisbon', language: 'en', deep: { a: 1 } })
    const { metadata } = await patch(row.id, { metadata: { anything: ['kept'] } })
    expect(metadata).toEqual({ anything: ['kept'] })
    expect(await audited(row.id)).toEqual(['api_key.created', 'tenant.created', 'tenant.updated', 'tenant.updated'])
  })

  test('patched by many at once keeps every key', async () => {
    const { row } = await make()
    await Promise.all(Array.from({ length: 20 }, (_, i) => patch(row.id, { settings: { [`key${i}`]: i } })))
    expect(Object.keys((await findTenantRow(db, 'id', row.id))?.settings ?? {})).toHaveLength(20)
  })

  test.each([
    ['subdomain', 'This subdomain'],
    ['tenantId', 'This public id'],
  ] as const)('cannot have the %s of another', async (field, words) => {
    const value = `taken-${digits(8)}`
    await make({ [field]: value })
    await expect(make({ [field]: value })).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(words) })
    const { row } = await make()
    await expect(patch(row.id, { [field]: value })).rejects.toMatchObject({ code: 'conflict', details: { field } })
  })

  test('of an organisation is one, however many ask for it at once', async () => {
    const orgId = digits(12)
    const all = await Promise.all(
      Array.from({ length: 20 }, () => businessOfGenesys({ db }, bySystem, { orgId, orgName: 'Harbour Group' })),
    )
    expect(new Set(all.map(({ row }) => row.id)).size).toBe(1)
    expect(all.filter(({ created }) => created)).toHaveLength(1)
  })
})

describe('credentials', () => {
  const genesys = (id: string, values: Record<string, string>, overlapHours?: number) =>
    putCredentials({ db, secrets }, bySystem, id, { type: 'genesys', values, overlapHours })
  const list = (id: string) => inTenant(db, id, (tx) => listCredentials(tx, secrets))

  test('with an integration id make the business findable by it, in one step; a new one ends the old, a new secret alone does not', async () => {
    const { row } = await make()
    const [old, next] = [digits(20), digits(20)]
    await genesys(row.id, { clientSecret: 'CANARY-client-secret', integrationId: old })
    expect((await findTenantRow(db, 'integration', old))?.id).toBe(row.id)
    await genesys(row.id, { clientSecret: 'CANARY-second-secret', integrationId: next })
    expect(await findTenantRow(db, 'integration', old)).toBeNull()
    await genesys(row.id, { clientSecret: 'CANARY-third-secret' })
    expect((await findTenantRow(db, 'integration', next))?.id).toBe(row.id)
    const other = (await make()).row.id
    await expect(genesys(other, { integrationId: next })).rejects.toMatchObject({ code: 'conflict' })
    expect(await list(other)).toEqual([])
    await removeCredentials({ db, secrets }, bySystem, row.id, 'genesys')
    expect([await findTenantRow(db, 'integration', next), await list(row.id)]).toEqual([null, []])
  })

  test('are read back with all but the last four characters hidden, and say until when the old ones count', async () => {
    const { row } = await make()
    await genesys(row.id, { clientSecret: 'CANARY-first-secret-1111' })
    await genesys(row.id, { clientSecret: 'CANARY-second-secret-2222', short: 'abcd' }, 24)
    const [shown] = await list(row.id)
    expect(shown).toMatchObject({ type: 'genesys', subject: '', keys: { clientSecret: '••••2222', short: '••••' } })
    expect(Date.parse(shown?.validUntil ?? '')).toBeGreaterThan(Date.now() + 23 * 3_600_000)
    expect(shown?.rotatedAt).not.toBeNull()
    expect(JSON.stringify(shown)).not.toMatch(/CANARY|abcd/)
    const { rows } = await db.owner.query(
      'SELECT t::text AS line FROM audit_log t UNION ALL SELECT t::text FROM tenant_credentials t',
    )
    for (const { line } of rows) expect(line).not.toContain('CANARY')
  })

  test('that belong to an account cannot be set by type', async () => {
    const { row } = await make()
    for (const type of ['channel_account', 'channel_app', 'whatsapp_pin'])
      await expect(putCredentials({ db, secrets }, bySystem, row.id, { type, values: { a: 'b' } })).rejects.toMatchObject({
        code: 'invalid_request',
      })
  })
})

const channel = scriptedChannel()
async function written(account: TestAccount): Promise<string> {
  const event = inboundText(account, `1650${digits(7)}`, 'hello')
  await receiveBatch({ db, log }, [webhook(event)])
  const { rows } = await db.owner.query('SELECT conversation_id AS id FROM message_tracking WHERE wamid = $1', [
    event.externalId,
  ])
  return rows[0]?.id
}
const answer = (account: TestAccount, conversationId: string) =>
  inTenant(db, account.tenantId, (tx) =>
    queueReply({ channels: new Map([[channel.provider, channel]]) }, tx, {
      conversationId,
      body: { type: 'text', text: 'hello' },
      author: { sender: 'human', actor: 'test' },
    }),
  )
const claims = (client: { query: TestDatabase['pool']['query'] }, account: TestAccount) =>
  client.query(`SELECT message_id FROM parley.claim_sends(8, 15000, '{}') WHERE account_id = $1`, [account.accountId])

test('whoever changed a business and was answered finds it changed, however late the news comes', async () => {
  const ear = createBus({ connectionString: db.url, log })
  const lateMs = 150
  const bus: Bus = {
    ...ear,
    listen: (name, heard, missed) => ear.listen(name, (payload) => setTimeout(() => heard(payload), lateMs), missed),
    caughtUp: async () => {
      await ear.caughtUp()
      await new Promise((resolve) => setTimeout(resolve, 2 * lateMs))
    },
  }
  const lookup = createTenantLookup({ db, bus, cache: createMemoryCache({ max: 100, ttlMs: 60_000 }), log })
  await until('it listens', () => ear.listening())
  const deps = { db, secrets, lookup }
  const { row } = await createBusiness(deps, bySystem, { name: 'Late', email: 'l@x.example' })
  const [one, two, three] = [digits(9), digits(9), digits(9)].map((tail) => `s${tail}`) as [string, string, string]
  await patchBusiness(deps, bySystem, row.id, { subdomain: one })
  const finds = async (by: 'subdomain' | 'integration', value: string) => (await lookup.find(by, value))?.id
  expect(await finds('subdomain', one)).toBe(row.id)
  expect(await finds('subdomain', two)).toBeUndefined()
  await patchBusiness(deps, bySystem, row.id, { subdomain: two })
  expect([await finds('subdomain', one), await finds('subdomain', two)]).toEqual([undefined, row.id])
  await putCredentials(deps, bySystem, row.id, { type: 'genesys', values: { integrationId: one } })
  expect(await finds('integration', one)).toBe(row.id)
  await putCredentials(deps, bySystem, row.id, { type: 'genesys', values: { integrationId: three } })
  expect(await finds('integration', one)).toBeUndefined()
  await deleteBusiness(deps, bySystem, row.id)
  expect([await finds('subdomain', two), await finds('integration', three)]).toEqual([undefined, undefined])
  await ear.stop()
})

describe('suspending a business', () => {
  test('waits for a claim that is under way, and none begins before it is committed', async () => {
    const account = await makeAccount(db)
    await answer(account, await written(account))
    const client = await db.pool.connect()
    await client.query('BEGIN')
    expect((await claims(client, account)).rowCount).toBe(1)
    let done = false
    const suspending = patch(account.tenantId, { status: 'suspended' }).then(() => {
      done = true
    })
    await until('it waits for the lock', async () => {
      const { rows } = await db.owner.query(
        `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FOR NO KEY UPDATE%'`,
      )
      return rows.length > 0
    })
    expect(done).toBe(false)
    await client.query('COMMIT')
    client.release()
    await suspending
    await answer(account, await written(account))
    expect((await claims(db.pool, account)).rowCount).toBe(0)
  })

  test('stops a worker that listed its number just before', async () => {
    // The worker lists both numbers and is held up at the first one; the second's business is suspended meanwhile.
    const [first, second] = [await makeAccount(db), await makeAccount(db)]
    const { messageId } = await answer(first, await written(first))
    await answer(second, await written(second))
    await db.owner.query(`UPDATE channel_accounts SET pace_at = now() - interval '1 second' WHERE id = $1`, [second.accountId])
    await db.owner.query(`UPDATE message_tracking SET status = 'sending' WHERE id = $1`, [messageId])
    const holder = await db.owner.connect()
    await holder.query('BEGIN')
    await holder.query('SELECT FROM message_tracking WHERE id = $1 FOR NO KEY UPDATE', [messageId])
    const claiming = claims(db.pool, second)
    await until('the worker is held up', async () => {
      const { rows } = await db.owner.query(
        `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%claim_sends%'`,
      )
      return rows.length > 0
    })
    await patch(second.tenantId, { status: 'suspended' })
    await holder.query('COMMIT')
    holder.release()
    expect((await claiming).rowCount).toBe(0)
  })

  test('keeps what comes in, and what was queued goes out when it is active again', async () => {
    const account = await makeAccount(db)
    const conversation = await written(account)
    await answer(account, conversation)
    await patch(account.tenantId, { status: 'suspended' })
    expect(await written(account)).toBeDefined()
    expect((await claims(db.pool, account)).rowCount).toBe(0)
    await patch(account.tenantId, { status: 'active' })
    expect((await claims(db.pool, account)).rowCount).toBe(1)
    expect(await audited(account.tenantId)).toEqual(['tenant.suspended', 'tenant.resumed'])
  })
})

describe('deleting a business', () => {
  test('ends everything at once, gives its ids back, and restoring it brings all of them back', async () => {
    const account = await makeAccount(db)
    const id = account.tenantId
    const subdomain = `sub-${digits(8)}`
    await patch(id, { subdomain, genesysOrgId: `org-${subdomain}`, tenantId: `public-${subdomain}` })
    await db.owner.query('UPDATE tenants SET phone_number_id = $2 WHERE id = $1', [id, account.externalId])
    await inTenant(db, id, (tx) =>
      addChannelApp(tx, secrets, { provider: 'whatsapp-cloud', slug: subdomain, name: 'App', secret: 's', verifyToken: 'v' }),
    )
    await answer(account, await written(account))
    await deleteBusiness({ db }, bySystem, id)
    const found = async () => [
      await findTenantRow(db, 'phone', account.externalId),
      await findTenantRow(db, 'subdomain', subdomain),
      await findTenantRow(db, 'genesys_org', `org-${subdomain}`),
      await findTenantRow(db, 'public_id', `public-${subdomain}`),
      await findChannelApp(db, secrets, 'whatsapp-cloud', subdomain),
    ]
    expect(await found()).toEqual([null, null, null, null, null])
    expect(await written(account)).toBeUndefined()
    expect((await claims(db.pool, account)).rowCount).toBe(0)
    await expect(patch(id, { name: 'Ghost' })).rejects.toMatchObject({ code: 'not_found' })
    await expect(deleteBusiness({ db }, bySystem, id)).rejects.toMatchObject({ code: 'not_found' })

    await restoreBusiness({ db }, bySystem, id)
    for (const one of await found()) expect(one).not.toBeNull()
    expect(await written(account)).toBeDefined()
    expect((await claims(db.pool, account)).rowCount).toBe(1)
  })

  test('of one that was suspended and restoring it leaves it suspended', async () => {
    const account = await makeAccount(db)
    await patch(account.tenantId, { status: 'suspended' })
    await deleteBusiness({ db }, bySystem, account.tenantId)
    expect(await restoreBusiness({ db }, bySystem, account.tenantId)).toMatchObject({ status: 'suspended' })
  })

  test('lets another business have its number, and then it cannot be restored', async () => {
    const account = await makeAccount(db)
    await deleteBusiness({ db }, bySystem, account.tenantId)
    const other = await makeAccount(db)
    await db.owner.query('UPDATE channel_accounts SET external_id = $2 WHERE id = $1', [other.accountId, account.externalId])
    expect(await written({ ...other, externalId: account.externalId })).toBeDefined()
    await expect(restoreBusiness({ db }, bySystem, account.tenantId)).rejects.toMatchObject({
      code: 'conflict',
      details: { field: 'phoneNumberId' },
    })
    expect((await findTenantRow(db, 'id', account.tenantId))?.status).toBe('deleted')
  })
})
