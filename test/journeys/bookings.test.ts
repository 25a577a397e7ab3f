/** A time is held, booked, moved and given back, over HTTP, by a clock that the test moves. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureLead } from '../../src/conversations/leads.ts'
import type { LeadView } from '../../src/leads/schema.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import type { BookingView, HoldView, Slots, StaffView } from '../../src/scheduling/schema.ts'
import { conversationWith } from '../world/reading.ts'
import { createWorld, type World } from '../world/world.ts'

let world: World
let ahead = 0
let ana: string
beforeAll(async () => {
  world = await createWorld({ now: () => new Date(Date.now() + ahead) })
  ana = (await world.api<StaffView>('POST', '/staff', { name: 'Ana' }, 'admin')).body.id
})
afterAll(() => world.close())

const minute = 60_000
/** A whole hour, so many days ahead. */
const inDays = (days: number, minutes = 0) =>
  new Date(Math.ceil(Date.now() / 3_600_000) * 3_600_000 + days * 86_400_000 + minutes * minute).toISOString()
const hold = (startsAt: string, more: object = {}) =>
  world.api<HoldView>('POST', '/bookings/holds', { staffId: ana, startsAt, minutes: 60, ...more })
const book = <T = BookingView>(given: object) => world.api<T>('POST', '/bookings', given)
type Refused = { error: { code: string; details: { nearby: string[]; bookingId: string } } }

test('of fifty who ask for one slot at once one gets it, 49 are answered 409', async () => {
  const startsAt = inDays(1)
  const all = await Promise.all(Array.from({ length: 50 }, () => hold(startsAt)))
  const by = (status: number) => all.filter((one) => one.status === status)
  expect([by(201).length, by(409).length]).toEqual([1, 49])
  for (const { body } of by(409)) expect(body).toMatchObject({ error: { code: 'slot_taken' } })
})

test('a hold is 410 after fifteen minutes, and the slot is free for somebody else', async () => {
  const startsAt = inDays(2)
  const first = await hold(startsAt)
  expect(Date.parse(first.body.expiresAt) - Date.parse(first.body.createdAt)).toBeGreaterThan(14 * minute)
  ahead += 15 * minute
  const late = await book<Refused>({ holdId: first.body.id })
  expect([late.status, late.body.error.code]).toEqual([410, 'hold_ended'])
  expect((await world.api<HoldView>('GET', `/bookings/holds/${first.body.id}`)).body.state).toBe('ended')
  expect((await hold(startsAt)).status).toBe(201)
})

test('booking uses the hold once, also when it is asked twenty times at once', async () => {
  const { body: held } = await hold(inDays(3))
  const all = await Promise.all(Array.from({ length: 20 }, () => book<BookingView & Refused>({ holdId: held.id })))
  const made = all.filter((one) => one.status === 201)
  expect(made).toHaveLength(1)
  for (const one of all.filter((other) => other.status !== 201))
    expect([one.status, one.body.error.details.bookingId]).toEqual([409, made[0]?.body.id])
  expect((await world.api<HoldView>('GET', `/bookings/holds/${held.id}`)).body).toMatchObject({
    ...{ state: 'used', bookingId: made[0]?.body.id },
  })
})

test('whoever comes too late is offered times nearby, and a move to a taken time changes nothing', async () => {
  await world.api('PATCH', '/business', { timezone: 'UTC', hours: alwaysOpen }, 'admin')
  const startsAt = inDays(4)
  await book({ staffId: ana, startsAt, minutes: 60 })
  const late = await hold(startsAt)
  expect(late.status).toBe(409)
  const { nearby } = (late.body as unknown as Refused).error.details
  expect(nearby).toContain(inDays(4, 60))
  const { body: other } = await book({ staffId: ana, startsAt: nearby[0], minutes: 30 })
  const moved = await world.api<Refused>('PATCH', `/bookings/${other.id}`, { startsAt })
  expect([moved.status, moved.body.error.code]).toEqual([409, 'slot_taken'])
  expect((await world.api<BookingView>('GET', `/bookings/${other.id}`)).body).toEqual(other)
})
const day = { open: '00:00', close: '24:00', enabled: true }
const alwaysOpen = {
  ...{ monday: day, tuesday: day, wednesday: day, thursday: day, friday: day, saturday: day, sunday: day },
}

test('what is free is offered in quarters of an hour, and goes when it is held', async () => {
  const free = async () =>
    (await world.api<Slots>('GET', `/bookings/slots?from=${inDays(6).slice(0, 10)}&days=2&minutes=45&staffId=${ana}`)).body
      .items
  const before = await free()
  expect(before).toHaveLength(2 * 96)
  await hold(inDays(6))
  expect(await free()).toHaveLength(2 * 96 - 6)
})

test('a lead gets its appointment: its status, its conversation, a line in it, and the way back', async () => {
  world.customer('15550107111', 'Bea').says('my boiler is out')
  await world.settle()
  const conversation = await conversationWith(world, '15550107111')
  const about = {
    contactId: conversation.contact.id,
    conversationId: conversation.id,
    phone: null,
    origin: 'call',
    actor: 'system',
  }
  const { id: leadId } = await inTenant(world.app.db, world.business.tenantId, (tx) => ensureLead(tx, about))
  const { body: held } = await hold(inDays(7), { leadId })
  const { body: made } = await book({ holdId: held.id, title: 'Boiler' })
  expect(made).toMatchObject({ leadId, conversationId: conversation.id, contact: { id: conversation.contact.id } })
  const lead = () => world.api<LeadView>('GET', `/leads/${leadId}`)
  expect((await lead()).body.status).toBe('appointment_scheduled')
  const lines = async () =>
    (
      await world.api<{ items: { type: string; body: { event?: string } }[] }>(
        'GET',
        `/conversations/${conversation.id}/messages`,
      )
    ).body.items.filter((line) => line.type === 'activity')
  expect((await lines()).map((line) => line.body.event)).toEqual(['booked', 'lead_moved'])
  await world.api('PATCH', `/bookings/${made.id}`, { startsAt: inDays(8), version: made.version })
  const stale = await world.api('PATCH', `/bookings/${made.id}`, { comment: 'x', version: made.version })
  expect(stale.status).toBe(409)
  await world.api('PATCH', `/bookings/${made.id}`, { status: 'cancelled' })
  expect((await lines()).map((line) => line.body.event)).toEqual(['booked', 'lead_moved', 'booking_moved', 'booking_cancelled'])
  expect((await lead()).body.status).toBe('appointment_scheduled')
  expect((await hold(inDays(8))).status).toBe(201)
})
