import { z } from 'zod'
import type { FaultInput } from './faults.ts'

const text = z.string().min(1)
const words = z.record(z.string(), z.string())
const code = z.number().int().positive()
const failure = z.enum(['failed', 'undelivered'])

export const accountBody = z.object({
  sid: text.optional(),
  authToken: text.optional(),
  friendlyName: text.optional(),
  trial: z.boolean().optional(),
})
export const tokenBody = z.object({ authToken: text })
const capabilities = z.object({ voice: z.boolean(), sms: z.boolean(), mms: z.boolean() })
export const numberBody = z.object({
  accountSid: text,
  phoneNumber: text,
  capabilities: capabilities.partial().optional(),
  settings: words.optional(),
  a2pRegistered: z.boolean().optional(),
})
export const availableBody = z.object({
  phoneNumber: text,
  kind: z.enum(['Local', 'Mobile', 'TollFree']).default('Local'),
  country: text.default('US'),
  locality: text.optional(),
  region: text.optional(),
  postalCode: text.optional(),
  capabilities: capabilities.default({ voice: true, sms: true, mms: true }),
  needs: z.union([z.literal(21631), z.literal(21649)]).optional(),
})
export const senderBody = z.object({
  address: z.string().regex(/^whatsapp:\+/),
  accountSid: text,
  inboundUrl: z.url().optional(),
  statusCallback: z.url().optional(),
})
export const serviceBody = z.object({
  accountSid: text,
  settings: words.optional(),
  senders: z.array(text).optional(),
  advancedOptOut: z.boolean().optional(),
})
export const contentBody = z.object({
  accountSid: text,
  friendlyName: text,
  language: text,
  types: z.record(z.string(), z.record(z.string(), z.unknown())),
  variables: words.optional(),
  approval: z.object({ status: text, name: text, category: text }).partial().optional(),
})
export const phoneBody = z.object({
  number: z.string().regex(/^\+[1-9]\d{6,14}$/),
  name: text.optional(),
  online: z.boolean().optional(),
  fails: z.object({ code, status: failure }).optional(),
  landline: z.boolean().optional(),
  whatsApp: z.boolean().optional(),
  bsuid: text.optional(),
  numberHidden: z.boolean().optional(),
  reads: z.boolean().optional(),
})
export const messageBody = z.object({
  from: text,
  to: text,
  body: z.string().optional(),
  media: z
    .array(z.object({ base64: text, contentType: text }))
    .max(10)
    .optional(),
  extra: words.optional(),
})
export const readBody = z.object({ number: text, business: text })
export const rawBody = z.object({
  accountSid: text,
  url: z.url(),
  params: words,
  method: z.enum(['GET', 'POST']).optional(),
})
export const moodBody = z.object({ mood: text })
export const advanceBody = z.object({ ms: z.number().nonnegative() })

const ms = z.number().nonnegative()
const status = z.number().int().min(200).max(599).optional()
const action = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('delay'), ms }),
  z.object({ kind: z.literal('dropBefore') }),
  z.object({ kind: z.literal('dropAfter') }),
  z.object({ kind: z.literal('silentAfter') }),
  z.object({ kind: z.literal('error'), code, status, message: z.string().optional() }),
  z.object({ kind: z.literal('garbage'), status }),
  z.object({ kind: z.literal('garbageAfter'), status }),
  z.object({ kind: z.literal('okWithoutSid') }),
  z.object({ kind: z.literal('fails'), code, status: failure.optional() }),
  z.object({ kind: z.literal('duplicateWebhook'), copies: z.number().int().positive() }),
  z.object({ kind: z.literal('reverseStatuses') }),
  z.object({ kind: z.literal('statusesBeforeAnswer') }),
  z.object({ kind: z.literal('webhookDelay'), ms }),
  z.object({ kind: z.literal('webhookLost') }),
])
const match = z.object({ method: text, path: text, to: text, from: text, kind: text, status: text }).partial().optional()

export const faultBody: z.ZodType<FaultInput> = z.object({
  match,
  times: z.number().int().positive().optional(),
  probability: z.number().min(0).max(1).optional(),
  action,
})
