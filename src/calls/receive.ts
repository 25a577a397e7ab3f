/**
 * Takes in what a provider told about a call, in one transaction: the row of the call, and where it has ended what is made of it.
 * Told again, late, at once or in any order, it ends the same. Answers with what the caller should hear.
 */
import { appendEvent } from '../conversations/feed.ts'
import { type Database, inTenant, type Tx } from '../platform/db/tx.ts'
import type { CallEvent } from '../ports/telephony.ts'
import type { Outcome } from './decision.ts'
import { type CallDeps, timeOf } from './deps.ts'
import { dialledOutcome, endedOutcome, type OutcomeBy, outweighs, statusOf } from './outcome.ts'
import { readCallSettings, type SettingsRow } from './settings.ts'
import { settle } from './settle.ts'
import * as store from './store.ts'

export interface Delivered {
  provider: string
  /** The app to whose address it came, '' for the platform's own. */
  appSlug: string
  event: CallEvent
  /** When it came. */
  at: Date
}

export interface Taken {
  tenantId: string
  settings: SettingsRow
  /** undefined: of the business's leg something was told before its call. */
  call: store.CallRow | undefined
}

/** How ringing the business ended is told within seconds of the end of the caller's leg, before or after it. */
export const graceMs = 15_000
/** Nothing at all was told for so long after it should have stopped ringing. */
const silenceMs = 300_000
/** The longest that a call lasts at a provider. */
export const longestCallMs = 4 * 3_600_000

/** null: nobody here has this number, or not at this address. Throws where it could not be stored. */
export async function receiveCall(deps: CallDeps, delivered: Delivered, intake: Database = deps.db): Promise<Taken | null> {
  const { rows } = await intake.pool.query<{ tenant_id: string }>('SELECT tenant_id FROM parley.find_holder($1, $2)', [
    delivered.provider,
    delivered.event.account,
  ])
  const tenantId = rows[0]?.tenant_id
  if (!tenantId) return null
  return await inTenant(intake, tenantId, async (tx) => {
    const account = await store.findAccount(tx, delivered.provider, delivered.event.account)
    if (!account || account.app_slug !== delivered.appSlug) return null
    const settings = await readCallSettings(tx)
    if (settings.tenant_status === 'deleted') return null
    const call = await take(deps, tx, account, settings, delivered)
    tx.onCommit(() => deps.changed(tenantId))
    return { tenantId, settings, call }
  })
}

async function take(
  deps: CallDeps,
  tx: Tx,
  account: store.CalledAccount,
  settings: SettingsRow,
  { event, at }: Delivered,
): Promise<store.CallRow | undefined> {
  if (event.kind === 'leg' || event.kind === 'taken') return await takeLeg(tx, settings, event)
  const { row: found, fresh } = await store.lockOrMake(tx, account, event, at)
  if (fresh)
    await appendEvent(tx, {
      ...{ type: 'call.detected', actor: 'system' },
      data: { callId: found.id, accountId: account.id, callerKind: found.caller_kind },
    })
  const outcome = outcomeOf(event, found, settings)
  let row = found
  if (event.kind === 'ended')
    row = await store.setCall(tx, row, { end_time: row.end_time ?? at, duration: Math.max(row.duration, event.seconds) })
  if (event.kind === 'dialled' && event.seconds > row.duration) row = await store.setCall(tx, row, { duration: event.seconds })
  if (outcome) return await conclude(deps, tx, { row, account, settings }, outcome.outcome, outcome.by)
  if (row.outcome !== null) return row
  return await store.setCall(tx, row, { due_at: dueAt(event, row, settings, timeOf(deps)) })
}

/** null: it is not over, as far as this tells. */
function outcomeOf(event: CallEvent, row: store.CallRow, settings: SettingsRow): { outcome: Outcome; by: OutcomeBy } | null {
  if (event.kind === 'dialled') return { outcome: dialledOutcome(event, settings.minimum_answered_seconds), by: 'dialled' }
  if (event.kind === 'ended') {
    const outcome = endedOutcome(event)
    return outcome && { outcome, by: 'ended' }
  }
  // Nobody is rung: the call is missed as it comes.
  if (event.kind === 'ringing' && settings.forward_to === null && row.outcome === null)
    return { outcome: 'unanswered', by: 'silence' }
  return null
}

function dueAt(event: CallEvent, row: store.CallRow, settings: SettingsRow, now: Date): Date {
  if (event.kind === 'ended' || row.end_time) return new Date(now.getTime() + graceMs)
  if (row.picked_up) return new Date(row.start_time.getTime() + longestCallMs)
  return new Date(row.start_time.getTime() + settings.ring_seconds * 1000 + silenceMs)
}

async function takeLeg(
  tx: Tx,
  settings: SettingsRow,
  event: Extract<CallEvent, { kind: 'leg' | 'taken' }>,
): Promise<store.CallRow | undefined> {
  const row = await store.lockBySid(tx, event.callId)
  // Where a key is asked for, only the key says that somebody took it.
  const up = event.kind === 'taken' ? event.taken : event.answered && !settings.answer_by_key
  if (!row || !up || row.picked_up || row.outcome !== null) return row
  return await store.setCall(tx, row, {
    ...{ picked_up: true, status: 'in-progress' },
    ...(row.end_time ? {} : { due_at: new Date(row.start_time.getTime() + longestCallMs) }),
  })
}

/** The stronger word counts. What was missed and is now said to have been answered keeps what was made of it. */
export async function conclude(
  deps: CallDeps,
  tx: Tx,
  given: { row: store.CallRow; account: store.CalledAccount; settings: SettingsRow },
  outcome: Outcome,
  by: OutcomeBy,
): Promise<store.CallRow> {
  const { row } = given
  if (!outweighs(by, row.outcome_by)) return row
  const changed = row.outcome !== outcome
  const decided = row.rule !== null && row.outcome !== 'answered'
  const told = await store.setCall(tx, row, { outcome, outcome_by: by, status: statusOf(outcome) })
  if (!changed) return told
  if (!decided) return await settle(deps, tx, { ...given, row: { ...told, outcome } })
  await appendEvent(tx, {
    ...{ type: 'call.updated', actor: 'system', ...(row.conversation_id ? { conversationId: row.conversation_id } : {}) },
    data: { callId: row.id, outcome },
  })
  // Nobody has to be texted who was talked to meanwhile.
  return outcome === 'answered' && !told.processed ? await store.setCall(tx, told, { processed: true, due_at: null }) : told
}
