/**
 * Everything that is no message, receipt or changed identity → account events. The type says what happened, `data.value`
 * is the provider's piece as it came, the other members of `data` are read from it.
 *
 * | field | type | one for each | data besides field and value |
 * |---|---|---|---|
 * | message_template_*, template_category_update (or their keys) | template.updated | change | `template` on the event |
 * | user_preferences | contact.preference | element | person, category, choice (stop, resume), detail |
 * | smb_app_state_sync | contact.sync | element | person, action (add, remove) |
 * | user_id_update with a parent id | contact.parent_id | element | |
 * | consumer_profile | contact.profile | change | |
 * | calls | call.connect, call.terminate, call.status, call.updated | element | callId, direction, status, person |
 * | history | account.history | change | |
 * | group_lifecycle_update, group_participants_update, group_settings_update, group_status_update | group.updated | element | groupId |
 * | account_update, account_settings_update | account.updated | change | event |
 * | account_alerts | account.alert | change | |
 * | account_review_update | account.review | change | |
 * | business_capability_update | account.capability | change | |
 * | phone_number_quality_update | account.quality | change | event |
 * | phone_number_name_update, business_username_update(s), phone_number_username_update | account.name | change | |
 * | security | account.security | change | event |
 * | flows | flow.updated | change | event |
 * | payment_configuration_update | account.payment | change | |
 * | partner_solutions | account.partner | change | |
 * | automatic_events, tracking_events | account.automatic, account.tracking | change | |
 * | messaging_handovers | account.handover | change | |
 * | value-level errors without messages | account.error | error | code, text |
 * | any other | account.unknown | change | |
 * | what could not be read | unreadable | piece | reason |
 */

import { cut, instant, member, present, record, string } from '../../kernel/read.ts'
import type { AccountEvent } from '../../ports/channel.ts'
import { failureText } from './failures.ts'
import { accountEvent, type ChangeContext, unreadable } from './parse-context.ts'
import { identityText, nameText, noContacts, personOf } from './parse-person.ts'

const types = new Map([
  ['account_update', 'account.updated'],
  ['account_settings_update', 'account.updated'],
  ['account_alerts', 'account.alert'],
  ['account_review_update', 'account.review'],
  ['business_capability_update', 'account.capability'],
  ['phone_number_quality_update', 'account.quality'],
  ['phone_number_name_update', 'account.name'],
  ['phone_number_username_update', 'account.name'],
  ['business_username_update', 'account.name'],
  ['business_username_updates', 'account.name'],
  ['security', 'account.security'],
  ['flows', 'flow.updated'],
  ['payment_configuration_update', 'account.payment'],
  ['partner_solutions', 'account.partner'],
  ['automatic_events', 'account.automatic'],
  ['tracking_events', 'account.tracking'],
  ['messaging_handovers', 'account.handover'],
  ['consumer_profile', 'contact.profile'],
  ['history', 'account.history'],
])

/** A change kept whole. Without a field, an `event` is what account updates have. */
export function parseAccountChange(ctx: ChangeContext): AccountEvent {
  const event = string(ctx.value.event)
  const type = types.get(ctx.field) ?? (ctx.field === '' && event !== undefined ? 'account.updated' : 'account.unknown')
  return accountEvent(ctx, type, ctx.value, { data: present({ event: event === undefined ? undefined : cut(event, 64) }) })
}

export function parseGroup(ctx: ChangeContext, item: unknown): AccountEvent {
  if (!record(item)) return unreadable(ctx, 'A group is not an object.', item)
  const data = present({ groupId: string(member(item, 'group_id')) })
  return accountEvent(ctx, 'group.updated', item, { data, occurredAt: instant(member(item, 'timestamp'), ctx.time) })
}

/** Whether somebody wants marketing: `choice` is stop or resume. */
export function parsePreference(ctx: ChangeContext, item: unknown): AccountEvent {
  const person = personOf(
    { waId: identityText(member(item, 'wa_id')), userId: identityText(member(item, 'user_id')) },
    ctx.contacts,
  )
  const choice = string(member(item, 'value'))
  if (!person || choice === undefined) return unreadable(ctx, 'A preference does not say whose it is or what it is.', item)
  const category = string(member(item, 'category'))
  const data = present({ person, category, choice, detail: string(member(item, 'detail')) })
  return accountEvent(ctx, 'contact.preference', item, { data, occurredAt: instant(member(item, 'timestamp'), ctx.time) })
}

/** An entry of the address book on the business's own phone. */
export function parseAddressBook(ctx: ChangeContext, item: unknown): AccountEvent {
  const contact = member(item, 'contact')
  const digits = string(member(contact, 'phone_number'))?.replace(/[^0-9]/g, '')
  const found = personOf({ waId: identityText(digits), userId: identityText(member(contact, 'user_id')) }, noContacts)
  if (!found) return unreadable(ctx, 'An address book entry has no number.', item)
  const name = nameText(member(contact, 'full_name')) ?? nameText(member(contact, 'first_name'))
  const person = name === undefined ? found : { ...found, name }
  const occurredAt = instant(member(member(item, 'metadata'), 'timestamp'), ctx.time)
  return accountEvent(ctx, 'contact.sync', item, {
    data: present({ person, action: string(member(item, 'action')) }),
    occurredAt,
  })
}

/** A problem of the account itself, told beside no message. */
export function parseAccountError(ctx: ChangeContext, item: unknown): AccountEvent {
  const code = string(member(item, 'code'))
  if (code === undefined) return unreadable(ctx, 'An error has no code.', item)
  const told = string(member(member(item, 'error_data'), 'details')) ?? string(member(item, 'title'))
  return accountEvent(ctx, 'account.error', item, { data: { code, text: failureText(code, told).text } })
}
