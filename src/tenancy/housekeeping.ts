/** What has ended goes: sessions, links, counts of tries, what an assistant or a device kept for a while. Any process may do it; twice does no harm. */
import type { Database } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import { forgetOldInvitations } from './invitations.ts'

const hourMs = 3_600_000

export async function clearAway(db: Database): Promise<void> {
  await db.pool.query(
    'DELETE FROM user_sessions WHERE expires_at < now() OR last_seen_at < now() - make_interval(secs => idle_seconds)',
  )
  // A used or expired link is kept for a day: it counts against asking for mail again and again.
  await db.pool.query(`DELETE FROM password_resets WHERE expires_at < now() - interval '1 day'`)
  await db.pool.query('DELETE FROM sign_in_tries WHERE expire < $1', [Date.now()])
  await forgetOldInvitations(db)
  for (const what of ['dialog_contexts', 'appointments_cache', 'whatsapp_keys']) await clearExpired(db, what)
}

/** The function takes so many at once, so that none of its transactions is long. */
const expiredAtOnce = 10_000

async function clearExpired(db: Database, what: string): Promise<void> {
  for (let gone = expiredAtOnce; gone >= expiredAtOnce; ) {
    const { rows } = await db.pool.query<{ gone: number }>(`SELECT parley.cleanup_expired_${what}() AS gone`)
    gone = rows[0]?.gone ?? 0
  }
}

export interface Housekeeping {
  stop(): Promise<void>
}

export function keepHouse(deps: { db: Database; log: Logger; everyMs?: number }): Housekeeping {
  let running: Promise<void> = Promise.resolve()
  const round = () => {
    running = clearAway(deps.db).catch((error: Error) =>
      deps.log.warn('What has ended could not be cleared away', { operation: 'housekeeping', error: error.message }),
    )
  }
  const timer = setInterval(round, deps.everyMs ?? hourMs)
  timer.unref()
  round()
  return {
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}
