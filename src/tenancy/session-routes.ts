import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { requireSameOrigin, selfOf } from './authenticate.ts'
import { deviceOf, visitorOf, welcome } from './cookies.ts'
import type { PeopleDeps } from './deps.ts'
import { sessionItem } from './people-schema.ts'
import { sessionView, signIn as signInBody, switchTenant as switchBody } from './schema.ts'
import { findSession, listSessions, signOut, signOutElsewhere, switchTenant, wholeSession } from './sessions.ts'
import { signIn } from './sign-in.ts'

const tags = ['Session']
// Signing out and going over to another business must work whatever became of this one.
const signedIn = { access: 'signed_in', ownWayIn: true } as const
const nothing = { 204: z.null() }

export const sessionRoutes: FastifyPluginAsyncZod<{ deps: PeopleDeps }> = async (server, { deps }) => {
  const { db, cookieName, throttle } = deps
  server.post(
    '/session',
    {
      config: { access: 'public' },
      schema: {
        tags,
        summary: 'Sign in',
        description: 'Refused with `code_required` where the person uses an authenticator: again, with `code`.',
        body: signInBody,
        response: { 200: sessionView },
      },
    },
    async (request, reply) => {
      requireSameOrigin(request, deps.publicUrl())
      await throttle.take({ ip: request.ip, email: request.body.email, device: deviceOf(request, cookieName) })
      return await welcome(deps, reply, await signIn(deps, request.body, visitorOf(request)))
    },
  )
  server.get(
    '/session',
    { config: signedIn, schema: { tags, summary: 'Who is signed in', response: { 200: sessionView } } },
    async (request) => await wholeSession(db, selfOf(request).session),
  )
  server.patch(
    '/session',
    {
      config: signedIn,
      schema: { tags, summary: 'Look at another business', body: switchBody, response: { 200: sessionView } },
    },
    async (request) => {
      const self = selfOf(request)
      await switchTenant(db, { id: self.sessionId, userId: self.session.user.id }, request.body.tenantId)
      const found = await findSession(db, request.cookies[cookieName] ?? '')
      return await wholeSession(db, found?.view ?? self.session)
    },
  )
  server.delete(
    '/session',
    { config: signedIn, schema: { tags, summary: 'Sign out', response: nothing } },
    async (request, reply) => {
      await signOut(db, request.cookies[cookieName] ?? '', selfOf(request).by)
      return reply.clearCookie(cookieName, { path: '/' }).code(204).send(null)
    },
  )
  server.get(
    '/sessions',
    {
      config: signedIn,
      schema: { tags, summary: 'Where this person is signed in', response: { 200: z.object({ items: z.array(sessionItem) }) } },
    },
    async (request) => {
      const self = selfOf(request)
      return { items: await listSessions(db, self.session.user.id, self.sessionId) }
    },
  )
  server.delete(
    '/sessions/:id',
    {
      config: signedIn,
      schema: { tags, summary: 'Sign out there', params: z.object({ id: z.uuid() }), response: nothing },
    },
    async (request, reply) => {
      const { by, session, sessionId } = selfOf(request)
      await signOutElsewhere(db, { by, sessionId, userId: session.user.id }, request.params.id)
      return reply.code(204).send(null)
    },
  )
  server.delete(
    '/sessions',
    { config: signedIn, schema: { tags, summary: 'Sign out everywhere else', response: nothing } },
    async (request, reply) => {
      const { by, session, sessionId } = selfOf(request)
      await signOutElsewhere(db, { by, sessionId, userId: session.user.id })
      return reply.code(204).send(null)
    },
  )
}
