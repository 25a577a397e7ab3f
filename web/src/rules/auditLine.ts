/** One entry of the log as something to read. Actions that nobody told the console about are shown by their own name. */
import type { AuditItem } from '../../../client/index.ts'

export const knownActions = [
  'account.connected',
  'account.lost',
  'account.removed',
  'account.tested',
  'account.updated',
  'api_key.created',
  'api_key.limited',
  'api_key.revoked',
  'business.created',
  'business.updated',
  'credentials.removed',
  'credentials.set',
  'dead_letter.discarded',
  'dead_letter.edited',
  'dead_letter.replayed',
  'hold.placed',
  'hold.released',
  'invitation.renewed',
  'invitation.revoked',
  'label.created',
  'label.deleted',
  'label.updated',
  'member.invited',
  'member.joined',
  'member.removed',
  'member.reset_link_made',
  'member.updated',
  'number.given_up',
  'number.provisioned',
  'number.released',
  'number.resumed',
  'number.set_again',
  'number.suspended',
  'number_provider.changed',
  'number_provider.removed',
  'onboarding.changed',
  'person.authenticator_added',
  'person.authenticator_removed',
  'person.password_changed',
  'person.password_reset',
  'person.signed_in',
  'person.signed_out',
  'person.sign_in_failed',
  'staff.created',
  'staff.deleted',
  'staff.updated',
  'tenant.created',
  'tenant.deleted',
  'tenant.restored',
  'tenant.resumed',
  'tenant.suspended',
  'tenant.updated',
] as const
export type KnownAction = (typeof knownActions)[number]

export const isKnown = (action: string): action is KnownAction => (knownActions as readonly string[]).includes(action)

/** What it was done to, in a word: whom or what one still knows by its id, else the name or address that the entry kept. */
export function whatOf(item: Pick<AuditItem, 'changes' | 'subject'>, names?: ReadonlyMap<string, string>): string {
  const known = names?.get(item.subject.id)
  if (known) return known
  for (const field of ['person', 'email', 'name', 'number', 'type', 'label']) {
    const value = after(item.changes[field])
    if (typeof value === 'string' && value !== '') return value
  }
  return item.subject.id.length > 0 && item.subject.id.length < 32 ? item.subject.id : ''
}

export interface FieldChange {
  field: string
  before: string | null
  after: string | null
}

/** What changed, field by field. Names of what it was done to are in the sentence already. */
export function changesOf(item: Pick<AuditItem, 'changes'>): FieldChange[] {
  return Object.entries(item.changes).flatMap(([field, value]) => {
    if (value === null || value === undefined || value === '') return []
    const pair = pairOf(value)
    return [
      pair ? { field, before: shown(pair.before), after: shown(pair.after) } : { field, before: null, after: shown(value) },
    ]
  })
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function pairOf(value: unknown): { before: unknown; after: unknown } | null {
  if (!isRecord(value)) return null
  if ('from' in value || 'to' in value) return { before: value.from, after: value.to }
  if ('before' in value || 'after' in value) return { before: value.before, after: value.after }
  return null
}
const after = (value: unknown): unknown => pairOf(value)?.after ?? value

const LONGEST = 120
function shown(value: unknown): string | null {
  if (value === null || value === undefined || value === '') return null
  const text = typeof value === 'string' ? value : Array.isArray(value) ? value.map(String).join(', ') : JSON.stringify(value)
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}
