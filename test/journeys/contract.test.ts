import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MessageView } from '../../src/inbox/schema.ts'
import { bookingsDay } from '../world/bookings-day.ts'
import { callsDay } from '../world/calls-day.ts'
import { centresDay } from '../world/centres-day.ts'
import { consentsDay } from '../world/consents-day.ts'
import { deadLettersDay } from '../world/dead-letters-day.ts'
import { leadsDay } from '../world/leads-day.ts'
import { listsDay } from '../world/lists-day.ts'
import { startNumbersDay } from '../world/numbers-day.ts'
import { peoplesDay } from '../world/peoples-day.ts'
import { platformsDay, withPlatformApp } from '../world/platforms-day.ts'
import { conversationWith } from '../world/reading.ts'
import { searchDay } from '../world/search-day.ts'
import { twilioDay } from '../world/twilio-day.ts'
import { widgetDay } from '../world/widget-day.ts'
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
let numbers: Awaited<ReturnType<typeof startNumbersDay>>
let document: Document

beforeAll(async () => {
  numbers = await startNumbersDay()
  world = await createWorld({ settings: (graphUrl) => ({ ...withPlatformApp(graphUrl), ...numbers.settings }) })
  world.customer('15550107001', 'Ada').says('hello')
  await world.settle()
  document = (await world.api<Document>('GET', '/openapi.json')).body
})
afterAll(async () => {
  await world?.close()
  await numbers?.close()
})

/** Webhooks are described there as well; what they take has journeys of its own. */
const operations = () =>
  Object.entries(document.paths)
    .filter(([path]) => path.startsWith('/api/'))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
    )

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

test('every answer of a working day matches its description', async () => {
  await workingDay()
  await searchDay(world, '15550107001')
  await listsDay(world, '15550107001')
  await widgetDay(world, '15550107001')
  await consentsDay(world, '15550107001')
  await leadsDay(world, '15550107001')
  await bookingsDay(world, '15550107001')
  await callsDay(world)
  await deadLettersDay(world)
  await centresDay(world, '15550107001')
  await peoplesDay(world)
  await platformsDay(world)
  await twilioDay(world)
  await numbers.day(world)
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
