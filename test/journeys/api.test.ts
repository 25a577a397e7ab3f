import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ConversationView, MessageView } from '../../src/inbox/schema.ts'
import { newId } from '../../src/kernel/ids.ts'
import { credentials } from '../world/api.ts'
import { type Business, password } from '../world/business.ts'
import { conversationWith, threadWith } from '../world/reading.ts'
import { postWebhook, textsBody } from '../world/webhooks.ts'
import { createWorld, type World } from '../world/world.ts'

let world: World
let stranger: Business
beforeAll(async () => {
  world = await createWorld({ settings: { TRUST_PROXY: 'true' } })
  stranger = await world.addBusiness('Another business')
  world.customer('15550107001', 'Ada').says('hello')
  await world.settle()
})
afterAll(() => world?.close())

interface Failure {
  error: { code: string; message: string; details?: unknown }
}
let lastAddress = 1
/** Everybody from an address of their own: tries are counted by address. */
const raw = (method: string, path: string, options: { headers?: Record<string, string>; body?: string } = {}) =>
  fetch(`${world.url}/api${path}`, {
    method,
    headers: {
      'x-forwarded-for': `10.0.0.${lastAddress++}`,
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    body: options.body,
  })
const signIn = (email: string, given: string, headers: Record<string, string> = {}) =>
  raw('POST', '/session', { headers, body: JSON.stringify({ email, password: given }) })
const text = (words: string) => ({ type: 'text', text: words })
const send = (conversationId: string, body: unknown, as?: Parameters<World['api']>[3]) =>
  world.api<MessageView & Failure>('POST', `/conversations/${conversationId}/messages`, body, as)

describe('signing in', () => {
  test('gives a cookie that pages cannot read, and signing out ends it', async () => {
    const answer = await signIn(world.business.people.owner.email.toUpperCase(), password)
    expect(answer.status).toBe(200)
    const cookie = answer.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/HttpOnly/i)
    expect(cookie).toMatch(/SameSite=Lax/i)
    const person = { userId: '', email: '', cookie: cookie.split(';')[0] ?? '' }
    const who = await world.api<{ role: string }>('GET', '/session', undefined, person)
    expect(who).toMatchObject({ status: 200, body: { role: 'owner', user: { name: 'owner Person' } } })
    expect((await world.api('DELETE', '/session', undefined, person)).status).toBe(204)
    expect((await world.api('GET', '/session', undefined, person)).status).toBe(401)
  })

  test('a wrong password and an unknown address get the same answer', async () => {
    const wrong = await signIn(world.business.people.owner.email, 'wrong')
    const unknown = await signIn('nobody@business.example', 'wrong')
    expect([wrong.status, unknown.status]).toEqual([401, 401])
    const answers = [await wrong.json(), await unknown.json()]
    expect(answers[0]).toEqual(answers[1])
    expect(wrong.headers.get('set-cookie')).toBeNull()
  })

  test.each([
    ['for one name from many addresses', () => ({})],
    ['from one address for many names', () => ({ 'x-forwarded-for': '10.9.9.9' })],
    [
      'from one address for many names, behind addresses it made up',
      () => ({ 'x-forwarded-for': `10.8.8.${lastAddress++}, 10.7.7.7` }),
    ],
  ])('the eleventh try in a minute %s is refused, also with the right password', async (how, headers) => {
    const many = how.includes('many names')
    const { email } = stranger.people.colleague
    const names = (n: number) => (many ? `guess-${n}@business.example` : email)
    for (let n = 0; n < 10; n++) expect((await signIn(names(n), 'wrong', headers())).status).toBe(401)
    const refused = await signIn(many ? stranger.people.viewer.email : email, password, headers())
    expect(refused.status).toBe(429)
    expect(((await refused.json()) as Failure).error.code).toBe('too_many_requests')
  })

  test('a page of another site can neither sign anybody in nor act with their cookie', async () => {
    const evil = { origin: 'https://evil.example' }
    expect((await signIn(world.business.people.owner.email, password, evil)).status).toBe(403)
    const { id } = await conversationWith(world, '15550107001')
    for (const headers of [evil, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site', origin: 'null' }]) {
      const answer = await raw('POST', `/conversations/${id}/messages`, {
        headers: { ...credentials(world.business, 'agent'), ...headers } as Record<string, string>,
        body: JSON.stringify({ body: text('stolen') }),
      })
      expect([answer.status, await answer.json()]).toMatchObject([403, { error: { code: 'not_same_origin' } }])
    }
    const own = await raw('POST', `/conversations/${id}/read`, {
      headers: { ...credentials(world.business, 'agent'), origin: world.url, 'sec-fetch-site': 'same-origin' },
    })
    expect(own.status).toBe(204)
    expect((await threadWith(world, '15550107001')).map((line) => line.text)).toEqual(['hello'])
  })
})

describe('who may do what', () => {
  test('a viewer reads and changes nothing', async () => {
    const { id, contact } = await conversationWith(world, '15550107001', 'viewer')
    const refused: [string, string, unknown?][] = [
      ['POST', `/conversations/${id}/messages`, { body: text('x') }],
      ['POST', `/conversations/${id}/notes`, { text: 'x' }],
      ['POST', `/conversations/${id}/read`],
      ['POST', `/conversations/${id}/typing`],
      ['PATCH', `/conversations/${id}`, { status: 'closed' }],
      ['PATCH', `/contacts/${contact.id}`, { name: 'x' }],
      ['POST', '/templates/sync', { accountId: world.business.accountId }],
      ['POST', `/accounts/${world.business.accountId}/check`],
      ['GET', '/api-keys'],
      ['POST', '/api-keys', { name: 'x' }],
    ]
    for (const [method, path, body] of refused)
      expect([path, await world.api(method, path, body, 'viewer')]).toMatchObject([
        path,
        { status: 403, body: { error: { code: 'forbidden' } } },
      ])
  })

  test('an agent makes no keys, and a key signs nobody out', async () => {
    expect((await world.api('POST', '/api-keys', { name: 'x' }, 'agent')).status).toBe(403)
    expect((await world.api('DELETE', '/session', undefined, 'key')).status).toBe(403)
  })

  test('an API key is shown once, works, and is refused once revoked or expired', async () => {
    const made = await world.api<{ id: string; key: string; hint: string }>('POST', '/api-keys', { name: 'CRM' }, 'owner')
    expect(made.status).toBe(201)
    const { id, key, hint } = made.body
    expect(key.endsWith(hint)).toBe(true)
    const { body: list } = await world.api('GET', '/api-keys', undefined, 'owner')
    expect(JSON.stringify(list)).toContain(id)
    expect(JSON.stringify(list)).not.toContain(key)
    expect((await world.api('GET', '/conversations', undefined, { key })).status).toBe(200)
    expect((await world.api('DELETE', `/api-keys/${id}`, undefined, 'owner')).status).toBe(204)
    expect((await world.api('GET', '/conversations', undefined, { key })).status).toBe(401)
    const past = new Date(Date.now() - 1000).toISOString()
    const expired = await world.api<{ key: string }>('POST', '/api-keys', { name: 'old', expiresAt: past }, 'owner')
    expect((await world.api('GET', '/conversations', undefined, { key: expired.body.key })).status).toBe(401)
    expect((await world.api('POST', '/api-keys', { name: 'x', role: 'owner' }, 'owner')).status).toBe(400)
  })
})

describe('a repeated call', () => {
  test('with the same key returns the first message, in header or body, also many at once', async () => {
    const { id } = await conversationWith(world, '15550107001')
    const key = `order-${newId()}`
    const body = { body: text('only once'), idempotencyKey: key }
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(id, body)))
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 200, 200, 200, 200, 200, 200, 201])
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1)
    const byHeader = await raw('POST', `/conversations/${id}/messages`, {
      headers: { ...credentials(world.business, 'key'), 'idempotency-key': key },
      body: JSON.stringify({ body: text('only once') }),
    })
    expect([byHeader.status, ((await byHeader.json()) as MessageView).id]).toEqual([200, answers[0]?.body.id])
    await world.settle()
    expect((await threadWith(world, '15550107001')).filter((line) => line.text === 'only once')).toHaveLength(1)
    expect(world.simulator.accepted.filter((sent) => sent.bizOpaque === answers[0]?.body.id)).toHaveLength(1)
  })

  test('with the same key for other words, another conversation or a quotation is refused', async () => {
    const { id } = await conversationWith(world, '15550107001')
    const [first] = await threadWith(world, '15550107001')
    const idempotencyKey = `order-${newId()}`
    expect((await send(id, { body: text('this'), idempotencyKey })).status).toBe(201)
    for (const body of [
      { body: text('that'), idempotencyKey },
      { body: text('this'), replyTo: first?.id, idempotencyKey },
    ])
      expect(await send(id, body)).toMatchObject({ status: 422, body: { error: { code: 'idempotency_mismatch' } } })
  })

  test("another business's key of the same name is another key", async () => {
    const idempotencyKey = `shared-${newId()}`
    const { id } = await conversationWith(world, '15550107001')
    await postWebhook(stranger, textsBody(stranger, [{ id: 'wamid.theirs', from: '15550107001', text: 'theirs' }]))
    const theirs = await conversationWith(world, '15550107001', stranger.people.agent)
    expect((await send(id, { body: text('a'), idempotencyKey })).status).toBe(201)
    expect((await send(theirs.id, { body: text('b'), idempotencyKey }, stranger.people.agent)).status).toBe(201)
  })

  test.each(['short', 'x'.repeat(201)])('with the key %s is refused', async (key) => {
    const { id } = await conversationWith(world, '15550107001')
    const answer = await raw('POST', `/conversations/${id}/messages`, {
      headers: { ...credentials(world.business, 'agent'), 'idempotency-key': key },
      body: JSON.stringify({ body: text('x') }),
    })
    expect(answer.status).toBe(400)
  })
})

describe('pages', () => {
  const phones = Array.from({ length: 23 }, (_, i) => String(15_550_106_000 + i))
  let written = 0
  const says = (from: string) =>
    postWebhook(world.business, textsBody(world.business, [{ id: `wamid.page.${written++}`, from, text: `page ${written}` }]))
  beforeAll(async () => {
    for (const phone of phones) await says(phone)
  })

  test('of a thread walk every line exactly once, both ways, while new lines arrive', async () => {
    const phone = phones[0] as string
    for (let n = 0; n < 20; n++) await says(phone)
    const { id } = await conversationWith(world, phone)
    const seen: number[] = []
    for (let before: number | undefined = undefined, more = true; more; ) {
      const query: string = before === undefined ? '' : `&before=${before}`
      const page = await world.api<{ items: MessageView[]; hasBefore: boolean }>(
        'GET',
        `/conversations/${id}/messages?limit=4${query}`,
      )
      seen.unshift(...page.body.items.map((line) => line.seq))
      before = page.body.items[0]?.seq
      more = page.body.hasBefore
      await says(phone)
    }
    expect(seen).toEqual(Array.from({ length: 21 }, (_, i) => i + 1))
    const forward: number[] = []
    for (let more = true; more; ) {
      const page = await world.api<{ items: MessageView[]; hasAfter: boolean }>(
        'GET',
        `/conversations/${id}/messages?limit=5&after=${forward.at(-1) ?? 0}`,
      )
      forward.push(...page.body.items.map((line) => line.seq))
      more = page.body.hasAfter
    }
    expect(forward).toEqual(Array.from({ length: (await conversationWith(world, phone)).lastSeq }, (_, i) => i + 1))
  })

  test('of conversations and contacts show each once, whoever writes meanwhile', async () => {
    for (const list of ['/conversations', '/contacts']) {
      const seen: string[] = []
      const late = String(15_550_105_000 + seen.length + written)
      for (let cursor: string | null = '', n = 0; cursor !== null; n++) {
        const from: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
        const page = await world.api<{ items: ConversationView[]; next: string | null }>('GET', `${list}?limit=4${from}`)
        seen.push(...page.body.items.map((item) => item.id))
        cursor = page.body.next
        if (n === 1) await says(late)
        if (n === 2) await says(phones.at(-1) as string) // already shown: moves to the front
      }
      expect(new Set(seen).size).toBe(seen.length)
      expect(seen.length).toBeGreaterThanOrEqual(phones.length + 1)
    }
  })

  const nonsense = [
    'x',
    'null',
    Buffer.from('nonsense').toString('base64url'),
    Buffer.from(`2026-01-01T00:00:00.000Z ${newId()}x`).toString('base64url'),
    ...['yesterday', '1', '+275760-09-13T00:00:00.000Z', '-000001-01-01T00:00:00.000Z', '2026-02-31T00:00:00Z'].map((at) =>
      Buffer.from(`${at} ${newId()}`).toString('base64url'),
    ),
  ]
  test.each(nonsense)('with the cursor %s are refused', async (cursor) => {
    for (const list of ['/conversations', '/contacts'])
      expect(await world.api('GET', `${list}?cursor=${cursor}`)).toMatchObject({
        status: 400,
        body: { error: { code: 'malformed_cursor' } },
      })
  })
})

describe('characters that no database holds', () => {
  test('are left out of what people write', async () => {
    const { id } = await conversationWith(world, '15550107001')
    const noted = await world.api<MessageView>('POST', `/conversations/${id}/notes`, { text: 'a\u0000b\ud800c' })
    expect(noted).toMatchObject({ status: 201, body: { text: 'ab\ufffdc', body: { text: 'ab\ufffdc' } } })
    const sent = await send(id, { body: text('a\u0000b\ud800c') })
    expect(sent).toMatchObject({ status: 201, body: { text: 'ab\ufffdc' } })
    await world.settle()
  })

  test('are refused elsewhere, as a mistake of the caller', async () => {
    const { id, contact } = await conversationWith(world, '15550107001')
    const wrong: [string, string, unknown?][] = [
      ['GET', '/conversations?q=%00a'],
      ['GET', '/contacts?q=a%00'],
      ['POST', `/conversations/${id}/messages`, { body: text('x'), idempotencyKey: 'abcdefgh\u0000' }],
      ['PATCH', `/contacts/${contact.id}`, { name: 'a\u0000' }],
      ['PATCH', `/contacts/${contact.id}`, { notes: 'a\u0000' }],
      ['POST', '/api-keys', { name: 'a\u0000' }],
    ]
    for (const [method, path, body] of wrong)
      expect([path, await world.api(method, path, body, 'owner')]).toMatchObject([
        path,
        { status: 400, body: { error: { code: 'invalid_request' } } },
      ])
  })
})

test('whatever is wrong, the answer has one shape', async () => {
  const { id } = await conversationWith(world, '15550107001')
  const agent = credentials(world.business, 'agent')
  const wrong: [number, Promise<Response>][] = [
    [404, raw('GET', '/nothing', { headers: agent })],
    [404, raw('GET', `/conversations/${newId()}`, { headers: agent })],
    [400, raw('GET', '/conversations/7', { headers: agent })],
    [400, raw('GET', '/conversations?limit=0', { headers: agent })],
    [401, raw('GET', '/conversations')],
    [401, raw('GET', '/conversations', { headers: { authorization: 'Bearer parley_wrong' } })],
    [400, raw('POST', `/conversations/${id}/messages`, { headers: agent, body: '{' })],
    [400, raw('POST', `/conversations/${id}/messages`, { headers: agent, body: '{"body":{"type":"text"}}' })],
    [
      400,
      raw('POST', `/conversations/${id}/messages`, { headers: agent, body: '{"body":{"type":"text","text":"x"},"extra":1}' }),
    ],
    [415, raw('POST', `/conversations/${id}/messages`, { headers: { ...agent, 'content-type': 'text/csv' }, body: 'a,b' })],
    [413, raw('POST', `/conversations/${id}/notes`, { headers: agent, body: JSON.stringify({ text: 'x'.repeat(2 << 20) }) })],
    [400, raw('GET', `/conversations/${id}/messages?before=1&after=2`, { headers: agent })],
    [400, raw('GET', `/conversations?q=${'x'.repeat(300)}`, { headers: agent })],
    [200, raw('GET', `/conversations?q=${encodeURIComponent("'; DROP TABLE x; -- %_\\")}`, { headers: agent })],
  ]
  for (const [status, call] of wrong) {
    const answer = await call
    const body = (await answer.json()) as Failure
    expect([answer.url, answer.status]).toEqual([answer.url, status])
    if (status === 200) continue
    expect(Object.keys(body)).toEqual(['error'])
    expect(body.error.code).toMatch(/^[a-z_]+$/)
    expect(body.error.message.length).toBeGreaterThan(5)
  }
})
