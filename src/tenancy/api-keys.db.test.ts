import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTenant } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { newId } from '../kernel/ids.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createApiKey, findApiKey, listApiKeys, revokeApiKey } from './api-keys.ts'
import { type By, bySystem } from './audit.ts'
import { readAudit } from './audit-log.ts'
import type { Actor } from './can.ts'
import { changeMember, removeMember } from './members.ts'
import {
  addOperator,
  changePlatform,
  createPlatformKey,
  findPlatformKey,
  removeOperator,
  revokePlatformKey,
} from './operators.ts'
import type { Role } from './roles.ts'
import { addMember, joinTenant } from './tenants.ts'
import { tokenHash } from './tokens.ts'

let db: TestDatabase
let tenantId: string
beforeAll(async () => {
  db = await createTestDatabase()
  tenantId = await makeTenant(db)
})
afterAll(() => db.drop())

const person = async (role: Role) => {
  const email = `${newId()}@x.example`
  const userId = await inTenant(db, tenantId, (tx) =>
    addMember(tx, { email, password: 'x', firstName: 'P', lastName: 'Q', role }),
  )
  return { userId, email, by: { label: `user:${userId}`, name: 'P Q' } }
}
type Made = Awaited<ReturnType<typeof createApiKey>>
const make = (by: By, actor: Pick<Actor, 'role' | 'scopes'>, more: { role?: Role; expiresAt?: string } = {}): Promise<Made> =>
  inTenant(db, tenantId, (tx) => createApiKey(tx, { name: 'Key', role: 'admin', ...more }, { actor, by }))
const byKey = ({ row }: Made): By => ({ label: `key:${row.id}`, name: row.name })
const roleOf = async ({ key }: Made) => (await findApiKey(db, key))?.role ?? null
const manager = { actor: { role: 'owner' } as Actor, by: bySystem, changed: () => {} }
const inDays = (n: number) => new Date(Date.now() + n * 86_400_000).toISOString()
const linesAbout = async (made: Made) =>
  (await inTenant(db, tenantId, (tx) => readAudit(tx, { limit: 50, subject: `api_key:${made.row.id}` }))).items.map(
    ({ action, changes }) => [action, changes] as const,
  )

test('a key that ends makes none that lives longer: without a term it gets the same, with a later one it is refused', async () => {
  const admin = await person('admin')
  const first = await make(admin.by, { role: 'admin' }, { expiresAt: inDays(2) })
  const second = await make(byKey(first), { role: 'admin' })
  expect(second.row.expires_at).toEqual(first.row.expires_at)
  expect((await make(byKey(first), { role: 'admin' }, { expiresAt: inDays(1) })).row.expires_at).not.toBeNull()
  await expect(make(byKey(first), { role: 'admin' }, { expiresAt: inDays(3) })).rejects.toMatchObject({ code: 'forbidden' })
  await expect(make(byKey(second), { role: 'admin' }, { expiresAt: inDays(3) })).rejects.toMatchObject({ code: 'forbidden' })
  expect((await make(admin.by, { role: 'admin' })).row.expires_at).toBeNull()
})

test("a person's keys may no more than the person, also those that were made with them, and again when the person may again", async () => {
  const admin = await person('admin')
  const first = await make(admin.by, { role: 'admin' })
  const second = await make(byKey(first), { role: 'admin' })
  const modest = await make(admin.by, { role: 'admin' }, { role: 'viewer' })
  const set = (role: Role) => inTenant(db, tenantId, (tx) => changeMember(tx, manager, admin.userId, { role }))
  await set('agent')
  expect(await Promise.all([first, second, modest].map(roleOf))).toEqual(['agent', 'agent', 'viewer'])
  const listed = await inTenant(db, tenantId, listApiKeys)
  expect(listed.find(({ id }) => id === second.row.id)).toMatchObject({ role: 'admin', effective_role: 'agent' })
  expect(await linesAbout(second)).toContainEqual(['api_key.limited', { name: 'Key', role: { from: 'admin', to: 'agent' } }])
  expect((await linesAbout(modest)).map(([action]) => action)).toEqual(['api_key.created'])
  await set('admin')
  expect(await roleOf(first)).toBe('admin')
})

test('with a person their keys go, with what was made and given with them, for good; those of the server stay', async () => {
  const admin = await person('admin')
  const first = await make(admin.by, { role: 'admin' })
  const second = await make(byKey(first), { role: 'admin' })
  const servers = await make(bySystem, { role: 'owner' })
  const victim = await person('agent')
  await db.owner.query(
    `INSERT INTO invitations (tenant_id, email, role, token_hash, invited_by, invited_by_name, expires_at) VALUES ($1, 'i@x.example', 'admin', $2, $3, 'x', now() + interval '1 day')`,
    [tenantId, newId(), byKey(second).label],
  )
  for (const label of [admin.by.label, byKey(second).label])
    await db.owner.query(
      `INSERT INTO password_resets (user_id, token_hash, created_by, expires_at) VALUES ($1, $2, $3, now() + interval '1 day')`,
      [victim.userId, tokenHash(newId()), label],
    )
  await inTenant(db, tenantId, (tx) => removeMember(tx, manager, admin.userId))
  expect(await Promise.all([first, second, servers].map(roleOf))).toEqual([null, null, 'admin'])
  expect(await linesAbout(second)).toContainEqual(['api_key.revoked', { name: 'Key', madeFor: admin.userId }])
  const { rows } = await db.owner.query(
    `SELECT (SELECT count(*)::int FROM invitations WHERE tenant_id = $1 AND revoked_at IS NULL) AS invitations,
            (SELECT count(*)::int FROM password_resets WHERE user_id = $2 AND used_at IS NULL) AS links`,
    [tenantId, victim.userId],
  )
  expect(rows[0]).toEqual({ invitations: 0, links: 0 })
  await inTenant(db, tenantId, (tx) =>
    joinTenant(tx, { userId: admin.userId, role: 'admin', email: admin.email, firstName: 'P', lastName: 'Q' }),
  )
  expect(await roleOf(first)).toBeNull()
})

test('a key of somebody who left before keys ended with people does nothing', async () => {
  const admin = await person('admin')
  const made = await make(admin.by, { role: 'admin' })
  await db.owner.query('DELETE FROM user_profiles WHERE user_id = $1', [admin.userId])
  expect(await roleOf(made)).toBeNull()
  const listed = await inTenant(db, tenantId, listApiKeys)
  expect(listed.find(({ id }) => id === made.row.id)).toMatchObject({ effective_role: null, revoked_at: null })
})

test('revoking a key revokes what was made with it, also what is being made at that moment', async () => {
  const first = await make(bySystem, { role: 'owner' })
  const second = await make(byKey(first), { role: 'admin' })
  const racing = await Promise.allSettled([
    ...Array.from({ length: 6 }, () => make(byKey(second), { role: 'admin' })),
    inTenant(db, tenantId, (tx) => revokeApiKey(tx, first.row.id)),
    ...Array.from({ length: 6 }, () => make(byKey(second), { role: 'admin' })),
  ])
  const made = racing.flatMap((one) => (one.status === 'fulfilled' && one.value ? [one.value] : []))
  for (const one of [first, second, ...made]) expect(await roleOf(one)).toBeNull()
  expect(await linesAbout(second)).toContainEqual(['api_key.revoked', { name: 'Key', madeWith: first.row.id }])
  await expect(make(byKey(second), { role: 'admin' })).rejects.toMatchObject({ code: 'not_signed_in' })
})

test('a key with scopes revokes none that may more', async () => {
  const whole = await make(bySystem, { role: 'owner' })
  const narrow = { role: 'admin' as const, scopes: ['api_keys.manage' as const] }
  const revoke = (made: Made) => inTenant(db, tenantId, (tx) => revokeApiKey(tx, made.row.id, bySystem, narrow))
  await expect(revoke(whole)).rejects.toMatchObject({ code: 'forbidden' })
  expect(await roleOf(whole)).toBe('admin')
  await revoke(await make(bySystem, narrow))
})

test('a platform key that is being made with one of an operator who is removed ends with it, for good', async () => {
  const { email, userId } = await person('owner')
  await addOperator(db, email, 'cli')
  await addOperator(db, (await person('owner')).email, 'cli')
  const make = (createdBy: string) =>
    changePlatform(db, bySystem, async (on) => [await createPlatformKey(on, { name: 'K', createdBy })])
  const first = await make(`operator:${userId}`)
  const racing = await Promise.allSettled([
    ...Array.from({ length: 4 }, () => make(`platform_key:${first.id}`)),
    changePlatform(db, bySystem, async ({ pool }) => [await removeOperator(pool, userId)]),
    ...Array.from({ length: 4 }, () => make(`platform_key:${first.id}`)),
  ])
  expect(racing[4]?.status).toBe('fulfilled')
  const { rows } = await db.owner.query('SELECT FROM platform_api_keys WHERE made_for = $1 AND revoked_at IS NULL', [userId])
  expect(rows).toEqual([])
})

test('a platform key lives no longer than who made it: its term, its maker revoked, its maker no operator any more', async () => {
  const { email, userId } = await person('owner')
  await addOperator(db, email, 'cli')
  await addOperator(db, (await person('owner')).email, 'cli')
  const platform = (createdBy: string, expiresAt?: string) =>
    changePlatform(db, bySystem, async (on) => [
      await createPlatformKey(on, { name: 'Key', createdBy, ...(expiresAt ? { expiresAt } : {}) }),
    ])
  const lives = async ({ key }: { key: string }) => (await findPlatformKey(db, key)) !== null
  const first = await platform(`operator:${userId}`, inDays(2))
  const second = await platform(`platform_key:${first.id}`)
  await expect(platform(`platform_key:${first.id}`, inDays(3))).rejects.toMatchObject({ code: 'forbidden' })
  const { rows } = await db.owner.query('SELECT count(DISTINCT expires_at)::int AS n FROM platform_api_keys')
  expect(rows[0].n).toBe(1)

  const third = await platform('cli')
  const fourth = await platform(`platform_key:${third.id}`)
  const told = await changePlatform(db, bySystem, async (on) => [await revokePlatformKey(on, third.id)])
  expect(told.map(({ subject }) => subject.id)).toEqual([third.id, fourth.id])
  expect(await Promise.all([first, second, third, fourth].map(lives))).toEqual([true, true, false, false])

  const ended = await changePlatform(db, bySystem, async ({ pool }) => [await removeOperator(pool, userId)])
  expect(ended).toHaveLength(2)
  expect(await Promise.all([first, second].map(lives))).toEqual([false, false])
  await expect(platform(`operator:${userId}`)).rejects.toMatchObject({ code: 'not_signed_in' })
  await addOperator(db, email, 'cli')
  expect(await Promise.all([first, second].map(lives))).toEqual([false, false])
})
