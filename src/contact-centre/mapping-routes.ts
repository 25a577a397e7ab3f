/** Sessions in the contact centre over HTTP, under the names that an existing stack around one uses. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import {
  correlateMessage,
  ensureMapping,
  mappingByConversation,
  mappingByCustomer,
  mappingById,
} from '../conversations/mappings.ts'
import { receiveBatch } from '../conversations/receive.ts'
import { notFound, ParleyError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { inTenant, type Tx } from '../platform/db/tx.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import { takeAgentMessage } from './agent-message.ts'
import type { AgentMessage, CentreDeps } from './deps.ts'
import * as store from './mapping-store.ts'
import * as schema from './schema.ts'
import { findCentre } from './store.ts'

const tags = ['Contact centre']

export const mappingRoutes: FastifyPluginAsyncZod<{ deps: CentreDeps }> = async (server, { deps }) => {
  const { db } = deps
  const inOwn = <T>(request: Parameters<typeof actorOf>[0], work: (tx: Tx) => Promise<T>): Promise<T> =>
    inTenant(db, actorOf(request).tenantId, work)

  server.post(
    '/mappings',
    {
      config: { access: 'mappings.write' },
      schema: {
        ...{ tags, summary: 'The active session of a customer, made where there is none', body: schema.createMapping },
        response: { 200: schema.mappingResponse, 201: schema.mappingResponse },
      },
    },
    async (request, reply) => {
      const { waId, phoneNumberId, contactName } = request.body
      const { mapping, isNew } = await inOwn(request, async (tx) => {
        const account = await store.accountFor(tx, phoneNumberId)
        const digits = waId.replace(/^\+/, '')
        return await ensureMapping(tx, {
          waId: digits,
          conversationRef: await store.threadOf(tx, account.id, digits),
          accountId: account.id,
          phoneNumberId: account.external_id,
          displayPhoneNumber: account.address,
          contactName: contactName ?? null,
        })
      })
      return reply.code(isNew ? 201 : 200).send(store.mappingView(mapping, isNew))
    },
  )
  server.get(
    '/mappings/by-customer/:waId',
    {
      config: { access: 'mappings.read' },
      schema: {
        ...{ tags, summary: 'A customer’s session, the active one or the newest' },
        ...{ params: schema.byCustomerParams, querystring: schema.byCustomerQuery },
        response: { 200: schema.mappingResponse },
      },
    },
    async (request) => {
      const { waId } = request.params
      const row = await inOwn(request, (tx) => mappingByCustomer(tx, waId, request.query.phoneNumberId))
      if (!row) throw notFound('A session of this customer')
      return store.mappingView(row)
    },
  )
  server.get(
    '/mappings/by-conversation/:conversationId',
    {
      config: { access: 'mappings.read' },
      schema: {
        ...{ tags, summary: 'The session of a conversation over there', params: schema.byConversationParams },
        response: { 200: schema.mappingResponse },
      },
    },
    async (request) => {
      const row = await inOwn(request, (tx) => mappingByConversation(tx, request.params.conversationId))
      if (!row) throw notFound('A session of this conversation')
      return store.mappingView(row)
    },
  )
  server.post(
    '/mappings/correlations',
    {
      config: { access: 'mappings.write' },
      schema: {
        ...{ tags, summary: 'Say which conversation over there a message began', body: schema.conversationCorrelation },
        response: { 200: schema.correlationAnswer },
      },
    },
    async (request) => {
      const { conversation_id, communication_id, whatsapp_message_id } = request.body
      const result = await inOwn(request, (tx) =>
        correlateMessage(tx, whatsapp_message_id, { conversationId: conversation_id, communicationId: communication_id }),
      )
      deps.changed(actorOf(request).tenantId)
      return { result }
    },
  )
  server.get(
    '/mappings/stats',
    {
      config: { access: 'mappings.read' },
      schema: { tags, summary: 'How many sessions there are, and what waits', response: { 200: schema.statsView } },
    },
    (request) => inOwn(request, store.mappingStats),
  )
  server.get(
    '/mappings/:id/messages',
    {
      config: { access: 'mappings.read' },
      schema: {
        ...{
          tags,
          summary: 'Messages of a session, oldest first',
          params: schema.mappingParams,
          querystring: schema.listTracking,
        },
        response: { 200: schema.trackingPage },
      },
    },
    async (request) => {
      const { limit } = request.query
      const rows = await inOwn(request, async (tx) => {
        if (!(await mappingById(tx, request.params.id))) throw notFound('The session')
        return await store.messagesOf(tx, request.params.id, { ...request.query, limit: limit + 1 })
      })
      const page = rows.slice(0, limit)
      return { items: page.map(store.trackingView), next: rows.length > limit ? (page.at(-1)?.id ?? null) : null }
    },
  )
  server.post(
    '/mappings/:id/messages',
    {
      config: { access: 'mappings.write' },
      schema: {
        ...{
          tags,
          summary: 'An agent’s message for the customer',
          params: schema.mappingParams,
          body: schema.agentMessageBody,
        },
        response: { 202: schema.agentMessageAnswer },
      },
    },
    async (request, reply) => {
      const { tenantId } = actorOf(request)
      const taken = await inTenant(db, tenantId, async (tx) => {
        const mapping = await mappingById(tx, request.params.id)
        if (!mapping) throw notFound('The session')
        const centre = (await findCentre(tx))?.name ?? 'genesys'
        const event = messageFrom(mapping, request.body)
        const { refused, ...done } = await takeAgentMessage(deps, tx, { centre, source: `webhook:${centre}` }, event, mapping)
        // Undone with all that was begun for it: whoever calls is told.
        if (refused) throw new ParleyError('conflict', refused.error, { reason: refused.reason })
        return done
      })
      deps.changed(tenantId)
      if (taken.said) deps.wakeDispatch()
      if (taken.tasks) deps.wakeTasks?.()
      return reply.code(202).send({ result: taken.said ? 'queued' : taken.tasks ? 'waiting' : 'known' })
    },
  )
  server.patch(
    '/mappings/messages/:wamid',
    {
      config: { access: 'mappings.write' },
      schema: {
        ...{ tags, summary: 'Say how far a message came', params: schema.ofMessage, body: schema.statusBody },
        response: { 200: schema.trackingView.pick({ id: true, status: true }) },
      },
    },
    async (request) => {
      const { tenantId } = actorOf(request)
      const { status, timestamp } = request.body
      const tracked = await inTenant(db, tenantId, async (tx) => {
        const found = await store.requireTracked(tx, request.params.wamid)
        if (found.direction === 'INBOUND') await store.moveInbound(tx, found, status, new Date(timestamp))
        return found
      })
      if (tracked.direction === 'OUTBOUND') await mergeReceipt(tracked, request.params.wamid, status, timestamp)
      deps.changed(tenantId)
      const now = await inTenant(db, tenantId, (tx) => store.requireTracked(tx, request.params.wamid))
      return { id: now.id, status: now.status as 'sent' }
    },
  )
  server.get(
    '/conversations/:id/context',
    {
      config: { access: 'conversations.read' },
      schema: {
        ...{ tags: ['Conversations'], summary: 'What whoever answers is told', params: schema.mappingParams },
        response: { 200: schema.contextView },
      },
    },
    (request) => inOwn(request, (tx) => store.readContext(tx, request.params.id)),
  )
  server.put(
    '/conversations/:id/context',
    {
      config: { access: 'conversations.write' },
      schema: {
        ...{ tags: ['Conversations'], summary: 'Add to it, change it' },
        ...{ params: schema.mappingParams, body: schema.putContext },
        response: { 200: schema.contextView },
      },
    },
    (request) =>
      inOwn(request, async (tx) => {
        await store.writeContext(tx, request.params.id, request.body)
        return await store.readContext(tx, request.params.id)
      }),
  )

  /** The same way that a provider's receipt takes: kept as it came, merged by rank, never back. */
  async function mergeReceipt(tracked: store.Tracked, externalId: string, status: string, occurredAt: string): Promise<void> {
    if (!['sent', 'delivered', 'read', 'failed'].includes(status))
      throw new ParleyError('conflict', `A message to a customer cannot become ${status} by a receipt.`)
    await receiveBatch({ db, log: deps.log }, [
      {
        id: newId(),
        provider: tracked.provider,
        appSlug: tracked.app_slug,
        rawBody: Buffer.from(JSON.stringify({ wamid: externalId, status, timestamp: occurredAt })),
        headers: {},
        parsed: {
          label: 'api.status',
          events: [{ kind: 'receipt', account: tracked.account, externalId, status, occurredAt, detail: {} }],
        },
        windowHours: null,
      },
    ])
  }
}

function messageFrom(mapping: { conversation_id: string | null; wa_id: string }, body: schema.AgentMessageBody): AgentMessage {
  return {
    kind: 'message',
    integrationId: '',
    key: `message:${body.genesys_message_id}`,
    conversationId: mapping.conversation_id,
    customerId: mapping.wa_id,
    at: new Date().toISOString(),
    messageId: body.genesys_message_id,
    origin: 'unknown',
    text: body.message_text ?? null,
    attachments: body.media_url ? [{ kind: 'file', url: body.media_url }] : [],
    structures: [],
  }
}
