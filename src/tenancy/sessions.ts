/** Sign-in. Only a hash of a session's token is stored. */
import { createHash, randomBytes } from 'node:crypto'
import { ParleyError } from '../kernel/errors.ts'
import type { Database } from '../platform/db/tx.ts'
import type { Actor, Operator } from './can.ts'
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
  const operates = await db.pool.query('SELECT FROM platform_operators WHERE user_id = $1', [user.id])
  if (!memberships.rows[0] && !operates.rowCount)
    throw new ParleyError('forbidden', 'This person belongs to no business any more. Ask an owner for an invitation.')
  const token = randomBytes(32).toString('base64url')
  const expiresAt = new Date(Date.now() + lifeDays * 86_400_000)
  await db.pool.query('INSERT INTO user_sessions (user_id, tenant_id, session_token, expires_at) VALUES ($1, $2, $3, $4)', [
    user.id,
    memberships.rows[0]?.tenant_id ?? null,
    tokenHash(token),
    expiresAt,
  ])
  await db.pool.query('DELETE FROM user_sessions WHERE expires_at < now()')
  return { token, expiresAt }
}

export async function signOut(db: Database, token: string): Promise<void> {
  await db.pool.query('DELETE FROM user_sessions WHERE session_token = $1', [tokenHash(token)])
}

export interface FoundSession {
  sessionId: string
  /** Null for an operator who looks at no business. */
  actor: Actor | null
  operator: Operator | null
  view: SessionCore
}
/** What every request needs to know of its session; the rest is read where it is shown. */
export type SessionCore = Omit<SessionView, 'memberships' | 'totp'>

export async function findSession(db: Database, token: string): Promise<FoundSession | null> {
  const { rows } = await db.pool.query<SessionRow>({
    name: 'find_session',
    text: 'SELECT * FROM parley.find_session($1)',
    values: [tokenHash(token)],
  })
  const row = rows[0]
  if (!row) return null
  const name = [row.first_name, row.last_name].filter(Boolean).join(' ') || row.email
  const tenant = row.tenant_id === null ? null : { ...row, tenant_id: row.tenant_id, role: row.role as Role }
  return {
    sessionId: row.session_id,
    actor: tenant && {
      tenantId: tenant.tenant_id,
      role: tenant.role,
      ...(row.tenant_status === 'active' ? {} : { suspended: true }),
      userId: row.user_id,
      name,
      label: `user:${row.user_id}`,
    },
    operator: row.is_operator ? { userId: row.user_id, name, label: `operator:${row.user_id}` } : null,
    view: {
      user: { id: row.user_id, email: row.email, name },
      tenant: tenant && {
        id: tenant.tenant_id,
        name: row.tenant_name ?? '',
        timezone: row.settings?.timezone ?? 'UTC',
        language: row.settings?.language ?? 'en',
        suspended: row.tenant_status !== 'active',
      },
      role: tenant?.role ?? null,
      operator: row.is_operator,
      expiresAt: row.expires_at.toISOString(),
    },
  }
}

/** With every business of this person, and whether sign-in asks for a code. */
export async function wholeSession(db: Database, core: SessionCore): Promise<SessionView> {
  const { rows } = await db.pool.query<{ totp: boolean }>(
    'SELECT totp_confirmed_at IS NOT NULL AS totp FROM users WHERE id = $1',
    [core.user.id],
  )
  return { ...core, memberships: await membershipsOf(db, core.user.id), totp: rows[0]?.totp ?? false }
}

/** Not those of deleted businesses. */
export async function membershipsOf(db: Pick<Database, 'pool'>, userId: string): Promise<SessionView['memberships']> {
  const { rows } = await db.pool.query<{ tenant_id: string; role: Role; tenant_name: string; tenant_status: string }>(
    'SELECT tenant_id, role, tenant_name, tenant_status FROM parley.find_memberships($1)',
    [userId],
  )
  return rows.map((row) => ({
    tenantId: row.tenant_id,
    name: row.tenant_name,
    role: row.role,
    suspended: row.tenant_status !== 'active',
  }))
}

interface SessionRow {
  session_id: string
  user_id: string
  email: string
  is_operator: boolean
  expires_at: Date
  tenant_id: string | null
  role: Role | null
  first_name: string | null
  last_name: string | null
  tenant_name: string | null
  tenant_status: string | null
  settings: { timezone?: string; language?: string } | null
}
