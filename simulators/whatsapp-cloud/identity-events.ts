import { contactOf, customerByPhone, customerOf, userIdOf } from './customers.ts'
import { displayDigits, metadataOf, numberOf, wabaOf } from './numbers.ts'
import { addMessage, newWamid } from './threads.ts'
import type { BusinessNumber, Customer, Json } from './types.ts'
import { emitChange } from './webhooks.ts'
import { unixSeconds, type World } from './world.ts'

/** Numbers this customer has a chat with: those hear of changes. */
function knownBy(world: World, customer: Customer): BusinessNumber[] {
  return [...world.threads.values()]
    .filter((thread) => thread.customerId === customer.id)
    .map((thread) => numberOf(world, thread.phoneNumberId))
}

function emitSystem(
  world: World,
  number: BusinessNumber,
  from: string | undefined,
  userId: string,
  system: Json,
  recipient: string,
): void {
  const message = {
    ...(from === undefined ? {} : { from }),
    from_user_id: userId,
    id: newWamid(world, from ?? displayDigits(number)),
    timestamp: unixSeconds(world.clock.now()),
    type: 'system',
    system,
  }
  emitChange(world, {
    wabaId: number.wabaId,
    number,
    field: 'messages',
    value: { messaging_product: 'whatsapp', metadata: metadataOf(number), messages: [message] },
    about: { recipient, type: 'system' },
  })
}

function emitUserIdUpdate(world: World, number: BusinessNumber, customer: Customer, previous: string): void {
  const current = userIdOf(customer, wabaOf(world, number).portfolioId)
  const update = {
    ...(customer.numberHidden ? {} : { wa_id: customer.waId }),
    detail: 'The user changed their phone number.',
    user_id: { previous, current },
    timestamp: unixSeconds(world.clock.now()),
  }
  emitChange(world, {
    wabaId: number.wabaId,
    number,
    field: 'user_id_update',
    value: {
      messaging_product: 'whatsapp',
      metadata: metadataOf(number),
      contacts: [contactOf(world, number, customer)],
      user_id_update: [update],
    },
    about: { recipient: customer.phone, type: 'user_id_update' },
  })
}

/** The customer moves to a new phone number: every business with a chat gets a system message and the new user id. */
export function changeNumber(world: World, customerKey: string, newPhone: string): Customer {
  const customer = customerOf(world, customerKey)
  const phone = newPhone.replace(/\D/g, '')
  if (customerByPhone(world, phone)) throw new Error(`The simulator already has a customer with the phone ${phone}.`)
  const oldWaId = customer.waId
  const numbers = knownBy(world, customer)
  const previous = numbers.map((number) => userIdOf(customer, wabaOf(world, number).portfolioId))
  customer.phone = phone
  customer.waId = phone
  numbers.forEach((number, index) => {
    const previousId = previous[index] as string
    const shown = customer.numberHidden ? undefined : oldWaId
    const body = `User ${customer.name} changed${shown === undefined ? '' : ` from ${oldWaId} to ${phone}`}`
    const userId = userIdOf(customer, wabaOf(world, number).portfolioId)
    const newId = customer.numberHidden ? {} : { wa_id: phone }
    emitSystem(world, number, shown, previousId, { body, ...newId, user_id: userId, type: 'user_changed_number' }, phone)
    emitUserIdUpdate(world, number, customer, previousId)
  })
  return customer
}

/** The customer takes a username and hides the number: only the user id and the username are told from now on. */
export function adoptUsername(world: World, customerKey: string, username: string): Customer {
  const customer = customerOf(world, customerKey)
  customer.username = username
  customer.numberHidden = true
  return customer
}

/** The customer shares the number again (by answering a contact request, say). */
export function shareNumber(world: World, customerKey: string): Customer {
  const customer = customerOf(world, customerKey)
  customer.numberHidden = false
  return customer
}

/** The customer stops or resumes marketing of one number: later marketing templates fail with 131050 while stopped. */
export function setMarketingPreference(
  world: World,
  customerKey: string,
  phoneNumberId: string,
  value: 'stop' | 'resume',
): void {
  const customer = customerOf(world, customerKey)
  const number = numberOf(world, phoneNumberId)
  if (value === 'stop') customer.marketingStopped.add(phoneNumberId)
  else customer.marketingStopped.delete(phoneNumberId)
  const preference = {
    ...(customer.numberHidden ? {} : { wa_id: customer.waId }),
    user_id: userIdOf(customer, wabaOf(world, number).portfolioId),
    detail: value === 'stop' ? 'User requested to stop marketing messages' : 'User requested to resume marketing messages',
    category: 'marketing_messages',
    value,
    timestamp: Math.floor(world.clock.now() / 1000),
  }
  emitChange(world, {
    wabaId: number.wabaId,
    number,
    field: 'user_preferences',
    value: {
      messaging_product: 'whatsapp',
      metadata: metadataOf(number),
      contacts: [contactOf(world, number, customer)],
      user_preferences: [preference],
    },
    about: { recipient: customer.phone, type: 'user_preferences' },
  })
}

export type Echo = { phoneNumberId: string; to: string; text?: string; type?: string; payload?: unknown }

/** Somebody answers from the WhatsApp Business app on the phone: the server hears of it as an echo. Returns the wamid. */
export function businessAppSends(world: World, echo: Echo): string {
  const number = numberOf(world, echo.phoneNumberId)
  const customer = customerOf(world, echo.to)
  const type = echo.type ?? 'text'
  const id = newWamid(world, customer.waId)
  const content: Json = { [type]: echo.payload ?? { body: echo.text ?? '' } }
  const message = {
    from: displayDigits(number),
    ...(customer.numberHidden ? {} : { to: customer.waId }),
    to_user_id: userIdOf(customer, wabaOf(world, number).portfolioId),
    id,
    timestamp: unixSeconds(world.clock.now()),
    type,
    ...content,
  }
  addMessage(world, {
    id,
    type,
    content,
    phoneNumberId: echo.phoneNumberId,
    customerId: customer.id,
    direction: 'echo',
    at: world.clock.now(),
    reactions: {},
  })
  emitChange(world, {
    wabaId: number.wabaId,
    number,
    field: 'smb_message_echoes',
    value: {
      messaging_product: 'whatsapp',
      metadata: metadataOf(number),
      contacts: [contactOf(world, number, customer)],
      message_echoes: [message],
    },
    about: { recipient: customer.phone, type },
  })
  return id
}
