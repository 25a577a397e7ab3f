/** Businesses and who works there, as far as setting one up needs. */
import { newId } from '../kernel/ids.ts'
import type { Tx } from '../platform/db/tx.ts'
import { bySystem } from './audit.ts'
import { hashPassword } from './passwords.ts'
import type { Role } from './schema.ts'

/** The transaction's tenant is the new one's id: a tenant can only ever write its own row. */
export async function createTenant(
  tx: Tx,
  given: { publicId: string; name: string; email?: string; settings?: Record<string, unknown> },
): Promise<void> {
  await tx.query('INSERT INTO tenants (id, tenant_id, name, email, settings) VALUES ($1, $2, $3, $4, $5)', [
    tx.tenantId,
    given.publicId,
    given.name,
    given.email ?? null,
    JSON.stringify(given.settings ?? {}),
  ])
  await makeBusinessSettings(tx)
}

/** A business from before it had any gets them when somebody first asks. Their zone is the one of its settings. */
export async function makeBusinessSettings(tx: Tx): Promise<void> {
  await tx.query(
    `INSERT INTO business_settings (tenant_id, timezone) SELECT id, coalesce(settings ->> 'timezone', 'UTC') FROM tenants WHERE id = $1
     ON CONFLICT (tenant_id) DO NOTHING`,
    [tx.tenantId],
  )
}

/** How many telephone numbers the business may have at once. */
export async function numberLimit(tx: Tx): Promise<number> {
  const { rows } = await tx.query<{ phone_number_limit: number }>(
    'SELECT phone_number_limit FROM business_settings WHERE tenant_id = $1',
    [tx.tenantId],
  )
  return rows[0]?.phone_number_limit ?? 1
}

/** Numbers beyond it stay; no further one is bought. */
export async function setNumberLimit(tx: Tx, limit: number): Promise<void> {
  await makeBusinessSettings(tx)
  await tx.query('UPDATE business_settings SET phone_number_limit = $2 WHERE tenant_id = $1', [tx.tenantId, limit])
}

/** Null where somebody signs in with this address already. */
export async function addPerson(tx: Tx, given: { email: string; passwordHash: string }): Promise<string | null> {
  const { rows } = await tx.query<{ id: string }>(
    'INSERT INTO users (id, email, password_hash) VALUES ($1, $2, $3) ON CONFLICT (lower(email)) DO NOTHING RETURNING id',
    [newId(), given.email, given.passwordHash],
  )
  return rows[0]?.id ?? null
}

/** Makes a person a colleague; somebody who already is one stays what they are. */
export async function joinTenant(
  tx: Tx,
  given: { userId: string; role: Role; email: string; firstName: string; lastName: string },
): Promise<void> {
  await tx.query(
    `INSERT INTO user_profiles (tenant_id, user_id, role, first_name, last_name, email) VALUES ($1, $2, $3, nullif($4, ''), nullif($5, ''), $6)
     ON CONFLICT (tenant_id, user_id) DO NOTHING`,
    [tx.tenantId, given.userId, given.role, given.firstName, given.lastName, given.email],
  )
  await endHandedLinks(tx, given.userId)
  await tx.query('INSERT INTO user_preferences (user_id) VALUES ($1) ON CONFLICT (user_id) DO NOTHING', [given.userId])
  await tx.query('INSERT INTO user_status (user_id) VALUES ($1) ON CONFLICT (user_id) DO NOTHING', [given.userId])
}

/**
 * Links that colleagues handed over to a person end where the person comes or goes: they were made for somebody of one
 * business, and whoever still has one must not become that person in the next. What the person asked for by mail stays.
 */
export async function endHandedLinks(tx: Tx, userId: string): Promise<void> {
  await tx.query('UPDATE password_resets SET used_at = now() WHERE user_id = $1 AND created_by <> $2 AND used_at IS NULL', [
    userId,
    bySystem.label,
  ])
}

/** Links that somebody handed over end with what let them: whoever still has one must not become a colleague by it. */
export async function endLinksGivenBy(tx: Tx, labels: readonly string[]): Promise<void> {
  await tx.query('UPDATE password_resets SET used_at = now() WHERE created_by = ANY($1::text[]) AND used_at IS NULL', [labels])
}

/** A colleague with a password given for them: the command line, the demo. A known person keeps their own. */
export async function addMember(
  tx: Tx,
  given: { email: string; password: string; firstName: string; lastName: string; role: Role },
): Promise<string> {
  const { rows } = await tx.query<{ id: string }>('SELECT id FROM users WHERE lower(email) = lower($1)', [given.email])
  const userId = rows[0]?.id ?? (await addPerson(tx, { email: given.email, passwordHash: await hashPassword(given.password) }))
  if (!userId) throw new Error(`${given.email} was added by somebody else just now. Try again.`)
  await joinTenant(tx, { ...given, userId })
  return userId
}
