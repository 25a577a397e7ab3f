/**
 * What every contact centre has to show before it is taken in. Its own test calls `centreConformance` with a harness: the
 * contact centre, a connection, and a stand-in that speaks its HTTP. Nothing here knows one: what differs is in the harness.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { CentreConnection, CentreLine, CentreResult, ContactCentre } from './contact-centre.ts'

/** How the stand-in behaves from now on. */
export type CentreMood =
  | 'accept'
  /** Says no to this line, for good. */
  | 'refuse'
  /** Says: not so fast. */
  | 'rate_limit'
  /** Refuses every token, new ones too; its words should quote the token, as real ones do. */
  | 'refuse_token'
  /** Knows the client, which may not do this. */
  | 'lack_permission'
  /** Says that it is not available now. */
  | 'down'
  /** Fails inside, perhaps after it has taken the line. */
  | 'break'
  /** Nothing listens at the address. */
  | 'unreachable'
  /** Ends the connection after the request, without having taken the line. */
  | 'drop_before'
  /** Takes the line, then ends the connection without an answer. */
  | 'drop_after'
  /** Keeps the connection and says nothing. */
  | 'silent'

export interface CentreHarness {
  /** A new one each time: knows no token yet. What it logs is in `logged`. */
  make(): ContactCentre
  connection: CentreConnection
  /** The headers with which the contact centre posts these bytes, signed with the secret. */
  sign(rawBody: Buffer, secret: string): Record<string, string>
  /** Webhook bodies as it posts them, the first an agent's message. At least one has an emoji, one a letter beyond ASCII. */
  webhooks: Buffer[]
  /** Moods that this contact centre cannot have, with the reason. */
  cannot?: Partial<Record<CentreMood, string>>
  setMood(mood: CentreMood): Promise<void>
  /** Ids of the lines that the stand-in has, oldest first, each once. */
  heard(): string[]
  /** How many tokens it has given. */
  signIns(): number
  /** Every token given so far is refused from now on; new ones are good. */
  endTokens(): Promise<void>
  /** An agent writes; the contact centre's id of it. */
  agentSays(conversationId: string, text: string): Promise<string>
  /** Everything that was logged. */
  logged(): string
  /** What must be in no result and no line of the log. */
  secrets(): string[]
  close(): Promise<void>
}

const SECRET = 'first-secret-of-the-webhook'
const ROTATED = 'second-secret-of-the-webhook'

type Get = () => CentreHarness & { centre: ContactCentre }

export function centreConformance(name: string, makeHarness: () => Promise<CentreHarness>): void {
  describe(`${name} keeps the contact centre's promises`, () => {
    let harness: CentreHarness & { centre: ContactCentre }
    const results: unknown[] = []
    beforeAll(async () => {
      const given = await makeHarness()
      const make = () => watched(given.make(), results)
      harness = { ...given, make, centre: make() }
    })
    afterAll(() => harness?.close())
    beforeEach(() => harness.setMood('accept'))
    const get = () => harness

    signatures(get)
    parsing(get)
    outcomes(get)
    lines(get)
    tokens(get)
    conversations(get)
    // Last: looks at everything that was answered and logged above.
    test('no secret is in any result or in the log', () => {
      const said = JSON.stringify(results) + harness.logged()
      expect(results.length).toBeGreaterThan(20)
      for (const secret of harness.secrets()) expect(said.includes(secret)).toBe(false)
    })
  })
}

/** The same, with every result kept. */
function watched(centre: ContactCentre, results: unknown[]): ContactCentre {
  const keep = <A extends unknown[], R>(call: (...given: A) => Promise<R>) => {
    return async (...given: A): Promise<R> => {
      const result = await call(...given)
      results.push(result)
      return result
    }
  }
  const { send, receipt, typing, disconnect, check } = centre
  return {
    ...centre,
    send: keep(send),
    receipt: keep(receipt),
    typing: keep(typing),
    disconnect: keep(disconnect),
    check: keep(check),
  }
}

function signatures(get: Get): void {
  const check = (rawBody: Buffer, headers: Record<string, string | undefined>, secrets: string[]) =>
    get().centre.verify({ headers, rawBody }, secrets)
  const body = () => first(get().webhooks)

  test('a body signed with the secret is genuine, whatever its characters', () => {
    const texts = get().webhooks.map((each) => each.toString('utf8'))
    expect(texts.some((text) => /\p{Extended_Pictographic}/u.test(text))).toBe(true)
    expect(texts.some((text) => /[\u00a1-\u1fff]/.test(text))).toBe(true)
    for (const rawBody of get().webhooks) expect(check(rawBody, get().sign(rawBody, SECRET), [SECRET])).toBe(true)
  })
  test('while a secret is rotated both are good, and afterwards the old one is not', () => {
    expect(check(body(), get().sign(body(), ROTATED), [SECRET, ROTATED])).toBe(true)
    expect(check(body(), get().sign(body(), SECRET), [SECRET, ROTATED])).toBe(true)
    expect(check(body(), get().sign(body(), SECRET), [ROTATED])).toBe(false)
  })
  test('without a signature or without secrets nothing is genuine', () => {
    expect(check(body(), {}, [SECRET])).toBe(false)
    expect(check(body(), get().sign(body(), SECRET), [])).toBe(false)
    expect(check(body(), get().sign(body(), ''), [''])).toBe(false)
  })
  test('any byte that differs makes it another body', () => {
    const headers = get().sign(body(), SECRET)
    for (let at = 0; at < body().length; at += 7) {
      const changed = Buffer.from(body())
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(check(changed, headers, [SECRET])).toBe(false)
    }
    expect(check(Buffer.concat([body(), Buffer.from(' ')]), headers, [SECRET])).toBe(false)
  })
}

function parsing(get: Get): void {
  const parse = (rawBody: Buffer) => get().centre.parse(rawBody)

  test('what an agent says is a message with a conversation or a customer', () => {
    const [event] = parse(first(get().webhooks)).events
    expect(event).toMatchObject({ kind: 'message', integrationId: expect.stringMatching(/./) })
    expect(event && (event.conversationId ?? event.customerId)).toMatch(/./)
  })
  test('parse returns for whatever the bytes are, and the same of the same', () => {
    const cut = fc.constantFrom(...get().webhooks).chain((body) => fc.nat(body.length).map((end) => body.subarray(0, end)))
    const flipped = fc
      .tuple(fc.constantFrom(...get().webhooks), fc.nat(), fc.nat(255))
      .map(([body, at, value]) => Buffer.from(body.map((byte, index) => (index === at % body.length ? value : byte))))
    const any = fc.oneof(cut, flipped, fc.json().map(Buffer.from), fc.uint8Array({ maxLength: 200 }).map(Buffer.from))
    fc.assert(
      fc.property(any, (rawBody) => {
        const parsed = parse(rawBody)
        expect(parsed.label).not.toBe('')
        expect(parsed.events.length > 0 || parsed.malformed !== undefined).toBe(true)
        expect(parse(rawBody).events.map(({ key }) => key)).toEqual(parsed.events.map(({ key }) => key))
      }),
      { numRuns: 400 },
    )
  })
  test('everything that was told can be told from what came before, and can be stored', () => {
    const events = get().webhooks.flatMap((body) => parse(body).events)
    expect(new Set(events.map(({ key }) => key)).size).toBe(events.length)
    for (const event of events) {
      expect(Number.isNaN(Date.parse(event.at))).toBe(false)
      expect(JSON.stringify(event).includes('\\u0000')).toBe(false)
      if (event.kind === 'message' && event.text !== null) expect(event.text.isWellFormed()).toBe(true)
    }
  })
}

type Outcome = CentreResult['outcome']

/** What may come of a line sent in each mood, whether the stand-in has it afterwards, and what is said of the integration. */
const expected: [CentreMood, Outcome[], heard: 0 | 1, state: string[]][] = [
  ['accept', ['accepted'], 1, ['connected']],
  ['refuse', ['reject'], 0, ['connected']],
  ['rate_limit', ['retry'], 0, ['degraded']],
  ['refuse_token', ['reconnect'], 0, ['logged_out']],
  ['lack_permission', ['reconnect'], 0, ['connected', 'logged_out']],
  ['down', ['retry'], 0, ['degraded']],
  ['break', ['unknown'], 0, ['degraded']],
  ['unreachable', ['retry'], 0, ['degraded']],
  // From outside, a request that was lost and an answer that was lost look the same.
  ['drop_before', ['unknown'], 0, ['connected', 'degraded']],
  ['drop_after', ['unknown'], 1, ['connected', 'degraded']],
  ['silent', ['unknown'], 0, ['connected', 'degraded']],
]
/** Milliseconds after which a test leaves: far less than the contact centre's own limit. */
const BRIEF_MS = 400

function outcomes(get: Get): void {
  test.each(expected)('%s ends as %j', async (mood, allowed, heard, states) => {
    const cannot = get().cannot?.[mood]
    if (cannot !== undefined) return expect(cannot, 'a mood that cannot be needs its reason').not.toBe('')
    // A token is there already: what is asked here is what becomes of the line. Another customer than anywhere else.
    const centre = get().make()
    const [before, at] = [line(), get().heard().length]
    expect(await centre.send(get().connection, before)).toMatchObject({ outcome: 'accepted' })
    await get().setMood(mood)
    const given = line()
    const options = mood === 'silent' ? { signal: AbortSignal.timeout(BRIEF_MS) } : {}
    const result = await centre.send(get().connection, given, options)
    expect(allowed).toContain(result.outcome)
    expect(get().heard().slice(at)).toEqual(heard === 1 ? [before.messageId, given.messageId] : [before.messageId])
    // What was refused by a limit may have to wait for it: who asks then is somebody who never asked.
    expect(states).toContain((await get().make().check(get().connection)).state)
    if (result.outcome === 'accepted') return
    expect(result.code).not.toBe('')
    expect(result.text).not.toBe('')
  })
  test('rate limits and outages are about everything, and say when to come again', async () => {
    for (const mood of ['rate_limit', 'down'] as const) {
      if (get().cannot?.[mood] !== undefined) continue
      await get().setMood(mood)
      const result = await get().make().send(get().connection, line())
      expect(result).toMatchObject({ outcome: 'retry', scope: 'integration', retryAfterMs: expect.any(Number) })
    }
  })
  test('a line whose answer was lost is taken once, however often it is said', async () => {
    await get().setMood('drop_after')
    const given = line()
    const lost = await get().centre.send(get().connection, given)
    expect(lost.outcome).toBe('unknown')
    await get().setMood('accept')
    const again = await Promise.all(Array.from({ length: 10 }, () => get().centre.send(get().connection, given)))
    for (const result of again)
      expect(result).toMatchObject({ outcome: 'accepted', conversationId: expect.stringMatching(/./) })
    expect(times(get().heard(), given.messageId)).toBe(1)
  })
  test('a call that was ended before it began sends nothing', async () => {
    const given = line()
    const result = await get().centre.send(get().connection, given, { signal: AbortSignal.abort() })
    expect(result.outcome).toBe('retry')
    expect(get().heard()).not.toContain(given.messageId)
  })
  test('a connection that is not complete is a value, and calls nobody', async () => {
    const bare = { ...get().connection, config: {}, credentials: {} }
    expect(await get().centre.send(bare, line())).toMatchObject({ outcome: 'reconnect' })
    expect(await get().centre.receipt(bare, receiptOf('x', line()))).toMatchObject({ outcome: 'reconnect' })
    expect(await get().centre.typing(bare, customer())).toMatchObject({ outcome: 'reconnect' })
    expect(await get().centre.disconnect(bare, 'x')).toMatchObject({ outcome: 'reconnect' })
    expect(await get().centre.state(bare, 'x')).toBe('unknown')
    expect(await get().centre.check(bare)).toMatchObject({ state: 'logged_out' })
  })
}

function lines(get: Get): void {
  const taken = async (given: CentreLine) => {
    const before = get().heard().length
    expect(await get().centre.send(get().connection, given)).toMatchObject({ outcome: 'accepted' })
    return get().heard().slice(before)
  }
  const file = (n: number) => ({
    id: `file-${n}`,
    kind: 'image' as const,
    url: `https://files.example/${n}.jpg`,
    mimeType: 'image/jpeg',
  })

  test('lines of one customer arrive in their order', async () => {
    const who = customer()
    const given = Array.from({ length: 5 }, () => ({ ...line(), customer: who }))
    const before = get().heard().length
    for (const each of given) await get().centre.send(get().connection, each)
    expect(get().heard().slice(before)).toEqual(given.map(({ messageId }) => messageId))
  })
  test('several files are told, each once, also when the line is said again', async () => {
    const given = { ...line(), files: [file(1), file(2), file(3)] }
    const ids = await taken(given)
    expect(ids).toHaveLength(3)
    expect(ids[0]).toBe(given.messageId)
    expect(await taken(given)).toEqual([])
  })
  test('a file without a text, a choice, a long text and any characters are taken', async () => {
    expect(await taken({ ...line(), text: null, files: [{ ...file(1), caption: 'y'.repeat(5_000) }] })).toHaveLength(1)
    const choice = { kind: 'quick_reply' as const, text: 'Yes', payload: 'y' }
    expect(await taken({ ...line(), choice })).toHaveLength(1)
    expect(await taken({ ...line(), choice: { ...choice, originatingId: 'm1' } })).toHaveLength(1)
    expect(await taken({ ...line(), text: '👩‍👩‍👧'.repeat(2_000) })).toHaveLength(1)
    expect(await taken({ ...line(), text: 'Zeile\n\u202Eздравствуйте "\\' })).toHaveLength(1)
    expect(await taken({ ...line(), attributes: { ['k'.repeat(999)]: 'v'.repeat(9_999), '': 'x', empty: '' } })).toHaveLength(1)
  })
  test('what says nothing, or comes from the future, is refused as a value', async () => {
    const ahead = new Date(Date.now() + 3_600_000).toISOString()
    for (const given of [
      { ...line(), text: null },
      { ...line(), text: ' ' },
      { ...line(), at: ahead },
      { ...line(), at: 'never' },
    ]) {
      expect(await get().centre.send(get().connection, given)).toMatchObject({
        outcome: 'reject',
        text: expect.stringMatching(/./),
      })
      expect(get().heard()).not.toContain(given.messageId)
    }
  })
}

function tokens(get: Get): void {
  const many = (centre: ContactCentre) => Promise.all(Array.from({ length: 50 }, () => centre.send(get().connection, line())))

  test('fifty calls at once ask for one token', async () => {
    const [centre, before] = [get().make(), get().signIns()]
    for (const result of await many(centre)) expect(result).toMatchObject({ outcome: 'accepted' })
    expect(get().signIns() - before).toBe(1)
  })
  test('fifty calls whose token has ended ask for one new one, and all are taken', async () => {
    const centre = get().make()
    await centre.send(get().connection, line())
    await get().endTokens()
    const before = get().signIns()
    for (const result of await many(centre)) expect(result).toMatchObject({ outcome: 'accepted' })
    expect(get().signIns() - before).toBe(1)
  })
  test('a token that is refused is renewed once for a call, not more', async () => {
    if (get().cannot?.refuse_token !== undefined) return
    const centre = get().make()
    await centre.send(get().connection, line())
    await get().setMood('refuse_token')
    const before = get().signIns()
    expect(await centre.send(get().connection, line())).toMatchObject({ outcome: 'reconnect' })
    expect(get().signIns() - before).toBeLessThanOrEqual(1)
  })
}

function conversations(get: Get): void {
  const opened = async () => {
    const given = line()
    const result = await get().centre.send(get().connection, given)
    if (result.outcome !== 'accepted' || result.conversationId === undefined)
      throw new Error('The stand-in named no conversation.')
    return { conversationId: result.conversationId, line: given }
  }

  test('a conversation is open until it is ended, and ending it twice is the same', async () => {
    const { conversationId, line: given } = await opened()
    expect(await get().centre.state(get().connection, conversationId)).toBe('open')
    expect(await get().centre.disconnect(get().connection, conversationId)).toMatchObject({ outcome: 'accepted' })
    expect(await get().centre.disconnect(get().connection, conversationId)).toMatchObject({ outcome: 'accepted' })
    expect(await get().centre.state(get().connection, conversationId)).toBe('ended')
    const next = await get().centre.send(get().connection, { ...line(), customer: given.customer })
    expect(next).toMatchObject({ outcome: 'accepted', conversationId: expect.not.stringMatching(conversationId) })
  })
  test('of one that it has never heard of it is not said to be open', async () => {
    for (const id of ['00000000-0000-4000-8000-000000000000', '../../oauth', ''])
      expect(await get().centre.state(get().connection, id)).not.toBe('open')
    expect(await get().centre.disconnect(get().connection, '../../oauth')).toMatchObject({ outcome: 'reject' })
  })
  test('what became of an agent’s message is told, step by step', async () => {
    const { conversationId, line: given } = await opened()
    const messageId = await get().agentSays(conversationId, 'Good morning')
    for (const told of [
      { ...receiptOf(messageId, given), status: 'delivered' as const, final: false },
      { ...receiptOf(messageId, given), status: 'read' as const, final: true },
    ])
      expect(await get().centre.receipt(get().connection, told)).toMatchObject({ outcome: 'accepted' })
    const failed = {
      ...receiptOf(await get().agentSays(conversationId, 'Again'), given),
      status: 'failed' as const,
      final: true,
    }
    const error = { code: '131047', text: 'The 24 hours are over.' }
    expect(await get().centre.receipt(get().connection, { ...failed, error })).toMatchObject({ outcome: 'accepted' })
  })
  test('a receipt for a message that it does not have is refused, and stops nothing', async () => {
    const { line: given } = await opened()
    expect(await get().centre.receipt(get().connection, receiptOf('never-heard-of', given))).toMatchObject({
      outcome: 'reject',
    })
  })
  test('that the customer types is taken', async () => {
    const { line: given } = await opened()
    expect(await get().centre.typing(get().connection, given.customer)).toMatchObject({ outcome: 'accepted' })
  })
}

let made = 0
const customer = () => ({ id: `1555010${String(++made).padStart(4, '0')}`, idType: 'Phone' as const, name: 'Ada Lind' })

/** A line nobody has said before, of somebody who never wrote before. */
const line = (): CentreLine => ({
  messageId: `wamid.HBgM${++made}==`,
  customer: customer(),
  at: new Date().toISOString(),
  text: 'Hello 👋',
  files: [],
  attributes: { tenant: 't1', language: 'en' },
})

const receiptOf = (messageId: string, given: CentreLine) => ({
  messageId,
  customer: given.customer,
  at: new Date().toISOString(),
  status: 'delivered' as const,
  final: true,
})

const times = (all: readonly string[], wanted: string): number => all.filter((each) => each === wanted).length

function first<T>(items: readonly T[]): T {
  const [item] = items
  if (item === undefined) throw new Error('The harness gives nothing to test with.')
  return item
}
