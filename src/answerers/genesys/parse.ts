/**
 * What the contact centre posts → events. Pure and total: whatever the bytes are, it returns. "Outbound" is the contact
 * centre's word for towards the customer.
 */
import { createHash } from 'node:crypto'
import { readJson } from '../../kernel/json.ts'
import { cut, id, type Json, list, member, number, record, string } from '../../kernel/read.ts'
import type { CentreEvent, ParsedCentreWebhook } from '../../ports/contact-centre.ts'
import { contentOf } from './parse-content.ts'
import { originalId } from './part-ids.ts'

/** Longer ones are replaced by their hash, so that a key always fits an index. Characters. */
const MAX_ID = 255
/** Milliseconds: how long typing is shown where the body does not say. */
const TYPING_MS = 5_000

export function parseWebhook(rawBody: Buffer, now: () => Date): ParsedCentreWebhook {
  const json = readJson(rawBody)
  if (!json.ok) return { events: [], label: 'unreadable', malformed: json.reason }
  const body = record(json.value)
  if (!body) return { events: [], label: 'unreadable', malformed: 'The body is not an object.' }
  const type = string(body.type) ?? 'none'
  const label = cut(type, 64)
  const integrationId = integrationOf(body)
  const isHealth = /^(health|ping)/i.test(type)
  if (integrationId === undefined && !isHealth) return { events: [], label, malformed: 'The body names no integration.' }
  const base = { integrationId: integrationId ?? '', ...common(body, rawBody, now) }
  if (isHealth) return { events: [{ ...base, kind: 'health', key: `${base.key}:health` }], label }
  return { events: (kinds.get(type.toLowerCase()) ?? other)(body, base, type), label }
}

type Base = Pick<CentreEvent, 'integrationId' | 'key' | 'conversationId' | 'customerId' | 'at'>
/** `base.key` is the id of the body, or its hash. */
type Kind = (body: Json, base: Base, type: string) => CentreEvent[]

const kinds = new Map<string, Kind>([
  ['text', message],
  ['structured', message],
  ['receipt', (body, base) => [receipt(body, base)]],
  ['event', events],
])

function message(body: Json, base: Base, type: string): CentreEvent[] {
  const messageId = base.key
  const key = `${messageId}:message`
  // A direction that is missing is the one that a webhook is for.
  if ((string(body.direction) ?? 'Outbound').toLowerCase() !== 'outbound') return [{ ...base, key, kind: 'echo', messageId }]
  const content = contentOf(body)
  const isEmpty = content.text === null && content.attachments.length === 0 && content.structures.length === 0
  if (isEmpty) return other(body, base, `${type} without content`)
  return [{ ...base, key, kind: 'message', messageId, origin: originOf(body), ...content }]
}

function originOf(body: Json): 'human' | 'bot' | 'unknown' {
  const stated = string(body.originatingEntity)?.toLowerCase()
  return stated === 'human' || stated === 'bot' ? stated : 'unknown'
}

function receipt(body: Json, base: Base): CentreEvent {
  const status = cut(string(body.status) ?? 'Unknown', 64)
  const about = id(member(body.channel, 'messageId'), MAX_ID) ?? base.key
  return {
    ...base,
    kind: 'receipt',
    key: `${base.key}:${about}:receipt:${status}`,
    messageId: originalId(about),
    status,
    final: body.isFinalReceipt === true,
    // Receipts that report no failure come with empty reasons.
    errors: status === 'Failed' ? list(body.reasons).map(reason) : [],
  }
}

const reason = (given: unknown): { code: string; text: string } => ({
  code: cut(string(member(given, 'code')) ?? 'GeneralError', 64),
  text: cut(string(member(given, 'message')) ?? '', 1_000),
})

function events(body: Json, base: Base): CentreEvent[] {
  // A customer's own typing that came back.
  if (string(body.direction)?.toLowerCase() === 'inbound') return other(body, base, 'Event, inbound')
  const all = list(body.events).map((event, index) => oneEvent(event, { ...base, key: `${base.key}:event:${index}` }))
  return all.length > 0 ? all : other(body, base, 'Event')
}

function oneEvent(event: unknown, base: Base): CentreEvent {
  const type = string(member(event, 'eventType')) ?? 'none'
  if (type === 'Typing') {
    const typing = member(event, 'typing')
    const durationMs = Math.max(0, number(member(typing, 'duration')) ?? TYPING_MS)
    return { ...base, kind: 'typing', on: string(member(typing, 'type')) !== 'Off', durationMs }
  }
  const presence = string(member(member(event, 'presence'), 'type'))
  if (type === 'Presence' && presence === 'Disconnect') return { ...base, kind: 'disconnect', reason: presence }
  return { ...base, kind: 'other', type: cut(presence === undefined ? type : `${type} ${presence}`, 64) }
}

const other = (_body: Json, base: Base, type: string): CentreEvent[] => [
  { ...base, key: `${base.key}:other`, kind: 'other', type: cut(type, 64) },
]

/** Written by hand, bodies may lack the channel's id; the end that is the contact centre's says it too. */
function integrationOf({ channel, direction }: Json): string | undefined {
  const ours = string(direction)?.toLowerCase() === 'inbound' ? 'to' : 'from'
  return id(member(channel, 'id'), MAX_ID) ?? id(member(member(channel, ours), 'id'), MAX_ID)
}

function common(body: Json, rawBody: Buffer, now: () => Date): Omit<Base, 'integrationId'> {
  const { channel } = body
  const stated = string(body.id) ?? string(member(channel, 'messageId'))
  const ends = ['to', 'from'].map((end) => id(member(member(channel, end), 'id'), MAX_ID))
  const integration = integrationOf(body)
  return {
    // Without an id, the same bytes are the same thing.
    key:
      stated !== undefined && stated.length <= MAX_ID ? stated : `body.${createHash('sha256').update(rawBody).digest('hex')}`,
    conversationId: id(body.conversationId, MAX_ID) ?? null,
    customerId: ends.find((end) => end !== undefined && end !== integration) ?? null,
    at: instantOf(member(channel, 'time')) ?? now().toISOString(),
  }
}

/** ISO 8601 of a date that a database takes. */
function instantOf(value: unknown): string | undefined {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return at > 0 && at < Date.UTC(2100, 0, 1) ? new Date(at).toISOString() : undefined
}
