/** Who answers now. Pure. */

export type Control = 'bot' | 'ai' | 'human' | 'agent' | 'none'

/** The answerer that a conversation's control stands for; null: nobody but people looking at the inbox. */
export function answererFor(control: Control, accountAnswerer: string): string | null {
  switch (control) {
    case 'bot':
      return accountAnswerer === 'human' ? null : accountAnswerer
    case 'ai':
      return 'assistant'
    // `agent`: the customer's lines go to the contact centre through a lane of their own.
    default:
      return null
  }
}

/** After so many failed turns in a row people take over: a customer never waits for a machine that is broken. */
export const maxFailedTurns = 3

/** Milliseconds until a failed turn is tried again: 2 s, 4 s, … */
export const turnRetryDelay = (failures: number): number => 1000 * 2 ** Math.min(failures, 6)
