import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MessageEvent, ReceiptEvent } from '../../ports/channel.ts'
import { inboundEvent } from '../../ports/event-schema.ts'
import { messageBodies } from '../../ports/message.ts'
import { parseWebhook } from './parse.ts'
import { ADA, form, onWhatsApp, SHOP, sid, sms, status } from './sample-forms.ts'

const now = () => new Date('2026-11-26T10:00:00Z')
const parse = (body: Buffer, headers?: Record<string, string>) => parseWebhook(body, headers, now)

function message(body: Buffer): MessageEvent {
  const [event] = parse(body).events
  if (event?.kind !== 'message') throw new Error(`Not a message: ${JSON.stringify(parse(body))}`)
  expect(inboundEvent.safeParse(event).error).toBeUndefined()
  const shape = messageBodies[event.type as keyof typeof messageBodies]
  if (shape) expect(shape.safeParse(event.body).error).toBeUndefined()
  return event
}
function receipt(body: Buffer, headers?: Record<string, string>): ReceiptEvent {
  const [event] = parse(body, headers).events
  if (event?.kind !== 'receipt') throw new Error(`Not a receipt: ${JSON.stringify(parse(body))}`)
  expect(inboundEvent.safeParse(event).error).toBeUndefined()
  return event
}

describe('an SMS', () => {
  test('is a line of the number that wrote it, to the number that it came to', () => {
    expect(message(sms())).toMatchObject({
      ...{ direction: 'inbound', account: SHOP, externalId: sid(7), type: 'text', text: 'Is anybody there?', media: [] },
      ...{ occurredAt: '2026-11-26T10:00:00.000Z', opensWindow: true, conversational: true },
      person: { identities: [{ kind: 'phone', value: ADA, scope: '' }], phone: ADA },
      metadata: { place: { ToCountry: 'US', FromCity: 'OAKLAND', FromState: 'CA' }, extra: { NumSegments: '1' } },
    })
  })
  test('with files has all of them, and is what the first is', () => {
    const url = (n: number) =>
      `https://api.twilio.com/2010-04-01/Accounts/${sid(1, 'AC')}/Messages/${sid(7, 'MM')}/Media/${sid(n, 'ME')}`
    const two = {
      NumMedia: '2',
      MediaUrl0: url(1),
      MediaContentType0: 'image/jpeg',
      MediaUrl1: url(2),
      MediaContentType1: 'application/pdf',
    }
    expect(message(sms({ ...two, Body: 'Like this' }))).toMatchObject({
      ...{ type: 'image', text: 'Like this', body: { caption: 'Like this', mimeType: 'image/jpeg' } },
      media: [
        { url: url(1), mimeType: 'image/jpeg' },
        { url: url(2), mimeType: 'application/pdf' },
      ],
    })
    expect(message(sms({ NumMedia: '1', MediaUrl0: url(1), MediaContentType0: 'text/vcard', Body: '' }))).toMatchObject({
      type: 'document',
      text: null,
    })
    expect(message(sms({ NumMedia: '1', MediaUrl0: url(1), MediaContentType0: 'audio/amr', Body: '' }))).toMatchObject({
      type: 'audio',
      body: { voice: false },
    })
  })
  test('from a short code or a name has somebody who wrote it', () => {
    for (const from of ['72345', 'AMAZON'])
      expect(message(sms({ From: from })).person).toEqual({ identities: [{ kind: 'external', value: from, scope: '' }] })
  })
  test.each([
    ['STOP', 'stop'],
    ['START', 'start'],
    ['HELP', 'help'],
  ])('that Twilio took as %s says so, whatever its words are', (word, optOut) => {
    expect(message(sms({ Body: 'basta', OptOutType: word })).optOut).toBe(optOut)
    expect(message(sms({ Body: word })).optOut).toBeUndefined()
  })
  test('without a word and without a file is kept', () => {
    expect(message(sms({ Body: '' }))).toMatchObject({ type: 'unsupported', text: null })
  })
  test('without an id gets one of its content, the same each time', () => {
    const bare = form({ From: ADA, To: SHOP, Body: 'Hi' })
    expect(message(bare).externalId).toMatch(/^made:[0-9a-f]{64}$/)
    expect(message(bare).externalId).toBe(message(bare).externalId)
    expect(message(form({ From: ADA, To: SHOP, Body: 'Ho' })).externalId).not.toBe(message(bare).externalId)
  })
  test('read from a list, or from the disk, has the time at which it came', () => {
    expect(message(sms({ DateSent: 'Thu, 26 Nov 2026 09:00:00 +0000' })).occurredAt).toBe('2026-11-26T09:00:00.000Z')
    expect(parse(sms(), { ':received-at': '2026-11-26T08:00:00.000Z' }).events[0]?.occurredAt).toBe('2026-11-26T08:00:00.000Z')
  })
})

describe('a WhatsApp message', () => {
  const bsuid = 'US.13491208655302741918'
  test('has the name, the number and what is special to it', () => {
    const channel = { type: 'whatsapp', data: { context: { from: 'x' } } }
    expect(message(onWhatsApp({ Forwarded: 'true', ChannelMetadata: JSON.stringify(channel) }))).toMatchObject({
      account: `whatsapp:${SHOP}`,
      person: { identities: [{ kind: 'wa_id', value: ADA.slice(1), scope: '' }], name: 'Ada', phone: ADA },
      metadata: { forwarded: 'once', channel },
    })
  })
  test('of somebody with an id of their own has both, the id first', () => {
    expect(message(onWhatsApp({ ExternalUserId: `whatsapp:${bsuid}` })).person.identities).toEqual([
      { kind: 'bsuid', value: bsuid, scope: 'portfolio' },
      { kind: 'wa_id', value: ADA.slice(1), scope: '' },
    ])
  })
  test('of somebody who hides the number has the id alone', () => {
    const hidden = message(onWhatsApp({ From: `whatsapp:${bsuid}`, WaId: '', ExternalUserId: `whatsapp:${bsuid}` }))
    expect(hidden.person).toEqual({ identities: [{ kind: 'bsuid', value: bsuid, scope: 'portfolio' }], name: 'Ada' })
  })
  test.each(['whatsapp:', 'whatsapp:?', 'US.1', 'whatsapp:us.1', `whatsapp:${'x'.repeat(600)}`])(
    'is not lost by an id like %s, which is kept beside it',
    (stated) => {
      const found = message(onWhatsApp({ ExternalUserId: stated }))
      expect(found.person.identities).toEqual([{ kind: 'wa_id', value: ADA.slice(1), scope: '' }])
      expect(found.metadata.extra).toMatchObject({ ExternalUserId: stated })
    },
  )
  test.each([
    [
      { MessageType: 'location', Latitude: '52.5', Longitude: '13.4', Label: 'Shop', Address: 'A street', Body: '' },
      {
        type: 'location',
        text: 'Shop, A street',
        body: { latitude: 52.5, longitude: 13.4, name: 'Shop', address: 'A street' },
      },
    ],
    [{ MessageType: 'location', Latitude: 'x', Longitude: '', Body: '' }, { type: 'unsupported' }],
    [
      { MessageType: 'button', ButtonText: 'Yes', ButtonPayload: 'y', Body: 'Yes' },
      { type: 'button', text: 'Yes', body: { text: 'Yes', payload: 'y' } },
    ],
    [
      { MessageType: 'interactive', ButtonText: 'Yes', ButtonPayload: 'y', Body: 'Yes' },
      { type: 'interactive', body: { kind: 'button_reply', id: 'y', title: 'Yes' } },
    ],
    [
      { MessageType: 'interactive', ListId: '1', ListTitle: 'Monday', ListDescription: 'at 9', Body: 'Monday' },
      { type: 'interactive', text: 'Monday', body: { kind: 'list_reply', id: '1', title: 'Monday', description: 'at 9' } },
    ],
    [
      { MessageType: 'order', Body: '' },
      { type: 'unsupported', body: { originalType: 'order' } },
    ],
    [{ MessageType: 'unsupported', Body: '' }, { type: 'unsupported' }],
    [
      { MessageType: 'something_new', Body: 'words' },
      { type: 'text', text: 'words' },
    ],
  ])('%j', (given, wanted) => {
    expect(message(onWhatsApp(given as Record<string, string>))).toMatchObject(wanted)
  })
  test('a file is what its type says, one that moves nothing a document', () => {
    const file = (type: string, mime: string) =>
      message(
        onWhatsApp({
          MessageType: type,
          NumMedia: '1',
          MediaUrl0: 'https://api.twilio.com/x',
          MediaContentType0: mime,
          Body: '',
        }),
      ).type
    expect([
      file('sticker', 'image/webp'),
      file('audio', 'audio/ogg'),
      file('contacts', 'text/vcard'),
      file('document', 'application/pdf'),
    ]).toEqual(['sticker', 'audio', 'document', 'document'])
  })
  test('a reaction is on the message that it answers, and renews nothing', () => {
    const reaction = message(onWhatsApp({ MessageType: 'reaction', Body: '👍', OriginalRepliedMessageSid: sid(3) }))
    expect(reaction).toMatchObject({
      type: 'reaction',
      body: { emoji: '👍' },
      replyTo: sid(3),
      opensWindow: false,
      conversational: false,
    })
    expect(message(onWhatsApp({ MessageType: 'reaction', Body: '' })).body).toEqual({ emoji: null })
  })
  test('that answers one, and one that an ad led to, say so', () => {
    const found = message(
      onWhatsApp({ OriginalRepliedMessageSid: sid(3), ReferralSourceUrl: 'https://ad.example', ReferralCtwaClid: 'c' }),
    )
    expect(found).toMatchObject({
      replyTo: sid(3),
      metadata: { referral: { ReferralSourceUrl: 'https://ad.example', ReferralCtwaClid: 'c' } },
    })
    expect(message(onWhatsApp()).metadata.referral).toBeUndefined()
  })
})

describe('a status', () => {
  test.each([
    ['sent', 'sent'],
    ['delivered', 'delivered'],
    ['read', 'read'],
    ['partially_delivered', 'delivered'],
    ['undelivered', 'failed'],
    ['failed', 'failed'],
    ['canceled', 'failed'],
    ['queued', 'queued'],
    ['something', 'something'],
  ])('%s moves a message to %s', (word, wanted) => {
    expect(receipt(status(word))).toMatchObject({ externalId: sid(9), account: SHOP, status: wanted })
  })
  test('that failed says why in words', () => {
    expect(receipt(status('undelivered', { ErrorCode: '30006' })).error).toEqual({
      code: '30006',
      text: 'The customer’s number is a landline, or its network takes no SMS.',
    })
    expect(receipt(status('failed', { ErrorCode: '39999', ErrorMessage: 'New trouble' })).error?.text).toContain('New trouble')
    expect(receipt(status('undelivered')).error).toMatchObject({ code: 'undelivered' })
    expect(receipt(status('delivered', { ErrorCode: '30006' })).error).toBeUndefined()
  })
  test('needs nothing but its id and word: whose it is says the address that was called', () => {
    const bare = form({ MessageSid: sid(9), MessageStatus: 'delivered' })
    const message = '0190cccc-0000-7000-8000-000000000001'
    const called = { ':path': `/webhooks/twilio/app?account=${encodeURIComponent(SHOP)}&message=${message}` }
    expect(receipt(bare, called)).toMatchObject({ account: SHOP, externalId: sid(9), messageId: message })
    expect(receipt(bare, { ':path': `/x?account=a&message=none` }).messageId).toBeUndefined()
    expect(parse(bare)).toMatchObject({ events: [], malformed: expect.stringMatching(/./) })
  })
})

test('what is neither is malformed, with a reason, whatever the bytes are', () => {
  for (const body of ['', '{}', 'MessageStatus=sent', 'Body=Hi', 'From=', 'To=%2B1'])
    expect(parse(Buffer.from(body))).toMatchObject({ events: [], malformed: expect.stringMatching(/./) })
  const names = fc.constantFrom(
    'MessageSid',
    'From',
    'To',
    'Body',
    'MessageStatus',
    'NumMedia',
    'MediaUrl0',
    'WaId',
    'MessageType',
    'ExternalUserId',
    'Latitude',
    'AddOns',
    '__proto__',
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(names, fc.string({ unit: 'binary' }))), (pairs) => {
      for (const event of parse(
        Buffer.from(pairs.map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`).join('&')),
      ).events)
        expect(inboundEvent.safeParse(event).error).toBeUndefined()
    }),
  )
})
