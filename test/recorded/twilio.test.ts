/**
 * Twilio against forms that were really posted and vectors of its own library, which are not part of this repository. Set
 * PARLEY_RECORDED_PAYLOADS to a folder with `twilio/*.json` (signed forms) `twilio/signature-vectors-*.json`, and `_specs/twilio-*.openapi.json`, Twilio’s own
 * description of its API.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { accountSid, ada, shop, startScene } from '../../simulators/twilio/test-kit.ts'
import { createTwilioSms } from '../../src/channels/twilio/index.ts'
import { isSigned } from '../../src/channels/twilio/signature.ts'
import { inboundEvent } from '../../src/ports/event-schema.ts'

const root = process.env.PARLEY_RECORDED_PAYLOADS
const folder = root === undefined ? '' : join(root, 'twilio')
const read = <T>(name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as T

interface Posted {
  method: string
  url: string
  headers: Record<string, string>
  authToken: string
  raw: string
}
interface Operation {
  responses: Record<string, { content?: unknown }>
}
interface Vectors {
  authToken: string
  vectors: {
    name: string
    url: string
    params?: Record<string, string | string[]>
    body?: string
    signature: string
    valid: boolean
  }[]
}

if (root === undefined) {
  test.skip('recorded Twilio payloads: set PARLEY_RECORDED_PAYLOADS to the folder that holds them', () => {})
} else {
  const posted = readdirSync(folder).filter((name) => name.endsWith('.json') && 'raw' in read<object>(name))

  describe('forms', () => {
    const channel = createTwilioSms({ fetch, publicUrl: () => 'https://parley.example' })
    const wanted: Record<string, object> = {
      'sms-plugin-default.json': { kind: 'message', type: 'text', text: 'Ahoy', person: { phone: '+15017122661' } },
      'status-failed-21610.json': { kind: 'receipt', status: 'failed', error: { code: '21610' } },
      'status-undelivered-30006.json': { kind: 'receipt', status: 'failed', error: { code: '30006' } },
      'status-undelivered-30007.json': { kind: 'receipt', status: 'failed', error: { code: '30007' } },
      'status-undelivered-30034.json': { kind: 'receipt', status: 'failed', error: { code: '30034' } },
    }
    test.each(posted.filter((name) => !name.startsWith('voice')))('%s is read whole', (name) => {
      const { events, malformed } = channel.parse(Buffer.from(read<Posted>(name).raw))
      expect(malformed).toBeUndefined()
      expect(events).toHaveLength(1)
      expect(events[0]).toMatchObject(wanted[name] ?? {})
      expect(inboundEvent.safeParse(events[0]).error).toBeUndefined()
    })
  })

  describe('signatures', () => {
    const lower = (headers: Record<string, string>) =>
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
    test('there are recorded forms', () => expect(posted.length).toBeGreaterThanOrEqual(5))
    test.each(posted)('%s is genuine, and with another address or byte is not', (name) => {
      const { method, url, headers, authToken, raw } = read<Posted>(name)
      const request = { method, url, headers: lower(headers), rawBody: Buffer.from(raw) }
      expect(isSigned(request, [authToken])).toBe(true)
      expect(isSigned({ ...request, url: `${url}/` }, [authToken])).toBe(false)
      expect(isSigned({ ...request, rawBody: Buffer.from(`${raw}1`) }, [authToken])).toBe(false)
    })

    const form = 'application/x-www-form-urlencoded'
    const forms = read<Vectors>('signature-vectors-form.json')
    test.each(forms.vectors)('a form: $name', ({ url, params = {}, signature, valid }) => {
      const pairs = Object.entries(params).flatMap(([name, value]) => [value].flat().map((one) => [name, one]))
      const rawBody = Buffer.from(new URLSearchParams(pairs).toString())
      const headers = { 'content-type': form, 'x-twilio-signature': signature }
      expect(isSigned({ method: 'POST', url, headers, rawBody }, [forms.authToken])).toBe(valid)
    })
    const bodies = read<Vectors>('signature-vectors-json.json')
    test.each(bodies.vectors)('JSON: $name', ({ url, body = '', signature, valid }) => {
      const headers = { 'content-type': 'application/json', 'x-twilio-signature': signature }
      expect(isSigned({ method: 'POST', url, headers, rawBody: Buffer.from(body) }, [bodies.authToken])).toBe(valid)
    })
  })

  describe('the simulator answers as the published description says', () => {
    const documents = ['twilio-api-v2010.cut', 'twilio-messaging-v1.cut', 'twilio-lookups-v2.cut', 'twilio-content-v1'].map(
      (name) => JSON.parse(readFileSync(join(root, '_specs', `${name}.openapi.json`), 'utf8')),
    ) as { paths: Record<string, Record<string, Operation>>; components: object }[]
    // `nullable` and formats of its own: ajv reads the former, and is not asked about the latter.
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false })
    for (const [n, document] of documents.entries()) ajv.addSchema(document, `doc${n}`)
    const pointer = (parts: string[]) =>
      parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')

    /** Recorded answers have null in many a place where the description forgets to allow it. */
    const withoutNulls = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value), (_key, item) => (item === null ? undefined : item))

    function problems(method: string, path: string, status: number, body: unknown): unknown {
      for (const [n, { paths }] of documents.entries()) {
        const found = Object.keys(paths).find((one) =>
          new RegExp(`^${one.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+?')}$`).test(path),
        )
        const operation = found && paths[found]?.[method]
        if (!found || !operation) continue
        const content = operation.responses[String(status)]?.content
        if (!content) return `${method} ${path} has no answer ${status}`
        const validate = ajv.getSchema(
          `doc${n}#/${pointer(['paths', found, method, 'responses', String(status), 'content', 'application/json', 'schema'])}`,
        )
        return validate?.(withoutNulls(body)) === true
          ? null
          : (validate?.errors?.map(({ instancePath, message }) => `${instancePath} ${message}`) ?? 'no schema')
      }
      return `${method} ${path} is not described`
    }

    test('messages, files, numbers, services, accounts, look-ups, templates', async () => {
      const scene = await startScene({ fetchMedia: false })
      const at = `/2010-04-01/Accounts/${accountSid}`
      scene.simulator.addAvailable({
        ...{ phoneNumber: '+14155550101', kind: 'Local', country: 'US', region: 'CA', locality: 'San Francisco' },
        capabilities: { voice: true, sms: true, mms: true },
      })
      const image = { base64: 'eA==', contentType: 'image/png' }
      const received = scene.simulator.customerSends({ from: ada, to: shop, body: 'Hi', media: [image] })
      scene.simulator.addContent({ accountSid, friendlyName: 'f', language: 'en', types: { 'twilio/text': { body: 'x' } } })
      const wrong: unknown[] = []
      const call = async (method: string, path: string, form?: Record<string, string>) => {
        const { status, body } = await scene.api(method, path, form)
        const found = problems(method.toLowerCase(), path.split('?')[0] ?? '', status, body)
        if (found !== null) wrong.push([method, path, status, found])
        return body as Record<string, string>
      }
      const sent = await call('POST', `${at}/Messages.json`, { To: ada, From: shop, Body: 'Hello' })
      await scene.simulator.settle()
      await call('GET', `${at}/Messages.json?PageSize=1`)
      await call('GET', `${at}/Messages/${sent.sid}.json`)
      await call('POST', `${at}/Messages/${sent.sid}.json`, { Body: '' })
      await call('GET', `${at}/Messages/${received.sid}/Media.json`)
      await call('GET', `${at}/Messages/${received.sid}/Media/${received.media[0]?.sid}.json`)
      await call('GET', `${at}/AvailablePhoneNumbers/US/Local.json`)
      const number = await call('POST', `${at}/IncomingPhoneNumbers.json`, { PhoneNumber: '+14155550101' })
      await call('GET', `${at}/IncomingPhoneNumbers.json`)
      await call('POST', `${at}/IncomingPhoneNumbers/${number.sid}.json`, { SmsUrl: 'https://shop.example/sms' })
      const service = await call('POST', '/v1/Services', { FriendlyName: 'Shop' })
      await call('GET', '/v1/Services')
      await call('POST', `/v1/Services/${service.sid}/PhoneNumbers`, { PhoneNumberSid: number.sid ?? '' })
      await call('GET', `/v1/Services/${service.sid}/PhoneNumbers`)
      await call('POST', '/2010-04-01/Accounts.json', { FriendlyName: 'Tenant' })
      await call('GET', '/2010-04-01/Accounts.json')
      await call('GET', `/v2/PhoneNumbers/${ada}?Fields=line_type_intelligence`)
      await call('GET', '/v1/Content')
      await call('GET', '/v1/ContentAndApprovals')
      await scene.stop()
      expect(wrong).toEqual([])
    })
  })
}
