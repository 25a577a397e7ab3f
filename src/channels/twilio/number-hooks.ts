/** Where Twilio delivers what comes to a number: set, and read as it stands there now. */
import { string } from '../../kernel/read.ts'
import type { FoundHooks, NumberHooks, SellerAccess, Told } from '../../ports/number-seller.ts'
import type { TwilioAnswer, TwilioRequest } from './client.ts'

type Body = Extract<TwilioAnswer, { kind: 'ok' }>['body']
export type Ask = <T>(
  access: SellerAccess,
  request: TwilioRequest,
  read: (body: Body) => T | undefined,
  also?: { gone?: T; codes?: Record<number, T> },
) => Promise<Told<T>>

/** An application or a trunk goes before the addresses: both are taken out. */
export const hookForm = ({ voice, voiceStatus, texts }: NumberHooks): (readonly [string, string])[] => [
  ['VoiceUrl', voice],
  ['VoiceMethod', 'POST'],
  ['StatusCallback', voiceStatus],
  ['StatusCallbackMethod', 'POST'],
  ['SmsUrl', texts],
  ['SmsMethod', 'POST'],
  ['VoiceApplicationSid', ''],
  ['SmsApplicationSid', ''],
  ['TrunkSid', ''],
]

export const setServiceHook = (
  ask: Ask,
  access: SellerAccess,
  given: { serviceSid: string; texts: string },
  signal?: AbortSignal,
) =>
  ask(
    access,
    {
      ...{ method: 'POST', host: 'messaging', path: `/v1/Services/${given.serviceSid}`, signal },
      form: [
        ['InboundRequestUrl', given.texts],
        ['InboundMethod', 'POST'],
        ['UseInboundWebhookOnNumber', 'false'],
      ],
    },
    (body) => (string(body.inbound_request_url) === given.texts ? true : undefined),
    { gone: false },
  )

/** What is delivered otherwise than by POST does not arrive here. */
const post = (url: unknown, method: unknown): string | null => {
  const address = string(url)
  return address === undefined || address === '' || string(method)?.toUpperCase() !== 'POST' ? null : address
}

type OfNumber = Omit<FoundHooks, 'inService'>
const ofNumber = (body: Body, sid: string): OfNumber | undefined => {
  if (string(body.sid) !== sid) return undefined
  const elsewhere = string(body.voice_application_sid) || string(body.trunk_sid)
  return {
    voice: elsewhere ? null : post(body.voice_url, body.voice_method),
    voiceStatus: elsewhere ? null : post(body.status_callback, body.status_callback_method),
    texts: string(body.sms_application_sid) ? null : post(body.sms_url, body.sms_method),
  }
}

export async function findHooks(
  ask: Ask,
  access: SellerAccess,
  { numberPath, numberSid, serviceSid }: { numberPath: string; numberSid: string; serviceSid: string | null },
  signal?: AbortSignal,
): Promise<Told<FoundHooks | null>> {
  const number = await ask<OfNumber | null>(access, { path: numberPath, signal }, (body) => ofNumber(body, numberSid), {
    gone: null,
  })
  if (number.outcome !== 'done') return number
  if (number.value === null) return { outcome: 'done', value: null }
  if (serviceSid === null) return { outcome: 'done', value: { ...number.value, inService: true } }
  const path = `/v1/Services/${serviceSid}`
  const joined = await ask<boolean>(
    access,
    { host: 'messaging', path: `${path}/PhoneNumbers/${numberSid}`, signal },
    (body) => (string(body.sid) === numberSid ? true : undefined),
    { gone: false },
  )
  if (joined.outcome !== 'done') return joined
  if (!joined.value) return { outcome: 'done', value: { ...number.value, inService: false } }
  const own = number.value.texts
  const texts = await ask<string | null>(
    access,
    { host: 'messaging', path, signal },
    (body) => {
      if (string(body.sid) !== serviceSid) return undefined
      return body.use_inbound_webhook_on_number === true ? own : post(body.inbound_request_url, body.inbound_method)
    },
    { gone: null },
  )
  return texts.outcome === 'done' ? { outcome: 'done', value: { ...number.value, texts: texts.value, inService: true } } : texts
}
