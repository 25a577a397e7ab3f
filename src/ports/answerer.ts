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

export type Verdict =
  | { kind: 'reply'; bodies: OutboundBody[] }
  /** Somebody else takes over from here; `bodies` are said first. */
  | { kind: 'hand_over'; to: 'human' | 'ai' | 'bot' | 'agent'; reason: string; bodies?: OutboundBody[] }
  | { kind: 'silence' }

export interface Answerer {
  /** Value of channel_accounts.answerer, and folder under answerers/. */
  name: string
  /** How its replies are marked in the thread. */
  sender: 'human' | 'ai' | 'system' | 'agent'
  /** May take long; is told by the signal when the turn is no longer its own. A throw is a failed turn: tried again, then handed to people. */
  takeTurn(turn: Turn, signal: AbortSignal): Promise<Verdict>
}
