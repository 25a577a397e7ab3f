import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { addInternal } from '../conversations/internal-lines.ts'
import { ParleyError } from '../kernel/errors.ts'
import { inTenant, readTenant } from '../platform/db/tx.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import type { Actor } from '../tenancy/can.ts'
import { listConversations } from './list.ts'
import * as schema from './schema.ts'
import * as store from './store.ts'
import type { LiveStream } from './stream.ts'
import * as verbs from './verbs.ts'
import * as view from './view.ts'

const params = z.object({ id: schema.id })
const nothing = z.null()

export const inboxRoutes: FastifyPluginAsyncZod<{ deps: verbs.InboxDeps; live: LiveStream }> = async (
  server,
  { deps, live },
) => {
  const { db, channels } = deps
  const showMessage = (actor: Actor, id: string) =>
    inTenant(db, actor.tenantId, async (tx) => {
      const [shown] = await view.messageViews(tx, channels, [await store.requireMessage(tx, id)])
      return shown as schema.MessageView
    })
  const showConversation = (actor: Actor, id: string) =>
    readTenant(db, actor.tenantId, async (tx) => view.conversationView(channels, await store.requireConversation(tx, id)))
  const keyOf = (
    headers: Record<string, string | string[] | undefined>,
    body: { idempotencyKey?: string },
  ): string | undefined => {
    const header = headers['idempotency-key']
    const key = typeof header === 'string' ? header : body.idempotencyKey
    if (key !== undefined && (key.length < 8 || key.length > 200))
      throw new ParleyError('invalid_request', 'An idempotency key has 8 to 200 characters.')
    return key
  }

  server.get(
    '/conversations',
    {
      config: { access: 'conversations.read' },
      schema: {
        tags: ['Conversations'],
        summary: 'List, newest first',
        querystring: schema.listConversationsQuery,
        response: { 200: schema.page(schema.conversationView) },
      },
    },
    async (request) => {
      const actor = actorOf(request)
      const { assignee, ...filter } = request.query
      const whose =
        assignee === 'me'
          ? actor.userId
            ? { is: actor.userId }
            : 'none'
          : assignee === 'none' || assignee === 'any'
            ? assignee
            : { is: assignee }
      const by = filter.q === undefined ? db : deps.searching
      const { rows, next } = await readTenant(by, actor.tenantId, (tx) => listConversations(tx, { ...filter, assignee: whose }))
      return { items: rows.map((row) => view.conversationView(channels, row)), next }
    },
  )
  server.get(
    '/conversations/:id',
    {
      config: { access: 'conversations.read' },
      schema: { tags: ['Conversations'], summary: 'One', params, response: { 200: schema.conversationView } },
    },
    (request) => showConversation(actorOf(request), request.params.id),
  )
  server.patch(
    '/conversations/:id',
    {
      config: { access: 'conversations.write' },
      schema: {
        tags: ['Conversations'],
        summary: 'Assign, close, reopen',
        params,
        body: schema.patchConversation,
        response: { 200: schema.conversationView },
      },
    },
    async (request) => {
      await verbs.patch(deps, actorOf(request), request.params.id, request.body)
      return await showConversation(actorOf(request), request.params.id)
    },
  )
  server.post(
    '/conversations/:id/hand-over',
    {
      config: { access: 'conversations.write' },
      schema: {
        tags: ['Conversations'],
        summary: 'Give it to somebody else: people, the contact centre, the assistant; or take it back',
        params,
        body: schema.handOverBody,
        response: { 200: schema.conversationView },
      },
    },
    async (request) => {
      await verbs.giveTo(deps, actorOf(request), request.params.id, request.body)
      return await showConversation(actorOf(request), request.params.id)
    },
  )
  server.post(
    '/conversations/:id/read',
    {
      config: { access: 'conversations.write' },
      schema: { tags: ['Conversations'], summary: 'Mark as read, also for the customer', params, response: { 204: nothing } },
    },
    async (request, reply) => {
      await verbs.markRead(deps, actorOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )
  server.post(
    '/conversations/:id/typing',
    {
      config: { access: 'messages.send' },
      schema: {
        tags: ['Conversations'],
        summary: 'Show the customer that somebody is typing',
        params,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      await verbs.showTyping(deps, actorOf(request), request.params.id)
      return reply.code(204).send(null)
    },
  )
  server.post(
    '/conversations/:id/presence',
    {
      config: { access: 'conversations.read' },
      schema: {
        tags: ['Conversations'],
        summary: 'Tell colleagues that one looks or types',
        params,
        body: z.object({ state: z.enum(['viewing', 'typing', 'left']) }).strict(),
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const actor = actorOf(request)
      await showConversation(actor, request.params.id)
      if (actor.userId)
        live.tell(actor.tenantId, 'presence', {
          conversationId: request.params.id,
          userId: actor.userId,
          name: actor.name,
          state: request.body.state,
        })
      return reply.code(204).send(null)
    },
  )

  server.get(
    '/conversations/:id/messages',
    {
      config: { access: 'conversations.read' },
      schema: {
        tags: ['Messages'],
        summary: 'A page of a thread',
        params,
        querystring: schema.listMessagesQuery,
        response: { 200: schema.messagePage },
      },
    },
    async (request) => {
      const { before, after, around, limit } = request.query
      if ([before, after, around].filter((given) => given !== undefined).length > 1)
        throw new ParleyError('invalid_request', 'Give at most one of before, after and around.')
      return await readTenant(db, actorOf(request).tenantId, async (tx) => {
        const conversationId = request.params.id
        await store.requireThread(tx, conversationId)
        const page = around
          ? await pageAround(tx, conversationId, (await store.requireMessage(tx, around)).seq, limit)
          : await pageFrom(tx, { conversationId, before, after, limit })
        return {
          items: await view.messageViews(tx, channels, page.rows),
          hasBefore: page.hasBefore,
          hasAfter: page.hasAfter,
          removed: page.hasBefore ? 0 : await store.removedLines(tx, conversationId),
        }
      })
    },
  )
  server.post(
    '/conversations/:id/messages',
    {
      config: { access: 'messages.send' },
      schema: {
        tags: ['Messages'],
        summary: 'Send',
        params,
        body: schema.sendMessage,
        response: { 200: schema.messageView, 201: schema.messageView },
      },
    },
    async (request, reply) => {
      const actor = actorOf(request)
      const { body, replyTo } = request.body
      const queued = await verbs.send(deps, actor, {
        conversationId: request.params.id,
        body,
        replyTo,
        idempotencyKey: keyOf(request.headers, request.body),
      })
      return reply.code(queued.fresh ? 201 : 200).send(await showMessage(actor, queued.messageId))
    },
  )
  server.post(
    '/conversations/:id/notes',
    {
      config: { access: 'conversations.write' },
      schema: {
        tags: ['Messages'],
        summary: 'Write a note for colleagues; never sent',
        params,
        body: schema.addNote,
        response: { 200: schema.messageView, 201: schema.messageView },
      },
    },
    async (request, reply) => {
      const actor = actorOf(request)
      const { text } = request.body
      const idempotencyKey = keyOf(request.headers, {})
      const line = { conversationId: request.params.id, type: 'note' as const, text, body: { text }, actor, idempotencyKey }
      const { id, fresh } = await verbs.change(deps, actor, (tx) => addInternal(tx, line))
      return reply.code(fresh ? 201 : 200).send(await showMessage(actor, id))
    },
  )
  server.post(
    '/messages',
    {
      config: { access: 'messages.send' },
      schema: {
        tags: ['Messages'],
        summary: 'Send to a number or contact, starting a conversation where there is none',
        body: schema.startMessage,
        response: { 200: schema.messageView, 201: schema.messageView },
      },
    },
    async (request, reply) => {
      const actor = actorOf(request)
      const queued = await verbs.start(deps, actor, { ...request.body, idempotencyKey: keyOf(request.headers, request.body) })
      return reply.code(queued.fresh ? 201 : 200).send(await showMessage(actor, queued.messageId))
    },
  )
  server.get(
    '/messages/:id',
    {
      config: { access: 'conversations.read' },
      schema: { tags: ['Messages'], summary: 'One', params, response: { 200: schema.messageView } },
    },
    (request) => showMessage(actorOf(request), request.params.id),
  )
  server.post(
    '/messages/:id/retry',
    {
      config: { access: 'messages.send' },
      schema: {
        tags: ['Messages'],
        summary: 'A new attempt for a failed or unknown message',
        params,
        body: z
          .object({ acceptDuplicate: z.boolean().default(false) })
          .strict()
          .nullish(),
        response: { 200: schema.messageView },
      },
    },
    async (request) => {
      await verbs.retry(deps, actorOf(request), {
        messageId: request.params.id,
        acceptDuplicate: request.body?.acceptDuplicate ?? false,
      })
      return await showMessage(actorOf(request), request.params.id)
    },
  )
  server.get(
    '/messages/:id/history',
    {
      config: { access: 'conversations.read' },
      schema: {
        tags: ['Messages'],
        summary: 'Why: every attempt and every receipt',
        params,
        response: { 200: z.object({ attempts: z.array(schema.attemptView), receipts: z.array(schema.receiptView) }) },
      },
    },
    async (request) => {
      const { attempts, receipts } = await inTenant(db, actorOf(request).tenantId, async (tx) =>
        store.messageHistory(tx, (await store.requireMessage(tx, request.params.id)).id),
      )
      return {
        attempts: attempts.map((a) => ({
          n: a.n,
          outcome: a.outcome,
          code: a.code,
          text: a.detail,
          startedAt: a.started_at.toISOString(),
          finishedAt: a.finished_at?.toISOString() ?? null,
          nextAt: a.next_at?.toISOString() ?? null,
        })),
        receipts: receipts.map((r) => ({
          status: r.status,
          at: r.occurred_at.toISOString(),
          receivedAt: r.created_at.toISOString(),
          applied: r.applied,
          errorCode: r.error_code,
          error: r.error,
          detail: r.detail,
        })),
      }
    },
  )
}

type Tx = Parameters<typeof store.listMessages>[0]

async function pageFrom(tx: Tx, range: store.MessageRange) {
  const { rows, more } = await store.listMessages(tx, range)
  if (range.after !== undefined) return { rows, hasBefore: range.after > 0, hasAfter: more }
  return { rows, hasBefore: more, hasAfter: range.before !== undefined }
}

async function pageAround(tx: Tx, conversationId: string, seq: number, limit: number) {
  const half = Math.max(1, Math.floor(limit / 2))
  const older = await store.listMessages(tx, { conversationId, before: seq + 1, limit: half })
  const newer = await store.listMessages(tx, { conversationId, after: seq, limit: half })
  return { rows: [...older.rows, ...newer.rows], hasBefore: older.more, hasAfter: newer.more }
}
