/** Back in after a forgotten password: by mail, by a colleague's link, or by `parley password` at the server. */
import { ParleyError } from '../kernel/errors.ts'
import type { Client } from '../platform/db/pool.ts'
import { type Database, inTransaction, type Tx } from '../platform/db/tx.ts'
import { audit, auditPerson, type By, bySystem } from './audit.ts'
import type { Actor } from './can.ts'
import type { PeopleDeps } from './deps.ts'
import { requireMember } from './members.ts'
import { hashPassword } from './passwords.ts'
import { requireGoodPassword, requireGrant } from './rules.ts'
import { endSessions, type Visitor } from './sessions.ts'
import { requireGiver } from './standing.ts'
import { makeToken, tokenHash } from './tokens.ts'

type Query = Pick<Client, 'query'>

/** Mailed links are short-lived: a mailbox is read by many. One that is handed over gives the person a day. */
const mailedHours = 1
const handedHours = 24
/** Mails to one person within an hour: somebody else may be asking for them. */
const mailsAnHour = 3

export interface ResetLink {
  url: string
  expiresAt: Date
}

/** The part behind # is never sent to a server, so it is in no log. */
const linkTo = (publicUrl: () => string, token: string): string => `${publicUrl()}/reset#${token}`

async function makeLink(
  db: Query,
  publicUrl: () => string,
  given: { userId: string; createdBy: string; hours: number },
): Promise<ResetLink> {
  const token = makeToken()
  const expiresAt = new Date(Date.now() + given.hours * 3_600_000)
  await db.query('INSERT INTO password_resets (user_id, token_hash, created_by, expires_at) VALUES ($1, $2, $3, $4)', [
    given.userId,
    tokenHash(token),
    given.createdBy,
    expiresAt,
  ])
  return { url: linkTo(publicUrl, token), expiresAt }
}

/** Made when the mail is sent, so that no job ever holds the token. Null: nobody to write to, or written to enough. */
export async function linkForMail(db: Database, publicUrl: () => string, email: string): Promise<ResetLink | null> {
  const { rows } = await db.pool.query<{ id: string; lately: number }>(
    `SELECT u.id, (SELECT count(*)::int FROM password_resets r WHERE r.user_id = u.id AND r.created_by = $2
                      AND r.created_at > now() - interval '1 hour') AS lately FROM users u WHERE lower(u.email) = lower($1)`,
    [email, bySystem.label],
  )
  const user = rows[0]
  if (!user || user.lately >= mailsAnHour) return null
  return await makeLink(db.pool, publicUrl, { userId: user.id, createdBy: bySystem.label, hours: mailedHours })
}

/**
 * A link for a colleague. Not for somebody who also works elsewhere or runs the server: whoever has the link becomes that
 * person, and an administrator here is nobody there. Not for those above either.
 */
export async function linkForMember(
  deps: Pick<PeopleDeps, 'db' | 'publicUrl'>,
  tx: Tx,
  who: { actor: Actor; by: By },
  userId: string,
): Promise<ResetLink> {
  const member = await requireMember(tx, userId)
  requireGrant(who.actor, member.role)
  await requireGiver(tx, who.by, member.role)
  if (!(await belongsHereOnly({ pool: tx }, userId)))
    throw new ParleyError(
      'forbidden',
      'A link for this person cannot be made here. They can ask for one by mail, or whoever runs this server can make a password.',
    )
  await audit(tx, who.by, { action: 'member.reset_link_made', subject: { type: 'user', id: userId } })
  return await makeLink(tx, deps.publicUrl, { userId, createdBy: who.by.label, hours: handedHours })
}

/** A deleted business may be restored: whoever works there too works elsewhere. */
async function belongsHereOnly(db: { pool: Query }, userId: string): Promise<boolean> {
  const { rows } = await db.pool.query<{ here_only: boolean }>(
    `SELECT parley.count_memberships($1) <= 1 AND NOT EXISTS (SELECT FROM platform_operators WHERE user_id = $1) AS here_only`,
    [userId],
  )
  return rows[0]?.here_only ?? false
}

/** Ends every session of the person and every other link. An authenticator stays: the next sign-in asks for its code. */
export async function confirmReset(
  db: Database,
  given: { token: string; password: string },
  visitor: Visitor = {},
): Promise<void> {
  const gone = () => new ParleyError('link_not_valid', 'This link was used or has expired. Ask for another one.')
  const hash = tokenHash(given.token)
  const usable = 'r.token_hash = $1 AND r.used_at IS NULL AND r.expires_at > now()'
  const { rows } = await db.pool.query<{ email: string; user_id: string; created_by: string }>(
    `SELECT u.email, r.user_id, r.created_by FROM password_resets r JOIN users u ON u.id = r.user_id WHERE ${usable}`,
    [hash],
  )
  const link = rows[0]
  // Handed over when the person worked in one place only, and no longer so: it opens nothing there.
  if (!link || (link.created_by !== bySystem.label && !(await belongsHereOnly(db, link.user_id)))) throw gone()
  requireGoodPassword(given.password, link.email)
  const passwordHash = await hashPassword(given.password)
  await inTransaction(db, async (client) => {
    const used = await client.query<{ user_id: string }>(
      `UPDATE password_resets r SET used_at = now() WHERE ${usable} RETURNING user_id`,
      [hash],
    )
    const userId = used.rows[0]?.user_id
    if (!userId) throw gone()
    await setPassword(client, userId, passwordHash)
    const by = { label: `user:${userId}`, name: link.email, ip: visitor.ip }
    const how = link.created_by === bySystem.label ? 'mail' : link.created_by
    await auditPerson({ pool: client }, by, userId, { action: 'person.password_reset', changes: { link: how } })
  })
}

/** A new password ends everything the old one opened. */
export async function setPassword(db: Query, userId: string, passwordHash: string, butSession?: string): Promise<void> {
  await db.query('UPDATE users SET password_hash = $2 WHERE id = $1', [userId, passwordHash])
  await db.query('UPDATE password_resets SET used_at = now() WHERE user_id = $1 AND used_at IS NULL', [userId])
  await endSessions(db, userId, butSession)
}
