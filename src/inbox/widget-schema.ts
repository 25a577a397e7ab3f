/** What the widget of an agent desktop takes and gives. */
import { z } from 'zod'
import { cleanText } from '../kernel/text.ts'
import { templateParameters } from '../ports/message.ts'
import { contactView, conversationView, id, messageView, templateView } from './schema.ts'
import { longestLifeSeconds } from './widget-token.ts'

const phone = z.string().regex(/^\+?\d{5,20}$/, 'is a number such as +15550100001')

export const makeLink = z
  .object({
    conversationId: id.optional(),
    contactId: id.optional(),
    centreConversationId: z
      .string()
      .min(1)
      .max(100)
      .refine((value) => cleanText(value) === value, 'holds characters that no id has')
      .optional()
      .describe("The contact centre's id of the conversation."),
    phone: phone.optional(),
    desk: z
      .literal(true)
      .optional()
      .describe('For whichever conversation the page’s address names: ?conversation= the contact centre’s id, or ?phone=.'),
    agent: z.string().trim().min(1).max(80).optional().describe('Who works with it, for the log of what was sent.'),
    maySend: z.boolean().default(false).describe('Whether templates may be sent with it.'),
    seconds: z
      .number()
      .int()
      .min(60)
      .max(longestLifeSeconds)
      .default(12 * 3600)
      .describe('How long it works.'),
  })
  .strict()
  .refine(
    (given) =>
      [given.conversationId, given.contactId, given.centreConversationId, given.phone, given.desk].filter(Boolean).length === 1,
    'names exactly one of conversationId, contactId, centreConversationId, phone, desk',
  )
export const madeLink = z.object({ url: z.string(), token: z.string(), expiresAt: z.iso.datetime() }).meta({ id: 'WidgetLink' })
export const newKey = z
  .object({ key: z.string().describe('Signs links of your own; shown this once.'), business: id })
  .meta({ id: 'WidgetKey' })

/** What a desk's link leaves open. */
export const whom = z.object({
  conversation: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe("With a desk's link: the contact centre's id of the conversation."),
  phone: phone.optional().describe("With a desk's link: the customer's number."),
})
export const widgetView = z
  .object({
    agent: z.string().nullable(),
    maySend: z.boolean(),
    expiresAt: z.iso.datetime(),
    business: z.object({ name: z.string() }),
    customer: contactView.omit({ notes: true }),
    conversation: conversationView
      .nullable()
      .describe('The one it is about: named by the link, else the newest of this person.'),
    conversations: z.array(conversationView).describe('All of this person over every channel, newest first, at most 50.'),
  })
  .meta({ id: 'Widget' })
export const historyQuery = whom.extend({
  cursor: z.string().max(4000).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(30),
})
export const historyPage = z
  .object({
    items: z.array(messageView).describe('Of all conversations with this person, oldest first.'),
    before: z.string().nullable().describe('Cursor of the page before; null at the beginning.'),
  })
  .meta({ id: 'WidgetHistory' })
export const templatePage = z.object({ items: z.array(templateView) }).meta({ id: 'WidgetTemplates' })
export const sendTemplate = z
  .object({
    name: z.string().min(1).max(512),
    language: z.string().min(2).max(20),
    parameters: templateParameters.omit({ headerMediaId: true }).default({ body: {}, buttons: {} }),
    idempotencyKey: z.string().min(8).max(200),
  })
  .strict()
export type SentTemplate = z.output<typeof messageView>
