/**
 * Genesys' own client against the simulator: whoever wrote it knows the API, so what it can do with the simulator shows
 * that the simulator is like it. And what our renderer makes goes through it.
 */
import platformClient from 'purecloud-platform-client-v2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ada, clientId, clientSecret, integrationId, type Scene, startScene } from '../../simulators/genesys/test-kit.ts'
import { renderReceipt } from '../../src/answerers/genesys/receipts.ts'
import { renderLine } from '../../src/answerers/genesys/render.ts'
import type { CentreLine } from '../../src/ports/contact-centre.ts'

let scene: Scene
const conversations = new platformClient.ConversationsApi()

beforeAll(async () => {
  scene = await startScene()
  const port = Number(new URL(scene.url).port)
  const gateway = { host: '127.0.0.1', protocol: 'http', port, path_params_login: 'login', path_params_api: 'api' }
  platformClient.ApiClient.instance.setGateway(gateway)
})
afterAll(() => scene.stop())

const time = () => new Date(scene.clock.now()).toISOString()
const channel = (messageId: string) => ({ from: ada, time: time(), messageId })
const prefetch = { prefetchConversationId: true }

test('a wrong secret is told in the sign-in’s own words', async () => {
  await expect(platformClient.ApiClient.instance.loginClientCredentialsGrant(clientId, 'wrong')).rejects.toMatchObject({
    status: 400,
    response: { data: { error: 'invalid_client' } },
  })
})

describe('signed in', () => {
  beforeAll(() => platformClient.ApiClient.instance.loginClientCredentialsGrant(clientId, clientSecret))

  test('a line opens a conversation, and the same id is the same line', async () => {
    const body = { channel: channel('wamid.1'), text: 'Hello' }
    const first = await conversations.postConversationsMessageInboundOpenMessage(integrationId, body, prefetch)
    expect(first).toMatchObject({ type: 'Text', text: 'Hello', conversationId: expect.stringMatching(/^[0-9a-f-]{36}$/) })
    const again = await conversations.postConversationsMessageInboundOpenMessage(integrationId, body, prefetch)
    expect(again.id).toBe(first.id)
    expect(scene.simulator.heard(first.conversationId ?? '')).toHaveLength(1)
  })

  test('an agent answers, uploads a file, is told what became of it, and hangs up', async () => {
    const { id: conversationId = '' } = scene.simulator.conversationWith(integrationId, ada) ?? {}
    scene.simulator.answer(conversationId, 'Nora')
    const { participants = [] } = await conversations.getConversationsMessage(conversationId)
    const agent = participants.find(({ purpose }) => purpose === 'agent')
    expect(participants.map(({ purpose, state }) => [purpose, state])).toEqual([
      ['customer', 'connected'],
      ['acd', 'disconnected'],
      ['agent', 'connected'],
    ])
    const communicationId =
      scene.simulator.conversations[0]?.participants.find(({ id }) => id === agent?.id)?.communicationId ?? ''

    const bytes = Buffer.from('a picture')
    const upload = await conversations.postConversationsMessageCommunicationMessagesMediaUploads(
      conversationId,
      communicationId,
      {
        fileName: 'a.png',
        contentLengthBytes: bytes.length,
      },
    )
    await fetch(upload.uploadUrl ?? '', { method: 'PUT', body: bytes, headers: { 'content-type': 'image/png' } })
    const mediaId = upload.id ?? ''
    expect(
      await conversations.getConversationsMessageCommunicationMessagesMediaMediaId(conversationId, communicationId, mediaId),
    ).toMatchObject({
      status: 'valid',
    })
    const said = { textBody: 'Good morning', mediaIds: [mediaId] }
    const { id = '' } = await conversations.postConversationsMessageCommunicationMessages(conversationId, communicationId, said)
    await scene.clock.advance(1_000)
    expect(scene.receiver.received.at(-1)?.json).toMatchObject({
      id,
      text: 'Good morning',
      content: [{ attachment: { mediaType: 'Image', filename: 'a.png' } }],
    })

    const receipt = renderReceipt({ messageId: id, customer: ada, at: time(), status: 'read', final: true })
    const taken = await conversations.postConversationsMessageInboundOpenReceipt(integrationId, receipt as never)
    expect(taken).toMatchObject({ type: 'Receipt', status: 'Delivered', isFinalReceipt: true })
    expect(await conversations.getConversationsMessageDetails(id)).toMatchObject({
      direction: 'outbound',
      status: 'delivery-success',
      conversationId,
    })

    await conversations.postConversationDisconnect(conversationId)
    const after = await conversations.getConversationsMessage(conversationId)
    expect(after.participants?.every(({ state }) => state === 'disconnected')).toBe(true)
  })

  test('typing, choices and agentless texts are taken', async () => {
    await conversations.postConversationsMessageInboundOpenMessage(
      integrationId,
      { channel: channel('wamid.2'), text: 'Again' },
      prefetch,
    )
    const event = { channel: { from: ada, time: time() }, events: [{ eventType: 'Typing' }] }
    expect(await conversations.postConversationsMessageInboundOpenEvent(integrationId, event)).toMatchObject({ type: 'Event' })
    const choice = {
      channel: channel('wamid.3'),
      originatingMessageId: 'm1',
      buttonResponse: { type: 'QuickReply', text: 'Yes', payload: 'y' },
    }
    expect(await conversations.postConversationsMessageInboundOpenStructuredResponse(integrationId, choice)).toMatchObject({
      type: 'Structured',
    })
    const text = {
      fromAddress: integrationId,
      toAddress: ada.id,
      toAddressMessengerType: 'open',
      textBody: 'Reminder',
      useExistingActiveConversation: true,
    }
    expect(await conversations.postConversationsMessagesAgentless(text)).toMatchObject({
      messengerType: 'open',
      textBody: 'Reminder',
    })
    expect(scene.simulator.taken.slice(-4).map(({ kind }) => kind)).toEqual(['message', 'event', 'structured', 'agentless'])
  })

  test('what we render is taken as it is', async () => {
    const file = { id: 'f1', kind: 'audio' as const, url: 'https://files.example/1.ogg', mimeType: 'audio/ogg' }
    const line: CentreLine = {
      messageId: 'wamid.HBgL==',
      customer: { ...ada, name: 'Ada Lind' },
      at: time(),
      text: 'Grüße 👋',
      files: [file, { ...file, kind: 'file', fileName: 'a.pdf', caption: 'Read this', sha256: 'ab' }],
      attributes: { tenant: 't1', language: 'de' },
    }
    const rendered = renderLine(line, new Date(scene.clock.now()))
    const requests = 'requests' in rendered ? rendered.requests : expect.fail(rendered.refused.text)
    const { id: conversationId = '' } = scene.simulator.conversationWith(integrationId, ada) ?? {}
    for (const { body } of requests) {
      const answer = await conversations.postConversationsMessageInboundOpenMessage(integrationId, body as never, prefetch)
      expect(answer.conversationId).toBe(conversationId)
    }
    const heard = scene.simulator.heard(conversationId).slice(-2)
    expect(heard.map(({ providerId, text }) => [providerId, text])).toEqual([
      ['wamid.HBgL==', 'Grüße 👋'],
      ['wamid.HBgL==~2', undefined],
    ])
    expect(scene.simulator.conversationWith(integrationId, ada)).toMatchObject({
      attributes: { tenant: 't1', language: 'de' },
      customer: { firstName: 'Ada', lastName: 'Lind' },
    })
  })

  test('integrations are made in the background, changed and removed', async () => {
    const made = await conversations.postConversationsMessagingIntegrationsOpen({
      name: 'Second',
      outboundNotificationWebhookUrl: 'https://relay.example/webhooks/genesys/x',
      outboundNotificationWebhookSignatureSecretToken: 'more than fifteen characters',
      webhookHeaders: {},
    } as never)
    expect(made).toMatchObject({ createStatus: 'Initiated' })
    await scene.clock.advance(5_000)
    const id = made.id ?? ''
    expect(await conversations.getConversationsMessagingIntegrationsOpenIntegrationId(id)).toMatchObject({
      createStatus: 'Completed',
      recipient: { id: expect.any(String) },
    })
    expect(
      await conversations.patchConversationsMessagingIntegrationsOpenIntegrationId(id, { name: 'Renamed' } as never),
    ).toMatchObject({ name: 'Renamed' })
    const { entities = [] } = await conversations.getConversationsMessagingIntegrationsOpen()
    expect(entities.map(({ name }) => name)).toEqual(['Relay', 'Renamed'])
    await conversations.deleteConversationsMessagingIntegrationsOpenIntegrationId(id)
    await expect(conversations.getConversationsMessagingIntegrationsOpenIntegrationId(id)).rejects.toMatchObject({
      status: 404,
      code: 'not.found',
    })
  })

  test('errors have the API’s form', async () => {
    const bare = { channel: channel('wamid.9') }
    await expect(conversations.postConversationsMessageInboundOpenMessage(integrationId, bare, prefetch)).rejects.toMatchObject(
      {
        status: 400,
        code: 'bad.request',
        message: expect.stringContaining('should have required property'),
        contextId: expect.any(String),
      },
    )
    scene.simulator.faults.add({ times: 1, action: { kind: 'rateLimit', seconds: 9 } })
    await expect(conversations.getConversationsMessage('x')).rejects.toMatchObject({ status: 429, code: 'too.many.requests' })
  })
})
