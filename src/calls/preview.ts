/** What would happen to a call: the same table and the same facts, and nothing is written. */
import type { Channels } from '../conversations/accounts.ts'
import { notFound, ParleyError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { toE164 } from '../kernel/phone.ts'
import type { Tx } from '../platform/db/tx.ts'
import { instantOf, quietUntil } from '../tenancy/hours.ts'
import { type Decision, decide, type Facts, type Outcome, rules, ruleVersion } from './decision.ts'
import { gatherFacts } from './facts.ts'
import type { PatchCallSettings } from './schema.ts'
import { readCallSettings, withSettings } from './settings.ts'
import { wordsOf } from './settle.ts'
import { accountColumns, type CalledAccount } from './store.ts'

export interface Previewed {
  decision: Decision
  /** Its place in the table, from 1. */
  line: number
  version: number
  facts: Facts
  text: string | null
  textAt: Date | null
  /** The moment it was decided for. */
  at: Date
  timezone: string
}

export interface Imagined {
  from: string | null
  outcome: Outcome
  /** A moment, or what the clock on the wall of the business shows. */
  at: Date | { local: string }
  landline?: boolean | undefined
  /** As if these were saved. */
  settings?: PatchCallSettings | undefined
  accountId?: string | undefined
}

export async function previewCall(
  tx: Tx,
  given: Imagined,
  providers: readonly string[],
  channels?: Channels,
): Promise<Previewed> {
  const account = await accountFor(tx, given.accountId, providers)
  const settings = withSettings(await readCallSettings(tx), given.settings ?? {})
  const { timezone } = settings
  const at = given.at instanceof Date ? given.at : instantOf(given.at.local, timezone)
  const phone = given.from?.trim() ? toE164(given.from, account.country) : null
  const callerKind: Facts['callerKind'] = phone ? 'phone' : /:/.test(given.from ?? '') ? 'other' : 'withheld'
  const asked = { callId: newId(), callerKind, phone, outcome: given.outcome, startedAt: at }
  const look = async (putOff: boolean, now: Date): Promise<Facts> => {
    const { facts } = await gatherFacts(tx, { ...asked, direction: 'inbound', putOff }, account, settings, now, channels)
    return given.landline ? { ...facts, landline: true } : facts
  }
  const facts = await look(false, at)
  const decision = decide(facts)
  const until = decision.text === 'later' && settings.quiet_hours ? quietUntil(settings.quiet_hours, timezone, at) : null
  // What was put off is decided anew then, and its words are those of that hour.
  const saying = until ? decide(await look(true, until)) : decision
  return {
    ...{ decision, line: lineOf(decision.rule), facts, version: ruleVersion, at, timezone },
    text: saying.text === 'none' ? null : wordsOf(saying, settings),
    textAt: until ?? (decision.text === 'now' ? at : null),
  }
}

const lineOf = (rule: string): number => rules.findIndex((one) => one.rule === rule) + 1

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
