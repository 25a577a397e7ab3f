import { describe, expect, test } from 'vitest'
import type { MessageEvent } from '../../ports/channel.ts'
import { messageBodies } from '../../ports/message.ts'
import { parseWebhook } from './parse.ts'
import { body, CUSTOMER, change, contact, message, messages, metadata } from './sample-bodies.ts'

const now = () => new Date('2026-11-21T12:00:00.000Z')
const events = (given: unknown) => parseWebhook(Buffer.from(JSON.stringify(given)), now).events
const first = (given: unknown): MessageEvent => {
  const event = events(given)[0]
  if (event?.kind !== 'message') throw new Error(`not a message: ${JSON.stringify(event)}`)
  return event
}
const read = (type: string, payload?: unknown, more: object = {}) => first(messages(message(type, payload, more)))

const HASH = 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9'
const base64 = Buffer.from(HASH, 'hex').toString('base64')

describe('what a customer says', () => {
  test('a text', () => {
    expect(read('text', { body: 'Hello' })).toMatchObject({
      kind: 'message',
      direction: 'inbound',
      externalId: 'wamid.text',
      type: 'text',
      text: 'Hello',
      body: { text: 'Hello' },
      media: [],
      opensWindow: true,
      conversational: true,
      metadata: {},
    })
  })
  test.each([
    ['image', { caption: 'Look' }, { caption: 'Look' }],
    ['video', { caption: 'Look' }, { caption: 'Look' }],
    ['document', { caption: 'Look', filename: 'plan.pdf' }, { caption: 'Look', fileName: 'plan.pdf' }],
  ])('%s with its caption, to be fetched', (type, extra, expected) => {
    const event = read(type, { id: '77', mime_type: 'a/b', sha256: base64, url: 'https://files.example/77', ...extra })
    expect(event).toMatchObject({ type, text: 'Look', body: { ...expected, mimeType: 'a/b' } })
    expect(event.media).toEqual([
      {
        externalId: '77',
        url: 'https://files.example/77',
        mimeType: 'a/b',
        sha256: HASH,
        ...('filename' in extra ? { fileName: 'plan.pdf' } : {}),
      },
    ])
  })
  test('a voice note and other audio are told apart', () => {
    expect(read('audio', { id: '7', voice: true }).body).toEqual({ voice: true })
    expect(read('audio', { id: '7' }).body).toEqual({ voice: false })
  })
  test('a sticker that moves and one that does not', () => {
    expect(read('sticker', { id: '7', animated: true, mime_type: 'image/webp' }).body).toEqual({
      animated: true,
      mimeType: 'image/webp',
    })
    expect(read('sticker', { id: '7' }).body).toEqual({ animated: false })
  })
  test('a file whose hash is no hash is fetched without comparing', () => {
    expect(read('image', { id: '7', sha256: 'short' }).media).toEqual([{ externalId: '7' }])
    expect(read('image', { id: '7', sha256: HASH.toUpperCase() }).media).toEqual([{ externalId: '7', sha256: HASH }])
  })
  test('a place on the map', () => {
    const event = read('location', {
      latitude: 37.4,
      longitude: '-122.1',
      name: 'Café',
      address: 'Main Street 1',
      url: 'https://c.example',
    })
    expect(event.body).toEqual({
      latitude: 37.4,
      longitude: -122.1,
      name: 'Café',
      address: 'Main Street 1',
      url: 'https://c.example',
    })
    expect(event.text).toBe('Café, Main Street 1')
    expect(read('location', { latitude: 1, longitude: 2 }).text).toBeNull()
  })
  test('contact cards, also nameless ones', () => {
    const event = read('contacts', [
      {
        name: { formatted_name: 'Mara Lind', first_name: 'Mara' },
        org: { company: 'Lind' },
        birthday: '1990-01-02',
        origin: 'contact_request',
        phones: [{ phone: '+1 555', type: 'CELL', wa_id: '1555' }, {}],
        emails: [{ email: 'm@l.example', type: 'WORK' }],
        urls: [{ url: 'https://l.example' }],
        addresses: [{ street: '1 Main', city: 'Town', type: 'HOME' }],
      },
      { name: { first_name: 'Ann', last_name: 'Lee' } },
      { phones: [{ wa_id: '1777' }] },
    ])
    expect(event.text).toBe('Mara Lind, Ann Lee, 1777')
    expect(event.body.contacts).toMatchObject([
      {
        name: 'Mara Lind',
        organisation: 'Lind',
        birthday: '1990-01-02',
        origin: 'contact_request',
        phones: [{ phone: '+1 555', type: 'CELL', waId: '1555' }],
        emails: [{ email: 'm@l.example', type: 'WORK' }],
        urls: [{ url: 'https://l.example' }],
        addresses: [{ text: '1 Main, Town', type: 'HOME' }],
      },
      { name: 'Ann Lee' },
      { name: '1777' },
    ])
  })
  test("a template's quick reply", () => {
    expect(read('button', { text: 'Yes', payload: 'YES_1' })).toMatchObject({
      text: 'Yes',
      body: { text: 'Yes', payload: 'YES_1' },
    })
  })
  test('a chosen button and a chosen row', () => {
    const button = read('interactive', { type: 'button_reply', button_reply: { id: 'y', title: 'Yes' } })
    expect(button).toMatchObject({ text: 'Yes', body: { kind: 'button_reply', id: 'y', title: 'Yes' } })
    const row = read('interactive', { type: 'list_reply', list_reply: { id: '1', title: 'Monday', description: '9:00' } })
    expect(row).toMatchObject({ text: 'Monday', body: { kind: 'list_reply', id: '1', title: 'Monday', description: '9:00' } })
  })
  test.each([
    ['an object', '{"name":"Ann","type":"x"}', { name: 'Ann', type: 'x' }],
    ['a list', '[1,2]', [1, 2]],
    ['a number', '7', 7],
    ['null', 'null', null],
    ['no JSON', 'oops {', 'oops {'],
    ['too deep', '['.repeat(200), '['.repeat(200)],
  ])('a filled-in form whose answer is %s', (_what, response_json, response) => {
    const event = read('interactive', { type: 'nfm_reply', nfm_reply: { name: 'flow', body: 'Sent', response_json } })
    expect(event.body).toEqual({ kind: 'form_reply', id: 'flow', title: 'Sent', response })
    expect(event.text).toBe('Sent')
  })
  test('the permission to call', () => {
    const answer = { response: 'accept', expiration_timestamp: 1790000000, response_source: 'user_action' }
    const event = read('interactive', { type: 'call_permission_reply', call_permission_reply: answer })
    expect(event.body).toEqual({ kind: 'call_permission', id: 'accept', response: answer })
  })
  test('an answer of a kind that is not known here', () => {
    expect(read('interactive', { type: 'shiny_reply', shiny_reply: { a: 1 } }).body).toEqual({
      kind: 'shiny_reply',
      response: { a: 1 },
    })
  })
  test('an answer that came without its content, with the error that stands beside it', () => {
    const errors = [{ code: 131000, title: 'Something went wrong', error_data: { details: 'Unsupported webhook payload' } }]
    const event = first(
      body(change('messages', { metadata, contacts: [contact()], messages: [message('interactive')], errors })),
    )
    expect(event).toMatchObject({ type: 'unsupported', text: null, conversational: true })
    expect(event.body).toEqual({ originalType: 'interactive', reason: 'Unsupported webhook payload', code: '131000' })
    expect(event.metadata.valueErrors).toEqual(errors)
  })
  test('an order', () => {
    const event = read('order', {
      catalog_id: '9',
      text: 'Please',
      product_items: [
        { product_retailer_id: 'p', quantity: 2, item_price: '3.5', currency: 'EUR' },
        { quantity: 1 },
        { product_retailer_id: 'q' },
      ],
    })
    expect(event.text).toBe('Please')
    expect(event.body).toEqual({
      catalogId: '9',
      text: 'Please',
      items: [
        { productId: 'p', quantity: 2, price: 3.5, currency: 'EUR' },
        { productId: 'q', quantity: 1 },
      ],
    })
  })
  test('something WhatsApp cannot hand over leaves a placeholder', () => {
    const errors = [{ code: 131051, title: 'Message type unknown', error_data: { details: 'Not supported.' } }]
    const event = read('unsupported', { type: 'poll_creation' }, { errors })
    expect(event.body).toEqual({ originalType: 'poll_creation', reason: 'Not supported.', code: '131051' })
    expect(event.metadata.errors).toEqual(errors)
    expect(read('unsupported', undefined, { errors }).type).toBe('unsupported')
  })
  test('a type that is not known here is kept under its name with its payload', () => {
    expect(read('hologram', { id: '7' })).toMatchObject({
      type: 'hologram',
      text: null,
      body: { id: '7' },
      conversational: true,
    })
    expect(read('hologram', 'x').body).toEqual({ value: 'x' })
  })
  test.each(['note', 'activity', 'template', 'constructor', '__proto__', 'A Type', 'x'.repeat(65)])(
    'a stranger cannot pass a message off as "%s"',
    (type) => {
      const event = first(messages({ from: CUSTOMER, id: 'm', timestamp: '1', type }))
      expect(event.type).toBe('unsupported')
    },
  )
  test.each([
    'text',
    'image',
    'location',
    'contacts',
    'button',
    'interactive',
    'reaction',
    'order',
    'system',
    'edit',
    'revoke',
  ])('%s without its content is shown as what could not be read', (type) => {
    expect(read(type).body).toMatchObject({ originalType: type, reason: 'It came without its content.' })
  })
  test('without a type, the content tells it', () => {
    expect(first(messages({ from: CUSTOMER, id: 'm', timestamp: '1', text: { body: 'Hi' } })).type).toBe('text')
    expect(first(messages({ from: CUSTOMER, id: 'm', timestamp: '1' })).type).toBe('unsupported')
  })
})

describe('what happens to a message or to the customer', () => {
  const quiet = { conversational: false, opensWindow: false }
  test('a reaction, and one taken back by absence or by an empty emoji', () => {
    expect(read('reaction', { message_id: 'wamid.x', emoji: '👍' })).toMatchObject({
      ...quiet,
      text: '👍',
      body: { emoji: '👍' },
      replyTo: 'wamid.x',
    })
    for (const payload of [{ message_id: 'wamid.x' }, { message_id: 'wamid.x', emoji: '' }]) {
      expect(read('reaction', payload)).toMatchObject({ ...quiet, text: null, body: { emoji: null }, replyTo: 'wamid.x' })
    }
  })
  test('an edit carries the new content', () => {
    const event = read('edit', { original_message_id: 'wamid.x', message: { type: 'text', text: { body: 'Better' } } })
    expect(event).toMatchObject({ ...quiet, type: 'edit', text: 'Better', replyTo: 'wamid.x' })
    expect(event.body).toEqual({ type: 'text', body: { text: 'Better' }, text: 'Better' })
  })
  test('an edit of an edit is no edit', () => {
    expect(read('edit', { original_message_id: 'x', message: { type: 'edit', edit: {} } }).type).toBe('unsupported')
  })
  test('a message taken back', () => {
    expect(read('revoke', { original_message_id: 'wamid.x' })).toMatchObject({
      ...quiet,
      type: 'revoke',
      body: {},
      replyTo: 'wamid.x',
    })
  })
  test('a system line is shown but is nothing that was said', () => {
    const event = read('system', { type: 'customer_identity_changed', body: 'Changed' }, { identity: { hash: 'h' } })
    expect(event).toMatchObject({
      ...quiet,
      type: 'system',
      text: 'Changed',
      body: { event: 'identity_changed', text: 'Changed' },
    })
    expect(event.metadata.identity).toEqual({ hash: 'h' })
    expect(read('system', { type: 'something_new' }).body).toEqual({ event: 'something_new' })
  })
  test('opening the chat opens the window though nothing was said', () => {
    expect(read('request_welcome')).toMatchObject({
      type: 'system',
      body: { event: 'chat_opened' },
      opensWindow: true,
      conversational: false,
    })
  })
})

describe('what stands around a message', () => {
  test('what it answers', () => {
    expect(read('text', { body: 'a' }, { context: { from: '1', id: 'wamid.q' } }).replyTo).toBe('wamid.q')
    expect(read('text', { body: 'a' }, { context: { forwarded: true } }).replyTo).toBeUndefined()
  })
  test('that it was forwarded, once or often', () => {
    expect(read('text', { body: 'a' }, { context: { forwarded: true } }).metadata).toEqual({ forwarded: 'once' })
    expect(read('text', { body: 'a' }, { context: { frequently_forwarded: true } }).metadata).toEqual({ forwarded: 'often' })
  })
  test('the product asked about and the ad it came from', () => {
    const referral = { source_type: 'ad', source_id: '12', ctwa_clid: 'c', welcome_message: { text: 'Hi' } }
    const product = { catalog_id: '1', product_retailer_id: 'p' }
    const event = read('text', { body: 'a' }, { context: { id: 'w', referred_product: product }, referral })
    expect(event.metadata).toEqual({ product, referral })
  })
  test('keys that are not known here', () => {
    const value = { metadata, contacts: [contact()], messages: [message('text', { body: 'a' }, { novelty: 1 })], other: true }
    expect(first(body(change('messages', value))).metadata).toEqual({ extra: { novelty: 1 }, valueExtra: { other: true } })
  })
  test('text without NUL or lone surrogates', () => {
    const raw = JSON.stringify(messages(message('text', { body: 'X' }))).replace('"X"', '"a\\u0000b\\udc00"')
    expect(parseWebhook(Buffer.from(raw), now).events[0]).toMatchObject({ text: 'ab\ufffd', body: { text: 'ab\ufffd' } })
  })
  test('a line in a group does not open the window of its author', () => {
    const event = read('text', { body: 'a' }, { group_id: 'G1' })
    expect(event).toMatchObject({ opensWindow: false, conversational: true, metadata: { groupId: 'G1' } })
  })
  test('every body keeps the shape that the console shows', () => {
    const samples: [string, unknown][] = [
      ['text', { body: 'a' }],
      ['image', { id: '1' }],
      ['video', { id: '1' }],
      ['audio', { id: '1' }],
      ['document', { id: '1' }],
      ['sticker', { id: '1' }],
      ['location', { latitude: 1, longitude: 2 }],
      ['contacts', [{ name: {} }]],
      ['button', { text: 'a' }],
      ['interactive', { type: 'button_reply', button_reply: {} }],
      ['reaction', { message_id: 'x' }],
      ['order', {}],
      ['system', { body: 'x' }],
      ['edit', { original_message_id: 'x', message: {} }],
      ['revoke', { original_message_id: 'x' }],
      ['unsupported', {}],
    ]
    for (const [type, payload] of samples) {
      const event = read(type, payload)
      expect(event.type).toBe(type)
      expect(messageBodies[event.type as keyof typeof messageBodies].safeParse(event.body).error).toBeUndefined()
    }
  })
})
