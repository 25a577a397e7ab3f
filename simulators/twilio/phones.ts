import type { Phone } from './types.ts'
import type { World } from './world.ts'

export type PhoneInput = Partial<Omit<Phone, 'number'>> & { number: string }

export function addPhone(world: World, input: PhoneInput): Phone {
  const { number, ...given } = input
  const phone: Phone = {
    number,
    name: number,
    online: true,
    landline: false,
    whatsApp: true,
    numberHidden: false,
    reads: false,
    ...world.phones.get(number),
    ...given,
  }
  world.phones.set(number, phone)
  return phone
}

/** Strangers have a phone too. */
export const phoneOf = (world: World, number: string): Phone => world.phones.get(number) ?? addPhone(world, { number })

/** The address of a phone on a channel, and back. */
export const isWhatsApp = (address: string): boolean => address.startsWith('whatsapp:')
export const numberOf = (address: string): string => address.replace(/^whatsapp:/, '')

/** Whoever hides the number is addressed by their id. */
export const phoneAt = (world: World, address: string): Phone => {
  const id = numberOf(address)
  return [...world.phones.values()].find((phone) => phone.bsuid === id) ?? phoneOf(world, id)
}

export const customerAddress = (phone: Phone, channel: 'sms' | 'whatsapp'): string =>
  channel === 'sms' ? phone.number : `whatsapp:${phone.numberHidden && phone.bsuid ? phone.bsuid : phone.number}`
