/** Conversations in which nobody says anything any more are over. */
import type { Database } from '../platform/db/tx.ts'

/** Closed with one statement. */
const atOnce = 500

/** Returns how many were closed. */
export async function closeSilent(db: Database, now: Date, signal?: AbortSignal): Promise<number> {
  let total = 0
  for (let closed = atOnce; closed >= atOnce && !signal?.aborted; ) {
    const { rows } = await db.pool.query<{ closed: number }>('SELECT parley.close_silent($1, $2) AS closed', [now, atOnce])
    closed = rows[0]?.closed ?? 0
    total += closed
  }
  return total
}
