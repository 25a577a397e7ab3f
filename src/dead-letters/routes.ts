import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { byRequest } from '../tenancy/audit.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import * as schema from './schema.ts'
import * as store from './store.ts'
import * as verbs from './verbs.ts'
import { countsOf, itemOf, viewOf } from './view.ts'

const tags = ['Dead letters']
const params = z.object({ id: z.uuid() })
const read = { access: 'dead_letters.read' } as const
const write = { access: 'dead_letters.write' } as const

export const deadLetterRoutes: FastifyPluginAsyncZod<{ deps: verbs.DeadLetterDeps }> = async (server, { deps }) => {
  const onOwn = <T>(tenantId: string, work: (shelf: store.Shelf) => Promise<T>) => verbs.onShelf(deps.db, tenantId, work)

  server.get(
    '/dead-letters',
    {
      config: read,
      schema: {
        ...{ tags, summary: 'What could not be taken in, newest first', querystring: schema.listDeadLetters },
        response: { 200: schema.deadLetterPage },
      },
    },
    async (request) => {
      const { limit, ...wish } = request.query
      const rows = await onOwn(actorOf(request).tenantId, (shelf) => store.listLetters(shelf, { ...wish, limit: limit + 1 }))
      const items = rows.slice(0, limit).map(itemOf)
      return { items, next: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
    },
  )
  server.get(
    '/dead-letters/counts',
    {
      config: read,
      schema: { tags, summary: 'How many are open, by reason and source', response: { 200: schema.deadLetterCounts } },
    },
    (request) =>
      onOwn(actorOf(request).tenantId, async (shelf) =>
        countsOf(await store.countLetters(shelf), await store.alarmLevel(shelf)),
      ),
  )
  server.get(
    '/dead-letters/:id',
    {
      config: read,
      schema: {
        ...{ tags, summary: 'One, with what came, what became of it, and the webhook that brought it', params },
        response: { 200: schema.deadLetterView },
      },
    },
    (request) =>
      onOwn(actorOf(request).tenantId, async (shelf) => {
        const row = await verbs.requireLetter(shelf, request.params.id)
        return viewOf(row, row.webhook_event_id ? await store.findWebhook(shelf, row.webhook_event_id) : undefined)
      }),
  )
  server.patch(
    '/dead-letters/:id',
    {
      config: write,
      schema: {
        ...{ tags, summary: 'Mend the payload', params, body: schema.mendDeadLetter, response: { 200: schema.deadLetterItem } },
        description: 'The original is kept. Where it came to and what it is once by cannot be changed.',
      },
    },
    async (request) => {
      const { tenantId } = actorOf(request)
      await verbs.mendLetter(deps, tenantId, byRequest(request), request.params.id, request.body.payload)
      return itemOf(await onOwn(tenantId, (shelf) => verbs.requireLetter(shelf, request.params.id)))
    },
  )
  server.post(
    '/dead-letters/:id/replay',
    {
      config: write,
      schema: {
        ...{ tags, summary: 'Take it in again', params, body: schema.replayDeadLetter, response: { 200: schema.replayAnswer } },
        description: 'Through the same once-only keys as the first time: what was taken in meanwhile is not doubled.',
      },
    },
    async (request) => {
      const { tenantId } = actorOf(request)
      const { id } = request.params
      const did = await verbs.replayLetter(deps, tenantId, byRequest(request), id, { payload: request.body.payload })
      const row = await onOwn(tenantId, (shelf) => verbs.requireLetter(shelf, id))
      return { outcome: did.outcome, error: did.outcome === 'failed' ? did.error : null, deadLetter: itemOf(row) }
    },
  )
  server.post(
    '/dead-letters/:id/discard',
    {
      config: write,
      schema: {
        ...{ tags, summary: 'Close it without taking it in', params, body: schema.discardDeadLetter },
        response: { 200: schema.deadLetterItem },
      },
    },
    async (request) => {
      const { tenantId } = actorOf(request)
      const { id } = request.params
      await verbs.discardLetter(deps, tenantId, byRequest(request), id, { words: request.body.note })
      return itemOf(await onOwn(tenantId, (shelf) => verbs.requireLetter(shelf, id)))
    },
  )
  for (const what of ['replay', 'discard'] as const)
    server.post(
      `/dead-letters/${what}`,
      {
        config: write,
        schema: {
          tags,
          summary: what === 'replay' ? 'Take in many again, a step at a time' : 'Discard many, a step at a time',
          description:
            'Goes through the open ones of a filter, oldest first. Call again with `next` as `cursor`, and `until`, until `next` is null.',
          body: schema.manyDeadLetters,
          response: { 200: schema.manyAnswer },
        },
      },
      (request) => verbs.dealWithMany(deps, actorOf(request).tenantId, byRequest(request), what, request.body),
    )
}
