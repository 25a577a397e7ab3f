/** Sends a message: judge it, post it. Nothing is posted twice from here; what was lost on the way is looked for in the list. */
import { id, list, member, string } from '../../kernel/read.ts'
import type { AccountConnection, CallOptions, OutboundMessage, SendResult, SentLookup } from '../../ports/channel.ts'
import { type ClientDeps, callTwilio, failureOf } from './client.ts'
import { accountPath, type Connection, connectionOf } from './config.ts'
import { type Carrier, renderMessage } from './render.ts'
import { callbackUrl } from './webhook.ts'

/** Limit of the ledger's id. */
const maxId = 512

export async function send(
  deps: ClientDeps,
  carrier: Carrier,
  account: AccountConnection,
  message: OutboundMessage,
  options: CallOptions = {},
): Promise<SendResult> {
  const { connection, problem } = connectionOf(account)
  if (!connection) return { outcome: 'reconnect', code: 'config', text: problem ?? '' }
  const rendered = renderMessage(carrier, message)
  if (!rendered.ok) {
    const { code, text, hint } = rendered
    return { outcome: 'reject', code, text, ...(hint === undefined ? {} : { hint }) }
  }
  const form: [string, string][] = [...rendered.form, ...senderOf(connection)]
  const about = { address: connection.address, messageId: message.messageId }
  form.push(['StatusCallback', callbackUrl(deps.publicUrl(), connection.appSlug, about)])
  const path = `${accountPath(connection)}/Messages.json`
  const answer = await callTwilio(deps, connection, { method: 'POST', path, form, signal: options.signal })
  if (answer.kind !== 'ok') return failureOf(answer, deps.random)
  const sid = id(answer.body.sid, maxId)
  if (sid === undefined)
    return {
      outcome: 'unknown',
      code: 'no_sid',
      text: 'Twilio took the message and did not say under which id. It may be sent.',
    }
  return { outcome: 'accepted', externalId: sid }
}

/** From a service too the number is named: replies must come to the account that wrote. */
const senderOf = ({ messagingServiceSid, address }: Connection): [string, string][] => [
  ['From', address],
  ...(messagingServiceSid === undefined ? [] : [['MessagingServiceSid', messagingServiceSid] as [string, string]]),
]

const pageSize = 200
/** Clocks differ, and the list has whole seconds. */
const slackMs = 10_000

/**
 * Ids of what was sent to this customer with these words since then, oldest first: one of them is the message whose answer was
 * lost, or it never arrived.
 */
export async function findSent(
  deps: ClientDeps,
  carrier: Carrier,
  account: AccountConnection,
  message: OutboundMessage,
  given: { since: Date } & CallOptions,
): Promise<SentLookup> {
  const { connection } = connectionOf(account)
  const rendered = renderMessage(carrier, message)
  if (!connection || !rendered.ok) return { outcome: 'unknown' }
  // The day before: the list goes by when it was sent, whole days are in another zone, and a day more costs nothing.
  const day = new Date(given.since.getTime() - 86_400_000).toISOString().slice(0, 10)
  const query = new URLSearchParams({ To: rendered.to, From: connection.address, 'DateSent>': day, PageSize: String(pageSize) })
  const path = `${accountPath(connection)}/Messages.json?${query}`
  const answer = await callTwilio(deps, connection, { path, signal: given.signal })
  if (answer.kind !== 'ok' || !Array.isArray(answer.body.messages)) return { outcome: 'unknown' }
  const found = list(answer.body.messages).filter(
    (one) =>
      string(member(one, 'direction')) === 'outbound-api' &&
      (rendered.body === '' || sameWords(string(member(one, 'body')) ?? '', rendered.body)) &&
      Date.parse(string(member(one, 'date_created')) ?? '') >= given.since.getTime() - slackMs,
  )
  const ids = found.flatMap((one) => id(member(one, 'sid'), maxId) ?? []).reverse()
  // A full page may hide what is older: that nothing is there is then not known.
  return ids.length === 0 && list(answer.body.messages).length >= pageSize
    ? { outcome: 'unknown' }
    : { outcome: 'listed', externalIds: ids }
}

/** Put before whatever a trial account sends. */
const trial = /^Sent from your Twilio trial account - /
/** What smart encoding, on by default in a messaging service, writes in the GSM alphabet. */
const plain: readonly (readonly [RegExp, string])[] = [
  [/[\u2018\u2019\u201a\u201b\u2032\u2035\u02bc]/g, "'"],
  [/[\u00ab\u00bb\u201c\u201d\u201e\u201f\u2033\u2036]/g, '"'],
  [/[\u2010-\u2015\u2212]/g, '-'],
]

/** Whether the list shows these words: as they were given, or as they went out. */
function sameWords(listed: string, given: string): boolean {
  const written = (text: string): string =>
    plain.reduce((changed, [from, to]) => changed.replace(from, to), text.normalize('NFKC').replace(/[\s\p{Cf}]/gu, ''))
  return listed === given || written(listed.replace(trial, '')) === written(given)
}
