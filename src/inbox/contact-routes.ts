/** Contacts: the list, one, and what a person changes of one. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { appendEvent } from '../conversations/feed.ts'
import { inTenant, readTenant } from '../platform/db/tx.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import * as schema from './schema.ts'
import * as store from './store.ts'
import * as verbs from './verbs.ts'
import * as view from './view.ts'

const params = z.object({ id: schema.id })

export const contactRoutes: FastifyPluginAsyncZod<{ deps: verbs.InboxDeps }> = async (server, { deps }) => {
  const { db } = deps
  server.get(
    '/contacts',
    {
      config: { access: 'contacts.read' },
      schema: {
        tags: ['Contacts'],
        summary: 'List, newest first',
        querystring: z.object({
          q: schema.wanted.optional(),
          cursor: z.string().max(200).optional(),
          limit: z.coerce.number().int().min(1).max(100).default(50),
        }),
        response: { 200: schema.page(schema.contactView) },
      },
    },
    async (request) => {
      const by = request.query.q === undefined ? db : deps.searching
      const { rows, next } = await readTenant(by, actorOf(request).tenantId, (tx) => store.listContacts(tx, request.query))
      return { items: rows.map(view.contactView), next }
    },
  )
  server.get(
    '/contacts/:id',
    {
      config: { access: 'contacts.read' },
      schema: { tags: ['Contacts'], summary: 'One', params, response: { 200: schema.contactView } },
    },
    async (request) =>
      view.contactView(await inTenant(db, actorOf(request).tenantId, (tx) => store.requireContact(tx, request.params.id))),
  )
  server.patch(
    '/contacts/:id',
    {
      config: { access: 'contacts.write' },
      schema: {
        tags: ['Contacts'],
        summary: 'Name, notes, block',
        params,
        body: schema.patchContact,
        response: { 200: schema.contactView },
      },
    },
    async (request) => {
      const actor = actorOf(request)
      return await verbs.change(deps, actor, async (tx) => {
        await store.patchContact(tx, request.params.id, request.body)
        await appendEvent(tx, { type: 'contact.updated', actor: actor.label, data: { contactId: request.params.id } })
        return view.contactView(await store.requireContact(tx, request.params.id))
      })
    },
  )
}
