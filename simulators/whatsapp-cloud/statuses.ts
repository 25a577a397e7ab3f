import { contactOf, customerOf, identityOf } from './customers.ts'
import { webhookError } from './graph-errors.ts'
import { metadataOf, numberOf } from './numbers.ts'
import { canAdvance, threadOf, touch } from './threads.ts'
import type { Customer, Json, SendStatus, ThreadMessage } from './types.ts'
import { type Change, emitChange, emitChangeNow } from './webhooks.ts'
import { unixSeconds, type World } from './world.ts'

export type StatusExtra = { code?: number; details?: string }

function recipientOf(world: World, message: ThreadMessage): { customer?: Customer; keys: Json } {
  const customer = world.customers.get(message.customerId)
  if (!customer) {
    return { keys: message.send?.byUserId ? { recipient_user_id: message.customerId } : { recipient_id: message.customerId } }
  }
  const { waId, userId } = identityOf(world, numberOf(world, message.phoneNumberId), customer)
  // A business that wrote to the phone keeps seeing it, even when the customer hides it from others.
  const phone = message.send?.byUserId ? waId : customer.waId
  return { customer, keys: { ...(phone === undefined ? {} : { recipient_id: phone }), recipient_user_id: userId } }
}

// Pricing appears once per message; a conversation only for free entry points.
function pricingOf(message: ThreadMessage, status: SendStatus): Json {
  const facts = message.send
  if (!facts || facts.pricingSent || status === 'failed') return {}
  facts.pricingSent = true
  return { ...(facts.conversation ? { conversation: facts.conversation } : {}), pricing: facts.pricing }
}

function statusChange(world: World, message: ThreadMessage, status: SendStatus, extra: StatusExtra): Change {
  const number = numberOf(world, message.phoneNumberId)
  const { customer, keys } = recipientOf(world, message)
  const bizOpaque = message.send?.bizOpaque
  const body: Json = {
    id: message.id,
    status,
    timestamp: unixSeconds(world.clock.now()),
    ...keys,
    ...pricingOf(message, status),
    ...(bizOpaque === undefined ? {} : { biz_opaque_callback_data: bizOpaque }),
    ...(extra.code === undefined ? {} : { errors: [webhookError(extra.code, extra.details)] }),
  }
  const contacts =
    customer && status !== 'failed' ? { contacts: [contactOf(world, number, customer, { username: status !== 'sent' })] } : {}
  return {
    wabaId: number.wabaId,
    number,
    field: 'messages',
    value: { messaging_product: 'whatsapp', metadata: metadataOf(number), ...contacts, statuses: [body] },
    about: { recipient: customer?.phone ?? message.customerId, type: message.type, status },
  }
}

// Kept-back receipts leave 20 ms apart, which keeps the wrong order wrong whatever the webhook latency draws.
const heldGapMs = 20

function releaseHeld(world: World, message: ThreadMessage): void {
  const held = message.send?.held
  if (!held || held.changes.length < held.expected || !message.send) return
  message.send.held = undefined
  const ordered = held.order === 'reversed' ? held.changes.reverse() : world.random.order.shuffled(held.changes)
  const spread = world.settings.latency.webhook[1] + heldGapMs
  ordered.forEach((emit, index) => {
    world.agenda.in(index * spread, emit)
  })
}

function mark(world: World, message: ThreadMessage, status: SendStatus, extra: StatusExtra): void {
  message.status = status
  if (extra.code !== undefined) message.errorCode = extra.code
  touch(world, message)
}

/** Moves an outgoing message forward and tells the business; false when it was already further. */
export function advanceStatus(world: World, message: ThreadMessage, status: SendStatus, extra: StatusExtra = {}): boolean {
  if (!canAdvance(message, status)) return false
  mark(world, message, status, extra)
  const change = statusChange(world, message, status, extra)
  const held = message.send?.held
  if (held) {
    held.changes.push(() => emitChange(world, change))
    releaseHeld(world, message)
  } else emitChange(world, change)
  return true
}

/** As `advanceStatus`, but resolves only when the receiver has answered the first try. */
export async function advanceStatusNow(
  world: World,
  message: ThreadMessage,
  status: SendStatus,
  extra: StatusExtra = {},
): Promise<void> {
  if (!canAdvance(message, status)) return
  mark(world, message, status, extra)
  await emitChangeNow(world, statusChange(world, message, status, extra))
}

const draw = (world: World, of: 'sent' | 'delivered' | 'read') => world.random.latency.between(world.settings.latency[of])

const reaches = (customer: Customer, phoneNumberId: string) => customer.online && !customer.blocked.has(phoneNumberId)

/** What follows `sent`: delivered, then read when the customer reads by itself; straight to read in an open chat. */
export function planDelivery(world: World, message: ThreadMessage): void {
  const customer = world.customers.get(message.customerId)
  if (!customer || !reaches(customer, message.phoneNumberId)) return
  world.agenda.in(draw(world, 'delivered'), () => {
    if (!reaches(customer, message.phoneNumberId)) return
    if (customer.openChat === message.phoneNumberId && customer.readReceipts) {
      advanceStatus(world, message, 'read')
      return
    }
    advanceStatus(world, message, 'delivered')
    if (customer.autoRead && customer.readReceipts) {
      world.agenda.in(draw(world, 'read'), () => {
        advanceStatus(world, message, 'read')
      })
    }
  })
}

/** How many receipts a send will get by itself: what a reordering fault has to wait for. */
export function expectedReceipts(world: World, message: ThreadMessage): number {
  const customer = world.customers.get(message.customerId)
  if (!customer || !reaches(customer, message.phoneNumberId)) return 1
  if (customer.openChat === message.phoneNumberId && customer.readReceipts) return 2
  return customer.autoRead && customer.readReceipts ? 3 : 2
}

/** Sent, and what follows; or failed with `failure`. */
export function planStatuses(world: World, message: ThreadMessage, failure: StatusExtra | undefined): void {
  world.agenda.in(draw(world, 'sent'), () => {
    if (failure) {
      advanceStatus(world, message, 'failed', failure)
      return
    }
    advanceStatus(world, message, 'sent')
    planDelivery(world, message)
  })
}

/** The customer opens the chat: all that arrived becomes read (if the customer shows that at all). Returns how many. */
export function customerReads(world: World, customerKey: string, phoneNumberId: string): number {
  const customer = customerOf(world, customerKey)
  if (!customer.readReceipts) return 0
  const { messages } = threadOf(world, phoneNumberId, customer.id)
  const unread = messages.filter((message) => message.direction === 'out' && message.status === 'delivered')
  return unread.filter((message) => advanceStatus(world, message, 'read')).length
}

/** The customer listens to a voice message. */
export function customerPlays(world: World, messageId: string): boolean {
  const message = world.messages.get(messageId)
  return message?.type === 'audio' && advanceStatus(world, message, 'played')
}

/** Messages that waited for the phone to come back. */
export function deliverWaiting(world: World, customer: Customer): void {
  for (const thread of world.threads.values()) {
    if (thread.customerId !== customer.id) continue
    for (const message of thread.messages) if (message.status === 'sent') planDelivery(world, message)
  }
}
