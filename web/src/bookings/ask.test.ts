import { expect, test } from 'vitest'
import { type Booking, createParleyClient } from '../../../client/index.ts'
import { bookHeld, moveTo, takeOne } from './ask.ts'

const slot = { startsAt: '2026-05-04T10:00:00.000Z', endsAt: '2026-05-04T11:00:00.000Z', staffIds: ['ana', 'ben'] }
const span = { startsAt: slot.startsAt, endsAt: slot.endsAt }
const hold = (staffId: string) => ({
  ...{ id: `hold of ${staffId}`, leadId: 'lead', staff: { id: staffId, name: staffId }, ...span },
  ...{ createdAt: '2026-05-04T08:00:00.000Z', expiresAt: '2026-05-04T08:15:00.000Z' },
})

type Reply = [status: number, body: unknown] | 'lost'
/** A network that answers in this order; what was asked is kept. */
function network(...replies: Reply[]) {
  const asked: string[] = []
  const api = createParleyClient({
    baseUrl: 'http://parley.test',
    fetch: async (input, init) => {
      const sent = typeof init?.body === 'string' ? JSON.parse(init.body) : {}
      asked.push([init?.method, new URL(String(input)).pathname, sent.staffId].filter(Boolean).join(' '))
      const reply = replies.shift()
      if (!reply || reply === 'lost') throw new TypeError('network')
      return Response.json(reply[1], { status: reply[0] })
    },
  })
  return { api, asked }
}
const refused = (status: number, code: string, details: object = {}): Reply => [
  status,
  { error: { code, message: code, details } },
]
const taken = refused(409, 'slot_taken', { staffId: 'ana', nearby: [] })

test('of two who are free, the second is held where the first was taken meanwhile', async () => {
  const { api, asked } = network(taken, [201, hold('ben')])
  const held = await takeOne(api, { leadId: 'lead', wanted: slot, unsure: new Map() })
  expect(held.hold.id).toBe('hold of ben')
  expect(asked).toEqual(['POST /api/bookings/holds ana', 'POST /api/bookings/holds ben'])
})

test('where all are taken it is said that the time is', async () => {
  const { api } = network(taken, taken)
  await expect(takeOne(api, { leadId: 'lead', wanted: slot, unsure: new Map() })).rejects.toMatchObject({ code: 'slot_taken' })
})

test('a hold whose answer was lost is found again, with what is left of it', async () => {
  const { api } = network('lost', taken, [200, { items: [{ ...hold('ana'), leadId: 'other' }, hold('ana')] }])
  const wanted = { ...slot, staffIds: ['ana'] }
  const unsure = new Map<string, number>()
  await expect(takeOne(api, { leadId: 'lead', wanted, unsure })).rejects.toMatchObject({ status: 0 })
  const [askedAt] = unsure.values()
  const { hold: found, until } = await takeOne(api, { leadId: 'lead', wanted, unsure })
  expect([found.id, found.leadId]).toEqual(['hold of ana', 'lead'])
  expect(until).toBe((askedAt ?? 0) + 900_000)
})

test('what somebody else holds is not taken for our own', async () => {
  const { api, asked } = network(taken)
  const wanted = { ...slot, staffIds: ['ana'] }
  await expect(takeOne(api, { leadId: 'lead', wanted, unsure: new Map() })).rejects.toMatchObject({ code: 'slot_taken' })
  expect(asked).toHaveLength(1)
})

test('booked again after a lost answer, it is the booking that there is', async () => {
  const { api, asked } = network(refused(409, 'conflict', { bookingId: 'one' }), [200, { id: 'one' }])
  expect(await bookHeld(api, 'hold', { title: ' Boiler ', comment: '' })).toEqual({ id: 'one' })
  expect(asked).toEqual(['POST /api/bookings', 'GET /api/bookings/one'])
  const over = network(refused(410, 'hold_ended'))
  await expect(bookHeld(over.api, 'hold', { title: '', comment: '' })).rejects.toMatchObject({ code: 'hold_ended' })
})

test('moved again after a lost answer, it is moved; what somebody else changed is said', async () => {
  const booking = { id: 'one', version: 1 } as Booking
  const there = { id: 'one', version: 2, staff: { id: 'ana', name: 'Ana' }, ...span }
  const again = network(refused(409, 'conflict', { version: 2 }), [200, there])
  expect(await moveTo(again.api, booking, slot)).toEqual(there)
  const elsewhere = network(refused(409, 'conflict', { version: 2 }), [200, { ...there, startsAt: '2026-05-04T09:00:00.000Z' }])
  await expect(moveTo(elsewhere.api, booking, slot)).rejects.toMatchObject({ code: 'conflict' })
})
