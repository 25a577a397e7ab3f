/** Who runs the server: people marked as operators, and platform keys. A key is shown once; only its hash is stored. */
import { randomBytes } from 'node:crypto'
import { notFound, ParleyError } from '../kernel/errors.ts'
import type { Client } from '../platform/db/pool.ts'
import { type Database, inTransaction } from '../platform/db/tx.ts'
import { requireExpiry } from './api-keys.ts'
import { type AuditEntry, auditPlatform, type By } from './audit.ts'
import { type Operator, type PlatformAction, platformActions } from './can.ts'
import { tokenHash } from './sessions.ts'

/** A transaction, or the pool itself. */
type On = { pool: Pick<Client, 'query'> }

/** A change of who runs the server, with its lines in the log: all or none. */
export const changePlatform = <T>(db: Database, by: By, work: (on: On) => Promise<[T, ...AuditEntry[]]>): Promise<T> =>
  inTransaction(db, async (client) => {
    const [result, ...entries] = await work({ pool: client })
    for (const entry of entries) await auditPlatform({ pool: client }, by, entry)
    return result
  })

const prefix = 'parleyop_'
export const looksLikePlatformKey = (text: string): boolean => text.startsWith(prefix)

/** Lives no longer than who makes it. Run it in the transaction that made sure of them. */
export async function createPlatformKey(
  db: On,
  given: { name: string; createdBy: string; scopes?: readonly PlatformAction[]; expiresAt?: string },
): Promise<{ id: string; key: string }> {
  const origin = await originOf(db, given.createdBy)
  const expiresAt = requireExpiry(given.expiresAt, origin.expiresAt)
  const key = `${prefix}${randomBytes(24).toString('base64url')}`
  const { rows } = await db.pool.query<{ id: string }>(
    `INSERT INTO platform_api_keys (name, key_hash, key_hint, scopes, created_by, expires_at, made_for, made_with)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id`,
    [
      ...[given.name, tokenHash(key), key.slice(-4), given.scopes ?? null, given.createdBy, expiresAt],
      ...[origin.madeFor, origin.madeWith],
    ],
  )
  return { id: rows[0]?.id as string, key }
}

/** Who makes a key is held until it is made. One from the command line is nobody's. */
async function originOf(
  db: On,
  label: string,
): Promise<{ madeFor: string | null; madeWith: string | null; expiresAt: Date | null }> {
  const [kind, id = null] = label.split(':') as [string, string?]
  const gone = () => new ParleyError('not_signed_in', 'Who makes this key may no longer do so.')
  if (kind === 'operator') {
    const { rowCount } = await db.pool.query('SELECT FROM platform_operators WHERE user_id = $1 FOR KEY SHARE', [id])
    if (!rowCount) throw gone()
    return { madeFor: id, madeWith: null, expiresAt: null }
  }
  if (kind !== 'platform_key') return { madeFor: null, madeWith: null, expiresAt: null }
  const { rows } = await db.pool.query<{ made_for: string | null; expires_at: Date | null }>(
    `SELECT made_for, expires_at FROM platform_api_keys
      WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) FOR SHARE`,
    [id],
  )
  if (!rows[0]) throw gone()
  return { madeFor: rows[0].made_for, madeWith: id, expiresAt: rows[0].expires_at }
}

export async function findPlatformKey(db: Database, key: string): Promise<Operator | null> {
  const hash = tokenHash(key)
  const { rows } = await db.pool.query<{ id: string; name: string; scopes: PlatformAction[] | null }>(
    `SELECT k.id, k.name, k.scopes FROM platform_api_keys k LEFT JOIN platform_operators o ON o.user_id = k.made_for
      WHERE k.key_hash = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
        AND (k.made_for IS NULL OR o.user_id IS NOT NULL)`,
    [hash],
  )
  const row = rows[0]
  if (!row) return null
  // Last use to the minute: a busy key must not become a busy row.
  await db.pool.query(
    `UPDATE platform_api_keys SET last_used_at = now() WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`,
    [row.id],
  )
  return { name: row.name, label: `platform_key:${row.id}`, ...(row.scopes ? { scopes: row.scopes } : {}) }
}

/** Somebody who already signs in here becomes an operator. False where nobody has this address. */
export async function addOperator(db: On, email: string, grantedBy: string): Promise<boolean> {
  const { rowCount } = await db.pool.query(
    `INSERT INTO platform_operators (user_id, granted_by) SELECT id, $2 FROM users WHERE lower(email) = lower($1)
     ON CONFLICT (user_id) DO UPDATE SET granted_by = platform_operators.granted_by`,
    [email, grantedBy],
  )
  return rowCount === 1
}

export interface PlatformKeyRow {
  id: string
  name: string
  key_hint: string
  scopes: PlatformAction[] | null
  created_by: string
  created_at: Date
  expires_at: Date | null
  last_used_at: Date | null
  revoked_at: Date | null
}

export async function listPlatformKeys(db: On): Promise<PlatformKeyRow[]> {
  const { rows } = await db.pool.query<PlatformKeyRow>(
    `SELECT id, name, key_hint, scopes, created_by, created_at, expires_at, last_used_at, revoked_at
       FROM platform_api_keys ORDER BY created_at DESC, id DESC LIMIT 200`,
  )
  return rows
}

/**
 * With all that were made with it; answers which ended. `own`: what who revokes may do at most. Nobody takes away a key that may
 * more than they.
 */
export async function revokePlatformKey(db: On, id: string, own?: readonly PlatformAction[]): Promise<AuditEntry[]> {
  const { rows } = await db.pool.query<{ scopes: PlatformAction[] | null }>(
    'SELECT scopes FROM platform_api_keys WHERE id = $1 FOR UPDATE',
    [id],
  )
  if (!rows[0]) throw notFound('The key')
  if (own && !(rows[0].scopes ?? platformActions).every((scope) => own.includes(scope)))
    throw new ParleyError('forbidden', 'This key may more than yours: one that may as much, or an operator, revokes it.')
  const told: AuditEntry[] = []
  // Again until there is none: one of them may just have been making another.
  for (;;) {
    const { rows: ended } = await db.pool.query<Ended>(
      `WITH RECURSIVE tree AS (SELECT $1::uuid AS id UNION SELECT k.id FROM platform_api_keys k JOIN tree ON k.made_with = tree.id)
       UPDATE platform_api_keys k SET revoked_at = now() FROM tree WHERE k.id = tree.id AND k.revoked_at IS NULL RETURNING k.id, k.name`,
      [id],
    )
    if (ended.length === 0) return told
    told.push(...ended.map((one) => endedEntry(one, one.id === id ? {} : { madeWith: id })))
  }
}

interface Ended {
  id: string
  name: string
}
const endedEntry = ({ id, name }: Ended, why: Record<string, unknown>): AuditEntry => ({
  action: 'platform_key.revoked',
  subject: { type: 'platform_key', id },
  changes: { name, ...why },
})

export async function listOperators(
  db: Database,
): Promise<{ user_id: string; email: string; granted_by: string; created_at: Date }[]> {
  const { rows } = await db.pool.query(
    'SELECT o.user_id, u.email, o.granted_by, o.created_at FROM platform_operators o JOIN users u ON u.id = o.user_id ORDER BY o.created_at LIMIT 200',
  )
  return rows
}

/**
 * With the platform keys they made; answers which ended. The last one stays: without operators nobody could make another but on
 * the command line.
 */
export async function removeOperator(tx: Pick<Client, 'query'>, userId: string): Promise<AuditEntry[]> {
  await tx.query('LOCK TABLE platform_operators IN SHARE ROW EXCLUSIVE MODE')
  const { rows } = await tx.query<{ user_id: string }>('SELECT user_id FROM platform_operators')
  if (!rows.some((row) => row.user_id === userId)) throw notFound('The operator')
  if (rows.length === 1) throw new ParleyError('conflict', 'This is the last operator. Make another one first.')
  await tx.query('DELETE FROM platform_operators WHERE user_id = $1', [userId])
  const told: AuditEntry[] = []
  // Again until there is none: one of them may just have been making another.
  for (;;) {
    const { rows: ended } = await tx.query<Ended>(
      'UPDATE platform_api_keys SET revoked_at = now() WHERE made_for = $1 AND revoked_at IS NULL RETURNING id, name',
      [userId],
    )
    if (ended.length === 0) return told
    told.push(...ended.map((one) => endedEntry(one, { madeFor: userId })))
  }
}
