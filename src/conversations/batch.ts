/** A batch of webhooks, its events, and what both are as columns. Pure. */
import type { InboundEvent, ParsedWebhook } from '../ports/channel.ts'
import type { ConsentSigns } from './consent-signs.ts'
import type { Incoming } from './receive-columns.ts'

/** A webhook whose signature was right. */
export interface SignedWebhook {
  id: string
  provider: string
  appSlug: string
  /** The business whose app delivered it; absent for the platform's own. */
  owner?: string
  rawBody: Buffer
  headers: Record<string, string>
  parsed: ParsedWebhook
  windowHours: number | null
  /** Absent where no event says anything about being written to. */
  signs?: ConsentSigns
}

/** Tells those who listen that something is new for these tenants, after the commit. */
export interface Intake {
  tenants: Set<string>
  stored: number
  duplicates: number
  /** Events for an address that no account here has. */
  strangers: number
}

/** An event and the webhook that brought it. */
export type Brought<E extends InboundEvent = InboundEvent> = Incoming<E> & { webhook: SignedWebhook }

export const eventsOf = (webhook: SignedWebhook): Brought[] =>
  webhook.parsed.events.map((event) => ({
    provider: webhook.provider,
    appSlug: webhook.appSlug,
    windowHours: webhook.windowHours,
    event,
    webhook,
  }))

export const ofKind = <K extends InboundEvent['kind']>(items: readonly Brought[], kind: K) =>
  items.filter((item) => item.event.kind === kind) as Brought<Extract<InboundEvent, { kind: K }>>[]

/** What the database keeps of raw webhooks, column by column; the bodies are one byte string, cut by length. */
export const rawColumns = (batch: readonly SignedWebhook[]) => ({
  ids: batch.map((w) => w.id),
  providers: batch.map((w) => w.provider),
  apps: batch.map((w) => w.appSlug),
  labels: batch.map((w) => w.parsed.label),
  headers: batch.map((w) => JSON.stringify(w.headers)),
  lengths: batch.map((w) => w.rawBody.length),
  bodies: Buffer.concat(batch.map((w) => w.rawBody)),
})

/** How much came before each: where the n-th begins in what they are together. */
export function beginnings(lengths: readonly number[], first = 0): number[] {
  let next = first
  return lengths.map((length) => {
    next += length
    return next - length
  })
}

/** Placeholders of a call with so many arguments. */
export const places = (count: number): string => Array.from({ length: count }, (_, i) => `$${i + 1}`).join(', ')

export interface StoredRow {
  ord: number
  result: 'stored' | 'duplicate' | 'unknown_account'
  tenant_id: string
  conversation_id: string
  message_id: string
}
export const receiveMessages = `SELECT ord, result, tenant_id, conversation_id, message_id FROM parley.receive_messages(${places(40)})`

/** What one message adds to what the batch tells. */
export function count(row: StoredRow, intake: Intake): void {
  if (row.result === 'duplicate') intake.duplicates += 1
  if (row.result === 'unknown_account') intake.strangers += 1
  if (row.result !== 'stored') return
  intake.stored += 1
  intake.tenants.add(row.tenant_id)
}
