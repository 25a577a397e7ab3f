import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  ada,
  appId,
  errorOf,
  messagesOf,
  phoneNumberId,
  type Scene,
  secret,
  startScene,
  token,
  verifyToken,
  wabaId,
} from './test-kit.ts'

let scene: Scene
beforeEach(async () => {
  scene = await startScene()
})
afterEach(() => scene.stop())

const hello = (text = 'hello') => scene.simulator.customerSends({ from: ada, to: phoneNumberId, text })

describe('signed delivery', () => {
  it('signs the raw bytes with the secret of the app', async () => {
    hello('Grüße / 😀')
    await scene.clock.advance(1000)
    const [post] = scene.receiver.received
    const expected = createHmac('sha256', secret)
      .update(post?.raw ?? '')
      .digest('hex')
    expect(post?.headers['x-hub-signature-256']).toBe(`sha256=${expected}`)
    expect(post?.raw.toString('latin1')).toContain('Gr\\u00fc\\u00dfe \\/ \\ud83d\\ude00')
    expect(messagesOf(scene.receiver.received)[0]?.text).toEqual({ body: 'Grüße / 😀' })
  })

  it('wraps a message in an entry of the account without a time', async () => {
    hello()
    await scene.clock.advance(1000)
    const body = scene.receiver.received[0]?.json
    expect(body).toMatchObject({
      object: 'whatsapp_business_account',
      entry: [
        {
          id: wabaId,
          changes: [
            { field: 'messages', value: { messaging_product: 'whatsapp', metadata: { phone_number_id: phoneNumberId } } },
          ],
        },
      ],
    })
    expect(body).not.toHaveProperty('entry.0.time')
  })

  it('puts several changes into one POST when batches are asked for', async () => {
    scene.simulator.batchWebhooks({ maxChanges: 3, windowMs: 500 })
    for (const text of ['1', '2', '3', '4']) hello(text)
    await scene.clock.advance(2000)
    expect(
      scene.receiver.received.map(({ json }) => ((json.entry as { changes: object[] }[])[0]?.changes ?? []).length).sort(),
    ).toEqual([1, 3])
    expect(messagesOf(scene.receiver.received)).toHaveLength(4)
  })
})

describe('retries', () => {
  it('tries again at once, then ever later, with the same body, until 200', async () => {
    scene.receiver.answers.push(500, 503, 204, 404)
    hello()
    await scene.clock.advance(1000)
    expect(scene.receiver.received).toHaveLength(2)
    await scene.clock.advance(15_000)
    expect(scene.receiver.received).toHaveLength(3)
    await scene.clock.advance(59_000)
    expect(scene.receiver.received).toHaveLength(3)
    await scene.clock.advance(3_600_000)
    expect(scene.receiver.received).toHaveLength(5)
    expect(new Set(scene.receiver.received.map(({ raw }) => raw.toString())).size).toBe(1)
    const [delivery] = scene.simulator.deliveries
    expect(delivery).toMatchObject({ tries: 5, statuses: [500, 503, 204, 404, 200] })
    expect(delivery?.acknowledgedAt).toBeGreaterThan(delivery?.createdAt ?? 0)
  })

  it('gives up after seven days and not before', async () => {
    await scene.receiver.close()
    hello()
    await scene.clock.advance(6.5 * 86_400_000)
    const [delivery] = scene.simulator.deliveries
    expect(delivery?.gaveUpAt).toBeUndefined()
    await scene.clock.advance(86_400_000)
    expect(delivery?.gaveUpAt).toBeDefined()
    expect(delivery?.statuses.at(-1)).toBe('no connection')
    const { tries } = delivery ?? {}
    await scene.clock.advance(86_400_000)
    expect(delivery?.tries).toBe(tries)
  })

  it('does not follow a redirect', async () => {
    scene.receiver.answers.push(302)
    hello()
    await scene.clock.advance(1000)
    expect(scene.simulator.deliveries[0]?.statuses).toEqual([302, 200])
  })
})

describe('where webhooks go', () => {
  const override = (path: string) => ({ override_callback_uri: scene.receiver.origin + path, verify_token: verifyToken })

  it('prefers the callback of the number over that of the account over that of the app', async () => {
    hello()
    await scene.clock.advance(1000)
    await scene.graph('POST', `${wabaId}/subscribed_apps`, override('/account'))
    hello()
    await scene.clock.advance(1000)
    await scene.graph('POST', phoneNumberId, { webhook_configuration: override('/number') })
    hello()
    await scene.clock.advance(1000)
    expect(scene.receiver.received.map(({ path }) => path)).toEqual(['/webhook', '/account', '/number'])
  })

  it('sends account-level fields to the app whatever the overrides', async () => {
    await scene.graph('POST', phoneNumberId, { webhook_configuration: override('/number') })
    scene.simulator.updateQuality(phoneNumberId, { event: 'DOWNGRADE', currentLimit: 'TIER_250' })
    await scene.clock.advance(1000)
    expect(scene.receiver.received[0]?.path).toBe('/webhook')
    const entry = scene.receiver.received[0]?.json.entry
    expect(entry).toMatchObject([{ id: wabaId, time: Math.floor(scene.clock.now() / 1000) - 1 }])
  })

  it('refuses a callback that fails the handshake', async () => {
    const answer = await scene.graph('POST', `${wabaId}/subscribed_apps`, { ...override('/x'), verify_token: 'wrong' })
    expect(errorOf(answer).code).toBe(2200)
  })

  it('makes the handshake of the app dashboard', async () => {
    expect(await scene.simulator.verifyWebhook(appId)).toBe(true)
    scene.simulator.addApp({ id: 'other', secret, verifyToken: 'unknown', webhookUrl: scene.receiver.url })
    expect(await scene.simulator.verifyWebhook('other')).toBe(false)
  })

  it('tells nothing to an app that unsubscribed, and lists who is subscribed', async () => {
    expect((await scene.graph('GET', `${wabaId}/subscribed_apps`)).body.data).toMatchObject([
      { whatsapp_business_api_data: { id: appId } },
    ])
    await scene.graph('DELETE', `${wabaId}/subscribed_apps`)
    hello()
    await scene.clock.advance(1000)
    expect(scene.receiver.received).toHaveLength(0)
    await scene.graph('POST', `${wabaId}/subscribed_apps`)
    hello()
    await scene.clock.advance(1000)
    expect(scene.receiver.received).toHaveLength(1)
  })
})

describe('who may call', () => {
  it('answers 190 without a token, with an unknown one and with an expired one', async () => {
    const path = `${phoneNumberId}/messages`
    expect(errorOf(await scene.graph('POST', path, {}, { authorization: '' }))).toMatchObject({
      code: 190,
      type: 'OAuthException',
    })
    const unknown = await scene.graph('POST', path, {}, { authorization: 'Bearer nobody' })
    expect(unknown.status).toBe(401)
    expect(errorOf(unknown).code).toBe(190)
    scene.simulator.expireToken(phoneNumberId)
    expect(errorOf(await scene.send())).toMatchObject({ code: 190, error_subcode: 463 })
    scene.simulator.setAccessToken(phoneNumberId, token)
    expect((await scene.send()).status).toBe(200)
  })

  it('answers 100/33 for the number of somebody else and for one that does not exist', async () => {
    scene.simulator.addNumber({
      phoneNumberId: '42',
      displayPhoneNumber: '+1 555 1',
      wabaId: '43',
      accessToken: 'theirs',
      verifiedName: 'Other',
      appId,
    })
    for (const id of ['42', '999']) {
      const answer = await scene.graph('POST', `${id}/messages`, {})
      expect(answer.status).toBe(400)
      expect(errorOf(answer)).toMatchObject({ code: 100, error_subcode: 33, type: 'GraphMethodException' })
      expect(errorOf(answer).fbtrace_id).toMatch(/^A.{10,}/)
    }
  })

  it('answers unknown paths and versions in the same form', async () => {
    expect(errorOf(await scene.graph('GET', 'a/b/c')).code).toBe(2500)
    const response = await fetch(`${scene.graphUrl}/latest/${phoneNumberId}`, { headers: { authorization: `Bearer ${token}` } })
    expect(((await response.json()) as { error: { code: number } }).error.code).toBe(2500)
  })
})
