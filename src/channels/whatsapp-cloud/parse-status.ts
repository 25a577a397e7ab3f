/** One element of `statuses[]` → a receipt. In a group there is one for each member. */

import { id, instant, type Json, list, member, record, string } from '../../kernel/read.ts'
import type { InboundEvent, Person, ReceiptEvent } from '../../ports/channel.ts'
import { failureText } from './failures.ts'
import { parseCallStatus } from './parse-calls.ts'
import { type ChangeContext, unreadable } from './parse-context.ts'
import { MAX_EXTERNAL_ID } from './parse-message.ts'
import { identityText, personOf } from './parse-person.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const MAX_STATUS = 64 // part of a unique key

export function parseStatus(ctx: ChangeContext, item: unknown): InboundEvent[] {
  const status = record(item)
  if (!status) return [unreadable(ctx, 'A status is not an object.', item)]
  if (status.type === 'call') return [parseCallStatus(ctx, status)]
  const externalId = id(status.id, MAX_EXTERNAL_ID)
  const word = id(status.status, MAX_STATUS)
  if (externalId === undefined || word === undefined) return [unreadable(ctx, 'A status has no usable id or word.', item)]
  if (ctx.account === null) return [unreadable(ctx, 'It does not say which number a status is for.', item)]

  const { id: _id, status: _status, timestamp, ...detail } = status
  const event: ReceiptEvent = {
    kind: 'receipt',
    account: ctx.account,
    occurredAt: instant(timestamp, ctx.time),
    externalId,
    status: word.toLowerCase(),
    detail,
  }
  const messageId = string(status.biz_opaque_callback_data)
  if (messageId !== undefined && UUID.test(messageId)) event.messageId = messageId.toLowerCase()
  const participant = identityText(status.recipient_participant_id) ?? identityText(status.recipient_participant_user_id)
  if (participant !== undefined) event.participant = participant
  const person = recipient(ctx, status, participant)
  if (person) event.person = person
  const error = firstError(status)
  if (error) event.error = error
  return [event]
}

/** Of a group it is the member: `recipient_id` names the group there. */
function recipient(ctx: ChangeContext, status: Json, participant: string | undefined): Person | undefined {
  const isGroup = status.recipient_type === 'group' || participant !== undefined
  const ids = isGroup
    ? {
        waId: identityText(status.recipient_participant_id),
        userId: identityText(status.recipient_participant_user_id),
      }
    : { waId: identityText(status.recipient_id), userId: identityText(status.recipient_user_id) }
  if (isGroup && ids.waId === undefined && ids.userId === undefined) return undefined
  return personOf(ids, ctx.contacts)
}

function firstError(status: Json): ReceiptEvent['error'] {
  const error = list(status.errors)[0]
  const code = id(member(error, 'code'), 64)
  if (code === undefined) return undefined
  const told =
    string(member(member(error, 'error_data'), 'details')) ?? string(member(error, 'title')) ?? string(member(error, 'message'))
  return { code, text: failureText(code, told).text }
}
