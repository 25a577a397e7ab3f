/** May this be sent now, and if not, why not in words. Pure: one place that every send passes, when it is queued and when it goes. */
import { ParleyError } from '../kernel/errors.ts'
import { isUnitedStates } from '../kernel/phone.ts'
import type { Capabilities, OutboundBody, SendResult } from '../ports/channel.ts'

export type Registration = 'not_needed' | 'pending' | 'approved' | 'rejected'

export interface GateFacts {
  now: Date
  body: OutboundBody
  capabilities: Capabilities
  contactStatus: 'active' | 'blocked' | 'inactive'
  accountState: string
  accountStateText: string | null
  /** Until when free text may be sent; null where the customer never wrote. */
  windowExpiresAt: Date | null
  /** Said that they want nothing more on this channel; the answer to exactly that goes all the same. */
  optedOut: boolean
  /** Where texts of the account stand with the carriers of the United States. */
  registration: Registration
  /** E.164; null where there is none. */
  phone: string | null
}

const bodyWithText = (body: OutboundBody): string | undefined => ('text' in body ? body.text : undefined)

/** Throws the reason; returns where it may go out. Held accounts do not refuse: their queue is kept until they are mended. */
export function checkGate(facts: GateFacts): void {
  const { body, capabilities } = facts
  if (facts.contactStatus === 'blocked') {
    throw new ParleyError('contact_blocked', 'This contact is blocked: nothing is sent to them. Unblock the contact first.')
  }
  if (facts.optedOut) {
    throw new ParleyError(
      'opted_out',
      'This customer asked for no more messages on this channel, so nothing is sent to them here. They can write START to get messages again.',
    )
  }
  const unregistered = needsRegistration(facts.registration, facts.phone)
  if (unregistered) throw new ParleyError('registration_required', unregistered)
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
  if (needsWindow(body.type, capabilities) && !windowOpen(facts.windowExpiresAt, facts.now)) {
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

const needsWindow = (type: string, capabilities: Pick<Capabilities, 'windowHours'>): boolean =>
  capabilities.windowHours !== null && type !== 'template'
export const windowOpen = (expiresAt: Date | null, now: Date): boolean =>
  expiresAt !== null && expiresAt.getTime() > now.getTime()

const registrations: Partial<Record<Registration, string>> = {
  pending:
    "The carriers in the United States have not approved this business's registration yet: until then no texts go to numbers there.",
  rejected:
    "The carriers in the United States rejected this business's registration: no texts go to numbers there. Correct it with the provider of the number.",
}

/** Why a text to this number may not go, in words; null where it may. */
export function needsRegistration(registration: Registration, phone: string | null): string | null {
  return (phone !== null && isUnitedStates(phone) && registrations[registration]) || null
}

export interface LateFacts {
  type: string
  capabilities: Pick<Capabilities, 'windowHours'>
  contactStatus: string
  windowExpiresAt: Date | null
  optedOut: boolean
  registration: Registration
  phone: string | null
  /** Until when it is worth sending; null: for good. */
  sendBy: Date | null
}

/** What was right when it was queued counts at the instant of sending. undefined: it may go. */
export function lateRefusal(facts: LateFacts, now: Date): Extract<SendResult, { outcome: 'reject' }> | undefined {
  if (facts.contactStatus === 'blocked')
    return { outcome: 'reject', code: 'contact_blocked', text: 'The contact was blocked before this was sent.' }
  if (facts.optedOut)
    return {
      outcome: 'reject',
      code: 'opted_out',
      text: 'Not sent: the customer asked for no more messages on this channel before this went out.',
    }
  if (facts.sendBy && facts.sendBy <= now)
    return {
      outcome: 'reject',
      code: 'too_late',
      text: 'Not sent: it could not go out while it was about something. Write to them, or call back.',
    }
  const unregistered = needsRegistration(facts.registration, facts.phone)
  if (unregistered) return { outcome: 'reject', code: 'registration_required', text: `Not sent. ${unregistered}` }
  if (needsWindow(facts.type, facts.capabilities) && !windowOpen(facts.windowExpiresAt, now))
    return {
      outcome: 'reject',
      code: 'window_closed',
      text: "The 24 hours after the customer's last message ended before this could be sent. Send an approved template instead.",
      hint: 'template',
    }
  return undefined
}
