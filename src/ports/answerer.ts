/**
 * Who may take a turn in a conversation: a person, the assistant, the contact centre. An answerer only proposes; what it
 * proposes is committed by the core, and only while the turn is still its own.
 */
import type { OutboundBody } from './message.ts'

export interface TurnLine {
  id: string
  seq: number
  direction: 'inbound' | 'outbound' | 'internal'
  sender: string
  type: string
  text: string | null
  /** Where somebody is, in degrees: of a location that they shared. */
  place?: { latitude: number; longitude: number }
  /** ISO 8601 */
  at: string
}

/** What an answerer sees. Tenant, conversation and contact are bound by the core, never chosen by the answerer. */
export interface Turn {
  tenantId: string
  conversationId: string
  contact: { id: string; name: string | null }
  /** The customer's lines that nobody has answered yet, oldest first: several quick ones are one turn. */
  unanswered: TurnLine[]
  /** What was said before, oldest first. */
  history: TurnLine[]
}

/** What was found out about what the customer wants. It becomes part of the lead together with the reply, or not at all. */
export interface Learned {
  problem?: string
  jobType?: string
  address?: string
  place?: { latitude: number; longitude: number }
  urgency?: 'low' | 'normal' | 'high' | 'emergency'
  /** From the business, in its own unit, and whether that is within what it serves. */
  distance?: number
  inArea?: boolean
  danger?: string
  /** By field, the ids of the lines that say so. */
  sources: Record<string, string[]>
}

/** Somebody has to know at once, whoever answers. */
export interface Alert {
  kind: 'emergency'
  /** What people may come to harm by: gas, fire, person; null where it is things only. */
  danger: string | null
}

interface Findings {
  learned?: Learned
  alert?: Alert
}

export type Verdict =
  | ({ kind: 'reply'; bodies: OutboundBody[] } & Findings)
  /** Somebody else takes over from here; `bodies` are said first, `note` is for whoever takes over and never sent. */
  | ({
      kind: 'hand_over'
      to: 'human' | 'ai' | 'bot' | 'agent'
      reason: string
      bodies?: OutboundBody[]
      note?: string
    } & Findings)
  | ({ kind: 'silence' } & Findings)

export interface Answerer {
  /** Value of channel_accounts.answerer, and folder under answerers/. */
  name: string
  /** How its replies are marked in the thread. */
  sender: 'human' | 'ai' | 'system' | 'agent'
  /** May take long; is told by the signal when the turn is no longer its own. A throw is a failed turn: tried again, then handed to people. */
  takeTurn(turn: Turn, signal: AbortSignal): Promise<Verdict>
  /**
   * Tells of a line, by the words alone, whether somebody has to know of it at once: asked for every line of an account that it
   * answers, as it comes in, whoever has the conversation. It finds what a turn would find, so the same is told once.
   */
  watch?(tenantId: string): Promise<(text: string) => Alert | null>
}
