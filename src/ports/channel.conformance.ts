/**
 * What every channel has to show before it is taken in. A channel's own test calls `channelConformance` with a harness:
 * the channel, an account, and a stand-in of its provider that speaks the provider's HTTP (or whatever it speaks).
 * Nothing here knows a provider: what differs is in the harness.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type {
  AccountConnection,
  Capabilities,
  Channel,
  InboundEvent,
  MediaRef,
  OutboundBody,
  OutboundFile,
  OutboundMessage,
  PersonIdentity,
  SendResult,
} from './channel.ts'

/** How the stand-in behaves from now on. */
export type ProviderMood =
  | 'accept'
  /** Says no to this message, for good. */
  | 'refuse'
  /** Says: not so fast. */
  | 'rate_limit'
  /** Says the token is no longer good; its words should quote the token, as real ones do. */
  | 'expire_token'
  /** Says the account is stopped: payment, policy, limits. */
  | 'stop_account'
  /** Nothing listens at the address. */
  | 'unreachable'
  /** Ends the connection after the request, without having taken the message. */
  | 'drop_before'
  /** Takes the message, then ends the connection without an answer. */
  | 'drop_after'
  /** Takes the message and answers success without an id. */
  | 'answer_without_id'

export interface ChannelHarness {
  channel: Channel
  account: AccountConnection
  /** Somebody the stand-in delivers to. */
  to: PersonIdentity[]
  /** The headers with which the provider sends these bytes, signed with the secret. */
  sign(rawBody: Buffer, secret: string): Record<string, string>
  /** Webhook bodies as the provider sends them, the first with at least one message. Each differs from itself re-serialised. */
  webhooks: Buffer[]
  /** Reads a body and writes it again in the provider's format, as a careless server would; JSON unless given. */
  rewrite?(rawBody: Buffer): Buffer
  /** Moods that this provider cannot have (one without tokens, one without accounts that can be stopped …), with the reason. */
  cannot?: Partial<Record<ProviderMood, string>>
  setMood(mood: ProviderMood): Promise<void>
  /** How many messages the stand-in has taken since it was started. */
  taken(): number
  /** What a template needs, where the channel has templates. */
  template?: Pick<OutboundMessage, 'templateComponents' | 'templateParameterFormat'> & {
    body: Extract<OutboundBody, { type: 'template' }>
  }
  /** A file that the stand-in hands out, where the channel has `download`. */
  incoming?: { media: MediaRef; content: Buffer }
  close(): Promise<void>
}

/** Where the webhooks are delivered, for channels whose provider signs the address. */
export const webhookUrl = 'https://parley.example/webhooks/conformance'

const SECRET = 'first-secret'
const ROTATED = 'second-secret'
const MESSAGE_ID = '0190cccc-0000-7000-8000-000000000001'
const MEDIA_ID = '0190cccc-0000-7000-8000-000000000002'

type MediaType = keyof Capabilities['media']

export function channelConformance(name: string, makeHarness: () => Promise<ChannelHarness>): void {
  describe(`${name} keeps the channel's promises`, () => {
    let harness: ChannelHarness
    beforeAll(async () => {
      harness = await makeHarness()
    })
    afterAll(() => harness.close())
    beforeEach(() => harness.setMood('accept'))

    signatures(() => harness)
    parsing(() => harness)
    capabilities(() => harness)
    outcomes(() => harness)
    files(() => harness)
  })
}

type Get = () => ChannelHarness

function signatures(get: Get): void {
  const check = (rawBody: Buffer, headers: Record<string, string | undefined>, secrets: string[]) =>
    get().channel.verify({ method: 'POST', url: webhookUrl, headers, rawBody }, secrets)
  const body = () => first(get().webhooks)

  test('a body signed with the secret is genuine', () => {
    for (const rawBody of get().webhooks) expect(check(rawBody, get().sign(rawBody, SECRET), [SECRET])).toBe(true)
  })
  test('while a secret is rotated both are good', () => {
    expect(check(body(), get().sign(body(), ROTATED), [SECRET, ROTATED])).toBe(true)
    expect(check(body(), get().sign(body(), SECRET), [SECRET, ROTATED])).toBe(true)
  })
  test('a body signed with another secret is not genuine', () => {
    expect(check(body(), get().sign(body(), 'guessed'), [SECRET, ROTATED])).toBe(false)
  })
  test('without a signature or without secrets nothing is genuine', () => {
    expect(check(body(), {}, [SECRET])).toBe(false)
    expect(check(body(), get().sign(body(), SECRET), [])).toBe(false)
    expect(check(body(), get().sign(body(), ''), [''])).toBe(false)
  })
  test('the signature of another body does not fit', () => {
    const other = Buffer.concat([body(), Buffer.from(' ')])
    expect(check(body(), get().sign(other, SECRET), [SECRET])).toBe(false)
  })
  test('a body parsed and written again has lost its signature', () => {
    const rewrite = get().rewrite ?? ((rawBody: Buffer) => Buffer.from(JSON.stringify(JSON.parse(rawBody.toString('utf8')))))
    const again = rewrite(body())
    expect(again.equals(body()), 'the harness must give a body that differs from itself re-serialised').toBe(false)
    expect(check(again, get().sign(body(), SECRET), [SECRET])).toBe(false)
  })
}

const strangeBodies = [
  '',
  'null',
  '[]',
  '{}',
  '"text"',
  '7',
  '{',
  '{"entry":[]}',
  '{"a":"\\u0000\\ud800"}',
  '['.repeat(100_000),
  `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`,
]

function parsing(get: Get): void {
  test('parse returns for whatever the bytes are', () => {
    const bytes = [...strangeBodies.map((text) => Buffer.from(text)), Buffer.from([0xff, 0xfe, 0x00, 0x80]), Buffer.alloc(0)]
    for (const body of [...bytes, ...get().webhooks.flatMap(cutOff)]) {
      const parsed = get().channel.parse(body)
      expect(Array.isArray(parsed.events)).toBe(true)
      expect(parsed.label).not.toBe('')
    }
  })
  test('the same bytes say the same', () => {
    for (const body of get().webhooks)
      expect(keys(get().channel.parse(body).events)).toEqual(keys(get().channel.parse(body).events))
  })
  test('everything that came in can be told from what came before', () => {
    const events = get().webhooks.flatMap((body) => get().channel.parse(body).events)
    expect(events.some((event) => event.kind === 'message')).toBe(true)
    for (const event of events) {
      expect(Number.isNaN(Date.parse(event.occurredAt))).toBe(false)
      if (event.kind === 'message' || event.kind === 'receipt') expect(event.externalId).not.toBe('')
      if (event.kind === 'message') expect(event.person.identities.length).toBeGreaterThan(0)
      if (event.kind === 'account') expect(event.key).not.toBe('')
    }
  })
  test('text that came in can be stored', () => {
    const texts = get().webhooks.flatMap((body) => get().channel.parse(body).events)
    for (const event of texts) {
      if (event.kind !== 'message' || event.text === null) continue
      expect(event.text.isWellFormed() && !event.text.includes('\0')).toBe(true)
    }
  })
}

/** Each body with its end missing: at the start, in the middle, one byte short. */
const cutOff = (body: Buffer): Buffer[] => [1, body.length >> 1, body.length - 1].map((length) => body.subarray(0, length))

/** What makes an event once-only. */
const keys = (events: readonly InboundEvent[]): string[] =>
  events.map((event) => {
    if (event.kind === 'message') return event.externalId
    if (event.kind === 'receipt') return `${event.externalId} ${event.status} ${event.participant ?? ''}`
    return event.kind === 'account' ? event.key : `${event.from.value} ${event.to.value}`
  })

function capabilities(get: Get): void {
  test.each(allTypes)('%s: sent where it is claimed, refused as a value where it is not', async (type) => {
    const { channel } = get()
    const before = get().taken()
    const result = await send(get(), sample(get(), type))
    if (channel.capabilities.send.includes(type)) {
      expect(result).toMatchObject({ outcome: 'accepted', externalId: expect.stringMatching(/./) })
      expect(get().taken()).toBe(before + 1)
    } else {
      expect(result).toMatchObject({ outcome: 'reject' })
      expect(get().taken()).toBe(before)
    }
  })
  test('what is claimed beside sending is there', async () => {
    const { channel, account } = get()
    expect(channel.syncTemplates !== undefined).toBe(channel.capabilities.templates)
    expect(channel.markRead !== undefined).toBe(channel.capabilities.readMarks || channel.capabilities.typing)
    if (channel.markRead) expect(await channel.markRead(account, 'earlier-message')).toMatchObject({ outcome: 'accepted' })
    if (channel.syncTemplates) expect(Array.isArray(await channel.syncTemplates(account))).toBe(true)
    if (channel.check) expect(await channel.check(account)).toMatchObject({ state: 'connected' })
  })
  test('text longer than the channel takes is refused before anything is sent', async () => {
    const before = get().taken()
    const text = 'x'.repeat(get().channel.capabilities.maxText + 1)
    expect(await send(get(), message(get(), { type: 'text', text }))).toMatchObject({ outcome: 'reject' })
    expect(get().taken()).toBe(before)
  })
  test('a file of a kind or size the channel does not take is refused before anything is sent', async () => {
    const before = get().taken()
    for (const [type, limit] of Object.entries(get().channel.capabilities.media)) {
      const body = { type: type as MediaType, mediaId: MEDIA_ID }
      const odd = file({ mimeType: 'application/x-unheard-of' })
      const large = file({ mimeType: first(limit.mimeTypes), byteSize: limit.maxBytes + 1 })
      expect(await send(get(), { ...message(get(), body), file: odd })).toMatchObject({ outcome: 'reject' })
      expect(await send(get(), { ...message(get(), body), file: large })).toMatchObject({ outcome: 'reject' })
    }
    expect(get().taken()).toBe(before)
  })
  test('a message to nobody the channel knows is refused as a value', async () => {
    const to: PersonIdentity[] = [{ kind: 'email', value: 'nobody@example.org', scope: '' }]
    expect(await send(get(), { ...message(get(), { type: 'text', text: 'Hello' }), to })).toMatchObject({ outcome: 'reject' })
  })
}

/** What may come of a text sent in each mood, and whether the stand-in has it afterwards. */
const expected: [ProviderMood, SendResult['outcome'][], taken: 0 | 1][] = [
  ['accept', ['accepted'], 1],
  ['refuse', ['reject'], 0],
  ['rate_limit', ['retry'], 0],
  ['expire_token', ['reconnect'], 0],
  ['stop_account', ['hold'], 0],
  ['unreachable', ['retry'], 0],
  // From outside, a request that was lost and an answer that was lost look the same.
  ['drop_before', ['unknown'], 0],
  ['drop_after', ['unknown'], 1],
  ['answer_without_id', ['unknown'], 1],
]

function outcomes(get: Get): void {
  test.each(expected)('%s ends as %j', async (mood, allowed, taken) => {
    const cannot = get().cannot?.[mood]
    if (cannot !== undefined) return expect(cannot, 'a mood that cannot be needs its reason').not.toBe('')
    const before = get().taken()
    await get().setMood(mood)
    const result = await send(get(), message(get(), { type: 'text', text: 'Hello' }))
    expect(allowed).toContain(result.outcome)
    expect(get().taken() - before).toBe(taken)
    if (result.outcome === 'accepted') return
    expect(result.code).not.toBe('')
    expect(result.text).not.toBe('')
    expectNoSecret(get(), result)
  })
  test('no secret is in what an optional call gives or throws', async () => {
    const { channel, account, cannot } = get()
    if (cannot?.expire_token !== undefined) return
    await get().setMood('expire_token')
    const thrown = await channel.syncTemplates?.(account).catch((error: unknown) => String(error))
    const results = [thrown, await channel.check?.(account), await channel.markRead?.(account, 'earlier-message')]
    for (const result of results) expectNoSecret(get(), result)
  })
  test('a call that was ended before it began sends nothing', async () => {
    const before = get().taken()
    const result = await get().channel.send(get().account, message(get(), { type: 'text', text: 'Hello' }), {
      signal: AbortSignal.abort(),
    })
    expect(result.outcome).toBe('retry')
    expect(get().taken()).toBe(before)
  })
}

function files(get: Get): void {
  test('a file that came in is fetched whole', async () => {
    const { channel, account, incoming } = get()
    expect(channel.download !== undefined, 'a channel with download needs an incoming file in its harness').toBe(
      incoming !== undefined,
    )
    if (!channel.download || !incoming) return
    const maxBytes = incoming.content.length
    const result = await channel.download(account, incoming.media, { maxBytes })
    expect(result).toMatchObject({ outcome: 'stored' })
    if (result.outcome === 'stored') expect(result.content.equals(incoming.content)).toBe(true)
  })
  test('a file larger than allowed is refused', async () => {
    const { channel, account, incoming } = get()
    if (!channel.download || !incoming) return
    const maxBytes = incoming.content.length - 1
    expect(await channel.download(account, incoming.media, { maxBytes })).toMatchObject({ outcome: 'refused' })
  })
}

const send = (harness: ChannelHarness, outbound: OutboundMessage) => harness.channel.send(harness.account, outbound)

function message(harness: ChannelHarness, body: OutboundBody): OutboundMessage {
  return { messageId: MESSAGE_ID, to: harness.to, body }
}

function sample(harness: ChannelHarness, type: OutboundBody['type']): OutboundMessage {
  const limit = harness.channel.capabilities.media[type as MediaType]
  const outbound = message(harness, samples[type])
  if (type === 'template' && harness.template) return { ...outbound, ...harness.template }
  if (type === 'reaction') return { ...outbound, targetExternalId: 'earlier-message' }
  return 'mediaId' in samples[type] ? { ...outbound, file: file({ mimeType: limit?.mimeTypes[0] ?? 'image/png' }) } : outbound
}

const samples: Record<OutboundBody['type'], OutboundBody> = {
  text: { type: 'text', text: 'Hello' },
  image: { type: 'image', mediaId: MEDIA_ID, caption: 'Look' },
  video: { type: 'video', mediaId: MEDIA_ID },
  audio: { type: 'audio', mediaId: MEDIA_ID },
  document: { type: 'document', mediaId: MEDIA_ID, fileName: 'plan.pdf' },
  sticker: { type: 'sticker', mediaId: MEDIA_ID },
  template: { type: 'template', name: 'greeting', language: 'en', parameters: { body: {}, buttons: {} } },
  location: { type: 'location', latitude: 52.5, longitude: 13.4, name: 'Shop' },
  contacts: { type: 'contacts', contacts: [{ name: 'Mara Lind', phones: [], emails: [], urls: [], addresses: [] }] },
  reaction: { type: 'reaction', messageId: MESSAGE_ID, emoji: '👍' },
  buttons: { type: 'buttons', text: 'Shall we?', buttons: [{ id: 'y', title: 'Yes' }] },
  list: { type: 'list', text: 'When?', button: 'Choose', sections: [{ rows: [{ id: '1', title: 'Monday' }] }] },
  link: { type: 'link', text: 'Our menu', label: 'Open', url: 'https://example.org/menu' },
}
const allTypes = Object.keys(samples) as OutboundBody['type'][]

function file(given: { mimeType: string; byteSize?: number }): OutboundFile {
  const content = Buffer.from('a small file')
  return {
    mimeType: given.mimeType,
    fileName: 'file',
    byteSize: given.byteSize ?? content.length,
    read: () => Promise.resolve(content),
    link: () => 'https://parley.example/files?key=one',
  }
}

function expectNoSecret(harness: ChannelHarness, result: unknown): void {
  const told = JSON.stringify(result ?? null)
  for (const secret of Object.values(harness.account.credentials)) expect(told).not.toContain(secret)
}

function first<T>(items: readonly T[]): T {
  const [item] = items
  if (item === undefined) throw new Error('The harness gives an empty list.')
  return item
}
