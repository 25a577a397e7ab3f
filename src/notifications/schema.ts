import { z } from 'zod'

const id = z.uuid()
export const listQuery = z.object({
  before: id.optional().describe('Of the page before: its last one.'),
  limit: z.coerce.number().int().min(1).max(100).default(30),
})
export const notificationView = z
  .object({
    id,
    kind: z.enum(['emergency', 'caller_waits', 'lead', 'handed_over', 'account_down', 'number_waits']),
    urgent: z.boolean(),
    conversationId: id.nullable(),
    who: z.string().nullable().describe('The customer, or the number: name, else number.'),
    what: z.string().nullable().describe("A line of the customer's, or why."),
    readAt: z.string().nullable(),
    createdAt: z.string(),
  })
  .meta({ id: 'Notification' })
export type NotificationView = z.infer<typeof notificationView>
export const notificationPage = z
  .object({ items: z.array(notificationView), hasMore: z.boolean(), unread: z.number().int() })
  .meta({ id: 'NotificationPage' })

export const readBody = z
  .object({
    upTo: id.optional().describe('With this one and all before it.'),
    conversationId: id.optional().describe('Only those about this conversation.'),
  })
  .strict()
export const readAnswer = z.object({ unread: z.number().int() })

/** URL-safe base64, as browsers give them. */
const key = (min: number, max: number) =>
  z
    .string()
    .min(min)
    .max(max)
    .regex(/^[A-Za-z0-9_-]+=*$/, 'must be base64url')
const endpoint = z.url({ protocol: /^https$/ }).max(2000)
export const subscribeBody = z
  .object({
    endpoint,
    expirationTime: z.number().nullish(),
    keys: z.object({ p256dh: key(80, 120), auth: key(16, 40) }),
  })
  .strict()
export const unsubscribeBody = z.object({ endpoint }).strict()
export const pushKey = z.object({ publicKey: z.string().describe('The applicationServerKey of PushManager.subscribe.') })

/** How far back it is told what could not be sent. */
export const unsentDays = 30
const unsent = z.object({
  means: z.enum(['email', 'sms', 'push']),
  outcome: z.enum(['failed', 'unknown']).describe('unknown: the answer was lost; it may have arrived, and is not sent again.'),
  count: z.number().int(),
  lastAt: z.string(),
  why: z.string().nullable().describe('Why the last one failed, or is unknown, in words.'),
})
export const unsentView = unsent.meta({ id: 'Unsent' })
export type UnsentView = z.infer<typeof unsentView>
export const unsentList = z.object({ items: z.array(unsentView) })
export const teamUnsentView = unsent.extend({ member: z.object({ id, name: z.string() }) }).meta({ id: 'TeamUnsent' })
export type TeamUnsentView = z.infer<typeof teamUnsentView>
export const teamUnsentList = z.object({ items: z.array(teamUnsentView) })
