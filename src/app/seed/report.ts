/** What was made, and how to get in. */
import { type Made, removal } from './businesses.ts'
import type { createSheets } from './sheets.ts'

export interface SeedOptions {
  messages: number
  tenants: number
  months: number
  seed: number
  /** The time of the newest message; default now. */
  until?: Date
  /** Fill the search index too. Otherwise a running server does, in the background. */
  search: boolean
}

export interface Seeded {
  messages: number
  businesses: number
  /** Into an empty database, without indexes until the end. */
  alone: boolean
  seconds: number
  /** Messages with their ledger rows and all that hangs on them, indexes and keys included. */
  writtenPerSecond: number
  /** The same with tidying up and counting again. */
  perSecond: number
  faults: string[]
  email: string
  password: string | null
}

export interface Outcome extends Omit<Seeded, 'email' | 'password'> {
  made: Made
  sheets: ReturnType<typeof createSheets>
  stopped: boolean
  options: SeedOptions
}

export function report({ made, sheets, stopped, options, ...done }: Outcome, say: (text: string) => void): void {
  const number = (n: number) => n.toLocaleString('en')
  if (stopped) say(`Stopped early: what is there is whole, and all of it is older than the rest would have been.`)
  say(
    `${number(done.messages)} messages of ${number(sheets.count('contacts'))} people in ${number(sheets.count('conversations'))} conversations of ${done.businesses} businesses, ` +
      `in ${done.seconds.toFixed(1)} s: ${number(done.perSecond)} a second, ${number(done.writtenPerSecond)} without tidying up and counting again.`,
  )
  if (done.faults.length > 0) say(`They are not what was meant:\n${done.faults.map((fault) => `  ${fault}`).join('\n')}`)
  else say('Counted again from the rows: all of it fits together.')
  if (!options.search) say('Searching them works once a running server has indexed them, newest first; --search does it here.')
  say(
    made.password
      ? `Sign in as ${made.email} with the password ${made.password} (shown this once); they are in all of: ${made.names.join(', ')}.`
      : `Sign in as ${made.email}, who keeps the password they have; they are in all of: ${made.names.join(', ')}.`,
  )
  say(`To remove them, ${removal(options)}`)
}
