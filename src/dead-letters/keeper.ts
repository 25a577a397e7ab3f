/** By the clock: what failed for a reason that passes is tried again; whoever has very many is told. Several processes may do it. */
import type { Database } from '../platform/db/tx.ts'
import { bySystem } from '../tenancy/audit.ts'
import { type DeadLetterDeps, replayLetter } from './verbs.ts'

export interface DeadLetterKeeper {
  /** How many are open by reason on the whole server, as of the last look; undefined before the first. */
  open(): ReadonlyMap<string, number> | undefined
  /** Words where so many are open that somebody has to look. */
  attention(): readonly string[]
  /** Looks now: counts, raises alarms, and (where it retries) tries what is due. */
  look(): Promise<void>
  stop(): Promise<void>
}

const lookMs = 30_000
/** Tried again at once by one process. */
const atOnce = 20
/** At so many open ones somebody is told, and told again. */
export const alarmsAt = [100, 1000] as const

export function keepDeadLetters(
  deps: DeadLetterDeps & { everyMs?: number /** Where false: only counts. */; retries?: boolean },
): DeadLetterKeeper {
  const now = deps.now ?? (() => new Date())
  let open: Map<string, number> | undefined
  let looking: Promise<void> | undefined
  let stopped = false

  async function once(): Promise<void> {
    try {
      if (deps.retries !== false) await retryDue(deps, now(), () => stopped)
      for (const tenant of await raiseAlarms(deps.db, now())) {
        deps.log.warn('A business has very many dead letters', { operation: 'dead_letters', tenant_id: tenant })
        deps.changed(tenant)
      }
      open = await countOpen(deps.db)
    } catch (error) {
      deps.log.warn('Dead letters could not be looked at', { operation: 'dead_letters', error: (error as Error).message })
    }
  }
  function look(): Promise<void> {
    looking ??= once().finally(() => {
      looking = undefined
    })
    return looking
  }
  const timer = setInterval(() => void look(), deps.everyMs ?? lookMs)
  timer.unref()
  void look()
  return {
    open: () => open,
    attention: () => attentionOf(open),
    look,
    async stop() {
      stopped = true
      clearInterval(timer)
      await looking
    },
  }
}

/** Each counts before it is tried: one that ends the process is not tried for ever. */
async function retryDue(deps: DeadLetterDeps, now: Date, stopped: () => boolean): Promise<void> {
  for (;;) {
    const { rows } = await deps.db.pool.query<{ tenant_id: string | null; id: string }>(
      'SELECT tenant_id, id FROM parley.claim_dead_letters($1, $2)',
      [now, atOnce],
    )
    for (const { tenant_id, id } of rows)
      await replayLetter(deps, tenant_id, bySystem, id).catch((error: Error) =>
        deps.log.warn('A dead letter could not be tried again', { operation: 'dead_letters', error: error.message }),
      )
    if (rows.length < atOnce || stopped()) return
  }
}

async function raiseAlarms(db: Database, now: Date): Promise<string[]> {
  const { rows } = await db.pool.query<{ tenant: string }>(
    'SELECT raise_dead_letter_alarms AS tenant FROM parley.raise_dead_letter_alarms($1)',
    [now],
  )
  return rows.map(({ tenant }) => tenant)
}

async function countOpen(db: Database): Promise<Map<string, number>> {
  const { rows } = await db.pool.query<{ reason: string; open: number }>('SELECT reason, open FROM parley.dead_letters_open()')
  return new Map(rows.map(({ reason, open }) => [reason, open]))
}

export function attentionOf(open: ReadonlyMap<string, number> | undefined): string[] {
  const total = [...(open?.values() ?? [])].reduce((sum, n) => sum + n, 0)
  const level = alarmsAt.findLast((at) => total >= at)
  if (!level) return []
  return [`${level === 1000 ? 'A thousand' : 'A hundred'} or more dead letters are open (${total}). Look at parley dlq list.`]
}
