/**
 * Which business has this number, integration, organisation or subdomain. Asked often, changed seldom, so answers are kept
 * (in memory, or in Redis for all processes), and never wrong: the database itself tells every process at the commit of a
 * change which look-ups it touched. A process that cannot hear that, or cannot drop what it was told to, asks the database.
 */
import type { Bus } from '../platform/bus.ts'
import type { Cache } from '../platform/cache.ts'
import type { Database } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import type { TenantView } from './tenant-schema.ts'
import { type TenantRow, tenantView } from './tenant-view.ts'

export type LookupBy = 'phone' | 'integration' | 'genesys_org' | 'subdomain'

export interface TenantLookup {
  /** Also the suspended ones; null where nobody has it. */
  find(by: LookupBy, value: string): Promise<TenantView | null>
  /** Resolves when this process has heard of all that was committed before. */
  caughtUp(): Promise<void>
  /** Drops everything kept: at every new connection to what keeps it. */
  startOver(): void
}

export async function findTenantRow(db: Database, by: LookupBy | 'id' | 'public_id', value: string): Promise<TenantRow | null> {
  const { rows } = await db.pool.query<TenantRow>({
    name: 'find_tenant',
    text: 'SELECT * FROM parley.find_tenant($1, $2)',
    values: [by, value],
  })
  return rows[0] ?? null
}

const channel = 'parley_tenants'
/** How long to wait before trying again to drop what could not be dropped. */
const againMs = 1000

export function createTenantLookup(deps: { db: Database; bus: Bus; cache: Cache; log: Logger }): TenantLookup {
  const { db, bus, cache, log } = deps
  /** Until everything was dropped once, what is kept may be from before anybody listened. */
  let doubt = true
  let dropping = 0
  let last: Promise<void> = Promise.resolve()
  let planned = false

  /** One after the other, so that a late `clear` cannot be overtaken. While one is under way nothing kept is believed. */
  function drop(keys: readonly string[] | '*'): void {
    dropping++
    last = last
      .then(async () => {
        if (keys === '*' || doubt) {
          await cache.clear()
          doubt = false
        } else await cache.drop(keys)
      })
      .catch((error: Error) => {
        if (!doubt) log.warn('Look-ups go to the database for a while', { operation: 'lookup', error: error.message })
        doubt = true
        if (planned) return
        planned = true
        setTimeout(() => {
          planned = false
          drop('*')
        }, againMs).unref()
      })
      .finally(() => {
        dropping--
      })
  }

  function heard(payload: string): void {
    const keys = readKeys(payload)
    drop(keys.includes('*') ? '*' : keys)
  }
  bus.listen(channel, heard, () => drop('*'))

  const load = async (by: LookupBy, value: string): Promise<TenantView | null> => {
    const row = await findTenantRow(db, by, value)
    return row && row.status !== 'deleted' ? tenantView(row) : null
  }

  return {
    async find(by, value) {
      if (doubt || dropping > 0 || !bus.listening()) return await load(by, value)
      const key = `${by}:${value}`
      const kept = await cache.get(key).catch(() => null)
      if (!kept) return await load(by, value)
      // A drop may have begun, or the ear been lost, while the cache was asked.
      if (kept.hit && !doubt && dropping === 0 && bus.listening()) return JSON.parse(kept.value) as TenantView | null
      const found = await load(by, value)
      if (!kept.hit) void cache.put(key, kept.lease, JSON.stringify(found)).catch(() => {})
      return found
    },
    async caughtUp() {
      await bus.caughtUp()
      await last
    },
    startOver: () => {
      doubt = true
      drop('*')
    },
  }
}

function readKeys(payload: string): string[] {
  try {
    return JSON.parse(payload) as string[]
  } catch {
    return ['*']
  }
}
