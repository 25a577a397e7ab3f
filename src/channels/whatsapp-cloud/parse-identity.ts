/** A person's number or user id became another one: told by a system line in the thread, or by a change of its own. */

import { instant, type Json, member, record, string } from '../../kernel/read.ts'
import type { IdentityEvent, InboundEvent, Person, PersonIdentity } from '../../ports/channel.ts'
import { accountEvent, type ChangeContext, unreadable } from './parse-context.ts'
import { type Ids, identitiesOf, identityText, noContacts, personOf } from './parse-person.ts'

const reasons = new Map([
  ['user_changed_number', 'number_changed'],
  ['user_changed_user_id', 'user_id_changed'],
])

/** The events that a `system` message means besides the line it shows; none for other messages. */
export function systemIdentityEvents(account: string, occurredAt: string, message: Json, person: Person): IdentityEvent[] {
  const system = message.type === 'system' ? record(message.system) : undefined
  const reason = reasons.get(string(system?.type) ?? '')
  if (!system || reason === undefined) return []
  const before: Ids = {
    waId: identityText(message.from) ?? identityText(system.customer) ?? identityOf(person, 'wa_id'),
    userId: identityText(message.from_user_id) ?? identityOf(person, 'bsuid'),
  }
  const after: Ids = {
    waId: identityText(system.wa_id) ?? identityText(system.new_wa_id),
    userId: identityText(system.user_id),
  }
  return changes(before, after).map(([from, to]) => ({
    kind: 'identity',
    account,
    occurredAt,
    from,
    to,
    person: { ...person, ...personOf(after, noContacts) },
    reason,
  }))
}

/** One element of `user_id_update[]`. */
export function parseUserIdUpdate(ctx: ChangeContext, item: unknown): InboundEvent[] {
  const update = record(item)
  if (!update || ctx.account === null) return [unreadable(ctx, 'A change of user id does not say whose it is.', item)]
  const waId = identityText(update.wa_id)
  const previous = identityText(member(update.user_id, 'previous'))
  const current = identityText(member(update.user_id, 'current'))
  const events: InboundEvent[] = []
  const person = personOf({ waId, userId: current }, ctx.contacts)
  const from = previous === undefined ? identitiesOf({ waId })[0] : identitiesOf({ userId: previous })[0]
  if (person && from && current !== undefined && from.value !== current) {
    const to: PersonIdentity = { kind: 'bsuid', value: current, scope: 'portfolio' }
    const occurredAt = instant(update.timestamp, ctx.time)
    events.push({ kind: 'identity', account: ctx.account, occurredAt, from, to, person, reason: 'user_id_updated' })
  }
  // The parent id, shared by several portfolios, is no identity of ours; it is kept as it came.
  if (record(update.parent_user_id)) events.push(accountEvent(ctx, 'contact.parent_id', item))
  return events.length > 0 ? events : [unreadable(ctx, 'A change of user id names no previous and current id.', item)]
}

/** Like to like; where only unlike ids are told, the strongest of each. */
function changes(before: Ids, after: Ids): [PersonIdentity, PersonIdentity][] {
  const old = identitiesOf(before)
  const fresh = identitiesOf(after)
  const pairs = old.flatMap((from) => fresh.filter((to) => to.kind === from.kind).map((to) => pair(from, to)))
  if (pairs.length > 0) return pairs.filter(([from, to]) => from.value !== to.value)
  return old[0] && fresh[0] ? [pair(old[0], fresh[0])] : []
}

const pair = (from: PersonIdentity, to: PersonIdentity): [PersonIdentity, PersonIdentity] => [from, to]

const identityOf = (person: Person, kind: PersonIdentity['kind']): string | undefined =>
  person.identities.find((identity) => identity.kind === kind)?.value
