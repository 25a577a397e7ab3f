import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inTenant } from '../../src/platform/db/tx.ts'
import { createApiKey } from '../../src/tenancy/api-keys.ts'
import type { Caller } from '../world/api.ts'
import { digits } from '../world/arrange.ts'
import { platformApp, signUpConfigId } from '../world/platforms-day.ts'
import { createProvisioning, type Provisioning } from '../world/provisioning.ts'
import type { World } from '../world/world.ts'

let world: World
let operator: { key: string }
let call: Provisioning['call']
let make: Provisioning['make']

beforeAll(async () => {
  const made = await createProvisioning()
  ;({ world, operator, call, make } = made)
})
afterAll(() => world.close())

describe('signing up to WhatsApp in its window', () => {
  /** A business and, at Meta, an account with a number that nobody connected yet. */
  async function customer() {
    const made = await make({ settings: { timezone: 'UTC', language: 'en' } })
    const key = { key: made.apiKey as string }
    const number = { phoneNumberId: digits(15), wabaId: digits(15), accessToken: `EAAB${digits(20)}` }
    const displayPhoneNumber = `+1555${digits(7)}`
    world.simulator.addNumber({
      ...number,
      displayPhoneNumber,
      verifiedName: 'Harbour',
      appId: platformApp.id,
      registered: false,
    })
    world.simulator.world.wabas.get(number.wabaId)?.subscriptions.clear()
    const base = `/tenants/${made.id}/whatsapp`
    const begin = async (as: Caller = key) => (await call('POST', `${base}/sign-up`, as)).body.state as string
    const code = (extra: object = {}) =>
      world.simulator.completeSignUp({ appId: platformApp.id, wabaId: number.wabaId, ...extra })
    const complete = (given: { state: string; code?: string }, as: Caller = key) =>
      call('POST', `${base}/sign-up/complete`, as, { code: code(), wabaId: number.wabaId, ...given })
    const left = async () => ({
      configured: (await call('GET', base, key)).body.configured,
      subscribed: world.simulator.world.wabas.get(number.wabaId)?.subscriptions.size,
      registered: world.simulator.world.numbers.get(number.phoneNumberId)?.registered,
    })
    return { ...number, id: made.id as string, key, displayPhoneNumber, base, begin, code, complete, left }
  }
  const untouched = { configured: false, subscribed: 0, registered: false }

  test('connects the number: messages arrive and go out, the PIN is sealed, nothing secret is answered', async () => {
    const shop = await customer()
    const begun = await call('POST', `${shop.base}/sign-up`, shop.key)
    expect(begun.body).toMatchObject({ appId: platformApp.id, configId: signUpConfigId })
    const done = await shop.complete({ state: begun.body.state })
    expect([done.status, done.body.accounts]).toEqual([
      200,
      [expect.objectContaining({ state: 'connected', address: shop.displayPhoneNumber })],
    ])
    expect(JSON.stringify(done.body)).not.toContain(shop.accessToken)
    expect(await shop.left()).toEqual({ configured: true, subscribed: 1, registered: true })
    const pin = world.simulator.world.numbers.get(shop.phoneNumberId)?.pin as string
    expect(pin).toMatch(/^\d{6}$/)
    const { rows } = await world.database.owner.query(`SELECT t::text AS line FROM tenant_credentials t WHERE tenant_id = $1`, [
      shop.id,
    ])
    expect(rows.length).toBe(2)
    for (const { line } of rows) expect(line).not.toContain(shop.accessToken)
    expect((await call('GET', `/tenants/by-phone/${shop.phoneNumberId}`, operator)).body.id).toBe(shop.id)

    const phone = `1650${digits(7)}`
    world.simulator.addCustomer({ phone, name: 'Customer' })
    world.simulator.customerSends({ from: phone, to: shop.phoneNumberId, text: 'hello' })
    await world.settle()
    const test = await call('POST', `/api/accounts/${done.body.accounts[0].id}/test`, shop.key, { to: `+${phone}` })
    expect(test.body).toMatchObject({ sent: true, how: 'text' })
    await world.settle()
    expect((await call('GET', `/api/messages/${test.body.messageId}`, shop.key)).body.status).toMatch(/sent|delivered|read/)
  })

  test('refuses a state that is wrong, foreign, of another person, expired or used, all with one answer, and leaves nothing', async () => {
    const [shop, stranger] = [await customer(), await customer()]
    const theirs = await inTenant(world.app.db, shop.id, (tx) => createApiKey(tx, { name: 'Second', role: 'admin' }))
    const used = await shop.begin()
    await shop.complete({ state: used, code: 'not a code' })
    const expired = await shop.begin()
    await world.database.owner.query(
      `UPDATE whatsapp_signups SET expires_at = now() - interval '1 second' WHERE tenant_id = $1 AND used_at IS NULL`,
      [shop.id],
    )
    const answers = [
      await shop.complete({ state: randomBytes(32).toString('base64url') }),
      await shop.complete({ state: await stranger.begin() }),
      await shop.complete({ state: await shop.begin({ key: theirs.key }) }),
      await shop.complete({ state: expired }),
      await shop.complete({ state: used }),
    ]
    for (const answer of answers) expect([answer.status, answer.body]).toEqual([403, answers[0]?.body])
    expect(await shop.left()).toEqual(untouched)
    const { rows } = await world.database.owner.query('SELECT state_hash FROM whatsapp_signups')
    expect(rows.map((row) => row.state_hash).join()).not.toContain(used)
  })

  test('says what went wrong at each step, and takes back what was done before it', async () => {
    const failures: [words: RegExp, arrange: (shop: Awaited<ReturnType<typeof customer>>) => { code?: string }][] = [
      [/code/, () => ({ code: 'AQnot-a-code' })],
      [
        /permissions were not granted.*messaging/,
        (shop) => ({ code: shop.code({ scopes: ['whatsapp_business_management'] }) }),
      ],
      [/was not shared/, (shop) => ({ code: shop.code({ targets: [digits(15)] }) })],
      [
        /hear of the account/,
        (shop) => {
          world.simulator.faults.add({
            match: { path: `${shop.wabaId}/subscribed_apps`, method: 'POST' },
            action: { kind: 'error', code: 200 },
            times: 1,
          } as never)
          return {}
        },
      ],
      [
        /two-step PIN already/,
        (shop) => {
          const number = world.simulator.world.numbers.get(shop.phoneNumberId)
          if (number) number.pin = '123456'
          return {}
        },
      ],
    ]
    for (const [words, arrange] of failures) {
      const shop = await customer()
      const answer = await shop.complete({ state: await shop.begin(), ...arrange(shop) })
      expect([answer.status, answer.body.error.message]).toEqual([502, expect.stringMatching(words)])
      expect(JSON.stringify(answer.body)).not.toContain(shop.accessToken)
      expect(await shop.left()).toEqual(untouched)
    }
  })

  test('does not take a number that another business has, and changes nothing at Meta', async () => {
    const shop = await customer()
    const holder = await make()
    await call('PUT', `/tenants/${holder.id}/whatsapp`, operator, {
      phoneNumberId: shop.phoneNumberId,
      wabaId: digits(15),
      accessToken: 'EAABother1234',
    })
    const answer = await shop.complete({ state: await shop.begin() })
    expect(answer.status).toBe(409)
    expect(await shop.left()).toEqual(untouched)
  })
})

describe('the channel wizard', () => {
  test('connects a number with an app of its own, says what is missing, and is ready once messages have come', async () => {
    const { id, apiKey } = await make({ settings: { timezone: 'UTC', language: 'en' } })
    const key = { key: apiKey as string }
    const [phoneNumberId, wabaId, appId, appSecret] = [digits(15), digits(15), digits(15), randomBytes(16).toString('hex')]
    const accessToken = `EAAB${digits(20)}`
    const none = await call('GET', `/tenants/${id}/readiness`, key)
    expect(none.body).toMatchObject({
      ready: false,
      channels: [{ channel: 'whatsapp', accountId: null, ready: false }, { channel: 'sms' }],
    })
    for (const step of none.body.channels[0].steps.concat(none.body.steps))
      if (!step.done)
        expect([step.id, step.missing, step.how]).toEqual([step.id, expect.stringMatching(/\w/), expect.stringMatching(/\w/)])

    world.simulator.addNumber({
      phoneNumberId,
      wabaId,
      accessToken,
      appId,
      displayPhoneNumber: '+15550009999',
      verifiedName: 'Harbour',
    })
    const made = await call('POST', '/api/accounts', key, {
      provider: 'whatsapp-cloud',
      phoneNumberId,
      wabaId,
      accessToken,
      name: 'Main',
      appSecret,
    })
    expect([made.status, made.body]).toEqual([201, expect.objectContaining({ state: 'connected', address: '+15550009999' })])
    // Of texts, which it never asked for, it hears no more.
    expect((await call('GET', `/tenants/${id}/readiness`, key)).body.channels).toMatchObject([
      { channel: 'whatsapp', accountId: made.body.id },
    ])
    const { webhook } = made.body
    expect(webhook.url).toMatch(/\/webhooks\/whatsapp\/[\w-]{8,}$/)
    world.simulator.addApp({ id: appId, secret: appSecret, verifyToken: webhook.verifyToken, webhookUrl: webhook.url })
    expect(await world.simulator.verifyWebhook(appId)).toBe(true)

    const steps = async () => {
      const { body } = await call('GET', `/api/accounts/${made.body.id}/setup`, key)
      return body.steps.filter((step: { done: boolean }) => !step.done).map((step: { id: string }) => step.id)
    }
    // This server is on this machine only: it says so.
    expect(await steps()).toEqual(['public_address', 'webhook_received', 'message_sent', 'templates'])
    const phone = `1650${digits(7)}`
    world.simulator.addCustomer({ phone, name: 'Myself' })
    const early = await call('POST', `/api/accounts/${made.body.id}/test`, key, { to: `+${phone}` })
    expect(early.body).toMatchObject({ sent: false, text: expect.stringContaining('Write something to +15550009999') })
    world.simulator.customerSends({ from: phone, to: phoneNumberId, text: 'it is me' })
    await world.settle()
    expect((await call('POST', `/api/accounts/${made.body.id}/test`, key, { to: `+${phone}` })).body).toMatchObject({
      sent: true,
      how: 'text',
    })
    await world.settle()
    expect(await steps()).toEqual(['public_address', 'templates'])
    expect((await call('POST', `/api/accounts/${made.body.id}/test`, key, { to: 'me' })).status).toBe(400)

    expect((await call('DELETE', `/api/accounts/${made.body.id}`, key)).status).toBe(204)
    expect((await call('GET', '/api/accounts', key)).body.items).toEqual([])
    expect((await call('GET', `/tenants/by-phone/${phoneNumberId}`, operator)).status).toBe(404)
    expect((await call('GET', '/api/conversations', key)).body.items).toHaveLength(1)
    const again = await call(
      'POST',
      '/api/accounts',
      { key: (await make()).apiKey },
      { provider: 'whatsapp-cloud', phoneNumberId, wabaId, accessToken, name: 'Theirs now' },
    )
    expect(again.status).toBe(201)
  })

  test('what comes through the platform’s own app goes only to whoever shows that the provider lets them read the number', async () => {
    const [shop, thief] = [await make(), await make()]
    const number = { phoneNumberId: digits(15), wabaId: digits(15), accessToken: `EAAB${digits(20)}` }
    world.simulator.addNumber({ ...number, appId: platformApp.id, displayPhoneNumber: '+15550009911', verifiedName: 'Shop' })
    const theirs = { phoneNumberId: digits(15), wabaId: digits(15), accessToken: `EAAB${digits(20)}` }
    world.simulator.addNumber({ ...theirs, appId: platformApp.id, displayPhoneNumber: '+15550009912', verifiedName: 'Thief' })
    const connect = (key: string, given: object) =>
      call('POST', '/api/accounts', { key }, { provider: 'whatsapp-cloud', name: 'Main', ...given })
    const stolen = [
      { ...number, accessToken: 'EAABbogus' },
      { ...number, accessToken: theirs.accessToken },
      { ...number, accessToken: theirs.accessToken, wabaId: theirs.wabaId },
      { ...theirs, wabaId: number.wabaId },
    ]
    for (const given of stolen) expect((await connect(thief.apiKey, given)).status).toBe(403)
    expect((await call('GET', '/api/accounts', { key: thief.apiKey })).body.items).toEqual([])
    expect((await connect(thief.apiKey, theirs)).status).toBe(201)
    // Nor by changing the number one has.
    const at = `/tenants/${thief.id}/whatsapp`
    expect((await call('PUT', at, { key: thief.apiKey }, { phoneNumberId: number.phoneNumberId })).status).toBe(403)
    expect(
      (await call('PUT', at, { key: thief.apiKey }, { phoneNumberId: theirs.phoneNumberId, wabaId: number.wabaId })).status,
    ).toBe(403)
    expect((await call('GET', at, { key: thief.apiKey })).body).toMatchObject({
      phoneNumberId: theirs.phoneNumberId,
      wabaId: theirs.wabaId,
    })
    expect((await connect(shop.apiKey, number)).status).toBe(201)

    world.simulator.faults.add({ action: { kind: 'http5xxGarbage' }, times: 5, match: { path: 'phone_numbers' } })
    const away = { phoneNumberId: digits(15), wabaId: digits(15), accessToken: `EAAB${digits(20)}` }
    world.simulator.addNumber({ ...away, appId: platformApp.id, displayPhoneNumber: '+15550009913', verifiedName: 'Later' })
    expect((await connect(thief.apiKey, away)).status).toBe(502)
    world.simulator.faults.clear()
    // Who runs the server vouches for it.
    const third = await make()
    const vouched = await call('PUT', `/tenants/${third.id}/whatsapp`, operator, { ...away, accessToken: 'EAABlater' })
    expect(vouched.status).toBe(200)
  })

  test('keeps a number whose token is no good, and says so', async () => {
    const { apiKey } = await make()
    const body = {
      provider: 'whatsapp-cloud',
      phoneNumberId: digits(15),
      wabaId: digits(15),
      accessToken: 'EAABnonsense',
      name: 'Main',
      appSecret: 'the secret of an app of its own',
    }
    const made = await call('POST', '/api/accounts', { key: apiKey }, body)
    expect(made.body).toMatchObject({ state: 'logged_out' })
    const setup = await call('GET', `/api/accounts/${made.body.id}/setup`, { key: apiKey })
    const token = setup.body.steps.find((step: { id: string }) => step.id === 'token')
    expect([token.done, token.missing]).toEqual([false, made.body.stateText])
  })
})
