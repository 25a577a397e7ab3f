import twilio from 'twilio'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { accountSid, ada, authToken, type Scene, shop, startScene } from './test-kit.ts'
import type { CustomerCall } from './types.ts'

const { VoiceResponse } = twilio.twiml
let scene: Scene
beforeEach(async () => {
  scene = await startScene({ latency: { webhook: [1, 1] } })
  scene.simulator.addNumber({
    ...{ accountSid, phoneNumber: '+15550100010' },
    settings: { VoiceUrl: `${scene.receiver.url}/in`, StatusCallback: `${scene.receiver.url}/status` },
  })
})
afterEach(() => scene.stop())

const xml = (build: (response: InstanceType<typeof VoiceResponse>) => void) => {
  const response = new VoiceResponse()
  build(response)
  scene.receiver.answers.push({ status: 200, type: 'text/xml', body: response.toString() })
}
const dials = (given: { byKey?: boolean; timeout?: number } = {}) =>
  xml((response) => {
    const verb = response.dial({
      ...{ action: `${scene.receiver.url}/action`, timeout: given.timeout ?? 20, answerOnBridge: true },
    })
    verb.number({ ...(given.byKey ? { url: `${scene.receiver.url}/whisper` } : {}) }, '+15550100001')
  })
const call = async (given: Partial<CustomerCall>) => {
  const made = scene.simulator.customerCalls({ from: ada, to: '+15550100010', ...given })
  // Between two instants the answers to webhooks have to be read.
  for (let n = 0; made.endedAt === null && n < 1000; n++) {
    await scene.simulator.advance(100)
    await new Promise(setImmediate)
  }
  await scene.simulator.settle()
  return made
}
const asked = (path: string) => scene.receiver.received.filter(({ url }) => new URL(url).pathname.endsWith(`/${path}`))

describe('a call', () => {
  test('is announced with a signature that Twilio’s own library takes', async () => {
    xml((response) => response.hangup())
    await call({})
    const [{ params, headers, url }] = asked('in') as [(typeof scene.receiver.received)[number]]
    expect(params).toMatchObject({ From: ada, To: '+15550100010', CallStatus: 'ringing', Direction: 'inbound' })
    expect(twilio.validateRequest(authToken, String(headers['x-twilio-signature']), url, params)).toBe(true)
  })
  test('that a person answers is bridged, for as long as they talk', async () => {
    dials()
    const made = await call({ answering: { kind: 'person', talkMs: 31_000 } })
    expect(asked('action')[0]?.params).toMatchObject({
      DialCallStatus: 'completed',
      DialBridged: 'true',
      DialCallDuration: '31',
    })
    expect(asked('status')[0]?.params).toMatchObject({ CallStatus: 'completed', CallDuration: '31', Duration: '1' })
    expect(made).toMatchObject({ status: 'completed', dialled: [{ to: '+15550100001', callerId: ada, bridged: true }] })
  })
  test.each([
    [{ kind: 'busy' }, 'busy'],
    [{ kind: 'failed' }, 'failed'],
    [{ kind: 'nobody' }, 'no-answer'],
    [{ kind: 'person', afterMs: 25_000 }, 'no-answer'],
  ] as const)('where the telephone %o: %s, and the caller hears what the action says', async (answering, status) => {
    dials()
    xml((response) => {
      response.say('Sorry.')
      response.hangup()
    })
    const made = await call({ answering })
    expect(asked('action')[0]?.params).toMatchObject({
      CallStatus: 'in-progress',
      DialCallStatus: status,
      DialBridged: 'false',
    })
    expect(made).toMatchObject({ heard: ['Sorry.'], status: 'completed' })
  })
  test('whose caller hangs up while it rings hears nothing any more', async () => {
    dials()
    xml((response) => response.say('Sorry.'))
    const made = await call({ hangsUpAfterMs: 5_000, answering: { kind: 'nobody', afterMs: 60_000 } })
    expect(asked('action')[0]?.params).toMatchObject({ CallStatus: 'completed', DialCallStatus: 'canceled' })
    expect(made).toMatchObject({ heard: [], status: 'canceled' })
  })
  test('that a voicemail picks up is bridged, unless a key is asked for', async () => {
    dials()
    await call({ answering: { kind: 'voicemail' } })
    expect(asked('action')[0]?.params).toMatchObject({ DialBridged: 'true' })
    scene.receiver.received.length = 0
    dials({ byKey: true })
    xml((response) => {
      response.gather({ numDigits: 1, action: `${scene.receiver.url}/key` }).say('Press 1')
      response.hangup()
    })
    await call({ answering: { kind: 'voicemail' } })
    expect(asked('action')[0]?.params).toMatchObject({ DialCallStatus: 'completed', DialBridged: 'false' })
    expect(asked('key')).toEqual([])
  })
  test('that a person takes with the key is bridged', async () => {
    dials({ byKey: true })
    xml((response) => {
      response.gather({ numDigits: 1, action: `${scene.receiver.url}/key` }).say('Press 1')
      response.hangup()
    })
    await call({ answering: { kind: 'person' } })
    expect(asked('key')[0]?.params).toMatchObject({ Digits: '1', ParentCallSid: expect.stringMatching(/^CA/) })
    expect(asked('action')[0]?.params).toMatchObject({ DialBridged: 'true' })
  })
  test('goes where it is redirected, and is rejected where it is rejected', async () => {
    xml((response) => response.redirect(`${scene.receiver.url}/elsewhere`))
    xml((response) => response.reject({ reason: 'busy' }))
    const made = await call({})
    expect(asked('elsewhere')).toHaveLength(1)
    expect(made).toMatchObject({ status: 'busy', verbs: ['Redirect', 'Reject'] })
  })
  test('tells of its end before it asks what comes next, where that is wanted; an old account says nothing of a bridge', async () => {
    dials()
    await call({ statusFirst: true, withoutBridged: true })
    const order = scene.receiver.received.map(({ url }) => new URL(url).pathname.split('/').at(-1))
    expect(order).toEqual(['in', 'status', 'action'])
    expect(asked('action')[0]?.params).not.toHaveProperty('DialBridged')
  })
  test('is repeated with one token for all copies', async () => {
    scene.simulator.faults.add({ match: { kind: 'voice' }, action: { kind: 'duplicateWebhook', copies: 4 } })
    await call({})
    expect(asked('in')).toHaveLength(5)
    expect(new Set(asked('in').map(({ headers }) => headers['i-twilio-idempotency-token'])).size).toBe(1)
  })
  test('is made over HTTP too', async () => {
    const { body } = await scene.control('POST', 'calls', { from: ada, to: '+15550100010', answering: { kind: 'busy' } })
    expect(body).toMatchObject({ from: ada, status: 'ringing' })
    expect((await scene.control('GET', `calls/${body.sid}`)).status).toBe(200)
    expect((await scene.control('POST', 'calls', { from: ada, to: shop.slice(0, 5) })).status).toBe(400)
  })

  test('is on record with the legs it rang, and is found by number, parent, status and time, in pages', async () => {
    const answers = { kind: 'person', talkMs: 40_000 } as const
    dials()
    const talked = await call({ answering: answers })
    dials()
    await call({ from: '+15550107099', answering: { kind: 'busy' } })
    const { client } = scene
    expect(await client.calls(talked.sid).fetch()).toMatchObject({
      ...{ sid: talked.sid, direction: 'inbound', from: ada, status: 'completed', duration: '40', parentCallSid: null },
      startTime: new Date(Math.floor(talked.startedAt / 1000) * 1000),
    })
    expect(await client.calls.list({ parentCallSid: talked.sid })).toMatchObject([
      {
        direction: 'outbound-dial',
        to: '+15550100001',
        from: ada,
        status: 'completed',
        duration: '40',
        parentCallSid: talked.sid,
      },
    ])
    expect((await client.calls.list({ to: '+15550100010' })).map(({ from }) => from)).toEqual(['+15550107099', ada])
    expect(await client.calls.list({ status: 'busy' })).toHaveLength(1)
    expect(await client.calls.list({ startTimeAfter: new Date(talked.startedAt + 86_400_000) })).toEqual([])
    expect(await client.calls.list({ startTimeAfter: new Date(talked.startedAt - 86_400_000) })).toHaveLength(4)
    expect(await client.calls.list({ pageSize: 1 })).toHaveLength(4)
    await expect(client.calls(`CA${'0'.repeat(32)}`).fetch()).rejects.toMatchObject({ status: 404 })
  })
})
