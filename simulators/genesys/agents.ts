import { ApiError } from './api-error.ts'
import {
  addMessage,
  addParticipant,
  conversationOf,
  endConversation,
  endParticipant,
  normalized,
  touch,
} from './conversations.ts'
import { integrationOf } from './integrations.ts'
import type { Agent, Conversation, Json, Message, Participant } from './types.ts'
import { notify } from './webhooks.ts'
import { isoTime, newUuid, type World } from './world.ts'

export function addAgent(world: World, name: string, id = newUuid(world.random.ids)): Agent {
  const agent = { id, name }
  world.agents.set(id, agent)
  return agent
}

/** The agent of a conversation that is talking now. */
export const agentIn = (conversation: Conversation): Participant | undefined =>
  conversation.participants.findLast(({ purpose, state }) => purpose === 'agent' && state === 'connected')

function agentNamed(world: World, idOrName: string | undefined): Agent {
  const agents = [...world.agents.values()]
  const wanted = idOrName === undefined ? agents[0] : agents.find(({ id, name }) => id === idOrName || name === idOrName)
  return wanted ?? addAgent(world, idOrName ?? 'Agent')
}

/** A bot or a queue steps back when an agent answers. */
function leaveQueue(world: World, conversation: Conversation): void {
  for (const participant of conversation.participants)
    if (participant.purpose === 'acd' || participant.purpose === 'workflow') endParticipant(world, participant, 'transfer')
}

/** Takes the conversation from the queue; the one who is in it already stays. */
export function answer(world: World, conversationId: string, agent?: string): Participant {
  const conversation = open(world, conversationId)
  const there = agentIn(conversation)
  if (there && (agent === undefined || there.name === agent || there.userId === agent)) return there
  if (there) endParticipant(world, there, 'transfer')
  leaveQueue(world, conversation)
  const { id, name } = agentNamed(world, agent)
  return addParticipant(world, conversation, 'agent', name, 'connected', id)
}

/** To another agent; the customer's part goes on. */
export const transfer = (world: World, conversationId: string, to: string): Participant => answer(world, conversationId, to)

export type Said = { text?: string; content?: Json[]; from?: 'agent' | 'bot' }

/** What an agent (or, before one is there, a flow) says goes to the integration's address. */
export function say(world: World, conversationId: string, said: Said): Message {
  const conversation = open(world, conversationId)
  const isBot = said.from === 'bot'
  const author = isBot ? 'Flow' : answer(world, conversationId, agentIn(conversation)?.name).name
  return deliver(world, conversation, { ...said, author, from: isBot ? 'bot' : 'agent' })
}

/** An outbound message; agentless ones have no agent. */
export function deliver(
  world: World,
  conversation: Conversation,
  said: Said & { author: string; from: 'agent' | 'bot' },
): Message {
  const content = said.content ?? []
  const isStructured = content.some(({ contentType }) => contentType !== 'Attachment')
  const message = addMessage(world, conversation, {
    direction: 'outbound',
    from: said.from,
    author: said.author,
    type: isStructured ? 'Structured' : 'Text',
    content,
    ...(said.text ? { text: said.text } : {}),
  })
  const fail = (text: string) => {
    message.receipts.push({
      status: 'Failed',
      at: world.clock.now(),
      reasons: [{ code: 'GeneralError', message: text }],
      final: true,
    })
    touch(conversation)
  }
  if (conversation.undeliverable) fail('Delivery of this conversation has ended.')
  else {
    const notice = { integration: integrationOf(world, conversation.integrationId), conversation, kind: message.type }
    const body = { ...normalized(world, conversation, message), reasons: [], relatedMessages: [] }
    message.deliveryId = notify(world, {
      ...notice,
      body,
      onAcknowledged: () => touch(conversation),
      onFailed: () => fail('The webhook did not take it.'),
    }).id
  }
  return message
}

/** Genesys' page sends it every few seconds while somebody types. */
export function type(world: World, conversationId: string, ms = 5_000): void {
  const conversation = open(world, conversationId)
  const integration = integrationOf(world, conversation.integrationId)
  const { customer } = conversation
  notify(world, {
    integration,
    conversation,
    kind: 'Event',
    body: {
      id: world.random.ids.hex(32),
      channel: {
        id: integration.id,
        platform: 'Open',
        type: 'Private',
        to: { id: customer.id, idType: customer.idType },
        from: { nickname: integration.name, id: integration.id, idType: 'Opaque' },
        time: isoTime(world.clock.now()),
      },
      type: 'Event',
      events: [{ eventType: 'Typing', typing: { type: 'On', duration: ms } }],
      direction: 'Outbound',
      conversationId,
    },
  })
}

export const hangUp = (world: World, conversationId: string): void =>
  endConversation(world, conversationOf(world, conversationId), 'client')

function open(world: World, conversationId: string): Conversation {
  const conversation = conversationOf(world, conversationId)
  if (conversation.endedAt !== undefined)
    throw new ApiError(400, 'conversation.ended', `The conversation ${conversationId} has ended.`)
  return conversation
}
