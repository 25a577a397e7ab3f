/** Who runs the server, over HTTP: operators and platform keys. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ParleyError } from '../kernel/errors.ts'
import type { Database } from '../platform/db/tx.ts'
import { byRequest } from './audit.ts'
import { type PlatformAction, platformActions } from './can.ts'
import * as operators from './operators.ts'
import * as schema from './tenant-schema.ts'

const tags = ['Server']
const config = { access: 'operator', platform: 'platform.manage' } as const
const keyView = (row: operators.PlatformKeyRow) => ({
  id: row.id,
  name: row.name,
  hint: row.key_hint,
  scopes: row.scopes,
  createdBy: row.created_by,
  createdAt: row.created_at.toISOString(),
  expiresAt: row.expires_at?.toISOString() ?? null,
  lastUsedAt: row.last_used_at?.toISOString() ?? null,
  revokedAt: row.revoked_at?.toISOString() ?? null,
})

export const platformRoutes: FastifyPluginAsyncZod<{ db: Database }> = async (server, { db }) => {
  server.get(
    '/platform/keys',
    {
      config,
      schema: { tags, summary: 'Platform keys', response: { 200: z.object({ items: z.array(schema.platformKeyView) }) } },
    },
    async () => ({ items: (await operators.listPlatformKeys(db)).map(keyView) }),
  )
  server.post(
    '/platform/keys',
    {
      config,
      schema: {
        tags,
        summary: 'Make a platform key; it is shown this once',
        body: schema.createPlatformKey,
        response: { 201: schema.createdPlatformKey },
      },
    },
    async (request, reply) => {
      const by = byRequest(request, 'operator')
      const asked = request.body.scopes ?? [...platformActions]
      const own: readonly PlatformAction[] = request.operator?.scopes ?? platformActions
      if (!asked.every((scope) => own.includes(scope)))
        throw new ParleyError('forbidden', 'Nobody gives a key more than they may themselves.')
      const { name, scopes = null } = request.body
      const { id, key } = await operators.changePlatform(db, by, async (on) => {
        const made = await operators.createPlatformKey(on, { ...request.body, createdBy: by.label })
        const subject = { type: 'platform_key', id: made.id }
        return [made, { action: 'platform_key.created', subject, changes: { name, scopes } }]
      })
      const row = (await operators.listPlatformKeys(db)).find((one) => one.id === id) as operators.PlatformKeyRow
      return reply.code(201).send({ ...keyView(row), key })
    },
  )
  server.delete(
    '/platform/keys/:id',
    {
      config,
      schema: {
        tags,
        summary: 'Revoke a platform key, with those that were made with it',
        params: z.object({ id: z.uuid() }),
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const own = request.operator?.scopes
      await operators.changePlatform(db, byRequest(request, 'operator'), async (on) => [
        null,
        ...(await operators.revokePlatformKey(on, id, own)),
      ])
      return reply.code(204).send(null)
    },
  )
  server.get(
    '/platform/operators',
    {
      config,
      schema: { tags, summary: 'Who runs this server', response: { 200: z.object({ items: z.array(schema.operatorView) }) } },
    },
    async () => ({
      items: (await operators.listOperators(db)).map((row) => ({
        userId: row.user_id,
        email: row.email,
        grantedBy: row.granted_by,
        createdAt: row.created_at.toISOString(),
      })),
    }),
  )
  server.post(
    '/platform/operators',
    {
      config,
      schema: {
        tags,
        summary: 'Make somebody who signs in here an operator',
        body: schema.addOperator,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const by = byRequest(request, 'operator')
      if (request.operator?.scopes)
        throw new ParleyError('forbidden', 'A key with scopes cannot make operators: they may do everything.')
      const { email } = request.body
      await operators.changePlatform(db, by, async (on) => {
        if (!(await operators.addOperator(on, email, by.label)))
          throw new ParleyError('not_found', `Nobody signs in as ${email}. Invite them to a business first.`)
        return [undefined, { action: 'operator.added', subject: { type: 'operator' }, changes: { email } }]
      })
      return reply.code(204).send(null)
    },
  )
  server.delete(
    '/platform/operators/:userId',
    {
      config,
      schema: {
        tags,
        summary: 'Take the rights of an operator away',
        params: z.object({ userId: z.uuid() }),
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { userId } = request.params
      if (request.operator?.scopes)
        throw new ParleyError('forbidden', 'A key with scopes takes no operator away: they may do everything.')
      await operators.changePlatform(db, byRequest(request, 'operator'), async ({ pool }) => {
        const ended = await operators.removeOperator(pool, userId)
        return [null, { action: 'operator.removed', subject: { type: 'operator', id: userId } }, ...ended]
      })
      return reply.code(204).send(null)
    },
  )
}
