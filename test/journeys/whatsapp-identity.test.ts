import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ContactView, ConversationView, MessageView } from '../../src/inbox/schema.ts'
import { conversationWith, lastLineWith, messageNow, threadOf } from '../world/reading.ts'
import { createWorld, type World } from '../world/world.ts'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world?.close())

const conversations = async () =>
  (await world.api<{ items: ConversationView[] }>('GET', '/conversations?status=all&limit=100')).body.items
const named = async (name: string) => {
  const found = (await conversations()).filter((conversation) => conversation.contact.name === name)
  expect(found).toHaveLength(1)
  return found[0] as ConversationView
}
const contact = async (id: string) => (await world.api<ContactView>('GET', `/contacts/${id}`)).body
const kindsOf = (person: ContactView) => person.identities.map((identity) => identity.kind).sort()
const reply = async (conversationId: string, text = 'a reply') => {
  const { body } = await world.api<MessageView>('POST', `/conversations/${conversationId}/messages`, {
    body: { type: 'text', text },
  })
  await world.settle()
  return await messageNow(world, body.id)
}

test('somebody known by a number is known by their user id as well', async () => {
  world.customer('15550107001', 'Ada').says('hi')
  await world.settle()
  const person = await contact((await named('Ada')).contact.id)
  expect(person.phone).toBe('+15550107001')
  expect(kindsOf(person)).toEqual(['bsuid', 'wa_id'])
})

describe('a customer who hides the number', () => {
  test('is a person of their own and can be answered by the user id', async () => {
    world.simulator.addCustomer({ phone: '15550107002', name: 'Hidden Hal', username: 'hal', numberHidden: true })
    world.simulator.customerSends({ from: '15550107002', to: world.business.phoneNumberId, text: 'guess who' })
    await world.settle()
    const conversation = await named('Hidden Hal')
    const person = await contact(conversation.contact.id)
    expect(person.phone).toBeNull()
    expect(kindsOf(person)).toEqual(['bsuid'])
    expect((await reply(conversation.id)).status).toBe('delivered')
    expect(world.simulator.accepted.at(-1)?.body).toMatchObject({ recipient: person.identities[0]?.value })
    expect(world.simulator.accepted.at(-1)?.body.to).toBeUndefined()
  })

  test('who shares it later is the same person, now with a number', async () => {
    world.simulator.shareNumber('15550107002')
    world.simulator.customerSends({ from: '15550107002', to: world.business.phoneNumberId, text: 'it is me' })
    await world.settle()
    const conversation = await named('Hidden Hal')
    expect(await contact(conversation.contact.id)).toMatchObject({ phone: '+15550107002' })
    expect(await threadOf(world, conversation.id)).toHaveLength(3)
  })

  test('who adopts a username after having written stays in the same conversation', async () => {
    world.simulator.adoptUsername('15550107001', 'ada')
    world.simulator.customerSends({ from: '15550107001', to: world.business.phoneNumberId, text: 'still me' })
    await world.settle()
    const conversation = await named('Ada')
    expect((await threadOf(world, conversation.id)).map((line) => line.text)).toEqual(['hi', 'still me'])
    expect((await contact(conversation.contact.id)).phone).toBe('+15550107001')
  })
})

test('a customer with a new number goes on in the same conversation and is answered there', async () => {
  world.customer('15550107003', 'Moving Mo').says('before')
  await world.settle()
  const before = await named('Moving Mo')
  world.simulator.changeNumber('15550107003', '15550107933')
  await world.settle()
  world.simulator.customerSends({ from: '15550107933', to: world.business.phoneNumberId, text: 'after' })
  await world.settle()
  const after = await named('Moving Mo')
  expect(after.id).toBe(before.id)
  const lines = await threadOf(world, after.id)
  expect(lines.filter((line) => line.type === 'text').map((line) => line.text)).toEqual(['before', 'after'])
  expect(lines.find((line) => line.type === 'system')?.body).toMatchObject({ event: 'number_changed' })
  expect((await reply(after.id)).status).toBe('delivered')
  expect(world.simulator.messagesOf(world.business.phoneNumberId).at(-1)?.customerId).toBe('15550107003')
})

test('a hidden customer with a new number stays the same person', async () => {
  world.simulator.addCustomer({ phone: '15550107004', name: 'Quiet Quinn', username: 'quinn', numberHidden: true })
  const says = (text: string) => world.simulator.customerSends({ from: '15550107004', to: world.business.phoneNumberId, text })
  says('before')
  await world.settle()
  world.simulator.changeNumber('15550107004', '15550107944')
  await world.settle()
  says('after')
  await world.settle()
  const conversation = await named('Quiet Quinn')
  const lines = await threadOf(world, conversation.id)
  expect(lines.filter((line) => line.type === 'text').map((line) => line.text)).toEqual(['before', 'after'])
  expect((await reply(conversation.id)).status).toBe('delivered')
})

test('a Brazilian whose WhatsApp id differs from the number is one person, whoever writes first', async () => {
  world.simulator.addCustomer({ phone: '5511987654321', waId: '551187654321', name: 'João' })
  world.simulator.addTemplate(world.business.wabaId, {
    name: 'hello',
    language: 'en',
    category: 'UTILITY',
    components: [{ type: 'BODY', text: 'Hello' }],
  })
  await world.api('POST', '/templates/sync', { accountId: world.business.accountId })
  const started = await world.api<MessageView>('POST', '/messages', {
    accountId: world.business.accountId,
    to: { phone: '+5511987654321' },
    body: { type: 'template', name: 'hello', language: 'en' },
  })
  expect(started.status).toBe(201)
  await world.settle()
  world.simulator.customerSends({ from: '5511987654321', to: world.business.phoneNumberId, text: 'oi' })
  await world.settle()
  expect((await threadOf(world, started.body.conversationId)).map((line) => line.direction)).toEqual(['outbound', 'inbound'])
})

describe('the business writes on its own phone', () => {
  test('the line appears in the thread as written on a device, and its receipts count', async () => {
    world.customer('15550107005', 'Echo Ed').says('call me')
    await world.settle()
    world.simulator.businessAppSends({ phoneNumberId: world.business.phoneNumberId, to: '15550107005', text: 'I call you' })
    await world.settle()
    const line = await lastLineWith(world, '15550107005')
    expect(line).toMatchObject({ direction: 'outbound', sender: 'device', text: 'I call you', status: 'sent' })
    expect(await conversationWith(world, '15550107005')).toMatchObject({ lastDirection: 'outbound', unreadCount: 1 })
  })
})

test('who stopped marketing is told apart from who can be written to', async () => {
  world.customer('15550107006', 'Stop Stella').says('no ads please')
  await world.settle()
  world.simulator.setMarketingPreference('15550107006', world.business.phoneNumberId, 'stop')
  await world.settle()
  const { rows } = await world.database.owner.query<{ type: string }>(
    `SELECT type FROM events WHERE type = 'contact.preference'`,
  )
  expect(rows).toHaveLength(1)
  expect((await reply((await named('Stop Stella')).id)).status).toBe('delivered')
})

test('a blocked contact gets nothing, and what they write does not count as unread', async () => {
  world.customer('15550107007', 'Rude Ron').says('!')
  await world.settle()
  const conversation = await named('Rude Ron')
  await world.api('PATCH', `/contacts/${conversation.contact.id}`, { status: 'blocked' })
  const refused = await world.api('POST', `/conversations/${conversation.id}/messages`, { body: { type: 'text', text: 'no' } })
  expect(refused).toMatchObject({ status: 422, body: { error: { code: 'contact_blocked' } } })
  await world.api('POST', `/conversations/${conversation.id}/read`)
  world.simulator.customerSends({ from: '15550107007', to: world.business.phoneNumberId, text: '!!' })
  await world.settle()
  expect(await named('Rude Ron')).toMatchObject({ unreadCount: 0, messageCount: 2 })
})
