import { z } from 'zod'
import type { FaultInput } from './faults.ts'

const text = z.string().min(1)
const json = z.record(z.string(), z.unknown())

export const appBody = z.object({ id: text, secret: text, verifyToken: text, webhookUrl: z.url().optional() })

export const numberBody = z.object({
  phoneNumberId: text,
  displayPhoneNumber: text,
  wabaId: text,
  accessToken: text,
  verifiedName: text,
  appId: text,
  country: text.optional(),
  tier: text.optional(),
  throughputPerSecond: z.number().int().positive().optional(),
  portfolioId: text.optional(),
})

const customerFlags = {
  name: text.optional(),
  username: text.optional(),
  numberHidden: z.boolean().optional(),
  readReceipts: z.boolean().optional(),
  autoRead: z.boolean().optional(),
  online: z.boolean().optional(),
}
export const customerBody = z.object({
  phone: text,
  id: text.optional(),
  waId: text.optional(),
  country: text.optional(),
  ...customerFlags,
})
export const customerChange = z.object({
  ...customerFlags,
  blocked: z.object({ phoneNumberId: text, blocked: z.boolean() }).optional(),
  marketing: z.object({ phoneNumberId: text, value: z.enum(['stop', 'resume']) }).optional(),
})

export const messageBody = z.object({
  to: text,
  text: z.string().optional(),
  type: text.optional(),
  payload: z.unknown().optional(),
  media: z
    .object({
      base64: text,
      mimeType: text,
      filename: text.optional(),
      caption: z.string().optional(),
      voice: z.boolean().optional(),
      animated: z.boolean().optional(),
    })
    .optional(),
  replyTo: text.optional(),
  forwarded: z.union([z.boolean(), z.literal('frequently')]).optional(),
  referredProduct: z.object({ catalog_id: text, product_retailer_id: text }).optional(),
  referral: json.optional(),
  extra: json.optional(),
  valueExtra: json.optional(),
})

export const tapBody = z.object({ messageId: text, id: text })
export const chatBody = z.object({ phoneNumberId: text })
export const openBody = z.object({ phoneNumberId: text.nullable() })
export const playedBody = z.object({ messageId: text })
export const phoneBody = z.object({ phone: text })
export const usernameBody = z.object({ username: text })
export const echoBody = z.object({
  phoneNumberId: text,
  to: text,
  text: z.string().optional(),
  type: text.optional(),
  payload: z.unknown().optional(),
})
export const advanceBody = z.object({ ms: z.number().nonnegative() })
export const tokenBody = z.object({ accessToken: text })
export const batchBody = z
  .object({ maxChanges: z.number().int().min(1).max(1000), windowMs: z.number().nonnegative() })
  .nullable()
export const rawBody = z.object({ appId: text, payload: z.unknown() })
export const eventBody = z.object({ phoneNumberId: text.optional(), wabaId: text.optional(), field: text, value: json })
export const accountBody = z.looseObject({ event: text })
export const qualityBody = z.object({
  event: text,
  currentLimit: text.optional(),
  oldLimit: text.optional(),
  qualityRating: text.optional(),
})
export const templateBody = z.looseObject({ wabaId: text })

export const templateStatusBody = z.object({
  status: z.enum([
    'APPROVED',
    'ARCHIVED',
    'DISABLED',
    'IN_APPEAL',
    'LIMIT_EXCEEDED',
    'PAUSED',
    'PENDING',
    'PENDING_DELETION',
    'REJECTED',
  ]),
  reason: text.optional(),
  event: text.optional(),
  extra: json.optional(),
})
export const templateQualityBody = z.object({ score: z.enum(['GREEN', 'YELLOW', 'RED', 'UNKNOWN']) })

const ms = z.number().nonnegative()
const count = z.number().int().positive()
const httpStatus = z.number().int().min(200).max(599).optional()

const action = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('delay'), ms }),
  z.object({ kind: z.literal('dropAfterAccept') }),
  z.object({ kind: z.literal('dropBeforeAccept') }),
  z.object({
    kind: z.literal('error'),
    code: z.number().int(),
    subcode: z.number().int().optional(),
    httpStatus,
    details: z.string().optional(),
    headers: z.record(z.string(), z.string()).optional(),
  }),
  z.object({ kind: z.literal('http5xxGarbage'), httpStatus }),
  z.object({ kind: z.literal('okWithoutId') }),
  z.object({ kind: z.literal('slowBody'), ms }),
  z.object({ kind: z.literal('duplicateWebhook'), copies: count }),
  z.object({ kind: z.literal('reorderWebhooks'), order: z.enum(['reversed', 'shuffled', 'before_response']) }),
  z.object({ kind: z.literal('webhookDelay'), ms }),
  z.object({ kind: z.literal('webhookLost'), tries: count }),
  z.object({ kind: z.literal('expireToken') }),
  z.object({ kind: z.literal('statusFailed'), code: z.number().int() }),
])

const match = z.object({
  method: text.optional(),
  path: text.optional(),
  phoneNumberId: text.optional(),
  recipient: text.optional(),
  type: text.optional(),
  status: text.optional(),
})

export const faultBody: z.ZodType<FaultInput> = z.object({
  match: match.optional(),
  times: count.optional(),
  probability: z.number().min(0).max(1).optional(),
  action,
})
