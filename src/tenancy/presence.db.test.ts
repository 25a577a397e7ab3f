import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { makeTenant } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { silent } from '../../test/world/people.ts'
import { until } from '../../test/world/until.ts'
import { newId } from '../kernel/ids.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createPresence, type Presence } from './presence.ts'
import { addMember } from './tenants.ts'

let db: TestDatabase
let tenants: string[]
let userId: string
let changed: string[] = []
const running: Presence[] = []
const start = (options: { beatMs?: number; graceMs?: number } = {}): Presence => {
  const presence = createPresence({ db, log: silent, changed: (tenant) => changed.push(tenant), graceMs: 20, ...options })
  running.push(presence)
  return presence
}
beforeAll(async () => {
  db = await createTestDatabase()
  tenants = [await makeTenant(db), await makeTenant(db)]
  await makeTenant(db) // nobody of it may hear anything
})
beforeEach(async () => {
  const email = `${newId()}@presence.example`
  for (const tenant of tenants)
    userId = await inTenant(db, tenant, (tx) =>
      addMember(tx, { email, password: 'correct horse battery', firstName: 'P', lastName: '', role: 'agent' }),
    )
  changed = []
  await db.owner.query('TRUNCATE events')
})
afterAll(async () => {
  for (const presence of running) await presence.stop()
  await db.drop()
})

const online = async () =>
  (await db.owner.query('SELECT is_online FROM user_status WHERE user_id = $1', [userId])).rows[0].is_online
const told = async () =>
  (await db.owner.query(`SELECT tenant_id, type, data FROM events WHERE data ->> 'memberId' = $1 ORDER BY txid, id`, [userId]))
    .rows

test('a person is here while a stream of theirs is open anywhere, and every business of theirs is told, no other', async () => {
  const [one, two] = [start(), start()]
  const leave = [one.connected(userId), one.connected(userId), two.connected(userId)]
  await until('the person is here', online)
  await until('it was told', async () => (await told()).length === 2)
  expect((await told()).map(({ tenant_id }) => tenant_id).sort()).toEqual([...tenants].sort())
  expect((await told())[0]).toMatchObject({ type: 'member.presence', data: { memberId: userId } })
  expect([...changed].sort()).toEqual([...tenants].sort())
  leave[0]?.()
  leave[0]?.() // twice is once
  const mine = () => db.owner.query('SELECT FROM user_connections WHERE user_id = $1', [userId])
  await new Promise((resolve) => setTimeout(resolve, 100)) // five times the grace
  expect((await mine()).rowCount).toBe(2)
  leave[1]?.()
  await until('the first process let go', async () => (await mine()).rowCount === 1)
  expect(await online()).toBe(true)
  leave[2]?.()
  await until('the person left', async () => !(await online()))
  expect(await told()).toHaveLength(4)
})

test('a page loaded anew does not leave and come back', async () => {
  const presence = start({ graceMs: 500 })
  const leave = presence.connected(userId)
  await until('the person is here', online)
  leave()
  presence.connected(userId)
  await new Promise((resolve) => setTimeout(resolve, 700))
  expect(await online()).toBe(true)
  expect(await told()).toHaveLength(2)
})

test('who was held by a process that ended without a word is gone after three beats', async () => {
  await db.owner.query('INSERT INTO user_connections (user_id, process_id) VALUES ($1, $2)', [userId, newId()])
  await db.owner.query('UPDATE user_status SET is_online = true WHERE user_id = $1', [userId])
  start({ beatMs: 100 })
  const before = performance.now()
  await until('the person is gone', async () => !(await online()))
  expect(performance.now() - before).toBeGreaterThan(200)
  expect(await told()).toHaveLength(2)
})

test('who is still held by a process that was given up for gone is here again with its next beat', async () => {
  const presence = start({ beatMs: 100 })
  presence.connected(userId)
  await until('the person is here', online)
  // Another process, while this one stood still.
  await db.owner.query('DELETE FROM user_connections WHERE user_id = $1', [userId])
  await db.owner.query('UPDATE user_status SET is_online = false WHERE user_id = $1', [userId])
  await until('the person is here again', online)
  await until('and everybody was told again', async () => (await told()).length === 4)
})

test('a process that stops lets its people go at once', async () => {
  const presence = start({ graceMs: 60_000 })
  presence.connected(userId)
  await until('the person is here', online)
  await presence.stop()
  expect(await online()).toBe(false)
})

test('what a person chose to show stays, whether they are here or not', async () => {
  const presence = start()
  expect(await presence.setStatus(userId, 'away')).toMatchObject({ status: 'away', isOnline: false })
  presence.connected(userId)
  await until('the person is here', online)
  expect((await db.owner.query('SELECT status FROM user_status WHERE user_id = $1', [userId])).rows).toEqual([
    { status: 'away' },
  ])
})
