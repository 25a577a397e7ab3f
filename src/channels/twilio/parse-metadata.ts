/** What comes beside a message and is kept as it came. */
import { readJson } from '../../kernel/json.ts'
import { type Json, present, record } from '../../kernel/read.ts'
import type { Form } from './signature.ts'

/** What is read into fields of its own, or says the same as another. */
const known = new Set(
  (
    'MessageSid SmsMessageSid SmsSid AccountSid ApiVersion From To Body NumMedia SmsStatus MessageStatus MessageType ' +
    'ProfileName WaId ButtonText ButtonPayload ListId ListTitle ListDescription Latitude Longitude Address Label ' +
    'OriginalRepliedMessageSid Forwarded FrequentlyForwarded ChannelMetadata AddOns DateSent'
  ).split(' '),
)

/** Always there, and nothing by itself. */
const noReferral = 'ReferralNumMedia'
const referral = /^Referral/
const geography = /^(From|To)(City|State|Zip|Country)$/

/**
 * forwarded 'once' | 'often'; referral (the ad), place (geography of the two numbers), channel (what WhatsApp adds), addOns;
 * extra: everything else, unknown parameters included.
 */
export function messageMetadata(form: Form): Json {
  const one = (name: string): string | undefined => form.get(name)?.[0] || undefined
  const rest = [...form].filter(([name]) => !known.has(name) && !/^Media(Url|ContentType)\d+$/.test(name))
  const ad = rest.filter(([name]) => referral.test(name))
  return present({
    forwarded: one('FrequentlyForwarded') === 'true' ? 'often' : one('Forwarded') === 'true' ? 'once' : undefined,
    referral: ad.some(([name]) => name !== noReferral) ? some(ad) : undefined,
    place: some(rest.filter(([name, [value]]) => geography.test(name) && value !== '')),
    channel: jsonOf(one('ChannelMetadata')),
    addOns: jsonOf(one('AddOns')),
    extra: some(rest.filter(([name]) => !geography.test(name) && !referral.test(name))),
  })
}

function some(entries: readonly (readonly [string, readonly string[]])[]): Json | undefined {
  if (entries.length === 0) return undefined
  return Object.fromEntries(entries.map(([name, values]) => [name, values.length > 1 ? values : values[0]]))
}

/** JSON in a parameter; as it is where it is none. */
function jsonOf(text: string | undefined): unknown {
  if (text === undefined) return undefined
  const read = readJson(Buffer.from(text))
  return read.ok ? (record(read.value) ?? text) : text
}
