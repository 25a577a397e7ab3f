/**
 * What Parley asks of a channel (the customer's side of a conversation) and what a channel tells Parley.
 * A provider is a folder under src/channels/ that exports one `Channel`; the mandatory part is small, and what only some
 * can do is an optional member, mirrored in `capabilities`. channel.conformance.ts is the suite each one passes.
 */
import type { Segments } from '../kernel/segments.ts'
import type { MediaRef, MessageBody, OutboundBody, TemplateParameters } from './message.ts'

// What comes in ------------------------------------------------------------------------------------------------------

/** How a person is known to the provider. Kinds are those of `contact_identities`. */
export type IdentityKind = 'phone' | 'wa_id' | 'bsuid' | 'lid' | 'visitor' | 'email' | 'external'
export interface PersonIdentity {
  kind: IdentityKind
  value: string
  /** '' where the value means the same everywhere; 'portfolio' where it is scoped to the account's portfolio. */
  scope: '' | 'portfolio'
}
export interface Person {
  /** At least one, the strongest first. Empty strings of a provider count as absent. */
  identities: PersonIdentity[]
  name?: string
  username?: string
  /** E.164 with plus, where the provider's id of the person is a phone number. */
  phone?: string
}

interface EventBase {
  /** The provider's id of our address (WhatsApp: phone_number_id). */
  account: string
  /** ISO 8601, the provider's clock. */
  occurredAt: string
}

/** A line of the customer, or (direction `echo`) one that the business wrote on a device of its own. */
export interface MessageEvent extends EventBase {
  kind: 'message'
  direction: 'inbound' | 'echo'
  externalId: string
  person: Person
  /** Open set; the known ones are in ports/message.ts. */
  type: string
  /** What people read and search; null where there is nothing to read. Well-formed, without NUL. */
  text: string | null
  body: Record<string, unknown>
  media: MediaRef[]
  /** The provider's id of the message this one answers, reacts to, edits or takes back. */
  replyTo?: string
  /** Whether it opens or renews the window in which free text may be sent. */
  opensWindow: boolean
  /** Whether it is something new that somebody said: false for reactions, edits, deletions, system lines. */
  conversational: boolean
  /**
   * The provider itself understood this line as a wish about being written to, and has already answered it: no words of ours
   * are needed. Its word counts, not the text: the business may have chosen other key words there.
   */
  optOut?: 'stop' | 'start' | 'help'
  /** It came in the way in which strangers turn to a business: a lead is made of who wrote it, where the business wants that. */
  mayBeLead?: boolean
  /** Referral (click-to-chat ad), forwarded marks, errors, and keys we do not know: kept as they came. */
  metadata: Record<string, unknown>
}

export interface ReceiptEvent extends EventBase {
  kind: 'receipt'
  externalId: string
  /** sent, delivered, read, played, failed; another word is kept and moves nothing. */
  status: string
  /** Our message id, where the provider carried it back. */
  messageId?: string
  /** In a group: which member. */
  participant?: string
  person?: Person
  error?: { code: string; text: string }
  /** Pricing, conversation category, further errors: kept as they came. */
  detail: Record<string, unknown>
}

/** An identity of a person became another one, or the two are now known to be the same person. */
export interface IdentityEvent extends EventBase {
  kind: 'identity'
  from: PersonIdentity
  to: PersonIdentity
  person: Person
  reason: string
}

/**
 * Something about the account itself: template status, quality, restrictions, preferences, history chunks, unknown fields.
 * `type` becomes the domain event's type (`account.updated`, `template.updated`, `contact.preference` …).
 */
export interface AccountEvent {
  kind: 'account'
  /** The provider's id of our address, where it is about one; else null and `owner` says whose it is. */
  account: string | null
  /** The provider's id of the business account (WhatsApp: WABA id). */
  owner: string
  occurredAt: string
  type: string
  /** Once-only key within provider and owner: the same update delivered again has the same. */
  key: string
  data: Record<string, unknown>
  /** Set for template updates: what changes in our copy. */
  template?: {
    name: string
    language: string
    externalId?: string
    status?: 'pending' | 'approved' | 'rejected' | 'paused' | 'disabled' | 'deleted'
    reason?: string | null
    quality?: string
    category?: string
  }
}

export type InboundEvent = MessageEvent | ReceiptEvent | IdentityEvent | AccountEvent

/** What a webhook's body turned out to say. `malformed` is set where it could not be read at all; it is kept all the same. */
export interface ParsedWebhook {
  events: InboundEvent[]
  /** Short label for webhook_events.event_type, e.g. "messages", "message_template_status_update". */
  label: string
  malformed?: string
}

// What goes out ------------------------------------------------------------------------------------------------------

/** A file as the channel may need it for sending. */
export interface OutboundFile {
  mimeType: string
  fileName: string
  byteSize: number
  /** The provider's id of an earlier upload to this account that is still valid. */
  externalId?: string
  read(): Promise<Buffer>
  /** An address under which the provider can fetch it for some hours, without credentials; absent where this server has none. */
  link?(): string
}

export interface OutboundMessage {
  /** Our message id: travels along so that a receipt can settle a send whose answer was lost. */
  messageId: string
  to: PersonIdentity[]
  body: OutboundBody
  /** The provider's id of the message answered. */
  replyTo?: string
  /** The provider's id of the message reacted to (body.type reaction). */
  targetExternalId?: string
  /** The file of a media message or of a template's header. */
  file?: OutboundFile
  /** A template's components as synchronised, in the channel's own shape. */
  templateComponents?: unknown[]
  templateParameterFormat?: string
}

/**
 * How a send ended. Failures are values.
 * - accepted: the provider has it.
 * - retry: it has not; try again after `retryAfterMs`. `scope` says what has to wait: this message, everything to this
 *   customer, or everything from this account.
 * - reject: it has not and never will take this message. `text` is for a shopkeeper.
 * - reconnect: credentials or permission: the account stops until somebody mends it.
 * - hold: the provider stopped the account (limit, payment, policy): the account stops, its queue is kept.
 * - unknown: the request went out and no usable answer came. Never sent again blindly.
 */
export type SendResult =
  | { outcome: 'accepted'; externalId: string; person?: PersonIdentity[]; upload?: { externalId: string; expiresAt: string } }
  | { outcome: 'retry'; code: string; text: string; retryAfterMs?: number; scope: 'message' | 'pair' | 'account' }
  | { outcome: 'reject'; code: string; text: string; hint?: SendHint }
  | { outcome: 'reconnect'; code: string; text: string }
  | { outcome: 'hold'; code: string; text: string }
  | { outcome: 'unknown'; code: string; text: string }

/**
 * What may be done about a refusal. opted_out: the customer wants nothing more from this business here; no_marketing: no
 * advertising. Both are kept as what they are. landline: the number takes no texts.
 */
export type SendHint = 'template' | 'refresh_templates' | 'opted_out' | 'no_marketing' | 'landline'

export interface Capabilities {
  /** Body types of `OutboundBody` that can be sent. */
  send: readonly OutboundBody['type'][]
  /** Hours after the customer's last line in which free text may be sent; null: no such window. */
  windowHours: number | null
  templates: boolean
  readMarks: boolean
  typing: boolean
  replies: boolean
  /** Messages a second from one account, and the burst it may borrow. */
  pace: { perSecond: number; burst: number }
  /** Towards one customer: one message each `everyMs`, with `burst` borrowed from the future. */
  pairPace: { everyMs: number; burst: number }
  /** Largest file in bytes and accepted MIME types, by body type. */
  media: Partial<
    Record<'image' | 'video' | 'audio' | 'document' | 'sticker', { maxBytes: number; mimeTypes: readonly string[] }>
  >
  /** Characters. */
  maxText: number
  /** CANCEL, END, HELP and the like mean what the carriers of texts say they mean. Default: only what nobody means otherwise. */
  carrierKeywords?: boolean
}

/** An account as a channel needs it for a call: where it is and what opens it. Never logged. */
export interface AccountConnection {
  tenantId: string
  accountId: string
  externalId: string
  /** Provider-specific settings (WhatsApp: graphUrl, graphVersion, wabaId). */
  config: Record<string, string>
  credentials: Record<string, string>
}

export interface SyncedTemplate {
  externalId: string
  name: string
  language: string
  category: string
  status: 'pending' | 'approved' | 'rejected' | 'paused' | 'disabled'
  quality?: string
  rejectionReason?: string
  parameterFormat: 'POSITIONAL' | 'NAMED'
  components: unknown[]
}

export interface CallOptions {
  /** Ends the call; the channel also has its own limit for each call. */
  signal?: AbortSignal
}

/** A delivery as it came. */
export interface WebhookRequest {
  method: string
  /**
   * The address that the provider called: scheme and host of PUBLIC_URL, path and query exactly as sent. Some providers sign
   * it. Never from a header, which anybody can write.
   */
  url: string
  headers: Record<string, string | undefined>
  rawBody: Buffer
}

/** How a provider delivers, where that is not usual. */
export interface ChannelWebhook {
  /**
   * Last part of the address /webhooks/…, and the provider under which its apps are kept; several channels that one provider
   * carries share it. Default: the channel's name and the provider itself.
   */
  path: string
  /** Which of the channels at a shared address a delivery is for. */
  takes(rawBody: Buffer): boolean
  /** What the provider reads on success. */
  answer: { type: string; body: string }
  /** It does not deliver again what was not taken: while the database is away, it waits on the disk. */
  onlyOnce: boolean
}

export interface Channel {
  /** Value of channel_accounts.provider. */
  provider: string
  /** Value of channel_accounts.channel and conversations.channel. */
  channel: string
  capabilities: Capabilities
  webhook?: ChannelWebhook
  /** True when the signature over exactly these bytes was made with one of the secrets. Constant time. */
  verify(request: WebhookRequest, secrets: readonly string[]): boolean
  /**
   * Pure and total: whatever the bytes are, it returns. `headers`: those that are kept with the body, and under `:path` what
   * was called where it had a query.
   */
  parse(rawBody: Buffer, headers?: Record<string, string>): ParsedWebhook
  send(account: AccountConnection, message: OutboundMessage, options?: CallOptions): Promise<SendResult>

  /** Answers the provider's subscription handshake: the challenge to send back, or why not. */
  handshake?(query: Record<string, string | undefined>, verifyTokens: readonly string[]): { status: number; body: string }
  /**
   * Looks for a send whose answer was lost, among what the provider took since then. It settles what became of it: nothing is
   * sent again before.
   */
  findSent?(account: AccountConnection, message: OutboundMessage, options: CallOptions & { since: Date }): Promise<SentLookup>
  /** What came to the account since then, for a provider whose webhooks may be lost. Each is once by its id. */
  missed?(account: AccountConnection, options: CallOptions & { since: Date }): Promise<MissedMessages>
  /** How a text travels where the network charges by the piece. Pure. */
  countSegments?(text: string): Segments
  /** Fetches a file that came in. Sizes over `maxBytes` stop the transfer. */
  download?(account: AccountConnection, media: MediaRef, options: CallOptions & { maxBytes: number }): Promise<DownloadResult>
  markRead?(account: AccountConnection, externalId: string, options?: CallOptions & { typing?: boolean }): Promise<SendResult>
  syncTemplates?(account: AccountConnection, options?: CallOptions): Promise<SyncedTemplate[]>
  /** What a template needs and says. Pure. */
  templates?: TemplateRules
  /** Words for a failure that came later, in a receipt: `code` is the receipt's. */
  describeFailure?(code: string, fallback?: string): { text: string; hint?: string }
  /** Asks the provider whether the account works. */
  check?(
    account: AccountConnection,
    options?: CallOptions,
  ): Promise<{
    state: 'connected' | 'degraded' | 'logged_out'
    text: string
    /** As the provider writes the account's address, E.164 for phones. */
    address?: string
  }>
  /**
   * Whether what this connection holds opens the account, and the account belongs to the business account it names. Asked
   * before an account is stored. `unknown`: the provider gave no usable answer.
   */
  owns?(account: AccountConnection, options?: CallOptions): Promise<'yes' | 'no' | 'unknown'>
  /** What an account needs before it works, in words. Pure. */
  setup?(facts: SetupFacts): SetupStep[]
  /** Connecting accounts by the provider's own sign-up window. */
  signUp?: ChannelSignUp
}

/** Ids of sends that may be the one, oldest first; none of them: it never arrived. `unknown`: no usable answer. */
export type SentLookup = { outcome: 'listed'; externalIds: string[] } | { outcome: 'unknown' }
/** Bodies as webhooks would have brought them, for `parse`, oldest first. */
export type MissedMessages = { outcome: 'listed'; bodies: Buffer[] } | { outcome: 'unknown' }

export interface SetupFacts {
  /** null: there is no account yet. */
  account: { state: string; stateText: string | null; address: string | null; owner: string | null } | null
  /** Where the provider has to deliver. */
  webhookUrl: string
  /** Whether this server told the provider so itself, because the number was bought here. */
  setHere?: boolean
  /** Whether that address can be reached from outside: https, and not this machine. */
  reachable: boolean
  /** Whether what is delivered there can be checked: the app's secret is known. */
  hasSecret: boolean
  /** Whether something came from a customer, something was sent, a template may be sent. */
  received: boolean
  sent: boolean
  templates: boolean
}
export interface SetupStep {
  /** Stable name. */
  id: string
  done: boolean
  title: string
  /** null where it is done. */
  missing: string | null
  how: string | null
  /** Good to have; it works without. */
  optional: boolean
}

/** The platform's own app at the provider. */
export interface SignUpApp {
  id: string
  secret: string
  /** Where the provider's API is; absent: its own address. */
  url?: string
}
export interface SignUpAccount {
  externalId: string
  name: string
  /** E.164. */
  address: string
  /** Works at the provider already: needs no opening. */
  open: boolean
}
export type SignUpFailed = { outcome: 'failed'; code: string; text: string }
export interface ChannelSignUp {
  /** Exchanges the code of the window and reads what it gives access to. Changes nothing at the provider. */
  read(
    app: SignUpApp,
    given: { code: string; owner: string; account?: string },
    options?: CallOptions,
  ): Promise<{ outcome: 'read'; token: string; accounts: SignUpAccount[] } | SignUpFailed>
  /**
   * Makes the provider deliver to the app and opens the accounts that are not open, each with its PIN. What was done before
   * a failure is taken back. `undo` takes back all of it.
   */
  open(
    app: SignUpApp,
    given: { token: string; owner: string; accounts: readonly { externalId: string; open: boolean; pin: string }[] },
    options?: CallOptions,
  ): Promise<{ outcome: 'opened'; undo(): Promise<void> } | SignUpFailed>
}

/** A template's places, checks and text; `components` as synchronised. */
export interface TemplateRules {
  describe(
    components: readonly unknown[],
    format: string,
  ): {
    header: string | null
    body: string
    footer: string | null
    buttons: string[]
    places: { slot: 'header' | 'headerMedia' | 'body' | 'button'; name: string; label: string; example: string | null }[]
  }
  /** What is wrong with the given values: empty when it may be sent. */
  check(components: readonly unknown[], format: string, parameters: TemplateParameters): { place: string; text: string }[]
  /** As the customer reads it. */
  render(
    components: readonly unknown[],
    format: string,
    parameters: TemplateParameters,
  ): { header?: string; text: string; footer?: string; buttons: string[] }
}

export type DownloadResult =
  | { outcome: 'stored'; content: Buffer; mimeType?: string; sha256?: string }
  | { outcome: 'retry'; code: string; text: string; retryAfterMs?: number }
  | { outcome: 'refused'; code: string; text: string }

export type { MediaRef, MessageBody, OutboundBody }
