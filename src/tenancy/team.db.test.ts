import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeTenant } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { peopleDeps } from '../../test/world/people.ts'
import { until } from '../../test/world/until.ts'
import type { ParleyError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { inTenant } from '../platform/db/tx.ts'
import { acceptInvitation } from './accept.ts'
import { bySystem } from './audit.ts'
import type { PeopleDeps } from './deps.ts'
import { forgetOldInvitations, invite } from './invitations.ts'
import { changeMember, removeMember } from './members.ts'
import { createPlatformKey } from './operators.ts'
import { confirmReset, linkForMail, linkForMember } from './password-resets.ts'
import { startSession } from './sessions.ts'
import { readSetup, signUp } from './sign-up.ts'
import { deleteBusiness } from './tenant-life.ts'
import { addMember } from './tenants.ts'
import { tokenHash } from './tokens.ts'

let db: TestDatabase
let deps: PeopleDeps
let changed: string[]
let stop: () => Promise<void>
beforeAll(async () => {
  db = await createTestDatabase()
  ;({ deps, changed, stop } = await peopleDeps(db))
})
afterAll(async () => {
  await stop()
  await db.drop()
})

const password = 'correct horse battery staple'
const tokenOf = (url: string) => url.split('#')[1] as string
const codeOf = (error: unknown) => (error as ParleyError).code
/** What became of each of several things done at once: 'done' or the error's code. */
const outcomes = async (works: Promise<unknown>[]) =>
  (await Promise.allSettled(works)).map((each) => (each.status === 'fulfilled' ? 'done' : codeOf(each.reason))).sort()
const newcomer = (n: number) => ({
  business: { name: `Business ${n}`, timezone: 'Europe/Lisbon', language: 'pt' },
  firstName: 'First',
  lastName: '',
  email: `first-${n}@team.example`,
  password,
})
const owner = (tenantId: string) => ({ actor: { tenantId, role: 'owner' as const }, by: bySystem })
const member = (tenantId: string, role: 'owner' | 'admin' | 'agent', email = `${newId()}@team.example`) =>
  inTenant(db, tenantId, (tx) => addMember(tx, { email, password, firstName: 'M', lastName: role, role }))

describe('the first owner of a new server', () => {
  test('is no stranger where the server was set up with a key of the platform or a business, before anybody signed in', async () => {
    const refused = async () => {
      expect(await readSetup(deps)).toMatchObject({ signUp: 'closed' })
      await expect(signUp(deps, newcomer(0), {})).rejects.toMatchObject({ code: 'forbidden' })
    }
    await createPlatformKey(db, { name: 'Provisioning', createdBy: 'cli' })
    await refused()
    await db.owner.query('DELETE FROM platform_api_keys')
    const tenantId = await makeTenant(db)
    await refused()
    await db.owner.query('DELETE FROM tenants WHERE id = $1', [tenantId])
    expect(await readSetup(deps)).toMatchObject({ signUp: 'first' })
  })
  test('is one, of several who sign up at once, and runs the server; afterwards it takes nobody uninvited', async () => {
    // Held back where each has looked whether it is the first, and none has written yet.
    const gate = await db.owner.connect()
    await gate.query('BEGIN; LOCK TABLE parley.tenants IN SHARE MODE')
    const works = [1, 2, 3, 4].map((n) => signUp(deps, newcomer(n), {}))
    await until('all four wait', async () => {
      const { rows } = await db.owner.query(
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      )
      return rows[0].n === 4
    })
    await gate.query('COMMIT')
    gate.release()
    expect(await outcomes(works)).toEqual(['done', 'forbidden', 'forbidden', 'forbidden'])
    const { rows } = await db.owner.query(
      `SELECT (SELECT count(*)::int FROM users) AS users, (SELECT count(*)::int FROM tenants) AS tenants,
              (SELECT count(*)::int FROM platform_operators) AS operators, (SELECT role FROM user_profiles) AS role,
              (SELECT timezone FROM business_settings) AS zone`,
    )
    expect(rows).toEqual([{ users: 1, tenants: 1, operators: 1, role: 'owner', zone: 'Europe/Lisbon' }])
    await expect(signUp(deps, newcomer(5), {})).rejects.toMatchObject({ code: 'forbidden' })
  })
  test('is followed by others where that is allowed: none of them runs the server, a known person proves who they are', async () => {
    const open = { ...deps, signUp: 'open' as const }
    await signUp(open, newcomer(6), {})
    expect((await db.owner.query('SELECT FROM platform_operators')).rowCount).toBe(1)
    const again = { ...newcomer(6), business: { name: 'Second', timezone: 'UTC', language: 'en' } }
    await expect(signUp(open, { ...again, password: 'not the password' }, {})).rejects.toMatchObject({
      code: 'wrong_credentials',
    })
    await signUp(open, again, {})
    const { rows } = await db.owner.query(
      `SELECT count(*)::int AS n FROM user_profiles p JOIN users u ON u.id = p.user_id WHERE u.email = $1 AND p.role = 'owner'`,
      [again.email],
    )
    expect(rows).toEqual([{ n: 2 }])
    await expect(
      signUp(open, { ...newcomer(7), business: { name: 'x', timezone: 'Nowhere', language: 'en' } }, {}),
    ).rejects.toMatchObject({ code: 'invalid_request' })
  })
})

describe('an invitation', () => {
  test('accepted several times at once lets one in', async () => {
    const tenantId = await makeTenant(db)
    const { url } = await invite(deps, owner(tenantId), { email: 'race@team.example', role: 'agent' })
    const accept = () => acceptInvitation(deps, { token: tokenOf(url), password, firstName: 'R' }, {})
    expect(await outcomes([accept(), accept(), accept(), accept()])).toEqual([
      'done',
      'link_not_valid',
      'link_not_valid',
      'link_not_valid',
    ])
    expect((await db.owner.query(`SELECT FROM users WHERE email = 'race@team.example'`)).rowCount).toBe(1)
    expect(changed).toContain(tenantId)
  })
  test('given twice at once to one address leaves one that can be accepted', async () => {
    const tenantId = await makeTenant(db)
    const give = () => invite(deps, owner(tenantId), { email: 'Twice@team.example', role: 'agent' })
    await Promise.allSettled([give(), give(), give()])
    const { rows } = await db.owner.query(
      'SELECT count(*)::int AS n FROM invitations WHERE tenant_id = $1 AND revoked_at IS NULL',
      [tenantId],
    )
    expect(rows).toEqual([{ n: 1 }])
  })
  test('of a suspended business cannot be accepted, and one that ended long ago is forgotten', async () => {
    const tenantId = await makeTenant(db)
    const { url, view } = await invite(deps, owner(tenantId), { email: 'late@team.example', role: 'agent' })
    await db.owner.query(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [tenantId])
    await expect(acceptInvitation(deps, { token: tokenOf(url), password }, {})).rejects.toMatchObject({
      code: 'link_not_valid',
    })
    const left = async () => (await db.owner.query('SELECT FROM invitations WHERE id = $1', [view.id])).rowCount
    await db.owner.query(`UPDATE invitations SET expires_at = now() - interval '29 days' WHERE id = $1`, [view.id])
    await forgetOldInvitations(db)
    expect(await left()).toBe(1)
    await db.owner.query(`UPDATE invitations SET expires_at = now() - interval '31 days' WHERE id = $1`, [view.id])
    await forgetOldInvitations(db)
    expect(await left()).toBe(0)
  })
  test('by mail leaves no link in the job that sends it', async () => {
    const tenantId = await makeTenant(db)
    const { url } = await invite({ ...deps, mail: true }, owner(tenantId), { email: 'sealed@team.example', role: 'agent' })
    const { rows } = await db.owner.query(`SELECT data::text AS data FROM pgboss.job WHERE name = 'people.mail'`)
    expect(rows).toHaveLength(1)
    expect(rows[0].data).toContain('"token": "v1.')
    expect(rows[0].data).not.toContain(tokenOf(url))
  })
})

describe('two owners', () => {
  const manager = (tenantId: string, userId: string) => ({
    actor: { tenantId, role: 'owner' as const, userId, name: 'O', label: `user:${userId}` },
    by: bySystem,
    changed: () => {},
  })
  test('who remove each other at once leave one', async () => {
    for (let round = 0; round < 5; round++) {
      const tenantId = await makeTenant(db)
      const [a, b] = [await member(tenantId, 'owner'), await member(tenantId, 'owner')]
      const remove = (who: string, whom: string) =>
        inTenant(db, tenantId, (tx) => removeMember(tx, manager(tenantId, who), whom))
      expect(await outcomes([remove(a, b), remove(b, a)])).toEqual(['done', 'last_owner'])
    }
  })
  test('who step down at once leave one', async () => {
    for (let round = 0; round < 5; round++) {
      const tenantId = await makeTenant(db)
      const people = [await member(tenantId, 'owner'), await member(tenantId, 'owner')]
      const down = (who: string) =>
        inTenant(db, tenantId, (tx) => changeMember(tx, manager(tenantId, who), who, { role: 'agent' }))
      expect(await outcomes(people.map(down))).toEqual(['done', 'last_owner'])
    }
  })
  test('and somebody removed loses every session here, and keeps those elsewhere', async () => {
    const [here, there] = [await makeTenant(db), await makeTenant(db)]
    const boss = await member(here, 'owner')
    const email = 'both@team.example'
    const userId = await member(here, 'agent', email)
    await member(there, 'agent', email)
    for (const tenantId of [here, here, there]) await startSession(db, undefined, { userId, tenantId, visitor: {} })
    await inTenant(db, here, (tx) => removeMember(tx, manager(here, boss), userId))
    const { rows } = await db.owner.query('SELECT tenant_id FROM user_sessions WHERE user_id = $1', [userId])
    expect(rows).toEqual([{ tenant_id: there }])
  })
})

describe('a link that a colleague hands over', () => {
  const handed = async () => {
    const tenantId = await makeTenant(db)
    const email = `${newId()}@team.example`
    const [boss, userId] = [await member(tenantId, 'owner'), await member(tenantId, 'agent', email)]
    const actor = { tenantId, role: 'owner' as const, userId: boss, name: 'Boss', label: `user:${boss}` }
    const who = { actor, by: actor, changed: () => {} }
    const { url } = await inTenant(db, tenantId, (tx) => linkForMember(deps, tx, who, userId))
    return {
      tenantId,
      email,
      userId,
      who,
      use: () => confirmReset(db, { token: tokenOf(url), password: 'a new long password' }),
    }
  }
  test('opens nothing once the person was removed here and works elsewhere', async () => {
    const { tenantId, email, userId, who, use } = await handed()
    await inTenant(db, tenantId, (tx) => removeMember(tx, who, userId))
    await member(await makeTenant(db), 'agent', email)
    await expect(use()).rejects.toMatchObject({ code: 'link_not_valid' })
  })
  test('opens nothing where the person joined another business and this one was deleted', async () => {
    const { tenantId, email, use } = await handed()
    await member(await makeTenant(db), 'agent', email)
    await deleteBusiness({ db }, bySystem, tenantId)
    await expect(use()).rejects.toMatchObject({ code: 'link_not_valid' })
  })
})

test('no link is made for somebody who works in a business that was deleted and may come back; nor does one made before open anything', async () => {
  const [here, there] = [await makeTenant(db), await makeTenant(db)]
  const email = `${newId()}@team.example`
  const [boss, userId] = [await member(here, 'owner'), await member(here, 'agent', email)]
  await member(there, 'admin', email)
  await deleteBusiness({ db }, bySystem, there)
  const actor = { tenantId: here, role: 'owner' as const, userId: boss, name: 'Boss', label: `user:${boss}` }
  const link = () => inTenant(db, here, (tx) => linkForMember(deps, tx, { actor, by: actor }, userId))
  await expect(link()).rejects.toMatchObject({ code: 'forbidden' })
  const token = 'a token that was handed over'
  await db.owner.query(
    `INSERT INTO password_resets (user_id, token_hash, created_by, expires_at) VALUES ($1, $2, $3, now() + interval '1 hour')`,
    [userId, tokenHash(token), actor.label],
  )
  await expect(confirmReset(db, { token, password: 'a new long password' })).rejects.toMatchObject({ code: 'link_not_valid' })
})

describe('a mailed link to choose a new password', () => {
  test('is made three times an hour at most, works once, and takes the others with it', async () => {
    const tenantId = await makeTenant(db)
    await member(tenantId, 'agent', 'forgot@team.example')
    const link = () => linkForMail(db, deps.publicUrl, 'Forgot@team.example')
    const links = [await link(), await link(), await link()]
    expect(links.every((each) => each !== null)).toBe(true)
    expect([await link(), await linkForMail(db, deps.publicUrl, 'nobody@team.example')]).toEqual([null, null])
    const [first, second] = links.map((each) => tokenOf(each?.url ?? ''))
    const use = (token = '') => confirmReset(db, { token, password: 'a new long password' })
    expect(await outcomes([use(first), use(first)])).toEqual(['done', 'link_not_valid'])
    await expect(use(second)).rejects.toMatchObject({ code: 'link_not_valid' })
  })
  test('ends after an hour', async () => {
    const tenantId = await makeTenant(db)
    await member(tenantId, 'agent', 'slow@team.example')
    const made = await linkForMail(db, deps.publicUrl, 'slow@team.example')
    const left = (made?.expiresAt.getTime() ?? 0) - Date.now()
    expect(left).toBeGreaterThan(3_500_000)
    expect(left).toBeLessThanOrEqual(3_600_000)
    await db.owner.query(`UPDATE password_resets SET expires_at = now() - interval '1 second' WHERE used_at IS NULL`)
    await expect(confirmReset(db, { token: tokenOf(made?.url ?? ''), password })).rejects.toMatchObject({
      code: 'link_not_valid',
    })
  })
})
