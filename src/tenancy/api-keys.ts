/** Machine access to one tenant. A key is shown once; only its hash is stored. */
import { randomBytes } from 'node:crypto'
import { notFound, ParleyError } from '../kernel/errors.ts'
import type { Database, Tx } from '../platform/db/tx.ts'
import { audit, type By, bySystem } from './audit.ts'
import { type Action, type Actor, actions, can, reaches } from './can.ts'
import { requireReach } from './rules.ts'
import type { Role } from './schema.ts'
import { endLinksGivenBy } from './tenants.ts'
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
  /** What it may be at present; null: the person it was made for has left. */
  effective_role: Role | null
  scopes: Action[] | null
  created_by: string | null
  created_at: Date
  expires_at: Date | null
  last_used_at: Date | null
  revoked_at: Date | null
}

const columns =
  'k.id, k.name, k.key_hint, k.role, k.scopes, k.created_by, k.created_at, k.expires_at, k.last_used_at, k.revoked_at'

/** Nobody makes a key that may more than they, or that outlives them. The expiry must lie ahead. */
export async function createApiKey(
  tx: Tx,
  given: { name: string; role: Role; scopes?: readonly Action[]; expiresAt?: string },
  who: { actor: Pick<Actor, 'role' | 'scopes'>; by: By } = { actor: { role: 'owner' }, by: bySystem },
): Promise<{ row: ApiKeyRow; key: string }> {
  requireReach(who.actor, given.role)
  const scopes = given.scopes ?? who.actor.scopes ?? null
  const beyond = scopes?.find((scope) => !can(who.actor, scope))
  if (beyond) throw new ParleyError('forbidden', `You may not do ${beyond} yourself, so no key of yours may.`)
  const origin = await originOf(tx, who.by)
  const expiresAt = requireExpiry(given.expiresAt, origin.expiresAt)
  const key = `${prefix}${randomBytes(24).toString('base64url')}`
  const { rows } = await tx.query<ApiKeyRow>(
    `INSERT INTO tenant_api_keys AS k (tenant_id, name, role, key_hash, key_hint, expires_at, scopes, created_by, made_for, made_with)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING ${columns}, k.role AS effective_role`,
    [
      ...[tx.tenantId, given.name, given.role, tokenHash(key), key.slice(-4)],
      ...[expiresAt, scopes, who.by.label, origin.madeFor, origin.madeWith],
    ],
  )
  const row = rows[0] as ApiKeyRow
  await audit(tx, who.by, {
    action: 'api_key.created',
    subject: { type: 'api_key', id: row.id },
    changes: { name: row.name, role: row.role, scopes, expiresAt: expiresAt?.toISOString() ?? null },
  })
  return { row, key }
}

/** When a new key ends, given when the one it is made with does. */
export function requireExpiry(given: string | undefined, makers: Date | null, now = Date.now()): Date | null {
  if (given === undefined) return makers
  if (Date.parse(given) <= now) throw new ParleyError('invalid_request', 'expiresAt must be in the future.')
  if (makers && Date.parse(given) > makers.getTime())
    throw new ParleyError('forbidden', `A key made with this one ends with it at the latest: ${makers.toISOString()}.`)
  return new Date(given)
}

interface Origin {
  /** Whose key it is in the end: whoever runs the server makes keys that are nobody's. */
  madeFor: string | null
  madeWith: string | null
  expiresAt: Date | null
}

/** Who makes a key is held until it is made: whoever revokes or removes them meanwhile waits, and finds it. */
async function originOf(tx: Tx, by: By): Promise<Origin> {
  const [kind, id] = by.label.split(':') as [string, string?]
  const gone = () => new ParleyError('not_signed_in', 'Who makes this key may no longer do so.')
  if (kind === 'user') {
    const { rowCount } = await tx.query('SELECT FROM user_profiles WHERE tenant_id = $1 AND user_id = $2 FOR KEY SHARE', [
      tx.tenantId,
      id,
    ])
    if (!rowCount) throw gone()
    return { madeFor: id ?? null, madeWith: null, expiresAt: null }
  }
  if (kind !== 'key') return { madeFor: null, madeWith: null, expiresAt: null }
  const { rows } = await tx.query<{ made_for: string | null; expires_at: Date | null }>(
    `SELECT made_for, expires_at FROM tenant_api_keys
      WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) FOR SHARE`,
    [tx.tenantId, id],
  )
  if (!rows[0]) throw gone()
  return { madeFor: rows[0].made_for, madeWith: id ?? null, expiresAt: rows[0].expires_at }
}

export async function listApiKeys(tx: Tx): Promise<ApiKeyRow[]> {
  const { rows } = await tx.query<ApiKeyRow & { made_for: string | null; makers_role: Role | null }>(
    `SELECT ${columns}, k.made_for, m.role AS makers_role FROM tenant_api_keys k
       LEFT JOIN user_profiles m ON m.tenant_id = k.tenant_id AND m.user_id = k.made_for
      WHERE k.tenant_id = $1 ORDER BY k.created_at DESC LIMIT 200`,
    [tx.tenantId],
  )
  return rows.map(({ made_for, makers_role, ...row }) => ({
    ...row,
    effective_role: made_for === null ? row.role : makers_role && lesser(row.role, makers_role),
  }))
}

const lesser = (one: Role, other: Role): Role => (reaches(one, other) ? other : one)

/** With all that were made with it. Nobody takes away a key that may more than they: `actor` is who asks. */
export async function revokeApiKey(
  tx: Tx,
  id: string,
  by: By = bySystem,
  actor?: Pick<Actor, 'role' | 'scopes'>,
): Promise<void> {
  const { rows } = await tx.query<{ role: Role; scopes: Action[] | null }>(
    'SELECT role, scopes FROM tenant_api_keys WHERE tenant_id = $1 AND id = $2 FOR UPDATE',
    [tx.tenantId, id],
  )
  const key = rows[0]
  if (!key) throw notFound('The key')
  const standing = { role: key.role, ...(key.scopes ? { scopes: key.scopes } : {}) }
  const beyond = actor && actions.find((action) => can(standing, action) && !can(actor, action))
  if (beyond) throw new ParleyError('forbidden', `This key may do ${beyond}, which you may not: it is not yours to revoke.`)
  const tree = `WITH RECURSIVE tree AS (SELECT $2::uuid AS id UNION SELECT k.id FROM tenant_api_keys k JOIN tree ON k.made_with = tree.id
     WHERE k.tenant_id = $1) UPDATE tenant_api_keys k SET revoked_at = now() FROM tree WHERE k.tenant_id = $1 AND k.id = tree.id
       AND k.revoked_at IS NULL RETURNING k.id, k.name`
  // Again until there is none: one of them may just have been making another.
  for (;;) {
    const { rows: ended } = await tx.query<Ended>(tree, [tx.tenantId, id])
    if (ended.length === 0) return
    await tellEnded(tx, by, ended, (one) => (one.id === id ? {} : { madeWith: id }))
  }
}

interface Ended {
  id: string
  name: string
}

/** Keys end with the person they were made for. After the person's row is gone, so that none is made meanwhile. */
export async function revokeKeysOf(tx: Tx, by: By, userId: string): Promise<void> {
  // Again until there is none: one of them may just have been making another.
  for (;;) {
    const { rows } = await tx.query<Ended>(
      'UPDATE tenant_api_keys SET revoked_at = now() WHERE tenant_id = $1 AND made_for = $2 AND revoked_at IS NULL RETURNING id, name',
      [tx.tenantId, userId],
    )
    if (rows.length === 0) return
    await tellEnded(tx, by, rows, () => ({ madeFor: userId }))
  }
}

/** Invitations and links that a key gave end with it: whoever holds them has them from the key. */
async function tellEnded(tx: Tx, by: By, ended: Ended[], why: (one: Ended) => Record<string, unknown>): Promise<void> {
  for (const one of ended)
    await audit(tx, by, {
      action: 'api_key.revoked',
      subject: { type: 'api_key', id: one.id },
      changes: { name: one.name, ...why(one) },
    })
  const labels = ended.map(({ id }) => `key:${id}`)
  await tx.query(
    `UPDATE invitations SET revoked_at = now()
      WHERE tenant_id = $1 AND invited_by = ANY($2::text[]) AND accepted_at IS NULL AND revoked_at IS NULL`,
    [tx.tenantId, labels],
  )
  await endLinksGivenBy(tx, labels)
}

/** A person's keys may no more than the person. Written down for each that a change of role concerns. */
export async function noteLimits(tx: Tx, by: By, userId: string, before: Role, after: Role): Promise<void> {
  const { rows } = await tx.query<Ended & { role: Role }>(
    `SELECT id, name, role FROM tenant_api_keys WHERE tenant_id = $1 AND made_for = $2 AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > now()) ORDER BY id`,
    [tx.tenantId, userId],
  )
  for (const { id, name, role } of rows) {
    const [from, to] = [lesser(role, before), lesser(role, after)]
    if (from !== to)
      await audit(tx, by, {
        action: 'api_key.limited',
        subject: { type: 'api_key', id },
        changes: { name, role: { from, to } },
      })
  }
}
