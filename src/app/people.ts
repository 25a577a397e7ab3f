/** What the command line does for people: the first owner of a business, and back in for whoever lost their password. */
import { newId } from '../kernel/ids.ts'
import type { Config } from '../platform/config.ts'
import { type Database, inTenant, inTransaction } from '../platform/db/tx.ts'
import { audit, auditPlatform, byCli } from '../tenancy/audit.ts'
import { inviteWith } from '../tenancy/invitations.ts'
import { setPassword } from '../tenancy/password-resets.ts'
import { hashPassword, makePassword } from '../tenancy/passwords.ts'
import { dropTotp } from '../tenancy/second-factor.ts'
import { publicIdOf } from '../tenancy/tenant-rules.ts'
import { addMember, createTenant } from '../tenancy/tenants.ts'

type Say = (text: string) => void

/** `withoutCode` also takes the authenticator away: for somebody who lost it and their recovery codes. */
export async function newPassword(db: Database, email: string, options: { withoutCode?: boolean }, say: Say): Promise<void> {
  const password = makePassword()
  const passwordHash = await hashPassword(password)
  await inTransaction(db, async (client) => {
    const { rows } = await client.query<{ id: string; totp: boolean }>(
      'SELECT id, totp_confirmed_at IS NOT NULL AS totp FROM users WHERE lower(email) = lower($1)',
      [email],
    )
    const user = rows[0]
    if (!user) throw new Error(`Nobody signs in as ${email}.`)
    await setPassword(client, user.id, passwordHash)
    if (options.withoutCode) await dropTotp(client, user.id)
    await auditPlatform({ pool: client }, byCli, {
      action: options.withoutCode ? 'person.authenticator_removed' : 'person.password_changed',
      subject: { type: 'user', id: user.id },
    })
    say(`The new password of ${email} is ${password}\nEverybody signed in with the old one has been signed out.`)
    if (user.totp && !options.withoutCode)
      say('Their authenticator still counts. For somebody who lost it: the same command with --without-code.')
  })
}

/** A link where the person chooses their own password; else the password, to sign in with at once. */
export async function inviteOwner(
  db: Database,
  config: Pick<Config, 'PUBLIC_URL' | 'HOST' | 'PORT'>,
  email: string,
  options: { business: string; link?: boolean },
  say: Say,
): Promise<void> {
  const id = newId()
  const password = makePassword()
  const url = await inTenant(db, id, async (tx) => {
    await createTenant(tx, { publicId: publicIdOf(options.business, id), name: options.business })
    await audit(tx, byCli, { action: 'business.created', subject: { type: 'tenant', id }, changes: { name: options.business } })
    if (options.link) {
      const publicUrl = () => config.PUBLIC_URL ?? `http://${config.HOST}:${config.PORT}`
      return (await inviteWith(tx, byCli, publicUrl, { email, role: 'owner' })).url
    }
    const userId = await addMember(tx, { email, password, firstName: '', lastName: '', role: 'owner' })
    await audit(tx, byCli, {
      action: 'member.joined',
      subject: { type: 'user', id: userId },
      changes: { email, role: 'owner' },
    })
    // The first person of a server runs it, whichever way they came in.
    await tx.query(
      `INSERT INTO platform_operators (user_id, granted_by) SELECT $1, 'cli' WHERE NOT EXISTS (SELECT FROM users WHERE id <> $1)`,
      [userId],
    )
    return null
  })
  say(
    url
      ? `${options.business} was made. Its first owner is who opens this link, once, within seven days:\n${url}`
      : `${options.business} was made. Sign in as ${email}; a new person's password is ${password}\n(somebody who already signs in here keeps their own).`,
  )
}
