/** Holds and bookings over HTTP. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ParleyError } from '../kernel/errors.ts'
import { inTenant, readTenant, type Tx } from '../platform/db/tx.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import type { Actor } from '../tenancy/can.ts'
import { book, type Work } from './bookings.ts'
import { changeBooking } from './change.ts'
import type { SchedulingDeps } from './deps.ts'
import { freeSlots, withNearby } from './free.ts'
import { holdTime, releaseHold } from './holds.ts'
import * as schema from './schema.ts'
import { listBookings, liveHolds, requireBooking, requireHold } from './store.ts'
import { bookingView, holdView } from './view.ts'

const tags = ['Bookings']
const params = z.object({ id: z.uuid() })

export const bookingRoutes: FastifyPluginAsyncZod<{ deps: SchedulingDeps }> = async (server, { deps }) => {
  const { db } = deps
  const change = async <T>(actor: Actor, work: (tx: Tx, with_: Work) => Promise<T>): Promise<T> => {
    const how: Work = { by: actor, leads: deps.leads, now: deps.now() }
    const result = await inTenant(db, actor.tenantId, (tx) => work(tx, how)).catch(async (error: unknown) => {
      // In a transaction of its own: what failed took back all that it saw.
      if (!(error instanceof ParleyError) || error.code !== 'slot_taken') throw error
      throw await inTenant(db, actor.tenantId, (tx) => withNearby(tx, error, how.now))
    })
    deps.changed(actor.tenantId)
    return result
  }

  server.get(
    '/bookings/slots',
    {
      config: { access: 'contacts.read' },
      schema: {
        ...{ tags, summary: 'Free times, every quarter of an hour' },
        description: 'Within business hours, at least half an hour ahead, and long enough for `minutes`.',
        ...{ querystring: schema.askSlots, response: { 200: schema.slots } },
      },
    },
    (request) => inTenant(db, actorOf(request).tenantId, (tx) => freeSlots(tx, request.query, deps.now())),
  )

  server.post(
    '/bookings/holds',
    {
      config: { access: 'contacts.write' },
      schema: {
        ...{ tags, summary: 'Hold somebody’s time for 15 minutes' },
        description: 'Of several who want the same time at once one gets it, the others are answered 409 `slot_taken`.',
        ...{ body: schema.createHold, response: { 201: schema.holdView } },
      },
    },
    async (request, reply) => {
      const hold = await change(actorOf(request), (tx, { by, now }) => holdTime(tx, by, request.body, now))
      return reply.code(201).send(holdView(hold, deps.now()))
    },
  )
  server.get(
    '/bookings/holds',
    {
      config: { access: 'contacts.read' },
      schema: { tags, summary: 'Those that have not ended, by their time', response: { 200: schema.holdList } },
    },
    (request) =>
      readTenant(db, actorOf(request).tenantId, async (tx) => {
        const now = deps.now()
        return { items: (await liveHolds(tx, now)).map((row) => holdView(row, now)) }
      }),
  )
  server.get(
    '/bookings/holds/:id',
    { config: { access: 'contacts.read' }, schema: { tags, summary: 'One hold', params, response: { 200: schema.holdView } } },
    (request) =>
      readTenant(db, actorOf(request).tenantId, async (tx) => holdView(await requireHold(tx, request.params.id), deps.now())),
  )
  server.delete(
    '/bookings/holds/:id',
    {
      config: { access: 'contacts.write' },
      schema: { tags, summary: 'Release a hold: its time is free at once', params, response: { 204: z.null() } },
    },
    async (request, reply) => {
      await change(actorOf(request), (tx, { by, now }) => releaseHold(tx, by, request.params.id, now))
      return reply.code(204).send(null)
    },
  )
  server.post(
    '/bookings',
    {
      config: { access: 'contacts.write' },
      schema: {
        ...{ tags, summary: 'Book, by using up a hold, or at once' },
        description:
          'A hold is used once: 410 `hold_ended` after its 15 minutes, 409 with `details.bookingId` where it was booked.',
        ...{ body: schema.createBooking, response: { 201: schema.bookingView } },
      },
    },
    async (request, reply) => {
      const row = await change(actorOf(request), (tx, work) => book(tx, work, request.body))
      return reply.code(201).send(bookingView(row))
    },
  )
  server.get(
    '/bookings',
    {
      config: { access: 'contacts.read' },
      schema: { tags, summary: 'List, by their time', querystring: schema.listBookings, response: { 200: schema.bookingPage } },
    },
    (request) =>
      readTenant(db, actorOf(request).tenantId, async (tx) => {
        const { rows, next } = await listBookings(tx, request.query)
        return { items: rows.map(bookingView), next }
      }),
  )
  server.get(
    '/bookings/:id',
    { config: { access: 'contacts.read' }, schema: { tags, summary: 'One', params, response: { 200: schema.bookingView } } },
    (request) =>
      readTenant(db, actorOf(request).tenantId, async (tx) => bookingView(await requireBooking(tx, request.params.id))),
  )
  server.patch(
    '/bookings/:id',
    {
      config: { access: 'contacts.write' },
      schema: {
        ...{ tags, summary: 'Its status, another time or person, and what is written down' },
        description: 'Where the new time is taken (409 `slot_taken`) nothing is changed. Cancelling makes the time free.',
        ...{ params, body: schema.patchBooking, response: { 200: schema.bookingView } },
      },
    },
    async (request) =>
      bookingView(await change(actorOf(request), (tx, work) => changeBooking(tx, work, request.params.id, request.body))),
  )
}
