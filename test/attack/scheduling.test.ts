/** People's time, attacked: two at once on one conversation, leads taken apart, nonsense in dates and names. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { appointmentMade, appointmentOff } from '../../src/leads/appointments.ts'
import { joinLead, separateLead } from '../../src/leads/verbs.ts'
import type { Pool } from '../../src/platform/db/pool.ts'
import type { Tx } from '../../src/platform/db/tx.ts'
import { book } from '../../src/scheduling/bookings.ts'
import { changeBooking } from '../../src/scheduling/change.ts'
import { freeSlots } from '../../src/scheduling/free.ts'
import {
  askSlots,
  type CreateBooking,
  createBooking,
  createStaff,
  listBookings as listSchema,
} from '../../src/scheduling/schema.ts'
import { addStaff, patchStaff } from '../../src/scheduling/staff.ts'
import { listBookings } from '../../src/scheduling/store.ts'
import { makeTenant } from '../world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'
import { addLead, addPerson, at, type Desk, desk, disagreements, manyConnections, monday } from '../world/scheduling.ts'
import { until } from '../world/until.ts'

let db: TestDatabase
let crowd: Pool
let tenantId: string
let ana: string
let shop: Desk
let many: Desk
beforeAll(async () => {
  db = await createTestDatabase()
  crowd = await manyConnections(db.url, 12)
})
beforeEach(async () => {
  tenantId = await makeTenant(db)
  ana = await addPerson(db, tenantId)
  shop = desk(db, tenantId, ana)
  many = desk({ pool: crowd }, tenantId, ana)
})
afterEach(async () => expect(await disagreements(db)).toEqual([]))
afterAll(async () => {
  await crowd.end()
  await db.drop()
})

const one = async (sql: string, ...values: unknown[]) => (await db.owner.query(sql, values)).rows[0]
const appointment = async (leadId: string) => (await one('SELECT appointment_id AS id FROM leads WHERE id = $1', leadId)).id
const scheduled = async (id: string) =>
  (await one('SELECT appointment_scheduled AS yes FROM conversations WHERE id = $1', id)).yes
const work = { by: { label: 'user:test' }, leads: { made: appointmentMade, off: appointmentOff }, now: monday }
const by = { label: 'user:test', tenantId: '' } as never

async function anotherLead(of: { contactId: string; conversationId: string }): Promise<string> {
  const { id } = await one(
    `INSERT INTO leads (tenant_id, contact_id, conversation_id, origin, status) VALUES ($1, $2, $3, 'sms', 'completed') RETURNING id`,
    ...[tenantId, of.contactId, of.conversationId],
  )
  return id
}

/** Does `first` and, before it is committed, begins `second`, which has to wait for it. */
async function behind<T>(first: (t: Tx) => Promise<unknown>, second: () => Promise<T>): Promise<T> {
  let later: Promise<T> | undefined
  await shop.tx(async (t) => {
    await first(t)
    later = second()
    later.catch(() => {})
    await until(
      'the second waits',
      async () =>
        (
          await one(
            `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
          )
        ).n > 0,
    )
  })
  return await (later as Promise<T>)
}

const deadlocks = async () => {
  await db.owner.query('SELECT pg_stat_force_next_flush()')
  return Number((await one('SELECT deadlocks AS n FROM pg_stat_database WHERE datname = current_database()')).n)
}

describe('two at once in one conversation', () => {
  test('one booked while another is cancelled: it still says that something is', async () => {
    const { leadId, conversationId } = await addLead(db, tenantId)
    const ben = await addPerson(db, tenantId, 'Ben')
    const old = await shop.book({ leadId })
    const slot = { staffId: ben, startsAt: at('12:00'), minutes: 60 }
    await behind(
      (t) => book(t, work, { ...slot, leadId } as CreateBooking),
      () => many.change(old.id, { status: 'cancelled' }),
    )
    expect(await scheduled(conversationId)).toBe(true)
    expect(await appointment(leadId)).not.toBe(old.id)
  })
  test('both cancelled: nothing is', async () => {
    const { leadId, conversationId } = await addLead(db, tenantId)
    const ben = await addPerson(db, tenantId, 'Ben')
    const [b, a] = [await shop.book({ leadId, staffId: ben, startsAt: at('12:00') }), await shop.book({ leadId })]
    await behind(
      (t) => changeBooking(t, work, a.id, { status: 'cancelled' }),
      () => many.change(b.id, { status: 'cancelled' }),
    )
    expect(await scheduled(conversationId)).toBe(false)
    expect(await appointment(leadId)).toBe(null)
  })
  test('both cancelled, of two conversations of one lead: it has no appointment that is off', async () => {
    const { leadId, contactId } = await addLead(db, tenantId)
    const { conversationId } = await addLead(db, tenantId, 'completed')
    await db.owner.query('UPDATE conversations SET contact_id = $2, lead_id = $3 WHERE id = $1', [
      conversationId,
      contactId,
      leadId,
    ])
    const ben = await addPerson(db, tenantId, 'Ben')
    const [b, a] = [await shop.book({ conversationId, staffId: ben, startsAt: at('12:00') }), await shop.book({ leadId })]
    expect(b.lead_id).toBe(leadId)
    expect(b.conversation_id).not.toBe(a.conversation_id)
    await behind(
      (t) => changeBooking(t, work, a.id, { status: 'cancelled' }),
      () => many.change(b.id, { status: 'cancelled' }),
    )
    expect(await appointment(leadId)).toBe(null)
  })
  test('somebody joins leads while their bookings are made, moved and cancelled: nobody waits in a circle', async () => {
    const before = await deadlocks()
    for (let n = 0; n < 20; n++) {
      const into = await addLead(db, tenantId)
      const other = await anotherLead(into)
      const people = await Promise.all(['A', 'B', 'C'].map((name) => addPerson(db, tenantId, name)))
      const [x, y] = [
        await shop.book({ leadId: other, staffId: people[0] }),
        await shop.book({ leadId: into.leadId, staffId: people[1] }),
      ]
      await Promise.allSettled([
        many.change(x.id, { status: 'cancelled' }),
        many.tx((t) => joinLead(t, 'test', into.leadId, other)),
        many.change(y.id, { startsAt: at('14:00') }),
        many.book({ leadId: other, staffId: people[2] }),
        many.book({ conversationId: into.conversationId, staffId: people[2], startsAt: at('16:00') }),
        many.change(y.id, { status: 'cancelled' }),
      ])
      await Promise.allSettled([
        many.tx((t) => separateLead(t, 'test', other)),
        many.change(x.id, { status: 'confirmed' }),
        many.change(y.id, { status: 'confirmed' }),
      ])
    }
    expect(await deadlocks()).toBe(before)
    // Every lead's appointment is a booking of its own that is not off.
    const { rows } = await db.owner.query(
      `SELECT l.id, l.joined_into, b.status, b.lead_id FROM leads l JOIN bookings b ON b.tenant_id = l.tenant_id AND b.id = l.appointment_id
        WHERE l.tenant_id = $1 AND l.joined_into IS NULL AND (b.status = 'cancelled' OR b.lead_id IS DISTINCT FROM l.id)`,
      [tenantId],
    )
    expect(rows).toEqual([])
  })
})

describe('leads with appointments on both', () => {
  test('taken apart again after one was cancelled, none has the other’s', async () => {
    const into = await addLead(db, tenantId)
    const other = await anotherLead(into)
    const [a, b] = [await shop.book({ leadId: into.leadId }), await shop.book({ leadId: other, startsAt: at('12:00') })]
    await shop.tx((t) => joinLead(t, 'test', into.leadId, other))
    expect(await appointment(into.leadId)).toBe(a.id)
    await shop.change(a.id, { status: 'cancelled' })
    expect(await appointment(into.leadId)).toBe(b.id)
    await shop.tx((t) => separateLead(t, 'test', other))
    expect(await appointment(other)).toBe(b.id)
    expect(await appointment(into.leadId)).toBe(null)
  })
  test('taken apart after the other’s was cancelled and is on again, it is the other’s', async () => {
    const into = await addLead(db, tenantId)
    const other = await anotherLead(into)
    const b = await shop.book({ leadId: other })
    await shop.tx((t) => joinLead(t, 'test', into.leadId, other))
    await shop.change(b.id, { status: 'cancelled' })
    await shop.change(b.id, { status: 'confirmed' })
    expect(await appointment(into.leadId)).toBe(b.id)
    await shop.tx((t) => separateLead(t, 'test', other))
    expect(await appointment(other)).toBe(b.id)
    expect(await appointment(into.leadId)).toBe(null)
  })
})

test('what was done before, written down afterwards, does not hide the appointment that is ahead', async () => {
  const { leadId } = await addLead(db, tenantId)
  const ahead = await shop.book({ leadId })
  await shop.book({ leadId, startsAt: '2026-05-01T10:00Z', status: 'completed' })
  expect(await appointment(leadId)).toBe(ahead.id)
})

test('moved by somebody to another person meanwhile: it is told so, and the next try goes through', async () => {
  const ben = await addPerson(db, tenantId, 'Ben')
  const { id } = await shop.book({})
  const late = behind(
    (t) => changeBooking(t, work, id, { staffId: ben }),
    () => many.change(id, { startsAt: at('15:00') }),
  )
  await expect(late).rejects.toMatchObject({ code: 'conflict' })
  expect(await shop.change(id, { startsAt: at('15:00') })).toMatchObject({ staff_id: ben })
})

describe('nonsense', () => {
  test('days at the ends of the calendar are refused or have nothing, but do no harm', async () => {
    for (const from of ['9999-12-31', '9999-12-20', '0000-01-01', '0001-01-01', '0099-06-01', '1900-01-01']) {
      const asked = askSlots.safeParse({ from, days: '14' })
      if (!asked.success) continue
      const result = await shop.tx((t) => freeSlots(t, asked.data, monday)).catch((error: unknown) => error)
      expect([from, result]).toMatchObject([from, result instanceof Error ? { status: 400 } : { items: expect.any(Array) }])
    }
  })
  test('lists from and to the ends of the calendar', async () => {
    for (const moment of [
      '9999-12-31T23:59:00-23:59',
      '0000-01-01T00:00:00+23:59',
      '0001-01-01T00:00:00Z',
      '0000-01-01T00:00Z',
    ])
      for (const side of ['from', 'to']) {
        const asked = listSchema.safeParse({ [side]: moment })
        if (asked.success) await shop.tx((t) => listBookings(t, asked.data))
      }
    const cursor = Buffer.from('99999999999999999 01890000-0000-7000-8000-000000000000').toString('base64url')
    await shop.tx((t) => listBookings(t, listSchema.parse({ cursor })))
  })
  test('a name of nothing that can be kept is refused', async () => {
    for (const name of ['\u0000', ' \u0000 ', '\u0000\u0000']) {
      const given = createStaff.safeParse({ name })
      if (!given.success) continue
      await expect(shop.tx((t) => addStaff(t, by, given.data))).rejects.toMatchObject({ status: 400 })
      await expect(shop.tx((t) => patchStaff(t, by, ana, { name }))).rejects.toMatchObject({ status: 400 })
    }
  })
  test('money to the cent', () => {
    for (const cost of [0.07, 1.1, 4.35, 35.55, 1.005e2, 19.99, 99_999_999.99, 8.2, 1234567.89])
      expect([cost, createBooking.safeParse({ holdId: ana, cost }).success]).toEqual([cost, true])
    for (const cost of [0.001, -1, 1e9, 1.005])
      expect([cost, createBooking.safeParse({ holdId: ana, cost }).success]).toEqual([cost, false])
  })
  test('times and lengths', () => {
    const slot = { staffId: ana, startsAt: '2026-05-04T10:00:00Z', minutes: 60 }
    expect(createBooking.safeParse(slot).success).toBe(true)
    for (const bad of [
      ...[0, -60, 1e9, 4, 721, 30.5, '60', null, Number.NaN].map((minutes) => ({ minutes })),
      ...[
        '2026-05-04T10:00:00',
        '2026-05-04',
        '+010000-01-01T00:00:00Z',
        '10000-01-01T00:00:00Z',
        '2026-02-30T10:00:00Z',
        '2026-05-04T25:00:00Z',
        '2026-05-04T10:00:30Z',
        '2026-05-04T10:00:00.5Z',
        'tomorrow',
        '',
        1777888800000,
      ].map((startsAt) => ({ startsAt })),
      { holdId: ana },
      { leadId: ana, contactId: ana },
    ])
      expect([bad, createBooking.safeParse({ ...slot, ...bad }).success]).toEqual([bad, false])
  })
})
