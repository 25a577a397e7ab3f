/** May this be sent now, and if not, why not in words. Pure: one place that every send passes. */
import { ParleyError } from '../kernel/errors.ts'
import type { Capabilities, OutboundBody } from '../ports/channel.ts'

export interface GateFacts {
  now: Date
  body: OutboundBody
  capabilities: Capabilities
  contactStatus: 'active' | 'blocked' | 'inactive'
  accountState: string
  accountStateText: string | null
  /** Until when free text may be sent; null where the customer never wrote. */
  windowExpiresAt: Date | null
}

const bodyWithText = (body: OutboundBody): string | undefined => ('text' in body ? body.text : undefined)

/** Throws the reason; returns where it may go out. Held accounts do not refuse: their queue is kept until they are mended. */
export function checkGate(facts: GateFacts): void {
  const { body, capabilities } = facts
  if (facts.contactStatus === 'blocked') {
    throw new ParleyError('contact_blocked', 'This contact is blocked: nothing is sent to them. Unblock the contact first.')
  }
  if (!capabilities.send.includes(body.type)) {
    throw new ParleyError('unsupported_by_channel', `This channel cannot carry a message of type ${body.type}.`)
  }
  const text = bodyWithText(body)
  if (text !== undefined && [...text].length > capabilities.maxText) {
    throw new ParleyError(
      'too_long',
      `The text has ${[...text].length} characters; this channel carries at most ${capabilities.maxText}.`,
    )
  }
  if (needsWindow(body, capabilities) && !windowOpen(facts.windowExpiresAt, facts.now)) {
    const since = facts.windowExpiresAt
      ? `It closed at ${facts.windowExpiresAt.toISOString()}, ${capabilities.windowHours} hours after the customer's last message.`
      : 'The customer has not written yet.'
    throw new ParleyError(
      'window_closed',
      `Free text can only be sent within ${capabilities.windowHours} hours of the customer's last message. ${since} Send an approved template instead.`,
      {
        windowExpiresAt: facts.windowExpiresAt?.toISOString() ?? null,
        hint: 'template',
      },
    )
  }
}

const needsWindow = (body: OutboundBody, capabilities: Capabilities): boolean =>
  capabilities.windowHours !== null && body.type !== 'template'
export const windowOpen = (expiresAt: Date | null, now: Date): boolean =>
  expiresAt !== null && expiresAt.getTime() > now.getTime()
