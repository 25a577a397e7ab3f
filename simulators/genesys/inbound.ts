import { badRequest, notFound } from './api-error.ts'
import { addMessage, beginConversation, conversationOf, normalized, openConversation, touch } from './conversations.ts'
import { fetchFile } from './files.ts'
import type { EventBody, MessageBody, ReceiptBody, StructuredBody } from './inbound-schema.ts'
import { integrationOf } from './integrations.ts'
import { runScripts } from './scripts.ts'
import type { Conversation, Customer, Integration, Json, Message, Taken } from './types.ts'
import { type Notice, notify, notifyNow } from './webhooks.ts'
import { isoTime, type World } from './world.ts'

/** Typing of a customer is shown so long. */
const customerTypingMs = 6_000

export type Options = { prefetch: boolean; webhookFirst: boolean }

export async function takeMessage(world: World, integrationId: string, body: MessageBody, options: Options): Promise<Json> {
  if (!body.text && !body.content?.length)
    throw badRequest("should have required property 'content' or should have required property 'text'")
  const more = { text: body.text, content: (body.content ?? []) as Json[] }
  const message = await take(world, integrationId, 'message', body, more, options)
  const {
    direction: _direction,
    conversationId,
    ...answer
  } = normalized(world, conversationOf(world, message.conversationId), message)
  // Known at once only where it was asked for, and where the flow was quick enough.
  return options.prefetch ? { ...answer, conversationId } : answer
}

export async function takeStructured(
  world: World,
  integrationId: string,
  body: StructuredBody,
  options: Options,
): Promise<Json> {
  const { buttonResponse, originatingMessageId } = body
  const more = { text: buttonResponse.text, content: [], buttonResponse: buttonResponse as Json, originatingMessageId }
  const message = await take(world, integrationId, 'structured', body, more, options)
  const conversation = conversationOf(world, message.conversationId)
  const { text: _text, conversationId: _id, ...answer } = normalized(world, conversation, message)
  return { ...answer, type: 'Structured', content: [{ contentType: 'ButtonResponse', buttonResponse }] }
}

type Said = Pick<Message, 'text' | 'content' | 'buttonResponse' | 'originatingMessageId'>

/** A messageId that was taken before is answered as then, and nothing happens. */
async function take(
  world: World,
  integrationId: string,
  kind: 'message' | 'structured',
  body: MessageBody | StructuredBody,
  said: Said,
  options: Options,
): Promise<Message> {
  const integration = integrationOf(world, integrationId)
  const { from, messageId, metadata } = body.channel
  const known = world.byProviderId.get(`${integrationId}:${messageId}`)
  if (known) {
    note(world, { kind, integrationId, messageId, conversationId: known.conversationId, repeated: true, body })
    return known
  }
  const customer: Customer = from
  const open = openConversation(world, integrationId, customer)
  const conversation = open ?? beginConversation(world, integration, customer)
  Object.assign(conversation.customer, customer)
  Object.assign(conversation.attributes, metadata?.customAttributes)
  conversation.customerTypingUntil = undefined
  const author = customer.nickname ?? customer.id
  const message = addMessage(world, conversation, {
    direction: 'inbound',
    from: 'customer',
    author,
    type: 'Text',
    providerId: messageId,
    ...said,
  })
  world.byProviderId.set(`${integrationId}:${messageId}`, message)
  note(world, { kind, integrationId, messageId, conversationId: conversation.id, repeated: false, body })
  fetchFile(world, message)
  await publish(world, integration, conversation, message, options)
  runScripts(world, conversation, message, open === undefined)
  return message
}

/** Tells that the line has reached the contact centre. */
async function publish(
  world: World,
  integration: Integration,
  conversation: Conversation,
  message: Message,
  { webhookFirst }: Options,
): Promise<void> {
  if (!world.settings.publishReceipts) return
  const notice: Notice = {
    integration,
    conversation,
    kind: 'Receipt',
    body: {
      ...withoutContent(normalized(world, conversation, message)),
      type: 'Receipt',
      status: 'Published',
      reasons: [],
      isFinalReceipt: true,
    },
    onAcknowledged: () => {
      message.receipts.push({ status: 'Published', at: world.clock.now(), reasons: [], final: true })
      touch(conversation)
    },
  }
  if (webhookFirst) await notifyNow(world, notice)
  else notify(world, notice)
}

const withoutContent = ({ text: _text, content: _content, ...rest }: Json): Json => rest

export function takeReceipt(world: World, integrationId: string, body: ReceiptBody): Json {
  const integration = integrationOf(world, integrationId)
  const message = world.messages.get(body.id)
  if (message?.integrationId !== integration.id || message.direction !== 'outbound') throw notFound('message', body.id)
  const conversation = conversationOf(world, message.conversationId)
  if (conversation.customer.id !== body.channel.to.id)
    throw badRequest('The recipient is not that of the message.', 'invalid.value')
  if (body.status === 'Failed' && body.reasons.length === 0)
    throw badRequest('A Failed receipt needs reasons.', 'invalid.value')
  const isLate = message.receipts.some((receipt) => receipt.final)
  note(world, { kind: 'receipt', integrationId, conversationId: conversation.id, messageId: body.id, repeated: isLate, body })
  if (!isLate) {
    message.receipts.push({ status: body.status, at: world.clock.now(), reasons: body.reasons, final: body.isFinalReceipt })
    touch(conversation)
  }
  const { text: _text, content: _content, ...rest } = normalized(world, conversation, message)
  return { ...rest, type: 'Receipt', status: body.status, reasons: body.reasons, isFinalReceipt: body.isFinalReceipt }
}

export function takeEvent(world: World, integrationId: string, body: EventBody): Json {
  const integration = integrationOf(world, integrationId)
  const conversation = openConversation(world, integration.id, body.channel.from)
  note(world, { kind: 'event', integrationId, conversationId: conversation?.id, repeated: false, body })
  if (conversation) {
    conversation.customerTypingUntil = world.clock.now() + customerTypingMs
    touch(conversation)
  }
  return {
    id: world.random.ids.hex(32),
    channel: {
      ...body.channel,
      id: integration.id,
      platform: 'Open',
      type: 'Private',
      to: { id: integration.id },
      time: isoTime(world.clock.now()),
    },
    type: 'Event',
    events: body.events,
  }
}

export function note(world: World, taken: Omit<Taken, 'at' | 'body'> & { body: object }): void {
  world.taken.push({ ...taken, body: taken.body as Json, at: world.clock.now() })
}
