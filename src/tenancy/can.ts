/** Who may do what: the one place that says so. */
import { ParleyError } from '../kernel/errors.ts'
import type { Role } from './roles.ts'

/** What one may do within a business, and the least role that may. */
const minimum = {
  'conversations.read': 'viewer',
  'conversations.write': 'agent',
  'messages.send': 'agent',
  'contacts.read': 'viewer',
  'contacts.write': 'agent',
  'media.read': 'viewer',
  'media.write': 'agent',
  'accounts.read': 'viewer',
  'accounts.write': 'admin',
  'numbers.manage': 'admin',
  'templates.read': 'viewer',
  'templates.sync': 'agent',
  'members.read': 'viewer',
  'members.manage': 'admin',
  'business.read': 'viewer',
  'business.write': 'admin',
  'business.delete': 'owner',
  'credentials.manage': 'admin',
  'api_keys.manage': 'admin',
  'audit.read': 'owner',
  'reports.read': 'admin',
  'mappings.read': 'agent',
  'mappings.write': 'admin',
  'stream.read': 'viewer',
  'widget.link': 'agent',
  'dead_letters.read': 'admin',
  'dead_letters.write': 'admin',
} as const satisfies Record<string, Role>
export type Action = keyof typeof minimum
export const actions = Object.keys(minimum) as Action[]

const rank: Record<Role, number> = { viewer: 0, agent: 1, admin: 2, owner: 3 }

/** Whether `role` stands at least as high as `other`: nobody gives, changes or takes a role above their own. */
export const reaches = (role: Role, other: Role): boolean => rank[role] >= rank[other]

/** A signed-in person or an API key, in one tenant. */
export interface Actor {
  tenantId: string
  role: Role
  /** What a key may do at most; absent: all that its role may. */
  scopes?: readonly Action[]
  /** The business is suspended: a person may still read, a key nothing. */
  suspended?: boolean
  /** users.id; absent for a key. */
  userId?: string
  name: string
  /** For the event log: user:<id> or key:<id>. */
  label: string
}
type Standing = Pick<Actor, 'role' | 'scopes'>

export const can = (actor: Standing, action: Action): boolean =>
  rank[actor.role] >= rank[minimum[action]] && (actor.scopes?.includes(action) ?? true)

export function requireCan(actor: Standing, action: Action): void {
  if (can(actor, action)) return
  throw new ParleyError(
    'forbidden',
    rank[actor.role] >= rank[minimum[action]]
      ? `This API key does not have the scope ${action}.`
      : `Your role (${actor.role}) does not allow this. It needs at least the role ${minimum[action]}.`,
  )
}

/** What those who run the server may do, apart from every business. It opens no conversation, contact or file. */
export const platformActions = [
  'tenants.read',
  'tenants.write',
  'tenants.credentials',
  'tenants.delete',
  'platform.manage',
  'metrics.read',
] as const
export type PlatformAction = (typeof platformActions)[number]

/** A person of the platform, or a platform key. */
export interface Operator {
  /** What a key may do at most; absent: everything of the list. */
  scopes?: readonly PlatformAction[]
  userId?: string
  name: string
  /** For the audit log: operator:<users.id> or platform_key:<id>. */
  label: string
}

export const canOperate = (operator: Pick<Operator, 'scopes'>, action: PlatformAction): boolean =>
  operator.scopes?.includes(action) ?? true
