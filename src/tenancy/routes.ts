import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { z } from 'zod'
import { ParleyError } from '../kernel/errors.ts'
import { type Database, inTenant } from '../platform/db/tx.ts'
import { type ApiKeyRow, createApiKey, listApiKeys, revokeApiKey } from './api-keys.ts'
import { actorOf, requireSameOrigin } from './authenticate.ts'
import { apiKeyView, createApiKey as createApiKeyBody, createdApiKey, sessionView, signIn as signInBody } from './schema.ts'
import { findSession, signIn, signOut, wholeSession } from './sessions.ts'
import { memberView } from './team-schema.ts'
import { listMembers } from './tenants.ts'

const keyView = (row: ApiKeyRow) => ({
  id: row.id,
  name: row.name,
  hint: row.key_hint,
  role: row.role,
  scopes: row.scopes,
  createdBy: row.created_by,
  createdAt: row.created_at.toISOString(),
  expiresAt: row.expires_at?.toISOString() ?? null,
  lastUsedAt: row.last_used_at?.toISOString() ?? null,
  revokedAt: row.revoked_at?.toISOString() ?? null,
})

export const tenancyRoutes: FastifyPluginAsyncZod<{ db: Database; cookieName: string; publicUrl: () => string }> = async (
  server,
  { db, cookieName, publicUrl },
) => {
  // Ten tries a minute from one place and for one name, whichever is used up first.
  const byAddress = new RateLimiterMemory({ points: 10, duration: 60 })
  const byName = new RateLimiterMemory({ points: 10, duration: 60 })

  server.post(
    '/session',
    {
      config: { access: 'public' },
      schema: { tags: ['Session'], summary: 'Sign in', body: signInBody, response: { 200: sessionView } },
    },
    async (request, reply) => {
      requireSameOrigin(request, publicUrl())
      await Promise.all([byAddress.consume(request.ip), byName.consume(request.body.email.toLowerCase())]).catch(() => {
        throw new ParleyError('too_many_requests', 'Too many attempts. Wait a minute and try again.')
      })
      const { token, expiresAt } = await signIn(db, request.body)
      const found = await findSession(db, token)
      if (!found) throw new ParleyError('not_signed_in', 'Sign in again.')
      reply.setCookie(cookieName, token, {
        path: '/',
        httpOnly: true,
        sameSite: 'lax',
        secure: cookieName.startsWith('__Host-'),
        expires: expiresAt,
      })
      return await wholeSession(db, found.view)
    },
  )
  server.get(
    '/session',
    {
      config: { access: 'signed_in' },
      schema: { tags: ['Session'], summary: 'Who is signed in', response: { 200: sessionView } },
    },
    async (request) => {
      if (!request.session) throw new ParleyError('not_signed_in', 'Sign in first.')
      return await wholeSession(db, request.session)
    },
  )
  server.delete(
    '/session',
    { config: { access: 'signed_in' }, schema: { tags: ['Session'], summary: 'Sign out', response: { 204: z.null() } } },
    async (request, reply) => {
      await signOut(db, request.cookies[cookieName] ?? '')
      return reply.clearCookie(cookieName, { path: '/' }).code(204).send(null)
    },
  )
  server.get(
    '/members',
    {
      config: { access: 'members.read' },
      schema: { tags: ['Team'], summary: 'Who works here', response: { 200: z.object({ items: z.array(memberView) }) } },
    },
    async (request) => ({
      items: await inTenant({ pool: db.pool }, actorOf(request).tenantId, listMembers),
    }),
  )
  server.get(
    '/api-keys',
    {
      config: { access: 'api_keys.manage' },
      schema: { tags: ['API keys'], summary: 'List', response: { 200: z.object({ items: z.array(apiKeyView) }) } },
    },
    async (request) => ({
      items: (await inTenant(db, actorOf(request).tenantId, listApiKeys)).map(keyView),
    }),
  )
  server.post(
    '/api-keys',
    {
      config: { access: 'api_keys.manage' },
      schema: {
        tags: ['API keys'],
        summary: 'Make one; the key is shown this once',
        body: createApiKeyBody,
        response: { 201: createdApiKey },
      },
    },
    async (request, reply) => {
      const made = await inTenant(db, actorOf(request).tenantId, (tx) => createApiKey(tx, request.body))
      return reply.code(201).send({ ...keyView(made.row), key: made.key })
    },
  )
  server.delete(
    '/api-keys/:id',
    {
      config: { access: 'api_keys.manage' },
      schema: { tags: ['API keys'], summary: 'Revoke', params: z.object({ id: z.uuid() }), response: { 204: z.null() } },
    },
    async (request, reply) => {
      await inTenant(db, actorOf(request).tenantId, (tx) => revokeApiKey(tx, request.params.id))
      return reply.code(204).send(null)
    },
  )
}
