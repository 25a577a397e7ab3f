import { describe, expect, test } from 'vitest'
import type { OutboundMessage, PersonIdentity } from '../../ports/channel.ts'
import type { OutboundBody } from '../../ports/message.ts'
import { smsCapabilities, whatsAppCapabilities } from './capabilities.ts'
import { type Carrier, renderMessage } from './render.ts'
import { ADA, sid } from './sample-forms.ts'

const bySms: Carrier = { channel: 'sms', capabilities: smsCapabilities }
const byWhatsApp: Carrier = { channel: 'whatsapp', capabilities: whatsAppCapabilities }
const phone: PersonIdentity = { kind: 'phone', value: ADA, scope: '' }
const waId: PersonIdentity = { kind: 'wa_id', value: ADA.slice(1), scope: '' }
const bsuid: PersonIdentity = { kind: 'bsuid', value: 'US.13491208655302741918', scope: 'portfolio' }
const mediaId = '0190cccc-0000-7000-8000-000000000002'
const file = (mimeType: string, byteSize = 10): OutboundMessage['file'] => ({
  ...{ mimeType, byteSize, fileName: 'f' },
  read: async () => Buffer.alloc(0),
  link: () => 'https://parley.example/files?key=k',
})

function fields(carrier: Carrier, body: OutboundBody, more: Partial<OutboundMessage> = {}) {
  const rendered = renderMessage(carrier, { messageId: 'm', to: [phone], body, ...more })
  if (!rendered.ok) throw new Error(rendered.text)
  return rendered.form
}
const refusal = (carrier: Carrier, body: OutboundBody, more: Partial<OutboundMessage> = {}) => {
  const rendered = renderMessage(carrier, { messageId: 'm', to: [phone], body, ...more })
  return rendered.ok ? 'sent' : rendered.code
}
const text: OutboundBody = { type: 'text', text: 'Hello' }

test('a text', () => {
  expect(fields(bySms, text)).toEqual([
    ['To', ADA],
    ['Body', 'Hello'],
  ])
  expect(refusal(bySms, { type: 'text', text: '👍'.repeat(1600) })).toBe('sent')
  expect(refusal(bySms, { type: 'text', text: 'x'.repeat(1601) })).toBe('too_long')
})

describe('whom it goes to', () => {
  const to = (carrier: Carrier, ...identities: PersonIdentity[]) => {
    const rendered = renderMessage(carrier, { messageId: 'm', to: identities, body: text })
    return rendered.ok ? rendered.to : rendered.code
  }
  test('by SMS the number, also where it is known from WhatsApp; never an id', () => {
    expect([to(bySms, phone), to(bySms, waId), to(bySms, bsuid, waId), to(bySms, bsuid)]).toEqual([ADA, ADA, ADA, 'no_address'])
    const code: PersonIdentity = { kind: 'external', value: '72345', scope: '' }
    expect([to(bySms, code), to(bySms, { ...code, value: 'AMAZON' }), to(bySms)]).toEqual(['72345', 'no_address', 'no_address'])
  })
  test('on WhatsApp the number that is there, else the id', () => {
    expect([to(byWhatsApp, bsuid, waId), to(byWhatsApp, bsuid), to(byWhatsApp, phone)]).toEqual([
      `whatsapp:${ADA}`,
      'whatsapp:US.13491208655302741918',
      `whatsapp:${ADA}`,
    ])
  })
})

test('a file goes as an address from which Twilio fetches it, its words beside it', () => {
  const image: OutboundBody = { type: 'image', mediaId, caption: 'Look' }
  expect(fields(bySms, image, { file: file('image/png') })).toEqual([
    ['To', ADA],
    ['Body', 'Look'],
    ['MediaUrl', 'https://parley.example/files?key=k'],
  ])
  expect(refusal(bySms, image)).toBe('no_file')
  expect(refusal(bySms, image, { file: file('image/tiff') })).toBe('file_type')
  expect(refusal(bySms, image, { file: file('image/png', 6 << 20) })).toBe('file_too_large')
  expect(refusal(bySms, image, { file: file('image/png', 0) })).toBe('file_empty')
  const { link: _link, ...unlinked } = file('image/png') as NonNullable<OutboundMessage['file']>
  expect(refusal(bySms, image, { file: unlinked })).toBe('no_link')
})

test('a place goes on WhatsApp as a place, a link as words', () => {
  const place: OutboundBody = { type: 'location', latitude: 52.5, longitude: 13.4, name: 'Shop' }
  expect(fields(byWhatsApp, place)).toEqual([
    ['To', `whatsapp:${ADA}`],
    ['Body', 'Shop'],
    ['PersistentAction', 'geo:52.5,13.4|Shop'],
  ])
  expect(refusal(bySms, place)).toBe('unsupported')
  expect(fields(bySms, { type: 'link', text: 'Our menu', label: 'Open', url: 'https://example.org/m' })).toEqual([
    ['To', ADA],
    ['Body', 'Our menu\nOpen: https://example.org/m'],
  ])
})

test('a template goes as its content with its values', () => {
  const body: OutboundBody = {
    type: 'template',
    name: 'reminder',
    language: 'en',
    parameters: { body: { '1': 'Ada', '2': '9:00' }, buttons: {} },
  }
  const templateComponents = [{ type: 'content', sid: sid(1, 'HX'), types: {}, variables: {} }]
  expect(fields(byWhatsApp, body, { templateComponents })).toEqual([
    ['To', `whatsapp:${ADA}`],
    ['ContentSid', sid(1, 'HX')],
    ['ContentVariables', '{"1":"Ada","2":"9:00"}'],
  ])
  expect(refusal(byWhatsApp, body)).toBe('template_unknown')
  expect(refusal(bySms, body, { templateComponents })).toBe('unsupported')
})
