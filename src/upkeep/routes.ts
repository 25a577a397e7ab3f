import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { type Database, inTenant } from '../platform/db/tx.ts'
import { byRequest } from '../tenancy/audit.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import * as holds from './holds.ts'
import * as schema from './schema.ts'
import { readState, upkeepView } from './state.ts'

const tags = ['Business']
const view = (row: holds.HoldRow): schema.HoldView => ({
  id: row.id,
  contactId: row.contact_id,
  reason: row.reason,
  placedBy: row.placed_by_name,
  createdAt: row.created_at.toISOString(),
  releasedAt: row.released_at?.toISOString() ?? null,
})

export const upkeepRoutes: FastifyPluginAsyncZod<{
  db: Database
  /** What else needs attention. */
  more?: () => readonly string[]
}> = async (server, { db, more }) => {
  server.get(
    '/holds',
    {
      config: { access: 'business.write' },
      schema: { tags, summary: 'Legal holds', response: { 200: z.object({ items: z.array(schema.holdView) }) } },
    },
    async (request) => ({ items: (await inTenant(db, actorOf(request).tenantId, holds.listHolds)).map(view) }),
  )
  server.post(
    '/holds',
    {
      config: { access: 'business.write' },
      schema: {
        tags,
        summary: 'Hold the business, or one contact: nothing of it is removed until the hold is released',
        body: schema.placeHold,
        response: { 201: schema.holdView },
      },
    },
    async (request, reply) => {
      const hold = await inTenant(db, actorOf(request).tenantId, (tx) => holds.placeHold(tx, byRequest(request), request.body))
      return reply.code(201).send(view(hold))
    },
  )
  server.delete(
    '/holds/:id',
    {
      config: { access: 'business.write' },
      schema: { tags, summary: 'Release a hold', params: z.object({ id: z.uuid() }), response: { 204: z.null() } },
    },
    async (request, reply) => {
      await inTenant(db, actorOf(request).tenantId, (tx) => holds.releaseHold(tx, byRequest(request), request.params.id))
      return reply.code(204).send(null)
    },
  )
  server.get(
    '/platform/upkeep',
    {
      config: { access: 'operator', platform: 'platform.manage' },
      schema: {
        tags: ['Server'],
        summary: 'Months of the partitioned tables, what was removed, and what needs attention',
        response: { 200: schema.upkeepView },
      },
    },
    async () => {
      const view = upkeepView(await readState(db))
      return { ...view, attention: [...view.attention, ...(more?.() ?? [])] }
    },
  )
}
