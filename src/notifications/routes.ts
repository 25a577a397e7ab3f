/** What somebody should know: one's own notifications, and the browsers in which one is told. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { notFound } from '../kernel/errors.ts'
import { type Database, inTenant, inTransaction, readTenant } from '../platform/db/tx.ts'
import type { Secrets } from '../platform/secrets.ts'
import { actorOf, selfOf } from '../tenancy/authenticate.ts'
import { pushKeys, subscribe, unsubscribe } from '../tenancy/push.ts'
import * as schema from './schema.ts'
import * as store from './store.ts'
import { teamUnsentView, unsentView, view } from './view.ts'

const config = { access: 'signed_in' } as const
const tags = ['Me']

type Request = Parameters<typeof selfOf>[0]

export const notificationRoutes: FastifyPluginAsyncZod<{ db: Database; secrets: Secrets }> = async (
  server,
  { db, secrets },
) => {
  /** Who asks, and in which business. */
  function place(request: Request): { userId: string; tenantId: string } {
    const { session } = selfOf(request)
    if (!session.tenant) throw notFound('A business')
    return { userId: session.user.id, tenantId: session.tenant.id }
  }

  server.get(
    '/me/notifications',
    {
      config,
      schema: {
        ...{ tags, summary: 'What one should know, newest first' },
        querystring: schema.listQuery,
        response: { 200: schema.notificationPage },
      },
    },
    async (request) => {
      const { userId, tenantId } = place(request)
      const { before, limit } = request.query
      return await inTenant(db, tenantId, async (tx) => {
        const rows = await store.listOwn(tx, { userId, limit: limit + 1, ...(before ? { before } : {}) })
        return {
          items: rows.slice(0, limit).map(view),
          hasMore: rows.length > limit,
          unread: await store.countUnread(tx, userId),
        }
      })
    },
  )
  server.post(
    '/me/notifications/read',
    {
      config,
      schema: { tags, summary: 'They are read', body: schema.readBody, response: { 200: schema.readAnswer } },
    },
    async (request) => {
      const { userId, tenantId } = place(request)
      return await inTenant(db, tenantId, async (tx) => {
        await store.markRead(tx, { userId, ...request.body })
        return { unread: await store.countUnread(tx, userId) }
      })
    },
  )
  server.get(
    '/me/notifications/unsent',
    {
      config,
      schema: {
        ...{ tags, summary: 'What could not be brought to one in the last 30 days, or may not have been, by means' },
        response: { 200: schema.unsentList },
      },
    },
    async (request) => {
      const { userId, tenantId } = place(request)
      const rows = await readTenant(db, tenantId, (tx) => store.listUnsent(tx, { userId, days: schema.unsentDays }))
      return { items: rows.map(unsentView) }
    },
  )
  server.get(
    '/notifications/unsent',
    {
      config: { access: 'members.manage' },
      schema: {
        ...{
          tags: ['Members'],
          summary: 'What could not be brought to the team in the last 30 days, or may not have been, by person and means',
        },
        response: { 200: schema.teamUnsentList },
      },
    },
    async (request) => {
      const rows = await readTenant(db, actorOf(request).tenantId, (tx) => store.listUnsent(tx, { days: schema.unsentDays }))
      return { items: rows.map(teamUnsentView) }
    },
  )
  server.get(
    '/me/push/key',
    { config, schema: { tags, summary: 'For subscribing a browser', response: { 200: schema.pushKey } } },
    async () => ({ publicKey: (await pushKeys(db, secrets)).publicKey }),
  )
  server.put(
    '/me/push',
    {
      config,
      schema: {
        ...{ tags, summary: 'Tell me in this browser' },
        body: schema.subscribeBody,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { endpoint, keys } = request.body
      const device = request.headers['user-agent']
      await inTransaction(db, (client) =>
        subscribe(client, secrets, {
          userId: selfOf(request).session.user.id,
          subscription: { endpoint, keys },
          ...(device ? { device } : {}),
        }),
      )
      return reply.code(204).send(null)
    },
  )
  server.post(
    '/me/push/end',
    {
      config,
      schema: { tags, summary: 'Not in this browser any more', body: schema.unsubscribeBody, response: { 204: z.null() } },
    },
    async (request, reply) => {
      await unsubscribe(db.pool, { userId: selfOf(request).session.user.id, endpoint: request.body.endpoint })
      return reply.code(204).send(null)
    },
  )
}
