import type { WhatsAppSimulator } from './index.ts'
import { tapsOf } from './taps.ts'
import { findTemplate, renderBody } from './template-check.ts'
import type { Customer, Delivery, Json, Thread, ThreadMessage } from './types.ts'
import type { World } from './world.ts'

export function customerView(customer: Customer): Json {
  return { ...customer, blocked: [...customer.blocked], marketingStopped: [...customer.marketingStopped] }
}

// The template's words as the customer sees them: header text, body with its parameters, footer.
function templateText(world: World, message: ThreadMessage): Json {
  if (message.type !== 'template') return {}
  const sent = (message.content.template ?? {}) as Json
  const wabaId = world.numbers.get(message.phoneNumberId)?.wabaId ?? ''
  const template = findTemplate(world, wabaId, sent.name, (sent.language as Json | undefined)?.code)
  if (!template) return {}
  const part = (type: string) => template.components.find((component) => component.type === type)?.text
  return { rendered: { header: part('HEADER'), body: renderBody(template, sent), footer: part('FOOTER') } }
}

export function messageView(world: World, message: ThreadMessage): Json {
  const { send: _send, ...rest } = message
  return { ...rest, ...templateText(world, message), taps: tapsOf(world, message) }
}

export function threadView(world: World, thread: Thread): Json {
  const { messages, ...rest } = thread
  const typing = (thread.typingUntil ?? 0) > world.clock.now()
  return { ...rest, typing, messages: messages.map((message) => messageView(world, message)) }
}

export function deliveryView(delivery: Delivery, withBody: boolean): Json {
  const { body, ...rest } = delivery
  return withBody ? { ...rest, body } : { ...rest, bytes: Buffer.byteLength(body) }
}

/** What the phone page needs to draw itself. No secrets and no tokens. */
export function stateView(simulator: WhatsAppSimulator): Json {
  const { world } = simulator
  return {
    now: world.clock.now(),
    apps: [...world.apps.values()].map(({ id, webhookUrl }) => ({ id, webhookUrl })),
    numbers: [...world.numbers.values()].map(({ phoneNumberId, displayPhoneNumber, verifiedName, wabaId }) => ({
      phoneNumberId,
      displayPhoneNumber,
      verifiedName,
      wabaId,
    })),
    customers: [...world.customers.values()].map(customerView),
    faults: simulator.faults.list(),
    accepted: world.accepted.length,
    deliveries: world.deliveries.length,
    undelivered: world.deliveries.filter((delivery) => delivery.acknowledgedAt === undefined && delivery.gaveUpAt === undefined)
      .length,
  }
}
