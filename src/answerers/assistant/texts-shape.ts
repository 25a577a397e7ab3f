/** What the assistant can say; each language has all of it. */
import type { Danger, Trade } from './trades.ts'
import type { Slot } from './understanding.ts'

export interface Texts {
  /** By trade, where the business has written none of its own in this language. `{trade}` is its word. */
  greeting(business: string, trade: string): string
  opening(business: string): string
  noted: string
  /** `again`: it was asked before and could not be understood. */
  ask: Record<Slot, (again: boolean) => string>
  emergency(danger: Danger | null): string
  person(business: string): string
  done(business: string): string
  outOfArea(business: string): string
  cannot: { price: string; when: string; read: string }
  trades: Record<Trade, string>
  labels: Record<
    'problem' | 'address' | 'urgency' | 'unknown' | 'low' | 'normal' | 'high' | 'emergency' | 'asksForPerson',
    string
  >
}
