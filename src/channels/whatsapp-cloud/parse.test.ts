import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { InboundEvent } from '../../ports/channel.ts'
import { parseWebhook } from './parse.ts'
import {
  accountChange,
  body,
  CUSTOMER,
  change,
  contact,
  message,
  messages,
  metadata,
  PHONE_ID,
  status,
  statuses,
  WABA,
} from './sample-bodies.ts'

const now = () => new Date('2026-11-21T12:00:00.000Z')
const parse = (given: unknown) => parseWebhook(Buffer.from(typeof given === 'string' ? given : JSON.stringify(given)), now)
const kinds = (events: readonly InboundEvent[]) => events.map((event) => (event.kind === 'account' ? event.type : event.kind))
const text = (id: string, more: object = {}) => message('text', { body: id }, { id, ...more })

const textsIn = (value: unknown): string[] => {
  if (typeof value === 'string') return [value]
  return value !== null && typeof value === 'object' ? [...Object.keys(value), ...Object.values(value).flatMap(textsIn)] : []
}

describe('one body', () => {
  test('holds several entries, changes, messages and receipts, and keeps their order', () => {
    const value = { messaging_product: 'whatsapp', metadata, contacts: [contact()] }
    const { events, label } = parse({
      object: 'whatsapp_business_account',
      entry: [
        {
          id: WABA,
          changes: [
            // Receipts stand first in the JSON; the messages of a value come out before them.
            change('messages', { ...value, statuses: [status('sent')], messages: [text('m1'), text('m2')] }),
            change('messages', { ...value, messages: [text('m3')] }),
          ],
        },
        {
          id: 'other',
          changes: [change('messages', { ...value, metadata: { phone_number_id: 'p2' }, statuses: [status('read')] })],
        },
        { id: 'third', time: 1_790_000_000, changes: [change('account_update', { event: 'ACCOUNT_DELETED' })] },
      ],
    })
    expect(events.map((event) => (event.kind === 'account' ? event.owner : 'externalId' in event && event.externalId))).toEqual(
      ['m1', 'm2', 'wamid.out', 'm3', 'wamid.out', 'third'],
    )
    expect(events.map((event) => event.account)).toEqual([PHONE_ID, PHONE_ID, PHONE_ID, PHONE_ID, 'p2', null])
    expect(label).toBe('messages+account_update')
  })
  test('may be empty at every level', () => {
    for (const entry of [
      [],
      [{ id: WABA, changes: [] }],
      [{ id: WABA, changes: [change('messages', { metadata, messages: [], statuses: [] })] }],
    ]) {
      expect(parse({ object: 'whatsapp_business_account', entry })).toEqual({
        events: [],
        label: expect.stringMatching(/empty|messages/),
      })
    }
  })
  test('loses none of its pieces to a bad one beside it', () => {
    const { events } = parse(
      messages(
        null,
        text('a'),
        'x',
        { type: 'text' },
        text('b'),
        { ...text('c'), id: '' },
        { ...text('d'), id: 'i'.repeat(513) },
      ),
    )
    expect(kinds(events)).toEqual(['unreadable', 'message', 'unreadable', 'unreadable', 'message', 'unreadable', 'unreadable'])
  })
  test('keeps what it cannot read, with the reason', () => {
    const { events } = parse({
      entry: [
        7,
        { id: WABA },
        { id: WABA, changes: [null, { field: 'messages' }, change('messages', { metadata, messages: {} })] },
      ],
    })
    expect(kinds(events)).toEqual(Array(5).fill('unreadable'))
    for (const event of events) {
      expect(event).toMatchObject({ data: { reason: expect.stringMatching(/\w/) } })
      expect(event).toHaveProperty('data.value')
    }
  })
  test('tells different unreadable pieces apart', () => {
    const events = parse(messages(null, 1, 'x')).events.flatMap((event) => (event.kind === 'account' ? [event.key] : []))
    expect(new Set(events).size).toBe(3)
  })
  test.each([
    ['no bytes', ''],
    ['no JSON', '{"entry"'],
    ['no object', '[1]'],
    ['no entries', '{"object":"whatsapp_business_account"}'],
    ['another product', '{"object":"page","entry":[]}'],
    ['a bomb of brackets', '['.repeat(1_000_000)],
    ['a bomb of pieces', `{"entry":[${'{},'.repeat(30_000)}{}]}`],
  ])('of %s is malformed', (_what, given) => {
    expect(parse(given)).toEqual({ events: [], label: 'malformed', malformed: expect.stringMatching(/\w/) })
  })
  test('says when a message does not tell which number it came to or whom it is from', () => {
    const noNumber = body(change('messages', { messages: [text('a')] }))
    const nobody = body(change('messages', { metadata, messages: [{ ...text('a'), from: '' }] }))
    expect(kinds([...parse(noNumber).events, ...parse(nobody).events])).toEqual(['unreadable', 'unreadable'])
  })
})

describe('the field of a change', () => {
  const value = { metadata, contacts: [contact()], messages: [text('a')] }
  test.each([
    ['missing', { value }],
    ['beside the change', { value }, { field: 'messages' }],
    ['inside the value', { value: { ...value, field: 'messages' } }],
    ['unknown', { value, field: 'messages_v2' }],
  ])('%s: the message is read all the same', (_where, given, entry: object = {}) => {
    const { events } = parse({ entry: [{ id: WABA, changes: [given], ...entry }] })
    expect(kinds(events)).toEqual(['message'])
  })
  test('unknown with unknown content is kept as it came', () => {
    const { events, label } = parse(accountChange('brand_new_thing', { a: 1 }))
    expect(label).toBe('brand_new_thing')
    expect(events).toMatchObject([
      { type: 'account.unknown', owner: WABA, data: { field: 'brand_new_thing', value: { a: 1 } } },
    ])
  })
  test('messages without anything we know is kept as it came', () => {
    expect(kinds(parse(body(change('messages', { metadata, novelty: [] }))).events)).toEqual(['account.unknown'])
  })
})

describe('time', () => {
  const at = (timestamp: unknown) => parse(messages(text('a', { timestamp }))).events[0]?.occurredAt
  test('is Unix seconds as text or number', () => {
    expect(at('1790000000')).toBe('2026-09-21T14:13:20.000Z')
    expect(at(1790000000)).toBe('2026-09-21T14:13:20.000Z')
  })
  test.each([undefined, '', 'soon', -5, 0, '99999999999999', {}, null])('%j falls back to the time of reading', (timestamp) => {
    expect(at(timestamp)).toBe('2026-11-21T12:00:00.000Z')
  })
  test('of a piece without its own is that of its entry', () => {
    expect(parse(accountChange('security', { event: 'PIN_CHANGED' }, 1_790_000_000)).events[0]?.occurredAt).toBe(
      '2026-09-21T14:13:20.000Z',
    )
  })
})

describe('whatever the bytes are', () => {
  const whole = JSON.stringify({
    entry: [
      messages(
        text('a', { context: { id: 'wamid.q', from: '1' }, referral: { source_id: '1' } }),
        message('image', { id: '1', sha256: 'x' }),
        message('interactive', { type: 'nfm_reply', nfm_reply: { response_json: '{"a":1}' } }),
        message('contacts', [{ name: { formatted_name: 'A' }, phones: [{ phone: '1' }] }]),
        message('order', { product_items: [{ product_retailer_id: '1', quantity: 1 }] }),
        message('edit', { original_message_id: 'x', message: { type: 'text', text: { body: 'y' } } }),
        message('system', { type: 'user_changed_number', wa_id: '15550002222' }),
      ),
      statuses(status('failed', { errors: [{ code: 131026 }] })),
    ].flatMap(({ entry }) => entry),
  })
  const sound = (given: Buffer) => {
    const parsed = parseWebhook(given, now)
    for (const event of parsed.events) {
      expect(Number.isNaN(Date.parse(event.occurredAt))).toBe(false)
      expect(textsIn(event).filter((found) => found.includes('\0') || !found.isWellFormed())).toEqual([])
      if (event.kind === 'message') expect(event.person.identities.length).toBeGreaterThan(0)
    }
    expect(parsed.label.length).toBeGreaterThan(0)
  }
  test('parse returns something that can be stored, for any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => sound(Buffer.from(bytes))))
  })
  test('for any JSON, and any JSON in the place of a value or an item', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        sound(Buffer.from(json))
        sound(Buffer.from(`{"entry":[{"id":"1","changes":[{"field":"messages","value":${json}}]}]}`))
        const value = `{"metadata":{"phone_number_id":"1"},"messages":[${json}],"statuses":[${json}],"message_echoes":[${json}],"calls":[${json}],"groups":[${json}],"user_preferences":[${json}],"user_id_update":[${json}],"state_sync":[${json}],"errors":[${json}],"contacts":[${json}]}`
        sound(Buffer.from(`{"entry":[{"id":"1","changes":[{"value":${value}}]}]}`))
      }),
    )
  })
  const types = [
    'text',
    'image',
    'audio',
    'sticker',
    'location',
    'contacts',
    'button',
    'interactive',
    'reaction',
    'order',
    'system',
    'edit',
    'revoke',
    'unsupported',
    'constructor',
    '__proto__',
    'toString',
    'note',
    'x y',
  ]
  test('for any payload of every type', () => {
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.jsonValue({ maxDepth: 4 }), (type, payload) => {
        const given = JSON.stringify(messages({ from: CUSTOMER, id: 'm', timestamp: '1', type })).replace(
          '"from"',
          () => `${JSON.stringify(type)}:${JSON.stringify(payload)},"from"`,
        )
        const { events } = parseWebhook(Buffer.from(given), now)
        expect(events.some((event) => event.kind === 'message')).toBe(true)
        sound(Buffer.from(given))
      }),
    )
  })
  test('for a good body with a part replaced or cut out', () => {
    fc.assert(
      fc.property(
        fc.nat(whole.length),
        fc.nat(40),
        fc.constantFrom('', '0', '"', '{', ']', 'null', '\\u0000', '\\ud800', '[[['),
        (start, length, patch) => {
          sound(Buffer.from(whole.slice(0, start) + patch + whole.slice(start + length)))
        },
      ),
      { numRuns: 500 },
    )
  })
})
