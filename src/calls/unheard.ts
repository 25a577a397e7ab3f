/**
 * Calls that no webhook told of, or of whose end none did: a provider that keeps a record of calls is asked for it now and then. What
 * it has is taken in as if it had been told, with the time at which it was; asked again, nothing changes.
 */
import { appendEvent } from '../conversations/feed.ts'
import { inTenant, readTenant, type Tx } from '../platform/db/tx.ts'
import type { AccountConnection } from '../ports/channel.ts'
import type { RecordedCall } from '../ports/telephony.ts'
import { type CallDeps, timeOf } from './deps.ts'
import { longestCallMs } from './receive.ts'
import { type Ended, takeRecord } from './record.ts'
import { readCallSettings } from './settings.ts'
import * as store from './store.ts'

export interface AskedAccount {
  tenantId: string
  accountId: string
  provider: string
  connection: AccountConnection
  /** What began before was asked for already. */
  since: Date
  signal?: AbortSignal | undefined
}

/** What ended a moment ago may be on its way. */
const freshMs = 60_000

/** How many calls were taken in or settled. Throws where the provider could not be asked, so that it is asked again. */
export async function takeUnheard(deps: CallDeps, asked: AskedAccount): Promise<number> {
  const telephony = deps.telephony.get(asked.provider)
  if (!telephony?.list || !telephony.recordOf) return 0
  const { tenantId, accountId, connection, signal } = asked
  const account = await readTenant(deps.db, tenantId, (tx) => store.accountWithStart(tx, accountId))
  // One that began before may have ended since; one from before the number was connected is somebody else's story.
  const since = new Date(Math.max(asked.since.getTime() - longestCallMs, wholeSecond(account.created_at)))
  const found = await telephony.list(connection, { since, signal })
  if (found.outcome !== 'listed') throw new Error('Its calls could not be listed.')
  const until = timeOf(deps).getTime() - freshMs
  const over = found.calls.filter(({ ended }) => ended !== null && ended.at.getTime() < until)
  const ids = over.map(({ callId }) => callId)
  const settled = await readTenant(deps.db, tenantId, (tx) => store.settledCalls(tx, ids))
  let [taken, mute] = [0, 0]
  for (const call of over) {
    if (settled.has(call.callId)) continue
    const record = await telephony.recordOf(connection, { callId: call.callId, signal })
    if (record.outcome !== 'known') {
      // One of which nothing is said keeps no other from being taken in.
      mute += 1
      continue
    }
    const { ended } = record
    if (!ended) continue
    const changed = await inTenant(deps.db, tenantId, async (tx) => {
      tx.onCommit(() => deps.changed(tenantId))
      return await takeListed(deps, tx, account, call, { ...record, ended })
    })
    if (changed) taken += 1
  }
  if (taken > 0)
    deps.log.warn('Calls of which too little had been told were taken in from the record', {
      ...{ operation: 'calls', tenant_id: tenantId, count: taken },
    })
  if (mute > 0) throw new Error(`How ${mute} calls ended could not be asked.`)
  return taken
}

/** A record has no fractions of seconds. */
const wholeSecond = (at: Date): number => Math.floor(at.getTime() / 1000) * 1000

async function takeListed(
  deps: CallDeps,
  tx: Tx,
  account: store.CalledAccount,
  { ended: _, startedAt, ...call }: RecordedCall,
  record: Ended,
): Promise<boolean> {
  const settings = await readCallSettings(tx)
  if (settings.tenant_status === 'deleted') return false
  const { result, seconds } = record.ended
  const { row, fresh } = await store.lockOrMake(tx, account, { kind: 'ended', ...call, result, seconds }, startedAt)
  if (fresh)
    await appendEvent(tx, {
      ...{ type: 'call.detected', actor: 'system' },
      data: { callId: row.id, accountId: account.id, callerKind: row.caller_kind },
    })
  return await takeRecord(deps, tx, { row, account, settings }, record)
}
