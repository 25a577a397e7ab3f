/** Who a webhook speaks of: phone (`wa_id`), business-scoped user id, or both; either may be missing or ''. */

import { cut, id, type Json, list, member, record, string } from '../../kernel/read.ts'
import type { Person, PersonIdentity } from '../../ports/channel.ts'

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

/** The `contacts[]` that stand beside messages and statuses, found by id: a body may hold thousands of either. */
export interface Contacts {
  /** Where there is exactly one. */
  only?: ContactEntry
  byUserId: ReadonlyMap<string, ContactEntry>
  byWaId: ReadonlyMap<string, ContactEntry>
}

export const noContacts: Contacts = { byUserId: new Map(), byWaId: new Map() }

/** What is not an object is passed over: it names nobody. Of two with the same id the first counts. */
export function readContacts(value: unknown): Contacts {
  const entries = list(member(value, 'contacts')).flatMap((item) => readContact(record(item)) ?? [])
  const byUserId = new Map<string, ContactEntry>()
  const byWaId = new Map<string, ContactEntry>()
  for (const entry of entries) {
    if (entry.userId !== undefined && !byUserId.has(entry.userId)) byUserId.set(entry.userId, entry)
    if (entry.waId !== undefined && !byWaId.has(entry.waId)) byWaId.set(entry.waId, entry)
  }
  return { byUserId, byWaId, ...(entries.length === 1 ? { only: entries[0] } : {}) }
}

const readContact = (item: Json | undefined): ContactEntry | undefined => {
  if (!item) return undefined
  const profile = member(item, 'profile')
  return {
    waId: identityText(member(item, 'wa_id')),
    userId: identityText(member(item, 'user_id')),
    parentUserId: identityText(member(item, 'parent_user_id')),
    name: nameText(member(profile, 'name')),
    username: nameText(member(profile, 'username')),
  }
}

/** Who has no id at all is the only contact there is; a contact with other ids says nothing about them. */
export function contactOf({ waId, userId }: Ids, contacts: Contacts): ContactEntry | undefined {
  if (waId === undefined && userId === undefined) return contacts.only
  const byUser = userId === undefined ? undefined : contacts.byUserId.get(userId)
  const byPhone = waId === undefined ? undefined : contacts.byWaId.get(waId)
  // The same phone under another user id was somebody else's before.
  return byUser ?? (userId === undefined || byPhone?.userId === undefined ? byPhone : undefined)
}

/** The person of a message or status, with what the matching contact adds. */
export function personOf(ids: Ids, contacts: Contacts): Person | undefined {
  const contact = contactOf(ids, contacts)
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
