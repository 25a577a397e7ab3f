import { z } from 'zod'
import type { FaultInput } from './faults.ts'
import type { Script } from './types.ts'

const text = z.string().min(1)
const json = z.record(z.string(), z.unknown())
const ms = z.number().nonnegative()
const count = z.number().int().positive()

export const clientBody = z.object({ id: text, secret: text, permissions: z.array(text).optional() })
export const integrationBody = z.object({
  id: text.optional(),
  name: text,
  webhookUrl: z.url(),
  secret: text,
  webhookHeaders: z.record(z.string(), z.string()).optional(),
  flowId: text.optional(),
})
export const integrationChange = z.object({ webhookUrl: z.url().optional(), secret: text.optional(), name: text.optional() })
export const agentBody = z.object({ name: text, id: text.optional() })
export const answerBody = z.object({ agent: text.optional() })
export const transferBody = z.object({ agent: text })
export const typeBody = z.object({ ms: ms.optional() })
export const advanceBody = z.object({ ms })
export const moodBody = z.object({ mood: text })

const option = z.object({ text, payload: text.optional() })
const file = z.object({ base64: text, mimeType: text, fileName: text })
export const sayBody = z.object({
  text: z.string().optional(),
  quickReplies: z.array(option).max(13).optional(),
  content: z.array(json).optional(),
  files: z.array(file).optional(),
  from: z.enum(['agent', 'bot']).optional(),
})
export const rawBody = z.object({ integrationId: text, payload: z.unknown() })

const step = z.discriminatedUnion('do', [
  z.object({ do: z.literal('wait'), ms }),
  z.object({ do: z.literal('answer'), agent: text.optional() }),
  z.object({ do: z.literal('say'), text }),
  z.object({ do: z.literal('quick_replies'), text, options: z.array(option).min(1) }),
  z.object({ do: z.literal('structured'), text: text.optional(), content: z.array(json).min(1) }),
  file.extend({ do: z.literal('attach'), text: text.optional() }),
  z.object({ do: z.literal('type'), ms }),
  z.object({ do: z.literal('transfer'), agent: text }),
  z.object({ do: z.literal('disconnect') }),
])
export const scriptBody: z.ZodType<Script> = z.object({
  integrationId: text.optional(),
  on: z.enum(['conversation', 'message']),
  contains: text.optional(),
  times: count.optional(),
  steps: z.array(step).min(1),
})

const status = z.number().int().min(200).max(599)
const action = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('error'),
    status,
    code: text.optional(),
    message: text.optional(),
    headers: z.record(z.string(), z.string()).optional(),
  }),
  z.object({ kind: z.literal('rateLimit'), seconds: count }),
  z.object({ kind: z.literal('refuseToken') }),
  z.object({ kind: z.literal('revokeToken') }),
  z.object({ kind: z.literal('delay'), ms }),
  z.object({ kind: z.literal('dropBefore') }),
  z.object({ kind: z.literal('dropAfter') }),
  z.object({ kind: z.literal('silent') }),
  z.object({ kind: z.literal('garbage'), status: status.optional() }),
  z.object({ kind: z.literal('noConversationId') }),
  z.object({ kind: z.literal('webhookFirst') }),
  z.object({ kind: z.literal('duplicateWebhook'), copies: count }),
  z.object({ kind: z.literal('webhookDelay'), ms }),
  z.object({ kind: z.literal('webhookLost'), tries: count }),
])
const operations = [
  'token',
  'message',
  'structured',
  'receipt',
  'event',
  'integration',
  'conversation',
  'disconnect',
  'agent',
  'media',
  'agentless',
  'webhook',
] as const
export const faultBody: z.ZodType<FaultInput> = z.object({
  match: z
    .object({
      operation: z.enum(operations).optional(),
      integrationId: text.optional(),
      customer: text.optional(),
      type: text.optional(),
    })
    .optional(),
  times: count.optional(),
  probability: z.number().min(0).max(1).optional(),
  action,
})
