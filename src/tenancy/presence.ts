/**
 * Who is here. A person is online while some process holds a live stream of theirs. Each process says which people it holds,
 * and says so again every few seconds; what it no longer says, because it ended without a word, stops counting.
 */
import { newId } from '../kernel/ids.ts'
import type { Client } from '../platform/db/pool.ts'
import { type Database, inTransaction } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import type { PresenceState, PresenceView } from './people-schema.ts'

export interface Presence {
  /** A live stream of this person opened. Returns what to call when it closed. */
  connected(userId: string): () => void
  setStatus(userId: string, status: PresenceState): Promise<PresenceView>
  stop(): Promise<void>
}

export interface PresenceOptions {
  db: Database
  log: Logger
  changed: (tenantId: string) => void
  beatMs?: number
  /** A page that is loaded anew closes its stream and opens another: nobody left. */
  graceMs?: number
}

/** Beats that may be missed before a process counts as gone. */
const missedBeats = 3

export function createPresence({ db, log, changed, beatMs = 15_000, graceMs = 3000 }: PresenceOptions): Presence {
  const processId = newId()
  const open = new Map<string, number>()
  const leaving = new Map<string, NodeJS.Timeout>()
  const lostSeconds = (missedBeats * beatMs) / 1000
  const safely = (work: Promise<unknown>): Promise<void> =>
    work.then(
      () => {},
      (error: Error) => log.warn('Presence could not be written', { operation: 'presence', error: error.message }),
    )

  const timer = setInterval(() => void safely(beat()), beatMs)
  timer.unref()

  async function arrive(userIds: readonly string[]): Promise<void> {
    await db.pool.query(
      `INSERT INTO user_connections (user_id, process_id, seen_at) SELECT id, $2, now() FROM users WHERE id = ANY($1::uuid[])
       ON CONFLICT (user_id, process_id) DO UPDATE SET seen_at = now()`,
      [userIds, processId],
    )
  }

  async function leave(userIds: readonly string[]): Promise<void> {
    await db.pool.query('DELETE FROM user_connections WHERE process_id = $2 AND user_id = ANY($1::uuid[])', [
      userIds,
      processId,
    ])
    await settle(userIds)
  }

  /** Brings what is shown in step with the connections there are. Only who changed is announced, in the same transaction. */
  async function settle(userIds: readonly string[]): Promise<void> {
    if (userIds.length === 0) return
    const told = await inTransaction(db, async (client) => {
      const { rows } = await client.query<{ user_id: string }>(
        `INSERT INTO user_status AS s (user_id, is_online, last_seen_at)
         SELECT u.id, EXISTS (SELECT FROM user_connections c WHERE c.user_id = u.id AND c.seen_at > now() - make_interval(secs => $2)), now()
           FROM users u WHERE u.id = ANY($1::uuid[]) ORDER BY u.id
         ON CONFLICT (user_id) DO UPDATE SET is_online = EXCLUDED.is_online, last_seen_at = now()
           WHERE s.is_online <> EXCLUDED.is_online RETURNING user_id`,
        [userIds, lostSeconds],
      )
      const tenants: string[] = []
      for (const { user_id } of rows) tenants.push(...(await announce(client, user_id)))
      return tenants
    })
    for (const tenant of told) changed(tenant)
  }

  async function announce(client: Pick<Client, 'query'>, userId: string): Promise<string[]> {
    const { rows } = await client.query<{ tenant: string }>('SELECT parley.announce_person($1, $2) AS tenant', [
      userId,
      'member.presence',
    ])
    return rows.map(({ tenant }) => tenant)
  }

  async function beat(): Promise<void> {
    const here = [...open.keys()]
    if (here.length > 0) {
      await arrive(here)
      // Who is held here and not shown so: their arrival could not be written, crossed with a departure, or this process was
      // away so long that others gave its people up.
      const { rows: unseen } = await db.pool.query<{ id: string }>(
        `SELECT u.id FROM users u LEFT JOIN user_status s ON s.user_id = u.id WHERE u.id = ANY($1::uuid[]) AND s.is_online IS NOT TRUE`,
        [here],
      )
      await settle(unseen.map(({ id }) => id))
      await db.pool.query('UPDATE user_status SET last_seen_at = now() WHERE user_id = ANY($1::uuid[])', [here])
    }
    await db.pool.query('DELETE FROM user_connections WHERE seen_at < now() - make_interval(secs => $1)', [lostSeconds])
    const { rows } = await db.pool.query<{ user_id: string }>(
      'SELECT user_id FROM user_status s WHERE is_active AND is_online AND NOT EXISTS (SELECT FROM user_connections c WHERE c.user_id = s.user_id) LIMIT 1000',
    )
    await settle(rows.map((row) => row.user_id))
  }

  return {
    connected(userId) {
      const streams = open.get(userId) ?? 0
      open.set(userId, streams + 1)
      clearTimeout(leaving.get(userId))
      if (!leaving.delete(userId) && streams === 0) void safely(arrive([userId]).then(() => settle([userId])))
      let closed = false
      return () => {
        if (closed) return
        closed = true
        const left = (open.get(userId) ?? 1) - 1
        if (left > 0) return void open.set(userId, left)
        open.delete(userId)
        const wait = setTimeout(() => {
          leaving.delete(userId)
          void safely(leave([userId]))
        }, graceMs)
        leaving.set(userId, wait.unref())
      }
    },
    async setStatus(userId, status) {
      const { row, told } = await inTransaction(db, async (client) => {
        const { rows } = await client.query<{ is_online: boolean; last_seen_at: Date }>(
          `INSERT INTO user_status (user_id, status, last_seen_at) VALUES ($1, $2, now())
           ON CONFLICT (user_id) DO UPDATE SET status = EXCLUDED.status, last_seen_at = now() RETURNING is_online, last_seen_at`,
          [userId, status],
        )
        return { row: rows[0], told: await announce(client, userId) }
      })
      for (const tenant of told) changed(tenant)
      return { status, isOnline: row?.is_online ?? false, lastSeenAt: row?.last_seen_at.toISOString() ?? null }
    },
    async stop() {
      clearInterval(timer)
      for (const wait of leaving.values()) clearTimeout(wait)
      await safely(leave([...open.keys(), ...leaving.keys()]))
    },
  }
}
