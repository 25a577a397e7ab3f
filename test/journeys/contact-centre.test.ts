/** WhatsApp answered by agents in Genesys Cloud: the real server between the two simulators. */
import { createHmac, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type RunningSimulator, startGenesysSimulator } from '../../simulators/genesys/server.ts'
import type { Conversation, Message } from '../../simulators/genesys/types.ts'
import { digits } from '../world/arrange.ts'
import { conversationWith } from '../world/reading.ts'
import { until } from '../world/until.ts'
import { type Customer, createWorld, type World } from '../world/world.ts'

const client = { id: 'client-1', secret: 'client-secret-of-the-journey' }
const integrationId = '2f1c6c4e-7f0a-4f0f-9a52-0d7d6a0b1c2d'
const webhookSecret = `webhook secret with ünïcödé ${randomBytes(4).toString('hex')}`
/** What the simulator waits before a webhook is tried again is real time here. */
let world: World
let genesys: RunningSimulator
let webhookUrl: string
let customer: Customer

beforeAll(async () => {
  world = await createWorld({ proxy: true })
  genesys = await startGenesysSimulator({
    clients: [client],
    integrations: [{ id: integrationId, name: 'Relay', webhookUrl: 'http://127.0.0.1:1', secret: webhookSecret }],
  })
  await credentials({})
  webhookUrl = (await world.api('GET', '/contact-centre', undefined, 'owner')).body.webhookUrl as string
  genesys.simulator.changeIntegration(integrationId, { webhookUrl })
  const { accountId } = world.business
  expect((await world.api('PUT', `/accounts/${accountId}/answerer`, { answerer: 'genesys' }, 'owner')).status).toBe(200)
})
beforeEach(() => {
  customer = world.customer(`1555${digits(7)}`, 'Ada')
})
afterAll(async () => {
  // Connections that a black hole swallowed would be waited for.
  world?.proxy?.mode('cut')
  world?.proxy?.mode('pass')
  await genesys?.close()
  await world?.close()
})

async function credentials(more: Record<string, string>, overlapHours?: number): Promise<void> {
  const values = {
    ...{ clientId: client.id, clientSecret: client.secret, integrationId, webhookSecret },
    ...{ apiUrl: genesys.apiUrl, loginUrl: genesys.loginUrl, ...more },
  }
  const { tenantId } = world.business
  const body = { values, ...(overlapHours === undefined ? {} : { overlapHours }) }
  const answer = await world.api('PUT', `/tenants/${tenantId}/credentials/genesys`, body, 'owner')
  expect(answer.status).toBeLessThan(300)
}

const over = () => ({ id: customer.phone, idType: 'Phone' as const })
const open = () => genesys.simulator.conversationWith(integrationId, over())
const heard = (): Message[] => genesys.simulator.heard(open()?.id ?? '')
/** The agents' conversation, once the first line is there. */
async function begun(text = 'hello'): Promise<Conversation> {
  customer.says(text)
  await until('the agents have the line', () => heard().length > 0)
  return open() as Conversation
}
const phone = () => world.simulator.thread(world.business.phoneNumberId, customer.phone).messages
const onThePhone = () => phone().filter((message) => message.direction === 'out')
const textsOnThePhone = () =>
  onThePhone().map((message) => (message.content as { text?: { body?: string }; body?: string }).text?.body)
const receiptsOf = (messageId: string) =>
  genesys.simulator.taken.filter(({ kind, messageId: about }) => kind === 'receipt' && about === messageId)

test('a line goes to an agent with what is known of the customer, the answer comes back, and the agent hears how far it came', async () => {
  const conversation = await begun('My tap is dripping 🚰')
  expect(heard().map(({ text }) => text)).toEqual(['My tap is dripping 🚰'])
  expect(conversation.attributes).toMatchObject({ name: 'Ada', phone: `+${customer.phone}`, channel: 'whatsapp' })
  genesys.simulator.answer(conversation.id)
  const [said] = genesys.simulator.say(conversation.id, { text: 'I will send somebody.\nToday?' })
  await until('the agent hears of it', () => receiptsOf(said?.id ?? '').some(({ body }) => body.status === 'Delivered'))
  expect(textsOnThePhone()).toEqual(['I will send somebody.\nToday?'])
  const shown = await conversationWith(world, customer.phone)
  expect(shown).toMatchObject({ control: 'agent', lastPreview: 'I will send somebody. Today?' })
  const mapping = await world.api('GET', `/mappings/by-conversation/${conversation.id}`, undefined, 'owner')
  expect(mapping.body).toMatchObject({ waId: customer.phone, status: 'active', conversationId: conversation.id, isNew: false })
})

test('what an agent offers to choose from is buttons on the phone, and what is pressed goes back as a choice', async () => {
  const conversation = await begun()
  genesys.simulator.say(conversation.id, { text: 'Today?', quickReplies: [{ text: 'Yes', payload: 'yes' }, { text: 'No' }] })
  await until('the buttons are there', () => onThePhone().length === 1)
  await world.settle()
  const [asked] = onThePhone()
  customer.sends({
    type: 'interactive',
    payload: { type: 'button_reply', button_reply: { id: 'yes', title: 'Yes' } },
    ...(asked ? { replyTo: asked.id } : {}),
  })
  await until('the agent has the choice', () => heard().length === 2)
  expect(heard()[1]).toMatchObject({ buttonResponse: { type: 'QuickReply', text: 'Yes', payload: 'yes' } })
})

test('files go both ways', async () => {
  const conversation = await begun()
  customer.sends({
    type: 'document',
    media: {
      bytes: Buffer.from('%PDF-1.4 what the customer sent'),
      mimeType: 'application/pdf',
      filename: 'plan.pdf',
      caption: 'the plan',
    },
  })
  await until('the agents have the file', () => heard()[1]?.fetched !== undefined)
  expect(heard()[1]).toMatchObject({ fetched: { status: 200, bytes: 31, mimeType: 'application/pdf' } })
  // Webhooks overtake each other over there: what counts is the order in which they came here.
  const says = async (said: Parameters<typeof genesys.simulator.say>[1]) => {
    const before = genesys.simulator.deliveries.length
    genesys.simulator.say(conversation.id, said)
    await until('it was delivered', () =>
      genesys.simulator.deliveries.slice(before).every(({ statuses }) => statuses.includes(200)),
    )
  }
  await says({ text: 'This is ours:' })
  await says({
    files: [{ base64: Buffer.from('%PDF-1.4 ours').toString('base64'), mimeType: 'application/pdf', fileName: 'ours.pdf' }],
  })
  await says({ text: 'Look at page two.' })
  await until('all is on the phone', () => onThePhone().length === 3)
  expect(onThePhone().map(({ type }) => type)).toEqual(['text', 'document', 'text'])
})

test('a wrong signature is refused and leaves nothing; after a rotation the old and the new secret count', async () => {
  const conversation = await begun()
  const body = JSON.stringify({
    ...{
      id: 'm1',
      type: 'Text',
      text: 'forged',
      direction: 'Outbound',
      originatingEntity: 'Human',
      conversationId: conversation.id,
    },
    channel: {
      ...{ id: integrationId, platform: 'Open', type: 'Private', messageId: 'm1', time: new Date().toISOString() },
      ...{ to: over(), from: { id: integrationId, idType: 'Opaque' } },
    },
  })
  const post = (secret: string) =>
    fetch(webhookUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('base64')}`,
      },
      body,
    })
  const stored = async () =>
    (await world.database.owner.query(`SELECT count(*)::int AS n FROM webhook_events WHERE provider = 'genesys'`)).rows[0].n
  const before = await stored()
  expect((await post('another secret')).status).toBe(401)
  expect((await fetch(`${world.url}/webhooks/genesys/nobody`, { method: 'POST', body })).status).toBe(404)
  expect(await stored()).toBe(before)
  const fresh = `${webhookSecret} the second`
  await credentials({ webhookSecret: fresh }, 1)
  expect([(await post(webhookSecret)).status, (await post(fresh)).status]).toEqual([200, 200])
  await until('it is on the phone', () => onThePhone().length === 1)
  expect(textsOnThePhone()).toEqual(['forged'])
  await credentials({})
})

test('a conversation that an agent ended begins anew with the next line', async () => {
  const first = await begun('first')
  genesys.simulator.disconnect(first.id)
  customer.says('second')
  await until('another conversation began', () => open()?.id !== undefined && open()?.id !== first.id && heard().length === 1)
  await until('the session is the new one', async () => {
    const { body } = await world.api('GET', `/mappings/by-customer/${customer.phone}`, undefined, 'owner')
    return body.conversationId === open()?.id
  })
  const old = await world.api('GET', `/mappings/by-conversation/${first.id}`, undefined, 'owner')
  expect(old.body).toMatchObject({ status: 'closed' })
})

test('a person takes the conversation, which ends over there; given back, the unanswered lines go along', async () => {
  const first = await begun('for the agents')
  const { id } = await conversationWith(world, customer.phone)
  expect((await world.api('POST', `/conversations/${id}/hand-over`, { to: 'human', reason: 'I know them' })).status).toBe(200)
  await until('it ended over there', () => open() === undefined)
  customer.says('for a person')
  await world.settle()
  const given = await world.api('POST', `/conversations/${id}/hand-over`, { to: 'agent' })
  expect(given.body).toMatchObject({ control: 'agent' })
  await until('the agents have the new line', () => open()?.id !== first.id && heard().length === 1)
  expect(heard().map(({ text }) => text)).toEqual(['for a person'])
  expect(open()?.attributes.history).toContain('customer: for the agents')
})

test('while the database is away an agent’s answers are taken, kept on the disk, and sent once afterwards, in order', async () => {
  const conversation = await begun()
  genesys.simulator.answer(conversation.id)
  world.proxy?.mode('cut')
  const texts = ['one', 'two', 'three', 'four']
  const deliveries = () =>
    genesys.simulator.deliveries.filter((one) => one.conversationId === conversation.id && one.kind === 'Text')
  for (const text of texts) {
    const before = deliveries().length
    genesys.simulator.say(conversation.id, { text })
    await until(
      `${text} was taken`,
      () => deliveries().length > before && deliveries().every(({ statuses }) => statuses.includes(200)),
    )
  }
  const health = await (await fetch(`${world.url}/health`)).json()
  expect(health).toMatchObject({ status: 'unhealthy', checks: { spool: { status: 'ok' } } })
  expect(health.checks.spool.waiting).toBeGreaterThanOrEqual(4)
  world.proxy?.mode('pass')
  await until('all is on the phone', () => onThePhone().length === 4, { timeoutMs: 30_000 })
  await world.settle()
  expect(textsOnThePhone()).toEqual(texts)
  await until('nothing waits on the disk', () => world.app.centres.spool?.waiting().files === 0)
})

test('a database that says nothing is away as well: the contact centre has its answer within ten seconds', async () => {
  const conversation = await begun()
  await world.settle()
  world.proxy?.mode('blackhole')
  genesys.simulator.say(conversation.id, { text: 'into the silence' })
  const delivery = genesys.simulator.deliveries.at(-1)
  await until('it was taken', () => delivery?.statuses.includes(200), { timeoutMs: 12_000 })
  expect(delivery?.statuses).toEqual([200])
  world.proxy?.mode('pass')
  // Whoever waited for an answer of the database waits half a minute at most.
  await until('it is on the phone', () => onThePhone().length === 1, { timeoutMs: 90_000 })
  expect(textsOnThePhone()).toEqual(['into the silence'])
})

test('what is said in a conversation that somebody holds waits for it, in order, and is no dead letter', async () => {
  const conversation = await begun()
  await world.settle()
  const { id } = await conversationWith(world, customer.phone)
  const holder = await world.database.owner.connect()
  const texts = ['held', 'comes while that one waits', 'behind both']
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  const another = world.customer(`1555${digits(7)}`, 'Eve')
  another.says('hello')
  const elsewhere = await until('the agents have the other one', () =>
    genesys.simulator.conversationWith(integrationId, { id: another.phone, idType: 'Phone' }),
  )
  const ofAnother = () =>
    world.simulator
      .thread(world.business.phoneNumberId, another.phone)
      .messages.filter((message) => message.direction === 'out')
  try {
    await holder.query('BEGIN')
    await holder.query('SELECT FROM conversations WHERE id = $1 FOR UPDATE', [id])
    const said = genesys.simulator.deliveries.length
    for (const text of texts) {
      genesys.simulator.say(conversation.id, { text })
      // Less than the first one waits for its conversation before it is put on the disk.
      await pause(1200)
    }
    await until('all were taken', () =>
      genesys.simulator.deliveries.slice(said).every(({ statuses }) => statuses.includes(200)),
    )
    expect(world.app.centres.spool?.waiting().files).toBe(3)
    // A body about nobody waits for nothing, and nothing waits for it.
    const health = {
      ...{ id: 'health', type: 'HealthCheck', direction: 'Outbound' },
      channel: { id: integrationId, platform: 'Open' },
    }
    const body = JSON.stringify(health)
    const signed = `sha256=${createHmac('sha256', webhookSecret).update(body).digest('base64')}`
    const headers = { 'content-type': 'application/json', 'x-hub-signature-256': signed }
    expect((await fetch(webhookUrl, { method: 'POST', headers, body })).status).toBe(200)
    expect(world.app.centres.spool?.waiting().files).toBe(3)
    genesys.simulator.say(elsewhere.id, { text: 'for Eve' })
    await until('the other customer has theirs', () => ofAnother().length === 1)
    // Tried again from the disk, in vain.
    await world.app.centres.spool?.drain()
    expect(world.app.centres.spool?.waiting().files).toBe(3)
  } finally {
    await holder.query('ROLLBACK')
    holder.release()
  }
  await until('all is on the phone', () => onThePhone().length === 3)
  expect(textsOnThePhone()).toEqual(texts)
  const { rows } = await world.database.owner.query('SELECT reason FROM dead_letters WHERE resolved_at IS NULL')
  expect(rows.filter(({ reason }) => reason === 'lock_timeout')).toEqual([])
})

test('while the contact centre is away nothing is lost, and it gets everything once it is back', async () => {
  await begun()
  genesys.simulator.setMood('down')
  for (const text of ['a', 'b', 'c']) {
    customer.says(text)
    await world.settle()
  }
  const centre = async () => (await world.api('GET', '/contact-centre', undefined, 'owner')).body
  await until('it is known to be away', async () => (await centre()).failingSince !== null)
  genesys.simulator.setMood('well')
  await until('everything is there', () => heard().length === 4, { timeoutMs: 90_000 })
  expect(heard().map(({ text }) => text)).toEqual(['hello', 'a', 'b', 'c'])
  expect(await centre()).toMatchObject({ failingSince: null, state: 'connected' })
})

test('credentials that are wrong stop the bridge with words; asked again once they are right, it goes on', async () => {
  await begun()
  await credentials({ clientSecret: 'not the secret of the client' })
  genesys.simulator.revokeTokens()
  customer.says('waits')
  const centre = async () => (await world.api('GET', '/contact-centre', undefined, 'owner')).body
  await until('it is stopped', async () => (await centre()).state === 'logged_out')
  expect((await centre()).stateText).toMatch(/\w+ \w+/)
  await credentials({})
  expect((await world.api('POST', '/contact-centre/check', undefined, 'owner')).body).toMatchObject({ state: 'connected' })
  await until('it is there', () => heard().length === 2)
})
