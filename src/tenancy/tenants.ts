/** Businesses and who works there, as far as setting one up needs. */
import { newId } from '../kernel/ids.ts'
import type { Tx } from '../platform/db/tx.ts'
import { hashPassword } from './passwords.ts'
import type { Role } from './schema.ts'
import type { MemberView } from './team-schema.ts'

/** The transaction's tenant is the new one's id: a tenant can only ever write its own row. */
export async function createTenant(
  tx: Tx,
  given: { publicId: string; name: string; settings?: Record<string, unknown> },
): Promise<void> {
  await tx.query('INSERT INTO tenants (id, tenant_id, name, settings) VALUES ($1, $2, $3, $4)', [
    tx.tenantId,
    given.publicId,
    given.name,
    JSON.stringify(given.settings ?? {}),
  ])
}

export async function addMember(
  tx: Tx,
  given: { email: string; password: string; firstName: string; lastName: string; role: Role },
): Promise<string> {
  const id = newId()
  const { rows } = await tx.query<{ id: string }>(
    `INSERT INTO users (id, email, password_hash) VALUES ($1, $2, $3) ON CONFLICT (lower(email)) DO UPDATE SET email = users.email RETURNING id`,
    [id, given.email, await hashPassword(given.password)],
  )
  const userId = rows[0]?.id ?? id
  await tx.query(
    'INSERT INTO user_profiles (tenant_id, user_id, role, first_name, last_name, email) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, user_id) DO NOTHING',
    [tx.tenantId, userId, given.role, given.firstName, given.lastName, given.email],
  )
  return userId
}

export async function listMembers(tx: Tx): Promise<MemberView[]> {
  const { rows } = await tx.query<{
    user_id: string
    first_name: string | null
    last_name: string | null
    email: string | null
    role: Role
    created_at: Date
  }>(
    'SELECT user_id, first_name, last_name, email, role, created_at FROM user_profiles WHERE tenant_id = $1 ORDER BY first_name, last_name, user_id LIMIT 500',
    [tx.tenantId],
  )
  return rows.map((row) => ({
    id: row.user_id,
    name: [row.first_name, row.last_name].filter(Boolean).join(' ') || row.email || 'Nobody',
    email: row.email,
    role: row.role,
    presence: { status: 'available', isOnline: false, lastSeenAt: null },
    joinedAt: row.created_at.toISOString(),
  }))
}
