/** The other end of an invitation: whoever has the link, new here or known. */
import { ParleyError } from '../kernel/errors.ts'
import { type Database, inTenant } from '../platform/db/tx.ts'
import { audit } from './audit.ts'
import type { PeopleDeps } from './deps.ts'
import { tellColleagues } from './news.ts'
import { hashPassword } from './passwords.ts'
import { fullName, requireGoodPassword } from './rules.ts'
import type { Role } from './schema.ts'
import { type SignedIn, startSession, type Visitor } from './sessions.ts'
import { proveWho } from './sign-in.ts'
import type { AcceptInvitation } from './team-schema.ts'
import { addPerson, joinTenant } from './tenants.ts'
import { tokenHash } from './tokens.ts'

interface Open {
  tenantId: string
  id: string
  email: string
  role: Role
  business: string
  knownUser: string | null
}
const gone = () => new ParleyError('link_not_valid', 'This invitation was used, withdrawn or has expired. Ask for a new one.')

/** What the link is for. Throws where it can no longer be accepted. */
export async function lookAtInvitation(db: Database, token: string): Promise<Open> {
  const { rows } = await db.pool.query<{
    tenant_id: string
    id: string
    email: string
    role: Role
    business: string
    known_user: string | null
  }>('SELECT * FROM parley.find_invitation($1)', [tokenHash(token)])
  const row = rows[0]
  if (!row) throw gone()
  const { id, email, role, business } = row
  return { tenantId: row.tenant_id, id, email, role, business, knownUser: row.known_user }
}

/** A known person proves who they are with their own password; a new one chooses one. Of two at once, one gets in. */
export async function acceptInvitation(deps: PeopleDeps, given: AcceptInvitation, visitor: Visitor): Promise<SignedIn> {
  const open = await lookAtInvitation(deps.db, given.token)
  const known = open.knownUser
    ? await proveWho(deps, { email: open.email, password: given.password, code: given.code }, visitor)
    : null
  if (!known) requireGoodPassword(given.password, open.email)
  const passwordHash = known ? null : await hashPassword(given.password)
  const names = { firstName: given.firstName ?? '', lastName: given.lastName ?? '' }
  return await inTenant(deps.db, open.tenantId, async (tx) => {
    const taken = await tx.query<{ role: Role }>(
      `UPDATE invitations SET accepted_at = now() WHERE tenant_id = $1 AND id = $2 AND token_hash = $3
          AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > now() RETURNING role`,
      [tx.tenantId, open.id, tokenHash(given.token)],
    )
    const role = taken.rows[0]?.role
    if (!role) throw gone()
    const userId = known?.id ?? (await addPerson(tx, { email: open.email, passwordHash: passwordHash as string }))
    // Known since this was looked at: somebody else's password must not become this one's.
    if (!userId) throw new ParleyError('conflict', 'This address signs in here since just now. Accept with its password.')
    await tx.query('UPDATE invitations SET accepted_by = $3 WHERE tenant_id = $1 AND id = $2', [tx.tenantId, open.id, userId])
    await joinTenant(tx, { userId, role, email: open.email, ...names })
    const by = { label: `user:${userId}`, name: fullName(names.firstName, names.lastName, open.email), ip: visitor.ip }
    await audit(tx, by, {
      action: 'member.joined',
      subject: { type: 'user', id: userId },
      changes: { role, email: open.email },
    })
    await tellColleagues(tx, deps.changed, { type: 'member.joined', actor: by.label, memberId: userId })
    return await startSession({ pool: tx }, deps.lives, { userId, tenantId: tx.tenantId, visitor })
  })
}
