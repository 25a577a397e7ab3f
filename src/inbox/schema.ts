/** What the inbox's API takes and gives. Types of the console and of the published client come from here. */
import { z } from 'zod'
import { outboundBody } from '../ports/message.ts'
import { memberView } from '../tenancy/team-schema.ts'
import { standingConsent } from './consent-schema.ts'

export const id = z.uuid()
const time = z.iso.datetime()

const version = z
  .number()
  .int()
  .describe('Only grows. Answers and the stream may overtake each other: of two states, keep the one with the larger version.')

export const messageStatus = z.enum(['queued', 'sending', 'sent', 'delivered', 'read', 'received', 'processed', 'failed'])

export const mediaView = z
  .object({
    id,
    state: z.enum(['pending', 'stored', 'failed', 'refused']).describe('pending: still being fetched.'),
    mimeType: z.string().nullable(),
    fileName: z.string().nullable(),
    byteSize: z.number().nullable(),
    url: z.string().nullable().describe('Where to fetch it, for those who may see the conversation; null until stored.'),
    error: z.string().nullable(),
  })
  .meta({ id: 'Media' })
export type MediaView = z.infer<typeof mediaView>

export const messageView = z
  .object({
    id,
    version,
    conversationId: id,
    seq: z.number().int().describe('Order within the conversation, from 1.'),
    direction: z.enum(['inbound', 'outbound', 'internal']).describe('internal: a note or an activity line, never sent.'),
    sender: z.enum(['customer', 'human', 'ai', 'system', 'agent', 'automation', 'campaign', 'device']),
    author: z.object({ id, name: z.string() }).nullable(),
    type: z.string().describe('Open set; see the message types page.'),
    text: z.string().nullable().describe('What people read; null where there is nothing to read.'),
    body: z.record(z.string(), z.unknown()),
    media: z.array(mediaView),
    replyTo: z
      .object({
        id: id.nullable(),
        externalId: z.string().nullable(),
        type: z.string().nullable(),
        text: z.string().nullable(),
        direction: z.string().nullable(),
      })
      .nullable()
      .describe('The message answered; id is null where it is not here.'),
    reactions: z.array(z.object({ emoji: z.string(), direction: z.enum(['inbound', 'outbound']), at: time })),
    editedAt: time.nullable(),
    revokedAt: time.nullable().describe('Deleted by its author; the original is kept.'),
    status: messageStatus.nullable().describe('null for internal lines.'),
    outcome: z.enum(['unknown']).nullable().describe('unknown: the request went out and no answer came. Settled by a receipt.'),
    error: z.object({ code: z.string(), text: z.string(), hint: z.string().nullable(), retryable: z.boolean() }).nullable(),
    nextAttemptAt: time.nullable(),
    occurredAt: time.describe("The provider's time."),
    createdAt: time,
    sentAt: time.nullable(),
    deliveredAt: time.nullable(),
    readAt: time.nullable(),
    failedAt: time.nullable(),
    segments: z
      .object({ encoding: z.enum(['GSM-7', 'UCS-2']), count: z.number().int() })
      .nullable()
      .describe('Of a text that was sent by SMS: as how many pieces it travels, and in which alphabet.'),
    metadata: z.record(z.string(), z.unknown()),
    idempotencyKey: z.string().nullable(),
  })
  .meta({ id: 'Message' })
export type MessageView = z.infer<typeof messageView>

export const contactView = z
  .object({
    id,
    name: z.string().nullable(),
    phone: z.string().nullable(),
    status: z.enum(['active', 'blocked', 'inactive']),
    notes: z.string().nullable(),
    externalRef: z.string().nullable(),
    identities: z.array(z.object({ kind: z.string(), value: z.string(), since: time })),
    consents: z
      .array(standingConsent)
      .describe('How it stands, by channel and topic. A channel that is not here: nothing was said.'),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Contact' })
export type ContactView = z.infer<typeof contactView>

export const conversationView = z
  .object({
    id,
    version,
    status: z.enum(['open', 'closed', 'archived']),
    control: z.enum(['bot', 'ai', 'human', 'agent', 'none']).describe('Who answers.'),
    channel: z.string(),
    account: z.object({ id, name: z.string(), address: z.string().nullable() }),
    contact: z.object({ id, name: z.string().nullable(), phone: z.string().nullable() }),
    assignee: z.object({ id, name: z.string() }).nullable(),
    labelIds: z.array(id),
    unreadCount: z.number().int(),
    messageCount: z.number().int(),
    lastSeq: z.number().int(),
    lastMessageAt: time.nullable(),
    lastPreview: z.string().nullable(),
    lastDirection: z.string().nullable(),
    windowExpiresAt: time
      .nullable()
      .describe('Until then free text may be sent; later only templates. null: nobody wrote yet.'),
    windowRequired: z.boolean().describe('False on channels without such a window.'),
    createdAt: time,
    updatedAt: time,
    closedAt: time.nullable(),
  })
  .meta({ id: 'Conversation' })
export type ConversationView = z.infer<typeof conversationView>

export const accountView = z
  .object({
    id,
    channel: z.string(),
    provider: z.string(),
    name: z.string(),
    address: z.string().nullable(),
    state: z.enum(['pairing', 'connecting', 'connected', 'degraded', 'held', 'logged_out']),
    stateText: z.string().nullable(),
    answerer: z.string().describe('Who has new conversations: human; assistant, where nobody answers in time; genesys.'),
    registration: z
      .object({ state: z.enum(['not_needed', 'pending', 'approved', 'rejected']), text: z.string().nullable() })
      .describe('With the carriers of the United States: while it is pending or rejected no texts go to numbers there.'),
    capabilities: z.object({
      send: z.array(z.string()),
      windowHours: z.number().nullable(),
      templates: z.boolean(),
      typing: z.boolean(),
      maxText: z.number(),
      segments: z.boolean().describe('Texts travel, and are charged, by the piece: see POST /accounts/:id/segments.'),
      media: z.record(z.string(), z.object({ maxBytes: z.number(), mimeTypes: z.array(z.string()) })),
    }),
  })
  .meta({ id: 'Account' })
export type AccountView = z.infer<typeof accountView>

export const templateView = z
  .object({
    id,
    accountId: id,
    name: z.string(),
    language: z.string(),
    category: z.string(),
    status: z.string(),
    quality: z.string().nullable(),
    rejectionReason: z.string().nullable(),
    header: z.string().nullable(),
    body: z.string(),
    footer: z.string().nullable(),
    buttons: z.array(z.string()),
    places: z
      .array(
        z.object({
          slot: z.enum(['header', 'headerMedia', 'body', 'button']),
          name: z.string().describe('Position ("1") or name; for a button its position ("0").'),
          label: z.string(),
          example: z.string().nullable(),
        }),
      )
      .describe('What has to be filled in before it can be sent.'),
  })
  .meta({ id: 'Template' })
export type TemplateView = z.infer<typeof templateView>

export const attemptView = z
  .object({
    n: z.number().int(),
    outcome: z.enum(['started', 'accepted', 'refused', 'retry', 'unknown']),
    code: z.string().nullable(),
    text: z.string().nullable(),
    startedAt: time,
    finishedAt: time.nullable(),
    nextAt: time.nullable(),
  })
  .meta({ id: 'SendAttempt' })

export const receiptView = z
  .object({
    status: z.string(),
    at: time,
    receivedAt: time,
    applied: z.boolean(),
    errorCode: z.string().nullable(),
    error: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Receipt' })

// Requests -----------------------------------------------------------------------------------------------------------

export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().nullable().describe('Cursor of the next page; null on the last.') })

/** What somebody looks for. No text here holds NUL: who sends it has made a mistake. */
export const wanted = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine((text) => !text.includes('\u0000'), 'must not have NUL characters')

export const handOverBody = z
  .object({
    to: z
      .enum(['human', 'agent', 'ai', 'bot'])
      .describe('human: people in this inbox; agent: the contact centre; ai: the assistant; bot: rules.'),
    reason: z.string().trim().max(500).optional(),
  })
  .strict()

export const listConversationsQuery = z.object({
  status: z.enum(['open', 'closed', 'archived', 'all']).default('open'),
  assignee: z.union([z.enum(['me', 'none', 'any']), id]).default('any'),
  unread: z.stringbool().optional(),
  channel: z.string().max(50).optional(),
  accountId: id.optional(),
  contactId: id.optional(),
  labelId: id.optional(),
  q: wanted
    .optional()
    .describe('Part of the name or of the number, or words of the last line among the newest messages that have them.'),
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
})

export const listMessagesQuery = z.object({
  before: z.coerce.number().int().min(1).optional().describe('Messages with a smaller seq, newest page first.'),
  after: z.coerce.number().int().min(0).optional().describe('Messages with a larger seq, oldest page first.'),
  around: id.optional().describe('A page with this message in the middle.'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})
export const messagePage = z.object({
  items: z.array(messageView).describe('In ascending order of seq.'),
  hasBefore: z.boolean(),
  hasAfter: z.boolean(),
  removed: z
    .number()
    .int()
    .min(0)
    .describe('Lines at the beginning of the thread that are no longer kept; told with the page that begins it, else 0.'),
})

export const patchConversation = z
  .object({ status: z.enum(['open', 'closed', 'archived']).optional(), assigneeId: id.nullable().optional() })
  .strict()

export const sendMessage = z
  .object({
    body: outboundBody,
    replyTo: id.optional(),
    idempotencyKey: z
      .string()
      .min(8)
      .max(200)
      .optional()
      .describe('A repeated call with the same key returns the first message. The header Idempotency-Key does the same.'),
  })
  .strict()
export const startMessage = sendMessage
  .extend({ accountId: id, to: z.object({ phone: z.string().max(40).optional(), contactId: id.optional() }).strict() })
  .strict()
export const countSegments = z.object({ text: z.string().max(10_000) }).strict()
export const segmentsView = z
  .object({
    encoding: z.enum(['GSM-7', 'UCS-2']).describe('UCS-2 as soon as one character is not in the alphabet of the network.'),
    segments: z.number().int().describe('How many pieces are charged; 0 for an empty text.'),
    units: z.number().int().describe('Places that the text takes.'),
    perSegment: z.number().int(),
    left: z.number().int().describe('Places left before one more piece is needed.'),
  })
  .meta({ id: 'Segments' })
export const addNote = z.object({ text: z.string().trim().min(1).max(10_000) }).strict()
export const patchContact = z
  .object({
    name: z.string().trim().max(512).nullable().optional(),
    notes: z.string().max(10_000).nullable().optional(),
    status: z.enum(['active', 'blocked', 'inactive']).optional(),
  })
  .strict()

/** One message of the live stream (`event: batch`): everything that changed up to `cursor`, as it is now. */
export const streamBatch = z
  .object({
    cursor: z.string(),
    conversations: z.array(conversationView),
    messages: z.array(messageView),
    accounts: z.array(accountView),
    contactIds: z.array(id).describe('Contacts that changed: refetch if shown.'),
    leadIds: z.array(id).describe('Leads that were made or changed: refetch if shown.'),
    bookingIds: z.array(id).describe('Bookings that were made or changed: refetch if shown.'),
    timesChanged: z.boolean().describe("Somebody's time was held, booked or freed: refetch what is free if shown."),
    staffChanged: z.boolean().describe('Who is booked: somebody was added, changed or deleted.'),
    templatesChanged: z.boolean(),
    callsChanged: z.boolean().describe('Somebody rang, or a call was decided: refetch if calls are shown.'),
    numbersChanged: z.boolean().describe('A telephone number is bought, set up, suspended or given back: refetch if shown.'),
    labelsChanged: z.boolean().describe('A label was made, renamed or deleted: a deleted one is on no conversation any more.'),
    members: z.array(memberView).describe('Colleagues whose presence, name or role changed, and new ones, as they are now.'),
    memberIdsGone: z.array(id).describe('Who works here no more.'),
    businessChanged: z.boolean(),
    notifiedIds: z.array(id).describe('People who have a new notification.'),
  })
  .meta({ id: 'StreamBatch' })
export type StreamBatch = z.infer<typeof streamBatch>

export const apiError = z
  .object({ error: z.object({ code: z.string(), message: z.string(), details: z.unknown().optional() }) })
  .meta({ id: 'Error' })
