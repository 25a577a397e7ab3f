/** How calls are taken and missed calls answered, as a business sets it. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { inTenant } from '../platform/db/tx.ts'
import { byRequest } from '../tenancy/audit.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import { standardSettings, standardWords, wordsIn } from './defaults.ts'
import type { CallDeps } from './deps.ts'
import * as schema from './schema.ts'
import { changeCallSettings, filled, readCallSettings, settingsView } from './settings.ts'
import { piecesOf } from './view.ts'

const tags = ['Business']
const config = { access: 'business.read' } as const

export const callSettingsRoutes: FastifyPluginAsyncZod<{ deps: CallDeps }> = async (server, { deps }) => {
  const { db } = deps
  server.get(
    '/business/calls',
    {
      config,
      schema: {
        tags,
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
        tags,
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
  server.get(
    '/business/calls/standards',
    {
      config,
      schema: { tags, summary: 'What it is as long as nothing is changed', response: { 200: schema.standards } },
    },
    (request) =>
      inTenant(db, actorOf(request).tenantId, async (tx) => {
        const { language } = await readCallSettings(tx)
        return { settings: standardSettings(language), words: standardWords, language: wordsIn(language) }
      }),
  )
  server.post(
    '/business/calls/measure',
    {
      config,
      schema: {
        ...{ tags, summary: 'A text as it would be sent, and how long it is', body: schema.measureText },
        response: { 200: schema.measuredText },
      },
    },
    (request) =>
      inTenant(db, actorOf(request).tenantId, async (tx) => {
        const text = filled(request.body.text, await readCallSettings(tx))
        return { text, ...piecesOf(text) }
      }),
  )
}
