/** Both channels of Twilio against the simulator, with signatures that Twilio's own library makes. */
import twilio from 'twilio'
import { expect, test } from 'vitest'
import { accountSid, ada, authToken, type Scene, shop, startScene } from '../../simulators/twilio/test-kit.ts'
import { createTwilioSms, createTwilioWhatsApp } from '../../src/channels/twilio/index.ts'
import { type ChannelHarness, channelConformance, type ProviderMood, webhookUrl } from '../../src/ports/channel.conformance.ts'
import type { AccountConnection, Channel, PersonIdentity } from '../../src/ports/channel.ts'

const publicUrl = () => 'https://parley.example'
const body = (given: Record<string, string>) => Buffer.from(new URLSearchParams(given).toString())

const moods: Partial<Record<ProviderMood, string>> = {
  accept: 'well',
  refuse: 'refuses',
  rate_limit: 'rateLimits',
  expire_token: 'refusesCredentials',
  stop_account: 'suspended',
  drop_before: 'losesRequests',
  drop_after: 'losesAnswers',
  answer_without_id: 'forgetsSids',
}

async function harness(channel: Channel, address: string, to: PersonIdentity[]): Promise<ChannelHarness> {
  const { clock: _virtual, ...scene } = await startScene({ fetchMedia: false })
  const { simulator } = scene
  const config: Record<string, string> = { accountSid, apiUrl: scene.url, appSlug: 'app' }
  const account: AccountConnection = {
    ...{ tenantId: 't', accountId: 'a', externalId: address, config },
    credentials: { authToken },
  }
  const prefix = address.startsWith('whatsapp:') ? 'whatsapp:' : ''
  const content = simulator.addContent({
    ...{ accountSid, friendlyName: 'greeting', language: 'en', types: { 'twilio/text': { body: 'Hello' } } },
    approval: { status: 'approved' },
  })
  const file = Buffer.from('a small picture')
  const received = simulator.customerSends({
    ...{ from: ada, to: address, body: 'Hi' },
    media: [{ base64: file.toString('base64'), contentType: 'image/png' }],
  })
  const [media] = received.media
  const inbound = { MessageSid: `SM${'7'.repeat(32)}`, From: `${prefix}${ada}`, To: address, Body: "It's 5 €", NumMedia: '0' }
  const status = {
    MessageSid: `SM${'8'.repeat(32)}`,
    MessageStatus: 'undelivered',
    ErrorCode: '30003',
    From: address,
    To: `${prefix}${ada}`,
  }
  return {
    ...{ channel, account, to },
    sign: (rawBody, secret) => ({
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': twilio.getExpectedTwilioSignature(
        secret,
        webhookUrl,
        Object.fromEntries(new URLSearchParams(rawBody.toString())),
      ),
    }),
    webhooks: [body(inbound), body({ ...inbound, MessageSid: `SM${'9'.repeat(32)}`, Body: '\u0000\ud800' }), body(status)],
    // A form says the same however it is written: what was read and written as something else does not.
    rewrite: (rawBody) => Buffer.from(JSON.stringify(Object.fromEntries(new URLSearchParams(rawBody.toString())))),
    async setMood(mood) {
      const name = moods[mood]
      account.config.apiUrl = name === undefined ? 'http://127.0.0.1:59' : scene.url
      simulator.setMood(name ?? 'well')
    },
    taken: () => simulator.sent.length,
    template: {
      body: { type: 'template', name: 'greeting', language: 'en', parameters: { body: {}, buttons: {} } },
      templateComponents: [{ type: 'content', sid: content.sid, types: content.types, variables: {} }],
    },
    incoming: {
      media: {
        url: `${scene.url}/2010-04-01/Accounts/${accountSid}/Messages/${received.sid}/Media/${media?.sid}`,
        mimeType: 'image/png',
      },
      content: file,
    },
    close: () => scene.stop(),
  }
}

channelConformance('Twilio by SMS', () =>
  harness(createTwilioSms({ fetch, publicUrl }), shop, [{ kind: 'phone', value: ada, scope: '' }]),
)
channelConformance('Twilio by WhatsApp', () =>
  harness(createTwilioWhatsApp({ fetch, publicUrl }), `whatsapp:${shop}`, [{ kind: 'wa_id', value: ada.slice(1), scope: '' }]),
)

async function withScene(work: (scene: Scene, channel: Channel, account: AccountConnection) => Promise<void>): Promise<void> {
  const scene = await startScene({ fetchMedia: false })
  const config = { accountSid, apiUrl: scene.url, appSlug: 'app' }
  const account = { tenantId: 't', accountId: 'a', externalId: shop, config, credentials: { authToken } }
  await work(scene, createTwilioSms({ fetch, publicUrl, now: () => new Date(scene.clock.now()) }), account)
  await scene.stop()
}
const hello = {
  messageId: '0190cccc-0000-7000-8000-000000000001',
  to: [{ kind: 'phone' as const, value: ada, scope: '' as const }],
  body: { type: 'text' as const, text: 'Hello' },
}

test('a send whose answer was lost is found in the list, and one that never arrived is not', () =>
  withScene(async ({ simulator, clock }, channel, account) => {
    await channel.send(account, { ...hello, body: { type: 'text', text: 'Something else' } })
    const since = new Date(clock.now())
    simulator.setMood('losesAnswers')
    expect(await channel.send(account, hello)).toMatchObject({ outcome: 'unknown' })
    simulator.setMood('well')
    await simulator.settle()
    expect(await channel.findSent?.(account, hello, { since })).toEqual({
      outcome: 'listed',
      externalIds: [simulator.sent[1]?.sid],
    })
    const never = { ...hello, body: { type: 'text' as const, text: 'Never sent' } }
    expect(await channel.findSent?.(account, never, { since })).toEqual({ outcome: 'listed', externalIds: [] })
    simulator.setMood('down')
    expect(await channel.findSent?.(account, hello, { since })).toEqual({ outcome: 'unknown' })
  }))

test('a send whose answer was lost is found also where Twilio changed its words: of a trial account, or by smart encoding', () =>
  withScene(async ({ simulator, clock }, channel, account) => {
    const since = new Date(clock.now())
    const ours = { ...hello, body: { type: 'text' as const, text: 'We\u2019re on our way \u2014 \u201csoon\u201d' } }
    simulator.setMood('losesAnswers')
    await channel.send(account, ours)
    simulator.setMood('well')
    await simulator.settle()
    const [sent] = simulator.sent
    for (const body of [
      'Sent from your Twilio trial account - We\u2019re on our way \u2014 \u201csoon\u201d',
      `We're on our way - "soon"`,
    ]) {
      Object.assign(sent as object, { body })
      expect(await channel.findSent?.(account, ours, { since })).toEqual({ outcome: 'listed', externalIds: [sent?.sid] })
    }
    Object.assign(sent as object, { body: 'We were on our way' })
    expect(await channel.findSent?.(account, ours, { since })).toEqual({ outcome: 'listed', externalIds: [] })
  }))

test('what came while nobody listened is read from the list, with its files, each once', () =>
  withScene(async ({ simulator, clock }, channel, account) => {
    const since = new Date(clock.now())
    simulator.customerSends({ from: ada, to: shop, body: 'First' })
    await simulator.advance(5000)
    const picture = { base64: Buffer.from('x').toString('base64'), contentType: 'image/png' }
    const second = simulator.customerSends({ from: ada, to: shop, body: 'Second', media: [picture] })
    await channel.send(account, hello)
    await simulator.settle()
    const found = await channel.missed?.(account, { since })
    const events = found?.outcome === 'listed' ? found.bodies.flatMap((raw) => channel.parse(raw).events) : []
    expect(events).toMatchObject([
      { text: 'First' },
      { text: 'Second', externalId: second.sid, occurredAt: '2026-11-01T12:00:05.000Z', media: [{ mimeType: 'image/png' }] },
    ])
    const media = events[1]?.kind === 'message' ? events[1].media[0] : undefined
    expect(await channel.download?.(account, media ?? {}, { maxBytes: 10 })).toMatchObject({ outcome: 'stored' })
    const later = await channel.missed?.(account, { since: new Date(clock.now()) })
    expect(later).toEqual({ outcome: 'listed', bodies: [] })
    simulator.setMood('down')
    expect(await channel.missed?.(account, { since })).toEqual({ outcome: 'unknown' })
  }))

test('the credentials go to this account’s files at Twilio, and nowhere along with a redirect', () =>
  withScene(async ({ url }, channel, account) => {
    const place = `${url}/2010-04-01/Accounts`
    for (const at of [
      `${place}/AC${'2'.repeat(32)}/Messages/MM1/Media/ME1`,
      `${url.replace('127.0.0.1', '127.0.0.1.example')}/x`,
      `${url}/files/ME1`,
      'https://api.twilio.com.example/x',
    ])
      expect(await channel.download?.(account, { url: at }, { maxBytes: 10 })).toMatchObject({
        outcome: 'refused',
        code: 'media_host',
      })
  }))

test('a check says whether the account lives and the number is in it', () =>
  withScene(async ({ simulator }, channel, account) => {
    expect(await channel.check?.(account)).toMatchObject({ state: 'connected', address: shop })
    expect(await channel.owns?.(account)).toBe('yes')
    const other = { ...account, externalId: '+15550100010' }
    expect(await channel.check?.(other)).toMatchObject({
      state: 'degraded',
      text: expect.stringContaining('not in this Twilio account'),
    })
    expect(await channel.owns?.(other)).toBe('no')
    simulator.setMood('refusesCredentials')
    expect(await channel.check?.(account)).toMatchObject({ state: 'logged_out' })
    expect(await channel.owns?.(account)).toBe('no')
    simulator.setMood('down')
    expect([await channel.owns?.(account), (await channel.check?.(account))?.state]).toEqual(['unknown', 'degraded'])
  }))
