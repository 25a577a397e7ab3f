import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ada, integrationId, type Scene, startScene, webhookSecret } from './test-kit.ts'

let scene: Scene
let conversationId: string
beforeEach(async () => {
  scene = await startScene({ publishReceipts: false })
  conversationId = String((await scene.write()).body.conversationId)
})
afterEach(() => scene.stop())

const bodies = () => scene.receiver.received.map(({ json }) => json)
const deliveries = () => scene.simulator.deliveries

describe('what an agent says', () => {
  it('arrives signed in base64 over its bytes', async () => {
    scene.simulator.say(conversationId, { text: 'Grüße 😀' })
    await scene.clock.advance(1_000)
    const [post] = scene.receiver.received
    const expected = createHmac('sha256', webhookSecret)
      .update(post?.raw ?? '')
      .digest('base64')
    expect(post?.headers['x-hub-signature-256']).toBe(`sha256=${expected}`)
    expect(post?.json).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      channel: {
        id: integrationId,
        platform: 'Open',
        type: 'Private',
        to: { id: ada.id, idType: 'Phone' },
        from: { nickname: 'Relay', id: integrationId },
      },
      type: 'Text',
      text: 'Grüße 😀',
      originatingEntity: 'Human',
      direction: 'Outbound',
      conversationId,
    })
    expect(post?.json.channel).toMatchObject({ messageId: post?.json.id })
  })
  it('brings the headers of the integration', async () => {
    await scene.api('PATCH', `messaging/integrations/open/${integrationId}`, { webhookHeaders: { 'x-extra': 'v' } })
    scene.simulator.say(conversationId, { text: 'x' })
    await scene.clock.advance(1_000)
    expect(scene.receiver.received[0]?.headers['x-extra']).toBe('v')
  })
  it('is signed with the new secret from the moment it is changed', async () => {
    const answer = await scene.api('PATCH', `messaging/integrations/open/${integrationId}`, {
      outboundNotificationWebhookSignatureSecretToken: 'another secret of sixteen',
    })
    expect(answer.status).toBe(200)
    expect(JSON.stringify(answer.body)).not.toContain('another secret')
    scene.simulator.say(conversationId, { text: 'x' })
    await scene.clock.advance(1_000)
    const [post] = scene.receiver.received
    const expected = createHmac('sha256', 'another secret of sixteen')
      .update(post?.raw ?? '')
      .digest('base64')
    expect(post?.headers['x-hub-signature-256']).toBe(`sha256=${expected}`)
  })
  it('is typing, quick replies, cards and files, each in its form', async () => {
    scene.simulator.type(conversationId, 3_000)
    const card = { contentType: 'Card', card: { title: 'T', actions: [] } }
    scene.simulator.say(conversationId, { text: 'Which?', quickReplies: [{ text: 'A' }, { text: 'B', payload: 'b' }] })
    scene.simulator.say(conversationId, { content: [card] })
    scene.simulator.say(conversationId, {
      files: [{ base64: Buffer.from('bytes').toString('base64'), mimeType: 'audio/ogg', fileName: 'v.ogg' }],
    })
    await scene.clock.advance(1_000)
    const of = (type: string) => bodies().filter((body) => body.type === type)
    expect(of('Event')).toMatchObject([{ events: [{ eventType: 'Typing', typing: { type: 'On', duration: 3_000 } }] }])
    expect(of('Structured')).toHaveLength(2)
    const replies = of('Structured').find(({ text }) => text === 'Which?')
    expect(replies?.content).toEqual([
      { contentType: 'QuickReply', quickReply: { text: 'A', payload: 'A', action: 'Message' } },
      { contentType: 'QuickReply', quickReply: { text: 'B', payload: 'b', action: 'Message' } },
    ])
    const [file] = of('Text').map(
      ({ content }) => (content as { attachment: { mediaType: string; url: string } }[])[0]?.attachment,
    )
    expect(file?.mediaType).toBe('Audio')
    const fetched = await fetch(file?.url ?? '')
    expect(fetched.headers.get('content-type')).toContain('audio/ogg')
    expect(await fetched.text()).toBe('bytes')
  })
})

describe('a webhook that is not taken', () => {
  it.each([500, 503, 429])('with %i is tried five times more, five seconds apart', async (status) => {
    scene.receiver.answers.push(...Array.from({ length: 6 }, () => status))
    scene.simulator.say(conversationId, { text: 'x' })
    await scene.clock.advance(200)
    for (let tries = 1; tries <= 6; tries++) {
      expect(scene.receiver.received).toHaveLength(tries)
      await scene.clock.advance(5_000)
    }
    expect(scene.receiver.received).toHaveLength(6)
    expect(deliveries()[0]).toMatchObject({ tries: 6, gaveUpAt: expect.any(Number) })
    expect(new Set(scene.receiver.received.map(({ raw }) => raw.toString())).size).toBe(1)
  })
  it('is left after the first try that succeeds', async () => {
    scene.receiver.answers.push(503, 200)
    scene.simulator.say(conversationId, { text: 'x' })
    await scene.clock.advance(60_000)
    expect(deliveries()[0]).toMatchObject({ statuses: [503, 200], acknowledgedAt: expect.any(Number) })
  })
  it('in time is tried again', async () => {
    await scene.stop()
    scene = await startScene({ publishReceipts: false, webhookTimeoutMs: 50 })
    conversationId = String((await scene.write()).body.conversationId)
    scene.receiver.answers.push(0)
    scene.simulator.say(conversationId, { text: 'x' })
    await scene.clock.advance(60_000)
    expect(deliveries()[0]?.statuses).toEqual(['timeout', 200])
  })
  it('with any other 4xx fails the message at once, and ends delivery for the conversation', async () => {
    scene.receiver.answers.push(400)
    const [first] = scene.simulator.say(conversationId, { text: 'x' })
    await scene.clock.advance(60_000)
    const [second] = scene.simulator.say(conversationId, { text: 'y' })
    await scene.clock.advance(60_000)
    expect(scene.receiver.received).toHaveLength(1)
    for (const message of [first, second]) expect(message?.receipts).toMatchObject([{ status: 'Failed', final: true }])
  })
})

describe('faults of delivery', () => {
  it('twice, late, lost', async () => {
    scene.simulator.faults.add({ times: 1, action: { kind: 'duplicateWebhook', copies: 1 } })
    scene.simulator.say(conversationId, { text: 'twice' })
    await scene.clock.advance(1_000)
    expect(bodies().map(({ text }) => text)).toEqual(['twice', 'twice'])
    scene.simulator.faults.add({ times: 1, action: { kind: 'webhookDelay', ms: 9_000 } })
    scene.simulator.say(conversationId, { text: 'late' })
    await scene.clock.advance(8_000)
    expect(bodies()).toHaveLength(2)
    await scene.clock.advance(2_000)
    expect(bodies().at(-1)).toMatchObject({ text: 'late' })
    scene.simulator.faults.add({ times: 1, action: { kind: 'webhookLost', tries: 2 } })
    scene.simulator.say(conversationId, { text: 'lost' })
    await scene.clock.advance(30_000)
    expect(deliveries().at(-1)?.statuses).toEqual(['lost', 'lost', 200])
  })
  it('the receipt of a line before its answer', async () => {
    await scene.stop()
    scene = await startScene()
    scene.simulator.faults.add({ match: { operation: 'message' }, times: 1, action: { kind: 'webhookFirst' } })
    const { body } = await scene.write()
    expect(bodies()).toMatchObject([
      { type: 'Receipt', status: 'Published', direction: 'Inbound', id: body.id, channel: { messageId: 'wamid.1' } },
    ])
  })
})

it('a line that has arrived is told so, with the id that its sender gave', async () => {
  await scene.stop()
  scene = await startScene()
  const { body } = await scene.write()
  await scene.clock.advance(1_000)
  expect(bodies()).toMatchObject([
    {
      id: body.id,
      type: 'Receipt',
      status: 'Published',
      isFinalReceipt: true,
      channel: { messageId: 'wamid.1', from: { id: ada.id }, to: { id: integrationId } },
    },
  ])
})
