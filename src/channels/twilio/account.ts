/** What is asked of the account itself: whether it works, whether the number is in it, and what came while we were away. */
import { id, list, member, string } from '../../kernel/read.ts'
import type { AccountConnection, CallOptions, Channel, MissedMessages } from '../../ports/channel.ts'
import { type ClientDeps, callTwilio, failureOf, type TwilioAnswer } from './client.ts'
import { accountPath, baseOf, type Connection, connectionOf } from './config.ts'

type Check = Awaited<ReturnType<NonNullable<Channel['check']>>>

const unusable: Check = { state: 'degraded', text: 'Twilio gave no usable answer.' }

/** `connected`, `degraded` (works badly or not now), `logged_out` (the credentials are no good). */
export async function check(deps: ClientDeps, account: AccountConnection, options: CallOptions = {}): Promise<Check> {
  const { connection, problem } = connectionOf(account)
  if (!connection) return { state: 'logged_out', text: problem ?? '' }
  const { signal } = options
  const answer = await callTwilio(deps, connection, { path: `${accountPath(connection)}.json`, signal })
  if (answer.kind !== 'ok') return failed(answer, deps)
  // Whatever answers in Twilio's place, with a page of its own, does not know the account.
  if (string(answer.body.sid) !== connection.accountSid) return unusable
  const status = string(answer.body.status)
  if (status !== 'active') return { state: 'degraded', text: `The Twilio account is ${status ?? 'in an unknown state'}.` }
  const address = phoneOf(connection)
  if (!connection.address.startsWith('+')) return { state: 'connected', text: 'The account is active.', address }
  const has = await ownsNumber(deps, connection, options)
  if (has === 'unknown') return unusable
  if (has === 'no')
    return { state: 'degraded', text: `The number ${connection.address} is not in this Twilio account.`, address }
  return { state: 'connected', text: `Connected: ${connection.address}.`, address }
}

const phoneOf = ({ address }: Connection): string => address.replace(/^whatsapp:/, '')

function failed(answer: Exclude<TwilioAnswer, { kind: 'ok' }>, deps: ClientDeps): Check {
  const failure = failureOf(answer, deps.random)
  if (failure.outcome === 'unknown') return unusable
  const gone = answer.kind === 'refused' && answer.refusal.status === 404
  return { state: failure.outcome === 'reconnect' || gone ? 'logged_out' : 'degraded', text: failure.text }
}

/** Numbers on WhatsApp are in no list that the credentials open everywhere: what they belong to is not known. */
export async function owns(
  deps: ClientDeps,
  account: AccountConnection,
  options: CallOptions = {},
): Promise<'yes' | 'no' | 'unknown'> {
  const { connection } = connectionOf(account)
  if (!connection) return 'no'
  return connection.address.startsWith('+') ? await ownsNumber(deps, connection, options) : 'unknown'
}

/** A search may find longer numbers that contain it. No is said only by a refusal that asking again would not change. */
async function ownsNumber(
  deps: ClientDeps,
  connection: Connection,
  { signal }: CallOptions,
): Promise<'yes' | 'no' | 'unknown'> {
  const query = new URLSearchParams({ PhoneNumber: connection.address, PageSize: '50' })
  const path = `${accountPath(connection)}/IncomingPhoneNumbers.json?${query}`
  const answer = await callTwilio(deps, connection, { path, signal })
  if (answer.kind !== 'ok') {
    if (answer.kind !== 'refused') return 'unknown'
    const { outcome } = failureOf(answer, deps.random)
    return outcome === 'reject' || outcome === 'reconnect' ? 'no' : 'unknown'
  }
  if (!Array.isArray(answer.body.incoming_phone_numbers)) return 'unknown'
  const numbers = list(answer.body.incoming_phone_numbers).map((one) => string(member(one, 'phone_number')))
  return numbers.includes(connection.address) ? 'yes' : 'no'
}

const pageSize = 200
const maxPages = 25

/** What came to this address since then, as the webhooks would have brought it, oldest first. */
export async function missed(
  deps: ClientDeps,
  account: AccountConnection,
  given: { since: Date } & CallOptions,
): Promise<MissedMessages> {
  const { connection } = connectionOf(account)
  if (!connection) return { outcome: 'unknown' }
  const query = { To: connection.address, 'DateSent>': given.since.toISOString().slice(0, 10), PageSize: String(pageSize) }
  let path: string | undefined = `${accountPath(connection)}/Messages.json?${new URLSearchParams(query)}`
  const bodies: Buffer[] = []
  for (let page = 0; path !== undefined && page < maxPages; page++) {
    const answer = await callTwilio(deps, connection, { path, signal: given.signal })
    if (answer.kind !== 'ok' || !Array.isArray(answer.body.messages)) return { outcome: 'unknown' }
    for (const one of list(answer.body.messages)) {
      if (string(member(one, 'direction')) !== 'inbound') continue
      const sent = Date.parse(string(member(one, 'date_sent')) ?? string(member(one, 'date_created')) ?? '')
      if (Number.isNaN(sent) || sent < given.since.getTime()) continue
      const body = await asWebhook(deps, connection, one, given)
      if (!body) return { outcome: 'unknown' }
      bodies.push(body)
    }
    // An address without a host: the credentials stay where they are.
    const next: string | undefined = string(answer.body.next_page_uri)
    path = next?.startsWith('/2010-04-01/') ? next : undefined
  }
  return { outcome: 'listed', bodies: bodies.reverse() }
}

async function asWebhook(
  deps: ClientDeps,
  connection: Connection,
  message: unknown,
  options: CallOptions,
): Promise<Buffer | undefined> {
  const sid = id(member(message, 'sid'), 64)
  const of = (name: string): string => string(member(message, name)) ?? ''
  if (sid === undefined) return undefined
  const files = Number(of('num_media')) > 0 ? await filesOf(deps, connection, sid, options) : []
  if (!files) return undefined
  const form = new URLSearchParams({
    MessageSid: sid,
    From: of('from'),
    To: of('to'),
    Body: of('body'),
    SmsStatus: 'received',
    DateSent: of('date_sent') || of('date_created'),
    NumMedia: String(files.length),
  })
  for (const [n, file] of files.entries()) {
    form.set(`MediaUrl${n}`, file.url)
    form.set(`MediaContentType${n}`, file.type)
  }
  return Buffer.from(form.toString())
}

async function filesOf(
  deps: ClientDeps,
  connection: Connection,
  sid: string,
  { signal }: CallOptions,
): Promise<{ url: string; type: string }[] | undefined> {
  const path = `${accountPath(connection)}/Messages/${encodeURIComponent(sid)}/Media.json`
  const answer = await callTwilio(deps, connection, { path, signal })
  if (answer.kind !== 'ok') return undefined
  return list(answer.body.media_list).flatMap((one) => {
    const uri = string(member(one, 'uri'))?.replace(/\.json$/, '')
    return uri?.startsWith('/2010-04-01/')
      ? [{ url: baseOf(connection, 'api') + uri, type: string(member(one, 'content_type')) ?? 'application/octet-stream' }]
      : []
  })
}
