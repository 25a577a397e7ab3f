import type { Clock } from '../clock.ts'

export type Json = Record<string, unknown>

/** A Meta app. Its secret signs the webhooks of every account subscribed to it. */
export type App = { id: string; secret: string; verifyToken: string; webhookUrl?: string }

/** A callback that replaces the app's for message-like fields of one account or number. */
export type Override = { url: string; verifyToken: string }

/** A WhatsApp Business Account. `portfolioId` scopes the user ids its customers are known by. */
export type Waba = { id: string; portfolioId: string; subscriptions: Map<string, Override | undefined> }

export type BusinessNumber = {
  phoneNumberId: string
  /** As shown to people; digits are compared. */
  displayPhoneNumber: string
  wabaId: string
  appId: string
  accessToken: string
  verifiedName: string
  /** ISO 3166-1 alpha-2. */
  country: string
  /** Unique customers the business may open a conversation with in 24 h: TIER_250 … TIER_UNLIMITED. */
  tier: string
  /** Messages a second before 130429. */
  throughputPerSecond: number
  qualityRating: string
  registered: boolean
  pin?: string
  override?: Override
  profile: Json
  blocked: Set<string>
}

export type NumberInput = Pick<
  BusinessNumber,
  'phoneNumberId' | 'displayPhoneNumber' | 'wabaId' | 'accessToken' | 'verifiedName' | 'appId'
> &
  Partial<Pick<BusinessNumber, 'country' | 'tier' | 'throughputPerSecond' | 'qualityRating' | 'registered'>> & {
    portfolioId?: string
  }

export type Customer = {
  /** The simulator's own key; the phone number at creation. Meta never shows it. */
  id: string
  /** Digits without plus. */
  phone: string
  /** What Meta calls the number; differs from `phone` in Brazil, Mexico and Argentina. */
  waId: string
  name: string
  country: string
  username?: string
  /** The customer adopted a username: `wa_id` and `from` are left out of what Meta sends. */
  numberHidden: boolean
  /** Whether `read` statuses are sent for this customer at all. */
  readReceipts: boolean
  /** Opens every message by itself shortly after delivery. */
  autoRead: boolean
  /** The phone is switched on; otherwise messages stay at `sent`. */
  online: boolean
  /** Numbers (phone_number_id) this customer blocked: their messages stay at `sent`. */
  blocked: Set<string>
  /** Numbers (phone_number_id) whose marketing this customer stopped. */
  marketingStopped: Set<string>
  /** phone_number_id of the chat on screen: a message to it is read at once and `delivered` is skipped. */
  openChat?: string
}

export type CustomerInput = { phone: string } & Partial<
  Pick<Customer, 'id' | 'waId' | 'name' | 'country' | 'username' | 'numberHidden' | 'readReceipts' | 'autoRead' | 'online'>
>

export type SendStatus = 'accepted' | 'sent' | 'delivered' | 'read' | 'played' | 'failed'

export type ThreadMessage = {
  /** wamid */
  id: string
  phoneNumberId: string
  customerId: string
  /** in: by the customer; out: through the API; echo: typed in the WhatsApp Business app. */
  direction: 'in' | 'out' | 'echo'
  type: string
  content: Json
  /** Unix milliseconds. */
  at: number
  contextId?: string
  /** Outgoing: how far it came. */
  status?: SendStatus
  errorCode?: number
  /** Incoming: the business acknowledged the webhook; the business marked it read. */
  acknowledged?: boolean
  businessRead?: boolean
  /** emoji by who reacted */
  reactions: { customer?: string; business?: string }
  edited?: boolean
  revoked?: boolean
  /** What the statuses of an outgoing message repeat. */
  send?: SendFacts
}

export type SendFacts = {
  /** Addressed as `recipient` (BSUID) rather than `to`. */
  byUserId: boolean
  bizOpaque?: string
  pricing: Json
  conversation?: Json
  pricingSent: boolean
  /** While set, statuses are kept back until this many are there, then sent in `order`. */
  held?: { expected: number; order: 'reversed' | 'shuffled'; changes: (() => void)[] }
}

export type Thread = {
  phoneNumberId: string
  customerId: string
  messages: ThreadMessage[]
  lastCustomerMessageAt?: number
  /** 72 h after a click-to-WhatsApp ad. */
  freeEntryUntil?: number
  typingUntil?: number
  /** Grows with every change; what pollers compare. */
  revision: number
}

/** Ground truth: one element per send the simulator accepted, whatever the sender heard of it. */
export type AcceptedSend = {
  wamid: string
  phoneNumberId: string
  /** As the sender wrote it (phone or business-scoped user id). */
  to: string
  body: Json
  bizOpaque?: string
  /** Unix milliseconds. */
  at: number
}

export type MediaItem = {
  id: string
  phoneNumberId: string
  bytes: Uint8Array
  mimeType: string
  filename?: string
  /** lower-case hex */
  sha256: string
  /** Unix milliseconds after which the id is unknown. */
  expiresAt: number
}

export type TemplateStatus =
  | 'APPROVED'
  | 'ARCHIVED'
  | 'DISABLED'
  | 'IN_APPEAL'
  | 'LIMIT_EXCEEDED'
  | 'PAUSED'
  | 'PENDING'
  | 'PENDING_DELETION'
  | 'REJECTED'

export type Template = {
  id: string
  wabaId: string
  name: string
  language: string
  category: string
  parameterFormat: 'POSITIONAL' | 'NAMED'
  status: TemplateStatus
  rejectedReason: string
  qualityScore: string
  components: Json[]
  /** Unix milliseconds of the edits made while approved. */
  edits: number[]
}

export type Delivery = {
  id: string
  appId: string
  url: string
  field: string
  /** The exact text sent; its UTF-8 bytes are what the signature covers. */
  body: string
  signature: string
  tries: number
  /** HTTP status of each try, or why there was none. */
  statuses: (number | string)[]
  createdAt: number
  acknowledgedAt?: number
  /** Given up after 7 days. */
  gaveUpAt?: number
  duplicateOf?: string
}

export type Range = readonly [number, number]

/** All in milliseconds, drawn evenly between both bounds. */
export type Latency = {
  webhook: Range
  sent: Range
  /** after sent */
  delivered: Range
  /** after delivered, when the customer reads by itself */
  read: Range
  templateReview: Range
}

export type SimulatorOptions = {
  seed?: number
  clock?: Clock
  apps?: App[]
  numbers?: NumberInput[]
  latency?: Partial<Latency>
  /** Default of new customers. */
  autoRead?: boolean
  /** A phone no customer has: fail later with 131026 (as Meta does) or make a customer of it. */
  unknownRecipients?: 'fail' | 'create'
  /** Free-form after 24 h: `later` accepts and fails with a status (as Meta does), `at_once` refuses. */
  windowRefusal?: 'later' | 'at_once'
  /** `approve` settles new templates after `latency.templateReview`; `manual` waits for `setTemplateStatus`. */
  templateReview?: 'approve' | 'manual'
  /** Whether media sent by `link` are really fetched; a link that cannot be fetched fails with 131053. */
  fetchLinks?: boolean
  /** Puts several changes into one POST: at most `maxChanges` (Meta: 1,000), gathered for `windowMs`. */
  batch?: { maxChanges: number; windowMs: number }
  /** Delays before try 2, 3, …; the last repeats until 7 days have passed. */
  retryDelaysMs?: number[]
  /** Real milliseconds a receiver may take. */
  webhookTimeoutMs?: number
  /** Management calls per hour per account before 80007. */
  managementCallsPerHour?: number
  /** How many webhook deliveries and accepted sends are remembered. */
  keepDeliveries?: number
  keepAccepted?: number
  fetch?: typeof fetch
}

/** What a person did in the sign-up window: shared one account's numbers with an app. */
export type SignUp = {
  appId: string
  wabaId: string
  /** What the person granted; default: both that the app asked for. */
  scopes?: string[]
  /** Accounts the grant reaches; default: this one. */
  targets?: string[]
}
