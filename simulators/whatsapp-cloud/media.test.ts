import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ada, appId, errorOf, messagesOf, phoneNumberId, type Scene, startScene, statusesOf, token } from './test-kit.ts'
import type { Json } from './types.ts'

let scene: Scene
beforeEach(async () => {
  scene = await startScene()
})
afterEach(() => scene.stop())

const bytes = Buffer.from('\x89PNG not really, but bytes \x00\xff', 'latin1')
const bearer = { authorization: `Bearer ${token}` }

async function upload(fields: Record<string, string>, file: Buffer = bytes, type = 'image/png') {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  form.set('file', new Blob([new Uint8Array(file)], { type }), 'picture.png')
  const response = await fetch(`${scene.graphUrl}/v25.0/${phoneNumberId}/media`, {
    method: 'POST',
    headers: bearer,
    body: form,
  })
  return { status: response.status, body: (await response.json()) as Json & { error?: Json } }
}

const whatsapp = { messaging_product: 'whatsapp' }

describe('uploaded media', () => {
  it('is described with a hex hash and gives back the very bytes', async () => {
    const { body } = await upload({ ...whatsapp, type: 'image/png' })
    const { body: view } = await scene.graph('GET', `${body.id}?phone_number_id=${phoneNumberId}`)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    expect(view).toMatchObject({
      id: body.id,
      mime_type: 'image/png',
      sha256,
      file_size: bytes.length,
      messaging_product: 'whatsapp',
    })
    const download = await fetch(String(view.url), { headers: bearer })
    expect(download.headers.get('content-type')).toBe('image/png')
    expect(Buffer.from(await download.arrayBuffer())).toEqual(bytes)
  })

  it('can be sent by its id and is forgotten after 30 days', async () => {
    const { body } = await upload(whatsapp)
    const image = { type: 'image', image: { id: body.id } }
    expect((await scene.send(image)).status).toBe(200)
    await scene.clock.advance(30 * 86_400_000 + 1)
    expect(errorOf(await scene.send(image)).code).toBe(131053)
  })

  it('is gone once deleted', async () => {
    const { body } = await upload(whatsapp)
    expect((await scene.graph('DELETE', String(body.id))).body).toEqual({ success: true })
    expect(errorOf(await scene.graph('GET', String(body.id)))).toMatchObject({ code: 100, error_subcode: 33 })
  })

  it('is refused without the product, with a foreign type, when empty and when too large', async () => {
    expect(errorOf(await upload({})).code).toBe(100)
    expect(errorOf(await upload({ ...whatsapp, type: 'image/tiff' })).code).toBe(100)
    expect(errorOf(await upload(whatsapp, Buffer.alloc(0))).code).toBe(131053)
    expect(errorOf(await upload(whatsapp, Buffer.alloc(5 * 1024 * 1024 + 1))).code).toBe(131053)
    expect((await upload(whatsapp, Buffer.alloc(5 * 1024 * 1024, 1))).status).toBe(200)
  })

  it('is not seen by the token of another number', async () => {
    const other = {
      phoneNumberId: '42',
      displayPhoneNumber: '+1 555 1',
      wabaId: '43',
      accessToken: 'theirs',
      verifiedName: 'B',
      appId,
    }
    scene.simulator.addNumber(other)
    const { body } = await upload(whatsapp)
    const { body: view } = await scene.graph('GET', String(body.id))
    expect(errorOf(await scene.graph('GET', String(body.id), undefined, { authorization: 'Bearer theirs' })).code).toBe(100)
    expect((await fetch(String(view.url), { headers: { authorization: 'Bearer theirs' } })).status).toBe(404)
  })
})

describe('media links', () => {
  async function received() {
    const media = { bytes, mimeType: 'image/jpeg', caption: 'Look' }
    scene.simulator.customerSends({ from: ada, to: phoneNumberId, type: 'image', media })
    await scene.clock.advance(1000)
    return messagesOf(scene.receiver.received)[0]?.image as { id: string; url: string; sha256: string }
  }

  it('come with the webhook, whose hash is base64', async () => {
    const image = await received()
    expect(image).toMatchObject({ mime_type: 'image/jpeg', caption: 'Look' })
    expect(image.sha256).toBe(createHash('sha256').update(bytes).digest('base64'))
    expect((await fetch(image.url, { headers: bearer })).status).toBe(200)
  })

  it('need the token', async () => {
    const image = await received()
    expect((await fetch(image.url)).status).toBe(401)
  })

  it('end after five minutes with 404, and a new one can be asked for', async () => {
    const image = await received()
    await scene.clock.advance(5 * 60_000)
    expect((await fetch(image.url, { headers: bearer })).status).toBe(404)
    const { body } = await scene.graph('GET', image.id)
    expect((await fetch(String(body.url), { headers: bearer })).status).toBe(200)
  })

  it('cannot be given a longer life by hand', async () => {
    const image = await received()
    const forged = new URL(image.url)
    forged.searchParams.set('ext', String(scene.clock.now() + 86_400_000))
    expect((await fetch(forged, { headers: bearer })).status).toBe(404)
  })

  it('cannot be had any more seven days after the message', async () => {
    const image = await received()
    await scene.clock.advance(7 * 86_400_000)
    expect((await scene.graph('GET', image.id)).status).toBe(400)
  })
})

describe('media sent by link', () => {
  it('fails later with 131053 when the link cannot be fetched, and arrives when it can', async () => {
    await scene.stop()
    const answers = new Map([
      ['https://shop.test/there.png', () => new Response('png', { headers: { 'content-type': 'image/png' } })],
      ['https://shop.test/page', () => new Response('<p>', { headers: { 'content-type': 'text/html' } })],
    ])
    const fetchStub: typeof fetch = (input, init) => {
      const url = String(input instanceof Request ? input.url : input)
      if (!url.startsWith('https://shop.test')) return fetch(input, init)
      return Promise.resolve(answers.get(url)?.() ?? new Response('', { status: 404 }))
    }
    scene = await startScene({ fetchLinks: true, fetch: fetchStub })
    await scene.openWindow()
    for (const link of ['there.png', 'page', 'missing.png']) {
      await scene.send({ type: 'image', image: { link: `https://shop.test/${link}` }, biz_opaque_callback_data: link })
    }
    await scene.clock.advance(10_000)
    const outcome = (link: string) =>
      statusesOf(scene.receiver.received)
        .filter((status) => status.biz_opaque_callback_data === link)
        .map((status) => [status.status, (status.errors as Json[] | undefined)?.[0]?.code])
    expect(outcome('there.png').map(([status]) => status)).toEqual(['sent', 'delivered'])
    expect(outcome('page')).toEqual([['failed', 131053]])
    expect(outcome('missing.png')).toEqual([['failed', 131053]])
  })
})

describe('resumable uploads of template samples', () => {
  const put = (id: string, part: Buffer, offset: number) =>
    fetch(`${scene.graphUrl}/v25.0/${id}`, {
      method: 'POST',
      headers: { authorization: `OAuth ${token}`, file_offset: String(offset), 'content-type': 'application/octet-stream' },
      body: new Uint8Array(part),
    }).then((response) => response.json() as Promise<Json & { error?: Json }>)

  it('goes on where it was interrupted and ends with a handle', async () => {
    const { body } = await scene.graph(
      'POST',
      `${appId}/uploads?file_length=${bytes.length}&file_type=image/png&file_name=a.png`,
    )
    const id = String(body.id)
    expect(id).toMatch(/^upload:/)
    expect(await put(id, bytes.subarray(0, 10), 0)).toEqual({ id, file_offset: 10 })
    expect((await scene.graph('GET', id)).body).toEqual({ id, file_offset: 10 })
    expect((await put(id, bytes.subarray(5), 5)).error).toMatchObject({ code: 100 })
    expect((await put(id, bytes.subarray(10), 10)).h).toMatch(/^4::/)
  })
})
