import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CentreEvent, CentreStructure } from '../../ports/contact-centre.ts'
import { parseWebhook } from './parse.ts'
import {
  bytes,
  CONVERSATION,
  CUSTOMER,
  channel,
  INTEGRATION,
  outbound,
  published,
  structured,
  typing,
} from './sample-bodies.ts'

const now = () => new Date('2026-11-21T12:00:00Z')
const parse = (body: unknown) => parseWebhook(bytes(body), now)
const only = (body: unknown): CentreEvent => {
  const { events, malformed } = parse(body)
  expect(malformed).toBeUndefined()
  expect(events).toHaveLength(1)
  return events[0] as CentreEvent
}
const said = (body: unknown) => {
  const event = only(body)
  if (event.kind !== 'message') throw new Error(`not a message but ${event.kind}`)
  return event
}
const asked = (...content: Record<string, unknown>[]): CentreStructure[] => said(structured(...content)).structures

describe('what an agent says', () => {
  test('has its conversation, its customer, its time and who said it', () => {
    expect(said(outbound())).toEqual({
      kind: 'message',
      integrationId: INTEGRATION,
      key: 'c0ffee00c0ffee00c0ffee00c0ffee00:message',
      messageId: 'c0ffee00c0ffee00c0ffee00c0ffee00',
      conversationId: CONVERSATION,
      customerId: CUSTOMER,
      at: '2026-11-20T10:01:00.427Z',
      origin: 'human',
      text: 'Good morning',
      attachments: [],
      structures: [],
    })
  })
  test('may come from a bot, or from nobody in particular', () => {
    expect(said(outbound({ originatingEntity: 'Bot' })).origin).toBe('bot')
    expect(said(outbound({ originatingEntity: undefined })).origin).toBe('unknown')
  })
  test('may have several lines and any characters', () => {
    const text = 'Hallo,\nja 👩‍👩‍👧 \u202Eздравствуйте'
    expect(said(outbound({ text })).text).toBe(text)
  })
  test('can always be stored', () => {
    const raw = Buffer.from(JSON.stringify(outbound()).replace('Good morning', 'a\\u0000b\\ud800c'))
    const event = parseWebhook(raw, now).events[0]
    expect(event?.kind === 'message' && event.text).toBe('ab\ufffdc')
  })
  test('without conversation, as older bodies are, is found by its customer', () => {
    const old = outbound({ conversationId: undefined, channel: channel({ to: { id: CUSTOMER } }) })
    expect(said(old)).toMatchObject({ conversationId: null, customerId: CUSTOMER })
  })
  test('without an id in its channel, or without the channel’s own, is read all the same', () => {
    expect(said(outbound({ channel: channel({ messageId: null }) })).messageId).toBe('c0ffee00c0ffee00c0ffee00c0ffee00')
    expect(said(outbound({ channel: channel({ id: undefined }) })).integrationId).toBe(INTEGRATION)
    expect(said(outbound({ id: undefined })).messageId).toBe('c0ffee00c0ffee00c0ffee00c0ffee00')
  })
  test('without any id has one that the same bytes always give', () => {
    const body = outbound({ id: undefined, channel: channel({ messageId: undefined }) })
    expect(said(body).messageId).toMatch(/^body\.[0-9a-f]{64}$/)
    expect(said(body).messageId).toBe(said(body).messageId)
    expect(said({ ...body, text: 'Other' }).messageId).not.toBe(said(body).messageId)
  })
  test('with a time that is none has the time it came', () => {
    for (const time of [undefined, null, '', 'yesterday', '0000-00-00', 7, '99999-01-01'])
      expect(said(outbound({ channel: channel({ time }) })).at).toBe('2026-11-21T12:00:00.000Z')
  })
  test('with a direction that is not towards the customer is an echo', () => {
    expect(only(outbound({ direction: 'Inbound' }))).toMatchObject({ kind: 'echo', key: expect.stringContaining(':message') })
    expect(said(outbound({ direction: undefined })).text).toBe('Good morning')
  })
  test('with nothing in it is not a message', () => {
    expect(only(outbound({ text: ' ', content: [] }))).toMatchObject({ kind: 'other', type: 'Text without content' })
    expect(only(outbound({ text: undefined, content: undefined, reasons: [], relatedMessages: [] })).kind).toBe('other')
  })
})

describe('files', () => {
  const file = {
    id: 'f1',
    mediaType: 'Image',
    url: 'https://files.example/1',
    mime: 'image/png',
    filename: 'a.png',
    text: 'Look',
  }
  const item = (attachment: unknown) => ({ contentType: 'Attachment', attachment })
  test('come with their kind, name and caption, without any text beside them', () => {
    const event = said(outbound({ text: undefined, content: [item(file)] }))
    expect(event.text).toBeNull()
    expect(event.attachments).toEqual([
      { id: 'f1', kind: 'image', url: file.url, mimeType: 'image/png', fileName: 'a.png', caption: 'Look' },
    ])
  })
  test('keep the order in which they were sent', () => {
    const kinds = ['File', 'Video', 'Audio', 'Link', 'Hologram', 'constructor'].map((mediaType) => item({ ...file, mediaType }))
    expect(said(outbound({ content: kinds })).attachments.map(({ kind }) => kind)).toEqual([
      'file',
      'video',
      'audio',
      'link',
      'file',
      'file',
    ])
  })
  test('are at most a hundred', () => {
    expect(said(outbound({ content: Array.from({ length: 1_000 }, () => item(file)) })).attachments).toHaveLength(100)
  })
  test('without an address are not lost silently', () => {
    expect(said(outbound({ text: undefined, content: [item({ mediaType: 'File' })] })).attachments).toMatchObject([{ url: '' }])
  })
})

describe('what there is to choose from', () => {
  test('quick replies are one question with several answers, and the text beside them stays', () => {
    const reply = (text: string, payload?: string) => ({
      contentType: 'QuickReply',
      quickReply: { text, payload, action: 'Message' },
    })
    const body = { ...structured(reply('Yes', 'y'), reply(' '), reply(' No ')), text: 'Shall we?' }
    expect(said(body)).toMatchObject({
      text: 'Shall we?',
      structures: [{ kind: 'quick_replies', options: [{ title: 'Yes', payload: 'y' }, { title: 'No' }] }],
    })
  })
  test('the newer quick replies have a title', () => {
    const quickReplyV2 = { title: 'Shall we?', actions: [{ text: 'Yes', payload: 'y', image: 'https://a.example/i' }] }
    expect(asked({ contentType: 'QuickReplyV2', quickReplyV2 })).toEqual([
      {
        kind: 'quick_replies',
        title: 'Shall we?',
        options: [{ title: 'Yes', payload: 'y', imageUrl: 'https://a.example/i' }],
      },
    ])
  })
  test('each card of a carousel is a question of its own', () => {
    const card = (n: number) => ({
      title: `Card ${n}`,
      description: n === 1 ? '' : 'Words',
      image: 'https://a.example/i',
      actions: [
        { type: 'Postback', text: 'Take', payload: `p${n}` },
        { type: 'Link', text: 'Read', url: 'https://a.example/r' },
      ],
    })
    const options = (n: number) => [
      { title: 'Take', payload: `p${n}` },
      { title: 'Read', url: 'https://a.example/r' },
    ]
    const image = { imageUrl: 'https://a.example/i' }
    expect(asked({ contentType: 'Carousel', carousel: { cards: [card(1), card(2)] } })).toEqual([
      { kind: 'cards', title: 'Card 1', ...image, options: options(1) },
      { kind: 'cards', title: 'Card 2', text: 'Words', ...image, options: options(2) },
    ])
    expect(asked({ contentType: 'Card', card: card(1) })).toEqual([
      { kind: 'cards', title: 'Card 1', ...image, options: options(1) },
    ])
  })
  test('times are written out, with the time itself as payload', () => {
    const availableTimes = [{ duration: 1800, dateTime: '2025-05-30T12:00:00.000Z' }, { dateTime: 'never' }]
    expect(asked({ contentType: 'DatePicker', datePicker: { title: 'When?', subtitle: 'Pick', availableTimes } })).toEqual([
      {
        kind: 'date_picker',
        title: 'When?',
        text: 'Pick',
        options: [{ title: '30 May 2025 12:00 UTC', payload: '2025-05-30T12:00:00.000Z', description: '30 min' }],
      },
    ])
  })
  test('a list has the items of all its sections', () => {
    const section = (id: string) => ({ title: 'S', items: [{ id, title: `Item ${id}`, subtitle: 'more' }] })
    const listPicker = { receivedMessage: { title: 'Pick', subtitle: 'one' }, sections: [section('1'), section('2')] }
    expect(asked({ contentType: 'ListPicker', listPicker })).toEqual([
      {
        kind: 'list',
        title: 'Pick',
        text: 'one',
        options: [
          { title: 'Item 1', description: 'more', payload: '1' },
          { title: 'Item 2', description: 'more', payload: '2' },
        ],
      },
    ])
  })
  test('a notification has its places filled in', () => {
    const template = {
      header: { type: 'Text', text: 'Visit' },
      body: {
        text: 'Dear {{name}}, on {{2}}{{gone}}',
        parameters: [
          { name: 'name', text: 'Ada' },
          { name: '2', text: 'Monday' },
        ],
      },
      footer: { text: 'Bye' },
      buttons: [{ type: 'QuickReply', text: 'Fine', payload: 'ok' }],
    }
    expect(asked({ contentType: 'Notification', template })).toEqual([
      {
        kind: 'notification',
        title: 'Visit',
        text: 'Dear Ada, on Monday{{gone}}',
        footer: 'Bye',
        options: [{ title: 'Fine', payload: 'ok' }],
      },
    ])
  })
  test('a place is told in words', () => {
    const location = { text: 'Shop', address: 'Main Street 1', latitude: 52.5, longitude: 13.4, url: 'https://map.example' }
    expect(asked({ contentType: 'Location', location })).toEqual([
      { kind: 'unknown', title: 'Shop', text: 'Main Street 1\n52.5, 13.4\nhttps://map.example', options: [] },
    ])
  })
  test('a content type nobody has heard of keeps its words and options', () => {
    const hologram = {
      title: 'See',
      body: 'This',
      choices: [{ text: 'A', payload: 'a' }, { text: 'B' }],
      url: 'https://a.example',
    }
    expect(asked({ contentType: 'Hologram', hologram })).toEqual([
      {
        kind: 'unknown',
        title: 'See',
        text: 'This\nhttps://a.example',
        options: [{ title: 'A', payload: 'a' }, { title: 'B' }],
      },
    ])
  })
  test('a form asks with the titles of its pages', () => {
    const form = {
      introduction: { title: 'About you', subtitle: 'Two pages' },
      formPages: [{ title: 'Name' }, { title: 'City' }],
    }
    expect(asked({ contentType: 'Form', form })).toMatchObject([
      { kind: 'form', title: 'About you', text: 'Two pages', options: [{ title: 'Name' }, { title: 'City' }] },
    ])
  })
  test.each(['__proto__', 'constructor', 'toString', ''])('the content type "%s" is nothing special', (contentType) => {
    expect(parse(structured({ contentType })).events).toMatchObject([{ kind: 'other' }])
  })
})

describe('what is told beside messages', () => {
  test('a receipt is about the line whose id we gave, also where it was sent in parts', () => {
    expect(only(published())).toMatchObject({
      kind: 'receipt',
      messageId: 'wamid.A',
      status: 'Published',
      final: true,
      errors: [],
      customerId: CUSTOMER,
      integrationId: INTEGRATION,
    })
    const part = published({ channel: channel({ messageId: 'wamid.A~2' }) })
    expect(only(part)).toMatchObject({ messageId: 'wamid.A', key: expect.stringContaining('wamid.A~2') })
  })
  test('a receipt of a failure has its reasons, any other none', () => {
    const reasons = [{ code: 'RateLimited', message: 'too fast' }, { message: 'odd' }]
    expect(only(published({ status: 'Failed', isFinalReceipt: false, reasons }))).toMatchObject({
      final: false,
      errors: [
        { code: 'RateLimited', text: 'too fast' },
        { code: 'GeneralError', text: 'odd' },
      ],
    })
    expect(only(published({ status: 'Delivered', reasons }))).toMatchObject({ errors: [] })
  })
  test('receipts of one message differ by what they say, and from the message', () => {
    const keys = [outbound(), published({ id: outbound().id }), published({ id: outbound().id, status: 'Failed' })].map(
      (body) => only(body).key,
    )
    expect(new Set(keys).size).toBe(3)
  })
  test('typing says for how long', () => {
    expect(only(typing())).toMatchObject({ kind: 'typing', on: true, durationMs: 5000 })
    const off = typing({ events: [{ eventType: 'Typing', typing: { type: 'Off' } }] })
    expect(only(off)).toMatchObject({ kind: 'typing', on: false })
    expect(only(typing({ direction: 'Inbound' })).kind).toBe('other')
  })
  test('several events in one body are told apart', () => {
    const presence = (type: string) => ({ eventType: 'Presence', presence: { type } })
    const { events } = parse(typing({ events: [presence('Join'), presence('Disconnect'), { eventType: 'Video' }, 7] }))
    expect(events.map((event) => (event.kind === 'other' ? event.type : event.kind))).toEqual([
      'Presence Join',
      'disconnect',
      'Video',
      'none',
    ])
    expect(new Set(events.map(({ key }) => key)).size).toBe(4)
  })
  test('a health check needs no integration', () => {
    expect(only({ type: 'HealthCheck' })).toMatchObject({ kind: 'health', integrationId: '' })
  })
  test('a type nobody has heard of is kept by its name', () => {
    expect(only(outbound({ type: 'Telepathy' }))).toMatchObject({ kind: 'other', type: 'Telepathy' })
    expect(only(outbound({ type: 'constructor' }))).toMatchObject({ kind: 'other' })
    expect(only(outbound({ type: undefined }))).toMatchObject({ kind: 'other', type: 'none' })
  })
})

describe('whatever the bytes are', () => {
  test('what is not an object, or names no integration, is malformed', () => {
    for (const raw of [
      '',
      'null',
      '[]',
      '7',
      '"x"',
      '{',
      '{}',
      '['.repeat(100_000),
      JSON.stringify({ type: 'Text', text: 'x' }),
    ])
      expect(parseWebhook(Buffer.from(raw), now).malformed, raw.slice(0, 20)).toMatch(/\w/)
  })
  test('it returns, and says the same of the same bytes', () => {
    const words = [
      'Attachment',
      'QuickReply',
      'QuickReplyV2',
      'Card',
      'Carousel',
      'ListPicker',
      'DatePicker',
      'Notification',
      'Form',
    ]
    const item = fc.tuple(fc.constantFrom(...words, 'Location', 'Story', ''), fc.jsonValue()).map(([contentType, value]) => ({
      contentType,
      [contentType.charAt(0).toLowerCase() + contentType.slice(1)]: value,
    }))
    const body = fc.record(
      {
        type: fc.constantFrom('Text', 'Structured', 'Receipt', 'Event', 'Odd'),
        channel: fc.oneof(fc.constant(channel()), fc.jsonValue()),
        text: fc.jsonValue(),
        content: fc.oneof(fc.array(item), fc.jsonValue()),
        events: fc.jsonValue(),
        reasons: fc.jsonValue(),
        id: fc.jsonValue(),
      },
      { requiredKeys: ['type', 'channel'] },
    )
    fc.assert(
      fc.property(fc.oneof(body.map(bytes), fc.json().map(Buffer.from), fc.uint8Array().map(Buffer.from)), (raw) => {
        const parsed = parseWebhook(raw, now)
        expect(parseWebhook(raw, now)).toEqual(parsed)
        expect(parsed.events.length > 0 || parsed.malformed !== undefined).toBe(true)
        for (const event of parsed.events) {
          expect(event.key.length).toBeGreaterThan(0)
          expect(Number.isNaN(Date.parse(event.at))).toBe(false)
        }
      }),
      { numRuns: 500 },
    )
  })
})
