/** The leases of what is under way in this process, kept alive together until each is done. */
import type { Database } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'

/** What a killed process held is free after this. */
export const leaseMs = 15_000
const everyMs = 5_000

interface Held {
  tenant_id: string
  conversation_id: string
  token: number
}

export interface LeaseKeeper {
  add(held: Held): void
  remove(held: Held): void
  stop(): void
}

/** A lease that could not be kept in time is lost: somebody else may take the work, and our late result is fenced by its token. */
export function keepLeases(deps: { db: Database; log: Logger }, kind: 'send' | 'turn' | 'bridge', ms = leaseMs): LeaseKeeper {
  const held = new Set<Held>()
  const timer = setInterval(() => void extend(), Math.min(everyMs, ms / 3))
  timer.unref()

  async function extend(): Promise<void> {
    if (held.size === 0) return
    const all = [...held]
    await deps.db.pool
      .query('SELECT parley.extend_leases($1, $2, $3, $4, $5)', [
        kind,
        all.map((h) => h.tenant_id),
        all.map((h) => h.conversation_id),
        all.map((h) => h.token),
        ms,
      ])
      .catch((error: Error) => deps.log.warn('Leases could not be kept', { operation: kind, error: error.message }))
  }
  return {
    add: (one) => void held.add(one),
    remove: (one) => void held.delete(one),
    stop: () => clearInterval(timer),
  }
}
