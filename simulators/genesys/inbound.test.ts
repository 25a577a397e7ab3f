import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ada, clientId, clientSecret, integrationId, type Scene, startScene } from './test-kit.ts'

let scene: Scene
beforeEach(async () => {
  scene = await startScene()
})
afterEach(() => scene.stop())

const now = () => new Date(scene.clock.now()).toISOString()
const channel = (more = {}) => ({ from: ada, time: now(), messageId: 'wamid.x', ...more })
const attachment = { mediaType: 'Image', url: 'https://files.example/a.jpg', mime: 'image/jpeg' }

describe('signing in', () => {
  it('gives a token with its life for the right client', async () => {
    expect(await scene.signIn()).toMatchObject({
      status: 200,
      body: { token_type: 'bearer', expires_in: 86_400, access_token: expect.stringMatching(/^[0-9a-f]{86}$/) },
    })
  })
  it('refuses another secret and another client in its own form', async () => {
    expect(await scene.signIn(clientId, 'wrong')).toMatchObject({ status: 400, body: { error: 'invalid_client' } })
    expect(await scene.signIn('nobody', clientSecret)).toMatchObject({ status: 400, body: { error: 'invalid_client' } })
  })
  it('ends tokens after their life, and when they are revoked', async () => {
    expect((await scene.write()).status).toBe(200)
    await scene.clock.advance(86_400_000)
    expect(await scene.write()).toMatchObject({ status: 401, body: { code: 'bad.credentials', contextId: expect.any(String) } })
    const { body } = await scene.signIn()
    scene.simulator.revokeTokens()
    expect(await scene.api('GET', 'messages/x', undefined, String(body.access_token))).toMatchObject({ status: 401 })
  })
  it('lets a client do only what its role may', async () => {
    scene.simulator.addClient({ id: 'reader', secret: 's', permissions: ['conversation:communication:view'] })
    const token = String((await scene.signIn('reader', 's')).body.access_token)
    const path = `messages/${integrationId}/inbound/open/message`
    expect(await scene.api('POST', path, { channel: channel(), text: 'x' }, token)).toMatchObject({
      status: 403,
      body: { code: 'missing.any.permissions' },
    })
  })
})

describe('a line of a customer', () => {
  it('opens a conversation, names it where that was asked for, and later lines join it', async () => {
    const first = await scene.write()
    const conversationId = String(first.body.conversationId)
    expect(first).toMatchObject({
      status: 200,
      body: { type: 'Text', text: 'Hello', channel: { id: integrationId, messageId: 'wamid.1' } },
    })
    expect((await scene.write()).body.conversationId).toBe(conversationId)
    const silent = await scene.inbound('message', { channel: channel(), text: 'x' })
    expect(silent.body).not.toHaveProperty('conversationId')
    expect(scene.simulator.heard(conversationId).map(({ providerId }) => providerId)).toEqual(['wamid.1', 'wamid.2', 'wamid.x'])
  })
  it('of the same id under another kind is somebody else’s', async () => {
    const phone = await scene.write()
    const opaque = await scene.write({ channel: channel({ from: { ...ada, idType: 'Opaque' } }) })
    expect(opaque.body.conversationId).not.toBe(phone.body.conversationId)
  })
  it('after the end begins another conversation', async () => {
    const { conversationId } = (await scene.write()).body
    scene.simulator.disconnect(String(conversationId))
    expect((await scene.write()).body.conversationId).not.toBe(conversationId)
  })
  it('is taken once, and a repeat is answered as the first was', async () => {
    const body = { channel: channel(), text: 'Once' }
    const path = 'message?prefetchConversationId=true'
    const [first, again] = [await scene.inbound(path, body), await scene.inbound(path, body)]
    expect(again.body).toEqual(first.body)
    expect(scene.simulator.taken.map(({ repeated }) => repeated)).toEqual([false, true])
    expect(scene.simulator.heard(String(first.body.conversationId))).toHaveLength(1)
  })
  it('brings attributes that are kept, the newest of each', async () => {
    await scene.write({ channel: channel({ metadata: { customAttributes: { tenant: 't1', step: '1' } } }) })
    await scene.write({ channel: channel({ messageId: 'y', metadata: { customAttributes: { step: '2' } } }) })
    expect(scene.simulator.conversationWith(integrationId, ada)?.attributes).toEqual({ tenant: 't1', step: '2' })
  })
  it.each([
    ['without text and content', { channel: channelOf({}) }, 'should have required property'],
    [
      'with two attachments',
      {
        channel: channelOf({}),
        content: [
          { contentType: 'Attachment', attachment },
          { contentType: 'Attachment', attachment },
        ],
      },
      'Only one',
    ],
    ['with a kind of id that is none', { channel: channelOf({ from: { ...ada, idType: 'email' } }), text: 'x' }, 'idType'],
    ['without an id', { channel: channelOf({ messageId: undefined }), text: 'x' }, 'messageId'],
    ['with a time that is none', { channel: channelOf({ time: 'now' }), text: 'x' }, 'time'],
    [
      'with attributes that are not flat',
      { channel: channelOf({ metadata: { customAttributes: { a: { b: 1 } } } }), text: 'x' },
      'customAttributes',
    ],
    [
      'with a file of no type',
      { channel: channelOf({}), content: [{ contentType: 'Attachment', attachment: { ...attachment, mime: undefined } }] },
      'mime',
    ],
    ['that is too long', { channel: channelOf({}), text: 'x'.repeat(4_097) }, 'text'],
  ])('is refused %s', async (_what, body, words) => {
    const answer = await scene.inbound('message', body)
    expect(answer).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining(words), contextId: expect.any(String), details: [], errors: [] },
    })
    expect(answer.headers.get('inin-correlation-id')).toBe(answer.body.contextId)
    expect(scene.simulator.taken).toEqual([])
  })
  it('for an integration that is not there is refused', async () => {
    const answer = await scene.api('POST', 'messages/nothing/inbound/open/message', { channel: channel(), text: 'x' })
    expect(answer).toMatchObject({ status: 404, body: { code: 'not.found' } })
  })
  it('may come by the older endpoint', async () => {
    const body = {
      channel: { ...channel(), platform: 'Open', type: 'Private', to: { id: integrationId } },
      type: 'Text',
      text: 'Old',
    }
    expect(await scene.api('POST', 'messages/inbound/open', body)).toMatchObject({ status: 200, body: { text: 'Old' } })
    expect(await scene.api('POST', 'messages/inbound/open', { ...body, type: 'Odd' })).toMatchObject({ status: 400 })
  })
})

function channelOf(more: object) {
  return { from: ada, time: '2026-11-01T12:00:00Z', messageId: 'wamid.x', ...more }
}

describe('a file of a customer', () => {
  it('is copied from its address at once, without credentials', async () => {
    await scene.stop()
    scene = await startScene({ fetchFiles: true })
    const file = scene.simulator.world.files
    const fileUrl = `${scene.url}/desk.css`
    await scene.write({
      text: undefined,
      content: [{ contentType: 'Attachment', attachment: { ...attachment, url: fileUrl } }],
    })
    await scene.clock.advance(1_000)
    const [message] = scene.simulator.conversations[0]?.messages ?? []
    expect(message?.fetched).toMatchObject({ status: 200, mimeType: expect.stringContaining('text/css') })
    expect(file.size).toBe(1)
  })
  it('that cannot be had is told', async () => {
    await scene.stop()
    scene = await startScene({ fetchFiles: true })
    await scene.write({
      text: undefined,
      content: [{ contentType: 'Attachment', attachment: { ...attachment, url: `${scene.url}/nothing` } }],
    })
    await scene.clock.advance(1_000)
    expect(scene.simulator.conversations[0]?.messages[0]?.fetched).toMatchObject({ status: 404 })
  })
})

describe('what became of an agent’s message', () => {
  it('is kept step by step, and nothing after what is final', async () => {
    const conversationId = String((await scene.write()).body.conversationId)
    const [message] = scene.simulator.say(conversationId, { text: 'Good morning' })
    const receipt = (more: object) =>
      scene.inbound('receipt', { id: message?.id, channel: { to: ada, time: now() }, status: 'Delivered', ...more })
    expect((await receipt({ isFinalReceipt: false })).status).toBe(200)
    expect((await receipt({ isFinalReceipt: true })).status).toBe(200)
    expect((await receipt({ status: 'Failed', reasons: [{ code: 'GeneralError', message: 'late' }] })).status).toBe(200)
    expect(message?.receipts.map(({ status, final }) => [status, final])).toEqual([
      ['Delivered', false],
      ['Delivered', true],
    ])
    expect(scene.simulator.taken.at(-1)).toMatchObject({ kind: 'receipt', repeated: true })
  })
  it.each([
    ['a status that is none', { status: 'Read' }, 400],
    ['a failure without a reason', { status: 'Failed', reasons: [] }, 400],
    ['a reason that is none', { status: 'Failed', reasons: [{ code: 'Odd' }] }, 400],
    ['somebody else’s message', { channel: { to: { ...ada, id: '1' }, time: '2026-11-01T12:00:00Z' } }, 400],
    ['a message that is not there', { id: 'nothing' }, 404],
  ])('is refused for %s', async (_what, more, status) => {
    const conversationId = String((await scene.write()).body.conversationId)
    const [message] = scene.simulator.say(conversationId, { text: 'Good morning' })
    const body = { id: message?.id, channel: { to: ada, time: now() }, status: 'Delivered', ...more }
    expect((await scene.inbound('receipt', body)).status).toBe(status)
  })
})

describe('beside lines', () => {
  it('typing shows for a while, where there is a conversation', async () => {
    const { conversationId } = (await scene.write()).body
    const typing = { channel: { from: ada, time: now() }, events: [{ eventType: 'Typing' }] }
    expect((await scene.inbound('event', typing)).status).toBe(200)
    const shown = async () => (await scene.control('GET', `conversations/${conversationId}`)).body.typing
    expect(await shown()).toBe(true)
    await scene.clock.advance(6_001)
    expect(await shown()).toBe(false)
  })
  it('a choice is a line with what was chosen', async () => {
    const body = {
      channel: channel(),
      originatingMessageId: 'm1',
      buttonResponse: { type: 'QuickReply', text: 'Yes', payload: 'y' },
    }
    expect(await scene.inbound('structured/response', body)).toMatchObject({ status: 200, body: { type: 'Structured' } })
    expect(scene.simulator.conversationWith(integrationId, ada)?.messages[0]).toMatchObject({
      text: 'Yes',
      buttonResponse: { payload: 'y' },
    })
    expect((await scene.inbound('structured/response', { ...body, originatingMessageId: undefined })).status).toBe(400)
  })
})
