import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { inTenant } from '../platform/db/tx.ts'
import { byRequest } from './audit.ts'
import { actorOf } from './authenticate.ts'
import type { PeopleDeps } from './deps.ts'
import { invite, listInvitations, renewInvitation, revokeInvitation } from './invitations.ts'
import { changeMember, listMembers, removeMember } from './members.ts'
import { linkForMember } from './password-resets.ts'
import { createdInvitation, createInvitation, invitationView, memberView, patchMember, resetLink } from './team-schema.ts'

const params = z.object({ id: z.uuid() })
const nothing = { 204: z.null() }
const manage = { access: 'members.manage' } as const
const members = ['Team']
const invitations = ['Invitations']

export const teamRoutes: FastifyPluginAsyncZod<{ deps: PeopleDeps }> = async (server, { deps }) => {
  const { db, changed } = deps
  const manager = (request: FastifyRequest) => ({ actor: actorOf(request), by: byRequest(request), changed })

  server.get(
    '/members',
    {
      config: { access: 'members.read' },
      schema: { tags: members, summary: 'Who works here', response: { 200: z.object({ items: z.array(memberView) }) } },
    },
    async (request) => ({ items: await inTenant(db, actorOf(request).tenantId, listMembers) }),
  )
  server.patch(
    '/members/:id',
    {
      config: manage,
      schema: {
        tags: members,
        summary: 'Change role or name',
        description: 'Nobody gives, changes or takes a role above their own; the last owner stays one.',
        params,
        body: patchMember,
        response: { 200: memberView },
      },
    },
    async (request) =>
      await inTenant(db, actorOf(request).tenantId, (tx) =>
        changeMember(tx, manager(request), request.params.id, request.body),
      ),
  )
  server.delete(
    '/members/:id',
    {
      config: manage,
      schema: { tags: members, summary: 'Remove from this business; ends their sessions here', params, response: nothing },
    },
    async (request, reply) => {
      await inTenant(db, actorOf(request).tenantId, (tx) => removeMember(tx, manager(request), request.params.id))
      return reply.code(204).send(null)
    },
  )
  server.post(
    '/members/:id/password-reset',
    {
      config: manage,
      schema: {
        tags: members,
        summary: 'A link to hand over to somebody who forgot their password',
        description: 'Not for somebody who also works for another business or runs the server.',
        params,
        response: { 200: resetLink },
      },
    },
    async (request) => {
      const link = await inTenant(db, actorOf(request).tenantId, (tx) =>
        linkForMember(deps, tx, manager(request), request.params.id),
      )
      return { url: link.url, expiresAt: link.expiresAt.toISOString() }
    },
  )

  server.get(
    '/invitations',
    {
      config: manage,
      schema: {
        tags: invitations,
        summary: 'Who was invited',
        response: { 200: z.object({ items: z.array(invitationView) }) },
      },
    },
    async (request) => ({ items: await inTenant(db, actorOf(request).tenantId, listInvitations) }),
  )
  server.post(
    '/invitations',
    {
      config: manage,
      schema: {
        tags: invitations,
        summary: 'Invite somebody; the link is shown this once',
        description: 'Also mailed where this server can send mail. Replaces an open invitation to the same address.',
        body: createInvitation,
        response: { 201: createdInvitation },
      },
    },
    async (request, reply) => {
      const { view, url } = await invite(deps, manager(request), request.body)
      return reply.code(201).send({ ...view, url })
    },
  )
  server.post(
    '/invitations/:id/renew',
    {
      config: manage,
      schema: {
        tags: invitations,
        summary: 'Another link with a new term; the old one ends',
        params,
        response: { 200: createdInvitation },
      },
    },
    async (request) => {
      const { view, url } = await renewInvitation(deps, manager(request), request.params.id)
      return { ...view, url }
    },
  )
  server.delete(
    '/invitations/:id',
    { config: manage, schema: { tags: invitations, summary: 'Withdraw', params, response: nothing } },
    async (request, reply) => {
      await inTenant(db, actorOf(request).tenantId, (tx) => revokeInvitation(tx, manager(request), request.params.id))
      return reply.code(204).send(null)
    },
  )
}
