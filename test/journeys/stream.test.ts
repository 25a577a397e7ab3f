import { get, type IncomingMessage } from 'node:http'
import { connect as dial } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { ConversationView, MessageView } from '../../src/inbox/schema.ts'
import { newId } from '../../src/kernel/ids.ts'
import { type Caller, credentials } from '../world/api.ts'
import type { Business } from '../world/business.ts'
import { conversationWith, threadOf } from '../world/reading.ts'
import { seeded } from '../world/seeded.ts'
import { openStream, type Stream } from '../world/sse.ts'
import { until } from '../world/until.ts'
import { postWebhook, textsBody } from '../world/webhooks.ts'
import { createWorld, type World } from '../world/world.ts'

let world: World
let stranger: Business
const streams: Stream[] = []
beforeAll(async () => {
  world = await createWorld()
  stranger = await world.addBusiness('Another business')
  world.customer('15550107001', 'Ada').says('hello')
  await world.settle()
})
afterEach(() => {
  for (const stream of streams.splice(0)) stream.close()
})
afterAll(() => world?.close())

async function follow(as: Caller, from: { cursor?: string; lastEventId?: string } = {}): Promise<Stream> {
  const stream = await openStream(world.url, { headers: credentials(world.business, as), ...from })
  streams.push(stream)
  return stream
}
const note = (conversationId: string, text: string, as?: Caller) =>
  world.api<MessageView>('POST', `/conversations/${conversationId}/notes`, { text }, as)
const textsSeen = (stream: Stream) => stream.batches().flatMap((batch) => batch.messages.map((message) => message.text))
const ada = () => conversationWith(world, '15550107001')
const none = '00000000-0000-0000-0000-000000000000'

describe('two agents on the same conversation', () => {
  test('see what the other writes, assigns and reads within a second', async () => {
    const { id } = await ada()
    const agents = [await follow('agent'), await follow('colleague'), await follow('viewer')]
    for (const stream of agents) await stream.next('hello')
    const began = performance.now()
    await note(id, 'mine', 'agent')
    await world.api('PATCH', `/conversations/${id}`, { assigneeId: world.business.people.agent.userId }, 'colleague')
    await world.api('POST', `/conversations/${id}/read`, undefined, 'colleague')
    for (const stream of agents) {
      const seen = () => stream.batches().flatMap((batch) => batch.conversations)
      await until('it is told', () => {
        const last = seen().findLast((conversation) => conversation.id === id)
        return last?.unreadCount === 0 && last.assignee?.name === 'agent Person' && textsSeen(stream).includes('mine')
      })
    }
    expect(performance.now() - began).toBeLessThan(1000)
  })

  test('see that the other looks or types, and another business sees nothing of it', async () => {
    const { id } = await ada()
    const colleague = await follow('colleague')
    const outside = await follow(stranger.people.owner)
    await Promise.all([colleague.next('hello'), outside.next('hello')])
    await world.api('POST', `/conversations/${id}/presence`, { state: 'typing' })
    expect((await colleague.next('presence')).data).toMatchObject({ conversationId: id, name: 'agent Person', state: 'typing' })
    expect(outside.events.filter(({ event }) => event === 'presence')).toEqual([])
    expect(outside.batches().flatMap(({ conversations, messages }) => [...conversations, ...messages])).toEqual([])
  })
})

describe('a client that was away', () => {
  test.each(['cursor', 'lastEventId'] as const)('misses nothing when it goes on by %s', async (how) => {
    const { id } = await ada()
    const first = await follow('agent')
    await first.next('hello')
    await note(id, `before ${how}`)
    await until('it is told', () => textsSeen(first).includes(`before ${how}`))
    first.close()
    for (const n of [1, 2, 3]) await note(id, `away ${n} ${how}`)
    const again = await follow('agent', { [how]: first.lastId() })
    await until('it caught up', () => textsSeen(again).includes(`away 3 ${how}`))
    expect(textsSeen(again)).toEqual([1, 2, 3].map((n) => `away ${n} ${how}`))
    expect(again.events.map((event) => event.event)).not.toContain('reset')
    await note(id, `live ${how}`)
    await until('it is live again', () => textsSeen(again).includes(`live ${how}`))
    expect(new Set(textsSeen(again)).size).toBe(4)
  })

  test('is told to read anew where its cursor is from another database', async () => {
    const stream = await follow('agent', { cursor: `99999999999.${newId()}` })
    const reset = await stream.next('reset')
    expect(reset.id).toBe((reset.data as { cursor: string }).cursor)
    await note((await ada()).id, 'after the reset')
    await until('it is live', () => textsSeen(stream).includes('after the reset'))
  })

  test('is told to read anew where it has missed too much', async () => {
    const first = await follow('agent')
    const { id: cursor } = await first.next('hello')
    first.close()
    await world.database.owner.query(
      `INSERT INTO events (tenant_id, type, actor) SELECT $1, 'contact.updated', 'system' FROM generate_series(1, 3001)`,
      [world.business.tenantId],
    )
    const stream = await follow('agent', { cursor })
    await stream.next('reset')
    expect(stream.batches()).toEqual([])
  })

  test.each(['x', '1', `1.${none}x`, `-1.${none}`, `1.2.${none}`, `18446744073709551616.${none}`])(
    'is refused with the cursor %s',
    async (cursor) => {
      const { status, body } = await world.api('GET', `/stream?cursor=${cursor}`)
      expect([status, body]).toMatchObject([400, { error: { code: 'malformed_cursor' } }])
    },
  )

  test('is refused when it is not signed in', async () => {
    expect((await follow(null)).status).toBe(401)
    expect((await follow({ key: 'parley_nobody' })).status).toBe(401)
  })
})

test('a client that is gone before it was answered leaves nothing behind', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
  const { hostname, port } = new URL(world.url)
  const request = `GET /api/stream HTTP/1.1\r\nhost: ${hostname}\r\ncookie: ${world.business.people.viewer.cookie}\r\n\r\n`
  const before = timers()
  for (let n = 0; n < 40; n++) {
    await new Promise<void>((resolve) => {
      const socket = dial(Number(port), hostname, () => socket.write(request, () => socket.destroy()))
      socket.on('close', () => resolve())
    })
  }
  // Each of those would keep a heartbeat of its own.
  const stream = await follow('viewer')
  await stream.next('hello')
  await until('they are forgotten', () => timers() < before + 20, { timeoutMs: 5000, seen: () => [before, timers()] })
})

test('nothing of another business is ever told, live or from the beginning of time', async () => {
  const outside = await follow(stranger.people.owner)
  const past = await follow(stranger.people.owner, { cursor: `0.${none}` })
  await outside.next('hello')
  const { id } = await ada()
  for (const text of ['one', 'two']) await note(id, text)
  await postWebhook(stranger, textsBody(stranger, [{ id: 'wamid.theirs', from: '15550100009', text: 'theirs' }]))
  for (const stream of [outside, past]) {
    await until('their own is told', () => textsSeen(stream).includes('theirs'))
    expect(textsSeen(stream)).toEqual(['theirs'])
    expect(
      stream
        .batches()
        .flatMap((batch) => batch.conversations)
        .every((seen) => seen.id !== id),
    ).toBe(true)
  }
})

test('a reader that does not read is cut off, comes back with its cursor and misses nothing', async () => {
  const hello = await follow('agent')
  const { id: cursor } = await hello.next('hello')
  const slow = await new Promise<IncomingMessage>((resolve) =>
    get(`${world.url}/api/stream`, { headers: { ...credentials(world.business, 'agent'), 'last-event-id': cursor } }, resolve),
  )
  slow.pause()
  const count = 400
  const long = 'x'.repeat(60_000)
  for (let sent = 0; sent < count; sent += 40) {
    const texts = Array.from({ length: 40 }, (_, i) => ({
      id: `wamid.slow.${sent + i}`,
      from: '15550107050',
      text: `${sent + i} ${long}`,
    }))
    expect(await postWebhook(world.business, textsBody(world.business, texts))).toBe(200)
  }
  await until('the quick reader has everything', () => numbersIn(hello).size === count)
  const received = await new Promise<string>((resolve) => {
    let text = ''
    slow.setEncoding('utf8')
    slow.on('data', (chunk: string) => {
      text += chunk
    })
    slow.on('error', () => {})
    slow.on('close', () => resolve(text))
    slow.resume()
  })
  const whole = received.slice(0, received.lastIndexOf('\n\n'))
  const lastId = [...whole.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? cursor
  const got = new Set([...whole.matchAll(/"text":"(\d+) x/g)].map((match) => Number(match[1])))
  expect(got.size).toBeLessThan(count)
  // It may be cut off again where the rest is as large: what counts is that each time it gets further.
  let again = await follow('agent', { lastEventId: lastId })
  await until('the rest has come', async () => {
    for (const number of numbersIn(again)) got.add(number)
    if (again.ended()) again = await follow('agent', { lastEventId: again.lastId() ?? lastId })
    return got.size === count
  })
})

const numbersIn = (stream: Stream) =>
  new Set(textsSeen(stream).flatMap((text) => (/^\d+ x/.test(text ?? '') ? [Number.parseInt(text ?? '', 10)] : [])))

test('after 2,000 changes at once and many lost connections the client shows what the database has', async () => {
  const seed = Number(process.env.PARLEY_TEST_SEED ?? Date.now() % 1_000_000)
  console.log(JSON.stringify({ seed }))
  const random = seeded(seed)
  const phones = Array.from({ length: 20 }, (_, i) => String(15_550_108_000 + i))
  await postWebhook(
    world.business,
    textsBody(
      world.business,
      phones.map((from) => ({ id: `wamid.first.${from}`, from, text: 'first' })),
    ),
  )
  const ids = await Promise.all(phones.map(async (phone) => (await conversationWith(world, phone)).id))
  const shown = { conversations: new Map<string, ConversationView>(), messages: new Map<string, MessageView>() }
  let changing = true
  let connections = 0
  const client = (async () => {
    let cursor: string | undefined
    while (changing) {
      const stream = await follow('agent', { cursor })
      connections += 1
      if (cursor === undefined) {
        await stream.next('hello')
        await readAnew(shown, ids)
      }
      const enough = stream.events.length + random.between(1, 6)
      await until('it is time to lose the connection', () => !changing || stream.events.length >= enough, { timeoutMs: 60_000 })
      stream.close()
      for (const event of stream.events) await take(shown, ids, event)
      cursor = stream.lastId() ?? cursor
    }
    return cursor
  })()
  await Promise.all(
    Array.from({ length: 10 }, async (_, worker) => {
      const own = seeded(seed + worker)
      for (let n = 0; n < 200; n++) await someChange(own, phones, ids, `${worker}.${n}`)
    }),
  )
  changing = false
  const cursor = await client
  await world.settle()
  const last = await follow('agent', { cursor })
  await note(ids[0] as string, 'the end')
  await until('it caught up', () => last.events.some((event) => event.event === 'reset') || textsSeen(last).includes('the end'))
  for (const event of last.events) await take(shown, ids, event)
  expect(connections).toBeGreaterThan(3)
  for (const id of ids) {
    const now = await world.api<ConversationView>('GET', `/conversations/${id}`)
    expect(withoutVersion(shown.conversations.get(id))).toEqual(withoutVersion(now.body))
    const thread = await threadOf(world, id)
    expect(thread.map((line) => withoutVersion(shown.messages.get(line.id)))).toEqual(thread.map(withoutVersion))
  }
})
/** The version says when a state was read: the same state read later has a larger one. */
const withoutVersion = (state: object | undefined) => state && { ...state, version: undefined }

interface Shown {
  conversations: Map<string, ConversationView>
  messages: Map<string, MessageView>
}

async function take(shown: Shown, ids: readonly string[], { event, data }: Stream['events'][number]): Promise<void> {
  if (event === 'reset') return await readAnew(shown, ids)
  if (event !== 'batch') return
  const batch = data as { conversations: ConversationView[]; messages: MessageView[] }
  for (const conversation of batch.conversations) shown.conversations.set(conversation.id, conversation)
  for (const message of batch.messages) shown.messages.set(message.id, message)
}

async function readAnew(shown: Shown, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    shown.conversations.set(id, (await world.api<ConversationView>('GET', `/conversations/${id}`)).body)
    for (const line of await threadOf(world, id)) shown.messages.set(line.id, line)
  }
}

async function someChange(own: ReturnType<typeof seeded>, phones: string[], ids: string[], name: string): Promise<void> {
  const n = own.between(0, phones.length - 1)
  const [from, id] = [phones[n] as string, ids[n] as string]
  const chance = own.next()
  if (chance < 0.5) {
    const body = textsBody(world.business, [{ id: `wamid.change.${name}`, from, text: `line ${name}` }])
    expect(await postWebhook(world.business, body)).toBe(200)
  } else if (chance < 0.7) expect((await note(id, `note ${name}`)).status).toBe(201)
  else if (chance < 0.9) expect((await world.api('POST', `/conversations/${id}/read`)).status).toBe(204)
  else {
    const assigneeId = own.next() < 0.5 ? null : world.business.people.agent.userId
    expect((await world.api('PATCH', `/conversations/${id}`, { assigneeId })).status).toBe(200)
  }
}
