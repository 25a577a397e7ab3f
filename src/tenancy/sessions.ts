/** Sign-in. Only a hash of a session's token is stored. */
import { createHash, randomBytes } from 'node:crypto'
import { ParleyError } from '../kernel/errors.ts'
import type { Database } from '../platform/db/tx.ts'
import type { Actor } from './can.ts'
import { passwordMatches } from './passwords.ts'
import type { Role, SessionView } from './schema.ts'

/** Days after which one has to sign in again. */
const lifeDays = 14
export const tokenHash = (token: string): string => createHash('sha256').update(token).digest('hex')

export interface SignedIn {
  token: string
  expiresAt: Date
}

/** The answer is the same, and takes as long, for a wrong password and for an unknown address. */
export async function signIn(db: Database, given: { email: string; password: string }): Promise<SignedIn> {
  const { rows } = await db.pool.query<{ id: string; password_hash: string }>(
    'SELECT id, password_hash FROM users WHERE lower(email) = lower($1)',
    [given.email],
  )
  const user = rows[0]
  if (!(await passwordMatches(user?.password_hash, given.password)) || !user) {
    throw new ParleyError('wrong_credentials', 'The e-mail address or the password is wrong.')
  }
  const memberships = await db.pool.query<{ tenant_id: string }>('SELECT tenant_id FROM parley.find_memberships($1)', [user.id])
  if (!memberships.rows[0])
    throw new ParleyError('forbidden', 'This person belongs to no business any more. Ask an owner for an invitation.')
  const token = randomBytes(32).toString('base64url')
  const expiresAt = new Date(Date.now() + lifeDays * 86_400_000)
  await db.pool.query('INSERT INTO user_sessions (user_id, tenant_id, session_token, expires_at) VALUES ($1, $2, $3, $4)', [
    user.id,
    memberships.rows[0].tenant_id,
    tokenHash(token),
    expiresAt,
  ])
  await db.pool.query('DELETE FROM user_sessions WHERE expires_at < now()')
  return { token, expiresAt }
}

export async function signOut(db: Database, token: string): Promise<void> {
  await db.pool.query('DELETE FROM user_sessions WHERE session_token = $1', [tokenHash(token)])
}

export async function findSession(db: Database, token: string): Promise<{ actor: Actor; view: SessionView } | null> {
  const { rows } = await db.pool.query<{
    user_id: string
    email: string
    tenant_id: string
    role: Role
    first_name: string | null
    last_name: string | null
    tenant_name: string
    settings: { timezone?: string; language?: string }
    expires_at: Date
  }>({ name: 'find_session', text: 'SELECT * FROM parley.find_session($1)', values: [tokenHash(token)] })
  const row = rows[0]
  if (!row) return null
  const name = [row.first_name, row.last_name].filter(Boolean).join(' ') || row.email
  return {
    actor: { tenantId: row.tenant_id, role: row.role, userId: row.user_id, name, label: `user:${row.user_id}` },
    view: {
      user: { id: row.user_id, email: row.email, name },
      tenant: {
        id: row.tenant_id,
        name: row.tenant_name,
        timezone: row.settings.timezone ?? 'UTC',
        language: row.settings.language ?? 'en',
      },
      role: row.role,
      expiresAt: row.expires_at.toISOString(),
    },
  }
}
