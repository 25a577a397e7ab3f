/** The mark a message of ours carries, which is the one the customer's phone would show. */
import type { Message } from '../../../client/index.ts'

export type DeliveryMark = 'queued' | 'sending' | 'sent' | 'delivered' | 'read' | 'failed' | 'unknown'

export function deliveryMark(message: Pick<Message, 'direction' | 'status' | 'outcome'>): DeliveryMark | null {
  if (message.direction !== 'outbound' || message.status === null) return null
  const status = message.status
  if (message.outcome === 'unknown' && status !== 'delivered' && status !== 'read') return 'unknown'
  return status === 'received' || status === 'processed' ? null : status
}
