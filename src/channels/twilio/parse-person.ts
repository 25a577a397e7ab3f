/** Whose a message is. On WhatsApp a person may have a number, an id of their own for this business, or both. */
import { cut, id } from '../../kernel/read.ts'
import type { Person, PersonIdentity } from '../../ports/channel.ts'
import type { Form } from './signature.ts'

/** Limits of contact_identities.value and contacts.name. Characters. */
const maxIdentity = 256
const maxName = 512

const prefix = 'whatsapp:'
const number = /^\+[1-9]\d{5,19}$/
/** `US.13491208655302741918`: two letters of the country and what tells the person apart. */
const scopedId = /^[A-Z]{2}\.[A-Za-z0-9._-]{1,200}$/

/** `address`: theirs, From of what came and To of what went out. undefined: there is none. */
export function personAt(address: string | undefined, form: Form): Person | undefined {
  const stated = id(address, maxIdentity)
  if (stated === undefined) return undefined
  return stated.startsWith(prefix) ? onWhatsApp(stated.slice(prefix.length), form) : onPhone(stated)
}

/** A short code or the name of a sender is no phone number, and is kept all the same. */
function onPhone(address: string): Person {
  return number.test(address)
    ? { identities: [{ kind: 'phone', value: address, scope: '' }], phone: address }
    : { identities: [{ kind: 'external', value: address, scope: '' }] }
}

/** The id first: the number behind it may be hidden, changed, or given to somebody else. */
function onWhatsApp(address: string, form: Form): Person | undefined {
  const stated = form.get('ExternalUserId')?.[0] ?? ''
  const own = stated.startsWith(prefix) ? stated.slice(prefix.length) : ''
  // One that does not look like an id says nothing; it is kept with the message's metadata.
  const userId = [own, address].find((one) => scopedId.test(one))
  const phone = number.test(address) ? address : phoneOf(form.get('WaId')?.[0])
  const identities: PersonIdentity[] = []
  if (userId !== undefined) identities.push({ kind: 'bsuid', value: userId, scope: 'portfolio' })
  if (phone !== undefined) identities.push({ kind: 'wa_id', value: phone.slice(1), scope: '' })
  if (identities.length === 0 && address !== '') identities.push({ kind: 'external', value: address, scope: 'portfolio' })
  if (identities.length === 0) return undefined
  const name = form.get('ProfileName')?.[0]?.trim()
  return { identities, ...(name ? { name: cut(name, maxName) } : {}), ...(phone === undefined ? {} : { phone }) }
}

const phoneOf = (waId: string | undefined): string | undefined => (waId && /^\d{6,20}$/.test(waId) ? `+${waId}` : undefined)

/** Where somebody is written to on a channel: the best of what is known of them. undefined: nowhere. */
export function addressOf(channel: 'sms' | 'whatsapp', to: readonly PersonIdentity[]): string | undefined {
  const value = (kind: PersonIdentity['kind']): string | undefined => to.find((one) => one.kind === kind)?.value
  const waId = value('wa_id')
  const phone = [value('phone'), waId === undefined ? undefined : `+${waId}`].find(
    (one) => one !== undefined && number.test(one),
  )
  if (channel === 'sms') return phone ?? to.find((one) => one.kind === 'external' && /^\d{3,8}$/.test(one.value))?.value
  const known = waId === undefined ? (value('bsuid') ?? phone) : phone
  return known === undefined ? undefined : prefix + known
}
