import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { MediaRef } from '../../ports/channel.ts'
import { mayHaveToken } from './download.ts'
import { FILE, FILE_ID, type GraphStandIn, startGraph, TOKEN } from './graph.stand-in.ts'
import { createWhatsAppCloud } from './index.ts'

let graph: GraphStandIn
beforeAll(async () => {
  graph = await startGraph()
})
afterAll(() => graph.close())
beforeEach(async () => {
  await graph.setMood('accept')
  graph.seen.length = 0
})

const channel = createWhatsAppCloud({ fetch, random: () => 0 })
const download = (media: MediaRef = { externalId: FILE_ID }, maxBytes = 1_000) =>
  channel.download?.(graph.account, media, { maxBytes })
const paths = () => graph.seen.map(({ url }) => url)
const hash = createHash('sha256').update(FILE)
const sha256 = hash.copy().digest('hex')
const lookUp = (more: object = {}) => ({
  body: { url: `${graph.origin}/file-bytes`, mime_type: 'image/jpeg', file_size: FILE.length, ...more },
})

describe('a file that came in', () => {
  test('is looked up by its id and fetched with the token', async () => {
    expect(await download()).toEqual({ outcome: 'stored', content: FILE, mimeType: 'image/jpeg', sha256 })
    expect(paths()).toEqual([`/v25.0/${FILE_ID}?phone_number_id=5550100`, '/file-bytes'])
    for (const { headers } of graph.seen) expect(headers.authorization).toBe(`Bearer ${TOKEN}`)
  })
  test('is fetched at once where only its address is known', async () => {
    expect(await download({ url: `${graph.origin}/file-bytes`, mimeType: 'image/png' })).toMatchObject({
      outcome: 'stored',
      mimeType: 'image/png',
    })
    expect(paths()).toEqual(['/file-bytes'])
  })
  test('is looked up anew, once, when its address has run out', async () => {
    graph.answer('/file-bytes', { status: 404 })
    expect(await download()).toMatchObject({ outcome: 'stored' })
    expect(paths().filter((path) => path.includes(FILE_ID))).toHaveLength(2)
    graph.answer('/file-bytes', { status: 404 }, { status: 404 })
    expect(await download()).toMatchObject({ outcome: 'refused', code: 'media_gone' })
  })
  test('is compared with its hash in either writing', async () => {
    graph.answer(FILE_ID, lookUp({ sha256: hash.copy().digest('base64') }))
    expect(await download()).toMatchObject({ outcome: 'stored' })
    graph.answer(FILE_ID, lookUp({ sha256: sha256.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) }))
    expect(await download()).toMatchObject({ outcome: 'retry', code: 'hash_mismatch' })
    graph.answer(FILE_ID, lookUp())
    expect(await download({ externalId: FILE_ID, sha256: '0'.repeat(64) })).toMatchObject({
      outcome: 'retry',
      code: 'hash_mismatch',
    })
  })
})

describe('a file that is too large', () => {
  test('is not fetched when its size is told before', async () => {
    expect(await download({ externalId: FILE_ID }, FILE.length - 1)).toMatchObject({ outcome: 'refused', code: 'too_large' })
    expect(paths()).toHaveLength(1)
  })
  test('is given up when the transfer announces or turns out to be more', async () => {
    graph.answer(FILE_ID, lookUp({ file_size: 1 }))
    expect(await download({ externalId: FILE_ID }, FILE.length - 1)).toMatchObject({ outcome: 'refused', code: 'too_large' })
    graph.answer(FILE_ID, lookUp({ file_size: 1 }))
    graph.answer('/file-bytes', { body: FILE, headers: { 'transfer-encoding': 'chunked' } })
    expect(await download({ externalId: FILE_ID }, FILE.length - 1)).toMatchObject({ outcome: 'refused', code: 'too_large' })
  })
  test('stops being read as soon as it is too much', async () => {
    let pulled = 0
    const endless = new ReadableStream({
      pull(controller) {
        pulled++
        controller.enqueue(new Uint8Array(1_000))
      },
    })
    const answers = [Response.json({ url: `${graph.origin}/x` }), new Response(endless)]
    const spy = createWhatsAppCloud({ fetch: () => Promise.resolve(answers.shift() ?? new Response()) })
    expect(await spy.download?.(graph.account, { externalId: '7' }, { maxBytes: 5_000 })).toMatchObject({
      outcome: 'refused',
      code: 'too_large',
    })
    expect(pulled).toBeLessThan(20)
  })
})

describe('the token', () => {
  test.each([
    ['https://lookaside.fbsbx.com/whatsapp?mid=1', true],
    ['https://scontent.xx.fbcdn.net/v/1', true],
    ['https://graph.example/v25.0/x', true],
    ['http://lookaside.fbsbx.com/x', false],
    ['https://lookaside.fbsbx.com:8443/x', false],
    ['https://lookaside.fbsbx.com.evil.example/x', false],
    ['https://evilfbcdn.net/x', false],
    ['https://fbcdn.net.evil.example/x', false],
    ['https://lookaside.fbsbx.com@evil.example/x', false],
    ['https://user@lookaside.fbsbx.com/x', false],
    ['https://graph.example:444/x', false],
    ['http://graph.example/x', false],
    ['http://169.254.169.254/latest', false],
    ['file:///etc/passwd', false],
    ['lookaside.fbsbx.com/x', false],
  ])('%s: %s', (url, allowed) => {
    expect(mayHaveToken(url, { graphUrl: 'https://graph.example' })).toBe(allowed)
  })
  test('is not sent to an address that is not WhatsApp, nor along a redirect', async () => {
    graph.answer(FILE_ID, lookUp({ url: 'https://evil.example/x' }))
    expect(await download()).toMatchObject({ outcome: 'refused', code: 'media_host' })
    graph.answer('/file-bytes', { status: 302, headers: { location: `${graph.origin}/elsewhere` } })
    expect(await download()).toMatchObject({ outcome: 'refused', code: 'media_redirect' })
    expect(paths()).not.toContain('/elsewhere')
  })
})

describe('a file that cannot be fetched', () => {
  test.each([
    [{ status: 400, body: { error: { code: 100, error_subcode: 33 } } }, 'refused', 'media_gone'],
    [{ status: 404, body: {} }, 'refused', 'media_gone'],
    [{ status: 400, body: { error: { code: 131009 } } }, 'refused', '131009'],
    [{ status: 401, body: { error: { code: 190 } } }, 'retry', '190'],
    [{ status: 400, body: { error: { code: 131042 } } }, 'retry', '131042'],
    [{ status: 400, body: { error: { code: 80007 } } }, 'retry', '80007'],
    [{ status: 502, body: '<html>' }, 'retry', 'http_502'],
    [{ body: {} }, 'retry', 'no_url'],
  ])('because of %j at the look-up: %s', async (answer, outcome, code) => {
    graph.answer(FILE_ID, answer)
    expect(await download()).toMatchObject({ outcome, code })
  })
  test('with a token that is no good any more waits until somebody has mended it', async () => {
    graph.answer('/file-bytes', { status: 401 })
    expect(await download()).toMatchObject({ outcome: 'retry', code: 'http_401', retryAfterMs: 900_000 })
  })
  test('because of a broken transfer is fetched again', async () => {
    graph.answer('/file-bytes', { status: 500 })
    expect(await download()).toMatchObject({ outcome: 'retry', code: 'http_500' })
    await graph.setMood('unreachable')
    expect(await download()).toMatchObject({ outcome: 'retry' })
  })
  test.each<[string, MediaRef]>([
    ['no reference', {}],
    ['an id that leaves its place', { externalId: '../me' }],
    ['an id with a query', { externalId: '7?fields=token' }],
  ])('because of %s is refused without a call', async (_what, media) => {
    expect(await download(media)).toMatchObject({ outcome: 'refused' })
    expect(paths()).toEqual([])
  })
  test('because the account is not set up is kept for later', async () => {
    const account = { ...graph.account, credentials: {} }
    expect(await channel.download?.(account, { externalId: FILE_ID }, { maxBytes: 10 })).toMatchObject({
      outcome: 'retry',
      code: 'config',
    })
  })
  test('because the call was ended is fetched again later', async () => {
    const options = { maxBytes: 1_000, signal: AbortSignal.abort() }
    expect(await channel.download?.(graph.account, { url: `${graph.origin}/file-bytes` }, options)).toMatchObject({
      outcome: 'retry',
      code: 'aborted',
    })
    expect(paths()).toEqual([])
  })
})
