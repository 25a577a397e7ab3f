import { z } from 'zod'
import { badRequest } from './api-error.ts'

const text = z.string().min(1)
const idType = z.enum(['Email', 'Phone', 'Opaque'])
const recipient = z.looseObject({
  id: text,
  idType,
  nickname: z.string().optional(),
  firstName: z.string().optional(),
  lastName: z.string().optional(),
  image: z.string().optional(),
})
const time = z.iso.datetime({ offset: true })
const attachment = z.looseObject({
  mediaType: z.enum(['Image', 'Video', 'Audio', 'File', 'Link']),
  url: z.url(),
  id: z.string().optional(),
  mime: text,
  filename: z.string().optional(),
  text: z.string().optional(),
  sha256: z.string().optional(),
})
const metadata = z.object({ customAttributes: z.record(z.string(), z.string()).optional() }).optional()

const messageChannel = z.looseObject({ from: recipient, time, messageId: text, metadata })
export const messageBody = z.looseObject({
  channel: messageChannel,
  text: z.string().max(4_096).optional(),
  content: z
    .array(z.looseObject({ contentType: z.literal('Attachment'), attachment }))
    .max(1, 'Only one attachment is allowed.')
    .optional(),
})
export type MessageBody = z.infer<typeof messageBody>

export const structuredBody = z.looseObject({
  channel: messageChannel,
  buttonResponse: z.object({
    type: z.enum(['Button', 'QuickReply', 'DatePicker']),
    text,
    payload: text,
    id: z.string().optional(),
  }),
  originatingMessageId: text,
})
export type StructuredBody = z.infer<typeof structuredBody>

const reason = z.object({
  code: z.enum([
    'MessageExpired',
    'RateLimited',
    'MessageNotAllowed',
    'GeneralError',
    'UnsupportedMessage',
    'UnknownMessage',
    'InvalidMessageStructure',
    'InvalidDestination',
    'ServerError',
    'MediaTypeNotAllowed',
    'InvalidMediaContentLength',
    'RecipientOptedOut',
    'DataFiltered',
  ]),
  message: z.string().optional(),
})
export const receiptBody = z.looseObject({
  id: text,
  channel: z.looseObject({ to: z.looseObject({ id: text, idType }), time }),
  status: z.enum(['Sent', 'Delivered', 'Failed', 'Published', 'Removed']),
  isFinalReceipt: z.boolean().default(false),
  reasons: z.array(reason).default([]),
})
export type ReceiptBody = z.infer<typeof receiptBody>

export const eventBody = z.looseObject({
  channel: z.looseObject({ from: recipient, time }),
  events: z.array(z.looseObject({ eventType: z.literal('Typing') })).min(1),
})
export type EventBody = z.infer<typeof eventBody>

export const agentMessageBody = z.looseObject({
  textBody: z.string().max(2_000).optional(),
  mediaIds: z.array(z.string()).optional(),
})
export const agentlessBody = z.looseObject({
  fromAddress: text,
  toAddress: text,
  toAddressMessengerType: z.literal('open'),
  textBody: z.string().min(1).max(2_000),
  useExistingActiveConversation: z.boolean().default(false),
})
export const uploadBody = z.looseObject({
  fileName: text,
  contentLengthBytes: z
    .number()
    .int()
    .positive()
    .max(25 * 1024 * 1024),
  contentMd5: z.string().optional(),
})

/** What does not fit is a 400 in the API's words. */
export function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const field = issue?.path.join('.') || 'body'
  throw badRequest(`Value is not valid for field [${field}]. ${issue?.message ?? ''}`.trim(), 'invalid.value')
}
