/** What became of an agent's message, in the contact centre's words. */
import { cut } from '../../kernel/read.ts'
import type { CentreReceipt } from '../../ports/contact-centre.ts'

/** Our codes and those of the channels' providers → the contact centre's closed set. What is not listed is a GeneralError. */
const reasons: Record<string, readonly string[]> = {
  MessageExpired: ['131047', 'window_closed'],
  RateLimited: ['130429', '131056', '131048', '80007', 'rate_limit'],
  InvalidDestination: ['131026', '131030', '131021'],
  RecipientOptedOut: ['131050', '21610', 'contact_blocked'],
  UnsupportedMessage: ['131051', 'unsupported_by_channel'],
  MediaTypeNotAllowed: ['131052', '131053'],
  InvalidMediaContentLength: ['file_too_large', 'too_long'],
  ServerError: ['131000', '131016'],
}
const reasonOf = new Map(Object.entries(reasons).flatMap(([reason, codes]) => codes.map((code) => [code, reason] as const)))

export const reasonCode = (code: string): string => reasonOf.get(code) ?? 'GeneralError'

/** Characters. */
const MAX_REASON = 500

/** The API takes Delivered and Failed; that something was read it can only be told as delivered, for good. */
export function renderReceipt(receipt: CentreReceipt): Record<string, unknown> {
  const { error } = receipt
  const hasFailed = receipt.status === 'failed'
  return {
    id: receipt.messageId,
    channel: { to: { id: receipt.customer.id, idType: receipt.customer.idType }, time: receipt.at },
    status: hasFailed ? 'Failed' : 'Delivered',
    isFinalReceipt: receipt.final,
    reasons: hasFailed
      ? [
          {
            code: reasonCode(error?.code ?? ''),
            message: cut(error?.text || 'The message could not be delivered.', MAX_REASON),
          },
        ]
      : [],
  }
}
