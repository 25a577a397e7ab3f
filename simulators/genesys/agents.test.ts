import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ada, integrationId, type Scene, startScene } from './test-kit.ts'

let scene: Scene
beforeEach(async () => {
  scene = await startScene({ publishReceipts: false })
})
afterEach(() => scene.stop())

const opened = async () => String((await scene.write()).body.conversationId)
const parts = (id: string) =>
  scene.simulator.conversations
    .find((each) => each.id === id)
    ?.participants.map(({ purpose, name, state, disconnectType }) => [purpose, name, state, disconnectType])
const texts = () => scene.receiver.received.map(({ json }) => json.text)

describe('agents', () => {
  it('take a conversation from the queue, pass it on and end it', async () => {
    const id = await opened()
    scene.simulator.answer(id, 'Nora')
    scene.simulator.transfer(id, 'Omar')
    expect(parts(id)).toEqual([
      ['customer', 'Ada', 'connected', undefined],
      ['acd', 'Queue', 'disconnected', 'transfer'],
      ['agent', 'Nora', 'disconnected', 'transfer'],
      ['agent', 'Omar', 'connected', undefined],
    ])
    scene.simulator.disconnect(id)
    expect(parts(id)?.every(([, , state]) => state === 'disconnected')).toBe(true)
    expect(() => scene.simulator.say(id, { text: 'late' })).toThrow('has ended')
  })
  it('ending tells the relay nothing', async () => {
    scene.simulator.disconnect(await opened())
    await scene.clock.advance(60_000)
    expect(scene.receiver.received).toEqual([])
  })
  it('end a part by the API, which ends the conversation', async () => {
    const id = await opened()
    const { id: participant } = scene.simulator.answer(id)
    const path = `messages/${id}/participants/${participant}`
    expect((await scene.api('PATCH', path, { state: 'connected' })).status).toBe(400)
    expect((await scene.api('PATCH', path, { state: 'disconnected' })).status).toBe(204)
    const { body } = await scene.api('GET', `messages/${id}`)
    expect((body.participants as { state: string }[]).every(({ state }) => state === 'disconnected')).toBe(true)
  })
  it('write by the API at most two thousand characters', async () => {
    const id = await opened()
    const { communicationId } = scene.simulator.answer(id)
    const path = `messages/${id}/communications/${communicationId}/messages`
    expect((await scene.api('POST', path, { textBody: 'x'.repeat(2_001) })).status).toBe(400)
    expect((await scene.api('POST', path, {})).status).toBe(400)
    expect((await scene.api('POST', `messages/${id}/communications/nothing/messages`, { textBody: 'x' })).status).toBe(404)
    expect((await scene.api('POST', path, { textBody: 'x' })).status).toBe(200)
    expect((await scene.api('POST', path.replace(/messages$/, 'typing'), { typing: { type: 'On' } })).status).toBe(204)
    await scene.clock.advance(1_000)
    expect(scene.receiver.received.map(({ json }) => json.type).sort()).toEqual(['Event', 'Text'])
  })
  it('send only files whose bytes are those that were announced', async () => {
    const id = await opened()
    const { communicationId } = scene.simulator.answer(id)
    const path = `messages/${id}/communications/${communicationId}/messages`
    const { body } = await scene.api('POST', `${path}/media/uploads`, {
      fileName: 'a.png',
      contentLengthBytes: 5,
      contentMd5: 'nonsense',
    })
    await fetch(String(body.uploadUrl), { method: 'PUT', body: 'bytes', headers: { 'content-type': 'image/png' } })
    expect((await scene.api('GET', `${path}/media/${body.id}`)).body).toMatchObject({ status: 'invalid' })
    expect((await scene.api('POST', path, { mediaIds: [body.id] })).status).toBe(404)
  })
})

describe('scripts', () => {
  it('are played with a new conversation, step by step on the clock', async () => {
    scene.simulator.addScript({
      on: 'conversation',
      steps: [
        { do: 'wait', ms: 1_000 },
        { do: 'answer', agent: 'Nora' },
        { do: 'type', ms: 2_000 },
        { do: 'wait', ms: 2_000 },
        { do: 'say', text: 'You said: {text}' },
        { do: 'transfer', agent: 'Omar' },
        { do: 'disconnect' },
      ],
    })
    const id = await opened()
    await scene.clock.advance(999)
    expect(parts(id)?.some(([purpose]) => purpose === 'agent')).toBe(false)
    await scene.clock.advance(1_500)
    expect(scene.receiver.received.map(({ json }) => json.type)).toEqual(['Event'])
    await scene.clock.advance(2_000)
    expect(texts().at(-1)).toBe('You said: Hello')
    expect(
      parts(id)
        ?.slice(2)
        .map(([, name, , how]) => [name, how]),
    ).toEqual([
      ['Nora', 'transfer'],
      ['Omar', 'client'],
    ])
  })
  it('are played for lines with a word in them, so many times, until the conversation ends', async () => {
    scene.simulator.addScript({
      on: 'message',
      contains: 'price',
      times: 2,
      steps: [{ do: 'quick_replies', text: 'Which?', options: [{ text: 'A' }] }],
    })
    scene.simulator.addScript({
      on: 'message',
      contains: 'bye',
      steps: [
        { do: 'wait', ms: 5_000 },
        { do: 'say', text: 'never' },
      ],
    })
    for (const text of ['a price', 'nothing', 'a price', 'a price', 'bye']) await scene.write({ text })
    await scene.clock.advance(1_000)
    expect(texts()).toEqual(['Which?', 'Which?'])
    scene.simulator.disconnect(scene.simulator.conversationWith(integrationId, ada)?.id ?? '')
    await scene.clock.advance(10_000)
    expect(texts()).toHaveLength(2)
  })
})

describe('texts without an agent', () => {
  const body = { fromAddress: integrationId, toAddress: ada.id, toAddressMessengerType: 'open', textBody: 'Reminder' }
  it('arrive at the relay like an agent’s, in the conversation that is open where that was asked for', async () => {
    const id = await opened()
    const answer = await scene.api('POST', 'messages/agentless', { ...body, useExistingActiveConversation: true })
    expect(answer).toMatchObject({ status: 202, body: { conversationId: id, id: expect.any(String) } })
    await scene.clock.advance(1_000)
    expect(scene.receiver.received.at(-1)?.json).toMatchObject({
      id: answer.body.id,
      text: 'Reminder',
      originatingEntity: 'Bot',
      conversationId: id,
    })
  })
  it('have a conversation of their own otherwise', async () => {
    const id = await opened()
    expect((await scene.api('POST', 'messages/agentless', body)).body.conversationId).not.toBe(id)
    expect(scene.simulator.conversationWith(integrationId, ada)?.id).toBe(id)
  })
})
