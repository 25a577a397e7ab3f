import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { inTenant } from '../platform/db/tx.ts'
import { type ApiKeyRow, createApiKey, listApiKeys, revokeApiKey } from './api-keys.ts'
import { byRequest } from './audit.ts'
import { readAudit } from './audit-log.ts'
import { actorOf } from './authenticate.ts'
import { changeBusiness, readBusiness } from './business.ts'
import { businessView, patchBusiness } from './business-schema.ts'
import { requireCan } from './can.ts'
import type { PeopleDeps } from './deps.ts'
import { apiKeyView, auditPage, createApiKey as createApiKeyBody, createdApiKey, listAudit } from './schema.ts'

const keys = ['API keys']
const business = ['Business']

export const businessRoutes: FastifyPluginAsyncZod<{ deps: PeopleDeps }> = async (server, { deps }) => {
  const { db, changed } = deps
  server.get(
    '/business',
    {
      config: { access: 'business.read' },
      schema: { tags: business, summary: 'What the business says about itself', response: { 200: businessView } },
    },
    (request) => inTenant(db, actorOf(request).tenantId, readBusiness),
  )
  server.patch(
    '/business',
    {
      config: { access: 'business.write' },
      schema: {
        tags: business,
        summary: 'Change it; what is not named stays',
        description: 'Settings are patched by key, hours by day.',
        body: patchBusiness,
        response: { 200: businessView },
      },
    },
    (request) => {
      const actor = actorOf(request)
      // To keep less is to delete: for those who may delete.
      if (request.body.retention) requireCan(actor, 'business.delete')
      return inTenant(db, actor.tenantId, (tx) => changeBusiness(tx, { by: byRequest(request), changed }, request.body))
    },
  )
  server.get(
    '/audit',
    {
      config: { access: 'audit.read' },
      schema: { tags: business, summary: 'Who did what, newest first', querystring: listAudit, response: { 200: auditPage } },
    },
    (request) => inTenant(db, actorOf(request).tenantId, (tx) => readAudit(tx, request.query)),
  )

  server.get(
    '/api-keys',
    {
      config: { access: 'api_keys.manage' },
      schema: { tags: keys, summary: 'List', response: { 200: z.object({ items: z.array(apiKeyView) }) } },
    },
    async (request) => ({ items: (await inTenant(db, actorOf(request).tenantId, listApiKeys)).map(keyView) }),
  )
  server.post(
    '/api-keys',
    {
      config: { access: 'api_keys.manage' },
      schema: {
        tags: keys,
        summary: 'Make one; the key is shown this once',
        description:
          'A key may at most what who made it may, for as long as they do: one made with a key ends with that one, one made by a person when the person leaves.',
        body: createApiKeyBody,
        response: { 201: createdApiKey },
      },
    },
    async (request, reply) => {
      const actor = actorOf(request)
      const made = await inTenant(db, actor.tenantId, (tx) => createApiKey(tx, request.body, { actor, by: byRequest(request) }))
      return reply.code(201).send({ ...keyView(made.row), key: made.key })
    },
  )
  server.delete(
    '/api-keys/:id',
    {
      config: { access: 'api_keys.manage' },
      schema: {
        tags: keys,
        summary: 'Revoke, with the keys that were made with it',
        params: z.object({ id: z.uuid() }),
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const actor = actorOf(request)
      await inTenant(db, actor.tenantId, (tx) => revokeApiKey(tx, request.params.id, byRequest(request), actor))
      return reply.code(204).send(null)
    },
  )
}

const keyView = (row: ApiKeyRow) => ({
  id: row.id,
  name: row.name,
  hint: row.key_hint,
  role: row.role,
  effectiveRole: row.effective_role,
  scopes: row.scopes,
  createdBy: row.created_by,
  createdAt: row.created_at.toISOString(),
  expiresAt: row.expires_at?.toISOString() ?? null,
  lastUsedAt: row.last_used_at?.toISOString() ?? null,
  revokedAt: row.revoked_at?.toISOString() ?? null,
})
