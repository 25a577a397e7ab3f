import helmet from '@fastify/helmet'
import multipart from '@fastify/multipart'
import fastify from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createWhatsAppSimulator } from './index.ts'
import { whatsAppSimulatorPlugin } from './plugin.ts'
import { ada, appId, messagesOf, phoneNumberId, type Scene, startScene, token, wabaId } from './test-kit.ts'

let scene: Scene
beforeEach(async () => {
  scene = await startScene()
})
afterEach(() => scene.stop())

const threadPath = `threads/${phoneNumberId}/${ada}`

describe('the control API', () => {
  it('plays a customer from adding to writing, and shows the chat', async () => {
    await scene.control('POST', 'customers', { phone: '+1 555 010 7002', name: 'Bo' })
    const sent = await scene.control('POST', 'customers/15550107002/messages', { to: phoneNumberId, text: 'hi' })
    expect(await scene.control('POST', 'clock/advance', { ms: 1000 })).toMatchObject({ status: 200 })
    expect(messagesOf(scene.receiver.received)).toMatchObject([{ id: sent.body.id, from: '15550107002', text: { body: 'hi' } }])
    const { body } = await scene.control('GET', `threads/${phoneNumberId}/15550107002`)
    expect(body.messages).toMatchObject([{ direction: 'in', type: 'text', acknowledged: true, taps: [] }])
  })

  it('answers 204 to a poller until something changes', async () => {
    const { body } = await scene.control('GET', threadPath)
    expect((await scene.control('GET', `${threadPath}?since=${body.stamp}`)).status).toBe(204)
    scene.simulator.customerSends({ from: ada, to: phoneNumberId, text: 'x' })
    expect((await scene.control('GET', `${threadPath}?since=${body.stamp}`)).status).toBe(200)
  })

  it('takes media as base64 and shows the same bytes without a token, never as a page', async () => {
    const base64 = Buffer.alloc(3 * 1024 * 1024, 'é').toString('base64')
    await scene.control('POST', `customers/${ada}/messages`, {
      to: phoneNumberId,
      type: 'document',
      media: { base64, mimeType: 'text/html' },
    })
    const { body } = await scene.control('GET', threadPath)
    const [message] = body.messages as { content: { document: { id: string } } }[]
    const response = await fetch(`${scene.controlUrl}/media/${message?.content.document.id}`)
    expect(Buffer.from(await response.arrayBuffer()).toString('base64')).toBe(base64)
    expect(response.headers.get('content-security-policy')).toContain('sandbox')
  })

  it('switches faults on, lists and removes them', async () => {
    const { body } = await scene.control('POST', 'faults', { times: 1, action: { kind: 'error', code: 131000 } })
    expect((await scene.send()).status).toBe(500)
    expect((await scene.control('GET', 'faults')).body.faults).toMatchObject([{ id: body.id, used: 1 }])
    expect((await scene.control('DELETE', `faults/${body.id}`)).body).toEqual({ ok: true })
    expect((await scene.control('GET', 'faults')).body.faults).toEqual([])
  })

  it('refuses what it cannot read with a sentence', async () => {
    const answer = await scene.control('POST', 'faults', { action: { kind: 'earthquake' } })
    expect(answer.status).toBe(400)
    expect(answer.body.error).toMatch(/kind/)
    expect((await scene.control('POST', 'customers/nobody/messages', { to: phoneNumberId, text: 'x' })).body.error).toMatch(
      /no customer nobody/,
    )
  })

  it('shows accepted sends and every delivery with its body and tries', async () => {
    await scene.openWindow()
    await scene.send({ biz_opaque_callback_data: 'row-1' })
    await scene.clock.advance(5000)
    expect((await scene.control('GET', 'accepted')).body).toMatchObject({ total: 1, accepted: [{ bizOpaque: 'row-1' }] })
    const { body } = await scene.control('GET', 'deliveries?limit=1')
    const [newest] = body.deliveries as { id: string; statuses: number[] }[]
    expect(newest?.statuses).toEqual([200])
    const { body: one } = await scene.control('GET', `deliveries/${newest?.id}`)
    expect(JSON.parse(String(one.body))).toEqual(scene.receiver.received.at(-1)?.json)
  })

  it('never shows secrets or tokens in its state', async () => {
    const text = JSON.stringify((await scene.control('GET', 'state')).body)
    expect(text).toContain(phoneNumberId)
    expect(text).not.toContain(token)
    expect(text).not.toContain('top-secret')
  })

  it('goes back to the beginning on reset and forgets what was planned', async () => {
    scene.simulator.customerSends({ from: ada, to: phoneNumberId, text: 'x' })
    await scene.control('POST', 'reset')
    await scene.clock.advance(60_000)
    expect(scene.receiver.received).toHaveLength(0)
    expect((await scene.control('GET', 'state')).body).toMatchObject({ customers: [], accepted: 0, deliveries: 0 })
    expect((await scene.graph('GET', phoneNumberId)).status).toBe(200)
  })

  it('sets up apps, numbers and templates, and plays the provider', async () => {
    const number = {
      phoneNumberId: '42',
      displayPhoneNumber: '+1 555 1',
      wabaId: '43',
      accessToken: 't',
      verifiedName: 'B',
      appId,
    }
    expect((await scene.control('POST', 'numbers', number)).status).toBe(200)
    const components = [{ type: 'BODY', text: 'x' }]
    const { body } = await scene.control('POST', 'templates', {
      wabaId: '43',
      name: 'a',
      language: 'en',
      category: 'UTILITY',
      components,
    })
    expect(
      (await scene.control('POST', `templates/${body.id}/status`, { status: 'PAUSED', reason: 'QUALITY' })).body.status,
    ).toBe('PAUSED')
    await scene.control('POST', 'numbers/42/quality', { event: 'DOWNGRADE' })
    await scene.control('POST', `wabas/${wabaId}/account-update`, { event: 'ACCOUNT_DELETED' })
    await scene.clock.advance(1000)
    expect(scene.receiver.received).toHaveLength(3)
  })
})

describe('the phone page', () => {
  it('is served with its script and style and asks for nothing from elsewhere', async () => {
    const page = await fetch(`${scene.url}/`)
    const html = await page.text()
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
    expect(html).not.toMatch(/(src|href)="(https?:)?\/\//)
    expect(html).not.toMatch(/<script(?![^>]*src=)/)
    const linked = [...html.matchAll(/(?:src|href)="([\w.]+)"/g)].map((match) => match[1])
    expect(linked).toEqual(expect.arrayContaining(['phone.js', 'phone.css']))
    const script = await (await fetch(`${scene.url}/phone.js`)).text()
    const imported = [...script.matchAll(/from '\.\/([\w.-]+)'/g)].map((match) => match[1])
    expect(imported.length).toBeGreaterThan(0)
    for (const name of [...linked, ...imported]) expect((await fetch(`${scene.url}/${name}`)).status).toBe(200)
  })
})

describe('inside another server', () => {
  it('works under a prefix beside foreign parsers and headers, and builds its links from the public address', async () => {
    const simulator = createWhatsAppSimulator({
      apps: [{ id: appId, secret: 's', verifyToken: 'v' }],
      numbers: [{ phoneNumberId, displayPhoneNumber: '+1 555 1', wabaId, accessToken: token, verifiedName: 'B', appId }],
    })
    const host = fastify()
    await host.register(helmet)
    await host.register(multipart)
    host.removeContentTypeParser('application/json')
    host.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    await host.register(whatsAppSimulatorPlugin, { simulator, publicUrl: () => 'https://parley.test', prefix: '/sim/whatsapp' })
    const headers = { authorization: `Bearer ${token}` }
    const payload =
      '--b\r\nContent-Disposition: form-data; name="messaging_product"\r\n\r\nwhatsapp\r\n' +
      '--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\nbytes\r\n--b--\r\n'
    const upload = await host.inject({
      method: 'POST',
      url: `/sim/whatsapp/graph/v25.0/${phoneNumberId}/media`,
      headers: { ...headers, 'content-type': 'multipart/form-data; boundary=b' },
      payload,
    })
    expect(upload.json()).toEqual({ id: expect.stringMatching(/^\d+$/) })
    const media = await host.inject({ url: `/sim/whatsapp/graph/v25.0/${upload.json().id}`, headers })
    expect(media.json().url).toMatch(/^https:\/\/parley\.test\/sim\/whatsapp\/lookaside\//)
    const added = await host.inject({
      method: 'POST',
      url: '/sim/whatsapp/control/customers',
      payload: { phone: '+15550107001' },
    })
    expect(added.statusCode).toBe(200)
    const page = await host.inject('/sim/whatsapp')
    expect([page.statusCode, page.headers.location]).toEqual([302, '/sim/whatsapp/'])
    await host.close()
    simulator.close()
  })
})

describe('on the real clock', () => {
  it('settles when the receipts of a send have all been taken', async () => {
    await scene.stop()
    const quick = [1, 3] as const
    scene = await startScene({ clock: undefined, latency: { webhook: quick, sent: quick, delivered: quick } })
    scene.simulator.customerSends({ from: ada, to: phoneNumberId, text: 'x' })
    await scene.send()
    await scene.simulator.settle()
    expect(scene.receiver.received).toHaveLength(3)
    expect((await scene.control('POST', 'clock/advance', { ms: 1 })).status).toBe(409)
  })
})
