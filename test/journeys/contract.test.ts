import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MediaView, MessageView } from '../../src/inbox/schema.ts'
import { newId } from '../../src/kernel/ids.ts'
import type { Business } from '../world/business.ts'
import { peopleIdsOf, peoplesDay } from '../world/peoples-day.ts'
import { conversationWith, lastLineWith } from '../world/reading.ts'
import { postWebhook, textsBody } from '../world/webhooks.ts'
import { createWorld, type World } from '../world/world.ts'

interface Operation {
  parameters?: { in: string; name: string; schema?: unknown }[]
  requestBody?: { content: Record<string, { schema: unknown }> }
  responses: Record<string, { content?: Record<string, { schema: unknown }> }>
}
interface Document {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, unknown> }
}

let world: World
let stranger: Business
let document: Document
/** What exists in the other business, by the name of what takes an id. */
let theirs: Record<string, string>

beforeAll(async () => {
  world = await createWorld({ settings: { PARLEY_SIGN_UP: 'open' } })
  stranger = await world.addBusiness('Another business')
  world.customer('15550107001', 'Ada').says('hello')
  await postWebhook(stranger, textsBody(stranger, [{ id: 'wamid.theirs', from: '15550107009', text: 'theirs' }]))
  await world.settle()
  document = (await world.api<Document>('GET', '/openapi.json')).body
  theirs = await idsOf(stranger)
})
afterAll(() => world?.close())

async function idsOf(business: Business): Promise<Record<string, string>> {
  const person = business.people.owner
  const { id: conversation, contact } = await conversationWith(world, '15550107009', person)
  const messages = await world.api<{ items: MessageView[] }>(
    'GET',
    `/conversations/${conversation}/messages`,
    undefined,
    person,
  )
  const key = await world.api<{ id: string }>('POST', '/api-keys', { name: 'theirs' }, person)
  const form = new FormData()
  form.set('file', new Blob(['words'], { type: 'text/plain' }), 'a.txt')
  const media = await world.api<MediaView>('POST', '/media', form, person)
  return {
    conversations: conversation,
    contacts: contact.id,
    messages: messages.body.items[0]?.id ?? '',
    'api-keys': key.body.id,
    media: media.body.id,
    accounts: business.accountId,
    members: person.userId,
    ...(await peopleIdsOf(world, business)),
  }
}

/** Webhooks are described there as well; what they take has journeys of its own. */
const operations = () =>
  Object.entries(document.paths)
    .filter(([path]) => path.startsWith('/api/'))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
    )

/** Bodies that are right but for the ids of another business in them. */
const bodies: Record<string, unknown> = {
  'PATCH /api/conversations/{id}': { status: 'closed' },
  'POST /api/conversations/{id}/presence': { state: 'viewing' },
  'POST /api/conversations/{id}/messages': { body: { type: 'text', text: 'x' } },
  'POST /api/conversations/{id}/notes': { text: 'x' },
  'PATCH /api/contacts/{id}': { name: 'x' },
  'PATCH /api/members/{id}': { role: 'viewer' },
  'POST /api/messages/{id}/retry': { acceptDuplicate: true },
}

test('the description of the API is valid OpenAPI 3.1: every reference leads somewhere, every path parameter is declared', () => {
  expect(document.openapi).toMatch(/^3\.1\./)
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
    (match) => match[1],
  )
  expect(references.filter((name) => !((name ?? '') in document.components.schemas))).toEqual([])
  for (const { path, operation } of operations()) {
    const places = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
    const declared = (operation.parameters ?? [])
      .filter((parameter) => parameter.in === 'path')
      .map((parameter) => parameter.name)
    expect([path, declared]).toEqual([path, places])
    expect(Object.keys(operation.responses).length).toBeGreaterThan(0)
  }
  expect(() => validators(document)).not.toThrow()
})

describe('an id of another business', () => {
  test('in any path is answered as if it did not exist, and changes nothing', async () => {
    const before = await snapshot()
    const tried: string[] = []
    for (const { path, method } of operations().filter((operation) => operation.path.includes('{'))) {
      const kind = path.split('/')[2] ?? ''
      const id = theirs[kind]
      expect([path, id]).toEqual([path, expect.any(String)])
      const body = bodies[`${method} ${path}`]
      const real = path.replace(/^\/api/, '').replace('{id}', id as string)
      const answer = await world.api(method, real, body, 'owner')
      expect([method, path, answer.status, answer.body]).toMatchObject([method, path, 404, { error: { code: 'not_found' } }])
      const unknown = await world.api(method, real.replace(id as string, newId()), body, 'owner')
      expect([method, path, unknown.body]).toEqual([method, path, answer.body])
      tried.push(path)
    }
    expect(tried.length).toBeGreaterThan(14)
    await world.settle()
    expect(await snapshot()).toEqual(before)
  })

  test('in any body or query is refused, and nothing is written or shown', async () => {
    const own = await lastLineWith(world, '15550107001')
    const { conversationId } = own
    const contactId = (await conversationWith(world, '15550107001')).contact.id
    const { accountId } = world.business
    const body = { type: 'text', text: 'x' }
    const message = `/conversations/${conversationId}/messages`
    const cases: Record<string, [string, string, unknown]> = {
      'PATCH /api/conversations/{id} assigneeId': ['PATCH', `/conversations/${conversationId}`, { assigneeId: theirs.members }],
      'POST /api/conversations/{id}/messages replyTo': ['POST', message, { body, replyTo: theirs.messages }],
      'POST /api/conversations/{id}/messages mediaId': ['POST', message, { body: { type: 'image', mediaId: theirs.media } }],
      'POST /api/conversations/{id}/messages messageId': [
        'POST',
        message,
        { body: { type: 'reaction', messageId: theirs.messages, emoji: 'x' } },
      ],
      'POST /api/conversations/{id}/messages headerMediaId': [
        'POST',
        message,
        { body: { type: 'template', name: 'x', language: 'en', parameters: { headerMediaId: theirs.media } } },
      ],
      'POST /api/messages accountId': ['POST', '/messages', { accountId: theirs.accounts, to: { contactId }, body }],
      'POST /api/messages contactId': ['POST', '/messages', { accountId, to: { contactId: theirs.contacts }, body }],
      'POST /api/messages replyTo': ['POST', '/messages', { accountId, to: { contactId }, body, replyTo: theirs.messages }],
      'POST /api/messages mediaId': [
        'POST',
        '/messages',
        { accountId, to: { contactId }, body: { type: 'image', mediaId: theirs.media } },
      ],
      'POST /api/messages messageId': [
        'POST',
        '/messages',
        { accountId, to: { contactId }, body: { type: 'reaction', messageId: theirs.messages, emoji: 'x' } },
      ],
      'POST /api/messages headerMediaId': [
        'POST',
        '/messages',
        {
          accountId,
          to: { contactId },
          body: { type: 'template', name: 'x', language: 'en', parameters: { headerMediaId: theirs.media } },
        },
      ],
      'PATCH /api/session tenantId': ['PATCH', '/session', { tenantId: stranger.tenantId }],
      'POST /api/templates/sync accountId': ['POST', '/templates/sync', { accountId: theirs.accounts }],
    }
    const named = operations().flatMap(({ path, method, operation }) =>
      idsIn(operation.requestBody, document).map((field) => `${method} ${path} ${field}`),
    )
    expect([...new Set(named)].sort()).toEqual(Object.keys(cases).sort())
    const before = await snapshot()
    for (const [name, [method, path, given]] of Object.entries(cases)) {
      const answer = await world.api(method, path, given, 'owner')
      expect([name, answer.status, JSON.stringify(answer.body)]).toEqual([
        name,
        expect.toBeOneOf([404, 422]),
        expect.any(String),
      ])
    }
    await world.settle()
    expect(await snapshot()).toEqual(before)
    for (const query of [`accountId=${theirs.accounts}`, `contactId=${theirs.contacts}`, `assignee=${theirs.members}`])
      expect((await world.api('GET', `/conversations?${query}`)).body).toMatchObject({ items: [] })
    expect((await world.api('GET', `/templates?accountId=${theirs.accounts}`)).body).toEqual({ items: [] })
    expect((await world.api('GET', `${message}?around=${theirs.messages}`)).status).toBe(404)
  })
})

test('every answer of a working day matches its description', async () => {
  await workingDay()
  await peoplesDay(world)
  const validate = validators(document)
  const checked = new Set<string>()
  for (const { method, path, status, type, body } of world.exchanges) {
    const operation = operationFor(method, path)
    if (!operation || status >= 400 || !type.includes('json')) continue
    const check = validate.get(`${operation.method} ${operation.path} ${status}`)
    expect([method, path, status, check !== undefined]).toEqual([method, path, status, true])
    check?.(body)
    expect([method, path, status, check?.errors ?? null]).toEqual([method, path, status, null])
    checked.add(`${operation.method} ${operation.path}`)
  }
  const withBody = operations().filter(({ operation }) =>
    Object.entries(operation.responses).some(([status, answer]) => status < '300' && answer.content?.['application/json']),
  )
  const missed = withBody.map(({ method, path }) => `${method} ${path}`).filter((name) => !checked.has(name))
  expect(missed.filter((name) => !name.endsWith('/stream') && !name.endsWith(' /api/session'))).toEqual([])
})

async function workingDay(): Promise<void> {
  const { id, contact } = await conversationWith(world, '15550107001')
  const { accountId } = world.business
  const sent = await world.api<MessageView>('POST', `/conversations/${id}/messages`, { body: { type: 'text', text: 'Hi' } })
  await world.settle()
  world.simulator.faults.add({ action: { kind: 'error', code: 131026 }, times: 1, match: { path: '/messages' } })
  const failed = await world.api<MessageView>('POST', `/conversations/${id}/messages`, { body: { type: 'text', text: 'Oh' } })
  await world.settle()
  await world.api('POST', `/messages/${failed.body.id}/retry`)
  await world.settle()
  await world.api('POST', '/messages', { accountId, to: { contactId: contact.id }, body: { type: 'text', text: 'Yo' } })
  await world.api('POST', `/conversations/${id}/notes`, { text: 'note' })
  await world.api('PATCH', `/conversations/${id}`, { assigneeId: world.business.people.agent.userId, status: 'closed' })
  await world.api('PATCH', `/contacts/${contact.id}`, { name: 'Ada L.', notes: 'VIP' })
  world.simulator.addTemplate(world.business.wabaId, {
    ...{ name: 'hello', language: 'en', category: 'UTILITY' },
    components: [{ type: 'BODY', text: 'Hello {{1}}', example: { body_text: [['Ana']] } }],
  })
  await world.api('POST', '/templates/sync', { accountId })
  await world.api('POST', `/accounts/${accountId}/check`, undefined, 'owner')
  const form = new FormData()
  form.set('file', new Blob(['words'], { type: 'text/plain' }), 'a.txt')
  await world.api('POST', '/media', form)
  await world.api('POST', '/api-keys', { name: 'k' }, 'owner')
  for (const path of [
    ...['/session', '/members', '/conversations?status=all', `/conversations/${id}`, `/conversations/${id}/messages`],
    ...[`/messages/${sent.body.id}`, `/messages/${failed.body.id}/history`, '/contacts', `/contacts/${contact.id}`],
    ...['/accounts', '/templates', '/api-keys'],
  ])
    expect([path, (await world.api('GET', path, undefined, 'owner')).status]).toEqual([path, 200])
}

/** Everything that either business could see changed. */
async function snapshot(): Promise<unknown> {
  const { rows } = await world.database.owner.query(
    `SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM messages) AS messages, (SELECT count(*) FROM conversations) AS conversations,
            (SELECT count(*) FROM contacts) AS contacts, (SELECT count(*) FROM media_objects) AS media,
            (SELECT string_agg(c::text, '|' ORDER BY id) FROM conversations c) AS threads, (SELECT string_agg(name, '|' ORDER BY id) FROM contacts) AS names,
            (SELECT count(*) FROM tenant_api_keys WHERE revoked_at IS NOT NULL) AS revoked`,
  )
  return rows[0]
}

/** Names of the fields of a body that hold a uuid, however deep. */
function idsIn(schema: unknown, document: Document, depth = 0): string[] {
  if (typeof schema !== 'object' || schema === null || depth > 12) return []
  return Object.entries(schema).flatMap(([key, value]) => {
    if (key === '$ref') return idsIn(document.components.schemas[String(value).split('/').at(-1) ?? ''], document, depth + 1)
    const inner = idsIn(value, document, depth + 1)
    const own = isId(value) && key !== 'items' ? [key] : []
    return [...own, ...inner.filter((name) => !/^(anyOf|oneOf|allOf|\d+)$/.test(name))]
  })
}
const isId = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (('format' in value && value.format === 'uuid') || ('anyOf' in value && Array.isArray(value.anyOf) && value.anyOf.some(isId)))

function operationFor(method: string, path: string) {
  const bare = `/api${path.split('?')[0]}`
  const matching = operations().filter(
    (operation) => operation.method === method && new RegExp(`^${operation.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(bare),
  )
  return matching.find((operation) => !operation.path.includes('{')) ?? matching[0]
}

function validators(described: Document): Map<string, ValidateFunction> {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addSchema({ $id: 'api', components: described.components })
  const found = new Map<string, ValidateFunction>()
  for (const [path, methods] of Object.entries(described.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      for (const [status, answer] of Object.entries(operation.responses)) {
        const schema = answer.content?.['application/json']?.schema
        if (!schema) continue
        const local = JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"api#/components'))
        found.set(`${method.toUpperCase()} ${path} ${status}`, ajv.compile(local))
      }
    }
  }
  return found
}
