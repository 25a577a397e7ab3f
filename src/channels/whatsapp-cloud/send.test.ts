import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AccountConnection, OutboundFile, OutboundMessage } from '../../ports/channel.ts'
import type { OutboundBody } from '../../ports/message.ts'
import { type GraphStandIn, startGraph, TOKEN } from './graph.stand-in.ts'
import { createWhatsAppCloud } from './index.ts'

const ID = '0190aaaa-0000-7000-8000-000000000001'
const now = () => new Date('2026-11-21T12:00:00.000Z')
let graph: GraphStandIn
beforeAll(async () => {
  graph = await startGraph()
})
afterAll(() => graph.close())
beforeEach(async () => {
  await graph.setMood('accept')
  graph.seen.length = 0
})

const channel = createWhatsAppCloud({ fetch, now, random: () => 0 })
const message = (
  body: OutboundBody = { type: 'text', text: 'Hello' },
  more: Partial<OutboundMessage> = {},
): OutboundMessage => ({
  messageId: ID,
  to: [{ kind: 'wa_id', value: '15550001111', scope: '' }],
  body,
  ...more,
})
const send = (given = message(), account: AccountConnection = graph.account) => channel.send(account, given)
const graphError = (code: number, more: object = {}) => ({ error: { message: 'no', code, ...more } })
const file = (more: Partial<OutboundFile> = {}): OutboundFile => {
  const content = Buffer.from('a small picture')
  return {
    mimeType: 'image/png',
    fileName: 'a "b".png',
    byteSize: content.length,
    read: () => Promise.resolve(content),
    ...more,
  }
}
const picture = (more: Partial<OutboundFile> = {}) =>
  message({ type: 'image', mediaId: ID, caption: 'Look' }, { file: file(more) })
const paths = () => graph.seen.map(({ method, url }) => `${method} ${url}`)

/** fetch that fails as undici does. */
const failing = (cause: unknown) =>
  createWhatsAppCloud({ fetch: () => Promise.reject(new TypeError('fetch failed', { cause })), now, random: () => 0 })
const error = (code: string, more: object = {}) => Object.assign(new Error(code), { code, ...more })

describe('a message that is sent', () => {
  test('goes to the number with the token, and comes back with its id and whom it reached', async () => {
    expect(await send()).toEqual({
      outcome: 'accepted',
      externalId: expect.stringMatching(/^wamid\./),
      person: [
        { kind: 'bsuid', value: 'US.777', scope: 'portfolio' },
        { kind: 'wa_id', value: '15550001111', scope: '' },
      ],
    })
    expect(paths()).toEqual(['POST /v25.0/5550100/messages'])
    expect(graph.seen[0]?.headers).toMatchObject({ authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' })
    expect(JSON.parse(graph.seen[0]?.body ?? '')).toMatchObject({ biz_opaque_callback_data: ID, text: { body: 'Hello' } })
  })
  test('is keyed on the number that WhatsApp names, where it differs from the one dialled', async () => {
    graph.answer('/messages', { body: { contacts: [{ input: '5511999', wa_id: '551199 ' }], messages: [{ id: 'wamid.1' }] } })
    expect(await send()).toMatchObject({ person: [{ kind: 'wa_id', value: '551199', scope: '' }] })
  })
  test('is accepted also when WhatsApp paces a new template', async () => {
    graph.answer('/messages', { body: { messages: [{ id: 'wamid.1', message_status: 'held_for_quality_assessment' }] } })
    expect(await send()).toEqual({ outcome: 'accepted', externalId: 'wamid.1' })
  })
})

describe('a file that is sent', () => {
  test('is uploaded first, and the upload told so that it can be used again', async () => {
    expect(await send(picture())).toMatchObject({
      outcome: 'accepted',
      upload: { externalId: '4455667788', expiresAt: '2026-12-20T12:00:00.000Z' },
    })
    expect(paths()).toEqual(['POST /v25.0/5550100/media', 'POST /v25.0/5550100/messages'])
    const upload = graph.seen[0]
    expect(upload?.headers['content-type']).toMatch(/^multipart\/form-data/)
    for (const part of ['name="messaging_product"', 'whatsapp', 'name="type"', 'image/png', 'a small picture'])
      expect(upload?.body).toContain(part)
    expect(JSON.parse(graph.seen[1]?.body ?? '').image).toEqual({ id: '4455667788', caption: 'Look' })
  })
  test('is not uploaded again while an earlier upload is good', async () => {
    const result = await send(picture({ externalId: '99' }))
    expect(result).not.toHaveProperty('upload')
    expect(paths()).toEqual(['POST /v25.0/5550100/messages'])
    expect(JSON.parse(graph.seen[0]?.body ?? '').image.id).toBe('99')
  })
  test('is also the header of a template', async () => {
    const body: OutboundBody = {
      type: 'template',
      name: 't',
      language: 'en',
      parameters: { body: {}, buttons: {}, headerMediaId: ID },
    }
    const templateComponents = [
      { type: 'HEADER', format: 'IMAGE' },
      { type: 'BODY', text: 'x' },
    ]
    expect(await send(message(body, { file: file(), templateComponents }))).toMatchObject({
      upload: { externalId: '4455667788' },
    })
    expect(JSON.parse(graph.seen[1]?.body ?? '').template.components[0].parameters).toEqual([
      { type: 'image', image: { id: '4455667788' } },
    ])
  })
  test('is judged before it is uploaded, by what it says and by what it is', async () => {
    expect(await send(picture({ mimeType: 'image/gif' }))).toMatchObject({ outcome: 'reject', code: 'file_type' })
    const large = picture({ read: () => Promise.resolve(Buffer.alloc(5 * 1024 * 1024 + 1)) })
    expect(await send(large)).toMatchObject({ outcome: 'reject', code: 'file_too_large' })
    expect(paths()).toEqual([])
  })
  test('that cannot be read or handed over was sent to nobody, so it is tried again', async () => {
    expect(await send(picture({ read: () => Promise.reject(new Error('disk')) }))).toMatchObject({
      outcome: 'retry',
      code: 'file_unreadable',
    })
    graph.answer('/media', { status: 502, body: '<html>' }, { body: {} })
    expect(await send(picture())).toMatchObject({ outcome: 'retry', code: 'http_502' })
    expect(await send(picture())).toMatchObject({ outcome: 'retry', code: 'no_id' })
    expect(paths().filter((path) => path.endsWith('/messages'))).toEqual([])
  })
  test('that WhatsApp refuses is refused with its reason', async () => {
    graph.answer('/media', { status: 400, body: graphError(131053, { error_data: { details: 'not a picture' } }) })
    expect(await send(picture())).toMatchObject({
      outcome: 'reject',
      code: '131053',
      text: expect.stringContaining('not a picture'),
    })
  })
})

describe('an answer that is no success', () => {
  test.each([
    [503, graphError(2), 'retry', '2'],
    [500, graphError(987654), 'retry', '987654'],
    [500, graphError(131026), 'reject', '131026'],
    [200, graphError(131026), 'reject', '131026'],
    [500, '<html>', 'unknown', 'http_500'],
    [504, {}, 'unknown', 'http_504'],
    [500, { error: { message: 'without code' } }, 'unknown', 'http_500'],
    [408, '', 'unknown', 'http_408'],
    [200, '<html>', 'unknown', 'unreadable_answer'],
    [200, {}, 'unknown', 'no_id'],
    [200, { messages: [{ id: '' }] }, 'unknown', 'no_id'],
    [413, '<html>', 'reject', 'http_413'],
    [429, '', 'retry', 'http_429'],
    [401, '', 'reconnect', 'http_401'],
  ])('%d with %j is %s', async (status, body, outcome, code) => {
    graph.answer('/messages', { status, body })
    expect(await send()).toMatchObject({ outcome, code })
  })
  test('a redirect is not followed, so the token stays here', async () => {
    graph.answer('/messages', { status: 307, headers: { location: `${graph.origin}/elsewhere` } })
    expect(await send()).toMatchObject({ outcome: 'reconnect', code: 'http_307' })
    expect(paths()).toEqual(['POST /v25.0/5550100/messages'])
  })
  test('waits as long as the headers ask, by seconds, by date or by the minutes of the usage', async () => {
    const usage = JSON.stringify({ 880001: [{ type: 'messages', estimated_time_to_regain_access: 3 }] })
    const headers: [Record<string, string>, number][] = [
      [{ 'retry-after': '30' }, 30_000],
      [{ 'retry-after': 'Sat, 21 Nov 2026 12:01:00 GMT' }, 60_000],
      [{ 'x-business-use-case-usage': usage }, 180_000],
      [{ 'retry-after': '30', 'x-business-use-case-usage': usage }, 180_000],
      [{ 'retry-after': '99999999' }, 86_400_000],
      [{ 'retry-after': 'soon', 'x-business-use-case-usage': 'odd' }, 60_000],
    ]
    for (const [given, retryAfterMs] of headers) {
      graph.answer('/messages', { status: 400, body: graphError(80007), headers: given })
      expect(await send()).toMatchObject({ outcome: 'retry', scope: 'account', retryAfterMs })
    }
  })
  test('never repeats the token, even cut or quoted in a reason that is shown', async () => {
    for (const quoted of [TOKEN, `${TOKEN.slice(0, 20)}…`]) {
      graph.answer('/messages', { status: 400, body: graphError(131009, { error_data: { details: `bad header ${quoted}` } }) })
      expect(JSON.stringify(await send())).not.toContain(TOKEN.slice(0, 20))
    }
  })
})

describe('a connection that fails', () => {
  test.each([
    ['no such host', error('ENOTFOUND')],
    ['nobody listening', error('ECONNREFUSED', { syscall: 'connect' })],
    ['a connection that does not come about', error('ETIMEDOUT', { syscall: 'connect' })],
    ['slow connecting', error('UND_ERR_CONNECT_TIMEOUT')],
    ['a certificate that has run out', error('CERT_HAS_EXPIRED')],
    ['a certificate of another host', error('ERR_TLS_CERT_ALTNAME_INVALID')],
    [
      'a handshake that breaks off',
      Object.assign(error('ECONNRESET'), {
        message: 'Client network socket disconnected before secure TLS connection was established',
      }),
    ],
    ['all addresses refusing', new AggregateError([error('ECONNREFUSED'), error('ENETUNREACH')])],
  ])('%s: nothing was sent, so it is tried again', async (_what, cause) => {
    expect(await failing(cause).send(graph.account, message())).toMatchObject({ outcome: 'retry', scope: 'message' })
  })
  test.each([
    ['a reset', error('ECONNRESET', { syscall: 'read' })],
    ['a broken pipe', error('EPIPE', { syscall: 'write' })],
    ['a closed socket', error('UND_ERR_SOCKET')],
    ['no headers in time', error('UND_ERR_HEADERS_TIMEOUT')],
    ['one address refusing and one breaking off', new AggregateError([error('ECONNREFUSED'), error('ECONNRESET')])],
    ['no reason at all', undefined],
  ])('%s: it may have been sent, so it is not tried again', async (_what, cause) => {
    expect(await failing(cause).send(graph.account, message())).toMatchObject({ outcome: 'unknown' })
  })
  test('an answer that does not come in time may have been a yes', async () => {
    const timeout = new DOMException('timed out', 'TimeoutError')
    const slow = createWhatsAppCloud({ fetch: () => Promise.reject(timeout), now })
    expect(await slow.send(graph.account, message())).toMatchObject({ outcome: 'unknown', code: 'timeout' })
  })
  test('a refusal whose reason breaks off is still a refusal, a success is not', async () => {
    const broken = (status: number) => {
      const stream = new ReadableStream({ pull: (controller) => controller.error(error('ECONNRESET')) })
      return createWhatsAppCloud({ fetch: () => Promise.resolve(new Response(stream, { status })), now, random: () => 0 })
    }
    expect(await broken(400).send(graph.account, message())).toMatchObject({ outcome: 'retry' })
    expect(await broken(200).send(graph.account, message())).toMatchObject({ outcome: 'unknown' })
    expect(await broken(500).send(graph.account, message())).toMatchObject({ outcome: 'unknown' })
  })
})

describe('an account that is not set up', () => {
  const account = (change: Partial<AccountConnection>) => send(message(), { ...graph.account, ...change })
  test.each<[string, Partial<AccountConnection>]>([
    ['no token', { credentials: {} }],
    ['a token with a line break', { credentials: { accessToken: 'EAAsecret\nx' } }],
    ['an address over plain HTTP', { config: { graphUrl: 'http://graph.example.com' } }],
    ['an address that is none', { config: { graphUrl: 'graph' } }],
    ['an address with a user name', { config: { graphUrl: 'https://a@b.example' } }],
    ['an odd version', { config: { graphVersion: '../x' } }],
    ['a number id that leaves its place', { externalId: '../me' }],
  ])('with %s sends nothing and says which field is wrong', async (_what, change) => {
    const result = await account(change)
    expect(result).toMatchObject({
      outcome: 'reconnect',
      code: 'config',
      text: expect.stringMatching(/accessToken|graph|number/),
    })
    expect(JSON.stringify(result)).not.toContain('EAAsecret')
    expect(paths()).toEqual([])
  })
  test('may leave out what has a default', async () => {
    const seen: string[] = []
    const spy = createWhatsAppCloud({
      fetch: (url) => {
        seen.push(String(url))
        return Promise.resolve(Response.json({ messages: [{ id: 'wamid.1' }] }))
      },
    })
    await spy.send({ ...graph.account, config: { graphUrl: '' } }, message())
    expect(seen).toEqual(['https://graph.facebook.com/v25.0/5550100/messages'])
  })
})

describe('marking as read', () => {
  test('names the message, with dots if somebody is typing', async () => {
    await channel.markRead?.(graph.account, 'wamid.in')
    await channel.markRead?.(graph.account, 'wamid.in', { typing: true })
    expect(graph.seen.map(({ body }) => JSON.parse(body))).toEqual([
      { messaging_product: 'whatsapp', status: 'read', message_id: 'wamid.in' },
      { messaging_product: 'whatsapp', status: 'read', message_id: 'wamid.in', typing_indicator: { type: 'text' } },
    ])
  })
  test('of no message, or one WhatsApp does not know, is a value', async () => {
    expect(await channel.markRead?.(graph.account, '')).toMatchObject({ outcome: 'reject' })
    graph.answer('/messages', { status: 400, body: graphError(131009) })
    expect(await channel.markRead?.(graph.account, 'wamid.odd')).toMatchObject({ outcome: 'reject', code: '131009' })
  })
})
