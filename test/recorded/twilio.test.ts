/**
 * Twilio against forms that were really posted and vectors of its own library, which are not part of this repository. Set
 * PARLEY_RECORDED_PAYLOADS to a folder with `twilio/*.json` (signed forms) and `twilio/signature-vectors-*.json`.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isSigned } from '../../src/channels/twilio/signature.ts'

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
