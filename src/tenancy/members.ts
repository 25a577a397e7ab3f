/** Colleagues: who works here, as what, and who does not any more. */
import { notFound, ParleyError } from '../kernel/errors.ts'
import type { Tx } from '../platform/db/tx.ts'
import { noteLimits, revokeKeysOf } from './api-keys.ts'
import { audit, type By } from './audit.ts'
import { type Actor, reaches } from './can.ts'
import { tellColleagues } from './news.ts'
import type { PresenceState } from './people-schema.ts'
import { fullName, requireGrant, requireReach } from './rules.ts'
import type { Role } from './schema.ts'
import { holdMember } from './standing.ts'
import type { MemberView, PatchMember } from './team-schema.ts'
import { endHandedLinks, endLinksGivenBy } from './tenants.ts'

interface MemberRow {
  user_id: string
  first_name: string | null
  last_name: string | null
  email: string | null
  role: Role
  created_at: Date
  status: PresenceState | null
  is_online: boolean | null
  last_seen_at: Date | null
}

const select = `SELECT p.user_id, p.first_name, p.last_name, p.email, p.role, p.created_at, s.status, s.is_online, s.last_seen_at
  FROM user_profiles p LEFT JOIN user_status s ON s.user_id = p.user_id WHERE p.tenant_id = $1`

export async function listMembers(tx: Tx): Promise<MemberView[]> {
  const { rows } = await tx.query<MemberRow>(`${select} ORDER BY p.first_name, p.last_name, p.user_id LIMIT 500`, [tx.tenantId])
  return rows.map(memberView)
}

export async function findMembers(tx: Tx, ids: readonly string[]): Promise<MemberView[]> {
  if (ids.length === 0) return []
  const { rows } = await tx.query<MemberRow>(`${select} AND p.user_id = ANY($2::uuid[])`, [tx.tenantId, ids])
  return rows.map(memberView)
}

const memberView = (row: MemberRow): MemberView => ({
  id: row.user_id,
  name: fullName(row.first_name, row.last_name, row.email),
  email: row.email,
  role: row.role,
  presence: {
    status: row.status ?? 'available',
    isOnline: row.is_online ?? false,
    lastSeenAt: row.last_seen_at?.toISOString() ?? null,
  },
  joinedAt: row.created_at.toISOString(),
})

export interface Manager {
  actor: Actor
  by: By
  changed: (tenantId: string) => void
}

export async function changeMember(tx: Tx, manager: Manager, userId: string, patch: PatchMember): Promise<MemberView> {
  await holdTeam(tx)
  await holdMember(tx, userId)
  const before = await requireMember(tx, userId)
  requireReach(manager.actor, before.role)
  if (patch.role && patch.role !== before.role) {
    requireGrant(manager.actor, patch.role)
    if (before.role === 'owner') await requireAnotherOwner(tx, userId)
    await withdrawInvitations(tx, userId, patch.role)
    await noteLimits(tx, manager.by, userId, before.role, patch.role)
    if (!reaches(patch.role, before.role)) await endLinksGivenBy(tx, await labelsOf(tx, userId))
  }
  await tx.query(
    `UPDATE user_profiles SET role = coalesce($3, role), first_name = coalesce($4, first_name), last_name = coalesce($5, last_name)
      WHERE tenant_id = $1 AND user_id = $2`,
    [tx.tenantId, userId, patch.role ?? null, patch.firstName ?? null, patch.lastName ?? null],
  )
  const changes = patch.role && patch.role !== before.role ? { role: { from: before.role, to: patch.role } } : { ...patch }
  await audit(tx, manager.by, { action: 'member.updated', subject: { type: 'user', id: userId }, changes })
  await tellColleagues(tx, manager.changed, { type: 'member.updated', actor: manager.by.label, memberId: userId })
  return await requireMember(tx, userId)
}

/** Their keys end with it, and their sessions in this business: the database removes those in the same step. */
export async function removeMember(tx: Tx, manager: Manager, userId: string): Promise<void> {
  await holdTeam(tx)
  await holdMember(tx, userId)
  const before = await requireMember(tx, userId)
  requireReach(manager.actor, before.role)
  if (before.role === 'owner') await requireAnotherOwner(tx, userId)
  await withdrawInvitations(tx, userId)
  await endHandedLinks(tx, userId)
  await endLinksGivenBy(tx, await labelsOf(tx, userId))
  await tx.query('DELETE FROM user_profiles WHERE tenant_id = $1 AND user_id = $2', [tx.tenantId, userId])
  await revokeKeysOf(tx, manager.by, userId)
  await audit(tx, manager.by, {
    action: 'member.removed',
    subject: { type: 'user', id: userId },
    changes: { name: before.name, role: before.role },
  })
  await tellColleagues(tx, manager.changed, { type: 'member.removed', actor: manager.by.label, memberId: userId })
}

export async function requireMember(tx: Tx, userId: string): Promise<MemberView> {
  const [member] = await findMembers(tx, [userId])
  if (!member) throw notFound('The person')
  return member
}

/** One change of a team at a time: two owners who remove each other at once must not both succeed. */
async function holdTeam(tx: Tx): Promise<void> {
  await tx.query('SELECT FROM tenants WHERE id = $1 FOR NO KEY UPDATE', [tx.tenantId])
}

async function requireAnotherOwner(tx: Tx, userId: string): Promise<void> {
  const { rowCount } = await tx.query(
    `SELECT FROM user_profiles WHERE tenant_id = $1 AND role = 'owner' AND user_id <> $2 LIMIT 1`,
    [tx.tenantId, userId],
  )
  if (!rowCount) throw new ParleyError('last_owner', 'A business needs an owner. Make somebody else one first.')
}

/** Nobody keeps a way back in, or up, through an invitation they gave before, themselves or with a key of theirs. */
async function withdrawInvitations(tx: Tx, userId: string, roleLeft?: Role): Promise<void> {
  const below: Record<Role, Role[]> = {
    owner: ['owner', 'admin', 'agent', 'viewer'],
    admin: ['admin', 'agent', 'viewer'],
    agent: [],
    viewer: [],
  }
  await tx.query(
    `UPDATE invitations SET revoked_at = now()
      WHERE tenant_id = $1 AND invited_by = ANY($2::text[]) AND accepted_at IS NULL AND revoked_at IS NULL AND NOT role = ANY($3::text[])`,
    [tx.tenantId, await labelsOf(tx, userId), roleLeft ? below[roleLeft] : []],
  )
}

/** What stands in the log for what a person does, themselves or with a key of theirs. */
async function labelsOf(tx: Tx, userId: string): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>('SELECT id FROM tenant_api_keys WHERE tenant_id = $1 AND made_for = $2', [
    tx.tenantId,
    userId,
  ])
  return [`user:${userId}`, ...rows.map(({ id }) => `key:${id}`)]
}
