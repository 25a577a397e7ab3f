/** Who is booked, over HTTP. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { inTenant, readTenant, type Tx } from '../platform/db/tx.ts'
import { byRequest } from '../tenancy/audit.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import type { SchedulingDeps } from './deps.ts'
import * as schema from './schema.ts'
import { addStaff, listStaff, patchStaff, removeStaff } from './staff.ts'
import { staffView } from './view.ts'

const tags = ['Staff']
const params = z.object({ id: z.uuid() })

export const staffRoutes: FastifyPluginAsyncZod<{ deps: SchedulingDeps }> = async (server, { deps }) => {
  const change = async <T>(tenantId: string, work: (tx: Tx) => Promise<T>): Promise<T> => {
    const result = await inTenant(deps.db, tenantId, work)
    deps.changed(tenantId)
    return result
  }

  server.get(
    '/staff',
    {
      config: { access: 'contacts.read' },
      schema: { tags, summary: 'Who is booked: people, rooms, machines', response: { 200: schema.staffList } },
    },
    (request) =>
      readTenant(deps.db, actorOf(request).tenantId, async (tx) => ({ items: (await listStaff(tx)).map(staffView) })),
  )
  server.post(
    '/staff',
    {
      config: { access: 'business.write' },
      schema: { tags, summary: 'Add one', body: schema.createStaff, response: { 201: schema.staffView } },
    },
    async (request, reply) => {
      const row = await change(actorOf(request).tenantId, (tx) => addStaff(tx, byRequest(request), request.body))
      return reply.code(201).send(staffView(row))
    },
  )
  server.patch(
    '/staff/:id',
    {
      config: { access: 'business.write' },
      schema: {
        ...{ tags, summary: 'Name, what they do, whether they take bookings' },
        ...{ params, body: schema.patchStaff, response: { 200: schema.staffView } },
      },
    },
    async (request) =>
      staffView(
        await change(actorOf(request).tenantId, (tx) => patchStaff(tx, byRequest(request), request.params.id, request.body)),
      ),
  )
  server.delete(
    '/staff/:id',
    {
      config: { access: 'business.write' },
      schema: { tags, summary: 'Delete one who was never booked', params, response: { 204: z.null() } },
    },
    async (request, reply) => {
      await change(actorOf(request).tenantId, (tx) => removeStaff(tx, byRequest(request), request.params.id))
      return reply.code(204).send(null)
    },
  )
}
