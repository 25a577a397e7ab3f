/** SMS, MMS and WhatsApp through Twilio, over HTTP: Twilio's side is a server of its own that signs as Twilio does. */
import twilio from 'twilio'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { accountSid, ada, authToken, createTwilioWorld, shop, type TwilioWorld } from '../world/twilio.ts'
import { until } from '../world/until.ts'

let world: TwilioWorld
const logged: string[] = []
beforeAll(async () => {
  world = await createTwilioWorld({ log: (line) => void logged.push(line) })
})
afterAll(() => world?.close())
afterEach(() => world.twilio.faults.clear())

const says = (body: string, more: object = {}) => world.twilio.customerSends({ from: ada, to: shop, body, ...more })
const conversation = async () => {
  const { body } = await world.api<{ items: { id: string; channel: string; windowRequired: boolean }[] }>(
    'GET',
    '/conversations',
  )
  if (!body.items[0]) throw new Error('There is no conversation.')
  return body.items[0]
}
const reply = async (body: object) => {
  const { id } = await conversation()
  const answer = await world.api<{ id: string; code?: string }>('POST', `/conversations/${id}/messages`, { body })
  return { status: answer.status, id: answer.body.id, body: answer.body }
}
const last = async () => (await world.thread()).at(-1)

async function post(url: string, params: Record<string, string>, signature: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature, ...headers },
    body: new URLSearchParams(params).toString(),
  })
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() }
}
const inbound = (sid: string, more: Record<string, string> = {}) => ({
  ...{
    MessageSid: `SM${sid.padStart(32, '0')}`,
    From: '+15550107077',
    To: shop,
    Body: 'Forged',
    NumMedia: '0',
    SmsStatus: 'received',
  },
  ...more,
})
const stored = async () =>
  (
    await world.database.owner.query<{ n: string }>(
      `SELECT concat_ws('/', (SELECT count(*) FROM messages), (SELECT count(*) FROM contacts), (SELECT count(*) FROM conversations), (SELECT count(*) FROM webhook_events)) AS n`,
    )
  ).rows[0]?.n

test('an SMS makes a conversation, the answer is sent, and its receipts arrive', async () => {
  expect(world.number.state).toBe('connected')
  says('Do you come on Sundays?')
  await world.settle()
  expect(await conversation()).toMatchObject({ channel: 'sms', windowRequired: false })
  expect(await world.thread()).toMatchObject([{ direction: 'inbound', text: 'Do you come on Sundays?' }])
  expect((await reply({ type: 'text', text: 'Yes, for 80 €.' })).status).toBe(201)
  await world.settle()
  expect(await last()).toMatchObject({ direction: 'outbound', status: 'delivered' })
  expect(world.twilio.thread(ada, shop).map(({ body }) => body)).toEqual(['Do you come on Sundays?', 'Yes, for 80 €.'])
  expect(await last()).toMatchObject({ segments: { encoding: 'GSM-7', count: 1 } })
  const count = (accountId: string, text: string) => world.api('POST', `/accounts/${accountId}/segments`, { text })
  expect((await count(world.number.id, 'Grüße – 👍')).body).toEqual({
    encoding: 'UCS-2',
    segments: 1,
    units: 10,
    perSegment: 70,
    left: 60,
  })
  expect((await count(world.business.accountId, 'x')).status).toBe(422)
  // What we answered was understood: neither a wrong type nor broken XML.
  expect(world.twilio.alerts).toEqual([])
})

describe('who may speak to the address', () => {
  test('only who knows the token of this account at Twilio; nothing else changes anything', async () => {
    const before = await stored()
    const { url } = world.number.webhook
    const params = inbound('f0')
    const sign = (token: string, at: string, form: Record<string, string>) => twilio.getExpectedTwilioSignature(token, at, form)
    for (const signature of [
      sign('another-token', url, params),
      sign(authToken, `${url}/`, params),
      sign(authToken, url.replace('127.0.0.1', 'parley.example'), params),
      sign(authToken, url, { ...params, Body: 'Other words' }),
      sign(authToken, url, {}),
      '',
    ])
      expect((await post(url, params, signature)).status).toBe(401)
    expect((await post(`${url}x`, params, sign(authToken, `${url}x`, params))).status).toBe(404)
    // The address without an app is nobody's: Twilio has no app that is the platform's.
    const bare = url.replace(/\/[^/]+$/, '')
    expect((await post(bare, params, sign('', bare, params))).status).toBe(401)
    expect(await stored()).toBe(before)
  })
  test('what Host says does not matter: the address is the configured one', async () => {
    const { url } = world.number.webhook
    const params = inbound('f1', { From: '+15550107078', Body: 'Genuine' })
    const forged = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }
    const forEvil = twilio.getExpectedTwilioSignature(authToken, url.replace(/^http:\/\/[^/]+/, 'https://evil.example'), params)
    expect((await post(url, params, forEvil, forged)).status).toBe(401)
    const answer = await post(url, params, twilio.getExpectedTwilioSignature(authToken, url, params), forged)
    expect(answer).toEqual({
      status: 200,
      type: 'text/xml; charset=utf-8',
      body: '<?xml version="1.0" encoding="UTF-8"?><Response/>',
    })
    await world.settle()
  })
})

test('a number that nobody has is answered 200, touches no business, and is in the log', async () => {
  const { url } = world.number.webhook
  const params = inbound('a0', { To: '+15550199999' })
  const count = async () => (await stored())?.split('/').slice(0, 3)
  const before = await count()
  expect((await post(url, params, twilio.getExpectedTwilioSignature(authToken, url, params))).status).toBe(200)
  await world.settle()
  expect(await count()).toEqual(before)
  expect(
    logged.filter((line) => line.includes('an address that no account here has')).map((line) => JSON.parse(line)),
  ).toMatchObject([{ level: 'WARN' }])
})

test('a webhook that comes five times at once is one message', async () => {
  world.twilio.faults.add({ times: 1, match: { kind: 'message' }, action: { kind: 'duplicateWebhook', copies: 4 } })
  says('Five times')
  await world.settle()
  expect(world.twilio.deliveries.filter(({ params }) => params.Body === 'Five times')).toHaveLength(5)
  expect((await world.thread()).filter(({ text }) => text === 'Five times')).toHaveLength(1)
})

describe('receipts', () => {
  test('in the wrong order do not move a message back', async () => {
    world.twilio.faults.add({ times: 1, action: { kind: 'reverseStatuses' } })
    world.twilio.faults.add({ times: 1, match: { status: 'sent' }, action: { kind: 'webhookDelay', ms: 300 } })
    const { id } = await reply({ type: 'text', text: 'Wrong order' })
    await world.settle()
    expect(world.twilio.deliveries.slice(-2).map(({ params }) => params.MessageStatus)).toEqual(['delivered', 'sent'])
    expect(await last()).toMatchObject({ id, status: 'delivered' })
  })
  test('that come before the answer to the request find their message', async () => {
    world.twilio.faults.add({ times: 1, action: { kind: 'statusesBeforeAnswer' } })
    const { id } = await reply({ type: 'text', text: 'Early' })
    await world.settle()
    expect(await last()).toMatchObject({ id, status: 'delivered' })
  })
  test('carry our own id, which settles a send whose answer was lost', async () => {
    world.twilio.faults.add({ times: 1, match: { method: 'POST' }, action: { kind: 'dropAfter' } })
    const { id } = await reply({ type: 'text', text: 'The answer is lost' })
    await world.settle()
    expect(await last()).toMatchObject({ id, status: 'delivered', outcome: null })
    expect(world.twilio.sent.filter(({ body }) => body === 'The answer is lost')).toHaveLength(1)
  })
})

test.each([
  [30006, 'The customer’s number is a landline, or its network takes no SMS.', 'landline'],
  [30007, 'The customer’s network filtered the message as unwanted. Look at its words and links before sending more.', null],
])('the carrier’s error %d is shown in words', async (code, text, hint) => {
  world.twilio.faults.add({ times: 1, action: { kind: 'fails', code } })
  await reply({ type: 'text', text: `Fails with ${code}` })
  await world.settle()
  expect(await last()).toMatchObject({ status: 'failed', error: { code: String(code), text, hint } })
})

test('who wrote STOP to Twilio is written down as not wanting messages', async () => {
  world.twilio.customerSends({ from: '+15550107055', to: shop, body: 'Hello' })
  await world.settle()
  world.twilio.faults.add({ times: 1, action: { kind: 'fails', code: 21610, status: 'failed' } })
  await reply({ type: 'text', text: 'Hello?' })
  await world.settle()
  expect(await last()).toMatchObject({ status: 'failed', error: { code: '21610', hint: 'opted_out' } })
})

test('files go both ways: fetched with the credentials, handed out by an address that ends', async () => {
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  )
  says('Like this', { media: [{ base64: png.toString('base64'), contentType: 'image/png' }] })
  await world.settle()
  const line = await last()
  expect(line).toMatchObject({ type: 'image', text: 'Like this', media: [{ state: 'stored' }] })
  const form = new FormData()
  form.append('file', new Blob([new Uint8Array(png)], { type: 'image/png' }), 'tap.png')
  const { body: file } = await world.api<{ id: string }>('POST', '/media', form)
  await reply({ type: 'image', mediaId: file.id, caption: 'This one' })
  await world.settle()
  expect(await last()).toMatchObject({ status: 'delivered' })
  const sent = world.twilio.sent.at(-1)
  expect(sent?.media[0]?.bytes).toEqual(png)
  expect(sent?.mediaUrls[0]).toMatch(new RegExp(`^${world.url}/files\\?key=`))
})

test('WhatsApp of the same account comes to the same address, and has a window', async () => {
  const account = await world.connect('twilio-whatsapp', shop)
  expect(account.webhook.url).toBe(world.number.webhook.url)
  world.twilio.customerSends({ from: '+15550107002', to: `whatsapp:${shop}`, body: 'Hello from WhatsApp' })
  await world.settle()
  expect(await conversation()).toMatchObject({ channel: 'whatsapp', windowRequired: true })
  await reply({ type: 'text', text: 'Hello there' })
  await world.settle()
  world.twilio.customerReads('+15550107002', `whatsapp:${shop}`)
  await world.settle()
  expect(await last()).toMatchObject({ text: 'Hello there', status: 'read' })
  world.twilio.addContent({
    ...{ accountSid, friendlyName: 'reminder', language: 'en', types: { 'twilio/text': { body: 'See you at {{1}}' } } },
    approval: { status: 'approved' },
  })
  expect((await world.api('POST', '/templates/sync', { accountId: account.id }, 'owner')).status).toBe(200)
  await reply({ type: 'template', name: 'reminder', language: 'en', parameters: { body: { '1': 'nine' } } })
  await world.settle()
  expect(await last()).toMatchObject({ text: 'See you at nine', status: 'delivered' })
  expect(world.twilio.thread('+15550107002', `whatsapp:${shop}`).at(-1)?.body).toBe('See you at nine')
})

test('while the token is replaced both are right, and calls are made with the new one', async () => {
  const { url } = world.number.webhook
  const put = await world.api('PUT', `/accounts/${world.number.id}`, { authToken: 'the-second-token' }, 'owner')
  expect(put.status).toBe(200)
  for (const [sid, token, status] of [
    ['b1', authToken, 200],
    ['b2', 'the-second-token', 200],
    ['b3', 'the-third-token', 401],
  ] as const) {
    const params = inbound(sid)
    expect((await post(url, params, twilio.getExpectedTwilioSignature(token, url, params))).status).toBe(status)
  }
  world.twilio.setAuthToken(accountSid, 'the-second-token')
  const checked = await world.api<{ state: string }>('POST', `/accounts/${world.number.id}/check`, undefined, 'owner')
  expect(checked.body).toMatchObject({ state: 'connected' })
  await world.api('PUT', `/accounts/${world.number.id}`, { authToken }, 'owner')
  world.twilio.setAuthToken(accountSid, authToken)
})

test('what is missing is said until messages arrive; a removed number gives its address back', async () => {
  const made = await world.connect('twilio', '+15550100011')
  const setup = async () => {
    const { body } = await world.api<{ steps: { id: string; done: boolean; how: string | null }[] }>(
      'GET',
      `/accounts/${made.id}/setup`,
      undefined,
      'owner',
    )
    return body.steps.filter(({ done }) => !done)
  }
  // This server is on this machine only: it says so.
  expect((await setup()).map(({ id }) => id)).toEqual(['public_address', 'webhook_received', 'message_sent'])
  expect((await setup())[1]?.how).toContain(made.webhook.url)
  world.twilio.customerSends({ from: ada, to: '+15550100011', body: 'Hi' })
  await world.settle()
  expect((await setup()).map(({ id }) => id)).toEqual(['public_address', 'message_sent'])
  const taken = await world.api(
    'POST',
    '/accounts',
    { provider: 'twilio', number: shop, accountSid, authToken, name: 'Again' },
    'owner',
  )
  expect([taken.status, taken.body]).toEqual([
    409,
    { error: expect.objectContaining({ code: 'conflict', details: { field: 'number' } }) },
  ])
  expect((await world.api('DELETE', `/accounts/${made.id}`, undefined, 'owner')).status).toBe(204)
  // Others still deliver to the address that they share.
  says('Still there?')
  await world.settle()
  expect((await last())?.text).toBe('Still there?')
})

test('where the provider is reached says only who runs the server', async () => {
  const given = {
    provider: 'twilio',
    number: '+15550100012',
    accountSid,
    authToken,
    name: 'Elsewhere',
    apiUrl: world.twilioUrl,
  }
  expect((await world.api('POST', '/accounts', given, 'owner')).status).toBe(403)
})

describe('behind a proxy', () => {
  const publicUrl = 'http://shop.example:8080/parley'
  let behind: TwilioWorld
  beforeAll(async () => {
    behind = await createTwilioWorld({
      settings: { PUBLIC_URL: publicUrl },
      // The proxy takes off the prefix and calls this machine.
      rewrite: (url, there) => url.replace(publicUrl, there().app.localUrl()),
    })
  })
  afterAll(() => behind?.close())

  test('Twilio signs the public address with its prefix, and gets callbacks and files there', async () => {
    expect(behind.number.webhook.url).toMatch(/^http:\/\/shop\.example:8080\/parley\/webhooks\/twilio\/[\w-]+$/)
    behind.twilio.customerSends({ from: ada, to: shop, body: 'Through the proxy' })
    await until('it is there', async () => (await behind.thread()).length === 1)
    const { body } = await behind.api<{ items: { id: string }[] }>('GET', '/conversations', undefined, 'key')
    await behind.api(
      'POST',
      `/conversations/${body.items[0]?.id}/messages`,
      { body: { type: 'text', text: 'And back' } },
      'key',
    )
    await until('it is delivered', async () => (await behind.thread()).at(-1)?.status === 'delivered')
    expect(behind.twilio.deliveries.map(({ url }) => url.startsWith(publicUrl))).not.toContain(false)
  })
})
