/** Numbers bought at Twilio: one operation of several steps, whatever fails in between. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { NumberDelivery } from '../../client/index.ts'
import type { FaultAction } from '../../simulators/twilio/index.ts'
import type { IncomingNumber, Service } from '../../simulators/twilio/types.ts'
import type { Business } from '../world/business.ts'
import { buy, buyer, calls, ends, fault, offered, owned, ownerOf, provider, show, stock } from '../world/numbers.ts'
import { ada, createTwilioWorld, type TwilioWorld } from '../world/twilio.ts'
import { until } from '../world/until.ts'

let world: TwilioWorld
let ahead = 0
const move = (ms: number) => {
  ahead += ms
}
let business: Business
const owner = () => ownerOf(business)
const post = (path: string, as = owner(), body: unknown = {}) => world.api('POST', path, body, as)
const ended = (id: string) => ends(world, business, id, move)
const bought = async () => {
  const { status, body } = await buy(world, business)
  expect([status, body]).toMatchObject([202, {}])
  return body.id
}

beforeAll(async () => {
  world = await createTwilioWorld({ now: () => new Date(Date.now() + ahead) })
})
afterAll(() => world?.close())
beforeEach(async () => {
  stock(world)
  business = await buyer(world)
})
afterEach(async () => {
  world.twilio.faults.clear()
  const { body } = await world.api<{ items: { id: string }[] }>('GET', '/numbers', undefined, owner())
  for (const { id } of body.items) {
    await post(`/numbers/${id}/release`)
    await ended(id)
  }
  expect(owned(world)).toEqual([])
  expect(world.twilio.world.services.size).toBe(0)
})

describe('what is for sale', () => {
  test('is found by area, digits and what it can do, with its price', async () => {
    const search = (query: string, as = owner()) =>
      world.api<{ items: object[] }>('GET', `/numbers/available?${query}`, undefined, as)
    const { body } = await search('country=US&areaCode=415&sms=true&voice=true')
    expect(body.items).toHaveLength(3)
    expect(body.items[0]).toEqual({
      ...{ number: offered[0], kind: 'local', country: 'US', locality: 'San Francisco', region: 'CA' },
      ...{ capabilities: ['voice', 'sms', 'mms'], needsAddress: false, price: { monthlyCents: 115, currency: 'USD' } },
    })
    expect((await search('contains=0102')).body.items).toMatchObject([{ number: offered[1] }])
    expect((await search('areaCode=212')).body.items).toEqual([])
    expect((await search('country=DE')).body.items).toEqual([])
    expect((await search('contains=abc')).status).toBe(400)
    expect((await search('', business.people.agent)).status).toBe(403)
    world.twilio.setMood('down')
    expect((await search('areaCode=415')).body).toMatchObject({ error: { code: 'provider_failed' } })
  })
  test('needs the account that pays: that of a connected number where none was given, and never a wrong one', async () => {
    const other = await world.addBusiness('Without an account')
    const none = await world.api('GET', '/numbers/available', undefined, ownerOf(other))
    expect([none.status, none.body]).toMatchObject([409, { error: { code: 'no_number_provider' } }])
    const wrong = await world.api('PUT', '/numbers/provider', { ...provider, authToken: 'another-token' }, ownerOf(other))
    expect([wrong.status, wrong.body]).toMatchObject([400, { error: { message: expect.stringContaining('auth token') } }])
    // The first business has a number of its own there.
    const found = await world.api('GET', '/numbers/provider', undefined, 'owner')
    expect(found.body).toMatchObject({ configured: true, from: 'account', accountSid: provider.accountSid })
    expect(JSON.stringify(found.body)).not.toContain(provider.authToken)
  })
})

describe('a number that is bought', () => {
  test('is told where to deliver, put into a service, connected, and speaks', async () => {
    const id = await bought()
    const now = await ended(id)
    expect(now).toMatchObject({ status: 'active', mayCost: true, price: { monthlyCents: 115, currency: 'USD' }, failure: null })
    expect(now.steps.map(({ state }) => state)).toEqual(['done', 'done', 'done', 'done'])
    const [there] = [...world.twilio.world.numbers.values()].filter((one) => one.phoneNumber === offered[0])
    expect(there?.settings).toMatchObject({
      ...{ VoiceUrl: now.webhooks.voice, StatusCallback: now.webhooks.voiceStatus, SmsUrl: now.webhooks.texts },
      FriendlyName: `Parley ${id}`,
    })
    expect([...(world.twilio.world.services.get(now.messagingServiceSid ?? '')?.senders ?? [])]).toEqual([there?.sid])
    world.twilio.customerSends({ from: ada, to: offered[0], body: 'Is this the new number?' })
    await world.settle()
    const { body } = await world.api<{ items: { id: string; lastMessage: object }[] }>(
      'GET',
      '/conversations',
      undefined,
      owner(),
    )
    expect(body.items).toHaveLength(1)
    const said = await post(`/conversations/${body.items[0]?.id}/messages`, owner(), { body: { type: 'text', text: 'It is.' } })
    expect(said.status).toBeLessThan(300)
    await world.settle()
    expect(world.twilio.thread(ada, offered[0]).map((one) => one.body)).toEqual(['Is this the new number?', 'It is.'])
    world.twilio.customerCalls({ from: ada, to: offered[0] })
    await world.settle()
    const rang = await until('the call is there', async () => {
      const { body } = await world.api<{ items: object[] }>('GET', '/calls', undefined, owner())
      return body.items[0]
    })
    expect(rang).toMatchObject({ status: 'missed' })
  })
  test('cannot be a second one, by name; released it makes room, and what was said with it stays', async () => {
    const id = await bought()
    await ended(id)
    const second = await buy(world, business, { number: offered[1] })
    expect([second.status, second.body]).toMatchObject([409, { error: { code: 'number_limit', details: { limit: 1 } } }])
    const same = await buy(world, business)
    expect([same.status, same.body]).toMatchObject([409, { error: { code: 'number_taken' } }])
    world.twilio.customerSends({ from: ada, to: offered[0], body: 'Hello' })
    await world.settle()
    expect((await post(`/numbers/${id}/release`)).body).toMatchObject({ wanted: 'released', status: 'active' })
    expect(await ended(id)).toMatchObject({ status: 'released', mayCost: false, failure: null })
    expect(owned(world)).toEqual([])
    const again = await buy(world, business, { number: offered[1] })
    expect(again.status).toBe(202)
    expect(await ended(again.body.id)).toMatchObject({ status: 'active', number: offered[1] })
    const { body } = await world.api<{ items: object[] }>('GET', '/conversations', undefined, owner())
    expect(body.items).toHaveLength(1)
    const { body: numbers } = await world.api<{ items: object[] }>('GET', '/numbers', undefined, owner())
    expect(numbers.items).toMatchObject([{ status: 'active' }, { status: 'released' }])
  })
  test('is one, however often it is asked for at once, with a key or without', async () => {
    const all = await Promise.all(
      offered.flatMap((number) => [buy(world, business, { number }), buy(world, business, { number })]),
    )
    expect(all.map(({ status }) => status).sort()).toEqual([202, 409, 409, 409, 409, 409])
    const first = all.find(({ status }) => status === 202)?.body
    expect(await ended(first?.id ?? '')).toMatchObject({ status: 'active' })
    expect(owned(world)).toEqual([first?.number])
    const other = await buyer(world, 'Somebody else')
    const [free = ''] = offered.filter((one) => one !== first?.number)
    const idempotencyKey = 'the same wish'
    const twice = await Promise.all([1, 2, 3].map(() => buy(world, other, { number: free, idempotencyKey })))
    expect(new Set(twice.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1)
    const mismatch = await buy(world, other, { number: offered[2], idempotencyKey })
    expect([mismatch.status, mismatch.body]).toMatchObject([422, { error: { code: 'idempotency_mismatch' } }])
    const id = twice[0]?.body.id ?? ''
    expect(await ends(world, other, id, move)).toMatchObject({ status: 'active' })
    await post(`/numbers/${id}/release`, ownerOf(other))
    await ends(world, other, id, move)
  })
  test('is nobody else’s to see or to give back, and not an agent’s to buy', async () => {
    const id = await bought()
    await ended(id)
    const other = ownerOf(await buyer(world, 'Next door'))
    expect((await world.api('GET', `/numbers/${id}`, undefined, other)).status).toBe(404)
    expect((await world.api<{ items: object[] }>('GET', '/numbers', undefined, other)).body.items).toEqual([])
    for (const verb of ['suspend', 'resume', 'release', 'retry']) {
      expect((await post(`/numbers/${id}/${verb}`, other)).status).toBe(404)
      expect((await post(`/numbers/${id}/${verb}`, business.people.agent)).status).toBe(403)
    }
    expect(await show(world, business, id)).toMatchObject({ status: 'active' })
    const agent = business.people.agent
    expect((await world.api('POST', '/numbers', { number: offered[1] }, agent)).status).toBe(403)
  })
})

describe('a step that fails for good', () => {
  const refused: FaultAction = { kind: 'error', code: 20001, status: 400, message: 'No.' }
  test.each(['buy', 'webhooks', 'service', 'join'] as const)(
    '%s: nothing is paid for afterwards, and it says why',
    async (step) => {
      fault(world, calls[step], refused)
      const id = await bought()
      const now = await ended(id)
      expect(now).toMatchObject({ status: 'released', mayCost: false, accountId: null })
      expect(now.failure).toMatchObject({ code: '20001', text: expect.stringContaining('No.') })
      expect(owned(world)).toEqual([])
      // And it is no obstacle to the next.
      const next = await buy(world, business)
      expect(await ended(next.body.id)).toMatchObject({ status: 'active' })
    },
  )
  test.each([
    [21631, /address of the business.*AD/],
    [21649, /papers of the business.*BU/],
    [21422, /Somebody else has bought/],
    [21421, /does not know this number/],
    [21404, /trial account/],
  ])('%i at the purchase is told in words, with what to do', async (code, words) => {
    fault(world, calls.buy, { kind: 'error', code, status: 400 })
    const now = await ended(await bought())
    expect(now.failure).toMatchObject({ code: String(code), text: expect.stringMatching(words) })
  })
  test('what is sold already, or costs more by now, is refused at once', async () => {
    const gone = await buy(world, business, { number: '+14155559999' })
    expect([gone.status, gone.body]).toMatchObject([409, { error: { code: 'number_gone' } }])
    const dearer = await buy(world, business, { agreed: { monthlyCents: 100, currency: 'USD' } })
    expect([dearer.status, dearer.body]).toMatchObject([409, { error: { code: 'conflict' } }])
    const agreed = await buy(world, business, { agreed: { monthlyCents: 115, currency: 'USD' } })
    expect(await ended(agreed.body.id)).toMatchObject({ status: 'active' })
  })
  test('a number that another business proved is theirs: ours is given back', async () => {
    fault(world, calls.webhooks, { kind: 'garbage', status: 503 })
    const id = await bought()
    await until('it waits', async () => (await show(world, business, id)).waitingFor)
    await world.database.owner.query(
      `INSERT INTO channel_accounts (tenant_id, channel, provider, external_id, name, proven_at) VALUES ($1, 'sms', 'twilio', $2, 'x', now())`,
      [world.business.tenantId, offered[0]],
    )
    expect(await ended(id)).toMatchObject({ status: 'released', failure: { code: 'conflict' } })
    await world.database.owner.query('DELETE FROM channel_accounts WHERE external_id = $1', [offered[0]])
  })
})

describe('a step that fails for now', () => {
  const passing: [string, FaultAction][] = [
    ['before it is done', { kind: 'garbage', status: 503 }],
    ['without a byte', { kind: 'dropBefore' }],
    ['after it was done', { kind: 'dropAfter' }],
    ['after it was done, with a page of a proxy', { kind: 'garbageAfter', status: 502 }],
    ['with an answer that lacks the id', { kind: 'okWithoutSid' }],
    ['for too much at once', { kind: 'error', code: 20429, status: 429 }],
  ]
  const steps = ['buy', 'webhooks', 'service', 'join'] as const
  test.each(steps.flatMap((step) => passing.map(([when, action]) => [step, when, action] as const)))(
    '%s, %s: it says what it waits for, goes on, and is bought once',
    async (step, _when, action) => {
      fault(world, calls[step], action, 2)
      const id = await bought()
      const now = await ended(id)
      expect(now).toMatchObject({ status: 'active', failure: null, waitingFor: null })
      expect(owned(world)).toEqual([offered[0]])
      expect(world.twilio.world.services.size).toBe(1)
    },
  )
  test('is shown while it waits, and may be tried at once', async () => {
    fault(world, calls.webhooks, { kind: 'garbage', status: 503 })
    const id = await bought()
    const waits = await until('it waits', async () => {
      const now = await show(world, business, id)
      return now.waitingFor ? now : undefined
    })
    expect(waits).toMatchObject({
      status: 'provisioned',
      attempts: 1,
      mayCost: true,
      waitingFor: expect.stringContaining('Twilio'),
    })
    expect(Date.parse(waits.nextTryAt ?? '')).toBeGreaterThan(0)
    expect(waits.steps.map(({ state }) => state)).toEqual(['done', 'waiting', 'open', 'open'])
    await post(`/numbers/${id}/retry`)
    await until('it is active', async () => (await show(world, business, id)).status === 'active')
  })
  test('what waits for more than an hour is told to owners, once for each wait', async () => {
    const told = async () => {
      const { body } = await world.api<{ items: { kind: string; who: string; what: string }[] }>(
        ...(['GET', '/me/notifications', undefined, owner()] as const),
      )
      return body.items.filter(({ kind }) => kind === 'number_waits')
    }
    const waitsAgain = async (id: string, ms: number) => {
      const { attempts } = await show(world, business, id)
      move(ms)
      await until('it was tried again', async () => (await show(world, business, id)).attempts > attempts)
    }
    fault(world, calls.webhooks, { kind: 'garbage', status: 503 }, 1000)
    const id = await bought()
    await until('it waits', async () => (await show(world, business, id)).waitingFor)
    await waitsAgain(id, 3_500_000)
    expect(await told()).toEqual([])
    await waitsAgain(id, 900_000)
    expect(await told()).toMatchObject([{ who: offered[0], what: expect.stringContaining('Twilio') }])
    await waitsAgain(id, 9_000_000)
    expect(await told()).toHaveLength(1)
    world.twilio.faults.clear()
    await ended(id)
    fault(world, calls.give_back, { kind: 'garbage', status: 503 }, 1000)
    await post(`/numbers/${id}/release`)
    await until('it waits', async () => (await show(world, business, id)).waitingFor)
    await waitsAgain(id, 3_700_000)
    expect(await told()).toHaveLength(2)
  })
  test('refused credentials after the purchase are waited for; the new token ends the wait', async () => {
    fault(world, calls.webhooks, { kind: 'error', code: 20003, status: 401 }, 1000)
    const id = await bought()
    await until('it waits', async () => (await show(world, business, id)).waitingFor?.includes('auth token'))
    world.twilio.faults.clear()
    expect((await world.api('PUT', '/numbers/provider', provider, owner())).status).toBe(200)
    await until('it is active', async () => (await show(world, business, id)).status === 'active')
  })
  test('a purchase of which nothing was said, and that was then given up, is found and given back', async () => {
    fault(world, calls.buy, { kind: 'dropAfter' })
    fault(world, { method: 'GET', path: '/IncomingPhoneNumbers.json' }, { kind: 'garbage', status: 503 }, 2)
    const id = await bought()
    await until('it waits', async () => (await show(world, business, id)).waitingFor)
    expect(owned(world)).toEqual([offered[0]])
    await post(`/numbers/${id}/release`)
    expect(await ended(id)).toMatchObject({ status: 'released' })
    expect(owned(world)).toEqual([])
  })
  test('the account that has the number by another way keeps it', async () => {
    fault(world, calls.buy, { kind: 'garbage', status: 503 })
    const id = await bought()
    await until('it waits', async () => (await show(world, business, id)).waitingFor)
    const mine = world.twilio.addNumber({ accountSid: provider.accountSid, phoneNumber: offered[0] })
    expect(await ended(id)).toMatchObject({ status: 'released', failure: { code: 'owned_already' } })
    expect(owned(world)).toEqual([offered[0]])
    world.twilio.world.numbers.delete(mine.sid)
  })
})

describe('giving back', () => {
  test.each([
    ['now', { kind: 'garbage', status: 503 }],
    ['for good', { kind: 'error', code: 20001, status: 400 }],
  ] as [string, FaultAction][])('that fails %s stays visible and is tried until it is done', async (_when, action) => {
    const id = await bought()
    await ended(id)
    fault(world, calls.give_back, action, 4)
    await post(`/numbers/${id}/release`)
    const waits = await until('it waits', async () => {
      const now = await show(world, business, id)
      return now.waitingFor ? now : undefined
    })
    expect(waits).toMatchObject({ status: 'active', wanted: 'released', mayCost: true })
    expect(waits.waitingFor).toContain('may have to be paid for')
    expect(await ended(id)).toMatchObject({ status: 'released', mayCost: false })
    expect(owned(world)).toEqual([])
  })
  test('a number that is gone at Twilio already counts as given back', async () => {
    const id = await bought()
    await ended(id)
    world.twilio.world.numbers.clear()
    await post(`/numbers/${id}/release`)
    expect(await ended(id)).toMatchObject({ status: 'released' })
  })
  test('its account is not taken away without it, nor is what opens it, nor the business', async () => {
    const id = await bought()
    const { accountId } = await ended(id)
    const removed = await world.api('DELETE', `/accounts/${accountId}`, undefined, owner())
    expect([removed.status, removed.body]).toMatchObject([409, { error: { message: expect.stringContaining('Release it') } }])
    expect((await world.api('DELETE', '/numbers/provider', undefined, owner())).status).toBe(409)
    const deleted = await world.api('DELETE', `/tenants/${business.tenantId}`, undefined, owner())
    expect([deleted.status, deleted.body]).toMatchObject([409, { error: { details: { numbers: [offered[0]] } } }])
    await post(`/numbers/${id}/release`)
    await ended(id)
    expect((await world.api('DELETE', '/numbers/provider', undefined, owner())).status).toBe(204)
    expect((await world.api('GET', '/numbers/provider', undefined, owner())).body).toMatchObject({ configured: false })
    await world.api('PUT', '/numbers/provider', provider, owner())
  })
})

describe('where calls and texts of a number are delivered', () => {
  const check = async (id: string) => (await post(`/numbers/${id}/check`)).body as NumberDelivery
  const wrong = async (id: string) => {
    const { state, items } = await check(id)
    return [state, ...items.filter(({ right }) => !right).map(({ what, is }) => [what, is])]
  }
  const there = () => [...world.twilio.world.numbers.values()].find((one) => one.phoneNumber === offered[0]) as IncomingNumber
  const service = () => [...world.twilio.world.services.values()][0] as Service
  const setAgain = async (id: string) => {
    expect((await post(`/numbers/${id}/set-again`)).status).toBe(200)
    await until('it is set', async () => (await show(world, business, id)).webhooks.set)
    await world.app.numbers.worker.idle()
  }

  test('is asked of Twilio, and set again where somebody changed it there', async () => {
    const id = await bought()
    expect((await post(`/numbers/${id}/check`)).status).toBe(409)
    await ended(id)
    expect(await wrong(id)).toEqual(['right'])
    const elsewhere = 'https://elsewhere.example/sms'
    for (const [change, expected] of [
      [() => Object.assign(there().settings, { VoiceUrl: elsewhere }), ['calls', elsewhere]],
      [() => Object.assign(there().settings, { VoiceMethod: 'GET' }), ['calls', null]],
      [() => Object.assign(there().settings, { StatusCallback: '' }), ['call_status', null]],
      [() => Object.assign(service().settings, { InboundRequestUrl: elsewhere }), ['texts', elsewhere]],
    ] as const) {
      change()
      expect(await wrong(id)).toEqual(['wrong', expected])
      await setAgain(id)
      expect(await wrong(id)).toEqual(['right'])
    }
    Object.assign(there().settings, { VoiceApplicationSid: `AP${'1'.repeat(32)}` })
    expect(await wrong(id)).toEqual(['wrong', ['calls', null], ['call_status', null]])
    service().senders.clear()
    await setAgain(id)
    expect(await wrong(id)).toEqual(['right'])
    world.twilio.customerSends({ from: ada, to: offered[0], body: 'Does it arrive?' })
    await world.settle()
    const { body } = await world.api<{ items: { lastPreview: string }[] }>('GET', '/conversations', undefined, owner())
    expect(body.items).toMatchObject([{ lastPreview: 'Does it arrive?' }])
  })
  test('a messaging service that was taken away at Twilio is made anew, and spoken through', async () => {
    const id = await bought()
    const { messagingServiceSid } = await ended(id)
    world.twilio.world.services.clear()
    expect((await check(id)).state).toBe('wrong')
    await setAgain(id)
    const now = await until('it has one again', async () => {
      const one = await show(world, business, id)
      return one.messagingServiceSid !== null && one.messagingServiceSid !== messagingServiceSid ? one : undefined
    })
    await until('it is in it', async () => (await check(id)).state === 'right')
    const { rows } = await world.database.owner.query(
      'SELECT messaging_service_sid FROM tenant_twilio_config WHERE tenant_id = $1 AND channel_account_id = $2',
      [business.tenantId, now.accountId],
    )
    expect(rows).toEqual([{ messaging_service_sid: now.messagingServiceSid }])
  })
  test('is said to be gone where Twilio has the number no more, and what is refused for now says so', async () => {
    const id = await bought()
    await ended(id)
    fault(world, { method: 'GET', path: '/IncomingPhoneNumbers/' }, { kind: 'garbage', status: 503 })
    expect(await check(id)).toMatchObject({ state: 'unknown', text: expect.stringContaining('Twilio'), items: [] })
    world.twilio.world.numbers.delete(there().sid)
    expect(await check(id)).toMatchObject({ state: 'gone', items: [] })
    expect((await post(`/numbers/${id}/check`, business.people.agent)).status).toBe(403)
  })
})

test('suspended it keeps what comes, sends nothing and stays so; resumed it sends what waited', async () => {
  const id = await bought()
  const { accountId } = await ended(id)
  world.twilio.customerSends({ from: ada, to: offered[0], body: 'First' })
  await world.settle()
  expect((await post(`/numbers/${id}/suspend`)).body).toMatchObject({ status: 'suspended' })
  // What Twilio says of it does not open it again.
  await post(`/accounts/${accountId}/check`)
  world.twilio.customerSends({ from: ada, to: offered[0], body: 'Second' })
  await world.settle()
  const { body } = await world.api<{ items: { id: string }[] }>('GET', '/conversations', undefined, owner())
  const thread = `/conversations/${body.items[0]?.id}/messages`
  await post(thread, owner(), { body: { type: 'text', text: 'Waits' } })
  await world.settle()
  const { body: lines } = await world.api<{ items: { text: string; status: string }[] }>('GET', thread, undefined, owner())
  expect(lines.items.map((one) => one.text)).toEqual(['First', 'Second', 'Waits'])
  expect(lines.items.at(-1)?.status).toBe('queued')
  expect((await post(`/numbers/${id}/suspend`)).status).toBe(200)
  expect((await post(`/numbers/${id}/resume`)).body).toMatchObject({ status: 'active' })
  await until('what waited is sent', () => world.twilio.thread(ada, offered[0]).some((one) => one.body === 'Waits'))
})

test('suspended, the assistant says nothing either, now or when it is resumed', async () => {
  const id = await bought()
  const { accountId } = await ended(id)
  await world.database.owner.query('UPDATE business_settings SET ai_takeover_delay = 0 WHERE tenant_id = $1', [
    business.tenantId,
  ])
  expect((await world.api('PUT', `/accounts/${accountId}/answerer`, { answerer: 'assistant' }, owner())).status).toBeLessThan(
    300,
  )
  const answers = async () => {
    const { rows } = await world.database.owner.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM messages WHERE tenant_id = $1 AND direction = 'outbound' AND sender = 'ai'`,
      [business.tenantId],
    )
    return rows[0]?.n ?? 0
  }
  const turns = () =>
    until('nobody’s turn is left', async () => {
      await world.settle()
      await world.app.turns.idle()
      const { rows } = await world.database.owner.query(
        `SELECT FROM conversation_lanes WHERE tenant_id = $1 AND kind = 'turn' AND ready_at IS NOT NULL`,
        [business.tenantId],
      )
      return rows.length === 0
    })
  world.twilio.customerSends({ from: ada, to: offered[0], body: 'My pipe is leaking' })
  await turns()
  expect(await answers()).toBe(1)
  await post(`/numbers/${id}/suspend`)
  world.twilio.customerSends({ from: ada, to: offered[0], body: 'It is getting worse' })
  // Somebody new as well, whom it would greet.
  world.twilio.customerSends({ from: '+15550107005', to: offered[0], body: 'Are you there?' })
  await turns()
  await post(`/numbers/${id}/resume`)
  await turns()
  expect(await answers()).toBe(1)
})
