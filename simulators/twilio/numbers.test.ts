import { afterEach, beforeEach, expect, test } from 'vitest'
import { accountSid, ada, authToken, officialClient, type Scene, shop, startScene } from './test-kit.ts'

let scene: Scene
beforeEach(async () => {
  scene = await startScene()
  const capabilities = { voice: true, sms: true, mms: true }
  for (const [phoneNumber, more] of [
    ['+14155550101', { region: 'CA', locality: 'San Francisco' }],
    ['+14155550102', { region: 'CA', capabilities: { ...capabilities, sms: false } }],
    ['+12125550103', { region: 'NY', needs: 21631 as const }],
    ['+12125550104', { region: 'NY', needs: 21649 as const }],
  ] as const)
    scene.simulator.addAvailable({ phoneNumber, kind: 'Local', country: 'US', capabilities, ...more })
})
afterEach(() => scene.stop())

test('numbers are searched, bought, changed, put into a pool and given back', async () => {
  const { client } = scene
  const found = await client.availablePhoneNumbers('US').local.list({ areaCode: 415, smsEnabled: true })
  expect(
    found.map(({ phoneNumber, capabilities }) => [
      phoneNumber,
      capabilities.sms ?? (capabilities as Record<string, unknown>).SMS,
    ]),
  ).toEqual([['+14155550101', true]])
  const bought = await client.incomingPhoneNumbers.create({ phoneNumber: '+14155550101', smsUrl: 'https://shop.example/sms' })
  expect(bought).toMatchObject({ sid: expect.stringMatching(/^PN[0-9a-f]{32}$/), smsUrl: 'https://shop.example/sms' })
  await expect(client.incomingPhoneNumbers.create({ phoneNumber: '+14155550101' })).rejects.toMatchObject({ code: 21422 })
  const changed = await client.incomingPhoneNumbers(bought.sid).update({ voiceUrl: 'https://shop.example/voice' })
  expect(changed).toMatchObject({ smsUrl: 'https://shop.example/sms', voiceUrl: 'https://shop.example/voice' })

  const service = await client.messaging.v1.services.create({
    friendlyName: 'Shop',
    inboundRequestUrl: 'https://shop.example/in',
  })
  await client.messaging.v1.services(service.sid).phoneNumbers.create({ phoneNumberSid: bought.sid })
  await expect(
    client.messaging.v1.services(service.sid).phoneNumbers.create({ phoneNumberSid: bought.sid }),
  ).rejects.toMatchObject({ code: 21710 })
  const other = await client.messaging.v1.services.create({ friendlyName: 'Other' })
  await expect(
    client.messaging.v1.services(other.sid).phoneNumbers.create({ phoneNumberSid: bought.sid }),
  ).rejects.toMatchObject({ code: 21712 })
  expect(await client.messaging.v1.services(service.sid).phoneNumbers.list()).toMatchObject([{ phoneNumber: '+14155550101' }])
  expect(await client.messaging.v1.services.list()).toHaveLength(2)

  expect(await client.incomingPhoneNumbers(bought.sid).remove()).toBe(true)
  expect(await client.messaging.v1.services(service.sid).phoneNumbers.list()).toEqual([])
  expect(await client.incomingPhoneNumbers.list({ phoneNumber: shop })).toHaveLength(1)
})

test('what a number needs, or an area does not have, is told by its code', async () => {
  const buy = (given: object) => scene.client.incomingPhoneNumbers.create(given)
  await expect(buy({ areaCode: '999' })).rejects.toMatchObject({ code: 21452 })
  await expect(buy({ phoneNumber: 'x' })).rejects.toMatchObject({ code: 21421 })
  await expect(buy({ phoneNumber: '+12125550103' })).rejects.toMatchObject({ code: 21631 })
  await expect(buy({ phoneNumber: '+12125550104' })).rejects.toMatchObject({ code: 21649 })
  expect((await buy({ phoneNumber: '+12125550104', bundleSid: 'BU1' })).phoneNumber).toBe('+12125550104')
  expect((await buy({ areaCode: '415' })).phoneNumber).toBe('+14155550101')
  scene.simulator.addAccount({ sid: 'AC2', authToken: 'trial token', trial: true })
  scene.simulator.addNumber({ accountSid: 'AC2', phoneNumber: '+15550100020' })
  const trial = officialClient(scene.url, 'AC2', 'trial token')
  await expect(trial.incomingPhoneNumbers.create({ areaCode: '415' })).rejects.toMatchObject({ code: 21404 })
  await expect(trial.messages.create({ from: '+15550100020', to: ada, body: 'Hi' })).rejects.toMatchObject({ code: 21608 })
})

test('a sub-account has its own token; its parent speaks for it, stops it and opens it again', async () => {
  const { client } = scene
  const made = await client.api.v2010.accounts.create({ friendlyName: 'Tenant' })
  expect(made).toMatchObject({
    ownerAccountSid: accountSid,
    status: 'active',
    authToken: expect.stringMatching(/^[0-9a-f]{32}$/),
  })
  const own = officialClient(scene.url, made.sid, made.authToken)
  expect(await own.messages.list()).toEqual([])
  await expect(officialClient(scene.url, made.sid, authToken).messages.list()).rejects.toMatchObject({ status: 401 })
  expect((await client.api.v2010.accounts(made.sid).update({ status: 'suspended' })).status).toBe('suspended')
  await expect(own.messages.list()).rejects.toMatchObject({ status: 401, code: 20005 })
  expect((await client.api.v2010.accounts(made.sid).update({ status: 'active' })).status).toBe('active')
  expect(await own.messages.list()).toEqual([])
  await expect(own.api.v2010.accounts(accountSid).fetch()).rejects.toMatchObject({ status: 401 })
  expect(await client.api.v2010.accounts.list()).toHaveLength(2)
})

test('a look-up tells a landline', async () => {
  scene.simulator.setPhone({ number: ada, landline: true })
  const found = await scene.client.lookups.v2.phoneNumbers(ada).fetch({ fields: 'line_type_intelligence' })
  expect(found).toMatchObject({ valid: true, countryCode: 'US', lineTypeIntelligence: { type: 'landline' } })
  expect(await scene.client.lookups.v2.phoneNumbers('+1555').fetch()).toMatchObject({
    valid: false,
    validationErrors: ['TOO_SHORT'],
  })
})

test('templates are made, put forward and listed with their state', async () => {
  const { sid } = scene.simulator.addContent({
    ...{ accountSid, friendlyName: 'reminder', language: 'en', types: { 'twilio/text': { body: 'At {{1}}' } } },
    approval: { status: 'approved' },
  })
  const [one] = await scene.client.content.v1.contentAndApprovals.list()
  expect(one).toMatchObject({ sid, friendlyName: 'reminder', approvalRequests: { status: 'approved' } })
})

test('what a month costs is told by country and kind', async () => {
  const path = '/v1/PhoneNumbers/Countries'
  const { body } = await scene.api('GET', `${path}/US`)
  expect(body).toMatchObject({
    price_unit: 'USD',
    phone_number_prices: [
      { number_type: 'local', current_price: '1.15' },
      { number_type: 'toll free', current_price: '2.15' },
    ],
  })
  expect((await scene.client.pricing.v1.phoneNumbers.countries('US').fetch()).priceUnit).toBe('USD')
  expect((await scene.api('GET', `${path}/XX`)).status).toBe(404)
})

test('a purchase may be done and answered with a page of a proxy; given back, the number is for sale as it was', async () => {
  scene.simulator.faults.add({
    ...{ match: { method: 'POST', path: '/IncomingPhoneNumbers.json' }, times: 1 },
    action: { kind: 'garbageAfter', status: 502 },
  })
  await expect(scene.client.incomingPhoneNumbers.create({ phoneNumber: '+14155550101' })).rejects.toMatchObject({ status: 502 })
  const [mine] = await scene.client.incomingPhoneNumbers.list({ phoneNumber: '+14155550101' })
  expect(mine?.phoneNumber).toBe('+14155550101')
  await scene.client.incomingPhoneNumbers(mine?.sid ?? '').remove()
  const again = await scene.client.availablePhoneNumbers('US').local.list({ inLocality: 'San Francisco' })
  expect(again.map((one) => one.phoneNumber)).toEqual(['+14155550101'])
})
