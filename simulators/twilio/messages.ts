import { messageOf, RestError } from './rest-error.ts'
import { segmentsOf } from './segments.ts'
import type { Json, Message } from './types.ts'
import { rfc2822, type World } from './world.ts'

export function messageView(message: Message): Json {
  const uri = `/2010-04-01/Accounts/${message.accountSid}/Messages/${message.sid}`
  return {
    account_sid: message.accountSid,
    api_version: '2010-04-01',
    body: message.body,
    date_created: rfc2822(message.createdAt),
    date_sent: message.sentAt === null ? null : rfc2822(message.sentAt),
    date_updated: rfc2822(message.updatedAt),
    direction: message.direction,
    error_code: message.errorCode,
    error_message: message.errorCode === null ? null : messageOf(message.errorCode),
    from: message.from,
    messaging_service_sid: message.serviceSid,
    num_media: String(Math.max(message.media.length, message.mediaUrls.length)),
    num_segments: String(segmentsOf(message.body)),
    price: null,
    price_unit: 'USD',
    sid: message.sid,
    status: message.status,
    subresource_uris: { media: `${uri}/Media.json` },
    to: message.to,
    uri: `${uri}.json`,
  }
}

const unfinished = new Set(['accepted', 'queued', 'scheduled', 'sending', 'receiving'])

/** An empty body takes the words away; `canceled` stops what is scheduled. */
export function changeMessage(world: World, message: Message, form: URLSearchParams): void {
  const status = form.get('Status')
  if (status !== null) {
    if (status !== 'canceled' || message.status !== 'scheduled') throw new RestError(30409)
    message.status = 'canceled'
  }
  if (form.get('Body') === '') {
    if (unfinished.has(message.status)) throw new RestError(20009)
    message.body = ''
  }
  message.updatedAt = world.clock.now()
}

export function deleteMessage(world: World, message: Message): void {
  if (unfinished.has(message.status)) throw new RestError(20009, undefined, 409)
  world.messages.delete(message.sid)
}

export type MessageFilter = { to?: string; from?: string; on?: string; after?: string; before?: string }

/** Newest first. A date without a time is its whole day, in UTC. */
export function listMessages(world: World, accountSid: string, filter: MessageFilter): Message[] {
  const from = instant(filter.after ?? filter.on, 0)
  const until = instant(filter.before ?? filter.on, 86_400_000 - 1)
  return [...world.messages.values()]
    .filter((one) => {
      const at = one.sentAt ?? one.createdAt
      return (
        one.accountSid === accountSid &&
        (filter.to === undefined || one.to === filter.to) &&
        (filter.from === undefined || one.from === filter.from) &&
        // Seconds are all that a date in a query has.
        (from === undefined || Math.floor(at / 1000) >= Math.floor(from / 1000)) &&
        (until === undefined || Math.floor(at / 1000) <= Math.floor(until / 1000))
      )
    })
    .reverse()
}

/** Unix milliseconds of a date or a time in a query; a date alone is its day from the start, and `endOfDay` after it. */
export function instant(text: string | undefined, endOfDay: number): number | undefined {
  if (text === undefined) return undefined
  const at = Date.parse(text)
  if (Number.isNaN(at)) return undefined
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? at + endOfDay : at
}
