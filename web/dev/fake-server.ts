/**
 * A stand-in for the server while the console is developed: the API in memory, with the live stream. Not for production.
 *   node web/dev/fake-server.ts [port, default 3000]     sign in as ana@bakery.example with any password but "wrong"
 * POST /dev/say {conversationId, text} lets a customer write; POST /dev/away {ms} breaks the connection for a while.
 */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import cookie from '@fastify/cookie'
import multipart from '@fastify/multipart'
import files from '@fastify/static'
import fastify, { type FastifyReply } from 'fastify'
import type {
  ApiKey,
  Contact,
  Conversation,
  Message,
  PatchContact,
  PatchConversation,
  Presence,
  SendMessage,
  StreamBatch,
} from '../../client/index.ts'
import { addScheduling } from './fake-scheduling.ts'
import { addFile, addMessage, type Said, sampleWorld } from './sample-data.ts'

const port = Number(process.argv[2] ?? 3000)
const world = sampleWorld()
const me = world.members[0]
if (!me) throw new Error('the sample has no members')
const sessions = new Set<string>()
const open = new Set<FastifyReply>()
const batches: StreamBatch[] = []
const apiKeys: ApiKey[] = []
let away = false

const server = fastify({ bodyLimit: 120_000_000 })
await server.register(cookie)
await server.register(multipart, { limits: { fileSize: 110_000_000 } })

const refuse = (reply: FastifyReply, status: number, code: string, message: string, details?: unknown) =>
  reply.code(status).send({ error: { code, message, details } })
const asSession = () => ({
  user: { id: me.id, email: me.email ?? '', name: me.name },
  tenant: { id: randomUUID(), name: 'Bakery Sol', timezone: 'Europe/Madrid', language: 'en' },
  role: me.role,
  expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
})

function write(reply: FastifyReply, event: string, data: unknown, id?: string): void {
  reply.raw.write(`${id ? `id: ${id}\n` : ''}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
}

function tell(changed: Partial<StreamBatch>): void {
  // What is told was changed just now; nothing here overtakes anything within a millisecond.
  const version = Date.now()
  const batch: StreamBatch = {
    cursor: String(batches.length + 1),
    conversations: (changed.conversations ?? []).map((one) => ({ ...one, version })),
    messages: (changed.messages ?? []).map((one) => ({ ...one, version })),
    accounts: [],
    contactIds: changed.contactIds ?? [],
    leadIds: changed.leadIds ?? [],
    bookingIds: changed.bookingIds ?? [],
    timesChanged: changed.timesChanged ?? false,
    staffChanged: changed.staffChanged ?? false,
    templatesChanged: false,
    callsChanged: false,
    numbersChanged: false,
    labelsChanged: false,
    members: [],
    memberIdsGone: [],
    businessChanged: false,
    notifiedIds: [],
  }
  batches.push(batch)
  for (const reply of open) write(reply, 'batch', batch, batch.cursor)
}

function tellMessage(message: Message): void {
  const conversation = world.conversations.get(message.conversationId)
  tell({ conversations: conversation ? [conversation] : [], messages: [message] })
}

function setStatus(message: Message, status: Message['status'], field: 'sentAt' | 'deliveredAt' | 'readAt' | null): void {
  const all = world.messages.get(message.conversationId) ?? []
  const at = all.findIndex((one) => one.id === message.id)
  const before = all[at]
  if (!before) return
  const after = { ...before, status, ...(field ? { [field]: new Date().toISOString() } : {}) }
  all[at] = after
  tellMessage(after)
}

function deliver(message: Message): void {
  const steps = [
    ['sending', null],
    ['sent', 'sentAt'],
    ['delivered', 'deliveredAt'],
    ['read', 'readAt'],
  ] as const
  for (const [at, [status, field]] of steps.entries()) setTimeout(() => setStatus(message, status, field), 500 + at * 900)
}

const paged = <T>(all: T[], query: Record<string, string>) => {
  const from = Number(query.cursor ?? 0)
  const limit = Number(query.limit ?? 50)
  return { items: all.slice(from, from + limit), next: from + limit < all.length ? String(from + limit) : null }
}

server.addHook('onRequest', async (request, reply) => {
  reply.header(
    'content-security-policy',
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  )
  if (request.url.startsWith('/dev/') || !request.url.startsWith('/api/')) return
  if (away) {
    request.raw.destroy()
    return
  }
  if (!request.url.startsWith('/api/session') && !sessions.has(request.cookies.sid ?? ''))
    return refuse(reply, 401, 'signed_out', 'Sign in first.')
})

server.post<{ Body: { email: string; password: string } }>('/api/session', async (request, reply) => {
  if (request.body.password === 'wrong') return refuse(reply, 401, 'wrong_credentials', 'Email or password is not right.')
  const sid = randomUUID()
  sessions.add(sid)
  return reply.setCookie('sid', sid, { path: '/', httpOnly: true, sameSite: 'lax' }).send(asSession())
})
server.get('/api/session', async (request, reply) =>
  sessions.has(request.cookies.sid ?? '') ? asSession() : refuse(reply, 401, 'signed_out', 'Sign in first.'),
)
server.delete('/api/session', async (request, reply) => {
  sessions.delete(request.cookies.sid ?? '')
  return reply.code(204).send()
})

server.get<{ Querystring: Record<string, string> }>('/api/conversations', async (request) => {
  const { status = 'open', assignee = 'any', unread, contactId, q } = request.query
  const asked = q?.toLowerCase() ?? ''
  const found = [...world.conversations.values()].filter(
    (one) =>
      (status === 'all' || one.status === status) &&
      (assignee === 'any' ||
        (assignee === 'none' ? !one.assignee : one.assignee?.id === (assignee === 'me' ? me.id : assignee))) &&
      (!unread || one.unreadCount > 0) &&
      (!contactId || one.contact.id === contactId) &&
      `${one.contact.name} ${one.contact.phone}`.toLowerCase().includes(asked),
  )
  const at = (one: Conversation) => one.lastMessageAt ?? one.createdAt
  return paged(
    found.sort((a, b) => at(b).localeCompare(at(a)) || b.id.localeCompare(a.id)),
    request.query,
  )
})

type ById = { Params: { id: string } }
const conversationOf = (id: string) => world.conversations.get(id)
server.get<ById>(
  '/api/conversations/:id',
  async (request, reply) => conversationOf(request.params.id) ?? refuse(reply, 404, 'not_found', 'Not here.'),
)
server.patch<ById & { Body: PatchConversation }>('/api/conversations/:id', async (request, reply) => {
  const one = conversationOf(request.params.id)
  if (!one) return refuse(reply, 404, 'not_found', 'Not here.')
  const { status = one.status, assigneeId } = request.body
  const owner = world.members.find((each) => each.id === assigneeId)
  const assignee = assigneeId === undefined ? one.assignee : owner ? { id: owner.id, name: owner.name } : null
  world.conversations.set(one.id, { ...one, status, assignee })
  const event = request.body.status ? (status === 'closed' ? 'closed' : 'reopened') : assignee ? 'assigned' : 'unassigned'
  const line: Said = {
    type: 'activity',
    direction: 'internal',
    author: { id: me.id, name: me.name },
    body: { event, data: { assignee } },
  }
  tellMessage(addMessage(world, one.id, line))
  return conversationOf(one.id)
})
server.post<ById>('/api/conversations/:id/read', async (request, reply) => {
  const one = conversationOf(request.params.id)
  if (one) world.conversations.set(one.id, { ...one, unreadCount: 0, updatedAt: new Date().toISOString() })
  const after = conversationOf(request.params.id)
  if (after) tell({ conversations: [after] })
  return reply.code(204).send()
})
server.post<ById>('/api/conversations/:id/typing', async (_request, reply) => reply.code(204).send())
server.post<ById & { Body: { state: Presence['state'] } }>('/api/conversations/:id/presence', async (request, reply) => {
  const presence: Presence = { conversationId: request.params.id, userId: me.id, name: me.name, state: request.body.state }
  for (const one of open) write(one, 'presence', presence)
  return reply.code(204).send()
})
server.get<ById & { Querystring: Record<string, string> }>('/api/conversations/:id/messages', async (request, reply) => {
  const all = world.messages.get(request.params.id)
  if (!all) return refuse(reply, 404, 'not_found', 'Not here.')
  const { before, after, around, limit = '50' } = request.query
  const size = Number(limit)
  let from = Math.max(0, all.length - size)
  if (before) from = Math.max(0, Number(before) - 1 - size)
  if (after) from = Number(after)
  if (around) from = Math.max(0, all.findIndex((one) => one.id === around) - Math.floor(size / 2))
  const to = before ? Number(before) - 1 : Math.min(all.length, from + size)
  return { items: all.slice(from, to), hasBefore: from > 0, hasAfter: to < all.length }
})
server.post<ById & { Body: SendMessage }>('/api/conversations/:id/messages', async (request, reply) => {
  const one = conversationOf(request.params.id)
  const { body, replyTo, idempotencyKey = null } = request.body
  if (!one) return refuse(reply, 404, 'not_found', 'Not here.')
  const all = world.messages.get(one.id) ?? []
  const seen = idempotencyKey && all.find((each) => each.idempotencyKey === idempotencyKey)
  if (seen) return seen
  const shut = one.windowRequired && (!one.windowExpiresAt || Date.parse(one.windowExpiresAt) < Date.now())
  if (shut && body.type !== 'template')
    return refuse(reply, 422, 'window_closed', 'Only templates until the customer writes again.')
  const target = all.find((each) => each.id === replyTo)
  const quote = target
    ? { id: target.id, externalId: null, type: target.type, text: target.text, direction: target.direction }
    : null
  const file = 'mediaId' in body ? world.files.get(body.mediaId)?.media : undefined
  const said: Said = {
    type: body.type,
    body: { ...body },
    direction: 'outbound',
    author: { id: me.id, name: me.name },
    status: 'queued',
    replyTo: quote,
    idempotencyKey,
  }
  const message = addMessage(world, one.id, { ...said, media: file ? [file] : [] })
  tellMessage(message)
  deliver(message)
  return reply.code(201).send(message)
})
server.post<ById & { Body: { text: string } }>('/api/conversations/:id/notes', async (request, reply) => {
  const said: Said = {
    type: 'note',
    direction: 'internal',
    author: { id: me.id, name: me.name },
    body: { text: request.body.text },
  }
  const key = request.headers['idempotency-key']
  const message = addMessage(world, request.params.id, { ...said, idempotencyKey: typeof key === 'string' ? key : null })
  tellMessage(message)
  return reply.code(201).send(message)
})

const allMessages = () => [...world.messages.values()].flat()
server.get<ById>(
  '/api/messages/:id',
  async (request, reply) =>
    allMessages().find((one) => one.id === request.params.id) ?? refuse(reply, 404, 'not_found', 'Not here.'),
)
server.post<ById>('/api/messages/:id/retry', async (request, reply) => {
  const all = allMessages()
  const one = all.find((each) => each.id === request.params.id)
  if (!one) return refuse(reply, 404, 'not_found', 'Not here.')
  Object.assign(one, { status: 'queued', outcome: null, error: null, failedAt: null })
  tellMessage({ ...one })
  deliver(one)
  return one
})
server.get<ById>('/api/messages/:id/history', async (request) => {
  const one = allMessages().find((each) => each.id === request.params.id)
  const at = one?.createdAt ?? new Date().toISOString()
  const failed = one?.status === 'failed'
  return {
    attempts: [
      {
        n: 1,
        outcome: 'retry',
        code: '130429',
        text: 'Too many messages at once',
        startedAt: at,
        finishedAt: new Date(Date.parse(at) + 180).toISOString(),
        nextAt: new Date(Date.parse(at) + 2000).toISOString(),
      },
      {
        n: 2,
        outcome: one?.outcome === 'unknown' ? 'unknown' : 'accepted',
        code: null,
        text: null,
        startedAt: new Date(Date.parse(at) + 2000).toISOString(),
        finishedAt: new Date(Date.parse(at) + 2240).toISOString(),
        nextAt: null,
      },
    ],
    receipts: [
      {
        status: failed ? 'failed' : 'sent',
        at,
        receivedAt: at,
        applied: true,
        errorCode: failed ? '131026' : null,
        error: failed ? 'Undeliverable' : null,
        detail: {},
      },
    ],
  }
})

server.get<{ Querystring: Record<string, string> }>('/api/contacts', async (request) => {
  const asked = request.query.q?.toLowerCase() ?? ''
  return paged(
    [...world.contacts.values()].filter((one) => `${one.name} ${one.phone}`.toLowerCase().includes(asked)),
    request.query,
  )
})
server.get<ById>(
  '/api/contacts/:id',
  async (request, reply) => world.contacts.get(request.params.id) ?? refuse(reply, 404, 'not_found', 'Not here.'),
)
server.patch<ById & { Body: PatchContact }>('/api/contacts/:id', async (request, reply) => {
  const one = world.contacts.get(request.params.id)
  if (!one) return refuse(reply, 404, 'not_found', 'Not here.')
  const after: Contact = { ...one, ...request.body }
  world.contacts.set(one.id, after)
  tell({ contactIds: [one.id] })
  return after
})
server.post('/api/media', async (request, reply) => {
  const file = await request.file()
  if (!file) return refuse(reply, 400, 'no_file', 'No file came.')
  const media = addFile(world, { mimeType: file.mimetype, fileName: file.filename, bytes: await file.toBuffer() })
  return reply.code(201).send(media)
})
server.get<ById>('/api/media/:id/content', async (request, reply) => {
  const file = world.files.get(request.params.id)
  if (!file) return refuse(reply, 404, 'not_found', 'Not here.')
  return reply.type(file.media.mimeType ?? 'application/octet-stream').send(file.bytes)
})
server.get('/api/accounts', async () => ({ items: world.accounts }))
server.get<{ Querystring: { accountId?: string } }>('/api/templates', async (request) => ({
  items: world.templates.filter((one) => !request.query.accountId || one.accountId === request.query.accountId),
}))
server.post('/api/templates/sync', async () => ({ count: world.templates.length }))
server.get('/api/members', async () => ({ items: world.members }))
server.get('/api/api-keys', async () => ({ items: apiKeys }))
server.post<{ Body: { name: string; role?: 'agent' } }>('/api/api-keys', async (request, reply) => {
  const key: ApiKey = {
    id: randomUUID(),
    name: request.body.name,
    hint: 'x9f2',
    role: request.body.role ?? 'agent',
    effectiveRole: request.body.role ?? 'agent',
    scopes: null,
    createdBy: null,
    createdAt: new Date().toISOString(),
    expiresAt: null,
    lastUsedAt: null,
    revokedAt: null,
  }
  apiKeys.unshift(key)
  return reply.code(201).send({ ...key, key: `parley_${randomUUID().replaceAll('-', '')}x9f2` })
})
server.delete<ById>('/api/api-keys/:id', async (request, reply) => {
  for (const one of apiKeys) if (one.id === request.params.id) one.revokedAt = new Date().toISOString()
  return reply.code(204).send()
})
addScheduling(server, { world, tell, refuse })
server.get<{ Querystring: { cursor?: string } }>('/api/stream', (request, reply) => {
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  const { cursor } = request.query
  if (cursor === undefined) write(reply, 'hello', { cursor: String(batches.length) })
  else for (const batch of batches.slice(Number(cursor))) write(reply, 'batch', batch, batch.cursor)
  open.add(reply)
  const beat = setInterval(() => reply.raw.write(': beat\n\n'), 15_000)
  request.raw.on('close', () => {
    clearInterval(beat)
    open.delete(reply)
  })
})

server.post<{ Body: { conversationId: string; text: string } }>('/dev/say', async (request) => {
  const message = addMessage(world, request.body.conversationId, { type: 'text', body: { text: request.body.text } })
  const one = conversationOf(request.body.conversationId)
  if (one)
    world.conversations.set(one.id, {
      ...one,
      unreadCount: one.unreadCount + 1,
      windowExpiresAt: new Date(Date.now() + 86_400_000).toISOString(),
    })
  tellMessage(message)
  return message
})
server.post<{ Body: { ms: number } }>('/dev/away', async (request) => {
  away = true
  for (const reply of open) reply.raw.destroy()
  setTimeout(() => {
    away = false
  }, request.body.ms)
  return {}
})

const dist = `${import.meta.dirname}/../dist`
if (existsSync(dist)) {
  await server.register(files, { root: dist })
  server.setNotFoundHandler((request, reply) =>
    request.url.startsWith('/api/') ? refuse(reply, 404, 'not_found', 'Not here.') : reply.sendFile('index.html'),
  )
}
await server.listen({ port, host: '127.0.0.1' })
console.log(`fake server on http://127.0.0.1:${port}`)
