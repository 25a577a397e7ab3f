/** Machine access to one tenant. A key is shown once; only its hash is stored. */
import { randomBytes } from 'node:crypto'
import { notFound } from '../kernel/errors.ts'
import type { Database, Tx } from '../platform/db/tx.ts'
import type { Action, Actor } from './can.ts'
import type { Role } from './schema.ts'
import { tokenHash } from './sessions.ts'

const prefix = 'parley_'
export const looksLikeKey = (text: string): boolean => text.startsWith(prefix)

export async function findApiKey(db: Database, key: string): Promise<Actor | null> {
  const { rows } = await db.pool.query<{
    tenant_id: string
    id: string
    name: string
    role: Role
    scopes: Action[] | null
    tenant_status: string
  }>({ name: 'find_api_key', text: 'SELECT * FROM parley.find_api_key($1)', values: [tokenHash(key)] })
  const row = rows[0]
  if (!row) return null
  return {
    tenantId: row.tenant_id,
    role: row.role,
    ...(row.scopes ? { scopes: row.scopes } : {}),
    ...(row.tenant_status === 'active' ? {} : { suspended: true }),
    name: row.name,
    label: `key:${row.id}`,
  }
}

export interface ApiKeyRow {
  id: string
  name: string
  key_hint: string
  role: Role
  scopes: Action[] | null
  created_by: string | null
  created_at: Date
  expires_at: Date | null
  last_used_at: Date | null
  revoked_at: Date | null
}

const columns = 'id, name, key_hint, role, scopes, created_by, created_at, expires_at, last_used_at, revoked_at'

export async function createApiKey(
  tx: Tx,
  given: { name: string; role: Role; expiresAt?: string },
): Promise<{ row: ApiKeyRow; key: string }> {
  const key = `${prefix}${randomBytes(24).toString('base64url')}`
  const { rows } = await tx.query<ApiKeyRow>(
    `INSERT INTO tenant_api_keys (tenant_id, name, role, key_hash, key_hint, expires_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${columns}`,
    [tx.tenantId, given.name, given.role, tokenHash(key), key.slice(-4), given.expiresAt ?? null],
  )
  return { row: rows[0] as ApiKeyRow, key }
}

export async function listApiKeys(tx: Tx): Promise<ApiKeyRow[]> {
  const { rows } = await tx.query<ApiKeyRow>(
    `SELECT ${columns} FROM tenant_api_keys WHERE tenant_id = $1 ORDER BY created_at DESC LIMIT 200`,
    [tx.tenantId],
  )
  return rows
}

export async function revokeApiKey(tx: Tx, id: string): Promise<void> {
  const { rowCount } = await tx.query(
    'UPDATE tenant_api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE tenant_id = $1 AND id = $2',
    [tx.tenantId, id],
  )
  if (!rowCount) throw notFound('The key')
}
