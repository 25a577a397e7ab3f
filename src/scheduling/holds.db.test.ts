import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { makeTenant } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { addLead, addPerson, at, type Desk, desk, disagreements, manyConnections } from '../../test/world/scheduling.ts'
import { newId } from '../kernel/ids.ts'
import type { Pool } from '../platform/db/pool.ts'
import { book } from './bookings.ts'

let db: TestDatabase
let crowd: Pool
let tenantId: string
let ana: string
let shop: Desk
beforeAll(async () => {
  db = await createTestDatabase()
  crowd = await manyConnections(db.url, 50)
})
beforeEach(async () => {
  tenantId = await makeTenant(db)
  ana = await addPerson(db, tenantId)
  shop = desk(db, tenantId, ana)
})
afterEach(async () => expect(await disagreements(db)).toEqual([]))
afterAll(async () => {
  await crowd.end()
  await db.drop()
})

const minute = 60_000
/** How each ended: its code, or what it gave. */
const outcomes = async <T>(all: Promise<T>[]): Promise<(T | string)[]> =>
  (await Promise.allSettled(all)).map((one) => (one.status === 'fulfilled' ? one.value : one.reason.code))
const count = (all: unknown[], code: string) => all.filter((one) => one === code).length

test('of two holds for one slot one wins, the other is told that it is taken', async () => {
  await shop.hold({})
  await expect(shop.hold({})).rejects.toMatchObject({ code: 'slot_taken', status: 409 })
})

test('of fifty who want the same time at once, over fifty connections, one gets it', async () => {
  const wanting = desk({ pool: crowd }, tenantId, ana)
  const all = await outcomes(Array.from({ length: 50 }, () => wanting.hold({})))
  expect(count(all, 'slot_taken')).toBe(49)
  const { rows } = await db.owner.query('SELECT count(*)::int AS n FROM booking_holds WHERE tenant_id = $1', [tenantId])
  expect(rows[0].n).toBe(1)
})

test('of fifty whose times only overlap, those who get it do not overlap, and none is refused for nothing', async () => {
  const wanting = desk({ pool: crowd }, tenantId, ana)
  // 10:00, 10:15, … for an hour each: at most one in four can have it.
  const starts = Array.from({ length: 50 }, (_, n) => new Date(Date.parse(at('10:00')) + (n % 12) * 15 * minute).toISOString())
  const all = await outcomes(starts.map((startsAt) => wanting.hold({ startsAt })))
  const won = all.filter((one) => typeof one !== 'string')
  expect(count(all, 'slot_taken')).toBe(50 - won.length)
  expect(won.length).toBeGreaterThanOrEqual(2)
  expect(won.length).toBeLessThanOrEqual(3)
})

test('times that touch do not overlap, other people and other businesses have times of their own', async () => {
  await shop.hold({})
  for (const [startsAt, minutes] of [
    ['09:00', 60],
    ['11:00', 60],
  ] as const)
    await shop.hold({ startsAt: at(startsAt), minutes })
  for (const [startsAt, minutes] of [
    ['09:30', 60],
    ['10:15', 15],
    ['10:59', 5],
    ['08:15', 300],
  ] as const)
    await expect(shop.hold({ startsAt: at(startsAt), minutes })).rejects.toMatchObject({ code: 'slot_taken' })
  await shop.hold({ staffId: await addPerson(db, tenantId, 'Ben') })
  const elsewhere = await makeTenant(db)
  await desk(db, elsewhere, await addPerson(db, elsewhere)).hold({})
})

test('the rule of the table holds by itself, whatever was forgotten to be locked', async () => {
  const take = () =>
    db.owner.query(
      `WITH h AS (INSERT INTO booking_holds (tenant_id, staff_id, starts_at, ends_at, expires_at, held_by)
                  VALUES ($1, $2, $3, $4, $4, 'test') RETURNING id)
       SELECT 1 FROM h`,
      [tenantId, ana, at('10:00'), at('11:00')],
    )
  await take()
  await take()
  const { rows } = await db.owner.query('SELECT id FROM booking_holds WHERE tenant_id = $1', [tenantId])
  const occupy = (hold: string) =>
    db.owner.query(
      `INSERT INTO occupied_times (tenant_id, staff_id, during, hold_id, expires_at) VALUES ($1, $2, tstzrange($3, $4), $5, $4)`,
      [tenantId, ana, at('10:00'), at('11:00'), hold],
    )
  const both = await outcomes(rows.map((row) => occupy(row.id)))
  expect(both.filter((one) => one === '23P01')).toHaveLength(1)
  await db.owner.query('DELETE FROM occupied_times WHERE tenant_id = $1', [tenantId])
})

test('a hold of 14:59 books, at 15:00 it has ended', async () => {
  const [first, second] = [await shop.hold({}), await shop.hold({ startsAt: at('11:00') })]
  shop.after(15 * minute - 1000)
  expect(await shop.book({ holdId: first.id })).toMatchObject({ status: 'confirmed', starts_at: new Date(at('10:00')) })
  shop.after(1000)
  await expect(shop.book({ holdId: second.id })).rejects.toMatchObject({ code: 'hold_ended', status: 410 })
})

test('what has ended is in nobody’s way, and its holder finds nothing any more', async () => {
  const late = await shop.hold({})
  shop.after(15 * minute)
  const next = await shop.hold({ startsAt: at('10:30') })
  await expect(shop.book({ holdId: late.id })).rejects.toMatchObject({ code: 'hold_ended' })
  expect(await shop.book({ holdId: next.id })).toMatchObject({ status: 'confirmed' })
})

test('by a clock that is behind, the holder finds out when the time is gone', async () => {
  const late = await shop.hold({})
  const ahead = desk(db, tenantId, ana)
  ahead.after(15 * minute)
  await ahead.hold({})
  shop.after(14 * minute)
  await expect(shop.book({ holdId: late.id })).rejects.toMatchObject({ code: 'hold_ended' })
})

test('twenty who book with one hold at once make one booking, and the others are told which', async () => {
  const hold = await shop.hold({})
  const wanting = desk({ pool: crowd }, tenantId, ana)
  const all = await Promise.allSettled(Array.from({ length: 20 }, () => wanting.book({ holdId: hold.id })))
  const made = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value.id] : []))
  expect(made).toHaveLength(1)
  for (const one of all)
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'conflict', details: { bookingId: made[0] } })
  const { rows } = await db.owner.query('SELECT used_at FROM booking_holds WHERE id = $1', [hold.id])
  expect(rows[0].used_at).toEqual(shop.now)
})

test('while it is booked the time is never free: somebody who keeps asking never gets it', async () => {
  const hold = await shop.hold({})
  const wanting = desk({ pool: crowd }, tenantId, ana)
  const asking = Array.from({ length: 30 }, () => wanting.hold({}))
  const [all] = await Promise.all([outcomes(asking), shop.book({ holdId: hold.id })])
  expect(count(all, 'slot_taken')).toBe(30)
})

test('a transaction that ends in the middle leaves the hold as it was, to be booked after all', async () => {
  const hold = await shop.hold({})
  const broken = {
    ...shop.work,
    leads: { ...shop.work.leads, made: () => Promise.reject(new Error('gone')) },
  }
  const { leadId } = await addLead(db, tenantId)
  await expect(shop.tx((t) => book(t, broken, { holdId: hold.id, leadId }))).rejects.toThrow('gone')
  expect((await db.owner.query('SELECT FROM bookings WHERE tenant_id = $1', [tenantId])).rowCount).toBe(0)
  expect(await shop.book({ holdId: hold.id, leadId })).toMatchObject({ lead_id: leadId })
})

test('a released hold frees its time at once; released again nothing happens, and what was booked is not released', async () => {
  const hold = await shop.hold({})
  await shop.release(hold.id)
  await shop.release(hold.id)
  await expect(shop.book({ holdId: hold.id })).rejects.toMatchObject({ code: 'hold_ended', message: /released/ })
  const next = await shop.hold({})
  await shop.book({ holdId: next.id })
  await expect(shop.release(next.id)).rejects.toMatchObject({ code: 'conflict' })
})

test('nobody holds the past, a slip of the pen, the time of somebody unknown, or of somebody who takes no bookings', async () => {
  await expect(shop.hold({ startsAt: at('07:45') })).rejects.toMatchObject({ code: 'invalid_request' })
  await expect(shop.hold({ startsAt: '2062-05-04T10:00:00Z' })).rejects.toMatchObject({ code: 'invalid_request' })
  await expect(shop.hold({ staffId: newId() })).rejects.toMatchObject({ code: 'not_found' })
  const elsewhere = await addPerson(db, await makeTenant(db))
  await expect(shop.hold({ staffId: elsewhere })).rejects.toMatchObject({ code: 'not_found' })
  await db.owner.query('UPDATE staff SET is_active = false WHERE id = $1', [ana])
  await expect(shop.hold({})).rejects.toMatchObject({ code: 'conflict', message: /Ana takes no bookings/ })
})
