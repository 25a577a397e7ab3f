import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { notFound } from '../kernel/errors.ts'
import { inTenant } from '../platform/db/tx.ts'
import { selfOf } from './authenticate.ts'
import { setSession } from './cookies.ts'
import type { PeopleDeps } from './deps.ts'
import * as body from './people-schema.ts'
import { changePassword, changePreferences, changeProfile, changeSelf, readMe } from './profile.ts'
import { beginTotp, confirmTotp, dropTotp } from './second-factor.ts'
import { endSessions } from './sessions.ts'
import { provePassword } from './sign-in.ts'

const config = { access: 'signed_in' } as const
// A password that somebody else knows must be changed at once, whatever became of the business.
const ownWayIn = { access: 'signed_in', ownWayIn: true } as const
const tags = ['Me']
const nothing = { 204: z.null() }

export const meRoutes: FastifyPluginAsyncZod<{ deps: PeopleDeps }> = async (server, { deps }) => {
  const { db, secrets, throttle, presence } = deps
  server.get(
    '/me',
    { config, schema: { tags, summary: 'What is kept about the person who asks', response: { 200: body.meView } } },
    (request) => readMe(db, selfOf(request)),
  )
  server.patch(
    '/me',
    {
      config,
      schema: {
        tags,
        summary: 'Change name, number and address in this business',
        body: body.patchMe,
        response: { 200: body.meView },
      },
    },
    async (request) => {
      const self = selfOf(request)
      const tenant = self.session.tenant
      if (!tenant) throw notFound('A profile in a business')
      await inTenant(db, tenant.id, (tx) => changeProfile(tx, deps.changed, self, request.body))
      return await readMe(db, self)
    },
  )
  server.patch(
    '/me/preferences',
    {
      config,
      schema: { tags, summary: 'Change preferences', body: body.patchPreferences, response: { 200: body.preferences } },
    },
    (request) => changePreferences(db, selfOf(request).session.user.id, request.body),
  )
  server.put(
    '/me/presence',
    {
      config,
      schema: {
        tags,
        summary: 'Show colleagues whether one is available',
        body: body.putPresence,
        response: { 200: body.presenceView },
      },
    },
    (request) => presence.setStatus(selfOf(request).session.user.id, request.body.status),
  )
  server.post(
    '/me/password',
    {
      config: ownWayIn,
      schema: { tags, summary: 'Change the password; ends every other session', body: body.changePassword, response: nothing },
    },
    async (request, reply) => {
      const self = selfOf(request)
      await throttle.takeFor(self.session.user.id)
      setSession(reply, deps.cookieName, await changePassword(db, self, request.body))
      return reply.code(204).send(null)
    },
  )
  server.post(
    '/me/totp',
    {
      config: ownWayIn,
      schema: {
        tags,
        summary: 'Begin to set up an authenticator',
        body: body.provePassword,
        response: { 200: body.totpSecret },
      },
    },
    async (request) => {
      const { user } = selfOf(request).session
      await throttle.takeFor(user.id)
      await provePassword(db, user.id, request.body.password)
      return await beginTotp(db.pool, secrets, user)
    },
  )
  server.post(
    '/me/totp/confirm',
    {
      config: ownWayIn,
      schema: {
        tags,
        summary: 'Confirm it with a code; ends every other session',
        body: body.confirmTotp,
        response: { 200: body.recoveryCodes },
      },
    },
    async (request) => {
      const self = selfOf(request)
      const { id } = self.session.user
      await throttle.takeFor(id)
      const recoveryCodes = await changeSelf(db, self, { action: 'person.authenticator_added' }, async (q) => {
        const codes = await confirmTotp(q, secrets, id, request.body.code)
        await endSessions(q, id, self.sessionId)
        return codes
      })
      return { recoveryCodes }
    },
  )
  server.delete(
    '/me/totp',
    { config: ownWayIn, schema: { tags, summary: 'Remove the authenticator', body: body.provePassword, response: nothing } },
    async (request, reply) => {
      const self = selfOf(request)
      const { id } = self.session.user
      await throttle.takeFor(id)
      await provePassword(db, id, request.body.password)
      await changeSelf(db, self, { action: 'person.authenticator_removed' }, (q) => dropTotp(q, id))
      return reply.code(204).send(null)
    },
  )
}
