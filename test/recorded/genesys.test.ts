/**
 * The contact centre against bodies that were really posted and the published schema, which are not part of this
 * repository. Set PARLEY_RECORDED_PAYLOADS to a folder with `genesys/*.json` (bodies in both directions),
 * `genesys/signature-vectors.json`, `_specs/genesys-open-messaging.schema.json` and
 * `_specs/genesys-OpenOutboundNormalizedMessage.draft07.json`.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { describe, expect, test } from 'vitest'
import { startScene } from '../../simulators/genesys/test-kit.ts'
import { parseWebhook } from '../../src/answerers/genesys/parse.ts'
import { renderReceipt } from '../../src/answerers/genesys/receipts.ts'
import { fromOf, renderLine } from '../../src/answerers/genesys/render.ts'
import { verify } from '../../src/answerers/genesys/webhook.ts'
import { capabilities } from '../../src/channels/whatsapp-cloud/capabilities.ts'
import { bodiesOf } from '../../src/conversations/centre-bodies.ts'
import type { CentreLine, CentreReceipt } from '../../src/ports/contact-centre.ts'
import { outboundBody } from '../../src/ports/message.ts'

const root = process.env.PARLEY_RECORDED_PAYLOADS
const folder = root === undefined ? '' : join(root, 'genesys')
const now = () => new Date('2026-11-21T12:00:00Z')

type Json = Record<string, unknown>
const bytes = (name: string) => readFileSync(join(folder, name))
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Json

if (root === undefined) {
  test.skip('recorded Genesys payloads: set PARLEY_RECORDED_PAYLOADS to the folder that holds them', () => {})
} else {
  const all = readdirSync(folder).filter((name) => name.endsWith('.json') && !name.startsWith('signature'))
  const posted = all.filter((name) => 'channel' in json(join(folder, name)))
  const outbound = posted.filter((name) => json(join(folder, name)).direction !== 'Inbound')

  describe('recorded bodies', () => {
    test('there are some in both directions', () => {
      expect(outbound.length).toBeGreaterThanOrEqual(8)
      expect(posted.length).toBeGreaterThan(outbound.length)
    })
    test.each(outbound)('%s is read whole', (name) => {
      const { events, malformed } = parseWebhook(bytes(name), now)
      expect(malformed).toBeUndefined()
      expect(events).toHaveLength(1)
      const [event] = events
      expect(event).toMatchObject({ integrationId: expect.stringMatching(/-/), customerId: expect.stringMatching(/./) })
      expect(event?.at).toBe(new Date(String((json(join(folder, name)).channel as Json).time)).toISOString())
      if (json(join(folder, name)).type === 'Receipt') return expect(event?.kind).toBe('receipt')
      if (event?.kind !== 'message') return expect.fail(`${name} became ${event?.kind}`)
      const bodies = bodiesOf(event, capabilities)
      expect(bodies.length).toBeGreaterThan(0)
      for (const body of bodies) if (!('attachment' in body)) expect(outboundBody.safeParse(body).error).toBeUndefined()
    })
    test.each(posted.filter((name) => !outbound.includes(name)))(
      '%s, which came from the customer, is never sent on',
      (name) => {
        const kinds = parseWebhook(bytes(name), now).events.map(({ kind }) => kind)
        expect(kinds).not.toContain('message')
      },
    )
    test.each(all.filter((name) => !posted.includes(name)))('%s, which is no body of a webhook, is refused', (name) => {
      expect(parseWebhook(bytes(name), now).malformed).toMatch(/\w/)
    })
  })

  describe('recorded signatures', () => {
    const { secretToken, vectors } = json(join(folder, 'signature-vectors.json')) as {
      secretToken: string
      vectors: { name: string; raw: string; header: string | null; valid: boolean }[]
    }
    test.each(vectors)('$name', ({ raw, header, valid }) => {
      const headers = { 'x-hub-signature-256': header ?? undefined }
      expect(verify({ headers, rawBody: Buffer.from(raw) }, [secretToken])).toBe(valid)
    })
  })

  describe('the published schema', () => {
    const published = strict(json(join(root, '_specs', 'genesys-open-messaging.schema.json')))
    const ajv = new Ajv2020({ strict: false, allErrors: true })
    addFormats.default(ajv)
    ajv.addSchema(published, 'genesys')
    const validate = (definition: string) => ajv.getSchema(`genesys#/$defs/${definition}`) as ValidateFunction
    const fits = (definition: string, body: unknown) => {
      const check = validate(definition)
      expect(check(JSON.parse(JSON.stringify(body))), JSON.stringify(check.errors)).toBe(true)
    }

    const file = {
      id: 'f1',
      url: 'https://files.example/1',
      mimeType: 'image/jpeg',
      fileName: 'a.jpg',
      caption: 'Look',
      sha256: 'ab',
    }
    const line = (more: Partial<CentreLine>): CentreLine => ({
      messageId: 'wamid.A==',
      customer: { id: '15550107001', idType: 'Phone', name: 'Ada Lind' },
      at: '2026-11-21T11:59:59.123+02:00',
      text: 'Grüße 👋',
      files: [],
      attributes: { tenant: 't1' },
      ...more,
    })
    const choice = { kind: 'button', text: 'Yes', payload: 'y', originatingId: 'm1' } as const
    test.each<[string, Partial<CentreLine>]>([
      ['a text', {}],
      ['somebody known by an id alone', { customer: { id: 'bsuid.1', idType: 'Opaque' } }],
      [
        'a file of each kind',
        { text: null, files: (['image', 'video', 'audio', 'file'] as const).map((kind) => ({ ...file, kind })) },
      ],
      ['a file of which little is known', { files: [{ id: 'f1', kind: 'file', url: 'https://files.example/1' }] }],
      ['a choice with a file', { choice, files: [{ ...file, kind: 'image' }] }],
      ['a quick reply', { choice: { ...choice, kind: 'quick_reply' } }],
    ])('%s is sent as it says', (_what, more) => {
      const rendered = renderLine(line(more), now())
      const requests = 'requests' in rendered ? rendered.requests : expect.fail(rendered.refused.text)
      expect(requests.length).toBeGreaterThan(0)
      for (const { endpoint, body } of requests)
        fits(endpoint === 'message' ? 'OpenInboundNormalizedMessage' : 'OpenInboundStructuredResponseMessage', body)
    })
    test('receipts and typing are sent as it says', () => {
      const receipt: CentreReceipt = {
        messageId: 'm1',
        customer: line({}).customer,
        at: '2026-11-21T12:00:00Z',
        status: 'delivered',
        final: false,
      }
      for (const status of ['delivered', 'read', 'failed'] as const)
        fits('OpenInboundNormalizedReceipt', renderReceipt({ ...receipt, status, error: { code: '131047', text: 'x' } }))
      const event = { channel: { from: fromOf(line({}).customer), time: receipt.at }, events: [{ eventType: 'Typing' }] }
      fits('OpenInboundNormalizedEvent', event)
    })
    test('it would notice a wrong word', () => {
      const check = validate('OpenInboundNormalizedReceipt')
      expect(check({ id: 'm1', status: 'Read' })).toBe(false)
      expect(check({ id: 'm1', statuss: 'Delivered' })).toBe(false)
    })
    test('what the simulator posts is what it says', async () => {
      const draft = new Ajv({ strict: false, allErrors: true, validateFormats: false })
      const check = draft.compile(
        withoutNames(json(join(root, '_specs', 'genesys-OpenOutboundNormalizedMessage.draft07.json'))),
      )
      const scene = await startScene()
      const conversationId = String((await scene.write()).body.conversationId)
      scene.simulator.say(conversationId, {
        text: 'Good morning',
        files: [{ base64: 'YQ==', mimeType: 'image/png', fileName: 'a.png' }],
      })
      await scene.clock.advance(2_000)
      await scene.stop()
      expect(scene.receiver.received.map(({ json: body }) => body.type).sort()).toEqual(['Receipt', 'Text', 'Text'])
      for (const { json: body } of scene.receiver.received) expect(check(body), JSON.stringify(check.errors)).toBe(true)
      const receipts = scene.receiver.received.map(({ json: body }) => body).filter(({ type }) => type === 'Receipt')
      // Younger than this schema.
      for (const { conversationId: _id, ...body } of receipts) fits('OpenReceiptNormalizedMessage', body)
    })
  })
}

/** Documented, and missing in the schema: participant data, and what kind of content a file is. */
const documented: Record<string, Json> = {
  ConversationChannelMetadata: { customAttributes: { type: 'object', additionalProperties: { type: 'string' } } },
  OpenInboundMessageContent: { contentType: { enum: ['Attachment'] } },
}

/** Any other name that it does not know is a mistake in what we send. */
function strict(schema: Json): Json {
  return JSON.parse(JSON.stringify(schema), (key, value) => {
    if (value?.type !== 'object' || value.properties === undefined) return value
    const properties = { ...value.properties, ...documented[key] }
    return { additionalProperties: false, ...value, properties }
  })
}

/** The same definition stands in it several times under one name, which no validator takes. */
const withoutNames = (schema: Json): Json =>
  JSON.parse(JSON.stringify(schema), (key, value) => (key === '$id' || key === '$schema' ? undefined : value))
