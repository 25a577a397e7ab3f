/** Who may do what: the one place that says so. */
import { ParleyError } from '../kernel/errors.ts'
import type { Role } from './schema.ts'

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
  'templates.read': 'viewer',
  'templates.sync': 'agent',
  'members.read': 'viewer',
  'api_keys.manage': 'admin',
  'stream.read': 'viewer',
} as const satisfies Record<string, Role>
export type Action = keyof typeof minimum

const rank: Record<Role, number> = { viewer: 0, agent: 1, admin: 2, owner: 3 }

/** A signed-in person or an API key, in one tenant. */
export interface Actor {
  tenantId: string
  role: Role
  /** users.id; absent for a key. */
  userId?: string
  name: string
  /** For the event log: user:<id> or key:<id>. */
  label: string
}

export const can = (actor: Pick<Actor, 'role'>, action: Action): boolean => rank[actor.role] >= rank[minimum[action]]

export function requireCan(actor: Pick<Actor, 'role'>, action: Action): void {
  if (!can(actor, action)) {
    throw new ParleyError(
      'forbidden',
      `Your role (${actor.role}) does not allow this. It needs at least the role ${minimum[action]}.`,
    )
  }
}
