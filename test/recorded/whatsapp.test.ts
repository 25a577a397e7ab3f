/**
 * The channel against bodies that the provider really sent, which are not part of this repository. Set
 * PARLEY_RECORDED_PAYLOADS to a folder with `whatsapp/wh-*.json` (webhooks), `whatsapp/send-*.json` (requests),
 * `whatsapp/signature-vectors.json`, `whatsapp/verify-handshake-vectors.json` and
 * `_specs/meta-business-messaging-v23.repaired.json`. With PARLEY_RECORDED_REPORT a table of what became of each file is
 * written there.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { parseWebhook } from '../../src/channels/whatsapp-cloud/parse.ts'
import { renderMessage } from '../../src/channels/whatsapp-cloud/render.ts'
import { handshake, verify } from '../../src/channels/whatsapp-cloud/webhook.ts'
import type { InboundEvent } from '../../src/ports/channel.ts'
import { messageBodies } from '../../src/ports/message.ts'
import { comparable, inOurWords, notExpressible, renderedBodies } from './whatsapp-sends.ts'

const root = process.env.PARLEY_RECORDED_PAYLOADS
const folder = root === undefined ? '' : join(root, 'whatsapp')
const report = process.env.PARLEY_RECORDED_REPORT
const now = () => new Date('2026-11-21T12:00:00Z')

const named = (prefix: string) =>
  root === undefined
    ? []
    : readdirSync(folder)
        .filter((name) => name.startsWith(prefix) && name.endsWith('.json'))
        .sort()
const bytes = (name: string) => readFileSync(join(folder, name))
const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))

if (root === undefined) {
  test.skip('recorded WhatsApp payloads: set PARLEY_RECORDED_PAYLOADS to the folder that holds them', () => {})
} else {
  describe('recorded webhooks', () => {
    const files = named('wh-')

    test('there are recorded webhooks to read', () => {
      expect(files.length).toBeGreaterThan(50)
    })

    test.each(files)('%s is read whole', (name) => {
      const { events, malformed } = parseWebhook(bytes(name), now)
      expect(malformed).toBeUndefined()
      expect(events.length).toBeGreaterThan(0)
      for (const event of events) {
        if (event.kind === 'account')
          expect(['unreadable', 'account.unknown'], JSON.stringify(event.data)).not.toContain(event.type)
        if (event.kind !== 'message') continue
        expect(Object.keys(messageBodies)).toContain(event.type)
        const schema = messageBodies[event.type as keyof typeof messageBodies]
        expect(schema.safeParse(event.body).error, event.type).toBeUndefined()
      }
    })

    test.skipIf(report === undefined)('the report says what became of each', () => {
      const rows = files.map(
        (name) =>
          `| ${name} | ${parseWebhook(bytes(name), now).label} | ${described(bytes(name), kindOf)} | ${described(bytes(name), typeOf)} |`,
      )
      const head = ['# Recorded WhatsApp webhooks', '', '| file | field | events | types |', '|---|---|---|---|']
      writeFileSync(report ?? '', `${[...head, ...rows].join('\n')}\n`)
      expect(rows.length).toBe(files.length)
    })
  })

  describe('recorded vectors', () => {
    const signatures = json(join(folder, 'signature-vectors.json')) as {
      appSecret: string
      vectors: { name: string; raw: string; header: string | null; valid: boolean }[]
    }
    test.each(signatures.vectors)('signature: $name', ({ raw, header, valid }) => {
      const headers = { 'x-hub-signature-256': header ?? undefined }
      expect(verify({ headers, rawBody: Buffer.from(raw) }, [signatures.appSecret])).toBe(valid)
    })

    const handshakes = json(join(folder, 'verify-handshake-vectors.json')) as {
      verifyToken: string
      vectors: { query: string; status: number; body?: string }[]
    }
    test.each(handshakes.vectors)('handshake: $query', ({ query, status, body }) => {
      const answer = handshake(Object.fromEntries(new URLSearchParams(query)), [handshakes.verifyToken])
      expect(answer.status).toBe(status)
      if (body !== undefined) expect(answer.body).toBe(body)
    })
  })

  describe('what is sent keeps to the published schema', () => {
    const validate = validator(join(root, '_specs', 'meta-business-messaging-v23.repaired.json'))

    test('the schema refuses what is no message', () => {
      expect(validate({ messaging_product: 'whatsapp', to: '15550001111', type: 'text' })).toBe(false)
      expect(validate({ messaging_product: 'whatsapp', to: '15550001111', type: 'text', text: { body: 7 } })).toBe(false)
    })

    test.each(renderedBodies)('$name', ({ message }) => {
      const rendered = renderMessage(message, '1234567890')
      expect(rendered).toMatchObject({ ok: true })
      if (rendered.ok) expectValid(validate, rendered.payload)
    })

    const requests = named('send-').filter((name) => !name.startsWith('send-resp-'))

    test('most recorded requests can be said in our words', () => {
      const said = requests.filter((name) => typeof inOurWords(request(name)) !== 'string')
      expect(said.length).toBeGreaterThan(requests.length / 2)
    })

    test.each(requests)('%s becomes the same request again', (name) => {
      const recorded = request(name)
      const words = inOurWords(recorded)
      if (typeof words === 'string') return expect([...notExpressible.keys()]).toContain(words)
      const rendered = renderMessage(words.message, words.mediaId)
      expect(rendered).toMatchObject({ ok: true })
      if (!rendered.ok) return
      expectValid(validate, rendered.payload)
      expect(comparable(rendered.payload)).toEqual(comparable(recorded))
    })
  })
}

const request = (name: string) => json(join(folder, name)) as Record<string, unknown>

const described = (body: Buffer, say: (event: InboundEvent) => string): string =>
  parseWebhook(body, now).events.map(say).join('<br>')

const kindOf = (event: InboundEvent): string => (event.kind === 'message' ? `${event.direction} message` : event.kind)

function typeOf(event: InboundEvent): string {
  if (event.kind === 'receipt') return event.status
  return event.kind === 'identity' ? event.reason : event.type
}

function validator(path: string): ValidateFunction {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema(json(path) as Record<string, unknown>, 'spec')
  return ajv.compile({ $ref: 'spec#/components/schemas/SendOrMark' })
}

function expectValid(validate: ValidateFunction, body: unknown): void {
  const valid = validate(body)
  expect(valid ? [] : validate.errors).toEqual([])
}
