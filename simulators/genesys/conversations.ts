import { notFound } from './api-error.ts'
import type { Conversation, Customer, Integration, Json, Message, Participant } from './types.ts'
import { isoTime, newUuid, type World } from './world.ts'

export const touch = (conversation: Conversation): void => {
  conversation.revision++
}

export function conversationOf(world: World, id: string): Conversation {
  const conversation = world.conversations.get(id)
  if (!conversation) throw notFound('conversation', id)
  return conversation
}

const openKey = (integrationId: string, { id, idType }: Pick<Customer, 'id' | 'idType'>) => `${integrationId}:${idType}:${id}`

/** The thread that is open with this customer; the same id under another kind is somebody else. */
export const openConversation = (
  world: World,
  integrationId: string,
  customer: Pick<Customer, 'id' | 'idType'>,
): Conversation | undefined => world.open.get(openKey(integrationId, customer))

export function beginConversation(world: World, integration: Integration, customer: Customer): Conversation {
  const conversation: Conversation = {
    id: newUuid(world.random.ids),
    integrationId: integration.id,
    customer,
    startedAt: world.clock.now(),
    participants: [],
    messages: [],
    attributes: {},
    undeliverable: false,
    revision: 1,
  }
  world.conversations.set(conversation.id, conversation)
  const key = openKey(integration.id, customer)
  // A text without an agent has a conversation beside the one that is open.
  if (!world.open.has(key)) world.open.set(key, conversation)
  addParticipant(world, conversation, 'customer', customer.nickname ?? customer.id, 'connected')
  // Without a flow on its recipient nothing is routed: the line waits where nobody sees it.
  if (integration.flowId !== undefined) addParticipant(world, conversation, 'acd', 'Queue', 'connected')
  return conversation
}

export function addParticipant(
  world: World,
  conversation: Conversation,
  purpose: Participant['purpose'],
  name: string,
  state: Participant['state'],
  userId?: string,
): Participant {
  const participant: Participant = {
    id: newUuid(world.random.ids),
    purpose,
    name,
    communicationId: newUuid(world.random.ids),
    state,
    connectedAt: world.clock.now(),
    ...(userId ? { userId } : {}),
  }
  conversation.participants.push(participant)
  touch(conversation)
  return participant
}

export function endParticipant(world: World, participant: Participant, how: Participant['disconnectType']): void {
  if (participant.state === 'disconnected') return
  Object.assign(participant, { state: 'disconnected', disconnectType: how, endedAt: world.clock.now() })
}

/** All parts end; there is no webhook that says so. A later line of the customer begins another conversation. */
export function endConversation(world: World, conversation: Conversation, how: Participant['disconnectType'] = 'peer'): void {
  if (conversation.endedAt !== undefined) return
  for (const participant of conversation.participants) endParticipant(world, participant, how)
  conversation.endedAt = world.clock.now()
  const key = openKey(conversation.integrationId, conversation.customer)
  if (world.open.get(key) === conversation) world.open.delete(key)
  touch(conversation)
}

export function addMessage(
  world: World,
  conversation: Conversation,
  given: Pick<Message, 'direction' | 'from' | 'author' | 'type' | 'content'> & Partial<Message>,
): Message {
  const id = world.random.ids.hex(32)
  const message: Message = {
    id,
    integrationId: conversation.integrationId,
    conversationId: conversation.id,
    providerId: id,
    at: world.clock.now(),
    receipts: [],
    ...given,
  }
  conversation.messages.push(message)
  world.messages.set(id, message)
  touch(conversation)
  return message
}

/** `GET /api/v2/conversations/messages/{id}`. */
export function conversationView(conversation: Conversation): Json {
  return {
    id: conversation.id,
    participants: conversation.participants.map((participant) => participantView(conversation, participant)),
    messagesTranscriptUri: `/api/v2/conversations/${conversation.id}/messages`,
    selfUri: `/api/v2/conversations/messages/${conversation.id}`,
  }
}

function participantView(conversation: Conversation, participant: Participant): Json {
  const { id, purpose, name, state, disconnectType, endedAt, connectedAt, communicationId, userId } = participant
  const times = { connectedTime: isoTime(connectedAt), ...(endedAt === undefined ? {} : { endTime: isoTime(endedAt) }) }
  const ended = disconnectType ? { disconnectType } : {}
  return {
    id,
    purpose,
    name,
    state,
    ...times,
    ...ended,
    ...(userId ? { user: { id: userId } } : {}),
    attributes: purpose === 'customer' ? conversation.attributes : {},
    messages: [{ id: communicationId, state, ...times, ...ended, direction: 'inbound', type: 'open', provider: 'Open' }],
  }
}

const statuses: Record<string, string> = { Delivered: 'delivery-success', Failed: 'delivery-failed', Published: 'published' }

/** `GET /api/v2/conversations/messages/{id}/details`. */
export function messageView(world: World, id: string): Json {
  const message = world.messages.get(id)
  if (!message) throw notFound('message', id)
  const conversation = conversationOf(world, message.conversationId)
  const isInbound = message.direction === 'inbound'
  const ends = [conversation.customer.id, message.integrationId]
  const [fromAddress, toAddress] = isInbound ? ends : ends.reverse()
  return {
    id,
    providerMessageId: message.providerId,
    timestamp: isoTime(message.at),
    direction: message.direction,
    messengerType: 'open',
    fromAddress,
    toAddress,
    textBody: message.text,
    status: statuses[message.receipts.at(-1)?.status ?? ''] ?? (isInbound ? 'received' : 'sent'),
    normalizedMessage: normalized(world, conversation, message),
    normalizedReceipts: message.receipts.map(({ status, final, reasons }) => ({
      type: 'Receipt',
      status,
      isFinalReceipt: final,
      reasons,
    })),
    conversationId: conversation.id,
  }
}

/** The body of a message as webhooks and answers have it. */
export function normalized(world: World, conversation: Conversation, message: Message): Json {
  const integration = world.integrations.get(conversation.integrationId)
  const { customer } = conversation
  const relay = { nickname: integration?.name, id: conversation.integrationId, idType: 'Opaque' }
  const person = { id: customer.id, idType: customer.idType }
  const [from, to] = message.direction === 'inbound' ? [{ ...customer }, { id: relay.id }] : [relay, person]
  return {
    id: message.id,
    channel: {
      id: conversation.integrationId,
      platform: 'Open',
      type: 'Private',
      messageId: message.providerId,
      to,
      from,
      time: isoTime(message.at),
    },
    type: message.type,
    ...(message.text === undefined ? {} : { text: message.text }),
    content: message.content,
    ...(message.direction === 'outbound' ? { originatingEntity: message.from === 'bot' ? 'Bot' : 'Human' } : {}),
    direction: message.direction === 'inbound' ? 'Inbound' : 'Outbound',
    conversationId: conversation.id,
  }
}
