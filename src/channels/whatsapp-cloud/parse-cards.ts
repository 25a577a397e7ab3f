/** Contact cards that a customer shared. */
import { type Json, list, member, present, record, string } from '../../kernel/read.ts'

export interface Card extends Json {
  name: string
}

/** Undefined where it is no list of cards. A card without any name is called by its organisation or phone. */
export function readCards(value: unknown): Card[] | undefined {
  const cards = list(value).filter((item) => record(item) !== undefined)
  return cards.length === 0 ? undefined : cards.map(card)
}

function card(item: unknown): Card {
  const organisation = string(member(member(item, 'org'), 'company'))
  const phones = list(member(item, 'phones')).flatMap(phone)
  const name = fullName(member(item, 'name')) ?? organisation ?? phones[0]?.phone ?? ''
  const rest = { organisation, birthday: string(member(item, 'birthday')), origin: string(member(item, 'origin')) }
  return {
    name,
    ...present(rest),
    phones,
    emails: list(member(item, 'emails')).flatMap((entry) => typed(entry, 'email')),
    urls: list(member(item, 'urls')).flatMap((entry) => typed(entry, 'url')),
    addresses: list(member(item, 'addresses')).flatMap(address),
  }
}

function fullName(name: unknown): string | undefined {
  const parts = ['prefix', 'first_name', 'middle_name', 'last_name', 'suffix'].map((key) => string(member(name, key)))
  return string(member(name, 'formatted_name')) ?? (parts.filter((part) => part !== undefined).join(' ') || undefined)
}

function phone(entry: unknown): (Json & { phone: string })[] {
  const waId = string(member(entry, 'wa_id'))
  const number = string(member(entry, 'phone')) ?? waId
  return number === undefined ? [] : [{ phone: number, ...present({ type: string(member(entry, 'type')), waId }) }]
}

function typed(entry: unknown, key: 'email' | 'url'): Json[] {
  const value = string(member(entry, key))
  return value === undefined ? [] : [present({ [key]: value, type: string(member(entry, 'type')) })]
}

function address(entry: unknown): Json[] {
  const parts = ['street', 'zip', 'city', 'state', 'country'].map((key) => string(member(entry, key)))
  const text = parts.filter((part) => part !== undefined).join(', ')
  return text === '' ? [] : [present({ text, type: string(member(entry, 'type')) })]
}
