/**
 * A webhook's bytes → what they say. Pure and total. One body may hold several business accounts, numbers, messages and
 * receipts; the order within it is kept, the messages of a value before its receipts. What a piece cannot be read as is
 * told in an `unreadable` event with the raw piece, and does not cost the other pieces theirs.
 */

import { readJson } from '../../kernel/json.ts'
import { cut, instant, type Json, list, member, record, string } from '../../kernel/read.ts'
import type { InboundEvent, ParsedWebhook } from '../../ports/channel.ts'
import { parseAccountChange, parseAccountError, parseAddressBook, parseGroup, parsePreference } from './parse-account.ts'
import { parseCall } from './parse-calls.ts'
import { type ChangeContext, guarded, unreadable } from './parse-context.ts'
import { parseUserIdUpdate } from './parse-identity.ts'
import { parseMessage } from './parse-message.ts'
import { identityText, noContacts, readContacts } from './parse-person.ts'
import { parseStatus } from './parse-status.ts'
import { isTemplateUpdate, parseTemplateUpdate } from './parse-template-update.ts'

/** The provider batches up to 1,000 changes. More pieces than this is an attack or a defect, not a webhook. */
const MAX_EVENTS = 20_000
const MAX_LABEL = 100

type ItemReader = (ctx: ChangeContext, item: unknown) => InboundEvent[]

/** Lists within a value, in the order in which they are read. */
const lists: readonly [key: string, read: ItemReader][] = [
  ['messages', (ctx, item) => parseMessage(ctx, item, 'inbound')],
  ['message_echoes', (ctx, item) => parseMessage(ctx, item, 'echo')],
  ['statuses', parseStatus],
  ['calls', (ctx, item) => [parseCall(ctx, item)]],
  ['groups', (ctx, item) => [parseGroup(ctx, item)]],
  ['user_preferences', (ctx, item) => [parsePreference(ctx, item)]],
  ['user_id_update', parseUserIdUpdate],
  ['state_sync', (ctx, item) => [parseAddressBook(ctx, item)]],
]

export function parseWebhook(rawBody: Buffer, now: () => Date = () => new Date()): ParsedWebhook {
  const json = readJson(rawBody)
  if (!json.ok) return malformed(json.reason)
  const body = record(json.value)
  if (!body) return malformed('The body is not an object.')
  const object = string(body.object)
  if (object !== undefined && object !== 'whatsapp_business_account') {
    return malformed(`The body is about "${cut(object, 64)}", not a WhatsApp business account.`)
  }
  if (!Array.isArray(body.entry)) return malformed('The body has no list of entries.')

  const events: InboundEvent[] = []
  const labels = new Set<string>()
  for (const event of readEntries(body.entry, now().toISOString(), labels)) {
    events.push(event)
    if (events.length > MAX_EVENTS) return malformed(`The body has more than ${MAX_EVENTS} pieces.`)
  }
  return { events, label: cut([...labels].join('+') || 'empty', MAX_LABEL) }
}

const malformed = (reason: string): ParsedWebhook => ({ events: [], label: 'malformed', malformed: reason })

function* readEntries(entries: readonly unknown[], readAt: string, labels: Set<string>): Generator<InboundEvent> {
  for (const item of entries) {
    const entry = record(item) ?? {}
    const base = entryContext(entry, readAt)
    if (!Array.isArray(entry.changes)) yield unreadable(base, 'An entry has no list of changes.', item)
    for (const change of list(entry.changes)) {
      const value = record(member(change, 'value'))
      // Some of the provider's own samples have the field beside the change or inside the value.
      const names = [member(change, 'field'), value?.field, entry.field].map(string)
      const field = cut(names.find((name) => name !== undefined) ?? '', MAX_LABEL)
      labels.add(field || 'unknown')
      if (!value) {
        yield unreadable({ ...base, field }, 'A change has no value.', change)
        continue
      }
      const ctx = changeContext(base, field, value)
      yield* guarded(ctx, value, () => parseChange(ctx))
    }
  }
}

const entryContext = (entry: Json, readAt: string): ChangeContext => ({
  owner: identityText(entry.id) ?? '',
  account: null,
  ownNumber: undefined,
  field: '',
  value: {},
  contacts: noContacts,
  entryTime: entry.time,
  time: instant(entry.time, readAt),
})

const changeContext = (base: ChangeContext, field: string, value: Json): ChangeContext => ({
  ...base,
  field,
  value,
  account: identityText(member(value.metadata, 'phone_number_id')) ?? null,
  ownNumber: string(member(value.metadata, 'display_phone_number'))?.replace(/[^0-9]/g, ''),
  contacts: readContacts(value),
})

function parseChange(ctx: ChangeContext): InboundEvent[] {
  // History repeats what was said long ago, in the shape of live messages: it must never be answered.
  if (ctx.field === 'history' || 'history' in ctx.value) return [parseAccountChange({ ...ctx, field: 'history' })]
  if (isTemplateUpdate(ctx.field, ctx.value)) return [parseTemplateUpdate(ctx)]

  const events: InboundEvent[] = []
  let known = false
  for (const [key, read] of lists) {
    if (!Object.hasOwn(ctx.value, key)) continue
    known = true
    const items = ctx.value[key]
    if (!Array.isArray(items)) events.push(unreadable(ctx, `"${key}" is not a list.`, items))
    for (const item of list(items)) for (const event of guarded(ctx, item, () => read(ctx, item))) events.push(event)
  }
  const errors = list(ctx.value.errors)
  if (errors.length > 0 && list(ctx.value.messages).length === 0) {
    known = true
    for (const error of errors) events.push(parseAccountError(ctx, error))
  }
  return known ? events : [parseAccountChange(ctx)]
}
