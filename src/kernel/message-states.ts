/**
 * The states of a message and which change of our own is allowed. What a provider reports is not checked against this
 * table but merged by rank (migrations/005_intake.sql): real receipts skip states and overtake each other.
 */
export const MessageStatus = {
  QUEUED: 'queued',
  SENT: 'sent',
  DELIVERED: 'delivered',
  READ: 'read',
  RECEIVED: 'received',
  PROCESSED: 'processed',
  FAILED: 'failed',
} as const
export type MessageStatus = (typeof MessageStatus)[keyof typeof MessageStatus]

export const MessageDirection = { INBOUND: 'INBOUND', OUTBOUND: 'OUTBOUND' } as const
export type MessageDirection = (typeof MessageDirection)[keyof typeof MessageDirection]

export const MESSAGE_STATE_TRANSITIONS: Record<MessageStatus, readonly MessageStatus[]> = {
  queued: ['sent', 'failed'],
  sent: ['delivered', 'failed'],
  delivered: ['read', 'failed'],
  read: [],
  received: ['processed', 'failed'],
  processed: [],
  failed: [],
}

/** Equal is allowed (a repeated change is no change); an unknown state allows nothing. */
export function isValidStateTransition(currentStatus: MessageStatus, newStatus: MessageStatus): boolean {
  if (!Object.hasOwn(MESSAGE_STATE_TRANSITIONS, currentStatus)) return false
  return currentStatus === newStatus || MESSAGE_STATE_TRANSITIONS[currentStatus].includes(newStatus)
}
