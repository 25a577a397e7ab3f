/** People's time: added, held, booked, moved and given back, once. */
import { expect } from 'vitest'
import type { BookingView, HoldView, Slots, StaffView } from '../../src/scheduling/schema.ts'
import { conversationWith } from './reading.ts'
import type { World } from './world.ts'

/** Needs a customer who wrote from this number. */
export async function bookingsDay(world: World, phone: string): Promise<void> {
  const { id: conversationId, contact } = await conversationWith(world, phone)
  const add = (as: 'admin' | 'agent') => world.api<StaffView>('POST', '/staff', { name: 'Ana', specialization: 'Boilers' }, as)
  expect((await add('agent')).status).toBe(403)
  const { body: ana } = await add('admin')
  const { userId } = world.business.people.agent
  await world.api('PATCH', `/staff/${ana.id}`, { userId, weight: 5 }, 'admin')
  expect((await world.api<{ items: StaffView[] }>('GET', '/staff', undefined, 'viewer')).body.items).toMatchObject([
    { id: ana.id, user: { id: userId }, weight: 5 },
  ])
  const day = { open: '00:00', close: '24:00', enabled: true }
  const hours = { monday: day, tuesday: day, wednesday: day, thursday: day, friday: day, saturday: day, sunday: day }
  await world.api('PATCH', '/business', { hours }, 'admin')
  const { body: free } = await world.api<Slots>('GET', '/bookings/slots?days=3&minutes=45', undefined, 'viewer')
  for (const nonsense of ['from=0001-01-01', 'from=9999-12-31', 'from=2026-02-30', 'days=15', 'minutes=0', `staffId=x`])
    expect([nonsense, (await world.api('GET', `/bookings/slots?${nonsense}`)).status]).toEqual([nonsense, 400])
  expect((await world.api('GET', '/bookings?from=0001-01-01T00:00:00Z&to=9999-12-31T00:00:00Z')).status).toBe(200)
  for (const startsAt of ['0001-01-01T00:00Z', '9999-12-31T00:00Z', 'tomorrow'])
    expect([startsAt, (await world.api('POST', '/bookings', { staffId: ana.id, startsAt, minutes: 30 })).status]).toEqual([
      startsAt,
      400,
    ])
  const [first, second, third] = free.items.slice(8).filter((_, n) => n % 4 === 0)
  expect(first?.staffIds).toEqual([ana.id])
  const slot = (at = first) => ({ staffId: ana.id, startsAt: at?.startsAt, minutes: 45 })
  const held = await world.api<HoldView>('POST', '/bookings/holds', { ...slot(), conversationId })
  expect(held.status).toBe(201)
  expect((await world.api('POST', '/bookings/holds', slot(), 'viewer')).status).toBe(403)
  expect((await world.api('POST', '/bookings/holds', slot())).status).toBe(409)
  expect((await world.api<{ items: HoldView[] }>('GET', '/bookings/holds')).body.items).toMatchObject([{ state: 'held' }])
  expect((await world.api<HoldView>('GET', `/bookings/holds/${held.body.id}`)).body).toEqual(held.body)
  const made = await world.api<BookingView>('POST', '/bookings', { holdId: held.body.id, title: 'Boiler', cost: 90 })
  expect(made).toMatchObject({
    status: 201,
    body: { conversationId, contact: { id: contact.id }, source: 'manual', version: 1 },
  })
  const other = await world.api<HoldView>('POST', '/bookings/holds', slot(second))
  expect((await world.api('DELETE', `/bookings/holds/${other.body.id}`)).status).toBe(204)
  const patch = (body: object) => world.api<BookingView>('PATCH', `/bookings/${made.body.id}`, body)
  expect(await patch({ startsAt: third?.startsAt, version: 1 })).toMatchObject({ status: 200, body: { version: 2 } })
  expect((await patch({ comment: 'x', version: 1 })).status).toBe(409)
  expect((await patch({ startsAt: '2030-01-01T10:00:30Z' })).status).toBe(400)
  expect((await world.api('POST', '/bookings', { ...slot(), leadId: ana.id, contactId: ana.id })).status).toBe(400)
  expect((await world.api('DELETE', `/staff/${ana.id}`, undefined, 'admin')).status).toBe(409)
  await patch({ status: 'cancelled' })
  const list = await world.api<{ items: BookingView[] }>('GET', `/bookings?contactId=${contact.id}`, undefined, 'viewer')
  expect(list.body.items).toMatchObject([{ id: made.body.id, status: 'cancelled', comment: null }])
  expect((await world.api<BookingView>('GET', `/bookings/${made.body.id}`)).body.version).toBe(3)
}
