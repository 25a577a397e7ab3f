import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { inTenant } from '../platform/db/tx.ts'
import { byRequest } from '../tenancy/audit.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import type { Actor } from '../tenancy/can.ts'
import { countConversations } from './counts.ts'
import * as schema from './label-schema.ts'
import * as labels from './labels.ts'
import { conversationView } from './schema.ts'
import { requireConversation } from './store.ts'
import { change, type InboxDeps } from './verbs.ts'
import * as view from './view.ts'

const params = z.object({ id: z.uuid() })
const onConversation = z.object({ id: z.uuid(), labelId: z.uuid() })
const tags = ['Labels']

export const labelRoutes: FastifyPluginAsyncZod<{ deps: InboxDeps }> = async (server, { deps }) => {
  server.get(
    '/labels',
    {
      config: { access: 'conversations.read' },
      schema: { tags, summary: 'All, by name', response: { 200: z.object({ items: z.array(schema.labelView) }) } },
    },
    async (request) => ({ items: await inTenant(deps.db, actorOf(request).tenantId, labels.listLabels) }),
  )
  server.post(
    '/labels',
    {
      config: { access: 'business.write' },
      schema: { tags, summary: 'Make one', body: schema.createLabel, response: { 201: schema.labelView } },
    },
    async (request, reply) =>
      reply.code(201).send(await change(deps, actorOf(request), (tx) => labels.addLabel(tx, byRequest(request), request.body))),
  )
  server.patch(
    '/labels/:id',
    {
      config: { access: 'business.write' },
      schema: { tags, summary: 'Name, colour', params, body: schema.patchLabel, response: { 200: schema.labelView } },
    },
    (request) =>
      change(deps, actorOf(request), (tx) => labels.patchLabel(tx, byRequest(request), request.params.id, request.body)),
  )
  server.delete(
    '/labels/:id',
    {
      config: { access: 'business.write' },
      schema: { tags, summary: 'Delete; conversations lose it', params, response: { 204: z.null() } },
    },
    async (request, reply) => {
      await change(deps, actorOf(request), (tx) => labels.removeLabel(tx, byRequest(request), request.params.id))
      return reply.code(204).send(null)
    },
  )
  const onOne = async (actor: Actor, ids: z.infer<typeof onConversation>, verb: typeof labels.putLabel) =>
    await change(deps, actor, async (tx) => {
      await verb(tx, actor, ids.id, ids.labelId)
      return view.conversationView(deps.channels, await requireConversation(tx, ids.id))
    })
  server.put(
    '/conversations/:id/labels/:labelId',
    {
      config: { access: 'conversations.write' },
      schema: { tags, summary: 'Put on a conversation', params: onConversation, response: { 200: conversationView } },
    },
    (request) => onOne(actorOf(request), request.params, labels.putLabel),
  )
  server.delete(
    '/conversations/:id/labels/:labelId',
    {
      config: { access: 'conversations.write' },
      schema: { tags, summary: 'Take off a conversation', params: onConversation, response: { 200: conversationView } },
    },
    (request) => onOne(actorOf(request), request.params, labels.takeLabel),
  )
  server.get(
    '/conversations/counts',
    {
      config: { access: 'conversations.read' },
      schema: {
        tags: ['Conversations'],
        summary: 'How many are open, unread, unassigned, mine, by label',
        response: { 200: schema.countsView },
      },
    },
    (request) => {
      const actor = actorOf(request)
      return inTenant(deps.db, actor.tenantId, (tx) => countConversations(tx, actor.userId))
    },
  )
}
