/**
 * A delivery of Twilio → a message or a receipt. Each is one form with one thing in it; which of both it is, its status tells.
 * Ids that are missing are made of the content, so that the same bytes always say the same.
 */
import { createHash } from 'node:crypto'
import { cut, id } from '../../kernel/read.ts'
import { cleanText } from '../../kernel/text.ts'
import type { MessageEvent, ParsedWebhook, ReceiptEvent } from '../../ports/channel.ts'
import { failureText } from './failures.ts'
import { readContent } from './parse-content.ts'
import { messageMetadata } from './parse-metadata.ts'
import { personAt } from './parse-person.ts'
import { type Form, readForm } from './signature.ts'
import { calledWith } from './webhook.ts'

/** Limit of the ledger's id. Twilio's have 34 characters. */
const maxId = 512
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function parseWebhook(rawBody: Buffer, headers: Record<string, string> | undefined, now: () => Date): ParsedWebhook {
  const form = storable(readForm(rawBody))
  const one = (name: string): string | undefined => form.get(name)?.[0] || undefined
  const at = sentAt(one('DateSent'), headers, now)
  const status = one('MessageStatus') ?? one('SmsStatus')
  const sid = id(one('MessageSid') ?? one('SmsMessageSid') ?? one('SmsSid'), maxId)
  const inbound = status === undefined || status === 'received' || status === 'receiving'
  if (inbound && one('From') === undefined && sid === undefined) return malformed('It is neither a message nor a status.')
  return inbound ? parseMessage(form, one, sid ?? madeOf(rawBody), at) : parseStatus(form, one, { sid, status, at, headers })
}

type Read = (name: string) => string | undefined

/** As the database takes it; what is signed is the form as it came. */
const storable = (form: Form): Form => new Map([...form].map(([name, values]) => [cleanText(name), values.map(cleanText)]))

const malformed = (reason: string): ParsedWebhook => ({ events: [], label: 'malformed', malformed: reason })
const madeOf = (rawBody: Buffer): string => `made:${createHash('sha256').update(rawBody).digest('hex')}`

/** A webhook says no time: what waited on the disk has the one at which it came, what was read from a list its own. */
function sentAt(stated: string | undefined, headers: Record<string, string> | undefined, now: () => Date): string {
  const told = Date.parse(stated ?? headers?.[':received-at'] ?? '')
  return new Date(Number.isNaN(told) ? now() : told).toISOString()
}

function parseMessage(form: Form, one: Read, externalId: string, occurredAt: string): ParsedWebhook {
  const account = id(one('To'), maxId)
  if (account === undefined) return malformed('It does not say to which number it came.')
  const person = personAt(one('From'), form)
  if (!person) return malformed('It does not say whom it is from.')
  const content = readContent(form)
  const replyTo = id(one('OriginalRepliedMessageSid'), maxId)
  const optOut = optOuts.get(one('OptOutType')?.toUpperCase() ?? '')
  const event: MessageEvent = {
    kind: 'message',
    direction: 'inbound',
    account,
    occurredAt,
    externalId,
    person,
    ...content,
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(optOut === undefined ? {} : { optOut }),
    ...(account.startsWith('whatsapp:') ? {} : { mayBeLead: true }),
    metadata: messageMetadata(form),
  }
  return { events: [event], label: 'message' }
}

/** Twilio answered already; the customer's own words may be a custom keyword, so the field counts and not the text. */
const optOuts = new Map([
  ['STOP', 'stop'],
  ['START', 'start'],
  ['HELP', 'help'],
] as const) as ReadonlyMap<string, 'stop' | 'start' | 'help'>

/** What moves a message; other words are kept and move nothing. */
const statuses = new Map([
  ['sent', 'sent'],
  ['delivered', 'delivered'],
  ['partially_delivered', 'delivered'],
  ['read', 'read'],
  ['undelivered', 'failed'],
  ['failed', 'failed'],
  ['canceled', 'failed'],
])

/** What is not detail of a receipt but said elsewhere. */
const told = new Set(['MessageSid', 'SmsSid', 'From', 'To', 'ErrorMessage'])

function parseStatus(
  form: Form,
  one: Read,
  given: { sid: string | undefined; status: string; at: string; headers: Record<string, string> | undefined },
): ParsedWebhook {
  const { sid, at, headers } = given
  const called = calledWith(headers)
  // Whatever else is missing: the address that was called says whose it is.
  const account = id(one('From') ?? called.account, maxId)
  if (sid === undefined || account === undefined) return malformed('A status does not say of which message it is.')
  const word = cut(given.status.toLowerCase(), 64)
  const status = statuses.get(word) ?? word
  const event: ReceiptEvent = {
    kind: 'receipt',
    account: called.account ?? account,
    occurredAt: at,
    externalId: sid,
    status,
    detail: Object.fromEntries(
      [...form].filter(([name]) => !told.has(name)).map(([name, values]) => [name, values.join(', ')]),
    ),
  }
  if (called.message !== undefined && UUID.test(called.message)) event.messageId = called.message.toLowerCase()
  const person = personAt(one('To'), form)
  if (person) event.person = person
  const error = status === 'failed' ? errorOf(one, word) : undefined
  if (error) event.error = error
  return { events: [event], label: 'status' }
}

function errorOf(one: Read, word: string): { code: string; text: string } {
  const code = id(one('ErrorCode'), 64) ?? word
  return { code, text: failureText(code, one('ErrorMessage')).text }
}
