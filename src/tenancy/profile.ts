/** A person's own: name and address in this business, preferences, password, authenticator. */
import type { Client } from '../platform/db/pool.ts'
import { type Database, inTenant, inTransaction, type Tx } from '../platform/db/tx.ts'
import { type AuditEntry, audit, auditPlatform, type By } from './audit.ts'
import type { PeopleDeps } from './deps.ts'
import { tellColleagues } from './news.ts'
import { setPassword } from './password-resets.ts'
import { hashPassword } from './passwords.ts'
import type { MeView, PatchMe, PatchPreferences, Preferences, PresenceState } from './people-schema.ts'
import { requireGoodPassword } from './rules.ts'
import { renewToken, type SessionCore, type SignedIn } from './sessions.ts'
import { provePassword } from './sign-in.ts'

/** Who is signed in, as these verbs need it. */
export interface Self {
  sessionId: string
  session: SessionCore
  by: By
}
type Query = Pick<Client, 'query'>

/**
 * A change to a person, with its line in the log of the business they look at; in the platform's where they look at none.
 * People are no tenant's rows: the transaction's tenant is only where the line is written.
 */
export async function changeSelf<T>(
  db: Database,
  self: Self,
  entry: Omit<AuditEntry, 'subject'>,
  work: (q: Query) => Promise<T>,
): Promise<T> {
  const line = { ...entry, subject: { type: 'user', id: self.session.user.id } }
  const tenantId = self.session.tenant?.id
  if (!tenantId)
    return await inTransaction(db, async (client) => {
      const result = await work(client)
      await auditPlatform({ pool: client }, self.by, line)
      return result
    })
  return await inTenant(db, tenantId, async (tx) => {
    const result = await work(tx)
    await audit(tx, self.by, line)
    return result
  })
}

export async function readMe(db: Database, { session }: Pick<Self, 'session'>): Promise<MeView> {
  const { rows } = await db.pool.query<PersonRow>(
    `SELECT u.totp_confirmed_at IS NOT NULL AS totp, s.status, s.is_online, s.last_seen_at,
            coalesce(p.notification_email, true) AS email, coalesce(p.notification_sms, true) AS sms,
            coalesce(p.notification_push, true) AS push, p.ai_takeover_delay AS delay,
            (SELECT count(*)::int FROM user_recovery_codes c WHERE c.user_id = u.id AND c.used_at IS NULL) AS codes
       FROM users u LEFT JOIN user_preferences p ON p.user_id = u.id LEFT JOIN user_status s ON s.user_id = u.id WHERE u.id = $1`,
    [session.user.id],
  )
  const row = rows[0] as PersonRow
  return {
    user: session.user,
    profile: session.tenant ? await inTenant(db, session.tenant.id, (tx) => readProfile(tx, session.user.id)) : null,
    preferences: {
      notificationEmail: row.email,
      notificationSms: row.sms,
      notificationPush: row.push,
      aiTakeoverDelay: row.delay,
    },
    presence: {
      status: row.status ?? 'available',
      isOnline: row.is_online ?? false,
      lastSeenAt: row.last_seen_at?.toISOString() ?? null,
    },
    totp: row.totp,
    recoveryCodesLeft: row.codes,
  }
}

interface PersonRow {
  totp: boolean
  status: PresenceState | null
  is_online: boolean | null
  last_seen_at: Date | null
  email: boolean
  sms: boolean
  push: boolean
  delay: number | null
  codes: number
}

async function readProfile(tx: Tx, userId: string): Promise<MeView['profile']> {
  const { rows } = await tx.query<NonNullable<MeView['profile']>>(
    `SELECT first_name AS "firstName", last_name AS "lastName", phone_number AS "phoneNumber", email
       FROM user_profiles WHERE tenant_id = $1 AND user_id = $2`,
    [tx.tenantId, userId],
  )
  return rows[0] ?? null
}

/** In the business of the session; in another one the same person may have another name and number. */
export async function changeProfile(tx: Tx, changed: PeopleDeps['changed'], self: Self, patch: PatchMe): Promise<void> {
  const columns = {
    first_name: patch.firstName,
    last_name: patch.lastName,
    phone_number: patch.phoneNumber,
    email: patch.contactEmail,
  }
  const given = Object.entries(columns).filter(([, value]) => value !== undefined)
  if (given.length === 0) return
  const userId = self.session.user.id
  await tx.query(
    `UPDATE user_profiles SET ${given.map(([column], at) => `${column} = $${at + 3}`).join(', ')} WHERE tenant_id = $1 AND user_id = $2`,
    [tx.tenantId, userId, ...given.map(([, value]) => value || null)],
  )
  await audit(tx, self.by, { action: 'member.updated', subject: { type: 'user', id: userId }, changes: { ...patch } })
  await tellColleagues(tx, changed, { type: 'member.updated', actor: self.by.label, memberId: userId })
}

export async function changePreferences(db: Database, userId: string, patch: PatchPreferences): Promise<Preferences> {
  const { rows } = await db.pool.query<Preferences>(
    `INSERT INTO user_preferences AS p (user_id, notification_email, notification_sms, notification_push, ai_takeover_delay)
     VALUES ($1, coalesce($2, true), coalesce($3, true), coalesce($4, true), $5)
     ON CONFLICT (user_id) DO UPDATE SET notification_email = coalesce($2, p.notification_email),
       notification_sms = coalesce($3, p.notification_sms), notification_push = coalesce($4, p.notification_push),
       ai_takeover_delay = CASE WHEN $6 THEN $5 ELSE p.ai_takeover_delay END
     RETURNING notification_email AS "notificationEmail", notification_sms AS "notificationSms",
       notification_push AS "notificationPush", ai_takeover_delay AS "aiTakeoverDelay"`,
    [
      ...[userId, patch.notificationEmail ?? null, patch.notificationSms ?? null],
      ...[patch.notificationPush ?? null, patch.aiTakeoverDelay ?? null, patch.aiTakeoverDelay !== undefined],
    ],
  )
  return rows[0] as Preferences
}

/** Ends every other session; this one goes on under another token. */
export async function changePassword(db: Database, self: Self, given: { current: string; next: string }): Promise<SignedIn> {
  const { id, email } = self.session.user
  await provePassword(db, id, given.current)
  requireGoodPassword(given.next, email)
  const passwordHash = await hashPassword(given.next)
  return await changeSelf(db, self, { action: 'person.password_changed' }, async (q) => {
    await setPassword(q, id, passwordHash, self.sessionId)
    return await renewToken(q, self.sessionId)
  })
}
