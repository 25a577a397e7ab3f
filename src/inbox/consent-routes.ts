/** What a person agreed to, as far as the business knows. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { type ConsentRow, consentsOf, keepConsent, standing } from '../conversations/consents.ts'
import { ParleyError } from '../kernel/errors.ts'
import { readTenant, type Tx } from '../platform/db/tx.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import * as schema from './consent-schema.ts'
import { requireContact } from './store.ts'
import { change, type InboxDeps } from './verbs.ts'

const params = z.object({ id: z.uuid() })
const tags = ['Contacts']

const standingView = (row: ConsentRow): schema.StandingConsent => ({
  ...{ channel: row.channel, topic: row.topic, state: row.state, source: row.source },
  since: row.occurred_at.toISOString(),
})
const consentView = (row: ConsentRow): schema.ConsentView => ({
  ...{ id: row.id, channel: row.channel, topic: row.topic, state: row.state, source: row.source, wording: row.wording },
  ...{ by: row.actor, messageId: row.message_id },
  at: row.occurred_at.toISOString(),
  writtenAt: row.created_at.toISOString(),
})

async function show(tx: Tx, contactId: string): Promise<schema.Consents> {
  await requireContact(tx, contactId)
  const rows = await consentsOf(tx, contactId)
  return { standing: standing(rows).map(standingView), history: rows.map(consentView) }
}

export const consentRoutes: FastifyPluginAsyncZod<{ deps: InboxDeps }> = async (server, { deps }) => {
  server.get(
    '/contacts/:id/consents',
    {
      config: { access: 'contacts.read' },
      schema: { tags, summary: 'What they agreed to, and when they said so', params, response: { 200: schema.consents } },
    },
    (request) => readTenant(deps.db, actorOf(request).tenantId, (tx) => show(tx, request.params.id)),
  )
  server.post(
    '/contacts/:id/consents',
    {
      config: { access: 'contacts.write' },
      schema: {
        tags,
        summary: 'Write down what they said elsewhere: that they want messages on a channel, or none',
        params,
        body: schema.addConsent,
        response: { 201: schema.consents },
      },
    },
    async (request, reply) => {
      const actor = actorOf(request)
      const { channel } = request.body
      if (![...deps.channels.values()].some((one) => one.channel === channel))
        throw new ParleyError('invalid_request', `There is no channel ${channel} on this server.`)
      const shown = await change(deps, actor, async (tx) => {
        const now = (deps.now ?? (() => new Date()))()
        await keepConsent(tx, { contactId: request.params.id, ...request.body, actor: actor.label, now })
        return await show(tx, request.params.id)
      })
      return reply.code(201).send(shown)
    },
  )
}
