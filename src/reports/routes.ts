import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { z } from 'zod'
import { type Database, inTenant, type Tx } from '../platform/db/tx.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import { funnelCsv, readFunnel } from './funnel.ts'
import * as schema from './schema.ts'
import * as store from './store.ts'
import { addUp, nextOf, view } from './view.ts'

const ours = { access: 'reports.read' } as const
const all = { access: 'operator', platform: 'platform.manage' } as const
const [tags, serverTags] = [['Reports'], ['Server']]

const wish = ({ limit, cursor }: { limit: number; cursor?: string }): store.PageWish => ({
  limit,
  after: cursor ? (cursor.split('|') as [string, string]) : null,
})
const period = ({ from, to }: store.Stretch) => ({ from: from.toISOString(), to: to.toISOString() })
/** Rows as a schema says they are: it is also what is checked on the way out. */
const as = <S extends z.ZodType>(_: S, value: unknown) => value as z.output<S>

export const reportRoutes: FastifyPluginAsyncZod<{ db: Database }> = async (server, { db }) => {
  const inOwn = <T>(request: Parameters<typeof actorOf>[0], work: (tx: Tx) => Promise<T>): Promise<T> =>
    inTenant(db, actorOf(request).tenantId, work)

  server.get(
    '/reports/active-conversations',
    {
      config: ours,
      schema: {
        ...{ tags, summary: 'Conversations that are not closed, newest line first', querystring: schema.page },
        response: { 200: schema.activeConversations },
      },
    },
    async (request) => {
      const rows = await inOwn(request, (tx) => store.activeConversations(tx, tx.tenantId, wish(request.query)))
      return as(schema.activeConversations, { items: rows.map(view), next: nextOf(rows, request.query.limit) })
    },
  )
  server.get(
    '/reports/newest-messages',
    {
      config: ours,
      schema: {
        ...{ tags, summary: 'The newest message of each conversation', querystring: schema.page },
        response: { 200: schema.newestMessages },
      },
    },
    async (request) => {
      const asked = wish(request.query)
      const [rows, next] = await inOwn(request, async (tx) => [
        await store.newestMessages(tx, tx.tenantId, asked),
        await store.afterNewestMessages(tx, tx.tenantId, asked),
      ])
      return as(schema.newestMessages, { items: rows.map(view), next })
    },
  )
  server.get(
    '/reports/delivery',
    {
      config: ours,
      schema: {
        ...{ tags, summary: 'How far the messages we sent came', querystring: schema.stretch },
        response: { 200: schema.delivery },
      },
    },
    async (request) => {
      const stretch = schema.stretchOf(request.query)
      const [row = {}] = await inOwn(request, (tx) => store.delivery(tx, tx.tenantId, stretch))
      return as(schema.delivery, { ...period(stretch), ...view(row) })
    },
  )
  server.get(
    '/reports/statuses',
    {
      config: ours,
      schema: {
        ...{ tags, summary: 'How many messages are in which status', querystring: schema.stretch },
        response: { 200: schema.statuses },
      },
    },
    async (request) => {
      const stretch = schema.stretchOf(request.query)
      const rows = await inOwn(request, (tx) => store.statuses(tx, tx.tenantId, stretch))
      return as(schema.statuses, { ...period(stretch), items: rows.map(view) })
    },
  )
  server.get(
    '/reports/volume',
    {
      config: ours,
      schema: {
        ...{ tags, summary: 'Messages by day, in the business’s time zone, newest day first', querystring: schema.daysBack },
        response: { 200: schema.volume },
      },
    },
    async (request) =>
      as(schema.volume, { items: await inOwn(request, (tx) => store.volume(tx, tx.tenantId, request.query.days)) }),
  )
  server.get(
    '/reports/campaigns',
    { config: ours, schema: { tags, summary: 'Campaigns that run', response: { 200: schema.campaigns } } },
    async (request) =>
      as(schema.campaigns, { items: (await inOwn(request, (tx) => store.activeCampaigns(tx, tx.tenantId))).map(view) }),
  )
  server.get(
    '/reports/automations',
    { config: ours, schema: { tags, summary: 'Automations, by how often they ran', response: { 200: schema.automations } } },
    async (request) =>
      as(schema.automations, { items: (await inOwn(request, (tx) => store.automations(tx, tx.tenantId))).map(view) }),
  )
  server.get(
    '/reports/funnel',
    {
      config: ours,
      schema: {
        ...{ tags, summary: 'From calls to jobs: what became of the calls of some days', querystring: schema.funnelDays },
        description:
          'Every number is that of the events of the log that say it: `call.detected`, `call.missed`, `lead.updated` and so on.',
        response: { 200: schema.funnel },
      },
    },
    (request) => inOwn(request, (tx) => readFunnel(tx, request.query)),
  )
  server.get(
    '/reports/funnel/export',
    {
      config: ours,
      schema: { tags, summary: 'The same as a file for a spreadsheet (CSV)', querystring: schema.funnelDays },
    },
    async (request, reply) => {
      const file = funnelCsv(await inOwn(request, (tx) => readFunnel(tx, request.query)))
      return reply.type('text/csv; charset=utf-8').header('content-disposition', 'attachment; filename="funnel.csv"').send(file)
    },
  )

  server.get(
    '/platform/reports/delivery',
    {
      config: all,
      schema: {
        ...{ tags: serverTags, summary: 'How far the messages of each business came', querystring: schema.stretch },
        response: { 200: schema.deliveryByTenant },
      },
    },
    async (request) => {
      const stretch = schema.stretchOf(request.query)
      const rows = await store.deliveryByTenant(db.pool, stretch)
      return as(schema.deliveryByTenant, { ...period(stretch), items: rows.map(view), all: view(addUp(rows)) })
    },
  )
  server.get(
    '/platform/reports/statuses',
    {
      config: all,
      schema: {
        ...{ tags: serverTags, summary: 'How many messages of all businesses are in which status' },
        ...{ querystring: schema.stretch, response: { 200: schema.statuses } },
      },
    },
    async (request) => {
      const stretch = schema.stretchOf(request.query)
      return as(schema.statuses, { ...period(stretch), items: await store.statusesOfAll(db.pool, stretch) })
    },
  )
  server.get(
    '/platform/reports/volume',
    {
      config: all,
      schema: {
        ...{ tags: serverTags, summary: 'Messages of all businesses by day (UTC), newest day first' },
        ...{ querystring: schema.daysBack, response: { 200: schema.volume } },
      },
    },
    async (request) => as(schema.volume, { items: await store.volumeOfAll(db.pool, request.query.days) }),
  )
  server.get(
    '/platform/reports/database',
    {
      config: all,
      schema: {
        ...{ tags: serverTags, summary: 'Sizes of tables, use of indexes, connections' },
        response: { 200: schema.database },
      },
    },
    async () => {
      const [tables, indexes, connections] = [
        await store.tableSizes(db.pool),
        await store.indexUsage(db.pool),
        await store.connections(db),
      ]
      return as(schema.database, { tables: tables.map(view), indexes: indexes.map(view), connections: connections.map(view) })
    },
  )
}
