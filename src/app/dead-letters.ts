/** `parley dlq …`: what could not be taken in, of one business or of nobody. */
import { createWhatsAppCloud } from '../channels/whatsapp-cloud/index.ts'
import { createEventReplayer } from '../conversations/replay.ts'
import { reason, state } from '../dead-letters/schema.ts'
import * as store from '../dead-letters/store.ts'
import {
  type DeadLetterDeps,
  dealWithMany,
  discardLetter,
  onShelf,
  replayLetter,
  requireLetter,
} from '../dead-letters/verbs.ts'
import { viewOf } from '../dead-letters/view.ts'
import { isUuid } from '../kernel/ids.ts'
import type { Database } from '../platform/db/tx.ts'
import { type Jobs, startJobs } from '../platform/jobs.ts'
import { createLogger } from '../platform/log.ts'
import { createQueueReplayer } from '../queues/consume.ts'
import { byCli } from '../tenancy/audit.ts'
import { findTenantRow } from '../tenancy/tenant-lookup.ts'

type Say = (text: string) => void

export interface DlqOptions {
  /** A business's id or public id; absent: those of which it could not be told whose they are. */
  business?: string
  reason?: string
  source?: string
  state?: string
  limit?: number
  json?: boolean
  /** The mended payload. */
  payload?: unknown
  note?: string
  all?: boolean
}

/** Nothing is called: files that came with a message are left to the server's jobs. */
function depsFor(db: Database, jobs: Jobs): DeadLetterDeps {
  const whatsApp = createWhatsAppCloud({ fetch: () => Promise.reject(new Error('no provider is called here')) })
  const channels = new Map([[whatsApp.provider, whatsApp]])
  const events = createEventReplayer({ channels, jobs })
  const replayers = [events, createQueueReplayer({ channels, events })]
  return { db, log: createLogger({ level: 'WARN' }), replayers, changed: () => {} }
}

async function shelfOf(db: Database, business: string | undefined): Promise<string | null> {
  if (!business) return null
  const row = await findTenantRow(db, isUuid(business) ? 'id' : 'public_id', business)
  if (!row) throw new Error(`There is no business ${business}. See parley tenant list.`)
  return row.id
}

const filterOf = (given: DlqOptions) => ({
  ...(given.reason ? { reason: reason.parse(given.reason) } : {}),
  ...(given.source ? { source: given.source } : {}),
})

export async function listDeadLetters(db: Database, given: DlqOptions, say: Say): Promise<void> {
  const wish = { ...filterOf(given), state: state.parse(given.state ?? 'open'), limit: given.limit ?? 50 }
  const tenantId = await shelfOf(db, given.business)
  const rows = await onShelf(db, tenantId, (shelf) => store.listLetters(shelf, wish))
  if (given.json) return say(JSON.stringify(rows))
  for (const row of rows)
    say(`${row.id}  ${row.created_at.toISOString()}  ${row.reason.padEnd(22)}  ${row.source}  ${row.error_message ?? ''}`)
  if (rows.length === 0) say(tenantId ? 'Nothing.' : 'Nothing that is nobody’s. With --business <id>: those of a business.')
}

export async function showDeadLetter(db: Database, id: string, given: DlqOptions, say: Say): Promise<void> {
  const view = await onShelf(db, await shelfOf(db, given.business), async (shelf) => {
    const row = await requireLetter(shelf, id)
    return viewOf(row, row.webhook_event_id ? await store.findWebhook(shelf, row.webhook_event_id) : undefined)
  })
  say(JSON.stringify(view, null, 2))
}

/** One by its id, or (`all`) every open one of the filter. Returns the exit code: 1 where something could not be taken in. */
export async function workOff(
  on: { db: Database; ownerUrl: string },
  what: 'replay' | 'discard',
  id: string | undefined,
  given: DlqOptions,
  say: Say,
): Promise<number> {
  if ((id === undefined) === !given.all) throw new Error('Give the id of one, or --all with a filter.')
  const jobs = await startJobs({ connectionString: on.ownerUrl, log: createLogger({ level: 'WARN' }) })
  try {
    return await workOffWith(depsFor(on.db, jobs), what, id, given, say)
  } finally {
    await jobs.stop()
  }
}

async function workOffWith(
  deps: DeadLetterDeps,
  what: 'replay' | 'discard',
  id: string | undefined,
  given: DlqOptions,
  say: Say,
): Promise<number> {
  const tenantId = await shelfOf(deps.db, given.business)
  if (id === undefined) return await allOf(deps, tenantId, what, given, say)
  if (what === 'discard') {
    await discardLetter(deps, tenantId, byCli, id, { words: given.note })
    say('Discarded.')
    return 0
  }
  const did = await replayLetter(deps, tenantId, byCli, id, given.payload === undefined ? {} : { payload: given.payload })
  say(did.outcome === 'replayed' ? 'Taken in.' : `It could not be taken in: ${did.error}`)
  return did.outcome === 'replayed' ? 0 : 1
}

async function allOf(
  deps: DeadLetterDeps,
  tenantId: string | null,
  what: 'replay' | 'discard',
  given: DlqOptions,
  say: Say,
): Promise<number> {
  const sum = { done: 0, failed: 0 }
  let at: { cursor?: string; until?: string } = {}
  for (;;) {
    const step = await dealWithMany(deps, tenantId, byCli, what, { ...filterOf(given), ...at, limit: 100, note: given.note })
    sum.done += step.done
    sum.failed += step.failed
    say(`${sum.done} ${what === 'replay' ? 'taken in' : 'discarded'}, ${sum.failed} not, ${step.left} to go`)
    if (!step.next) return sum.failed > 0 ? 1 : 0
    at = { cursor: step.next, ...(step.until ? { until: step.until } : {}) }
  }
}
