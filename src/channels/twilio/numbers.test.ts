import { expect, test } from 'vitest'
import { createTwilioNumbers } from './numbers.ts'

const accountSid = `AC${'1'.repeat(32)}`
const numberSid = `PN${'1'.repeat(32)}`
const serviceSid = `MG${'1'.repeat(32)}`
const access = { accountSid, credentials: { authToken: 'the-auth-token' } }
const at2010 = `https://api.twilio.com/2010-04-01/Accounts/${accountSid}`

/** Answers in turn, and keeps what was asked. */
function scripted(...answers: [status: number, body: object | null][]) {
  const asked: { method: string; url: string; form: Record<string, string>; login: string }[] = []
  const fetch = (async (input, init = {}) => {
    asked.push({
      ...{ method: init.method ?? 'GET', url: String(input) },
      form: Object.fromEntries(new URLSearchParams(String(init.body ?? ''))),
      login: Buffer.from(((init.headers as Record<string, string>).authorization ?? '').slice(6), 'base64').toString(),
    })
    const [status, body] = answers[asked.length - 1] as [number, object | null]
    return new Response(body === null ? null : JSON.stringify(body), { status })
  }) as typeof globalThis.fetch
  return { asked, seller: createTwilioNumbers({ fetch, publicUrl: () => 'https://parley.example' }) }
}

test('each part is asked at the host that has it, with what Twilio calls it', async () => {
  const { asked, seller } = scripted(
    [200, { available_phone_numbers: [] }],
    [200, { price_unit: 'usd', phone_number_prices: [{ number_type: 'toll free', current_price: '2.15' }] }],
    [201, { sid: numberSid, friendly_name: 'x', capabilities: { voice: true, sms: true, mms: false } }],
    [204, null],
  )
  const query = { country: 'US', kind: 'local' as const, areaCode: '415', needs: ['sms' as const], limit: 5 }
  expect(await seller.search(access, query)).toEqual({ outcome: 'done', value: [] })
  expect(await seller.prices(access, 'US')).toEqual({
    outcome: 'done',
    value: [{ kind: 'toll_free', monthlyCents: 215, currency: 'USD' }],
  })
  const bought = await seller.buy(access, { number: '+14155550101', name: 'Parley x', addressSid: 'AD1' })
  expect(bought).toEqual({ outcome: 'done', value: { sid: numberSid, name: 'x', abilities: ['voice', 'sms'] } })
  expect(await seller.giveBack(access, numberSid)).toEqual({ outcome: 'done', value: null })
  expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
    `GET ${at2010}/AvailablePhoneNumbers/US/Local.json?AreaCode=415&SmsEnabled=true&PageSize=5`,
    'GET https://pricing.twilio.com/v1/PhoneNumbers/Countries/US',
    `POST ${at2010}/IncomingPhoneNumbers.json`,
    `DELETE ${at2010}/IncomingPhoneNumbers/${numberSid}.json`,
  ])
  expect(asked[2]?.form).toEqual({ PhoneNumber: '+14155550101', FriendlyName: 'Parley x', AddressSid: 'AD1' })
})

test('a service is looked for on every page before one is made, and no page leads the credentials elsewhere', async () => {
  const page = (next: string | null) => ({ services: [{ sid: 'MG0', friendly_name: 'other' }], meta: { next_page_url: next } })
  const found = scripted(
    [200, page('https://messaging.twilio.com/v1/Services?PageSize=100&Page=1&PageToken=x')],
    [200, { services: [{ sid: serviceSid, friendly_name: 'Parley x' }], meta: {} }],
  )
  const given = { name: 'Parley x', texts: 'https://parley.example/webhooks/twilio/a' }
  expect(await found.seller.makeService(access, given)).toEqual({ outcome: 'done', value: serviceSid })
  expect(found.asked[1]?.url).toBe('https://messaging.twilio.com/v1/Services?PageSize=100&Page=1&PageToken=x')
  const strange = scripted(
    [200, page('https://elsewhere.example/v1/Services?Page=1')],
    [200, page(null)],
    [201, { sid: serviceSid }],
  )
  await strange.seller.makeService(access, given)
  expect(strange.asked.map(({ url }) => new URL(url).host)).toEqual(Array(3).fill('messaging.twilio.com'))
  expect(strange.asked[2]).toMatchObject({ method: 'POST', form: { FriendlyName: 'Parley x', InboundRequestUrl: given.texts } })
})

test('of several numbers that contain the one asked for only itself counts', async () => {
  const one = (phone_number: string) => ({ sid: numberSid, phone_number, friendly_name: phone_number })
  const { seller } = scripted(
    [200, { incoming_phone_numbers: [one('+141555501011')] }],
    [200, { incoming_phone_numbers: [one('+14155550101')] }],
  )
  expect(await seller.find(access, '+14155550101')).toEqual({ outcome: 'done', value: null })
  expect(await seller.find(access, '+14155550101')).toMatchObject({ value: { sid: numberSid } })
})

test('what Twilio says of a failure is told whether it is final, in words, and without a secret', async () => {
  const { seller } = scripted(
    [400, { code: 21422, message: 'PhoneNumber is not available' }],
    [500, { code: 20500 }],
    [401, { code: 20003 }],
    [404, { code: 20404 }],
    [400, { code: 29999, message: 'Something about the-auth-token' }],
    [409, { code: 21710 }],
    [200, { voice_url: 'https://elsewhere.example', sms_url: '' }],
  )
  const buy = () => seller.buy(access, { number: '+14155550101', name: 'x' })
  expect(await buy()).toMatchObject({ outcome: 'reject', code: '21422', text: expect.stringContaining('Search again') })
  expect(await buy()).toMatchObject({ outcome: 'unknown' })
  expect(await buy()).toMatchObject({ outcome: 'reconnect' })
  expect(await seller.giveBack(access, numberSid)).toMatchObject({ outcome: 'done' })
  expect(await buy()).toMatchObject({ outcome: 'reject', text: 'Twilio refused it: Something about [secret]' })
  expect(await seller.joinService(access, { serviceSid, numberSid })).toMatchObject({ outcome: 'done' })
  const hooks = { voice: 'https://a.example', voiceStatus: 'https://b.example', texts: 'https://c.example' }
  expect(await seller.setHooks(access, numberSid, hooks)).toMatchObject({ outcome: 'unknown' })
})

test('an API key opens the account where there is one', async () => {
  const { asked, seller } = scripted([200, { sid: accountSid }])
  const credentials = { authToken: 'the-auth-token', apiKeySid: 'SK1', apiKeySecret: 'the-secret' }
  expect(await seller.check({ accountSid, credentials })).toMatchObject({ outcome: 'done' })
  expect(asked[0]?.login).toBe('SK1:the-secret')
})

test.each([
  ['of another number', [200, { sid: `PN${'2'.repeat(32)}` }], [200, { sid: numberSid }], [200, { sid: serviceSid }]],
  ['without the service', [200, { sid: numberSid }], [200, { sid: numberSid }], [200, {}]],
  ['of another service', [200, { sid: numberSid }], [200, { sid: numberSid }], [200, { sid: `MG${'2'.repeat(32)}` }]],
] as [string, ...[number, object][]][])('an answer %s does not say where anything is delivered', async (_what, ...answers) => {
  const { seller } = scripted(...answers)
  expect(await seller.findHooks(access, { numberSid, serviceSid })).toMatchObject({ outcome: 'unknown' })
})
