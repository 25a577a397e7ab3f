import type { Clock } from '../clock.ts'

export type Json = Record<string, unknown>

export type Account = {
  sid: string
  authToken: string
  friendlyName: string
  status: 'active' | 'suspended' | 'closed'
  /** A trial one reaches verified numbers only. */
  trial: boolean
  verified: Set<string>
  /** The account that made it; absent for one of its own. */
  ownerSid?: string
  /** Sid of an API key → its secret. It opens the API; it signs nothing. */
  apiKeys: Map<string, string>
  createdAt: number
  updatedAt: number
}

export type Capabilities = { voice: boolean; sms: boolean; mms: boolean }

/** A number that an account has. */
export type IncomingNumber = {
  sid: string
  accountSid: string
  phoneNumber: string
  friendlyName: string
  capabilities: Capabilities
  /** Every setting of the API by its name there: SmsUrl, SmsMethod, VoiceUrl, StatusCallback, BundleSid … */
  settings: Record<string, string>
  /** Registered for US traffic; without it messages to the US fail with 30034. */
  a2pRegistered: boolean
  /** As which it was for sale; it is again when it is released. */
  offered?: AvailableNumber
  createdAt: number
  updatedAt: number
}

/** A number nobody has yet. */
export type AvailableNumber = {
  phoneNumber: string
  kind: 'Local' | 'Mobile' | 'TollFree'
  country: string
  locality?: string
  region?: string
  postalCode?: string
  capabilities: Capabilities
  /** What buying it needs: an error code instead of the number. */
  needs?: 21631 | 21649
}

/** An address of a business on WhatsApp. */
export type Sender = { address: string; accountSid: string; inboundUrl?: string; statusCallback?: string }

export type Service = {
  sid: string
  accountSid: string
  /** Every setting of the API by its name there: FriendlyName, InboundRequestUrl, StatusCallback … */
  settings: Record<string, string>
  /** Sids of numbers, and addresses on WhatsApp. */
  senders: Set<string>
  advancedOptOut: boolean
  createdAt: number
  updatedAt: number
}

/** Somebody's phone. */
export type Phone = {
  number: string
  name: string
  /** Switched on: what is sent arrives. */
  online: boolean
  /** What becomes of every message to it. */
  fails?: { code: number; status: 'failed' | 'undelivered' }
  landline: boolean
  whatsApp: boolean
  /** `US.1234…`: the id that a business sees. */
  bsuid?: string
  /** Hidden behind a username: From is the id then, and WaId is missing. */
  numberHidden: boolean
  /** Reads WhatsApp messages at once. */
  reads: boolean
}

export type StoredMedia = { sid: string; contentType: string; bytes: Buffer; createdAt: number }

export type Message = {
  sid: string
  accountSid: string
  direction: 'inbound' | 'outbound-api' | 'outbound-reply'
  channel: 'sms' | 'whatsapp'
  from: string | null
  to: string
  body: string
  media: StoredMedia[]
  /** Addresses that the caller gave; fetched before it is sent. */
  mediaUrls: string[]
  status: string
  errorCode: number | null
  serviceSid: string | null
  contentSid?: string
  statusCallback?: string
  /** Unix milliseconds for which it is scheduled. */
  sendAt?: number
  createdAt: number
  updatedAt: number
  sentAt: number | null
  /** What a customer did beside words: buttons, list, location, referral … */
  extra: Record<string, string>
}

/** One webhook with all of its tries. */
export type Delivery = {
  id: string
  /** `message`, `status`, or what a further part calls its own. */
  kind: string
  accountSid: string
  method: 'GET' | 'POST'
  url: string
  params: Record<string, string>
  signature: string
  idempotencyToken: string
  statuses: (number | string)[]
  createdAt: number
  acknowledgedAt?: number
  gaveUpAt?: number
  /** The answer that counted. */
  answer?: { status: number; contentType: string; body: string }
  duplicateOf?: string
}

/** What Twilio's debugger would show about our answers. */
export type Alert = { code: number; url: string; at: number }

export type Content = {
  sid: string
  accountSid: string
  friendlyName: string
  language: string
  variables: Record<string, string>
  types: Record<string, Json>
  /** Of WhatsApp: unsubmitted, received, pending, approved, rejected, paused, disabled. */
  approval: { status: string; name: string; category: string; rejectionReason: string }
  createdAt: number
}

export type Latency = {
  webhook: readonly [number, number]
  sent: readonly [number, number]
  delivered: readonly [number, number]
  read: readonly [number, number]
}

export type SimulatorOptions = {
  seed?: number | string
  clock?: Clock
  accounts?: { sid: string; authToken: string; friendlyName?: string; trial?: boolean }[]
  latency?: Partial<Latency>
  /** Whether MediaUrl of what is sent is fetched, as Twilio does. Default true. */
  fetchMedia?: boolean
  /** Whether media of what came in needs basic authentication. Default true. */
  enforceMediaAuth?: boolean
  /** What a kind of number costs a month, by country: { US: { local: '1.15' } }. Default: the US alone. */
  prices?: Record<string, Partial<Record<'local' | 'mobile' | 'toll free', string>>>
  /** Countries (prefixes of numbers) that may not be written to: 21408. */
  closedRegions?: readonly string[]
  /** Milliseconds until a webhook without an answer is given up; Twilio's 15,000 unless the address says otherwise. */
  webhookTimeoutMs?: number
  keepDeliveries?: number
  fetch?: typeof fetch
}

/** What the telephone does that our TwiML rings. Milliseconds on the simulator's clock. */
export type Answering =
  /** A person: presses the key where one is asked for. */
  | { kind: 'person'; afterMs?: number; talkMs?: number }
  /** A person who looks at who calls and lets it be: presses nothing where a key is asked for. */
  | { kind: 'declines'; afterMs?: number }
  | { kind: 'voicemail'; afterMs?: number; talkMs?: number }
  | { kind: 'busy' }
  | { kind: 'failed' }
  /** Rings until the time that the TwiML gives, or until then where that is sooner. */
  | { kind: 'nobody'; afterMs?: number }

export type CustomerCall = {
  /** E.164, or a keypad spelling of a hidden number, `anonymous`, `sip:…`, `client:…`. */
  from: string
  to: string
  /** Default: nobody answers. */
  answering?: Answering
  /** The caller hangs up after so many milliseconds: while it rings, or while it is said something. */
  hangsUpAfterMs?: number
  /** Older accounts do not say whether the two were connected. */
  withoutBridged?: boolean
  /** The callback about the caller's leg goes out before the one that asks what comes next. */
  statusFirst?: boolean
  /** Further parameters as they come with it: CallerName, StirVerstat … They win over ours. */
  extra?: Record<string, string>
}

/** A telephone of the business that was rung. Times in Unix milliseconds. */
export type DialledLeg = {
  sid: string
  to: string
  callerId: string
  timeout: number
  status: string
  bridged: boolean
  seconds: number
  startedAt: number
  endedAt: number
}

export type Call = {
  sid: string
  accountSid: string
  from: string
  to: string
  status: 'ringing' | 'in-progress' | 'completed' | 'busy' | 'no-answer' | 'failed' | 'canceled'
  /** What the caller heard, in order. */
  heard: string[]
  /** Who was rung and how that ended. */
  dialled: DialledLeg[]
  /** Verbs that were carried out, in order. */
  verbs: string[]
  startedAt: number
  answeredAt: number | null
  endedAt: number | null
}
