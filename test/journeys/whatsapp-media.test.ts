import { crc32, deflateSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MediaView, MessageView } from '../../src/inbox/schema.ts'
import { credentials } from '../world/api.ts'
import type { Business } from '../world/business.ts'
import { lastLineWith, messageNow } from '../world/reading.ts'
import { until } from '../world/until.ts'
import { type Customer, createWorld, type World } from '../world/world.ts'

let world: World
let ada: Customer
let stranger: Business
beforeAll(async () => {
  world = await createWorld()
  ada = world.customer('15550107001', 'Ada')
  ada.says('hello')
  stranger = await world.addBusiness('Another business')
  await world.settle()
})
afterAll(() => world?.close())

const sends = async (media: Parameters<Customer['sends']>[0]['media'], type: string): Promise<MessageView> => {
  ada.sends({ type, media })
  await world.settle()
  return await lastLineWith(world, ada.phone)
}
const fetchFile = (path: string, headers: Record<string, string> = credentials(world.business, 'viewer')) =>
  fetch(`${world.url}${path}`, { headers })
const fileOf = (message: MessageView): MediaView => message.media[0] as MediaView

/** A picture of one colour, w × w. */
function png(w: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, sum])
  }
  const size = Buffer.alloc(13)
  size.writeUInt32BE(w, 0)
  size.writeUInt32BE(w, 4)
  size.writeUInt16BE(0x0800, 8)
  const pixels = Buffer.alloc((w + 1) * w)
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', size),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}
const ogg = Buffer.concat([
  Buffer.from('OggS\0\x02', 'latin1'),
  Buffer.alloc(22),
  Buffer.from('\x01\x13OpusHead\x01\x01', 'latin1'),
  Buffer.alloc(200),
])
const webp = Buffer.concat([Buffer.from('RIFF\x20\0\0\0WEBPVP8 ', 'latin1'), Buffer.alloc(24)])
const mp4 = Buffer.concat([Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0mp42isom', 'latin1'), Buffer.alloc(64)])

describe('files that customers send', () => {
  test.each([
    ['image', png(4), 'image/png', { caption: 'the tap' }, { text: 'the tap' }],
    ['video', mp4, 'video/mp4', { caption: 'it drips' }, { text: 'it drips' }],
    ['audio', ogg, 'audio/ogg', { voice: true }, { body: { voice: true, mimeType: 'audio/ogg' } }],
    ['sticker', webp, 'image/webp', { animated: true }, { body: { animated: true, mimeType: 'image/webp' } }],
    ['document', Buffer.from('%PDF-1.4\n%%EOF'), 'application/pdf', { filename: 'quote.pdf' }, {}],
  ])('%s: fetched by a job, kept byte for byte', async (type, bytes, mimeType, extra, expected) => {
    const line = await sends({ bytes, mimeType, ...extra }, type)
    expect(line).toMatchObject({ type, ...expected })
    const file = fileOf(line)
    expect(file).toMatchObject({ state: 'stored', byteSize: bytes.length, error: null })
    if ('filename' in extra) expect(file.fileName).toBe('quote.pdf')
    const answer = await fetchFile(file.url ?? '')
    expect(answer.status).toBe(200)
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true)
  })

  test('parts of a file are served by range, and a range beyond it is refused', async () => {
    const bytes = png(40)
    const { url } = fileOf(await sends({ bytes, mimeType: 'image/png' }, 'image'))
    const part = async (range: string) => await fetchFile(url ?? '', { ...credentials(world.business, 'viewer'), range })
    const middle = await part('bytes=5-9')
    expect([middle.status, middle.headers.get('content-range')]).toEqual([206, `bytes 5-9/${bytes.length}`])
    expect(Buffer.from(await middle.arrayBuffer()).equals(bytes.subarray(5, 10))).toBe(true)
    const end = await part('bytes=-4')
    expect(Buffer.from(await end.arrayBuffer()).equals(bytes.subarray(-4))).toBe(true)
    const beyond = await part(`bytes=${bytes.length}-`)
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${bytes.length}`])
  })

  test('a file is shown to nobody who is not signed in, and does not exist for another business', async () => {
    const { url } = fileOf(await sends({ bytes: png(3), mimeType: 'image/png' }, 'image'))
    expect((await fetchFile(url ?? '', {})).status).toBe(401)
    expect((await fetchFile(url ?? '', { cookie: stranger.people.owner.cookie })).status).toBe(404)
    expect((await fetchFile(url ?? '', { authorization: `Bearer ${stranger.key}` })).status).toBe(404)
    expect((await fetchFile(url ?? '', { authorization: `Bearer ${world.business.key}` })).status).toBe(200)
  })

  test.each([
    ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'],
    ['text/html', '<!doctype html><script>alert(1)</script>'],
    ['image/png', '<html><script>alert(1)</script></html>'],
    ['application/xhtml+xml', '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>'],
  ])('what could carry a script (said to be %s) is only ever a download', async (mimeType, text) => {
    const line = await sends({ bytes: Buffer.from(text), mimeType, filename: 'x.html' }, 'document')
    const answer = await fetchFile(fileOf(line).url ?? '')
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment/)
    expect(answer.headers.get('content-type')).toBe('application/octet-stream')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('content-security-policy')).toContain('sandbox')
  })

  test('a link that ran out between look-up and transfer is looked up again', async () => {
    const id = world.simulator.faults.add({ match: { path: '/lookaside/' }, times: 1, action: { kind: 'delay', ms: 60 } })
    ada.sends({ type: 'image', media: { bytes: png(5), mimeType: 'image/png' } })
    await until('the transfer has begun', () => world.simulator.faults.list().find((fault) => fault.id === id)?.used === 1)
    world.clock.shift(6 * 60_000)
    await world.settle()
    expect(fileOf(await lastLineWith(world, ada.phone)).state).toBe('stored')
  })

  test('a file that WhatsApp no longer has is shown as refused, with the reason', async () => {
    ada.sends({ type: 'image', payload: { id: '999000999000', mime_type: 'image/png', sha256: 'AAAA' } })
    await world.settle()
    const file = fileOf(await lastLineWith(world, ada.phone))
    expect(file).toMatchObject({ state: 'refused', url: null })
    expect(file.error).toContain('no longer available')
  })
})

describe('files that agents send', () => {
  const upload = async (content: Buffer, name: string, type: string, as?: Parameters<World['api']>[3]) => {
    const form = new FormData()
    form.set('file', new Blob([new Uint8Array(content)], { type }), name)
    return await world.api<MediaView>('POST', '/media', form, as)
  }
  const sendFile = async (mediaId: string, extra: object = {}) => {
    const { conversationId } = await lastLineWith(world, ada.phone)
    const body = { type: 'image', mediaId, ...extra }
    const queued = await world.api<MessageView>('POST', `/conversations/${conversationId}/messages`, { body })
    await world.settle()
    return queued
  }
  const uploadsAtWhatsApp = () => world.simulator.world.media.size

  test('an uploaded picture is sent with its caption, and sent again without going up again', async () => {
    const uploaded = await upload(png(6), 'tap.png', 'image/png')
    expect(uploaded).toMatchObject({ status: 201, body: { state: 'stored', mimeType: 'image/png', fileName: 'tap.png' } })
    const before = uploadsAtWhatsApp()
    const first = await sendFile(uploaded.body.id, { caption: 'like this' })
    expect((await messageNow(world, first.body.id)).status).toBe('delivered')
    expect(uploadsAtWhatsApp()).toBe(before + 1)
    const second = await sendFile(uploaded.body.id)
    expect((await messageNow(world, second.body.id)).status).toBe('delivered')
    expect(uploadsAtWhatsApp()).toBe(before + 1)
    const sent = world.simulator.accepted.slice(-2).map((accept) => accept.body.image as { id: string; caption?: string })
    expect(sent[0]?.caption).toBe('like this')
    expect(sent[0]?.id).toBe(sent[1]?.id)
  })

  test('a file that came in can be sent on', async () => {
    const line = await sends({ bytes: png(7), mimeType: 'image/png' }, 'image')
    const sent = await sendFile(fileOf(line).id)
    expect(sent.status).toBe(201)
    expect(await messageNow(world, sent.body.id)).toMatchObject({ status: 'delivered', media: [{ state: 'stored' }] })
  })

  test("another business's file, an empty one, none at all and a viewer's are refused", async () => {
    const theirs = await upload(png(8), 'theirs.png', 'image/png', stranger.people.agent)
    expect((await sendFile(theirs.body.id)).status).toBe(404)
    expect((await upload(Buffer.alloc(0), 'empty.png', 'image/png')).status).toBe(415)
    expect((await world.api('POST', '/media', {})).status).toBe(415)
    expect((await world.api('POST', '/media', new FormData())).status).toBe(400)
    expect((await upload(png(2), 'a.png', 'image/png', 'viewer')).status).toBe(403)
  })

  test('a name from a foreign folder is only a name', async () => {
    const uploaded = await upload(png(9), '../../etc/\u202egnp.exe', 'image/png')
    expect(uploaded.body.fileName).toBe('gnp.exe')
  })
})
