/** Who is signed in, where, until when. Only a hash of a session's token is stored. */
import { notFound } from '../kernel/errors.ts'
import type { Client } from '../platform/db/pool.ts'
import { type Database, inTransaction } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import type { Secrets } from '../platform/secrets.ts'
import { auditPerson, type By } from './audit.ts'
import type { Actor, Operator } from './can.ts'
import type { SessionItem } from './people-schema.ts'
import { fullName } from './rules.ts'
import type { Role, SessionView } from './schema.ts'
import { makeToken, tokenHash } from './tokens.ts'

export { tokenHash } from './tokens.ts'

type Query = Pick<Client, 'query'>

/** A session ends this many days after sign-in, and after this many hours without a request. */
export interface SessionLives {
  days: number
  idleHours: number
}
export const defaultLives: SessionLives = { days: 14, idleHours: 168 }

export interface SignInDeps {
  db: Database
  secrets: Secrets
  lives?: SessionLives
  log?: Pick<Logger, 'warn'>
}

/** Where a sign-in comes from, for the person to recognise it. */
export interface Visitor {
  ip?: string
  userAgent?: string
}

export interface SignedIn {
  token: string
  expiresAt: Date
}

export async function startSession(
  db: { pool: Query },
  lives: SessionLives = defaultLives,
  given: { userId: string; tenantId: string | null; visitor: Visitor },
): Promise<SignedIn> {
  const token = makeToken()
  const expiresAt = new Date(Date.now() + lives.days * 86_400_000)
  await db.pool.query(
    'INSERT INTO user_sessions (user_id, tenant_id, session_token, expires_at, idle_seconds, ip, user_agent) VALUES ($1, $2, $3, $4, $5, $6, $7)',
    [
      ...[given.userId, given.tenantId, tokenHash(token), expiresAt, Math.round(lives.idleHours * 3600)],
      ...[given.visitor.ip ?? null, given.visitor.userAgent?.slice(0, 400) ?? null],
    ],
  )
  return { token, expiresAt }
}

export async function signOut(db: Database, token: string, by: By): Promise<void> {
  await inTransaction(db, async (client) => {
    const { rows } = await client.query<{ user_id: string }>(
      'DELETE FROM user_sessions WHERE session_token = $1 RETURNING user_id',
      [tokenHash(token)],
    )
    if (rows[0]) await auditPerson({ pool: client }, by, rows[0].user_id, { action: 'person.signed_out' })
  })
}

/** Another token for the same session: the one before is worth nothing from then on. */
export async function renewToken(db: Query, sessionId: string): Promise<SignedIn> {
  const token = makeToken()
  const { rows } = await db.query<{ expires_at: Date }>(
    'UPDATE user_sessions SET session_token = $2 WHERE id = $1 RETURNING expires_at',
    [sessionId, tokenHash(token)],
  )
  if (!rows[0]) throw notFound('The session')
  return { token, expiresAt: rows[0].expires_at }
}

/** All of this person's, but for one that stays. Answers how many. */
export async function endSessions(db: Query, userId: string, but?: string): Promise<number> {
  const { rowCount } = await db.query('DELETE FROM user_sessions WHERE user_id = $1 AND id IS DISTINCT FROM $2', [
    userId,
    but ?? null,
  ])
  return rowCount ?? 0
}

/** Signs the person out somewhere else: in one place, or everywhere but here. */
export async function signOutElsewhere(
  db: Database,
  self: { sessionId: string; userId: string; by: By },
  id?: string,
): Promise<void> {
  await inTransaction(db, async (client) => {
    const ended =
      id === undefined
        ? await endSessions(client, self.userId, self.sessionId)
        : (await client.query('DELETE FROM user_sessions WHERE user_id = $1 AND id = $2', [self.userId, id])).rowCount
    if (id !== undefined && !ended) throw notFound('The session')
    if (ended)
      await auditPerson({ pool: client }, self.by, self.userId, {
        action: 'person.signed_out',
        changes: { elsewhere: ended },
      })
  })
}

export async function listSessions(db: Database, userId: string, currentId: string | null): Promise<SessionItem[]> {
  const { rows } = await db.pool.query<{
    id: string
    created_at: Date
    last_seen_at: Date
    ip: string | null
    user_agent: string | null
    expires_at: Date
  }>(
    `SELECT id, created_at, last_seen_at, ip, user_agent, least(expires_at, last_seen_at + make_interval(secs => idle_seconds)) AS expires_at
       FROM user_sessions WHERE user_id = $1 AND expires_at > now() AND last_seen_at > now() - make_interval(secs => idle_seconds)
      ORDER BY last_seen_at DESC LIMIT 200`,
    [userId],
  )
  return rows.map((row) => ({
    id: row.id,
    current: row.id === currentId,
    createdAt: row.created_at.toISOString(),
    lastSeenAt: row.last_seen_at.toISOString(),
    ip: row.ip,
    userAgent: row.user_agent,
    expiresAt: row.expires_at.toISOString(),
  }))
}

/** The session looks at another business of its person from now on. */
export async function switchTenant(db: Database, session: { id: string; userId: string }, tenantId: string): Promise<void> {
  const mine = await membershipsOf(db, session.userId)
  if (!mine.some((each) => each.tenantId === tenantId)) throw notFound('The business')
  const { rowCount } = await db.pool.query('UPDATE user_sessions SET tenant_id = $3 WHERE user_id = $1 AND id = $2', [
    session.userId,
    session.id,
    tenantId,
  ])
  if (!rowCount) throw notFound('The session')
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
  const name = fullName(row.first_name, row.last_name, row.email)
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
export async function membershipsOf(db: { pool: Query }, userId: string): Promise<SessionView['memberships']> {
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
