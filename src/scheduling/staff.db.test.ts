import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { makeTenant } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { at, type Desk, desk, monday } from '../../test/world/scheduling.ts'
import { newId } from '../kernel/ids.ts'
import { changeBusiness } from '../tenancy/business.ts'
import { freeSlots, withNearby } from './free.ts'
import { addStaff, bookable, listStaff, patchStaff, removeStaff } from './staff.ts'

let db: TestDatabase
let tenantId: string
let shop: Desk
const by = { label: 'user:1', name: 'Olga' }
beforeAll(async () => {
  db = await createTestDatabase()
})
beforeEach(async () => {
  tenantId = await makeTenant(db)
  shop = desk(db, tenantId, newId())
})
afterAll(() => db.drop())

const add = (name: string, more: object = {}) => shop.tx((t) => addStaff(t, by, { name, ...more }))
const names = async () => (await shop.tx(listStaff)).map((row) => row.name)

test('people are listed by their weight, then by name; what changed is in the log of who did what', async () => {
  await add('Zoe')
  const ben = await add('Ben', { specialization: 'Barber' })
  await add('Ana')
  expect(await names()).toEqual(['Ana', 'Ben', 'Zoe'])
  await shop.tx((t) => patchStaff(t, by, ben.id, { weight: 10, specialization: null, name: 'Ben' }))
  expect(await names()).toEqual(['Ben', 'Ana', 'Zoe'])
  await shop.tx((t) => patchStaff(t, by, ben.id, { weight: 10 }))
  const { rows } = await db.owner.query(
    `SELECT action, changes FROM audit_log WHERE tenant_id = $1 AND subject_id = $2 ORDER BY id`,
    [...[tenantId, ben.id]],
  )
  expect(rows).toEqual([
    { action: 'staff.created', changes: { name: 'Ben', specialization: 'Barber' } },
    {
      action: 'staff.updated',
      changes: { person: 'Ben', specialization: { before: 'Barber', after: null }, weight: { before: 0, after: 10 } },
    },
  ])
})

test('a person may be a colleague of this business, and is still there when the colleague is gone', async () => {
  await expect(add('Ana', { userId: newId() })).rejects.toMatchObject({ code: 'not_found' })
  const userId = newId()
  await db.owner.query('INSERT INTO users (id, email, password_hash) VALUES ($1, $2, $$x$$)', [userId, `${userId}@b.example`])
  await db.owner.query(`INSERT INTO user_profiles (tenant_id, user_id, role, first_name) VALUES ($1, $2, 'agent', 'Ann')`, [
    ...[tenantId, userId],
  ])
  expect(await add('Ana', { userId })).toMatchObject({ user_id: userId, user_name: 'Ann' })
  await db.owner.query('DELETE FROM user_profiles WHERE user_id = $1', [userId])
  expect(await shop.tx(listStaff)).toMatchObject([{ name: 'Ana', user_id: null }])
})

test('who was never booked is deleted with what is held of them; anybody else is deactivated, and keeps what is booked', async () => {
  const { id } = await add('Ana')
  const mine = desk(db, tenantId, id)
  await mine.hold({})
  const booked = await add('Ben')
  const bens = desk(db, tenantId, booked.id)
  const { id: booking } = await bens.book({})
  await bens.change(booking, { status: 'cancelled' })
  await shop.tx((t) => removeStaff(t, by, id))
  await expect(shop.tx((t) => removeStaff(t, by, booked.id))).rejects.toMatchObject({
    ...{ code: 'conflict', message: expect.stringContaining('Deactivate') },
  })
  await expect(shop.tx((t) => removeStaff(t, by, newId()))).rejects.toMatchObject({ code: 'not_found' })
  await shop.tx((t) => patchStaff(t, by, booked.id, { isActive: false }))
  await expect(bens.book({})).rejects.toMatchObject({ code: 'conflict' })
  expect(await names()).toEqual(['Ben'])
  const left = await db.owner.query('SELECT FROM occupied_times WHERE tenant_id = $1', [tenantId])
  expect(left.rowCount).toBe(0)
})

test('somebody is booked and deleted at once: one of the two is told', async () => {
  for (let n = 0; n < 5; n++) {
    const { id } = await add(`Ana ${n}`)
    const [booked, removed] = await Promise.allSettled([
      desk(db, tenantId, id).book({}),
      shop.tx((t) => removeStaff(t, by, id)),
    ])
    expect([booked.status, removed.status].sort()).toEqual(['fulfilled', 'rejected'])
    const told = booked.status === 'rejected' ? booked.reason : removed.status === 'rejected' ? removed.reason : null
    expect(['not_found', 'conflict']).toContain(told?.code)
  }
})

test('there is room for two hundred', async () => {
  await db.owner.query(`INSERT INTO staff (tenant_id, name) SELECT $1, 'P' || n FROM generate_series(1, 200) AS n`, [tenantId])
  await expect(add('One more')).rejects.toMatchObject({ code: 'conflict' })
})

test('what is free is of those who are offered, by the hours and clocks of the business, and knows holds and bookings', async () => {
  const { id: ana } = await add('Ana')
  const { id: ben } = await add('Ben')
  const { id: cleo } = await add('Cleo', { isHidden: true })
  await add('Dan', { isActive: false })
  const day = { open: '09:00', close: '12:00', enabled: true }
  await shop.tx((t) => changeBusiness(t, { by, changed: () => {} }, { timezone: 'Europe/Lisbon', hours: { monday: day } }))
  const asked = { days: 1, minutes: 60 }
  const free = async (more: object = {}, now = monday) =>
    (await shop.tx((t) => freeSlots(t, { ...asked, ...more }, now))).items.map(
      (one) =>
        `${one.startsAt.slice(11, 16)} ${one.staffIds.map((id) => (id === ana ? 'a' : id === ben ? 'b' : 'c')).join('')}`,
    )
  // At nine there (eight o'clock UTC) it is nine: the first that is half an hour ahead is half past.
  expect(await free()).toEqual(['08:30 ab', '08:45 ab', '09:00 ab', '09:15 ab', '09:30 ab', '09:45 ab', '10:00 ab'])
  const bens = desk(db, tenantId, ben)
  const hold = await bens.hold({ startsAt: at('09:00'), minutes: 30 })
  await desk(db, tenantId, ana).book({ startsAt: at('10:00') })
  expect(await free()).toEqual(['08:30 a', '08:45 a', '09:00 a', '09:30 b', '09:45 b', '10:00 b'])
  expect(await free({ staffId: cleo })).toHaveLength(7)
  await bens.release(hold.id)
  expect(await free({ staffId: ben })).toHaveLength(7)
  // A hold that has ended is as if it were not there, also before anybody clears it away.
  await bens.hold({ startsAt: at('09:00'), minutes: 30 })
  expect(await free({ staffId: ben, from: '2026-05-11' })).toHaveLength(9)
  expect(await free({ staffId: ben }, new Date(monday.getTime() + 15 * 60_000))).toEqual([
    '08:45 b',
    '09:00 b',
    '09:15 b',
    '09:30 b',
    '09:45 b',
    '10:00 b',
  ])
  await expect(free({ staffId: newId() })).rejects.toMatchObject({ code: 'not_found' })
  expect(await shop.tx((t) => bookable(t, undefined))).toEqual([ana, ben])
})

test('who comes too late is offered the times nearest to what they wanted', async () => {
  const { id: ana } = await add('Ana')
  const day = { open: '09:00', close: '17:00', enabled: true }
  await shop.tx((t) => changeBusiness(t, { by, changed: () => {} }, { timezone: 'UTC', hours: { monday: day } }))
  const anas = desk(db, tenantId, ana)
  await anas.book({})
  await anas.book({ startsAt: at('11:00'), minutes: 30 })
  const refused = await anas.hold({ startsAt: at('10:30') }).catch((error) => error)
  const told = await shop.tx((t) => withNearby(t, refused, monday))
  expect(told).toMatchObject({ code: 'slot_taken', details: { staffId: ana, nearby: [at('09:00'), at('11:30'), at('11:45')] } })
})
