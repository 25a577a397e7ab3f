import { agentIn } from './agents.ts'
import type { GenesysSimulator } from './index.ts'
import type { Conversation, Delivery, Json, Message } from './types.ts'
import type { World } from './world.ts'

const lastLine = ({ messages }: Conversation): string => {
  const last = messages.at(-1)
  if (!last) return ''
  return (
    last.text ?? (last.content[0]?.contentType === 'Attachment' ? 'Attachment' : String(last.content[0]?.contentType ?? ''))
  )
}

/** Lines of the customer that nobody has answered. */
const waiting = ({ messages, endedAt }: Conversation): number =>
  endedAt === undefined ? messages.length - 1 - messages.findLastIndex(({ direction }) => direction === 'outbound') : 0

export function conversationSummary(world: World, conversation: Conversation): Json {
  const { id, integrationId, customer, startedAt, endedAt, revision } = conversation
  return {
    id,
    integrationId,
    customer,
    startedAt,
    endedAt,
    revision,
    agent: agentIn(conversation)?.name,
    at: conversation.messages.at(-1)?.at ?? startedAt,
    last: lastLine(conversation),
    waiting: waiting(conversation),
    typing: (conversation.customerTypingUntil ?? 0) > world.clock.now(),
  }
}

export function conversationDetail(world: World, conversation: Conversation): Json {
  return {
    ...conversationSummary(world, conversation),
    participants: conversation.participants,
    attributes: conversation.attributes,
    messages: conversation.messages.map((message) => messageDetail(world, message)),
  }
}

function messageDetail(world: World, message: Message): Json {
  const delivery = world.deliveries.find(({ id }) => id === message.deliveryId)
  return { ...message, ...(delivery ? { delivery: deliveryView(delivery, false) } : {}) }
}

export function deliveryView(delivery: Delivery, withBody: boolean): Json {
  const { body, ...rest } = delivery
  return withBody ? { ...rest, body } : { ...rest, bytes: Buffer.byteLength(body) }
}

/** What the agents' page needs to draw itself. No secrets and no tokens. */
export function stateView({ world }: GenesysSimulator): Json {
  return {
    now: world.clock.now(),
    integrations: [...world.integrations.values()].map(({ id, name, webhookUrl }) => ({ id, name, webhookUrl })),
    agents: [...world.agents.values()],
    conversations: [...world.conversations.values()].map((conversation) => conversationSummary(world, conversation)),
    faults: world.faults.list(),
    scripts: world.scripts,
    taken: world.taken.length,
    signIns: world.counters.signIns,
    deliveries: world.deliveries.length,
    undelivered: world.deliveries.filter(
      ({ acknowledgedAt, gaveUpAt }) => acknowledgedAt === undefined && gaveUpAt === undefined,
    ).length,
  }
}
