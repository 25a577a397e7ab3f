/**
 * Calls that are looked at again: those of whose end nothing was told, whose text waits for quiet hours to end, and how the text
 * of a missed call went. What is to be done, and when, stands in their rows, so a process that ends loses nothing of it.
 */
import { inTenant, type Tx } from '../platform/db/tx.ts'
import { startWorker, type Worker } from '../platform/worker.ts'
import type { CallRecord } from '../ports/telephony.ts'
import { type CallDeps, timeOf } from './deps.ts'
import { lateMs } from './facts.ts'
import { silentOutcome } from './outcome.ts'
import { conclude, longestCallMs } from './receive.ts'
import { askRecord, takeRecord } from './record.ts'
import { readCallSettings } from './settings.ts'
import { alert, settle } from './settle.ts'
import * as store from './store.ts'

/** Longer than taking one takes; what a killed process held comes back after it. */
const leaseMs = 30_000
/** How often a provider that does not know yet how a call ended is asked again, and for how long one that cannot be asked is. */
const [askAgainMs, askedForMs] = [60_000, 1_800_000]
/** When it is looked again how a text went, after the first look. Milliseconds. */
const looks = [120_000, 300_000, 900_000, 3_600_000, 24 * 3_600_000]

export function startCalls(deps: CallDeps, options: { pollMs?: number; limit?: number } = {}): Worker {
  return startWorker<{ tenant_id: string; id: string }>(deps.log, {
    operation: 'calls',
    limit: options.limit ?? 8,
    pollMs: options.pollMs ?? 1000,
    async claim(limit) {
      const { rows } = await deps.db.pool.query<{ tenant_id: string; id: string }>({
        name: 'claim_due_calls',
        text: 'SELECT * FROM parley.claim_due_calls($1, $2, $3)',
        values: [timeOf(deps), limit, leaseMs],
      })
      return rows
    },
    async carry({ tenant_id, id }) {
      // Without its credentials a provider cannot be asked: the caller must not wait for somebody to mend them.
      const record = await askRecord(deps, tenant_id, id).catch((error: Error): CallRecord => {
        deps.log.warn('A provider could not be asked how a call ended', {
          operation: 'calls',
          call_id: id,
          error: error.message,
        })
        return { outcome: 'unknown' }
      })
      await inTenant(deps.db, tenant_id, async (tx) => {
        const row = await store.lockById(tx, id)
        if (row) await look(deps, tx, row, record)
        tx.onCommit(() => deps.changed(tenant_id))
      })
    },
  })
}

async function look(deps: CallDeps, tx: Tx, row: store.CallRow, record: CallRecord | undefined): Promise<void> {
  // Somebody else dealt with it between the claim and now.
  if (row.due_at === null) return
  const account = await store.accountById(tx, row.channel_account_id)
  const settings = await readCallSettings(tx)
  if (row.outcome === null) {
    if (record?.outcome === 'known' && record.ended) {
      await takeRecord(deps, tx, { row, account, settings }, { ...record, ended: record.ended })
      return
    }
    const age = timeOf(deps).getTime() - row.start_time.getTime()
    // It goes on, or the provider cannot be asked now: what nobody knows yet is not guessed at once.
    if (record && age < (record.outcome === 'known' ? longestCallMs : askedForMs)) {
      await store.setCall(tx, row, { due_at: new Date(timeOf(deps).getTime() + askAgainMs) })
      return
    }
    const talking = row.picked_up && row.end_time === null && timeOf(deps).getTime() < row.start_time.getTime() + longestCallMs
    if (talking) await store.setCall(tx, row, { due_at: new Date(row.start_time.getTime() + longestCallMs) })
    else await conclude(deps, tx, { row, account, settings }, silentOutcome(row.picked_up), 'silence')
    return
  }
  if (!row.processed) await settle(deps, tx, { row: { ...row, outcome: row.outcome }, account, settings })
  else await lookAtText(deps, tx, row, account.provider)
}

/** A text that failed for good is told to people: the caller waits and knows nothing. It is not sent again. */
async function lookAtText(deps: CallDeps, tx: Tx, row: store.CallRow, provider: string): Promise<void> {
  const text = row.text_message_id ? await store.textState(tx, row.text_message_id) : undefined
  if (!text || ['delivered', 'read'].includes(text.status)) {
    await store.setCall(tx, row, { due_at: null })
    return
  }
  if (text.status === 'failed') {
    const hint = deps.channels.get(provider)?.describeFailure?.(text.error_code ?? '')?.hint
    if (hint === 'landline' && row.contact_id) await store.markLandline(tx, row.contact_id)
    await store.setCall(tx, row, { due_at: null, facts: { ...row.facts, failed: text.error_code ?? 'unknown' } })
    await alert(tx, row, hint === 'landline' ? 'landline' : 'text_failed')
    return
  }
  const age = timeOf(deps).getTime() - (row.decided_at ?? row.start_time).getTime()
  // It waits for an account that does not send, and will fail when that one does; or nobody knows whether it arrived.
  if ((text.status === 'queued' && age >= lateMs) || (text.status === 'sending' && age >= (looks.at(-1) ?? 0))) {
    await store.setCall(tx, row, { due_at: null, facts: { ...row.facts, failed: text.error_code ?? text.status } })
    await alert(tx, row, 'text_failed')
    return
  }
  const next = looks.find((after) => after > age)
  await store.setCall(tx, row, {
    due_at: next === undefined ? null : new Date((row.decided_at ?? row.start_time).getTime() + next),
  })
}
