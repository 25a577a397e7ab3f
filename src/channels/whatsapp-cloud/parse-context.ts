/** What every part of one change shares, and how an account event is made. */
import { createHash } from 'node:crypto'
import type { Json } from '../../kernel/read.ts'
import type { AccountEvent, InboundEvent } from '../../ports/channel.ts'
import type { Contacts } from './parse-person.ts'

export interface ChangeContext {
  /** Business account id, '' where the entry has none. */
  owner: string
  /** phone_number_id, null where the change is not about one number. */
  account: string | null
  /** Digits of our number as shown. */
  ownNumber: string | undefined
  /** '' where the provider left it out. */
  field: string
  value: Json
  contacts: Contacts
  /** The entry's own time as it came; part of the once-only key. */
  entryTime: unknown
  /** ISO 8601: the entry's time, else the time of reading. */
  time: string
}

/**
 * The key holds the entry's time besides owner, field and value: a template that is approved, paused and approved again
 * says the same words twice and means both. A repeated delivery carries the same time.
 */
export function accountEvent(
  ctx: ChangeContext,
  type: string,
  item: unknown,
  given: { data?: Json; occurredAt?: string; template?: AccountEvent['template'] } = {},
): AccountEvent {
  const event: AccountEvent = {
    kind: 'account',
    account: ctx.account,
    owner: ctx.owner,
    occurredAt: given.occurredAt ?? ctx.time,
    type,
    key: createHash('sha256')
      .update(JSON.stringify([ctx.owner, ctx.field, ctx.entryTime ?? null, type, item ?? null]))
      .digest('hex'),
    data: { field: ctx.field, ...given.data, value: item ?? null },
  }
  if (given.template) event.template = given.template
  return event
}

/** A piece that could not be read, kept with the reason: nothing that was delivered is dropped silently. */
export const unreadable = (ctx: ChangeContext, reason: string, piece: unknown): AccountEvent =>
  accountEvent(ctx, 'unreadable', piece, { data: { reason } })

/** One bad item must not cost the others theirs. */
export function guarded(ctx: ChangeContext, piece: unknown, read: () => InboundEvent[]): InboundEvent[] {
  try {
    return read()
  } catch (error) {
    return [unreadable(ctx, `Reading it failed: ${error instanceof Error ? error.name : 'error'}.`, piece)]
  }
}
