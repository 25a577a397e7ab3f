/** People's time for the stand-in server, in memory: leads to look at, who is booked, free times, holds and bookings. */
import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Booking, BookingHold, CreateHold, Lead, PatchBooking, Staff, StreamBatch } from '../../client/index.ts'
import type { sampleWorld } from './sample-data.ts'

type ById = { Params: { id: string } }
type Changed = Partial<Pick<StreamBatch, 'leadIds' | 'bookingIds' | 'timesChanged' | 'staffChanged'>>
const [hourMs, stepMs, holdMs] = [3_600_000, 900_000, 900_000]
const [opens, closes] = [9, 17]
const timezone = 'Europe/Madrid'

interface Given {
  world: ReturnType<typeof sampleWorld>
  tell: (changed: Changed) => void
  refuse: (reply: FastifyReply, status: number, code: string, message: string, details?: unknown) => FastifyReply
}

export function addScheduling(server: FastifyInstance, { world, tell, refuse }: Given): void {
  const [staff, holds, bookings]: [Staff[], BookingHold[], Booking[]] = [[], [], []]
  const leads = [...world.conversations.values()].slice(0, 3).map(leadOf)
  const gone = (reply: FastifyReply) => refuse(reply, 404, 'not_found', 'Not here.')
  const live = () => holds.filter((one) => one.state === 'held' && Date.parse(one.expiresAt) > Date.now())
  const busy = (staffId: string, from: number, to: number, except?: string) =>
    [...live(), ...bookings.filter((one) => one.status !== 'cancelled' && one.status !== 'no_show')].some(
      (one) => one.id !== except && one.staff.id === staffId && Date.parse(one.startsAt) < to && Date.parse(one.endsAt) > from,
    )
  const spanOf = ({ startsAt, minutes }: { startsAt: string; minutes: number }) =>
    [Date.parse(startsAt), Date.parse(startsAt) + minutes * 60_000] as const
  const person = (id: string) => ({ id, name: staff.find((one) => one.id === id)?.name ?? '' })
  const taken = (
    reply: FastifyReply,
    { staffId, startsAt, minutes }: { staffId: string; startsAt: string; minutes: number },
  ) => {
    const nearby = [-60, 60, 120].map((n) => Date.parse(startsAt) + n * 60_000)
    const free = nearby.filter((at) => at > Date.now() && !busy(staffId, at, at + minutes * 60_000))
    return refuse(reply, 409, 'slot_taken', 'This time was taken a moment ago. Choose another one.', {
      ...{ staffId, startsAt, nearby: free.map((at) => new Date(at).toISOString()) },
    })
  }

  server.get<{ Querystring: { status?: string; contactId?: string } }>('/api/leads', async ({ query }) => ({
    items: leads.filter(
      (one) =>
        (!query.status || query.status === 'all' || one.status === query.status) &&
        (!query.contactId || one.contact.id === query.contactId),
    ),
    next: null,
  }))
  server.get('/api/leads/sums', async () => ({
    byStatus: [...Map.groupBy(leads, (one) => one.status)].map(([status, some]) => ({
      ...{ status, count: some.length, estimatedValue: 0, conversionValue: 0 },
    })),
  }))
  server.get<ById>('/api/leads/:id', async (request, reply) => leads.find((one) => one.id === request.params.id) ?? gone(reply))
  server.patch<ById & { Body: object }>('/api/leads/:id', async (request, reply) => {
    const one = leads.find((each) => each.id === request.params.id)
    if (!one) return gone(reply)
    return Object.assign(one, request.body)
  })

  server.get('/api/staff', async () => ({ items: staff }))
  server.post<{ Body: { name: string; specialization?: string } }>('/api/staff', async (request, reply) => {
    const now = new Date().toISOString()
    const one: Staff = {
      ...{ id: randomUUID(), specialization: null, avatarUrl: null, phone: null, email: null, user: null, rating: null },
      ...{ weight: 0, isActive: true, isHidden: false, createdAt: now, updatedAt: now, ...request.body },
    }
    staff.push(one)
    tell({ staffChanged: true })
    return reply.code(201).send(one)
  })
  server.patch<ById & { Body: object }>('/api/staff/:id', async (request, reply) => {
    const one = staff.find((each) => each.id === request.params.id)
    if (!one) return gone(reply)
    tell({ staffChanged: true })
    return Object.assign(one, request.body)
  })
  server.delete<ById>('/api/staff/:id', async (request, reply) => {
    const one = staff.find((each) => each.id === request.params.id)
    if (one && bookings.some((each) => each.staff.id === one.id))
      return refuse(reply, 409, 'conflict', `${one.name} has bookings, so they cannot be deleted. Deactivate them instead.`)
    if (one) staff.splice(staff.indexOf(one), 1)
    tell({ staffChanged: true })
    return reply.code(204).send()
  })

  server.get<{ Querystring: Record<string, string> }>('/api/bookings/slots', async ({ query }) => {
    const [days, minutes] = [Number(query.days ?? 7), Number(query.minutes ?? 60)]
    const from = query.from ?? new Date().toISOString().slice(0, 10)
    const people = staff.filter((one) => one.isActive && (!query.staffId || one.id === query.staffId)).map((one) => one.id)
    const items = Array.from({ length: days }, (_, n) => Date.parse(from) + n * 24 * hourMs).flatMap((day) => {
      const starts = Array.from({ length: ((closes - opens) * hourMs) / stepMs }, (_, n) => day + opens * hourMs + n * stepMs)
      return starts.flatMap((at) => {
        const end = at + minutes * 60_000
        const staffIds = people.filter((id) => !busy(id, at, end))
        if (at < Date.now() + hourMs / 2 || end > day + closes * hourMs || staffIds.length === 0) return []
        return [{ startsAt: new Date(at).toISOString(), endsAt: new Date(end).toISOString(), staffIds }]
      })
    })
    return { timezone, from, days, minutes, items }
  })
  server.post<{ Body: CreateHold }>('/api/bookings/holds', async (request, reply) => {
    const { staffId, startsAt, minutes, leadId = null } = request.body
    const [from, to] = spanOf(request.body)
    if (busy(staffId, from, to)) return taken(reply, request.body)
    const hold: BookingHold = {
      ...{ id: randomUUID(), state: 'held', staff: person(staffId), startsAt, endsAt: new Date(to).toISOString(), minutes },
      ...{ expiresAt: new Date(Date.now() + holdMs).toISOString(), createdAt: new Date().toISOString() },
      ...{ bookingId: null, leadId, conversationId: null, contactId: null },
    }
    holds.push(hold)
    tell({ timesChanged: true })
    return reply.code(201).send(hold)
  })
  server.get('/api/bookings/holds', async () => ({ items: live() }))
  server.delete<ById>('/api/bookings/holds/:id', async (request, reply) => {
    const one = holds.find((each) => each.id === request.params.id)
    if (one?.bookingId) return refuse(reply, 409, 'conflict', 'This hold was booked already.', { bookingId: one.bookingId })
    if (one) one.state = 'released'
    tell({ timesChanged: true })
    return reply.code(204).send()
  })
  server.post<{ Body: { holdId: string; title?: string; comment?: string } }>('/api/bookings', async (request, reply) => {
    const { holdId, title = null, comment = null } = request.body
    const hold = holds.find((one) => one.id === holdId)
    if (!hold) return gone(reply)
    if (hold.bookingId) return refuse(reply, 409, 'conflict', 'This hold was booked already.', { bookingId: hold.bookingId })
    if (!live().includes(hold)) return refuse(reply, 410, 'hold_ended', 'This hold ended after 15 minutes.')
    const lead = leads.find((one) => one.id === hold.leadId)
    const { staff: who, startsAt, endsAt, minutes, leadId } = hold
    const now = new Date().toISOString()
    const booking: Booking = {
      ...{ id: randomUUID(), status: 'confirmed', staff: who, startsAt, endsAt, minutes, leadId, title, comment },
      ...{ contact: lead?.contact ?? null, conversationId: lead?.conversationId ?? null, clientComment: null, cost: null },
      ...{ paid: false, source: 'manual', version: 1, createdAt: now, updatedAt: now },
    }
    bookings.push(booking)
    Object.assign(hold, { state: 'used', bookingId: booking.id })
    if (lead) lead.status = 'appointment_scheduled'
    tell({ bookingIds: [booking.id], leadIds: lead ? [lead.id] : [], timesChanged: true })
    return reply.code(201).send(booking)
  })
  server.get<{ Querystring: Record<string, string> }>('/api/bookings', async ({ query }) => {
    const found = bookings.filter(
      (one) =>
        (!query.leadId || one.leadId === query.leadId) &&
        (!query.staffId || one.staff.id === query.staffId) &&
        (!query.from || one.endsAt > query.from) &&
        (!query.to || one.startsAt < query.to),
    )
    const way = query.order === 'desc' ? -1 : 1
    return { items: found.sort((a, b) => way * a.startsAt.localeCompare(b.startsAt)), next: null }
  })
  const bookingOf = (id: string) => bookings.find((one) => one.id === id)
  server.get<ById>('/api/bookings/:id', async (request, reply) => bookingOf(request.params.id) ?? gone(reply))
  server.patch<ById & { Body: PatchBooking }>('/api/bookings/:id', async (request, reply) => {
    const one = bookingOf(request.params.id)
    if (!one) return gone(reply)
    const { staffId = one.staff.id, startsAt = one.startsAt, minutes = one.minutes, status = one.status } = request.body
    const [from, to] = spanOf({ startsAt, minutes })
    if (status !== 'cancelled' && busy(staffId, from, to, one.id)) return taken(reply, { staffId, startsAt, minutes })
    const next = { staff: person(staffId), startsAt, endsAt: new Date(to).toISOString(), minutes, status }
    Object.assign(one, next, { version: one.version + 1 })
    tell({ bookingIds: [one.id], leadIds: one.leadId ? [one.leadId] : [], timesChanged: true })
    return one
  })
}

type Conversation = ReturnType<typeof sampleWorld>['conversations'] extends Map<string, infer One> ? One : never

const leadOf = ({ id, contact, createdAt }: Conversation): Lead => ({
  ...{ id: randomUUID(), status: 'new', urgency: 'normal', origin: 'sms', conversationId: id, callId: null, assignee: null },
  contact: { id: contact.id, name: contact.name, phone: contact.phone },
  ...{ name: null, phone: null, email: null, address: null, place: null, distance: null, problem: 'A cake for Saturday' },
  ...{ jobType: null, estimatedValue: null, conversionValue: null, notes: null, lostReason: null, analysis: null },
  ...{ appointment: null, joinedInto: null, joined: [], createdAt, updatedAt: createdAt },
})
