import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { makeTenant } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { readConfig } from '../platform/config.ts'
import { inTenant } from '../platform/db/tx.ts'
import { findPlatformKey } from '../tenancy/operators.ts'
import { findTenantRow } from '../tenancy/tenant-lookup.ts'
import { addMember } from '../tenancy/tenants.ts'
import { addServerOperator, changeBusiness, listBusinesses, makeServerKey, purge } from './businesses.ts'

let db: TestDatabase
let folder: string
let said: string[]
const say = (text: string) => void said.push(text)
beforeAll(async () => {
  db = await createTestDatabase()
  folder = await mkdtemp(join(tmpdir(), 'parley-cli-'))
})
beforeEach(() => {
  said = []
})
afterAll(async () => {
  await db.drop()
  await rm(folder, { recursive: true })
})

test('somebody who signs in here is made an operator, nobody else is', async () => {
  const tenant = await makeTenant(db)
  await inTenant(db, tenant, (tx) =>
    addMember(tx, { email: 'sam@x.example', password: 'p', firstName: 'S', lastName: 'O', role: 'owner' }),
  )
  await expect(addServerOperator(db, 'nobody@x.example', say)).rejects.toThrow('Nobody signs in as nobody@x.example')
  await addServerOperator(db, 'Sam@x.example', say)
  const { rows } = await db.owner.query('SELECT granted_by FROM platform_operators')
  expect(rows).toEqual([{ granted_by: 'cli' }])
})

test('a platform key is shown once, works with its scopes, and unknown scopes are named', async () => {
  await expect(makeServerKey(db, { name: 'Bad', scopes: 'tenants.read,everything' }, say)).rejects.toThrow(
    'no scope everything',
  )
  await makeServerKey(db, { name: 'Reader', scopes: 'tenants.read, tenants.write' }, say)
  const key = said.join().match(/parleyop_\S+/)?.[0] ?? ''
  expect(await findPlatformKey(db, key)).toMatchObject({ name: 'Reader', scopes: ['tenants.read', 'tenants.write'] })
  const { rows } = await db.owner.query(
    `SELECT actor, changes::text AS changes FROM platform_audit_log WHERE action = 'platform_key.created'`,
  )
  expect(rows).toEqual([{ actor: 'cli', changes: expect.not.stringContaining(key) }])
})

test('a business is listed, suspended, resumed, deleted, restored and, said twice, purged', async () => {
  const id = await makeTenant(db, 'On the line')
  const status = async () => (await findTenantRow(db, 'id', id))?.status
  await changeBusiness(db, 'suspend', `t-${id}`, say)
  expect(await status()).toBe('suspended')
  await listBusinesses(db, { status: 'suspended' }, say)
  expect(said.at(-1)).toContain('On the line')
  await changeBusiness(db, 'resume', id, say)
  expect(await status()).toBe('active')
  const config = readConfig({ NODE_ENV: 'test', PARLEY_DATA_DIR: folder })
  await expect(purge(db, config, { id, yes: true }, say)).rejects.toThrow(/Only a deleted business/)
  await changeBusiness(db, 'delete', id, say)
  await changeBusiness(db, 'restore', id, say)
  expect(await status()).toBe('active')
  await changeBusiness(db, 'delete', `t-${id}`, say)
  // Its public id may be somebody else's by now: what is said names the one that still finds it.
  expect(said.at(-1)).toContain(`parley tenant purge ${id} --yes`)
  await expect(purge(db, config, { id: `t-${id}`, yes: true }, say)).rejects.toThrow(/was not found/)
  expect(await purge(db, config, { id, yes: false }, say)).toBe(1)
  expect(await status()).toBe('deleted')
  said.length = 0
  expect(await purge(db, config, { id, yes: true }, say)).toBe(0)
  expect(said[0]).toContain(`parley tenant purge ${id} --yes`)
  expect(await status()).toBeUndefined()
  await expect(changeBusiness(db, 'suspend', id, say)).rejects.toThrow(/was not found/)
})
