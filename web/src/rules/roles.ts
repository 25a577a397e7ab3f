/** Colleagues: which of their roles somebody may give and change, and the list as it changes. The server decides; this keeps what it would refuse out of sight. */
import type { Member, Role } from '../../../client/index.ts'

const rank: Record<Role, number> = { viewer: 0, agent: 1, admin: 2, owner: 3 }
const all: Role[] = ['viewer', 'agent', 'admin', 'owner']

/** Nobody gives a role above their own. */
export const givable = (mine: Role): Role[] => all.filter((one) => rank[one] <= rank[mine])
export const mayTouch = (mine: Role, theirs: Role): boolean => rank[mine] >= rank[theirs]

/** Known ones keep their place, new ones come last until the list is read again. */
export function mergeMembers(before: Member[], changed: Member[], gone: string[]): Member[] {
  const latest = new Map(changed.map((one) => [one.id, one]))
  const kept = before.filter((one) => !gone.includes(one.id)).map((one) => latest.get(one.id) ?? one)
  const known = new Set(before.map((one) => one.id))
  return [...kept, ...changed.filter((one) => !known.has(one.id))]
}
