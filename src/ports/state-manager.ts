/**
 * The names under which a bridge between WhatsApp and a contact centre knows its sessions, messages and failures: rows, queue
 * payloads and answers, to the letter. Dates are Date inside and ISO 8601 outside.
 */
import { z } from 'zod'
import type { MessageDirection, MessageStatus } from '../kernel/message-states.ts'

export {
  isValidStateTransition,
  MESSAGE_STATE_TRANSITIONS,
  MessageDirection,
  MessageStatus,
} from '../kernel/message-states.ts'

export const ConversationStatus = { ACTIVE: 'active', CLOSED: 'closed', EXPIRED: 'expired' } as const
export type ConversationStatus = (typeof ConversationStatus)[keyof typeof ConversationStatus]

/** A session of a customer in the contact centre. `conversation_id` is the contact centre's; null until it told it. */
export interface ConversationMapping {
  id: string
  wa_id: string
  conversation_id: string | null
  communication_id: string | null
  last_message_id: string | null
  contact_name: string | null
  phone_number_id: string | null
  display_phone_number: string | null
  status: ConversationStatus
  last_activity_at: Date
  created_at: Date
  updated_at: Date
  metadata?: Record<string, unknown>
}

export interface MessageTracking {
  id: string
  mapping_id: string
  wamid: string
  genesys_message_id: string | null
  direction: MessageDirection
  status: MessageStatus
  media_url: string | null
  created_at: Date
  updated_at: Date
  delivered_at: Date | null
  metadata?: Record<string, unknown>
}

// Payloads -----------------------------------------------------------------------------------------------------------

const time = z.iso.datetime({ offset: true })
const messageId = z.string().min(1).max(512)
const foreignId = z.string().min(1).max(100)

export const inboundMessage = z.object({
  wa_id: z.string().min(1).max(256),
  wamid: messageId,
  message_text: z.string().max(65_536).optional(),
  contact_name: z.string().max(512).optional(),
  timestamp: time,
  media_url: z.url().max(4000).optional(),
  phone_number_id: z.string().max(50).optional(),
  display_phone_number: z.string().max(50).optional(),
})
export type InboundMessage = z.infer<typeof inboundMessage>

export const outboundMessage = z
  .object({
    conversation_id: foreignId,
    genesys_message_id: foreignId,
    message_text: z.string().max(65_536).optional(),
    media_url: z.url().max(4000).optional(),
  })
  .refine((one) => Boolean(one.message_text) || Boolean(one.media_url), 'needs message_text or media_url')
export type OutboundMessage = z.infer<typeof outboundMessage>

export const statusUpdate = z.object({
  wamid: messageId,
  status: z.enum(['queued', 'sent', 'delivered', 'read', 'received', 'processed', 'failed']),
  timestamp: time,
})
export type StatusUpdate = z.infer<typeof statusUpdate>

export const conversationCorrelation = z.object({
  conversation_id: foreignId,
  communication_id: z.string().max(100),
  whatsapp_message_id: messageId,
})
export type ConversationCorrelation = z.infer<typeof conversationCorrelation>

export interface EnrichedInboundMessage extends InboundMessage {
  mapping_id: string
  conversation_id: string | null
  is_new_conversation: boolean
}
export interface EnrichedOutboundMessage extends OutboundMessage {
  wa_id: string
  mapping_id: string
}

// Failures and answers -----------------------------------------------------------------------------------------------

export const DLQReason = {
  LOCK_TIMEOUT: 'lock_timeout',
  MAPPING_NOT_FOUND: 'mapping_not_found',
  INVALID_PAYLOAD: 'invalid_payload',
  STATE_VIOLATION: 'state_violation',
  MAPPING_STATUS_EXPIRED: 'mapping_status_expired',
  MAPPING_STATUS_CLOSED: 'mapping_status_closed',
  DATABASE_ERROR: 'database_error',
  INVALID_MEDIA_URL: 'invalid_media_url',
} as const
export type DLQReason = (typeof DLQReason)[keyof typeof DLQReason]

export interface DLQMessage<T = unknown> {
  original_payload: T
  reason: DLQReason
  error_message?: string
  retry_count: number
  timestamp: string
}

export const mappingResponse = z
  .object({
    waId: z.string(),
    conversationId: z.string().nullable().describe("The contact centre's; null until it told it."),
    contactName: z.string().nullable(),
    phoneNumberId: z.string().nullable(),
    displayPhoneNumber: z.string().nullable(),
    communicationId: z.string().nullable(),
    lastActivityAt: z.iso.datetime(),
    status: z.enum(['active', 'closed', 'expired']),
    isNew: z.boolean().describe('Whether this very request made it.'),
    internalId: z.uuid(),
  })
  .meta({ id: 'Mapping' })
export type MappingResponse = z.infer<typeof mappingResponse>

export interface HealthCheckResponse {
  status: 'healthy' | 'degraded' | 'unhealthy'
  timestamp: string
  checks: {
    database: { status: 'ok' | 'error'; latency_ms?: number; error?: string }
    redis?: { status: 'ok' | 'error'; latency_ms?: number; error?: string }
    rabbitmq?: { status: 'ok' | 'error'; queue_depth?: number; error?: string }
  }
  uptime_seconds?: number
}
