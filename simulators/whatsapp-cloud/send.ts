import { addCustomer, customerByPhone, customerByUserId, isOwnNumber, userIdOf } from './customers.ts'
import { GraphError } from './graph-errors.ts'
import { spendPairRate, spendThroughput, spendTier } from './limits.ts'
import { parseSend, type SendRequest } from './message-schema.ts'
import { wabaOf } from './numbers.ts'
import { linkFailure, mediaReferences, requireMediaIds } from './outgoing-media.ts'
import { sendPricing } from './pricing.ts'
import { advanceStatusNow, expectedReceipts, planDelivery, planStatuses, type StatusExtra } from './statuses.ts'
import { checkTemplateSend, needsPhone } from './template-check.ts'
import { addMessage, newWamid, threadOf, touch, windowIsOpen } from './threads.ts'
import type { BusinessNumber, Customer, Json, Template, ThreadMessage } from './types.ts'
import { keepNewest, type World } from './world.ts'

type Recipient = { input: string; byUserId: boolean; customer?: Customer; key: string }

function resolveRecipient(world: World, number: BusinessNumber, request: SendRequest): Recipient {
  if (request.recipientType === 'group') throw new GraphError(100, { details: 'The group does not exist.' })
  if (request.to !== undefined) {
    const digits = request.to.replace(/\D/g, '')
    if (digits.length < 5 || digits.length > 15)
      throw new GraphError(131009, { details: 'Parameter to is not a valid phone number.' })
    if (isOwnNumber(number, request.to))
      throw new GraphError(131021, { details: 'Recipient phone number cannot be the sender.' })
    const found = customerByPhone(world, digits)
    const customer =
      found ?? (world.settings.unknownRecipients === 'create' ? addCustomer(world, { phone: digits }) : undefined)
    return { input: request.to, byUserId: false, customer, key: customer?.id ?? digits }
  }
  const userId = request.recipient as string
  const customer = customerByUserId(world, wabaOf(world, number).portfolioId, userId)
  return { input: userId, byUserId: true, customer, key: customer?.id ?? userId }
}

// Reactions only to known messages younger than 30 days.
function requireReactionTarget(world: World, request: SendRequest): void {
  if (request.type !== 'reaction') return
  const target = world.messages.get(String(request.payload.message_id))
  if (!target || world.clock.now() - target.at > 30 * 86_400_000) {
    throw new GraphError(131009, {
      details: 'Parameter message_id is not valid. The message does not exist or is older than 30 days.',
    })
  }
}

type Draft = { number: BusinessNumber; request: SendRequest; recipient: Recipient; template?: Template }

/** What will become of the send after it was accepted; undefined when it arrives. */
function laterFailure(world: World, draft: Draft): StatusExtra | undefined {
  const { number, request, recipient, template } = draft
  const match = {
    phoneNumberId: number.phoneNumberId,
    recipient: recipient.customer?.phone ?? recipient.key,
    type: request.type,
  }
  const forced = world.faults.take(['statusFailed'], match)
  if (forced) return { code: forced.code }
  if (!recipient.customer) return { code: 131026, details: 'Message Undeliverable.' }
  const open = windowIsOpen(world, threadOf(world, number.phoneNumberId, recipient.key))
  if (!template && !open) return { code: 131047, details: outsideWindow }
  if (template?.category === 'MARKETING' && recipient.customer.marketingStopped.has(number.phoneNumberId))
    return { code: 131050 }
  if (template && !open && !spendTier(world, number, recipient.key)) return { code: 131048 }
  return undefined
}

const outsideWindow =
  'Message failed to send because more than 24 hours have passed since the customer last replied to this number.'

function refuseOutsideWindow(world: World, { number, recipient, template }: Draft): void {
  if (world.settings.windowRefusal === 'later' || template || !recipient.customer) return
  if (windowIsOpen(world, threadOf(world, number.phoneNumberId, recipient.key))) return
  throw new GraphError(131047, { details: outsideWindow })
}

function record(world: World, draft: Draft, body: Json): ThreadMessage {
  const { number, request, recipient } = draft
  const thread = threadOf(world, number.phoneNumberId, recipient.key)
  const at = world.clock.now()
  thread.typingUntil = undefined
  const message: ThreadMessage = {
    id: newWamid(world, recipient.customer?.waId ?? recipient.key.replace(/\D/g, '')),
    phoneNumberId: number.phoneNumberId,
    customerId: recipient.key,
    direction: 'out',
    type: request.type,
    content: { [request.type]: request.payload },
    at,
    contextId: request.contextId,
    status: 'accepted',
    reactions: {},
    send: {
      byUserId: recipient.byUserId,
      bizOpaque: request.bizOpaque,
      pricingSent: false,
      ...sendPricing(world, thread, draft.template),
    },
  }
  world.accepted.push({
    wamid: message.id,
    phoneNumberId: number.phoneNumberId,
    to: recipient.input,
    body,
    bizOpaque: request.bizOpaque,
    at,
  })
  keepNewest(world.accepted, world.settings.keepAccepted)
  if (request.type === 'reaction') react(world, request, message)
  else addMessage(world, message)
  return message
}

function react(world: World, request: SendRequest, message: ThreadMessage): void {
  const target = world.messages.get(String(request.payload.message_id))
  if (target) {
    target.reactions.business = request.payload.emoji ? String(request.payload.emoji) : undefined
    touch(world, target)
  }
  world.messages.set(message.id, message)
}

function responseOf(world: World, { number, recipient, template }: Draft, wamid: string): Json {
  const { customer, input, byUserId } = recipient
  const userId = customer ? userIdOf(customer, wabaOf(world, number).portfolioId) : undefined
  const waId = customer ? (byUserId && customer.numberHidden ? undefined : customer.waId) : byUserId ? undefined : recipient.key
  const contact = {
    input,
    ...(waId === undefined ? {} : { wa_id: waId }),
    ...(userId === undefined ? {} : { user_id: userId }),
  }
  return {
    messaging_product: 'whatsapp',
    contacts: [contact],
    messages: [{ id: wamid, ...(template ? { message_status: 'accepted' } : {}) }],
  }
}

function settle(world: World, message: ThreadMessage, failure: StatusExtra | undefined): void {
  // A failed send has one receipt: nothing to reorder.
  if (failure && message.send) message.send.held = undefined
  planStatuses(world, message, failure)
}

function plan(world: World, draft: Draft, message: ThreadMessage, failure: StatusExtra | undefined): void {
  if (failure || !mediaReferences(draft.request).some(({ link }) => link)) {
    settle(world, message, failure)
    return
  }
  // Fetched on the agenda, so that a virtual clock waits for it.
  world.agenda.in(0, async () => settle(world, message, await linkFailure(world, draft.request)))
}

async function planWithFaults(world: World, draft: Draft, message: ThreadMessage): Promise<void> {
  const { number, recipient, request } = draft
  const failure = laterFailure(world, draft)
  const match = {
    phoneNumberId: number.phoneNumberId,
    recipient: recipient.customer?.phone ?? recipient.key,
    type: request.type,
  }
  const reorder = world.faults.take(['reorderWebhooks'], match)?.order
  if (reorder === 'before_response') {
    await advanceStatusNow(world, message, failure ? 'failed' : 'sent', failure)
    if (!failure) planDelivery(world, message)
    return
  }
  if (reorder && message.send) message.send.held = { expected: expectedReceipts(world, message), order: reorder, changes: [] }
  plan(world, draft, message, failure)
}

/** Checks all that Meta checks before it accepts. Throws GraphError. */
function check(world: World, number: BusinessNumber, input: unknown): Draft {
  if (!number.registered) throw new GraphError(133010, { details: 'The phone number is not registered with the Cloud API.' })
  const request = parseSend(input)
  spendThroughput(world, number)
  const recipient = resolveRecipient(world, number, request)
  const template = request.type === 'template' ? checkTemplateSend(world, number.wabaId, request.payload) : undefined
  if (template && recipient.byUserId && needsPhone(template)) throw new GraphError(131062)
  requireMediaIds(world, number, request)
  requireReactionTarget(world, request)
  const draft = { number, request, recipient, template }
  refuseOutsideWindow(world, draft)
  spendPairRate(world, number, recipient.key)
  return draft
}

export type SendOutcome = { wamid: string; response: Json; recipient: string; type: string }

/** Accepts a send and plans its receipts. There is no idempotency: the same body twice is two messages. Throws GraphError. */
export async function acceptSend(world: World, number: BusinessNumber, body: Json): Promise<SendOutcome> {
  const draft = check(world, number, body)
  const message = record(world, draft, body)
  const response = responseOf(world, draft, message.id)
  await planWithFaults(world, draft, message)
  return { wamid: message.id, response, recipient: draft.recipient.key, type: draft.request.type }
}
