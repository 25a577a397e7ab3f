/** What would happen to a call: the same table and the same facts, and nothing is written. */
import { notFound, ParleyError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { toE164 } from '../kernel/phone.ts'
import type { Tx } from '../platform/db/tx.ts'
import { type Decision, decide, type Facts, type Outcome, ruleVersion } from './decision.ts'
import { gatherFacts } from './facts.ts'
import { quietUntil } from './hours.ts'
import { readCallSettings } from './settings.ts'
import { wordsOf } from './settle.ts'
import { accountColumns, type CalledAccount } from './store.ts'

export interface Previewed {
  decision: Decision
  version: number
  facts: Facts
  text: string | null
  textAt: Date | null
}

export async function previewCall(
  tx: Tx,
  given: { from: string | null; outcome: Outcome; at: Date; accountId?: string | undefined },
  providers: readonly string[],
): Promise<Previewed> {
  const account = await accountFor(tx, given.accountId, providers)
  const settings = await readCallSettings(tx)
  const phone = given.from?.trim() ? toE164(given.from, account.country) : null
  const other = /:/.test(given.from ?? '')
  const { facts } = await gatherFacts(
    tx,
    {
      ...{ callId: newId(), callerKind: phone ? 'phone' : other ? 'other' : 'withheld', phone, direction: 'inbound' },
      ...{ outcome: given.outcome, startedAt: given.at, putOff: false },
    },
    account,
    settings,
    given.at,
  )
  const decision = decide(facts)
  const later = decision.text === 'later' && settings.quiet_hours
  return {
    ...{ decision, facts, version: ruleVersion, text: decision.text === 'none' ? null : wordsOf(decision, settings) },
    textAt: later ? quietUntil(later, settings.timezone, given.at) : decision.text === 'now' ? given.at : null,
  }
}

/** The only one that takes calls, unless one is named. */
async function accountFor(tx: Tx, id: string | undefined, providers: readonly string[]): Promise<CalledAccount> {
  const { rows } = await tx.query<CalledAccount>(
    `SELECT ${accountColumns} FROM channel_accounts WHERE tenant_id = $1 AND provider = ANY ($2) AND channel = 'sms' AND removed_at IS NULL
        AND ($3::uuid IS NULL OR id = $3) ORDER BY is_default DESC, created_at, id LIMIT 2`,
    [tx.tenantId, providers, id ?? null],
  )
  if (!rows[0]) throw notFound('A number that takes calls')
  if (rows[1] && id === undefined)
    throw new ParleyError('invalid_request', 'There are several numbers that take calls: say which with accountId.')
  return rows[0]
}
