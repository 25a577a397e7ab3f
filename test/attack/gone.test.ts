/** Who is removed while they are at it: a request whose body is slow to come, an invitation and a link made at that moment. */
import { request } from 'node:http'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { inTenant, type Tx } from '../../src/platform/db/tx.ts'
import { createApiKey, listApiKeys } from '../../src/tenancy/api-keys.ts'
import type { By } from '../../src/tenancy/audit.ts'
import type { Actor } from '../../src/tenancy/can.ts'
import { inviteWith } from '../../src/tenancy/invitations.ts'
import { changeMember, removeMember } from '../../src/tenancy/members.ts'
import { linkForMember } from '../../src/tenancy/password-resets.ts'
import type { Role } from '../../src/tenancy/roles.ts'
import { addMember } from '../../src/tenancy/tenants.ts'
import { credentials } from '../world/api.ts'
import { digits } from '../world/arrange.ts'
import { createWorld, type World } from '../world/world.ts'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

const inBusiness = <T>(work: (tx: Tx) => Promise<T>) => inTenant(world.app.db, world.business.tenantId, work)
const owner = () => ({
  actor: { tenantId: world.business.tenantId, role: 'owner' as Role, name: 'O', label: 'cli' },
  by: { label: 'cli', name: 'O' },
  changed: () => {},
})
const publicUrl = () => 'http://parley.example'

interface Admin {
  userId: string
  actor: Actor
  by: By
}
let admin: Admin
beforeEach(async () => {
  const userId = await inBusiness((tx) =>
    addMember(tx, { email: `a${digits(9)}@x.example`, password: 'x', firstName: 'A', lastName: 'B', role: 'admin' }),
  )
  const by = { label: `user:${userId}`, name: 'A B' }
  admin = { userId, by, actor: { tenantId: world.business.tenantId, role: 'admin', name: by.name, label: by.label, userId } }
})

/** Sends the head of a request, and the body once `meanwhile` is over. */
async function slowly(path: string, body: unknown, meanwhile: () => Promise<unknown>): Promise<number> {
  const text = JSON.stringify(body)
  const headers = {
    ...credentials(world.business, 'admin'),
    ...{ 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
  }
  const call = request(`${world.url}/api${path}`, { method: 'POST', headers })
  call.flushHeaders()
  const answered = new Promise<number>((resolve, reject) => {
    call.on('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    call.on('error', reject)
  })
  await new Promise((resolve) => setTimeout(resolve, 1200))
  await meanwhile()
  call.end(text)
  return await answered
}

test('a body that comes when its sender has been removed changes nothing', async () => {
  const { people } = world.business
  expect(await slowly('/labels', { name: 'In time' }, async () => {})).toBe(201)
  const late = await slowly('/labels', { name: 'Too late' }, () =>
    inBusiness((tx) => removeMember(tx, owner(), people.admin.userId)),
  )
  expect(late).toBe(401)
  const { body } = await world.api<{ items: { name: string }[] }>('GET', '/labels', undefined, 'owner')
  expect(body.items.map(({ name }) => name)).toEqual(['In time'])
})

/** `work` is done and not committed yet when `end` begins. */
async function whileOpen(work: (tx: Tx) => Promise<unknown>, end: (tx: Tx) => Promise<unknown>): Promise<void> {
  let ending: Promise<unknown> = Promise.resolve()
  await inBusiness(async (tx) => {
    await work(tx)
    ending = inBusiness(end)
    ending.catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, 300))
  })
  await ending
}
const remove = (tx: Tx) => removeMember(tx, owner(), admin.userId)
const lower = (tx: Tx) => changeMember(tx, owner(), admin.userId, { role: 'agent' })
const madeKey = () => inBusiness((tx) => createApiKey(tx, { name: 'Key', role: 'admin' }, admin))
const invitedBy =
  (by: By, role: Role = 'admin') =>
  async (tx: Tx) =>
    await inviteWith(tx, by, publicUrl, { email: `i${digits(9)}@x.example`, role })
const openInvitations = async () =>
  (
    await world.database.owner.query(
      'SELECT FROM invitations WHERE tenant_id = $1 AND revoked_at IS NULL AND accepted_at IS NULL',
      [world.business.tenantId],
    )
  ).rowCount
const openLinks = async () =>
  (await world.database.owner.query('SELECT FROM password_resets WHERE used_at IS NULL AND expires_at > now()')).rowCount

test('a key that is being made with the key of somebody who is removed ends with it, for good', async () => {
  const { row } = await madeKey()
  await whileOpen(
    (tx) => createApiKey(tx, { name: 'Late', role: 'admin' }, { ...admin, by: { label: `key:${row.id}`, name: 'Key' } }),
    remove,
  )
  const left = (await inBusiness(listApiKeys)).filter((key) => key.name === 'Late' && !key.revoked_at)
  expect(left).toEqual([])
})

test.for([
  ['removed', remove],
  ['lowered', lower],
] as const)('an invitation that is being made ends when who makes it is %s', async ([, end]) => {
  await whileOpen(invitedBy(admin.by), end)
  expect(await openInvitations()).toBe(0)
  await expect(inBusiness(invitedBy(admin.by))).rejects.toMatchObject({ status: expect.toBeOneOf([401, 403]) })
  expect(await openInvitations()).toBe(0)
})

test.for([
  ['removed', remove],
  ['lowered', lower],
] as const)('so does one that is being made with a key of somebody who is %s', async ([, end]) => {
  const { row } = await madeKey()
  const by = { label: `key:${row.id}`, name: 'Key' }
  await whileOpen(invitedBy(by), end)
  expect(await openInvitations()).toBe(0)
  await expect(inBusiness(invitedBy(by))).rejects.toMatchObject({ status: expect.toBeOneOf([401, 403]) })
})

test.for([
  ['removed', remove],
  ['lowered', lower],
] as const)('and a link into a colleague’s place when who hands it over is %s', async ([, end]) => {
  const { userId } = world.business.people.viewer
  const hand = (tx: Tx) => linkForMember({ db: world.app.db, publicUrl }, tx, admin, userId)
  await whileOpen(hand, end)
  expect(await openLinks()).toBe(0)
  await expect(inBusiness(hand)).rejects.toMatchObject({ status: expect.toBeOneOf([401, 403]) })
})
