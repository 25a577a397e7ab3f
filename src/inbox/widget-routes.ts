/**
 * What stands beside a conversation in an agent desktop: the customer, what was said over every channel, where it got to, and
 * templates to send. Opened by a signed link (token.ts), which is all that it takes: no cookie, no session.
 */
import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { queueReply } from '../conversations/reply.ts'
import { listTemplates } from '../conversations/templates.ts'
import { notFound, ParleyError } from '../kernel/errors.ts'
import { inTenant, type Tx } from '../platform/db/tx.ts'
import { audit, byRequest } from '../tenancy/audit.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import { sendFile } from './media-routes.ts'
import { type mediaView, messageView } from './schema.ts'
import { requireContact, requireConversation, requireMedia, requireMessage } from './store.ts'
import type { InboxDeps } from './verbs.ts'
import * as view from './view.ts'
import { createKey, findKey, keyOf } from './widget-keys.ts'
import * as schema from './widget-schema.ts'
import { conversationsWith, findWhom, history, type Whom } from './widget-store.ts'
import { holds, readWidget, signWidget, type WidgetClaims } from './widget-token.ts'

/** A file's own link lives as long as the page that shows it is likely to be looked at. */
const fileLinkSeconds = 6 * 3600

interface Opened {
  claims: WidgetClaims
  key: string
}

export const widgetRoutes: FastifyPluginAsyncZod<{ deps: InboxDeps; publicUrl: () => string }> = async (
  server,
  { deps, publicUrl },
) => {
  const { db, channels } = deps
  const now = () => (deps.now ?? (() => new Date()))()
  const tags = ['Widget']

  server.post(
    '/widget/links',
    {
      config: { access: 'widget.link' },
      schema: {
        tags,
        summary: 'A signed link to the page beside a conversation in an agent desktop',
        body: schema.makeLink,
        response: { 201: schema.madeLink },
      },
    },
    async (request, reply) => {
      const { tenantId } = actorOf(request)
      const { conversationId, contactId, centreConversationId, seconds, maySend, ...named } = request.body
      const claims: WidgetClaims = {
        business: tenantId,
        ...(conversationId ? { conversation: conversationId } : {}),
        ...(contactId ? { contact: contactId } : {}),
        ...(centreConversationId ? { centreConversation: centreConversationId } : {}),
        ...named,
        ...(maySend ? { send: true } : {}),
        exp: Math.floor(now().getTime() / 1000) + seconds,
      }
      const token = await inTenant(db, tenantId, async (tx) => {
        if (!claims.desk && !claims.centreConversation) await findWhom(tx, claims)
        return signWidget(claims, await keyOf(deps.secrets, tx))
      })
      const url = new URL(`/widget/${tenantId}`, publicUrl())
      // Behind the #: no server on the way, and no log, sees it.
      url.hash = token
      return reply.code(201).send({ url: url.href, token, expiresAt: new Date(claims.exp * 1000).toISOString() })
    },
  )
  server.post(
    '/widget/key',
    {
      config: { access: 'credentials.manage' },
      schema: {
        tags,
        summary: 'A new key for signing links yourself; every link signed with the one before ends',
        response: { 201: schema.newKey },
      },
    },
    async (request, reply) => {
      const { tenantId } = actorOf(request)
      const key = await inTenant(db, tenantId, async (tx) => {
        await audit(tx, byRequest(request), { action: 'widget_key.rotated', subject: { type: 'widget_key' } })
        return await createKey(deps.secrets, tx)
      })
      return reply.code(201).send({ key, business: tenantId })
    },
  )

  server.get(
    '/widget/customer',
    {
      config: { access: 'public' },
      schema: { tags, summary: 'Whom it is about', querystring: schema.whom, response: { 200: schema.widgetView } },
    },
    (request) =>
      about(request, request.query, async (tx, { claims }, whom) => {
        const conversations = (await conversationsWith(tx, whom.contactId)).map((row) => view.conversationView(channels, row))
        const { notes: _, ...customer } = view.contactView(await requireContact(tx, whom.contactId))
        const named = whom.conversationId && !conversations.some(({ id }) => id === whom.conversationId)
        const { rows } = await tx.query<{ name: string }>(
          `SELECT coalesce(business_name, name) AS name FROM tenants WHERE id = $1`,
          [tx.tenantId],
        )
        return {
          agent: claims.agent ?? null,
          maySend: claims.send === true,
          expiresAt: new Date(claims.exp * 1000).toISOString(),
          business: { name: rows[0]?.name ?? '' },
          customer,
          conversation: named
            ? view.conversationView(channels, await requireConversation(tx, whom.conversationId as string))
            : (conversations.find(({ id }) => id === whom.conversationId) ?? null),
          conversations,
        }
      }),
  )
  server.get(
    '/widget/history',
    {
      config: { access: 'public' },
      schema: {
        tags,
        summary: 'What was said with this person over every channel, newest page first',
        querystring: schema.historyQuery,
        response: { 200: schema.historyPage },
      },
    },
    (request) =>
      about(request, request.query, async (tx, opened, whom) => {
        const ids = (await conversationsWith(tx, whom.contactId)).map(({ id }) => id)
        const { rows, before } = await history(tx, ids, request.query)
        // Words among colleagues stay among them.
        const shown = rows.filter(({ type }) => type !== 'note')
        const items = (await view.messageViews(tx, channels, shown)).map((message) => ({
          ...message,
          media: message.media.map((file) => withFileLink(opened, file)),
        }))
        return { items, before }
      }),
  )
  server.get(
    '/widget/templates',
    {
      config: { access: 'public' },
      schema: {
        tags,
        summary: 'Templates of the number it runs over',
        querystring: schema.whom,
        response: { 200: schema.templatePage },
      },
    },
    (request) =>
      about(request, request.query, async (tx, _opened, whom) => {
        if (!whom.conversationId) return { items: [] }
        const { account_id } = await requireConversation(tx, whom.conversationId)
        return { items: (await listTemplates(tx, account_id)).map((row) => view.templateView(channels, row)) }
      }),
  )
  server.post(
    '/widget/templates',
    {
      config: { access: 'public' },
      schema: {
        tags,
        summary: 'Send a template',
        querystring: schema.whom,
        body: schema.sendTemplate,
        response: { 201: messageView },
      },
    },
    async (request, reply) => {
      const sent = await about(request, request.query, async (tx, { claims }, whom) => {
        if (!claims.send) throw new ParleyError('forbidden', 'This link does not allow sending. Ask for one that does.')
        if (!whom.conversationId) throw notFound('The conversation')
        const { idempotencyKey, ...template } = request.body
        const { messageId } = await queueReply(deps, tx, {
          conversationId: whom.conversationId,
          author: { sender: 'agent', actor: `widget:${claims.agent ?? 'agent'}` },
          body: { type: 'template', ...template },
          idempotencyKey,
        })
        const [shown] = await view.messageViews(tx, channels, [await requireMessage(tx, messageId)])
        return { tenantId: tx.tenantId, shown: shown as schema.SentTemplate }
      })
      deps.changed(sent.tenantId)
      deps.wakeDispatch()
      return reply.code(201).send(sent.shown)
    },
  )
  server.get(
    '/widget/media',
    {
      config: { access: 'public' },
      schema: {
        tags,
        summary: 'A file, by its own signed link',
        querystring: z.object({ t: z.string().max(4000), download: z.stringbool().optional() }),
      },
    },
    async (request, reply) => {
      const { claims } = await open(request.query.t)
      const { media } = claims
      if (!media) throw refused()
      const file = await inTenant(db, claims.business, (tx) => requireMedia(tx, media))
      const asked = { range: request.headers.range, download: request.query.download }
      return await sendFile(deps, claims.business, file, asked, reply)
    },
  )

  /** One answer for everything that is wrong with a link: which part it is, is nobody's business. */
  const refused = () =>
    new ParleyError('not_signed_in', 'This link is not valid or has expired. Open the conversation anew in your desktop.')

  async function open(token: string): Promise<Opened> {
    const read = readWidget(token)
    if (!read) throw refused()
    const key = await inTenant(db, read.claims.business, async (tx) => {
      const { rows } = await tx.query<{ status: string }>('SELECT status FROM tenants WHERE id = $1', [tx.tenantId])
      return rows[0]?.status === 'active' ? await findKey(deps.secrets, tx) : null
    })
    if (!key || !holds(read, key, now())) throw refused()
    return { claims: read.claims, key }
  }

  async function about<T>(
    request: FastifyRequest,
    asked: z.output<typeof schema.whom>,
    work: (tx: Tx, opened: Opened, whom: Whom) => Promise<T>,
  ): Promise<T> {
    const [scheme, token = ''] = (request.headers.authorization ?? '').split(' ')
    if (scheme?.toLowerCase() !== 'widget') throw refused()
    const opened = await open(token)
    const { claims } = opened
    if (claims.media) throw refused()
    return await inTenant(db, claims.business, async (tx) => {
      const named = claims.desk ? deskNames(asked) : claims
      return await work(tx, opened, await findWhom(tx, named))
    })
  }

  function deskNames(asked: z.output<typeof schema.whom>) {
    if (asked.conversation) return { centreConversation: asked.conversation }
    if (asked.phone) return { phone: asked.phone }
    throw new ParleyError('invalid_request', 'The address does not say which conversation: add ?conversation= or ?phone=.')
  }

  function withFileLink({ claims, key }: Opened, file: z.output<typeof mediaView>) {
    if (!file.url) return file
    const exp = Math.min(claims.exp, Math.floor(now().getTime() / 1000) + fileLinkSeconds)
    const token = signWidget({ business: claims.business, media: file.id, exp }, key)
    return { ...file, url: `/api/widget/media?t=${token}` }
  }
}
