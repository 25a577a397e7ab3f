/** Who a webhook speaks of: phone (`wa_id`), business-scoped user id, or both; either may be missing or ''. */
import type { Person, PersonIdentity } from '../../ports/channel.ts'
import { cut, id, list, member, record, string } from './read.ts'

/** Limits of contact_identities.value and contacts.name. Characters. */
const MAX_IDENTITY = 256
const MAX_NAME = 512

export interface Ids {
  waId?: string
  userId?: string
  parentUserId?: string
}

export interface ContactEntry extends Ids {
  name?: string
  username?: string
}

export const identityText = (value: unknown): string | undefined => id(value, MAX_IDENTITY)
export const nameText = (value: unknown): string | undefined => {
  const name = string(value)?.trim()
  return name ? cut(name, MAX_NAME) : undefined
}

/** The `contacts[]` that stand beside messages and statuses. What is not an object is passed over: it names nobody. */
export function readContacts(value: unknown): ContactEntry[] {
  return list(member(value, 'contacts'))
    .filter((item) => record(item) !== undefined)
    .map((item) => ({
      waId: identityText(member(item, 'wa_id')),
      userId: identityText(member(item, 'user_id')),
      parentUserId: identityText(member(item, 'parent_user_id')),
      name: nameText(member(member(item, 'profile'), 'name')),
      username: nameText(member(member(item, 'profile'), 'username')),
    }))
}

/**
 * The person of a message or status, with what the matching contact adds. A message without any id belongs to the only
 * contact there is; a contact with other ids says nothing about it.
 */
export function personOf(ids: Ids, contacts: readonly ContactEntry[]): Person | undefined {
  const nobody = ids.waId === undefined && ids.userId === undefined
  const contact = nobody && contacts.length === 1 ? contacts[0] : contacts.find((entry) => isSame(entry, ids))
  const waId = ids.waId ?? contact?.waId
  const userId = ids.userId ?? contact?.userId
  const identities = identitiesOf({ waId, userId })
  if (identities.length === 0) return undefined
  const person: Person = { identities }
  if (contact?.name !== undefined) person.name = contact.name
  if (contact?.username !== undefined) person.username = contact.username
  const phone = phoneOf(waId)
  if (phone !== undefined) person.phone = phone
  return person
}

/** The user id first: the phone behind it may be hidden, changed, or given to somebody else. */
export function identitiesOf(ids: Ids): PersonIdentity[] {
  const identities: PersonIdentity[] = []
  if (ids.userId !== undefined) identities.push({ kind: 'bsuid', value: ids.userId, scope: 'portfolio' })
  if (ids.waId !== undefined) identities.push({ kind: 'wa_id', value: ids.waId, scope: '' })
  return identities
}

/** E.164 where the id is a phone number's digits. */
export const phoneOf = (waId: string | undefined): string | undefined =>
  waId !== undefined && /^[0-9]{6,20}$/.test(waId) ? `+${waId}` : undefined

const isSame = (entry: ContactEntry, ids: Ids): boolean =>
  (ids.userId !== undefined && entry.userId === ids.userId) ||
  (ids.waId !== undefined && entry.waId === ids.waId && (ids.userId === undefined || entry.userId === undefined))
