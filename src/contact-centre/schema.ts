/** What the API of the contact centre and its sessions takes and gives. */
import { z } from 'zod'
import { isShallow, MAX_DEPTH } from '../kernel/json.ts'
import { conversationCorrelation, mappingResponse, statusUpdate } from '../ports/state-manager.ts'
import { centreSettings } from './settings.ts'

export { conversationCorrelation, mappingResponse }

const id = z.uuid()
const time = z.iso.datetime()

export const centreView = z
  .object({
    name: z.string().describe('Which contact centre: genesys.'),
    configured: z.boolean().describe('Whether its credentials are there.'),
    webhookUrl: z.string().nullable().describe('Where it has to deliver; null until credentials were entered once.'),
    state: z.enum(['connected', 'degraded', 'logged_out']),
    stateText: z.string().nullable(),
    failingSince: time.nullable().describe('It has not answered since then; what waits for it is kept.'),
    waiting: z.number().int().describe('Conversations with lines that wait for it.'),
    settings: centreSettings,
    accounts: z.array(z.object({ id, name: z.string() })).describe('Accounts whose new conversations begin with it.'),
  })
  .meta({ id: 'ContactCentre' })
export type CentreView = z.infer<typeof centreView>

/** Only what is given changes. */
export const patchCentre = z
  .object({
    expireHours: centreSettings.shape.expireHours.unwrap().optional(),
    tellAfterMinutes: centreSettings.shape.tellAfterMinutes.unwrap().optional(),
    handOverAfterMinutes: centreSettings.shape.handOverAfterMinutes.unwrap().optional(),
    disconnectOnTakeover: z.boolean().optional(),
  })
  .strict()

export const checkAnswer = z.object({ state: z.enum(['connected', 'degraded', 'logged_out']), text: z.string() })

export const answererBody = z
  .object({
    answerer: z
      .enum(['human', 'assistant', 'genesys'])
      .describe(
        'Who has new conversations of this account. assistant: people first, then the assistant where nobody answers in time.',
      ),
  })
  .strict()

export const byCustomerParams = z.object({ waId: z.string().min(1).max(256) })
export const byCustomerQuery = z.object({ phoneNumberId: z.string().min(1).max(50).optional() })
export const byConversationParams = z.object({ conversationId: z.string().min(1).max(100) })
export const mappingParams = z.object({ id })
export const createMapping = z
  .object({
    waId: z
      .string()
      .regex(/^\+?[A-Za-z0-9._-]{1,128}$/)
      .describe('Digits of the number, or the business-scoped id where there is none.'),
    phoneNumberId: z.string().min(1).max(50).optional().describe('At which number; absent: the main one.'),
    contactName: z.string().max(255).optional(),
  })
  .strict()

export const correlationAnswer = z.object({
  result: z
    .enum(['set', 'same', 'conflict', 'kept'])
    .describe('conflict: it is another conversation already, which stays. kept: the message is not here yet.'),
})

const theirId = z.string().min(1).max(100).describe('Its id over there: the same one is sent once.')
const fileUrl = z.url().max(4000)
export const agentMessageBody = z.union([
  z
    .object({
      genesys_message_id: theirId,
      message_text: z.string().min(1).max(65_536),
      media_url: fileUrl.optional(),
    })
    .strict(),
  z.object({ genesys_message_id: theirId, media_url: fileUrl }).strict(),
])
export type AgentMessageBody = { genesys_message_id: string; message_text?: string; media_url?: string }

export const agentMessageAnswer = z.object({
  result: z.enum(['queued', 'waiting', 'known']).describe('waiting: its file is fetched first. known: it came before.'),
})

export const ofMessage = z.object({ wamid: z.string().min(1).max(512) })
export const statusBody = statusUpdate.omit({ wamid: true }).strict()

export const trackingView = z
  .object({
    id,
    mapping_id: id,
    wamid: z.string().nullable(),
    genesys_message_id: z.string().nullable(),
    direction: z.enum(['INBOUND', 'OUTBOUND']),
    status: z.enum(['queued', 'sending', 'sent', 'delivered', 'read', 'received', 'processed', 'failed']),
    media_url: z.string().nullable(),
    created_at: time,
    updated_at: time,
    delivered_at: time.nullable(),
    metadata: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'MessageTracking' })

export const listTracking = z.object({
  cursor: id.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})
export const trackingPage = z.object({ items: z.array(trackingView), next: id.nullable() })

export const statsView = z
  .object({
    mappings: z.object({ active: z.number().int(), closed: z.number().int(), expired: z.number().int() }),
    uncorrelated: z.number().int().describe('Active sessions whose conversation was not told yet.'),
    waiting: z.number().int().describe('Conversations with lines that wait for the contact centre.'),
    receiptsOwed: z.number().int().describe('Agents’ messages whose receipt was not told yet.'),
    deadLetters: z.number().int().describe('Of the contact centre, not dealt with.'),
  })
  .meta({ id: 'MappingStats' })

const contextKey = z.string().regex(/^[A-Za-z0-9_.-]{1,100}$/)
export const contextView = z.record(z.string(), z.unknown()).meta({ id: 'ConversationContext' })
export const putContext = z
  .record(contextKey, z.unknown())
  // First of all: what is nested so deep cannot even be measured.
  .refine((all) => isShallow(all), { message: `is nested deeper than ${MAX_DEPTH} levels`, abort: true })
  .refine((all) => Object.keys(all).length <= 100, 'has more than 100 keys')
  .refine((all) => JSON.stringify(all).length <= 65_536, 'is larger than 64 KB')
  .describe('Only the given keys change; null removes one.')
