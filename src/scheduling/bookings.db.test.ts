import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeTenant } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { addLead, addPerson, at, type Desk, desk, disagreements, manyConnections } from '../../test/world/scheduling.ts'
import { newId } from '../kernel/ids.ts'
import { joinLead, separateLead } from '../leads/verbs.ts'
import type { Pool } from '../platform/db/pool.ts'
import type { ListBookings } from './schema.ts'
import { listBookings } from './store.ts'

let db: TestDatabase
let crowd: Pool
let tenantId: string
let ana: string
let shop: Desk
beforeAll(async () => {
  db = await createTestDatabase()
  crowd = await manyConnections(db.url, 30)
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

const one = async <T = Record<string, unknown>>(sql: string, ...values: unknown[]): Promise<T> =>
  (await db.owner.query(sql, values)).rows[0]
const taken = { code: 'slot_taken', status: 409 }

describe('booking', () => {
  test('without a hold takes the time at once, from holds and bookings alike', async () => {
    await shop.book({})
    await expect(shop.book({ startsAt: at('10:45'), minutes: 30 })).rejects.toMatchObject(taken)
    await expect(shop.hold({ startsAt: at('09:45'), minutes: 30 })).rejects.toMatchObject(taken)
    await shop.hold({ startsAt: at('11:00') })
    await expect(shop.book({ startsAt: at('11:30') })).rejects.toMatchObject(taken)
    expect((await one('SELECT count(*)::int AS n FROM bookings WHERE tenant_id = $1', tenantId)).n).toBe(1)
  })
  test('at once by thirty over thirty connections is one booking', async () => {
    const wanting = desk({ pool: crowd }, tenantId, ana)
    const all = await Promise.allSettled(Array.from({ length: 30 }, () => wanting.book({})))
    expect(all.filter((each) => each.status === 'fulfilled')).toHaveLength(1)
    for (const each of all) if (each.status === 'rejected') expect(each.reason).toMatchObject(taken)
  })
  test('may be written down afterwards, and says what it was about', async () => {
    const row = await shop.book({
      ...{
        startsAt: '2026-05-01T09:00:00+02:00',
        minutes: 45,
        status: 'completed',
        title: 'Cut\u0000',
        cost: 35.5,
        paid: true,
      },
      ...{ comment: ' ', clientComment: 'short, please', source: 'sms' },
    })
    expect(row).toMatchObject({
      ...{ status: 'completed', title: 'Cut', cost: 35.5, paid: true, client_comment: 'short, please', source: 'sms' },
      ...{
        starts_at: new Date('2026-05-01T07:00:00Z'),
        ends_at: new Date('2026-05-01T07:45:00Z'),
        duration_minutes: 45,
        version: 1,
      },
    })
  })
})

describe('moving', () => {
  test('to a free time or to somebody else frees the old one, in one step', async () => {
    const ben = await addPerson(db, tenantId, 'Ben')
    const { id } = await shop.book({})
    // Overlapping itself is in nobody's way.
    expect(await shop.change(id, { startsAt: at('10:30') })).toMatchObject({ version: 2, ends_at: new Date(at('11:30')) })
    expect(await shop.change(id, { minutes: 30, staffId: ben })).toMatchObject({
      staff_id: ben,
      ends_at: new Date(at('11:00')),
    })
    await shop.hold({})
    await expect(shop.hold({ staffId: ben })).rejects.toMatchObject(taken)
  })
  test('to a time that is taken changes nothing at all', async () => {
    const { id } = await shop.book({ title: 'Cut' })
    await shop.book({ startsAt: at('12:00') })
    await shop.hold({ startsAt: at('14:00') })
    for (const startsAt of [at('12:30'), at('14:15')])
      await expect(shop.change(id, { startsAt, title: 'Colour' })).rejects.toMatchObject(taken)
    await expect(shop.change(id, { minutes: 180 })).rejects.toMatchObject(taken)
    expect(await one('SELECT title, starts_at, version FROM bookings WHERE id = $1', id)).toEqual({
      ...{ title: 'Cut', starts_at: new Date(at('10:00')), version: 1 },
    })
  })
  test('into each other’s places at once, neither gets there, and nobody waits for ever', async () => {
    const wanting = desk({ pool: crowd }, tenantId, ana)
    const ben = await addPerson(db, tenantId, 'Ben')
    for (let n = 0; n < 5; n++) {
      const [a, b] = [await shop.book({}), await shop.book({ staffId: ben })]
      const all = await Promise.allSettled([wanting.change(a.id, { staffId: ben }), wanting.change(b.id, { staffId: ana })])
      for (const each of all) expect(each).toMatchObject({ status: 'rejected', reason: { code: 'slot_taken' } })
      for (const { id } of [a, b]) await shop.change(id, { status: 'cancelled' })
    }
  })
  test('is for what is still to come, and with those who take bookings', async () => {
    const { id } = await shop.book({ status: 'completed' })
    await expect(shop.change(id, { startsAt: at('12:00') })).rejects.toMatchObject({ code: 'conflict' })
    const next = await shop.book({ startsAt: at('12:00') })
    await expect(shop.change(next.id, { staffId: newId() })).rejects.toMatchObject({ code: 'not_found' })
    await db.owner.query('UPDATE staff SET is_active = false WHERE id = $1', [ana])
    // With whom it is already, it stays and may be moved.
    expect(await shop.change(next.id, { startsAt: at('13:00') })).toMatchObject({ version: 2 })
    await shop.change(next.id, { status: 'cancelled' })
    await expect(shop.change(next.id, { status: 'confirmed' })).rejects.toMatchObject({ code: 'conflict' })
  })
})

describe('changing', () => {
  test('what somebody else changed meanwhile is refused by its version, of two at once too', async () => {
    const { id, version } = await shop.book({})
    const wanting = desk({ pool: crowd }, tenantId, ana)
    const all = await Promise.allSettled(['a', 'b'].map((comment) => wanting.change(id, { comment, version })))
    expect(all.map((each) => each.status).sort()).toEqual(['fulfilled', 'rejected'])
    await expect(shop.change(id, { comment: 'c', version })).rejects.toMatchObject({
      code: 'conflict',
      details: { version: 2 },
    })
    expect(await shop.change(id, { comment: 'c', version: 2 })).toMatchObject({ comment: 'c', version: 3 })
  })
  test('nothing is no change', async () => {
    const { id } = await shop.book({ title: 'Cut' })
    expect(await shop.change(id, { title: 'Cut', status: 'confirmed', startsAt: at('10:00') })).toMatchObject({ version: 1 })
    expect(
      (await one(`SELECT count(*)::int AS n FROM events WHERE tenant_id = $1 AND type LIKE 'booking.%'`, tenantId)).n,
    ).toBe(1)
  })
  test('cancelling frees the time; back again it is taken, if it still can be', async () => {
    const { id } = await shop.book({})
    await shop.change(id, { status: 'cancelled' })
    const other = await shop.book({})
    await expect(shop.change(id, { status: 'confirmed' })).rejects.toMatchObject(taken)
    await shop.change(other.id, { status: 'no_show' })
    expect(await shop.change(id, { status: 'confirmed' })).toMatchObject({ status: 'confirmed' })
    await expect(shop.change(id, { status: 'cancelled', startsAt: at('15:00') })).rejects.toMatchObject({ code: 'conflict' })
    await expect(shop.change(other.id, { status: 'cancelled' })).rejects.toMatchObject({
      ...{ code: 'conflict', details: { allowed: ['confirmed', 'completed'] } },
    })
  })
})

describe('for a lead', () => {
  const leadNow = (id: string) => one('SELECT status, appointment_id FROM leads WHERE id = $1', id)
  const lines = async (conversationId: string) =>
    (
      await db.owner.query(
        `SELECT body ->> 'event' AS event, body -> 'data' AS data FROM messages WHERE conversation_id = $1 ORDER BY seq`,
        [conversationId],
      )
    ).rows
  const scheduled = async (id: string) =>
    (await one('SELECT appointment_scheduled AS yes FROM conversations WHERE id = $1', id)).yes

  test('its appointment is the booking, in one transaction with its status, its conversation and a line in it', async () => {
    const { leadId, contactId, conversationId } = await addLead(db, tenantId)
    const hold = await shop.hold({ leadId })
    expect(await leadNow(leadId)).toEqual({ status: 'new', appointment_id: null })
    const row = await shop.book({ holdId: hold.id, title: 'Boiler' })
    expect(row).toMatchObject({ lead_id: leadId, contact_id: contactId, conversation_id: conversationId, contact_name: 'Bob' })
    expect(await leadNow(leadId)).toEqual({ status: 'appointment_scheduled', appointment_id: row.id })
    expect(await scheduled(conversationId)).toBe(true)
    expect(await lines(conversationId)).toMatchObject([
      { event: 'booked', data: { bookingId: row.id, startsAt: at('10:00'), staff: 'Ana', title: 'Boiler' } },
      { event: 'lead_moved', data: { from: 'new', to: 'appointment_scheduled' } },
    ])
    const { rows } = await db.owner.query('SELECT type FROM events WHERE tenant_id = $1 ORDER BY txid, id', [tenantId])
    expect(rows.map(({ type }) => type).filter((type) => !type.startsWith('conversation.'))).toEqual([
      ...['booking.held', 'booking.created', 'lead.updated'],
    ])
  })
  test('a conversation stands for its open lead, and a contact for none', async () => {
    const { leadId, contactId, conversationId } = await addLead(db, tenantId, 'qualified')
    expect(await shop.book({ conversationId })).toMatchObject({ lead_id: leadId, contact_id: contactId })
    expect(await leadNow(leadId)).toMatchObject({ status: 'appointment_scheduled' })
    expect(await shop.book({ contactId, startsAt: at('12:00') })).toMatchObject({ lead_id: null, contact_id: contactId })
    await db.owner.query(`UPDATE leads SET status = 'completed' WHERE id = $1`, [leadId])
    expect(await shop.book({ conversationId, startsAt: at('14:00') })).toMatchObject({
      ...{ lead_id: null, conversation_id: conversationId },
    })
  })
  test('one that has come further, or to its end, stays where it is', async () => {
    const { leadId } = await addLead(db, tenantId, 'completed')
    const row = await shop.book({ leadId })
    expect(await leadNow(leadId)).toEqual({ status: 'completed', appointment_id: row.id })
  })
  test('cancelled, the appointment is gone, or the next one ahead; the status is left to people', async () => {
    const { leadId, conversationId } = await addLead(db, tenantId)
    const first = await shop.book({ leadId })
    const second = await shop.book({ leadId, startsAt: at('12:00') })
    expect(await leadNow(leadId)).toMatchObject({ appointment_id: second.id })
    await shop.change(second.id, { status: 'cancelled' })
    expect(await leadNow(leadId)).toMatchObject({ appointment_id: first.id })
    await shop.change(first.id, { startsAt: at('11:00') })
    await shop.change(first.id, { status: 'cancelled' })
    expect(await leadNow(leadId)).toEqual({ status: 'appointment_scheduled', appointment_id: null })
    expect(await scheduled(conversationId)).toBe(false)
    expect((await lines(conversationId)).map(({ event }) => event)).toEqual([
      ...['booked', 'lead_moved', 'booked', 'booking_cancelled', 'booking_moved', 'booking_cancelled'],
    ])
    await shop.change(first.id, { status: 'pending' })
    expect(await leadNow(leadId)).toMatchObject({ appointment_id: first.id })
    expect(await scheduled(conversationId)).toBe(true)
  })
  test('joined with another, the appointment and the bookings move along, and back', async () => {
    const { leadId: into, contactId, conversationId } = await addLead(db, tenantId)
    const { id: other } = await one<{ id: string }>(
      `INSERT INTO leads (tenant_id, contact_id, conversation_id, origin, status) VALUES ($1, $2, $3, 'sms', 'completed') RETURNING id`,
      ...[tenantId, contactId, conversationId],
    )
    const row = await shop.book({ leadId: other })
    const hold = await shop.hold({ leadId: other, startsAt: at('12:00') })
    const bookingsLead = async () => (await one('SELECT lead_id FROM bookings WHERE id = $1', row.id)).lead_id
    await shop.tx((t) => joinLead(t, 'test', into, other))
    expect(await leadNow(into)).toMatchObject({ appointment_id: row.id })
    expect(await bookingsLead()).toBe(into)
    // What was held for the one that is part of another is booked for that one.
    expect(await shop.book({ holdId: hold.id })).toMatchObject({ lead_id: into })
    await shop.tx((t) => separateLead(t, 'test', other))
    expect(await bookingsLead()).toBe(other)
    expect(await leadNow(other)).toMatchObject({ appointment_id: row.id })
  })
  test('one that is joined, cancelled and taken apart again has no appointment that is off', async () => {
    const { leadId: into, contactId, conversationId } = await addLead(db, tenantId)
    const { id: other } = await one<{ id: string }>(
      `INSERT INTO leads (tenant_id, contact_id, conversation_id, origin, status) VALUES ($1, $2, $3, 'sms', 'completed') RETURNING id`,
      ...[tenantId, contactId, conversationId],
    )
    const row = await shop.book({ leadId: other })
    await shop.tx((t) => joinLead(t, 'test', into, other))
    await shop.change(row.id, { status: 'cancelled' })
    await shop.tx((t) => separateLead(t, 'test', other))
    for (const id of [into, other]) expect(await leadNow(id)).toMatchObject({ appointment_id: null })
  })
  test('somebody unknown, or of another business, is not found, and nothing is taken', async () => {
    const theirs = await addLead(db, await makeTenant(db))
    for (const whom of [
      { leadId: theirs.leadId },
      { contactId: theirs.contactId },
      { conversationId: theirs.conversationId },
      { leadId: newId() },
    ]) {
      await expect(shop.hold(whom)).rejects.toMatchObject({ code: 'not_found' })
      await expect(shop.book(whom)).rejects.toMatchObject({ code: 'not_found' })
    }
    const elsewhere = await makeTenant(db)
    const their = desk(db, elsewhere, await addPerson(db, elsewhere))
    const hold = await their.hold({})
    await expect(shop.book({ holdId: hold.id })).rejects.toMatchObject({ code: 'not_found' })
    const { id } = await their.book({ holdId: hold.id })
    await expect(shop.change(id, { comment: 'x' })).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('what was booked', () => {
  const list = (filter: Partial<ListBookings> = {}) =>
    shop.tx((t) => listBookings(t, { status: 'all', order: 'asc', limit: 50, ...filter }))
  const clocks = async (filter: Partial<ListBookings> = {}) =>
    (await list(filter)).rows.map((row) => row.starts_at.toISOString().slice(11, 16))

  test('is listed by its time, page after page, both ways, and narrowed', async () => {
    const ben = await addPerson(db, tenantId, 'Ben')
    const { leadId, contactId, conversationId } = await addLead(db, tenantId)
    for (const clock of ['15:00', '09:00', '12:00']) await shop.book({ startsAt: at(clock), leadId })
    const off = await shop.book({ startsAt: at('17:00') })
    await shop.change(off.id, { status: 'cancelled' })
    await shop.book({ startsAt: at('12:00'), staffId: ben })
    const all = ['09:00', '12:00', '12:00', '15:00', '17:00']
    expect(await clocks()).toEqual(all)
    expect(await clocks({ order: 'desc' })).toEqual(all.toReversed())
    for (const order of ['asc', 'desc'] as const) {
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await list({ order, limit: 2, ...(cursor ? { cursor } : {}) })
        seen.push(...page.rows.map((row) => row.id))
        cursor = page.next ?? undefined
      } while (cursor)
      expect(seen).toEqual((await list({ order })).rows.map((row) => row.id))
    }
    for (const whom of [{ leadId }, { contactId }, { conversationId }])
      expect(await clocks(whom)).toEqual(['09:00', '12:00', '15:00'])
    expect(await clocks({ staffId: ben })).toEqual(['12:00'])
    expect(await clocks({ status: 'cancelled' })).toEqual(['17:00'])
    expect(await clocks({ status: 'ahead' })).toEqual(['09:00', '12:00', '12:00', '15:00'])
    // What is under way at the beginning counts, what ends or begins just then does not.
    expect(await clocks({ from: at('12:30'), to: at('17:00') })).toEqual(['12:00', '12:00', '15:00'])
    expect(await clocks({ from: at('13:00'), to: at('15:00') })).toEqual([])
    await expect(list({ cursor: 'nonsense' })).rejects.toMatchObject({ code: 'malformed_cursor' })
  })
  test('keeps its contact and its person from being deleted', async () => {
    const { contactId, leadId } = await addLead(db, tenantId)
    const { id } = await shop.book({ leadId })
    await db.owner.query('DELETE FROM leads WHERE id = $1', [leadId])
    expect(await one('SELECT lead_id, contact_id FROM bookings WHERE id = $1', id)).toEqual({
      ...{ lead_id: null, contact_id: contactId },
    })
    await db.owner.query('DELETE FROM messages WHERE tenant_id = $1', [tenantId])
    await db.owner.query('DELETE FROM conversations WHERE tenant_id = $1', [tenantId])
    const gone = (table: string, which: string) => db.owner.query(`DELETE FROM ${table} WHERE id = $1`, [which])
    await expect(gone('contacts', contactId)).rejects.toMatchObject({ constraint: 'fk_bookings_contact' })
    await expect(gone('staff', ana)).rejects.toMatchObject({ constraint: 'fk_bookings_staff' })
  })
})
