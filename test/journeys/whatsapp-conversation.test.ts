import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ConversationView, MessageView } from '../../src/inbox/schema.ts'
import { conversationWith, historyOf, lastLineWith, messageNow, threadWith } from '../world/reading.ts'
import { until } from '../world/until.ts'
import { createWorld, type World } from '../world/world.ts'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world?.close())

const send = (conversationId: string, body: unknown, extra: object = {}) =>
  world.api<MessageView>('POST', `/conversations/${conversationId}/messages`, { body, ...extra })
const acceptedFor = (messageId: string) => world.simulator.accepted.filter((sent) => sent.bizOpaque === messageId)

describe('a customer writes and an agent answers', () => {
  test('what a customer writes becomes a conversation that can be answered for 24 hours', async () => {
    world.customer('15550107001', 'Ada').says('My tap drips')
    await world.settle()
    const conversation = await conversationWith(world, '15550107001')
    expect(conversation).toMatchObject({
      status: 'open',
      control: 'human',
      unreadCount: 1,
      messageCount: 1,
      lastPreview: 'My tap drips',
      lastDirection: 'inbound',
      contact: { name: 'Ada', phone: '+15550107001' },
    })
    const [line] = await threadWith(world, '15550107001')
    const open = Date.parse(conversation.windowExpiresAt ?? '') - Date.parse(line?.occurredAt ?? '')
    expect(open).toBe(24 * 3_600_000)
    expect(line).toMatchObject({ seq: 1, direction: 'inbound', sender: 'customer', type: 'text', text: 'My tap drips' })
    expect(line?.status).toBe('received')
  })

  test('a reply is sent, then delivered, then read, each with its time', async () => {
    const { id } = await conversationWith(world, '15550107001')
    const queued = await send(id, { type: 'text', text: 'We come at nine' })
    expect(queued.status).toBe(201)
    expect(queued.body).toMatchObject({ direction: 'outbound', sender: 'human', text: 'We come at nine', seq: 2 })
    expect(queued.body.author?.name).toBe('agent Person')
    await world.settle()
    expect(await messageNow(world, queued.body.id)).toMatchObject({ status: 'delivered', readAt: null, failedAt: null })
    world.simulator.customerReads('15550107001', world.business.phoneNumberId)
    await world.settle()
    const read = await messageNow(world, queued.body.id)
    expect(read).toMatchObject({ status: 'read', outcome: null, error: null })
    for (const at of [read.sentAt, read.deliveredAt, read.readAt]) expect(Date.parse(at ?? '')).toBeGreaterThan(0)
    expect(acceptedFor(read.id)).toHaveLength(1)
    const { attempts, receipts } = await historyOf(world, read.id)
    expect(attempts.map((attempt) => attempt.outcome)).toEqual(['accepted'])
    expect(receipts.map((receipt) => receipt.status)).toEqual(['sent', 'delivered', 'read'])
  })

  test('marking as read empties the counter and shows the customer blue ticks', async () => {
    const wamid = world.customer('15550107002').says('Anybody there?')
    await world.settle()
    const { id } = await conversationWith(world, '15550107002')
    expect((await world.api('POST', `/conversations/${id}/read`)).status).toBe(204)
    expect((await conversationWith(world, '15550107002')).unreadCount).toBe(0)
    await until('the customer sees that it was read', () => message(wamid)?.businessRead)
  })

  test('a typing sign reaches the customer', async () => {
    const { id } = await conversationWith(world, '15550107002')
    expect((await world.api('POST', `/conversations/${id}/typing`)).status).toBe(204)
    const thread = () => world.simulator.thread(world.business.phoneNumberId, '15550107002')
    await until('the customer sees dots', () => (thread().typingUntil ?? 0) > world.clock.now())
  })

  test('a reply to a line quotes it for the customer and in the thread', async () => {
    const customer = world.customer('15550107003')
    const wamid = customer.says('Which day?')
    await world.settle()
    const asked = await lastLineWith(world, '15550107003')
    const answer = await send(asked.conversationId, { type: 'text', text: 'Monday' }, { replyTo: asked.id })
    await world.settle()
    expect((await messageNow(world, answer.body.id)).replyTo).toMatchObject({ id: asked.id, text: 'Which day?' })
    expect(acceptedFor(answer.body.id)[0]?.body).toMatchObject({ context: { message_id: wamid } })
    const sent = acceptedFor(answer.body.id)[0]?.wamid ?? ''
    customer.sends({ text: 'Fine', replyTo: sent })
    await world.settle()
    expect((await lastLineWith(world, '15550107003')).replyTo).toMatchObject({ id: answer.body.id, direction: 'outbound' })
  })

  test('colleagues read a note and an assignment in the thread, and the customer gets neither', async () => {
    const { id } = await conversationWith(world, '15550107003')
    const before = world.simulator.accepted.length
    expect((await world.api('POST', `/conversations/${id}/notes`, { text: 'Has a dog' })).status).toBe(201)
    const assigneeId = world.business.people.colleague.userId
    const assigned = await world.api<ConversationView>('PATCH', `/conversations/${id}`, { assigneeId, status: 'closed' })
    expect(assigned.body).toMatchObject({ status: 'closed', assignee: { id: assigneeId } })
    await world.settle()
    const lines = (await threadWith(world, '15550107003')).slice(-3)
    expect(lines.map((line) => [line.direction, line.type, line.body.event ?? line.text])).toEqual([
      ['internal', 'note', 'Has a dog'],
      ['internal', 'activity', 'assigned'],
      ['internal', 'activity', 'closed'],
    ])
    expect(world.simulator.accepted).toHaveLength(before)
  })

  test('a customer who writes again soon after closing reopens the same conversation', async () => {
    const closed = await conversationWith(world, '15550107003')
    world.simulator.customerSends({ from: '15550107003', to: world.business.phoneNumberId, text: 'One more thing' })
    await world.settle()
    expect(await conversationWith(world, '15550107003')).toMatchObject({ id: closed.id, status: 'open', closedAt: null })
  })
})

describe('other kinds of reply', () => {
  let conversationId = ''
  let asked: MessageView
  beforeAll(async () => {
    world.customer('15550107004').says('Where are you?')
    await world.settle()
    asked = await lastLineWith(world, '15550107004')
    conversationId = asked.conversationId
  })

  const kinds: [string, Record<string, unknown>, Record<string, unknown>][] = [
    [
      'a place',
      { type: 'location', latitude: 38.72, longitude: -9.14, name: 'Workshop', address: 'Rua Um 1' },
      { type: 'location', location: { latitude: 38.72, longitude: -9.14, name: 'Workshop', address: 'Rua Um 1' } },
    ],
    [
      'buttons',
      { type: 'buttons', text: 'Does nine suit you?', buttons: [{ id: 'yes', title: 'Yes' }] },
      { type: 'interactive', interactive: { type: 'button', action: { buttons: [{ reply: { id: 'yes', title: 'Yes' } }] } } },
    ],
    [
      'a list',
      { type: 'list', text: 'Choose', button: 'Times', sections: [{ rows: [{ id: 'nine', title: '9 am' }] }] },
      { type: 'interactive', interactive: { type: 'list', action: { button: 'Times' } } },
    ],
    [
      'a link',
      { type: 'link', text: 'Pay here', label: 'Pay', url: 'https://pay.example/1' },
      { type: 'interactive', interactive: { type: 'cta_url' } },
    ],
    [
      'a contact card',
      { type: 'contacts', contacts: [{ name: 'Bo', phones: [{ phone: '+15550100001' }] }] },
      { type: 'contacts', contacts: [{ name: { formatted_name: 'Bo' } }] },
    ],
  ]
  test.each(kinds)('%s is delivered as it was composed', async (_name, body, sent) => {
    const queued = await send(conversationId, body)
    expect(queued.status).toBe(201)
    await world.settle()
    expect((await messageNow(world, queued.body.id)).status).toBe('delivered')
    expect(acceptedFor(queued.body.id)[0]?.body).toMatchObject(sent)
  })

  test('a button that the customer taps comes back as an answer to that message', async () => {
    const question = await send(conversationId, { type: 'buttons', text: 'Sure?', buttons: [{ id: 'ok', title: 'OK' }] })
    await world.settle()
    world.simulator.customerTaps({ messageId: acceptedFor(question.body.id)[0]?.wamid ?? '', id: 'ok' })
    await world.settle()
    expect(await lastLineWith(world, '15550107004')).toMatchObject({
      type: 'interactive',
      text: 'OK',
      body: { kind: 'button_reply', id: 'ok' },
      replyTo: { id: question.body.id },
    })
  })

  test('a reaction is drawn on the message, not as a line of its own, and can be taken back', async () => {
    const reacted = await send(conversationId, { type: 'reaction', messageId: asked.id, emoji: '👍' })
    expect(reacted.status).toBe(201)
    await world.settle()
    const shown = await messageNow(world, asked.id)
    expect(shown.reactions).toMatchObject([{ emoji: '👍', direction: 'outbound' }])
    expect((await threadWith(world, '15550107004')).some((line) => line.type === 'reaction')).toBe(false)
    const wamid = world.simulator.thread(world.business.phoneNumberId, '15550107004').messages[0]?.id ?? ''
    expect(message(wamid)?.reactions.business).toBe('👍')
    await send(conversationId, { type: 'reaction', messageId: asked.id, emoji: null })
    await world.settle()
    expect((await messageNow(world, asked.id)).reactions).toEqual([])
    expect(message(wamid)?.reactions.business).toBeUndefined()
  })

  test('what cannot be answered is refused with the reason', async () => {
    const other = await lastLineWith(world, '15550107001')
    const refused = await send(conversationId, { type: 'text', text: 'x' }, { replyTo: other.id })
    expect(refused).toMatchObject({ status: 422, body: { error: { code: 'reply_target' } } })
    const long = await send(conversationId, { type: 'text', text: 'x'.repeat(4097) })
    expect(long.status).toBe(400)
  })
})

function message(wamid: string) {
  return world.simulator.messagesOf(world.business.phoneNumberId).find((candidate) => candidate.id === wamid)
}
