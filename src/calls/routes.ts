import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { notFound } from '../kernel/errors.ts'
import { inTenant, readTenant } from '../platform/db/tx.ts'
import { byRequest } from '../tenancy/audit.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import { type CallDeps, timeOf } from './deps.ts'
import { findCall, listCalls, readStory } from './list.ts'
import { previewCall } from './preview.ts'
import * as schema from './schema.ts'
import { changeCallSettings, readCallSettings, settingsView } from './settings.ts'
import { callView, meaningOf, storyView } from './view.ts'

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
      readTenant(db, actorOf(request).tenantId, async (tx) => {
        const { from, outcome, at, accountId } = request.body
        const asked = { from, outcome: outcome as never, at: at ? new Date(at) : timeOf(deps), accountId }
        const { decision, version, facts, text, textAt } = await previewCall(tx, asked, [...deps.telephony.keys()])
        return {
          ...{ rule: decision.rule, version, means: meaningOf(decision.rule), texting: decision.text, text },
          ...{ textAt: textAt?.toISOString() ?? null, lead: decision.lead, alert: decision.alert, facts: { ...facts } },
        }
      }),
  )
  server.get(
    '/business/calls',
    {
      config: { access: 'business.read' },
      schema: {
        tags: ['Business'],
        summary: 'How calls are taken and missed calls answered',
        response: { 200: schema.callSettings },
      },
    },
    (request) => inTenant(db, actorOf(request).tenantId, async (tx) => settingsView(await readCallSettings(tx))),
  )
  server.patch(
    '/business/calls',
    {
      config: { access: 'business.write' },
      schema: {
        tags: ['Business'],
        summary: 'Change it; what is not named stays',
        body: schema.patchCallSettings,
        response: { 200: schema.callSettings },
      },
    },
    (request) =>
      inTenant(db, actorOf(request).tenantId, (tx) =>
        changeCallSettings(tx, { by: byRequest(request), changed: deps.changed }, request.body),
      ),
  )
}
