/** Through what the team writes: numbers and other addresses, and the templates they may send. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { listAccounts } from '../conversations/accounts.ts'
import { listTemplates } from '../conversations/templates.ts'
import { inTenant } from '../platform/db/tx.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import * as schema from './schema.ts'
import * as verbs from './verbs.ts'
import * as view from './view.ts'

const params = z.object({ id: schema.id })

export const inboxAccountRoutes: FastifyPluginAsyncZod<{ deps: verbs.InboxDeps }> = async (server, { deps }) => {
  const { db, channels } = deps
  server.get(
    '/accounts',
    {
      config: { access: 'accounts.read' },
      schema: {
        tags: ['Accounts'],
        summary: 'Numbers and other addresses of the business',
        response: { 200: z.object({ items: z.array(schema.accountView) }) },
      },
    },
    async (request) => ({
      items: (await inTenant(db, actorOf(request).tenantId, listAccounts)).map((row) => view.accountView(channels, row)),
    }),
  )
  server.post(
    '/accounts/:id/segments',
    {
      config: { access: 'conversations.read' },
      schema: {
        tags: ['Accounts'],
        summary: 'As how many pieces a text would be sent, on a channel that charges by the piece',
        params,
        body: schema.countSegments,
        response: { 200: schema.segmentsView },
      },
    },
    async (request) => verbs.countSegments(deps, actorOf(request).tenantId, request.params.id, request.body.text),
  )
  server.post(
    '/accounts/:id/check',
    {
      config: { access: 'accounts.write' },
      schema: {
        tags: ['Accounts'],
        summary: 'Ask the provider whether it works; mends a stopped account that works again',
        params,
        response: { 200: schema.accountView },
      },
    },
    async (request) => view.accountView(channels, await verbs.checkAccount(deps, actorOf(request), request.params.id)),
  )
  server.get(
    '/templates',
    {
      config: { access: 'templates.read' },
      schema: {
        tags: ['Templates'],
        summary: 'Our copy of the templates',
        querystring: z.object({ accountId: schema.id.optional() }),
        response: { 200: z.object({ items: z.array(schema.templateView) }) },
      },
    },
    async (request) => ({
      items: (await inTenant(db, actorOf(request).tenantId, (tx) => listTemplates(tx, request.query.accountId))).map((row) =>
        view.templateView(channels, row),
      ),
    }),
  )
  server.post(
    '/templates/sync',
    {
      config: { access: 'templates.sync' },
      schema: {
        tags: ['Templates'],
        summary: 'Read the templates from the provider',
        body: z.object({ accountId: schema.id }).strict(),
        response: { 200: z.object({ count: z.number().int() }) },
      },
    },
    async (request) => ({
      count: await verbs.syncTemplates(deps, actorOf(request).tenantId, request.body.accountId),
    }),
  )
}
