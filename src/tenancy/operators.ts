/** Who runs the server: people marked as operators, and platform keys. A key is shown once; only its hash is stored. */
import { randomBytes } from 'node:crypto'
import { notFound, ParleyError } from '../kernel/errors.ts'
import type { Client } from '../platform/db/pool.ts'
import { type Database, inTransaction } from '../platform/db/tx.ts'
import { type AuditEntry, auditPlatform, type By } from './audit.ts'
import { type Operator, type PlatformAction, platformActions } from './can.ts'
import { tokenHash } from './sessions.ts'

/** A transaction, or the pool itself. */
type On = { pool: Pick<Client, 'query'> }

/** A change of who runs the server, with its line in the log: both or neither. */
export const changePlatform = <T>(db: Database, by: By, work: (on: On) => Promise<[T, AuditEntry]>): Promise<T> =>
  inTransaction(db, async (client) => {
    const [result, entry] = await work({ pool: client })
    await auditPlatform({ pool: client }, by, entry)
    return result
  })

const prefix = 'parleyop_'
export const looksLikePlatformKey = (text: string): boolean => text.startsWith(prefix)

export async function createPlatformKey(
  db: On,
  given: { name: string; createdBy: string; scopes?: readonly PlatformAction[]; expiresAt?: string },
): Promise<{ id: string; key: string }> {
  const key = `${prefix}${randomBytes(24).toString('base64url')}`
  const { rows } = await db.pool.query<{ id: string }>(
    'INSERT INTO platform_api_keys (name, key_hash, key_hint, scopes, created_by, expires_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id',
    [given.name, tokenHash(key), key.slice(-4), given.scopes ?? null, given.createdBy, given.expiresAt ?? null],
  )
  return { id: rows[0]?.id as string, key }
}

export async function findPlatformKey(db: Database, key: string): Promise<Operator | null> {
  const hash = tokenHash(key)
  const { rows } = await db.pool.query<{ id: string; name: string; scopes: PlatformAction[] | null }>(
    'SELECT id, name, scopes FROM platform_api_keys WHERE key_hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())',
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

/** `own`: what who revokes may do at most. Nobody takes away a key that may more than they. */
export async function revokePlatformKey(db: On, id: string, own?: readonly PlatformAction[]): Promise<void> {
  const { rows } = await db.pool.query<{ scopes: PlatformAction[] | null }>(
    'SELECT scopes FROM platform_api_keys WHERE id = $1',
    [id],
  )
  if (!rows[0]) throw notFound('The key')
  if (own && !(rows[0].scopes ?? platformActions).every((scope) => own.includes(scope)))
    throw new ParleyError('forbidden', 'This key may more than yours: one that may as much, or an operator, revokes it.')
  await db.pool.query('UPDATE platform_api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1', [id])
}

export async function listOperators(
  db: Database,
): Promise<{ user_id: string; email: string; granted_by: string; created_at: Date }[]> {
  const { rows } = await db.pool.query(
    'SELECT o.user_id, u.email, o.granted_by, o.created_at FROM platform_operators o JOIN users u ON u.id = o.user_id ORDER BY o.created_at LIMIT 200',
  )
  return rows
}

/** The last one stays: without operators nobody could make another but on the command line. */
export async function removeOperator(tx: Pick<Client, 'query'>, userId: string): Promise<void> {
  await tx.query('LOCK TABLE platform_operators IN SHARE ROW EXCLUSIVE MODE')
  const { rows } = await tx.query<{ user_id: string }>('SELECT user_id FROM platform_operators')
  if (!rows.some((row) => row.user_id === userId)) throw notFound('The operator')
  if (rows.length === 1) throw new ParleyError('conflict', 'This is the last operator. Make another one first.')
  await tx.query('DELETE FROM platform_operators WHERE user_id = $1', [userId])
}
