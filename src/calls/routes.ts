import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { notFound } from '../kernel/errors.ts'
import { inTenant, readTenant } from '../platform/db/tx.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import { type CallDeps, timeOf } from './deps.ts'
import { findCall, listCalls, readStory } from './list.ts'
import { previewCall } from './preview.ts'
import * as schema from './schema.ts'
import { callSettingsRoutes } from './settings-routes.ts'
import { callView, previewed, storyView, tableView } from './view.ts'

const params = z.object({ id: z.uuid() })
const tags = ['Calls']

export const callRoutes: FastifyPluginAsyncZod<{ deps: CallDeps }> = async (server, { deps }) => {
  const { db } = deps
  server.get(
    '/calls',
    {
      config: { access: 'conversations.read' },
      schema: { tags, summary: 'List, newest first', querystring: schema.listCalls, response: { 200: schema.callPage } },
    },
    async (request) => {
      const { rows, next } = await readTenant(db, actorOf(request).tenantId, (tx) => listCalls(tx, request.query))
      return { items: rows.map(callView), next }
    },
  )
  server.get(
    '/calls/:id',
    { config: { access: 'conversations.read' }, schema: { tags, summary: 'One', params, response: { 200: schema.callView } } },
    (request) =>
      readTenant(db, actorOf(request).tenantId, async (tx) => {
        const row = await findCall(tx, request.params.id)
        if (!row) throw notFound('The call')
        return callView(row)
      }),
  )
  server.get(
    '/calls/:id/story',
    {
      config: { access: 'conversations.read' },
      schema: {
        tags,
        summary: 'What came of it: conversation, lead, text, and why',
        params,
        response: { 200: schema.callStory },
      },
    },
    (request) =>
      readTenant(db, actorOf(request).tenantId, async (tx) => {
        const row = await findCall(tx, request.params.id)
        if (!row) throw notFound('The call')
        return storyView(row, await readStory(tx, row))
      }),
  )
  server.post(
    '/calls/preview',
    {
      config: { access: 'conversations.read' },
      schema: {
        tags,
        summary: 'What would happen to a call',
        description: 'By the same table of decisions, with what is known now of the caller and the number. Nothing is written.',
        body: schema.previewBody,
        response: { 200: schema.previewView },
      },
    },
    (request) =>
      inTenant(db, actorOf(request).tenantId, async (tx) => {
        const { outcome, at, local, ...more } = request.body
        const moment = local ? { local } : at ? new Date(at) : timeOf(deps)
        return previewed(
          await previewCall(tx, { ...more, outcome: outcome as never, at: moment }, [...deps.telephony.keys()], deps.channels),
        )
      }),
  )
  server.get(
    '/calls/rules',
    {
      config: { access: 'conversations.read' },
      schema: { tags, summary: 'The table of decisions, in its order', response: { 200: schema.ruleTable } },
    },
    async () => tableView(),
  )
  await server.register(callSettingsRoutes, { deps })
}
