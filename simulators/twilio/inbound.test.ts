import twilio from 'twilio'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { accountSid, ada, authToken, type Scene, shop, startScene, whatsAppShop } from './test-kit.ts'

let scene: Scene
beforeEach(async () => {
  scene = await startScene()
})
afterEach(() => scene.stop())

const genuine = ({ headers, params, url, method }: Scene['receiver']['received'][number]) =>
  twilio.validateRequest(authToken, String(headers['x-twilio-signature']), url, method === 'GET' ? {} : params)
const received = () => scene.receiver.received
const pool = (more: object = {}) => {
  const [number] = scene.simulator.world.numbers.keys()
  return scene.simulator.addService({
    ...{ accountSid, senders: [number as string], settings: { InboundRequestUrl: `${scene.receiver.url}/pool` } },
    ...more,
  })
}

test('an SMS comes as a signed form', async () => {
  const { sid } = scene.simulator.customerSends({ from: ada, to: shop, body: 'It’s 5 €' })
  await scene.simulator.settle()
  const [one] = received()
  expect(one?.params).toMatchObject({
    MessageSid: sid,
    SmsSid: sid,
    From: ada,
    To: shop,
    Body: 'It’s 5 €',
    NumMedia: '0',
    SmsStatus: 'received',
  })
  expect(one?.headers).toMatchObject({
    'user-agent': 'TwilioProxy/1.1',
    'content-type': expect.stringContaining('x-www-form-urlencoded'),
  })
  expect(one && genuine(one)).toBe(true)
})

test('a GET address is signed with its parameters in it', async () => {
  const [number] = scene.simulator.world.numbers.values()
  Object.assign(number?.settings ?? {}, { SmsMethod: 'GET' })
  scene.simulator.customerSends({ from: ada, to: shop, body: 'Hi & bye' })
  await scene.simulator.settle()
  expect(received()[0]).toMatchObject({ method: 'GET', params: { Body: 'Hi & bye' } })
  expect(genuine(received()[0] as Scene['receiver']['received'][number])).toBe(true)
})

test('a file is fetched with the account’s credentials, which the place it leads to does not take', async () => {
  const content = Buffer.from('a picture')
  scene.simulator.customerSends({
    from: ada,
    to: shop,
    media: [{ base64: content.toString('base64'), contentType: 'image/png' }],
  })
  await scene.simulator.settle()
  const { MediaUrl0 = '', MediaContentType0, NumMedia } = received()[0]?.params ?? {}
  expect([NumMedia, MediaContentType0]).toEqual(['1', 'image/png'])
  expect((await fetch(MediaUrl0)).status).toBe(401)
  const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`
  const first = await fetch(MediaUrl0, { headers: { authorization }, redirect: 'manual' })
  expect(first.status).toBe(307)
  const place = first.headers.get('location') ?? ''
  expect((await fetch(place, { headers: { authorization } })).status).toBe(400)
  expect(Buffer.from(await (await fetch(place)).arrayBuffer())).toEqual(content)
  const [message] = await scene.client.messages.list({ to: shop })
  expect(await scene.client.messages(message?.sid ?? '').media.list()).toHaveLength(1)
})

describe('WhatsApp', () => {
  test('carries the name and the number', async () => {
    scene.simulator.customerSends({ from: ada, to: whatsAppShop, body: 'Hi', extra: { ButtonText: 'Yes', ButtonPayload: 'y' } })
    await scene.simulator.settle()
    expect(received()[0]?.params).toMatchObject({
      From: `whatsapp:${ada}`,
      WaId: ada.slice(1),
      ProfileName: 'Ada',
      MessageType: 'text',
      ButtonPayload: 'y',
    })
  })
  test('whoever hides the number has only an id, under which they are reached', async () => {
    scene.simulator.setPhone({ number: ada, bsuid: 'US.13491208655302741918', numberHidden: true })
    scene.simulator.customerSends({ from: ada, to: whatsAppShop, body: 'Hi' })
    await scene.simulator.settle()
    expect(received()[0]?.params).toMatchObject({
      From: 'whatsapp:US.13491208655302741918',
      ExternalUserId: 'whatsapp:US.13491208655302741918',
    })
    expect(received()[0]?.params.WaId).toBeUndefined()
    await scene.client.messages.create({ from: whatsAppShop, to: 'whatsapp:US.13491208655302741918', body: 'Hello' })
    await scene.simulator.settle()
    expect(scene.simulator.thread(ada, whatsAppShop).map(({ status }) => status)).toEqual(['received', 'delivered'])
  })
})

describe('the answer', () => {
  const xml = (body: string, type = 'text/xml') => ({ status: 200, type, body })
  const texts = () => scene.simulator.thread(ada, shop).map(({ body }) => body)
  const say = async () => {
    scene.simulator.customerSends({ from: ada, to: shop, body: 'Hi' })
    await scene.simulator.settle()
  }
  test('as TwiML goes back to the customer', async () => {
    const twiml = new twilio.twiml.MessagingResponse()
    twiml.message('Tea & biscuits < 5 €')
    scene.receiver.answers.push(xml(twiml.toString()))
    await say()
    expect(texts()).toEqual(['Hi', 'Tea & biscuits < 5 €'])
    expect(scene.simulator.alerts).toEqual([])
  })
  test('that is empty says nothing', async () => {
    scene.receiver.answers.push(xml('<?xml version="1.0"?><Response/>'), { status: 204 })
    await say()
    await say()
    expect(texts()).toEqual(['Hi', 'Hi'])
    expect(scene.simulator.alerts).toEqual([])
  })
  test.each([
    ['that is no XML', xml('ok', 'text/plain'), 12300],
    ['that is JSON', xml('{}', 'application/json'), 12300],
    ['that is broken', xml('<Response><Message>'), 12100],
    ['that is an error', { status: 500 }, 11200],
  ])('%s is in the debugger', async (_what, answer, code) => {
    scene.receiver.answers.push(answer)
    await say()
    expect(scene.simulator.alerts.map((alert) => alert.code)).toEqual([code])
    expect(texts()).toEqual(['Hi'])
  })
  test('that did not come is asked for again only where the address says so', async () => {
    const [number] = scene.simulator.world.numbers.values()
    scene.receiver.answers.push({ status: 503 }, { status: 503 })
    await say()
    expect(received()).toHaveLength(1)
    Object.assign(number?.settings ?? {}, { SmsUrl: `${scene.receiver.url}#rc=2&rp=5xx` })
    await say()
    expect(received()).toHaveLength(3)
    const [, first, second] = received()
    expect(first?.headers['i-twilio-idempotency-token']).toBe(second?.headers['i-twilio-idempotency-token'])
    expect(second?.url).toBe(scene.receiver.url)
  })
  test('of the first address that failed is asked of the fallback', async () => {
    const [number] = scene.simulator.world.numbers.values()
    Object.assign(number?.settings ?? {}, { SmsFallbackUrl: `${scene.receiver.url}/fallback` })
    scene.receiver.answers.push({ status: 500 })
    await say()
    expect(received()[1]?.params).toMatchObject({ ErrorCode: '11200', ErrorUrl: scene.receiver.url, Body: 'Hi' })
  })
})

describe('STOP', () => {
  const say = async (body: string) => {
    scene.simulator.customerSends({ from: ada, to: shop, body })
    await scene.simulator.settle()
  }
  test('in a pool is told with OptOutType, answered by Twilio, and ends what is sent with 21610', async () => {
    const { sid } = pool()
    await say(' stop ')
    expect(received()[0]).toMatchObject({
      url: `${scene.receiver.url}/pool`,
      params: { OptOutType: 'STOP', MessagingServiceSid: sid },
    })
    expect(scene.simulator.thread(ada, shop).at(-1)?.body).toContain('unsubscribed')
    await scene.client.messages.create({ to: ada, messagingServiceSid: sid, body: 'Hello', statusCallback: scene.receiver.url })
    await scene.simulator.settle()
    expect(received().at(-1)?.params).toMatchObject({ MessageStatus: 'failed', ErrorCode: '21610' })
    await say('START')
    expect(received().at(-1)?.params.OptOutType).toBe('START')
    await scene.client.messages.create({ to: ada, messagingServiceSid: sid, body: 'Hello', statusCallback: scene.receiver.url })
    await scene.simulator.settle()
    expect(scene.receiver.statuses().at(-1)).toBe('delivered')
  })
  test('to a number alone is not told, but refused at once afterwards', async () => {
    await say('STOP')
    expect(received()[0]?.params.OptOutType).toBeUndefined()
    await expect(scene.client.messages.create({ to: ada, from: shop, body: 'Hello' })).rejects.toMatchObject({ code: 21610 })
  })
  test('is the whole message', async () => {
    pool()
    await say('please stop by at 5')
    expect(received()[0]?.params.OptOutType).toBeUndefined()
  })
})
