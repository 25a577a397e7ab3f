/** Numbers over HTTP: what they are bought with, what is for sale, and what becomes of those that were bought. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { notFound, ParleyError } from '../kernel/errors.ts'
import { inTenant, readTenant } from '../platform/db/tx.ts'
import { byRequest } from '../tenancy/audit.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import { numberLimit } from '../tenancy/tenants.ts'
import { checkDelivery, setAgain } from './delivery.ts'
import type { NumberDeps } from './deps.ts'
import { currentProvider, removeProvider, setProvider } from './provider.ts'
import * as schema from './schema.ts'
import { searchNumbers } from './search.ts'
import * as store from './store.ts'
import { provision, release, resume, suspend, tryNow } from './verbs.ts'
import { numberView, offered, providerView } from './view.ts'

const tags = ['Numbers']
const params = z.object({ id: z.uuid() })

export const numberRoutes: FastifyPluginAsyncZod<{ deps: NumberDeps }> = async (server, { deps }) => {
  const { db, secrets, seller } = deps
  const showProvider = (tenantId: string) =>
    inTenant(db, tenantId, async (tx) => providerView(await currentProvider(tx, secrets, seller.provider)))

  server.get(
    '/numbers/provider',
    {
      config: { access: 'numbers.manage' },
      schema: { tags, summary: 'Which account at Twilio numbers are bought in', response: { 200: schema.providerView } },
    },
    (request) => showProvider(actorOf(request).tenantId),
  )
  server.put(
    '/numbers/provider',
    {
      config: { access: 'numbers.manage' },
      schema: {
        ...{ tags, summary: 'Set it, or its new token' },
        description: 'Twilio is asked whether it is right before it is kept. A token counts for every number of that account.',
        ...{ body: schema.putProvider, response: { 200: schema.providerView } },
      },
    },
    async (request) => {
      const { tenantId } = actorOf(request)
      const { accountSid, ...credentials } = request.body
      const given = Object.fromEntries(
        Object.entries(credentials).filter((pair): pair is [string, string] => pair[1] !== undefined),
      )
      await setProvider(deps, byRequest(request), tenantId, { accountSid, credentials: given })
      return await showProvider(tenantId)
    },
  )
  server.delete(
    '/numbers/provider',
    {
      config: { access: 'numbers.manage' },
      schema: { tags, summary: 'Forget it; refused while a number of it is there', response: { 204: z.null() } },
    },
    async (request, reply) => {
      await removeProvider(deps, byRequest(request), actorOf(request).tenantId)
      return reply.code(204).send(null)
    },
  )
  server.get(
    '/numbers/available',
    {
      config: { access: 'numbers.manage' },
      schema: {
        ...{ tags, summary: 'Numbers that are for sale, with their price' },
        ...{ querystring: schema.searchNumbers, response: { 200: schema.offers } },
      },
    },
    async (request) => {
      const { sms, voice, mms, ...query } = request.query
      const needs = (['sms', 'voice', 'mms'] as const).filter((one) => ({ sms, voice, mms })[one])
      return { items: (await searchNumbers(deps, actorOf(request).tenantId, { ...query, needs })).map(offered) }
    },
  )
  server.get(
    '/numbers',
    {
      config: { access: 'accounts.read' },
      schema: { tags, summary: 'List, those that are there first', response: { 200: schema.numberList } },
    },
    (request) =>
      readTenant(db, actorOf(request).tenantId, async (tx) => ({
        items: (await store.listNumbers(tx)).map(numberView),
        limit: await numberLimit(tx),
      })),
  )
  server.post(
    '/numbers',
    {
      config: { access: 'numbers.manage' },
      schema: {
        ...{ tags, summary: 'Buy one and set it up' },
        description:
          'Answers as soon as it is decided; the number is then bought, told where to deliver, put into a messaging service and connected. ' +
          'GET /numbers/:id and the live stream (`numbersChanged`) say how far it is. Where it cannot be finished, it is given back and says why.',
        ...{ body: schema.provisionNumber, response: { 202: schema.numberView } },
      },
    },
    async (request, reply) => {
      const header = request.headers['idempotency-key']
      const idempotencyKey = typeof header === 'string' ? header : request.body.idempotencyKey
      if (idempotencyKey !== undefined && (idempotencyKey.length < 8 || idempotencyKey.length > 200))
        throw new ParleyError('invalid_request', 'An idempotency key has 8 to 200 characters.')
      const row = await provision(deps, byRequest(request), actorOf(request).tenantId, { ...request.body, idempotencyKey })
      return reply.code(202).send(numberView(row))
    },
  )
  server.get(
    '/numbers/:id',
    {
      config: { access: 'accounts.read' },
      schema: { tags, summary: 'One, with how far it is', params, response: { 200: schema.numberView } },
    },
    (request) =>
      readTenant(db, actorOf(request).tenantId, async (tx) => {
        const row = await store.findNumber(tx, request.params.id)
        if (!row) throw notFound('The number')
        return numberView(row)
      }),
  )
  server.post(
    '/numbers/:id/check',
    {
      config: { access: 'numbers.manage' },
      schema: {
        ...{ tags, summary: 'Ask the provider whether its calls and texts are delivered here' },
        ...{ params, response: { 200: schema.deliveryView } },
      },
    },
    (request) => checkDelivery(deps, actorOf(request).tenantId, request.params.id),
  )
  for (const [verb, summary, run] of verbs)
    server.post(
      `/numbers/:id/${verb}`,
      { config: { access: 'numbers.manage' }, schema: { tags, summary, params, response: { 200: schema.numberView } } },
      async (request) => {
        const { id } = request.params as z.output<typeof params>
        return numberView(await run(deps, byRequest(request), actorOf(request).tenantId, id))
      },
    )
}

const verbs = [
  ['suspend', 'Send and answer nothing through it; what comes in is kept', suspend],
  ['resume', 'Let it send and answer again', resume],
  ['release', 'Give it back to the provider and disconnect it; its conversations stay', release],
  ['retry', 'Try at once what waits', tryNow],
  ['set-again', 'Have its calls and texts delivered here again, for example after PUBLIC_URL was changed', setAgain],
] as const
