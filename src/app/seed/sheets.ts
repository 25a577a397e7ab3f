/** Rows on their way into tables, as lines of COPY's text format. */

/** The tables that are filled, in the order of their keys, with the columns that are given; the others have their defaults. */
export const columns = {
  contacts: 'tenant_id, id, name, phone, created_at, updated_at',
  contact_identities: 'tenant_id, scope, kind, value, contact_id, evidence, created_at',
  conversations: `tenant_id, id, channel_account_id, contact_id, status, assignee_id, last_seq, message_count, human_message_count, unread_count,
    last_message_at, last_inbound_at, last_human_response_at, last_preview, last_direction, last_inbound_external_id, window_expires_at,
    closed_at, created_at, updated_at`,
  messages: `tenant_id, id, conversation_id, contact_id, seq, direction, sender, author_id, type, content, body, external_message_id, occurred_at,
    created_at`,
  message_tracking: `tenant_id, id, channel_account_id, conversation_id, wamid, direction, status, status_at, sent_at, delivered_at, read_at, failed_at,
    error_code, error_text, created_at, updated_at`,
  send_attempts: 'tenant_id, message_id, n, token, outcome, code, detail, started_at, finished_at',
  provider_refs: 'tenant_id, channel_account_id, external_id, message_id, touched_at',
  message_statuses:
    'tenant_id, id, channel_account_id, message_id, wamid, status, phone, error, error_code, occurred_at, applied, created_at',
  events: 'tenant_id, id, type, conversation_id, message_id, actor, created_at',
} as const
export type Table = keyof typeof columns
export const tables = Object.keys(columns) as Table[]

type Value = string | number | null

export interface Sheets {
  add(table: Table, values: readonly Value[]): void
  /** Everything that was added since, in pieces of some ten kilobytes, and begins anew. */
  take(): Map<Table, Buffer[]>
  count(table: Table): number
}

/** Lines to a piece. */
const atOnce = 200

/** Values are written as they are: nothing that is made up here holds a backslash, a tab or a line's end. */
export function createSheets(): Sheets {
  const lines = new Map<Table, string[]>()
  const pieces = new Map<Table, Buffer[]>()
  const counts = new Map<Table, number>()
  const flush = (table: Table): void => {
    const waiting = lines.get(table)
    if (!waiting || waiting.length === 0) return
    const done = pieces.get(table)
    const piece = Buffer.from(waiting.join(''))
    if (done) done.push(piece)
    else pieces.set(table, [piece])
    waiting.length = 0
  }
  return {
    add(table, values) {
      let line = ''
      for (let n = 0; n < values.length; n++) {
        const value = values[n]
        line += `${n > 0 ? '\t' : ''}${value === null ? '\\N' : value}`
      }
      const waiting = lines.get(table) ?? []
      if (waiting.length === 0) lines.set(table, waiting)
      waiting.push(`${line}\n`)
      if (waiting.length >= atOnce) flush(table)
      counts.set(table, (counts.get(table) ?? 0) + 1)
    },
    take() {
      for (const table of tables) flush(table)
      const taken = new Map(pieces)
      pieces.clear()
      return taken
    },
    count: (table) => counts.get(table) ?? 0,
  }
}

/** A time as PostgreSQL reads it. Cheaper than toISOString() for times that follow each other. */
let lastDay = Number.NaN
let lastDate = ''
export function stamp(ms: number): string {
  const day = Math.floor(ms / 86_400_000)
  if (day !== lastDay) {
    lastDay = day
    lastDate = new Date(day * 86_400_000).toISOString().slice(0, 10)
  }
  const rest = ms - day * 86_400_000
  const two = (n: number) => (n < 10 ? `0${n}` : n)
  const thousandths = rest % 1000
  return `${lastDate} ${two(Math.floor(rest / 3_600_000))}:${two(Math.floor(rest / 60_000) % 60)}:${two(Math.floor(rest / 1000) % 60)}.${
    thousandths < 10 ? `00${thousandths}` : thousandths < 100 ? `0${thousandths}` : thousandths
  }+00`
}
