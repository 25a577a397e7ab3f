/** Machine access to one tenant. A key is shown once; only its hash is stored. */
import { randomBytes } from 'node:crypto'
import { notFound, ParleyError } from '../kernel/errors.ts'
import type { Database, Tx } from '../platform/db/tx.ts'
import { audit, type By, bySystem } from './audit.ts'
import { type Action, type Actor, can } from './can.ts'
import { requireReach } from './rules.ts'
import type { Role } from './schema.ts'
import { tokenHash } from './tokens.ts'

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

/** Nobody makes a key that may more than they. The expiry must lie ahead. */
export async function createApiKey(
  tx: Tx,
  given: { name: string; role: Role; scopes?: readonly Action[]; expiresAt?: string },
  who: { actor: Pick<Actor, 'role' | 'scopes'>; by: By } = { actor: { role: 'owner' }, by: bySystem },
): Promise<{ row: ApiKeyRow; key: string }> {
  requireReach(who.actor, given.role)
  const scopes = given.scopes ?? who.actor.scopes ?? null
  const beyond = scopes?.find((scope) => !can(who.actor, scope))
  if (beyond) throw new ParleyError('forbidden', `You may not do ${beyond} yourself, so no key of yours may.`)
  if (given.expiresAt && Date.parse(given.expiresAt) <= Date.now())
    throw new ParleyError('invalid_request', 'expiresAt must be in the future.')
  const key = `${prefix}${randomBytes(24).toString('base64url')}`
  const { rows } = await tx.query<ApiKeyRow>(
    `INSERT INTO tenant_api_keys (tenant_id, name, role, key_hash, key_hint, expires_at, scopes, created_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING ${columns}`,
    [
      ...[tx.tenantId, given.name, given.role, tokenHash(key), key.slice(-4)],
      ...[given.expiresAt ?? null, scopes, who.by.label],
    ],
  )
  const row = rows[0] as ApiKeyRow
  await audit(tx, who.by, {
    action: 'api_key.created',
    subject: { type: 'api_key', id: row.id },
    changes: { name: row.name, role: row.role, scopes, expiresAt: given.expiresAt ?? null },
  })
  return { row, key }
}

export async function listApiKeys(tx: Tx): Promise<ApiKeyRow[]> {
  const { rows } = await tx.query<ApiKeyRow>(
    `SELECT ${columns} FROM tenant_api_keys WHERE tenant_id = $1 ORDER BY created_at DESC LIMIT 200`,
    [tx.tenantId],
  )
  return rows
}

export async function revokeApiKey(tx: Tx, id: string, by: By = bySystem): Promise<void> {
  const { rows } = await tx.query<{ name: string; revoked_at: Date | null }>(
    'SELECT name, revoked_at FROM tenant_api_keys WHERE tenant_id = $1 AND id = $2 FOR UPDATE',
    [tx.tenantId, id],
  )
  if (!rows[0]) throw notFound('The key')
  if (rows[0].revoked_at) return
  await tx.query('UPDATE tenant_api_keys SET revoked_at = now() WHERE tenant_id = $1 AND id = $2', [tx.tenantId, id])
  await audit(tx, by, { action: 'api_key.revoked', subject: { type: 'api_key', id }, changes: { name: rows[0].name } })
}
