/** One element of `messages[]` or `message_echoes[]` → a message, and for a changed number or id also who became whom. */

import { id, instant, type Json, list, member, present, record, rest, string } from '../../kernel/read.ts'
import type { InboundEvent, MessageEvent, Person } from '../../ports/channel.ts'
import { type Content, readContent } from './parse-content.ts'
import { type ChangeContext, unreadable } from './parse-context.ts'
import { systemIdentityEvents } from './parse-identity.ts'
import { contactOf, type Ids, identityText, personOf } from './parse-person.ts'

/** Limit of message_tracking.wamid. The provider's ids are base64 text and pass 100 characters. */
export const MAX_EXTERNAL_ID = 512

// What is read into fields of its own; every other key of a message is kept under metadata.extra.
const knownKeys = new Set(
  (
    'from from_user_id from_parent_user_id to to_user_id to_parent_user_id group_id id timestamp type context referral ' +
    'identity errors text image video document audio sticker location contacts button interactive reaction order system ' +
    'edit revoke unsupported request_welcome'
  ).split(' '),
)
const knownValueKeys = new Set('messaging_product metadata contacts messages message_echoes statuses errors'.split(' '))

export function parseMessage(ctx: ChangeContext, item: unknown, direction: MessageEvent['direction']): InboundEvent[] {
  const message = record(item)
  if (!message) return [unreadable(ctx, 'A message is not an object.', item)]
  const externalId = id(message.id, MAX_EXTERNAL_ID)
  if (externalId === undefined) return [unreadable(ctx, 'A message has no usable id.', item)]
  if (ctx.account === null) return [unreadable(ctx, 'It does not say which number a message came to.', item)]
  const person = direction === 'inbound' ? sender(ctx, message) : addressee(ctx, message)
  if (!person) return [unreadable(ctx, 'It does not say whom a message is from.', item)]

  const occurredAt = instant(message.timestamp, ctx.time)
  const content = readContent(message, errorsOf(ctx, message))
  const replyTo = content.replyTo ?? id(member(message.context, 'id'), MAX_EXTERNAL_ID)
  const event: MessageEvent = {
    kind: 'message',
    account: ctx.account,
    occurredAt,
    direction,
    externalId,
    person,
    type: content.type,
    text: content.text,
    body: content.body,
    media: content.media,
    ...(replyTo === undefined ? {} : { replyTo }),
    opensWindow: opens(content, direction, message),
    conversational: content.conversational,
    metadata: metadata(ctx, message),
  }
  return direction === 'inbound' ? [event, ...systemIdentityEvents(ctx.account, occurredAt, message, person)] : [event]
}

/** A line in a group opens nothing between the business and that member alone. */
const opens = (content: Content, direction: MessageEvent['direction'], message: Json): boolean =>
  direction === 'inbound' && content.opensWindow && string(message.group_id) === undefined

const sender = (ctx: ChangeContext, message: Json): Person | undefined => personOf(side(message, 'from'), ctx.contacts)

/** The customer of an echo is whom it went to; some bodies have the two sides the other way round. */
function addressee(ctx: ChangeContext, message: Json): Person | undefined {
  const to = side(message, 'to')
  const isOwn = to.waId !== undefined && to.waId === ctx.ownNumber
  return personOf(isOwn ? side(message, 'from') : to, ctx.contacts)
}

const side = (message: Json, name: 'from' | 'to'): Ids => ({
  waId: identityText(message[name]),
  userId: identityText(message[`${name}_user_id`]),
})

const errorsOf = (ctx: ChangeContext, message: Json): unknown[] =>
  list(message.errors).length > 0 ? list(message.errors) : list(ctx.value.errors)

/**
 * forwarded 'once' | 'often'; product (asked about), referral (the ad), identity, errors (the message's own), valueErrors
 * (beside it), groupId, parentUserId; extra and valueExtra: keys that are not known here. All as they came.
 */
function metadata(ctx: ChangeContext, message: Json): Json {
  const often = member(message.context, 'frequently_forwarded') === true
  const once = member(message.context, 'forwarded') === true
  return present({
    forwarded: often ? 'often' : once ? 'once' : undefined,
    product: member(message.context, 'referred_product'),
    referral: message.referral,
    identity: message.identity,
    errors: message.errors,
    valueErrors: ctx.value.errors,
    groupId: string(message.group_id),
    parentUserId: string(message.from_parent_user_id) ?? string(message.to_parent_user_id) ?? parentOf(ctx, message),
    extra: rest(message, knownKeys, string(message.type) ?? ''),
    valueExtra: rest(ctx.value, knownValueKeys),
  })
}

const parentOf = (ctx: ChangeContext, message: Json): string | undefined =>
  (contactOf(side(message, 'from'), ctx.contacts) ?? contactOf(side(message, 'to'), ctx.contacts))?.parentUserId
