import { contactOf, customerOf, identityOf } from './customers.ts'
import { webhookError } from './graph-errors.ts'
import { storeMedia, webhookMedia } from './media.ts'
import { displayDigits, metadataOf, numberOf } from './numbers.ts'
import { addMessage, newWamid, threadOf, touch } from './threads.ts'
import type { BusinessNumber, Customer, Json, ThreadMessage } from './types.ts'
import { emitChange } from './webhooks.ts'
import { hourMs, unixSeconds, type World } from './world.ts'

export type MediaSend = {
  bytes: Uint8Array
  mimeType: string
  filename?: string
  caption?: string
  /** audio: a voice note */
  voice?: boolean
  /** sticker */
  animated?: boolean
}

/** One message by a customer. `text` alone makes a text; otherwise `type` and its `payload`, or `media`. */
export type CustomerSend = {
  /** id, phone or WhatsApp id of the customer */
  from: string
  /** phone_number_id */
  to: string
  text?: string
  /** As Meta names it: text, image, audio, video, document, sticker, location, contacts, button, interactive, order, … */
  type?: string
  /** Goes under the key named by the type, as it is. */
  payload?: unknown
  media?: MediaSend
  /** wamid that is quoted */
  replyTo?: string
  forwarded?: boolean | 'frequently'
  referredProduct?: { catalog_id: string; product_retailer_id: string }
  /** Click-to-WhatsApp ad; opens a 72 h free entry point. */
  referral?: Json
  /** Further keys of the message, such as `errors` or `identity`. */
  extra?: Json
  /** Further keys of the change's value, such as value-level `errors`. */
  valueExtra?: Json
}

const freeEntryMs = 72 * hourMs

// Types whose payload may be left out, and what stands in the message instead.
const withoutPayload: Record<string, () => Json> = {
  request_welcome: () => ({}),
  unsupported: () => ({ errors: [webhookError(131051, 'Message type is currently not supported.')] }),
}

function mediaPayload(world: World, send: CustomerSend, media: MediaSend): Json {
  const item = storeMedia(world, { phoneNumberId: send.to, ...media })
  return {
    ...webhookMedia(world, item),
    ...(media.caption === undefined ? {} : { caption: media.caption }),
    ...(send.type === 'audio' ? { voice: media.voice ?? false } : {}),
    ...(send.type === 'sticker' ? { animated: media.animated ?? false } : {}),
  }
}

function contentOf(world: World, send: CustomerSend, type: string): Json {
  if (send.media) return { [type]: mediaPayload(world, { ...send, type }, send.media) }
  if (send.payload !== undefined) return { [type]: send.payload }
  if (type === 'text') return { text: { body: send.text ?? '' } }
  return withoutPayload[type]?.() ?? {}
}

function contextOf(world: World, number: BusinessNumber, send: CustomerSend): Json {
  const context: Json = {}
  if (send.replyTo !== undefined) {
    const quoted = world.messages.get(send.replyTo)
    const quotedCustomer = quoted?.direction === 'in' ? world.customers.get(quoted.customerId) : undefined
    const from = quotedCustomer ? identityOf(world, number, quotedCustomer).waId : displayDigits(number)
    Object.assign(context, from === undefined ? {} : { from }, { id: send.replyTo })
  }
  if (send.forwarded === true) context.forwarded = true
  if (send.forwarded === 'frequently') context.frequently_forwarded = true
  if (send.referredProduct) context.referred_product = send.referredProduct
  return Object.keys(context).length === 0 ? {} : { context }
}

// A reaction, edit or revoke changes an earlier message instead of adding one.
const effects: Record<string, (world: World, payload: Json) => void> = {
  reaction(world, payload) {
    const target = world.messages.get(String(payload.message_id))
    if (!target) return
    target.reactions.customer = payload.emoji ? String(payload.emoji) : undefined
    touch(world, target)
  },
  edit(world, payload) {
    const target = world.messages.get(String(payload.original_message_id))
    const { type, context: _context, ...content } = (payload.message ?? {}) as Json
    if (!target || typeof type !== 'string') return
    Object.assign(target, { content, edited: true })
    touch(world, target)
  },
  revoke(world, payload) {
    const target = world.messages.get(String(payload.original_message_id))
    if (!target) return
    target.revoked = true
    touch(world, target)
  },
}

function remember(
  world: World,
  customer: Customer,
  send: CustomerSend,
  message: { id: string; type: string; content: Json },
): ThreadMessage {
  const thread = threadOf(world, send.to, customer.id)
  const now = world.clock.now()
  thread.lastCustomerMessageAt = now
  if (send.referral) thread.freeEntryUntil = now + freeEntryMs
  const kept: ThreadMessage = {
    ...message,
    phoneNumberId: send.to,
    customerId: customer.id,
    direction: 'in',
    at: now,
    contextId: send.replyTo,
    reactions: {},
  }
  const effect = effects[message.type]
  if (!effect) return addMessage(world, kept)
  effect(world, (message.content[message.type] ?? {}) as Json)
  return kept
}

/** A customer sends a message. Returns its wamid; the webhook follows after the webhook latency, unless the business blocked it. */
export function customerSends(world: World, send: CustomerSend): string {
  const number = numberOf(world, send.to)
  const customer = customerOf(world, send.from)
  const type = send.type ?? (send.media ? 'document' : 'text')
  const id = newWamid(world, customer.waId)
  const content = contentOf(world, send, type)
  const { waId, userId } = identityOf(world, number, customer)
  const message: Json = {
    ...contextOf(world, number, send),
    ...(send.referral ? { referral: send.referral } : {}),
    ...(waId === undefined ? {} : { from: waId }),
    from_user_id: userId,
    id,
    timestamp: unixSeconds(world.clock.now()),
    type,
    ...content,
    ...send.extra,
  }
  const kept = remember(world, customer, send, { id, type, content })
  if (number.blocked.has(customer.id)) return id
  emitChange(world, {
    wabaId: number.wabaId,
    number,
    field: 'messages',
    value: {
      messaging_product: 'whatsapp',
      metadata: metadataOf(number),
      contacts: [contactOf(world, number, customer)],
      messages: [message],
      ...send.valueExtra,
    },
    about: { recipient: customer.phone, type },
    onAcknowledged() {
      kept.acknowledged = true
      touch(world, kept)
    },
  })
  return id
}
