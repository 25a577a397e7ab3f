/** What searching takes and gives. */
import { z } from 'zod'
import { id, wanted } from './schema.ts'

const time = z.iso.datetime()

export const searchQuery = z.object({
  q: wanted.describe(
    'Words, or their beginnings, in any order; between quotation marks together. In any script; case and accents do not count.',
  ),
  contactId: id.optional().describe('Only what was said with this contact.'),
  conversationId: id.optional(),
  accountId: id.optional().describe('Only over this address of the business.'),
  channel: z.string().min(1).max(40).optional().describe('Only over this channel, for example whatsapp.'),
  from: z.iso.datetime({ offset: true }).optional().describe('Not before this time.'),
  to: z.iso.datetime({ offset: true }).optional().describe('Not after this time.'),
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(50).default(20),
})

export const searchHit = z
  .object({
    message: z.object({
      id,
      conversationId: id,
      seq: z.number().int(),
      direction: z.enum(['inbound', 'outbound', 'internal']),
      sender: z.string(),
      author: z.object({ id, name: z.string() }).nullable(),
      type: z.string(),
      occurredAt: time,
      createdAt: time,
    }),
    contact: z.object({ id, name: z.string().nullable(), phone: z.string().nullable() }),
    account: z.object({ id, name: z.string() }),
    channel: z.string(),
    conversationStatus: z.enum(['open', 'closed', 'archived']),
    snippet: z.object({
      text: z.string().describe('The part of the message around what was found. Plain text.'),
      highlights: z
        .array(z.tuple([z.number().int(), z.number().int()]))
        .describe('What was found in it: start and end (not included), in UTF-16 units, in order.'),
    }),
  })
  .meta({ id: 'SearchHit' })
export type SearchHit = z.infer<typeof searchHit>

export const searchPage = z.object({
  items: z.array(searchHit).describe('Newest first.'),
  next: z
    .string()
    .nullable()
    .describe(
      'Cursor of what is older; null: everything was looked through. A page may be short, even empty, and have one: see searchedTo.',
    ),
  searchedTo: time.nullable().describe('How far back this page looked; null: to the beginning.'),
  filling: z.boolean().describe('Older messages are still being prepared for searching: not all are found yet.'),
})
export type SearchPage = z.infer<typeof searchPage>
