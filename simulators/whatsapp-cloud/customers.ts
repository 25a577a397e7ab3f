import { createHash } from 'node:crypto'
import { displayDigits, numberOf, wabaOf } from './numbers.ts'
import type { BusinessNumber, Customer, CustomerInput, Json } from './types.ts'
import type { World } from './world.ts'

// Enough of the numbering plan to give user ids a believable country; others count as US.
const countryByPrefix: [string, string][] = [
  ['7', 'RU'],
  ['27', 'ZA'],
  ['31', 'NL'],
  ['33', 'FR'],
  ['34', 'ES'],
  ['39', 'IT'],
  ['44', 'GB'],
  ['49', 'DE'],
  ['52', 'MX'],
  ['54', 'AR'],
  ['55', 'BR'],
  ['62', 'ID'],
  ['90', 'TR'],
  ['91', 'IN'],
  ['971', 'AE'],
  ['972', 'IL'],
]

const countryOf = (phone: string) => countryByPrefix.find(([prefix]) => phone.startsWith(prefix))?.[1] ?? 'US'
const digitsOf = (text: string) => text.replace(/\D/g, '')

/** Adds a customer with WhatsApp. `phone` in any notation; throws when the simulator knows it already. */
export function addCustomer(world: World, input: CustomerInput): Customer {
  const phone = digitsOf(input.phone)
  if (phone.length < 5) throw new Error(`"${input.phone}" is not a phone number.`)
  const id = input.id ?? phone
  if (world.customers.has(id)) throw new Error(`The simulator already has a customer ${id}.`)
  const customer: Customer = {
    id,
    phone,
    waId: input.waId ?? phone,
    name: input.name ?? `+${phone}`,
    country: input.country ?? countryOf(phone),
    username: input.username,
    numberHidden: input.numberHidden ?? false,
    readReceipts: input.readReceipts ?? true,
    autoRead: input.autoRead ?? world.settings.autoRead,
    online: input.online ?? true,
    blocked: new Set(),
    marketingStopped: new Set(),
  }
  world.customers.set(id, customer)
  return customer
}

/** By id, phone or WhatsApp id. */
export function customerByPhone(world: World, phone: string): Customer | undefined {
  const digits = digitsOf(phone)
  const direct = world.customers.get(digits)
  if (direct && (direct.phone === digits || direct.waId === digits)) return direct
  for (const customer of world.customers.values()) {
    if (customer.phone === digits || customer.waId === digits) return customer
  }
  return undefined
}

export function customerByUserId(world: World, portfolioId: string, userId: string): Customer | undefined {
  for (const customer of world.customers.values()) {
    if (userIdOf(customer, portfolioId) === userId) return customer
  }
  return undefined
}

export function customerOf(world: World, key: string): Customer {
  const customer = world.customers.get(key) ?? customerByPhone(world, key)
  if (!customer) throw new Error(`The simulator has no customer ${key}; add it with addCustomer.`)
  return customer
}

/**
 * The business-scoped user id: `CC.` and 20 digits. It differs per portfolio and changes with the phone number.
 */
export function userIdOf(customer: Customer, portfolioId: string): string {
  const digest = createHash('sha256').update(`${portfolioId}:${customer.id}:${customer.phone}`).digest()
  const digits = (digest.readBigUInt64BE(0) % 10n ** 19n).toString().padStart(19, '0')
  return `${customer.country}.1${digits}`
}

/** How a customer appears in messages and statuses: the phone is left out once it is hidden. */
export function identityOf(world: World, number: BusinessNumber, customer: Customer) {
  const userId = userIdOf(customer, wabaOf(world, number).portfolioId)
  return { waId: customer.numberHidden ? undefined : customer.waId, userId }
}

/** `contacts[0]` of a webhook. Statuses before `delivered` do not carry the username. */
export function contactOf(world: World, number: BusinessNumber, customer: Customer, options = { username: true }): Json {
  const { waId, userId } = identityOf(world, number, customer)
  const username = options.username ? customer.username : undefined
  return {
    profile: { name: customer.name, ...(username === undefined ? {} : { username }) },
    ...(waId === undefined ? {} : { wa_id: waId }),
    user_id: userId,
  }
}

export type CustomerChange = Partial<
  Pick<Customer, 'name' | 'readReceipts' | 'autoRead' | 'online' | 'username' | 'numberHidden'>
>

/** What the business and the customer block. */
export function setBlocked(world: World, customerKey: string, phoneNumberId: string, blocked: boolean): void {
  const customer = customerOf(world, customerKey)
  numberOf(world, phoneNumberId)
  if (blocked) customer.blocked.add(phoneNumberId)
  else customer.blocked.delete(phoneNumberId)
}

/** Meta answers 131021 when a number writes to itself. */
export const isOwnNumber = (number: BusinessNumber, to: string) => digitsOf(to) === displayDigits(number)
