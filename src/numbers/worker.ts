/**
 * Carries numbers on, step by step, from wherever whoever had them before stopped. What may not be tried again for good leads back:
 * what was bought is given back, and the row says why. What may is tried again later, and the row says what it waits for.
 */
import { appendEvent } from '../conversations/feed.ts'
import { notify } from '../conversations/notify.ts'
import { inTenant, type Tx } from '../platform/db/tx.ts'
import { startWorker, type Worker } from '../platform/worker.ts'
import type { NotDone } from '../ports/number-seller.ts'
import { type NumberDeps, timeOf } from './deps.ts'
import { accessTo } from './provider.ts'
import { longWaitMs, mayCost, nextStep, type Step, waitAfter } from './rules.ts'
import { type Outcome, perform } from './steps.ts'
import * as store from './store.ts'

/** Longer than a step takes, whose calls end after ten seconds each; what a killed process held comes back after it. */
const leaseMs = 60_000
/** More than there are: a step that changes nothing would go on for ever. */
const mostSteps = 20

export function startNumbers(deps: NumberDeps, options: { pollMs?: number; limit?: number } = {}): Worker {
  return startWorker<{ tenant_id: string; id: string; token: string }>(deps.log, {
    operation: 'numbers',
    limit: options.limit ?? 4,
    pollMs: options.pollMs ?? 1000,
    async claim(limit) {
      const { rows } = await deps.db.pool.query<{ tenant_id: string; id: string; token: string }>({
        name: 'claim_due_numbers',
        text: 'SELECT * FROM parley.claim_due_numbers($1, $2, $3)',
        values: [timeOf(deps), limit, leaseMs],
      })
      return rows
    },
    carry: ({ tenant_id, id, token }) => carryOn(deps, { tenantId: tenant_id, id, token }),
    about: ({ id }) => ({ number_id: id }),
  })
}

async function carryOn(deps: NumberDeps, held: store.Held): Promise<void> {
  for (let n = 0; n < mostSteps; n++) {
    const row = await takeUp(deps, held)
    if (!row) return
    const step = nextStep(row)
    if (step === null) return await leave(deps, held, row, null)
    const outcome = await tryStep(deps, held, row, step)
    if (outcome.outcome === 'lost') continue
    if (outcome.outcome === 'done') {
      if (await keep(deps, held, outcome.values)) continue
      if (outcome.values.phone_number_sid) await keepLate(deps, held, row, outcome.values.phone_number_sid)
    } else if (isFinal(row, step, outcome)) await giveUp(deps, held, outcome)
    else return await leave(deps, held, row, outcome)
  }
}

/** Has it for a while longer. undefined: somebody else has. */
const takeUp = (deps: NumberDeps, held: store.Held) =>
  inTenant(deps.db, held.tenantId, (tx) => store.setHeld(tx, held, { lease_until: new Date(timeOf(deps).getTime() + leaseMs) }))

async function tryStep(deps: NumberDeps, held: store.Held, row: store.NumberRow, step: Step): Promise<Outcome> {
  if (step === 'finish') return await perform.finish({ deps, held, row, access: { accountSid: '', credentials: {} } })
  const found = await inTenant(deps.db, held.tenantId, (tx) => accessTo(tx, deps.secrets, row.account_sid ?? ''))
  if (found) return await perform[step]({ deps, held, row, access: found.access })
  const text = 'What opens the account at Twilio is not here any more. Enter its SID and auth token again.'
  return { outcome: 'reconnect', code: 'no_access', text }
}

const isSettingUp = ({ status, wanted }: store.NumberRow): boolean =>
  wanted === 'active' && (status === 'provisioning' || status === 'provisioned')

/** With refused credentials nothing that was bought could be given back either: then they are waited for. */
const isFinal = (row: store.NumberRow, step: Step, { outcome }: NotDone): boolean =>
  isSettingUp(row) && (outcome === 'reject' || (outcome === 'reconnect' && step === 'buy' && row.asked_at === null))

/** False: somebody else has it by now. */
async function keep(deps: NumberDeps, held: store.Held, values: Partial<store.NumberRow>): Promise<boolean> {
  const kept = await inTenant(deps.db, held.tenantId, async (tx) => {
    const row = await store.setHeld(tx, held, { ...values, attempts: 0, waiting_for: null, waiting_since: null })
    if (row) await appendEvent(tx, { type: 'number.updated', actor: 'system', data: { numberId: row.id, status: row.status } })
    return row !== undefined
  })
  deps.changed(held.tenantId)
  return kept
}

/** A process that stood still for longer than its lease may buy what others have given up meanwhile: nobody else would look again. */
async function keepLate(deps: NumberDeps, held: store.Held, row: store.NumberRow, sid: string): Promise<void> {
  deps.log.warn('A number was bought later than anybody waited for', { operation: 'numbers', number_id: held.id })
  const kept = await inTenant(deps.db, held.tenantId, async (tx) => {
    if (!(await store.keepLate(tx, held.id, { sid, now: timeOf(deps) }))) return false
    await appendEvent(tx, { type: 'number.updated', actor: 'system', data: { numberId: held.id, status: row.status } })
    return true
  }).catch(() => false)
  deps.changed(held.tenantId)
  if (kept) return deps.wake()
  // There is no row that could say so: its business is gone, or has asked for the same number again.
  const found = await inTenant(deps.db, held.tenantId, (tx) => accessTo(tx, deps.secrets, row.account_sid ?? ''))
  const told = found && (await deps.seller.giveBack(found.access, sid))
  if (told?.outcome !== 'done')
    deps.log.error('A number that was bought too late could not be given back: release it at the provider', {
      ...{ operation: 'numbers', number_id: held.id, number: row.phone_number, sid },
    })
}

async function giveUp(deps: NumberDeps, held: store.Held, { code, text }: NotDone): Promise<void> {
  deps.log.warn('A number is given up', { operation: 'numbers', number_id: held.id, code, error: text })
  await keep(deps, held, { wanted: 'released', failure_code: code, status_reason: text })
}

/** Once for each wait, however long it is. */
async function tellOfLongWait(tx: Tx, row: store.NumberRow, now: Date): Promise<void> {
  const since = row.waiting_since ?? now
  if (now.getTime() - since.getTime() < longWaitMs) return
  await notify(tx, {
    kind: 'number_waits',
    key: `number/${row.id}/${since.toISOString()}`,
    data: { who: row.phone_number, what: row.waiting_for },
  })
}

/** Until it is due again; with nothing left to do, until somebody wants something. */
async function leave(deps: NumberDeps, held: store.Held, row: store.NumberRow, told: NotDone | null): Promise<void> {
  const now = timeOf(deps)
  const paid = row.wanted === 'released' && mayCost(row) ? ' Until it is given back it may have to be paid for.' : ''
  const given = told
    ? {
        due: new Date(now.getTime() + waitAfter(row.attempts, told.retryAfterMs)),
        ...{ waitingFor: `${told.text}${paid}`, attempts: row.attempts + 1 },
      }
    : { due: null, waitingFor: null, attempts: 0 }
  await inTenant(deps.db, held.tenantId, async (tx) => {
    const left = await store.letGo(tx, held, { seen: row.wanted, now, ...given })
    if (!left || !told) return
    await appendEvent(tx, { type: 'number.updated', actor: 'system', data: { numberId: row.id, status: row.status } })
    await tellOfLongWait(tx, left, now)
  })
  deps.changed(held.tenantId)
}
