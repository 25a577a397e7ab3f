/** Browsers in which a person is told something, and who this server is to their push services (RFC 8030, 8291, 8292). */
import { createECDH, createHash } from 'node:crypto'
import type { Client } from '../platform/db/pool.ts'
import type { Database } from '../platform/db/tx.ts'
import type { Secrets } from '../platform/secrets.ts'

/** As a browser gives it. */
export interface PushSubscription {
  endpoint: string
  keys: { p256dh: string; auth: string }
}
export interface PushKeys {
  publicKey: string
  privateKey: string
}
type Query = Pick<Client, 'query'>

/** The oldest go: a person has few browsers, and whoever makes many makes them for nothing. */
const browsersOfOne = 20
export const pushKeysBelongTo = 'push_keys/private_key'
export const subscriptionBelongsTo = (userId: string, hash: string): string => `push_subscriptions/${userId}/${hash}`
const hashOf = (endpoint: string): string => createHash('sha256').update(endpoint).digest('hex')

/** Made at the first need; of two that make them at once, the first wins. */
export async function pushKeys(db: Database, secrets: Secrets): Promise<PushKeys> {
  const read = async () => (await db.pool.query<{ public_key: string; private_key: string }>('SELECT * FROM push_keys')).rows[0]
  let row = await read()
  if (!row) {
    const made = createECDH('prime256v1')
    const publicKey = made.generateKeys('base64url', 'uncompressed')
    await db.pool.query('INSERT INTO push_keys (public_key, private_key) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      publicKey,
      secrets.seal(made.getPrivateKey('base64url'), pushKeysBelongTo),
    ])
    row = await read()
  }
  if (!row) throw new Error('The keys for browsers could not be kept.')
  return { publicKey: row.public_key, privateKey: secrets.open(row.private_key, pushKeysBelongTo) }
}

/** A browser is its newest owner's: whoever signs in there after another is told, and the other is not. */
export async function subscribe(
  q: Query,
  secrets: Secrets,
  given: { userId: string; subscription: PushSubscription; device?: string },
): Promise<void> {
  const { userId, subscription, device } = given
  const hash = hashOf(subscription.endpoint)
  await q.query(
    `INSERT INTO push_subscriptions (user_id, endpoint_hash, subscription, device) VALUES ($1, $2, $3, $4)
     ON CONFLICT (endpoint_hash) DO UPDATE SET user_id = excluded.user_id, subscription = excluded.subscription, device = excluded.device, created_at = now()`,
    [
      userId,
      hash,
      secrets.seal(JSON.stringify(subscription), subscriptionBelongsTo(userId, hash)),
      device?.slice(0, 300) ?? null,
    ],
  )
  await q.query(
    `DELETE FROM push_subscriptions WHERE user_id = $1 AND id IN (
       SELECT id FROM push_subscriptions WHERE user_id = $1 ORDER BY created_at DESC, id DESC OFFSET ${browsersOfOne})`,
    [userId],
  )
}

/** Also where it is somebody else's by now: then nothing happens. */
export async function unsubscribe(q: Query, given: { userId: string; endpoint: string }): Promise<void> {
  await q.query('DELETE FROM push_subscriptions WHERE user_id = $1 AND endpoint_hash = $2', [
    ...[given.userId, hashOf(given.endpoint)],
  ])
}

export interface Browser {
  id: string
  subscription: PushSubscription
}

/** Those that can be opened: one sealed under a lost key tells nobody anything. */
export async function browsersOf(db: Database, secrets: Secrets, userId: string): Promise<Browser[]> {
  const { rows } = await db.pool.query<{ id: string; endpoint_hash: string; subscription: string }>(
    'SELECT id, endpoint_hash, subscription FROM push_subscriptions WHERE user_id = $1 ORDER BY created_at, id',
    [userId],
  )
  return rows.flatMap((row) => {
    try {
      const opened = secrets.open(row.subscription, subscriptionBelongsTo(userId, row.endpoint_hash))
      return [{ id: row.id, subscription: JSON.parse(opened) as PushSubscription }]
    } catch {
      return []
    }
  })
}

/** The push service says that this browser is gone. */
export async function forgetBrowser(db: Database, id: string): Promise<void> {
  await db.pool.query('DELETE FROM push_subscriptions WHERE id = $1', [id])
}
