/** Calls: without media of our own they are events about the number, from which a missed call can be answered. */

import { instant, type Json, present, record, string } from '../../kernel/read.ts'
import type { AccountEvent } from '../../ports/channel.ts'
import { accountEvent, type ChangeContext, unreadable } from './parse-context.ts'
import { identityText, personOf } from './parse-person.ts'

/** `calls[]` → call.connect, call.terminate, another event call.updated. data: callId, direction, status, person. */
export function parseCall(ctx: ChangeContext, item: unknown): AccountEvent {
  const call = record(item)
  const callId = string(call?.id)
  if (!call || callId === undefined) return unreadable(ctx, 'A call has no id.', item)
  const event = string(call.event)
  const type = event === 'connect' || event === 'terminate' ? `call.${event}` : 'call.updated'
  const direction = call.direction === 'BUSINESS_INITIATED' ? 'outbound' : 'inbound'
  const customer = direction === 'inbound' ? 'from' : 'to'
  const person = personOf(
    { waId: identityText(call[customer]), userId: identityText(call[`${customer}_user_id`]) },
    ctx.contacts,
  )
  const data = present({ callId, direction, status: string(call.status), person })
  return accountEvent(ctx, type, call, { data, occurredAt: instant(call.timestamp, ctx.time) })
}

/** `statuses[]` with type call → call.status. */
export function parseCallStatus(ctx: ChangeContext, status: Json): AccountEvent {
  const person = personOf(
    { waId: identityText(status.recipient_id), userId: identityText(status.recipient_user_id) },
    ctx.contacts,
  )
  const data = present({ callId: string(status.id), status: string(status.status), person })
  return accountEvent(ctx, 'call.status', status, { data, occurredAt: instant(status.timestamp, ctx.time) })
}
