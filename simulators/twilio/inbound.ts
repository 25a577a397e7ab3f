import { mediaUrl, storeMedia } from './media.ts'
import { numberAt } from './numbers.ts'
import { customerAddress, isWhatsApp, phoneOf } from './phones.ts'
import { segmentsOf } from './segments.ts'
import { serviceOf } from './services.ts'
import { plan } from './statuses.ts'
import type { Account, Message, Phone, Service } from './types.ts'
import { notify, verbsOf } from './webhooks.ts'
import { newSid, type World } from './world.ts'

export type CustomerSend = {
  /** The phone's number. */
  from: string
  /** `+1…`, or `whatsapp:+1…`. */
  to: string
  body?: string
  media?: { base64: string; contentType: string }[]
  /** Further parameters as they come with it: ButtonText, Latitude, ReferralSourceUrl … They win over ours. */
  extra?: Record<string, string>
}

type Target = { account: Account; url?: string; fallbackUrl?: string; method: 'GET' | 'POST'; service?: Service }

/** A customer writes. Returns the message; the webhook follows after the usual latency. */
export function customerSends(world: World, send: CustomerSend): Message {
  const channel = isWhatsApp(send.to) ? 'whatsapp' : 'sms'
  const target = channel === 'whatsapp' ? senderTarget(world, send.to) : numberTarget(world, send.to)
  const phone = phoneOf(world, send.from)
  const message = store(world, { send, channel, target, phone })
  if (channel === 'whatsapp') world.windows.set(`${phone.number}|${send.to}`, world.clock.now())
  const wish = channel === 'sms' ? optOut(world, message, target) : undefined
  if (target.url)
    deliver(world, message, target, {
      ...inboundParams(world, message, phone),
      ...(wish ? { OptOutType: wish } : {}),
      ...send.extra,
    })
  return message
}

function store(
  world: World,
  { send, channel, target, phone }: { send: CustomerSend; channel: Message['channel']; target: Target; phone: Phone },
): Message {
  const now = world.clock.now()
  const media = (send.media ?? []).map((one) => storeMedia(world, one.contentType, Buffer.from(one.base64, 'base64')))
  const message: Message = {
    sid: newSid(world, media.length > 0 ? 'MM' : 'SM'),
    accountSid: target.account.sid,
    direction: 'inbound',
    channel,
    from: customerAddress(phone, channel),
    to: send.to,
    body: send.body ?? '',
    media,
    mediaUrls: [],
    status: 'received',
    errorCode: null,
    serviceSid: target.service?.sid ?? null,
    createdAt: now,
    updatedAt: now,
    sentAt: now,
    extra: send.extra ?? {},
  }
  world.messages.set(message.sid, message)
  return message
}

function numberTarget(world: World, to: string): Target {
  const number = numberAt(world, to)
  if (!number) throw new Error(`Nobody has the number ${to}.`)
  const account = world.accounts.get(number.accountSid) as Account
  const service = serviceOf(world, number.sid)
  // A number in a pool is spoken for by the pool, unless the pool says otherwise.
  if (service && service.settings.UseInboundWebhookOnNumber !== 'true') return { account, service, ...serviceAddress(service) }
  const { SmsUrl, SmsFallbackUrl, SmsMethod } = number.settings
  return {
    account,
    ...(service ? { service } : {}),
    ...(SmsUrl ? { url: SmsUrl } : {}),
    ...(SmsFallbackUrl ? { fallbackUrl: SmsFallbackUrl } : {}),
    method: SmsMethod === 'GET' ? 'GET' : 'POST',
  }
}

function serviceAddress({ settings }: Service): Pick<Target, 'url' | 'fallbackUrl' | 'method'> {
  const { InboundRequestUrl, FallbackUrl, InboundMethod } = settings
  return {
    ...(InboundRequestUrl ? { url: InboundRequestUrl } : {}),
    ...(FallbackUrl ? { fallbackUrl: FallbackUrl } : {}),
    method: InboundMethod === 'GET' ? 'GET' : 'POST',
  }
}

function senderTarget(world: World, to: string): Target {
  const sender = world.senders.get(to)
  if (!sender) throw new Error(`Nobody has ${to}.`)
  const account = world.accounts.get(sender.accountSid) as Account
  const service = serviceOf(world, to)
  if (service?.settings.InboundRequestUrl) return { account, service, ...serviceAddress(service) }
  return { account, ...(sender.inboundUrl ? { url: sender.inboundUrl } : {}), method: 'POST' }
}

const stops = new Set(['STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'REVOKE', 'OPTOUT'])
const starts = new Set(['START', 'YES', 'UNSTOP'])
const helps = new Set(['HELP', 'INFO'])

/**
 * The whole message is the word. Without Advanced Opt-Out a number blocks and answers as well, but says nothing of it to the
 * webhook.
 */
function optOut(world: World, message: Message, { service }: Target): 'STOP' | 'START' | 'HELP' | undefined {
  const word = message.body.trim().toUpperCase()
  const wish = stops.has(word) ? 'STOP' : starts.has(word) ? 'START' : helps.has(word) ? 'HELP' : undefined
  if (wish === undefined) return undefined
  const keys = [message.to, ...(service ? [service.sid] : [])].map((sender) => `${message.from}|${sender}`)
  for (const key of keys) {
    if (wish === 'STOP') world.optOuts.add(key)
    if (wish === 'START') world.optOuts.delete(key)
  }
  reply(world, message, confirmations[wish])
  return service?.advancedOptOut ? wish : undefined
}

const confirmations = {
  STOP: 'You have successfully been unsubscribed. You will not receive any more messages from this number. Reply START to resubscribe.',
  START:
    'You have successfully been re-subscribed to messages from this number. Reply HELP for help. Reply STOP to unsubscribe.',
  HELP: 'Reply STOP to unsubscribe. Msg&Data Rates May Apply.',
}

/** What goes back without having been asked for by the API. */
function reply(
  world: World,
  message: Message,
  body: string,
  given: { to?: string; from?: string; mediaUrls?: string[] } = {},
): void {
  const now = world.clock.now()
  const { extra: _extra, ...like } = message
  const answer: Message = {
    ...like,
    sid: newSid(world, 'SM'),
    direction: 'outbound-reply',
    from: given.from ?? message.to,
    to: given.to ?? (message.from as string),
    body,
    media: [],
    mediaUrls: given.mediaUrls ?? [],
    status: 'queued',
    createdAt: now,
    updatedAt: now,
    sentAt: null,
    extra: {},
  }
  world.messages.set(answer.sid, answer)
  void plan(world, answer)
}

function deliver(world: World, message: Message, target: Target, params: Record<string, string>): void {
  const { account, url = '', fallbackUrl, method } = target
  void notify(world, { account, url, fallbackUrl, method, params, kind: 'message', wantsTwiml: true }).then((delivery) => {
    for (const verb of verbsOf(delivery)) {
      if (verb.name !== 'Message') continue
      const body = verb.children.find((one) => one.name === 'Body')?.text ?? verb.text
      const mediaUrls = verb.children.filter((one) => one.name === 'Media').map((one) => one.text)
      reply(world, message, body, { to: verb.attributes.to, from: verb.attributes.from, mediaUrls })
    }
  })
}

/** The parameters of the webhook. */
export function inboundParams(world: World, message: Message, phone: Phone): Record<string, string> {
  const { sid, accountSid, serviceSid, from, to, body, media } = message
  const files = media.flatMap((one, n) => [
    [`MediaContentType${n}`, one.contentType],
    [`MediaUrl${n}`, mediaUrl(world, message, one)],
  ])
  return {
    ToCountry: 'US',
    ToState: 'CA',
    ToCity: '',
    ToZip: '',
    SmsMessageSid: sid,
    NumMedia: String(media.length),
    ...Object.fromEntries(files),
    SmsSid: sid,
    SmsStatus: 'received',
    Body: body,
    To: to,
    ...(serviceSid === null ? {} : { MessagingServiceSid: serviceSid }),
    NumSegments: String(segmentsOf(body)),
    ReferralNumMedia: '0',
    MessageSid: sid,
    AccountSid: accountSid,
    From: from ?? '',
    ApiVersion: '2010-04-01',
    ...(message.channel === 'whatsapp'
      ? whatsAppParams(message, phone)
      : { FromCountry: 'US', FromState: 'CA', FromCity: '', FromZip: '' }),
  }
}

function whatsAppParams(message: Message, phone: Phone): Record<string, string> {
  const type = message.media[0]?.contentType.split('/')[0] ?? 'text'
  const kind = ['image', 'audio', 'video', 'text'].includes(type) ? type : 'document'
  return {
    ProfileName: phone.name,
    MessageType: kind,
    ChannelMetadata: JSON.stringify({ type: 'whatsapp', data: { context: { ProfileName: phone.name } } }),
    ...(phone.bsuid ? { ExternalUserId: `whatsapp:${phone.bsuid}` } : {}),
    ...(phone.numberHidden ? {} : { WaId: phone.number.slice(1) }),
  }
}
