/**
 * Twilio against forms that were really posted and vectors of its own library, which are not part of this repository. Set
 * PARLEY_RECORDED_PAYLOADS to a folder with `twilio/*.json` (signed forms) and `twilio/signature-vectors-*.json`.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
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
}
