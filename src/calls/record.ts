/** What a provider has on record of a call, taken in as if it had been told. */
import { loadConnection } from '../conversations/accounts.ts'
import { readTenant, type Tx } from '../platform/db/tx.ts'
import type { CallRecord } from '../ports/telephony.ts'
import type { CallDeps } from './deps.ts'
import { outweighs, recordedOutcome } from './outcome.ts'
import { conclude } from './receive.ts'
import type { SettingsRow } from './settings.ts'
import * as store from './store.ts'

type Known = Extract<CallRecord, { outcome: 'known' }>
export type Ended = Known & { ended: NonNullable<Known['ended']> }

/** Providers answer in well under a second; whoever asks holds a lease of half a minute. */
const askTimeoutMs = 15_000

/** undefined: this provider keeps no record, or the call has ended as far as is known here. */
export async function askRecord(deps: CallDeps, tenantId: string, id: string): Promise<CallRecord | undefined> {
  const { secrets } = deps
  if (!secrets) return undefined
  const found = await readTenant(deps.db, tenantId, async (tx) => {
    const row = await store.callById(tx, id)
    if (!row || row.outcome !== null) return undefined
    const { provider } = await store.accountById(tx, row.channel_account_id)
    return { provider, callId: row.call_sid, connection: await loadConnection(tx, secrets, row.channel_account_id) }
  })
  const telephony = found && deps.telephony.get(found.provider)
  if (!found || !telephony?.recordOf) return undefined
  return await telephony.recordOf(found.connection, { callId: found.callId, signal: AbortSignal.timeout(askTimeoutMs) })
}

/** False where more is known already. */
export async function takeRecord(
  deps: CallDeps,
  tx: Tx,
  given: { row: store.CallRow; account: store.CalledAccount; settings: SettingsRow },
  { ended, dialled }: Ended,
): Promise<boolean> {
  const { row: before, settings } = given
  const byKey = settings.answer_by_key && !before.picked_up
  const { outcome, by } = recordedOutcome({ result: ended.result, dialled, byKey }, settings.minimum_answered_seconds)
  if (!outweighs(by, before.outcome_by)) return false
  const row = await store.setCall(tx, before, {
    end_time: before.end_time ?? ended.at,
    duration: Math.max(before.duration, dialled?.seconds ?? 0, ended.seconds),
  })
  await conclude(deps, tx, { ...given, row }, outcome, by)
  return true
}
