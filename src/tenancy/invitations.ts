/** Asking somebody to join: a link that is shown once, and mailed where mail is set up. */
import { notFound, ParleyError } from '../kernel/errors.ts'
import { classify } from '../platform/db/errors.ts'
import { inTenant, type Tx } from '../platform/db/tx.ts'
import { audit, type By } from './audit.ts'
import type { Actor } from './can.ts'
import type { PeopleDeps } from './deps.ts'
import { enqueueInvitation } from './mail.ts'
import { invitationState, requireGrant, requireReach } from './rules.ts'
import type { Role } from './schema.ts'
import { requireGiver } from './standing.ts'
import type { InvitationView } from './team-schema.ts'
import { makeToken, tokenHash } from './tokens.ts'

const days = 7
/** For how long one that ended can still be seen in the list. */
const keptDays = 30

interface InvitationRow {
  id: string
  email: string
  role: Role
  invited_by_name: string
  created_at: Date
  expires_at: Date
  accepted_at: Date | null
  revoked_at: Date | null
}
const columns = 'id, email, role, invited_by_name, created_at, expires_at, accepted_at, revoked_at'

const view = (row: InvitationRow): InvitationView => ({
  id: row.id,
  email: row.email,
  role: row.role,
  invitedBy: row.invited_by_name,
  createdAt: row.created_at.toISOString(),
  expiresAt: row.expires_at.toISOString(),
  state: invitationState(row),
})

export async function listInvitations(tx: Tx): Promise<InvitationView[]> {
  const { rows } = await tx.query<InvitationRow>(
    `SELECT ${columns} FROM invitations WHERE tenant_id = $1 ORDER BY created_at DESC, id DESC LIMIT 200`,
    [tx.tenantId],
  )
  return rows.map(view)
}

type Sender = Pick<PeopleDeps, 'db' | 'secrets' | 'jobs' | 'mail' | 'publicUrl'>
export interface Invited {
  view: InvitationView
  url: string
}

/** Replaces an open invitation to the same address. */
export async function invite(
  deps: Sender,
  who: { actor: Pick<Actor, 'tenantId' | 'role' | 'scopes'>; by: By },
  given: { email: string; role: Role },
): Promise<Invited> {
  requireGrant(who.actor, given.role)
  return await inTenant(deps.db, who.actor.tenantId, async (tx) => {
    const known = await tx.query(
      'SELECT FROM user_profiles p JOIN users u ON u.id = p.user_id WHERE p.tenant_id = $1 AND lower(u.email) = lower($2)',
      [tx.tenantId, given.email],
    )
    if (known.rowCount) throw new ParleyError('conflict', 'This person works here already.')
    await tx.query(
      'UPDATE invitations SET revoked_at = now() WHERE tenant_id = $1 AND lower(email) = lower($2) AND accepted_at IS NULL AND revoked_at IS NULL',
      [tx.tenantId, given.email],
    )
    return await write(deps, tx, who.by, given)
  }).catch((error: unknown) => {
    if (classify(error) !== 'conflict') throw error
    throw new ParleyError('conflict', 'Somebody else invited this person just now.')
  })
}

/** The first owner of a business that is just being made, in its transaction. */
export const inviteOwner = async (deps: Sender, tx: Tx, by: By, email: string): Promise<{ url: string }> => ({
  url: (await write(deps, tx, by, { email, role: 'owner' })).url,
})

async function write(deps: Sender, tx: Tx, by: By, given: { email: string; role: Role }): Promise<Invited> {
  const { id, token, ...invited } = await inviteWith(tx, by, deps.publicUrl, given)
  if (deps.mail) await enqueueInvitation(deps, tx, id, token)
  return invited
}

/** In a transaction of the caller's, who has looked whether this may be; nothing is mailed. */
export async function inviteWith(
  tx: Tx,
  by: By,
  publicUrl: () => string,
  given: { email: string; role: Role },
): Promise<Invited & { id: string; token: string }> {
  await requireGiver(tx, by, given.role)
  const token = makeToken()
  const { rows } = await tx.query<InvitationRow>(
    `INSERT INTO invitations (tenant_id, email, role, token_hash, invited_by, invited_by_name, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(days => $7)) RETURNING ${columns}`,
    [tx.tenantId, given.email, given.role, tokenHash(token), by.label, by.name, days],
  )
  const row = rows[0] as InvitationRow
  await audit(tx, by, {
    action: 'member.invited',
    subject: { type: 'invitation', id: row.id },
    changes: { email: given.email, role: given.role },
  })
  return { view: view(row), url: linkTo(publicUrl, token), id: row.id, token }
}

/** The part behind # is never sent to a server, so it is in no log. */
const linkTo = (publicUrl: () => string, token: string): string => `${publicUrl()}/invitation#${token}`

/** A new link with a new term; the old one is worth nothing. */
export async function renewInvitation(deps: Sender, who: { actor: Actor; by: By }, id: string): Promise<Invited> {
  return await inTenant(deps.db, who.actor.tenantId, async (tx) => {
    const before = await hold(tx, id)
    requireGrant(who.actor, before.role)
    if (before.accepted_at || before.revoked_at)
      throw new ParleyError('conflict', 'This invitation was accepted or withdrawn. Invite anew.')
    const token = makeToken()
    const { rows } = await tx.query<InvitationRow>(
      `UPDATE invitations SET token_hash = $3, expires_at = now() + make_interval(days => $4) WHERE tenant_id = $1 AND id = $2 RETURNING ${columns}`,
      [tx.tenantId, id, tokenHash(token), days],
    )
    await audit(tx, who.by, { action: 'invitation.renewed', subject: { type: 'invitation', id } })
    if (deps.mail) await enqueueInvitation(deps, tx, id, token)
    return { view: view(rows[0] as InvitationRow), url: linkTo(deps.publicUrl, token) }
  })
}

export async function revokeInvitation(tx: Tx, who: { actor: Actor; by: By }, id: string): Promise<void> {
  const before = await hold(tx, id)
  requireReach(who.actor, before.role)
  if (before.accepted_at) throw new ParleyError('conflict', 'This invitation was accepted: remove the person instead.')
  if (before.revoked_at) return
  await tx.query('UPDATE invitations SET revoked_at = now() WHERE tenant_id = $1 AND id = $2', [tx.tenantId, id])
  await audit(tx, who.by, {
    action: 'invitation.revoked',
    subject: { type: 'invitation', id },
    changes: { email: before.email, role: before.role },
  })
}

async function hold(tx: Tx, id: string): Promise<InvitationRow> {
  const { rows } = await tx.query<InvitationRow>(
    `SELECT ${columns} FROM invitations WHERE tenant_id = $1 AND id = $2 FOR UPDATE`,
    [tx.tenantId, id],
  )
  if (!rows[0]) throw notFound('The invitation')
  return rows[0]
}

export async function forgetOldInvitations(db: PeopleDeps['db']): Promise<void> {
  await db.pool.query('SELECT parley.forget_old_invitations($1)', [keptDays])
}
