import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTenant } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { addWhatsAppAccount, loadConnection } from '../conversations/accounts.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createSecrets } from '../platform/secrets.ts'
import { createApiKey } from './api-keys.ts'
import { addChannelApp, appCredentialType, findChannelApp } from './apps.ts'
import { bySystem } from './audit.ts'
import { loadCredentials, storeCredentials } from './credentials.ts'
import { putCredentials } from './tenant-credentials.ts'
import { addMember } from './tenants.ts'

let db: TestDatabase
let tenant: string
const secrets = createSecrets(['a master key for this test only'])
const canaries = {
  accessToken: 'CANARY-access-token',
  secret: 'CANARY-app-secret',
  verifyToken: 'CANARY-verify-token',
  password: 'CANARY-password',
}

beforeAll(async () => {
  db = await createTestDatabase()
  tenant = await makeTenant(db)
})
afterAll(() => db.drop())

test('a dump of every table holds no secret in clear', async () => {
  const key = await inTenant(db, tenant, async (tx) => {
    const accountId = await addWhatsAppAccount(tx, secrets, {
      phoneNumberId: '1',
      wabaId: '2',
      name: 'Main',
      address: '+15550100',
      accessToken: canaries.accessToken,
    })
    expect((await loadConnection(tx, secrets, accountId)).credentials.accessToken).toBe(canaries.accessToken)
    await addChannelApp(tx, secrets, {
      provider: 'whatsapp-cloud',
      slug: 'dump',
      name: 'Dump',
      secret: canaries.secret,
      verifyToken: canaries.verifyToken,
    })
    await addMember(tx, { email: 'dump@x.example', password: canaries.password, firstName: 'D', lastName: 'U', role: 'owner' })
    return (await createApiKey(tx, { name: 'Dump', role: 'agent' })).key
  })
  const { rows: tables } = await db.owner.query(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('parley', 'pgboss')`,
  )
  let rowsSeen = 0
  for (const { name } of tables) {
    const { rows } = await db.owner.query(`SELECT t::text AS line FROM ${name} t`)
    rowsSeen += rows.length
    for (const { line } of rows)
      for (const canary of [...Object.values(canaries), key]) expect(line, name).not.toContain(canary)
  }
  expect(rowsSeen).toBeGreaterThan(5)
})

test('after a rotation the old and the new secret of an app are accepted for a while, then the new one only', async () => {
  const id = await inTenant(db, tenant, (tx) =>
    addChannelApp(tx, secrets, { provider: 'whatsapp-cloud', slug: 'rotated', name: 'R', secret: 'old', verifyToken: 'v' }),
  )
  await inTenant(db, tenant, (tx) =>
    storeCredentials(tx, secrets, {
      type: appCredentialType,
      subject: id,
      values: { secret: 'new', verifyToken: 'v' },
      overlapHours: 24,
    }),
  )
  const accepted = async () => (await findChannelApp(db, secrets, 'whatsapp-cloud', 'rotated'))?.secrets.sort()
  expect(await accepted()).toEqual(['new', 'old'])
  expect((await findChannelApp(db, secrets, 'whatsapp-cloud', 'rotated'))?.owner).toBe(tenant)
  await db.owner.query(
    `UPDATE tenant_credentials SET valid_until = now() - interval '1 second' WHERE subject = $1 AND NOT is_active`,
    [id],
  )
  expect(await accepted()).toEqual(['new'])
  expect(await findChannelApp(db, secrets, 'whatsapp-cloud', 'nobody')).toBeNull()
})

test('a change of a business, its credentials or its WhatsApp settings moves the time of change; reading does not', async () => {
  await db.owner.query(
    `UPDATE tenants SET updated_at = '2020-01-01'; ALTER TABLE tenants DISABLE TRIGGER USER; UPDATE tenants SET updated_at = '2020-01-01'; ALTER TABLE tenants ENABLE TRIGGER USER`,
  )
  const at = async (table: string) => (await db.owner.query(`SELECT max(updated_at) AS at FROM ${table}`)).rows[0].at as Date
  await db.owner.query('SELECT * FROM tenants')
  expect((await at('tenants')).getUTCFullYear()).toBe(2020)
  for (const [table, change] of [
    ['tenants', `UPDATE tenants SET plan = 'other'`],
    ['tenant_credentials', 'UPDATE tenant_credentials SET is_active = is_active'],
    ['tenant_whatsapp_config', `UPDATE tenant_whatsapp_config SET quality_rating = 'GREEN'`],
  ] as const) {
    const before = Date.now() - 1000
    await db.owner.query(change)
    expect((await at(table)).getTime(), table).toBeGreaterThan(before)
  }
})

test('of credentials that are put several times at once one stays, whole, and nobody is told of a fault', async () => {
  const id = await makeTenant(db)
  const put = (n: number) => {
    const values = { clientId: `c${n}`, clientSecret: `s${n}`, integrationId: `i-${id}` }
    return putCredentials({ db, secrets }, bySystem, id, { type: 'genesys', values })
  }
  for (let round = 0; round < 3; round++) {
    await Promise.all([1, 2, 3, 4, 5].map((n) => put(round * 5 + n)))
    const stands = await inTenant(db, id, (tx) => loadCredentials(tx, secrets, 'genesys', ''))
    expect(stands?.clientSecret).toBe(stands?.clientId?.replace('c', 's'))
    const { rows } = await db.owner.query('SELECT count(*) AS n FROM tenant_credentials WHERE tenant_id = $1 AND is_active', [
      id,
    ])
    expect(rows).toEqual([{ n: 1 }])
  }
})
