/**
 * What Parley asks of a contact centre (agents who answer in a system of their own) and what one tells Parley. One is a
 * folder under src/answerers/; what is committed is the core's business, what the wire says is the folder's.
 */

/** An integration of one business as a call needs it. Never logged. */
export interface CentreConnection {
  tenantId: string
  /** The contact centre's id of the integration: what it names in every body it sends. */
  integrationId: string
  /** Genesys: `region` (host suffix as free text), and `apiUrl`/`loginUrl` for a proxy or the simulator. */
  config: Record<string, string>
  /** Genesys: `clientId`, `clientSecret`. */
  credentials: Record<string, string>
}

/** The customer as the contact centre knows them: the same id and kind for as long as the thread is the same. */
export interface CentreCustomer {
  id: string
  idType: 'Phone' | 'Opaque' | 'Email'
  name?: string
}

export interface CentreFile {
  id: string
  kind: 'image' | 'video' | 'audio' | 'file'
  /** Can be fetched without credentials, for a short while. */
  url: string
  mimeType?: string
  fileName?: string
  caption?: string
  /** Lower-case hex. */
  sha256?: string
}

/** One line of the customer. */
export interface CentreLine {
  /** The provider's id of it: the same in every try, and what the contact centre recognises a repeat by. */
  messageId: string
  customer: CentreCustomer
  /** ISO 8601 */
  at: string
  text: string | null
  files: readonly CentreFile[]
  /** An answer to something structured that an agent sent. */
  choice?: { kind: 'button' | 'quick_reply'; text: string; payload: string; originatingId?: string }
  /** Context of contact and conversation. Flat; keys and values are cut to what the contact centre takes. */
  attributes: Record<string, string>
}

/**
 * How a call ended. Failures are values.
 * - accepted: it has it. `conversationId` where it told it.
 * - retry: it has not; again after `retryAfterMs`. `scope` says what has to wait: this conversation, or everything of the integration.
 * - reject: it never will take this one. `text` is for whoever looks after the bridge.
 * - reconnect: credentials or permission: the integration stops until somebody mends it.
 * - unknown: the request went out and no usable answer came. May be said again with the same id.
 */
export type CentreResult =
  | { outcome: 'accepted'; messageId?: string; conversationId?: string; communicationId?: string }
  | { outcome: 'retry'; code: string; text: string; retryAfterMs?: number; scope: 'conversation' | 'integration' }
  | { outcome: 'reject'; code: string; text: string }
  | { outcome: 'reconnect'; code: string; text: string }
  | { outcome: 'unknown'; code: string; text: string }

export interface CentreReceipt {
  /** The contact centre's id of the agent's message. */
  messageId: string
  customer: CentreCustomer
  at: string
  status: 'delivered' | 'read' | 'failed'
  /** Nothing follows it. */
  final: boolean
  /** Our or the channel provider's code, and words. */
  error?: { code: string; text: string }
}

// What it tells ------------------------------------------------------------------------------------------------------

export interface CentreAttachment {
  id?: string
  kind: 'image' | 'video' | 'audio' | 'file' | 'link'
  url: string
  mimeType?: string
  fileName?: string
  caption?: string
}

/** Something to choose from, as the agent or a flow sent it, before it is made into what a channel can show. */
export interface CentreStructure {
  kind: 'quick_replies' | 'buttons' | 'list' | 'cards' | 'date_picker' | 'notification' | 'form' | 'unknown'
  title?: string
  text?: string
  footer?: string
  /** A picture of the whole, shown before it. */
  imageUrl?: string
  options: { title: string; description?: string; payload?: string; url?: string; imageUrl?: string }[]
}

interface CentreEventBase {
  integrationId: string
  /** Once-only key within the integration: the same body delivered again has the same. */
  key: string
  /** The contact centre's conversation; null where the body does not say (older ones). */
  conversationId: string | null
  customerId: string | null
  /** ISO 8601 */
  at: string
}
export type CentreEvent =
  | (CentreEventBase & {
      kind: 'message'
      messageId: string
      origin: 'human' | 'bot' | 'unknown'
      text: string | null
      attachments: CentreAttachment[]
      structures: CentreStructure[]
    })
  /** A message of ours that came back, or a direction that is not towards the customer: never sent on. */
  | (CentreEventBase & { kind: 'echo'; messageId: string })
  | (CentreEventBase & { kind: 'typing'; on: boolean; durationMs: number })
  /** About a line that we sent. `messageId` is the id we gave it. */
  | (CentreEventBase & {
      kind: 'receipt'
      messageId: string
      status: string
      final: boolean
      errors: { code: string; text: string }[]
    })
  | (CentreEventBase & { kind: 'disconnect'; reason: string })
  | (CentreEventBase & { kind: 'health' })
  | (CentreEventBase & { kind: 'other'; type: string })

export interface ParsedCentreWebhook {
  events: CentreEvent[]
  label: string
  malformed?: string
}

export interface CallOptions {
  signal?: AbortSignal
}

export interface ContactCentre {
  /** Folder, and value of channel_accounts.answerer. */
  name: string
  /** True when the signature over exactly these bytes was made with one of the secrets. Constant time. */
  verify(request: { headers: Record<string, string | undefined>; rawBody: Buffer }, secrets: readonly string[]): boolean
  /** Pure and total. */
  parse(rawBody: Buffer): ParsedCentreWebhook
  send(connection: CentreConnection, line: CentreLine, options?: CallOptions): Promise<CentreResult>
  receipt(connection: CentreConnection, receipt: CentreReceipt, options?: CallOptions): Promise<CentreResult>
  typing(connection: CentreConnection, customer: CentreCustomer, options?: CallOptions): Promise<CentreResult>
  /** Ends the conversation there. */
  disconnect(connection: CentreConnection, conversationId: string, options?: CallOptions): Promise<CentreResult>
  /** Whether the conversation is still open there; `unknown` where no usable answer came. */
  state(connection: CentreConnection, conversationId: string, options?: CallOptions): Promise<'open' | 'ended' | 'unknown'>
  /** Asks whether the integration works. */
  check(
    connection: CentreConnection,
    options?: CallOptions,
  ): Promise<{ state: 'connected' | 'degraded' | 'logged_out'; text: string }>
}
