import type { Clock } from '../clock.ts'

export type Json = Record<string, unknown>

/** An OAuth client of the organisation (grant type Client Credentials). `permissions` undefined: all of them. */
export type Client = { id: string; secret: string; permissions?: string[] }
export type Token = { value: string; clientId: string; expiresAt: number; revoked: boolean }

export type Integration = {
  id: string
  name: string
  webhookUrl: string
  /** Signature secret token of outbound notifications. */
  secret: string
  webhookHeaders: Record<string, string>
  /** Unix milliseconds from which it is Completed. */
  readyAt: number
  createError?: string
  recipientId: string
  /** Architect flow that the recipient is attached to; without one nothing is routed. */
  flowId?: string
  supportedContent: string
  createdAt: number
  modifiedAt: number
}
export type IntegrationInput = Pick<Integration, 'name' | 'webhookUrl' | 'secret'> &
  Partial<Pick<Integration, 'id' | 'webhookHeaders' | 'flowId'>>

export type IdType = 'Email' | 'Phone' | 'Opaque'
export type Customer = { id: string; idType: IdType; nickname?: string; firstName?: string; lastName?: string; image?: string }

export type Agent = { id: string; name: string }

export type Participant = {
  id: string
  purpose: 'customer' | 'workflow' | 'acd' | 'agent'
  name: string
  userId?: string
  /** The communication: what agent-side calls name beside the conversation. */
  communicationId: string
  state: 'alerting' | 'connected' | 'disconnected'
  disconnectType?: 'peer' | 'client' | 'system' | 'timeout' | 'transfer'
  connectedAt: number
  endedAt?: number
}

export type Receipt = { status: string; at: number; reasons: Json[]; final: boolean }

export type Message = {
  /** Genesys' id: 32 hex digits. */
  id: string
  integrationId: string
  conversationId: string
  direction: 'inbound' | 'outbound'
  /** Inbound: the id that the caller gave. Outbound: its own. */
  providerId: string
  from: 'customer' | 'agent' | 'bot'
  author: string
  at: number
  type: 'Text' | 'Structured'
  text?: string
  content: Json[]
  /** Answer to something structured. */
  buttonResponse?: Json
  originatingMessageId?: string
  receipts: Receipt[]
  /** Outbound: the webhook that carries it. Inbound: what became of fetching its file. */
  deliveryId?: string
  fetched?: { status: number | string; bytes: number; mimeType?: string }
}

export type Conversation = {
  id: string
  integrationId: string
  customer: Customer
  startedAt: number
  endedAt?: number
  participants: Participant[]
  messages: Message[]
  /** Participant data: what `customAttributes` said, the newest value of each. */
  attributes: Record<string, string>
  customerTypingUntil?: number
  /** A webhook was answered with a 4xx: nothing more is delivered. */
  undeliverable: boolean
  /** Grows with everything that can be seen. */
  revision: number
}

/** What the API took from the other side, in order. */
export type Taken = {
  kind: 'message' | 'structured' | 'receipt' | 'event' | 'agentless'
  integrationId: string
  conversationId?: string
  /** The id that the caller gave (message, structured), or Genesys' (receipt, agentless). */
  messageId?: string
  /** The id was taken before: nothing happened. */
  repeated: boolean
  at: number
  body: Json
}

/** One webhook with all of its tries. */
export type Delivery = {
  id: string
  integrationId: string
  conversationId?: string
  url: string
  kind: string
  body: string
  signature: string
  tries: number
  statuses: (number | string)[]
  createdAt: number
  acknowledgedAt?: number
  gaveUpAt?: number
  duplicateOf?: string
}

/** What scripted agents do, one after the other. `{text}` in a text is what the customer wrote. */
export type Step =
  | { do: 'wait'; ms: number }
  | { do: 'answer'; agent?: string }
  | { do: 'say'; text: string }
  | { do: 'quick_replies'; text: string; options: { text: string; payload?: string }[] }
  | { do: 'structured'; text?: string; content: Json[] }
  | { do: 'attach'; base64: string; mimeType: string; fileName: string; text?: string }
  | { do: 'type'; ms: number }
  | { do: 'transfer'; agent: string }
  | { do: 'disconnect' }

/** `on` conversation: when one begins. `on` message: with every line of the customer, whose text `contains` this. */
export type Script = {
  integrationId?: string
  on: 'conversation' | 'message'
  contains?: string
  times?: number
  steps: Step[]
}

export type SimulatorOptions = {
  seed?: number | string
  clock?: Clock
  clients?: Client[]
  integrations?: IntegrationInput[]
  agents?: Agent[]
  scripts?: Script[]
  /** Life of a token. Seconds, default 86,400. */
  tokenLifeS?: number
  /** For one token. Default 300. */
  callsPerMinute?: number
  /** Milliseconds between `Initiated` and `Completed`. Default 2,000. */
  creationMs?: number
  /** `Published` receipts for what comes in. Default true. */
  publishReceipts?: boolean
  /** Whether files of the customer are fetched from their address, as Genesys does. Default true. */
  fetchFiles?: boolean
  /** After a 4xx other than 429 the conversation gets nothing more. Default true. */
  stopAfter4xx?: boolean
  /** Milliseconds. */
  latency?: Partial<Latency>
  /** Tries after the first. Default 5, 5,000 ms apart. */
  retries?: { times: number; everyMs: number }
  webhookTimeoutMs?: number
  keepDeliveries?: number
  fetch?: typeof fetch
}

export type Latency = { webhook: readonly [number, number]; fetch: readonly [number, number] }
