/** The ways in for those who are not signed in: first owner, invitation, forgotten password. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { acceptInvitation, lookAtInvitation } from './accept.ts'
import { requireSameOrigin } from './authenticate.ts'
import { deviceOf, visitorOf, welcome } from './cookies.ts'
import type { PeopleDeps } from './deps.ts'
import { enqueueReset } from './mail.ts'
import { confirmReset } from './password-resets.ts'
import { askPasswordReset, confirmPasswordReset, setupView, signUp as signUpBody } from './people-schema.ts'
import { sessionView } from './schema.ts'
import { readSetup, signUp } from './sign-up.ts'
import { acceptInvitation as acceptBody, invitationLook, lookAtInvitation as lookBody } from './team-schema.ts'

const config = { access: 'public' } as const
const tags = ['Ways in']

export const entryRoutes: FastifyPluginAsyncZod<{ deps: PeopleDeps }> = async (server, { deps }) => {
  const { db, throttle, cookieName } = deps
  server.addHook('preValidation', async (request) => {
    if (request.method !== 'GET') requireSameOrigin(request, deps.publicUrl())
  })
  server.get('/setup', { config, schema: { tags, summary: 'What a visitor may do here', response: { 200: setupView } } }, () =>
    readSetup(deps),
  )
  server.post(
    '/sign-up',
    {
      config,
      schema: {
        tags,
        summary: 'Make a business and become its owner',
        description: 'The first person of a server also runs it. Who signs in here already proves it with their password.',
        body: signUpBody,
        response: { 201: sessionView },
      },
    },
    async (request, reply) => {
      await throttle.take({ ip: request.ip, email: request.body.email, device: deviceOf(request, cookieName) })
      const session = await welcome(deps, reply, await signUp(deps, request.body, visitorOf(request)))
      return reply.code(201).send(session)
    },
  )
  server.post(
    '/password-resets',
    {
      config,
      schema: {
        tags,
        summary: 'Ask for a link to choose a new password',
        description: 'The answer is the same, and takes as long, whether or not anybody signs in with this address.',
        body: askPasswordReset,
        response: { 202: z.object({}) },
      },
    },
    async (request, reply) => {
      await throttle.take({ ip: request.ip })
      if (deps.mail) await enqueueReset(deps, request.body.email)
      return reply.code(202).send({})
    },
  )
  server.post(
    '/password-resets/confirm',
    { config, schema: { tags, summary: 'Choose a new password', body: confirmPasswordReset, response: { 204: z.null() } } },
    async (request, reply) => {
      await throttle.take({ ip: request.ip })
      await confirmReset(db, request.body, visitorOf(request))
      return reply.code(204).send(null)
    },
  )
  server.post(
    '/invitations/look',
    { config, schema: { tags, summary: 'What an invitation is for', body: lookBody, response: { 200: invitationLook } } },
    async (request) => {
      const { business, email, role, knownUser } = await lookAtInvitation(db, request.body.token)
      return { business, email, role, knownPerson: knownUser !== null }
    },
  )
  server.post(
    '/invitations/accept',
    {
      config,
      schema: {
        tags,
        summary: 'Accept an invitation',
        description:
          'A new person chooses a password; who signs in here already gives theirs, and a code where one is asked for.',
        body: acceptBody,
        response: { 200: sessionView },
      },
    },
    async (request, reply) => {
      const { email } = await lookAtInvitation(db, request.body.token)
      await throttle.take({ ip: request.ip, email, device: deviceOf(request, cookieName) })
      return await welcome(deps, reply, await acceptInvitation(deps, request.body, visitorOf(request)))
    },
  )
}
