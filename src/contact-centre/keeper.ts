/** By the clock: silent sessions end, those that ended over there are found, and people hear of a contact centre that is away. */
import { handOver } from '../conversations/hand-over.ts'
import { closeMapping } from '../conversations/mappings.ts'
import { type Database, inTenant } from '../platform/db/tx.ts'
import type { CentreDeps } from './deps.ts'
import { loadCentre } from './store.ts'

const minuteMs = 60_000
/** Sessions that end with one statement. */
const expiredAtOnce = 1000
/** Sessions of one business that are asked for in one round: a contact centre allows some 300 calls a minute for everything. */
const checkedAtOnce = 20
/** What was told is recognised again for so long. */
const rememberedDays = 30

/** Returns how many sessions have ended. */
export async function expireMappings(db: Database, now: Date): Promise<number> {
  let total = 0
  for (let ended = expiredAtOnce; ended >= expiredAtOnce; ) {
    const { rows } = await db.pool.query<{ ended: number }>('SELECT parley.expire_mappings($1, $2) AS ended', [
      now,
      expiredAtOnce,
    ])
    ended = rows[0]?.ended ?? 0
    total += ended
  }
  return total
}

/** Asks for silent sessions whether they go on over there; what ended is closed, so that the next line begins anew. */
export async function checkMappings(deps: CentreDeps, now: Date): Promise<number> {
  const { rows } = await deps.db.pool.query<{ tenant_id: string; id: string; conversation_id: string }>(
    'SELECT * FROM parley.mappings_to_check($1, $2)',
    [now, checkedAtOnce],
  )
  let closed = 0
  // What is wrong with one business is no reason not to look after the next.
  for (const [tenantId, mappings] of Map.groupBy(rows, (row) => row.tenant_id))
    closed += await checkOf(deps, tenantId, mappings).catch((error: Error) => {
      deps.log.warn('Sessions of a business could not be asked for', {
        operation: 'centre.check',
        tenant_id: tenantId,
        error: error.message,
      })
      return 0
    })
  return closed
}

async function checkOf(
  deps: CentreDeps,
  tenantId: string,
  mappings: readonly { id: string; conversation_id: string }[],
): Promise<number> {
  const loaded = await inTenant(deps.db, tenantId, (tx) => loadCentre(tx, deps.secrets))
  const centre = loaded && deps.centres.get(loaded.row.name)
  if (!loaded || !centre) return 0
  let closed = 0
  for (const { id, conversation_id } of mappings) {
    const state = await centre.state(loaded.connection, conversation_id, { signal: AbortSignal.timeout(15_000) })
    if (state === 'unknown') break
    if (state === 'ended' && (await inTenant(deps.db, tenantId, (tx) => closeMapping(tx, id, 'ended there')))) closed += 1
  }
  deps.changed(tenantId)
  return closed
}

/** Tells people, once, and gives them what waits where the business set that. */
export async function tellOfSilence(deps: Pick<CentreDeps, 'db' | 'changed'>, now: Date): Promise<void> {
  const { rows } = await deps.db.pool.query<{ tenant_id: string; name: string; hand_over: boolean | null }>(
    'SELECT * FROM parley.silent_centres($1)',
    [now],
  )
  for (const { tenant_id, hand_over } of rows) {
    if (hand_over) await giveToPeople(deps.db, tenant_id)
    deps.changed(tenant_id)
  }
}

async function giveToPeople(db: Database, tenantId: string): Promise<void> {
  for (;;) {
    const given = await inTenant(db, tenantId, async (tx) => {
      const { rows } = await tx.query<{ id: string }>(
        `SELECT l.conversation_id AS id FROM conversation_lanes l
           JOIN conversations c ON c.tenant_id = l.tenant_id AND c.id = l.conversation_id AND c.control = 'agent'
          WHERE l.tenant_id = $1 AND l.kind = 'bridge' AND l.ready_at IS NOT NULL ORDER BY l.conversation_id LIMIT 100`,
        [tenantId],
      )
      for (const { id } of rows)
        await handOver(tx, { conversationId: id, to: 'human', reason: 'The contact centre does not answer.', actor: 'system' })
      return rows.length
    })
    if (given < 100) return
  }
}

export async function forgetEvents(db: Database, now: Date): Promise<void> {
  const before = new Date(now.getTime() - rememberedDays * 86_400_000)
  for (let gone = 10_000; gone >= 10_000; ) {
    const { rows } = await db.pool.query<{ gone: number }>('SELECT parley.forget_centre_events($1, 10000) AS gone', [before])
    gone = rows[0]?.gone ?? 0
  }
}

export interface CentreKeeper {
  stop(): Promise<void>
}

export function keepCentres(deps: CentreDeps, options: { everyMs?: number } = {}): CentreKeeper {
  const now = deps.now ?? (() => new Date())
  let running: Promise<void> = Promise.resolve()
  let rounds = 0
  async function round(): Promise<void> {
    const first = rounds++
    const steps: [string, () => Promise<unknown>][] = [
      ['silence', () => tellOfSilence(deps, now())],
      ['check', () => checkMappings(deps, now())],
    ]
    if (first % 5 === 0) steps.push(['expire', () => expireMappings(deps.db, now())])
    if (first % 60 === 0) steps.push(['forget', () => forgetEvents(deps.db, now())])
    for (const [step, work] of steps)
      await work().catch((error: Error) =>
        deps.log.warn('The contact centres could not be looked after', { operation: `centre.${step}`, error: error.message }),
      )
  }
  let busy = false
  const timer = setInterval(() => {
    if (busy) return
    busy = true
    running = round().finally(() => {
      busy = false
    })
  }, options.everyMs ?? minuteMs)
  timer.unref()
  return {
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}
