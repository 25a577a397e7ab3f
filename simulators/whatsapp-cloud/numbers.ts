import { GraphError, objectNotFound } from './graph-errors.ts'
import type { App, BusinessNumber, NumberInput, Waba } from './types.ts'
import type { World } from './world.ts'

export function addApp(world: World, app: App): App {
  world.apps.set(app.id, { ...app })
  return app
}

function ensureWaba(world: World, id: string, portfolioId: string | undefined): Waba {
  const existing = world.wabas.get(id)
  if (existing) return existing
  const waba: Waba = { id, portfolioId: portfolioId ?? id, subscriptions: new Map() }
  world.wabas.set(id, waba)
  return waba
}

/** Adds a number; its account is made when new and subscribed to the number's app. */
export function addNumber(world: World, input: NumberInput): BusinessNumber {
  const { portfolioId, ...rest } = input
  const number: BusinessNumber = {
    country: 'US',
    tier: 'TIER_UNLIMITED',
    throughputPerSecond: 80,
    qualityRating: 'GREEN',
    registered: true,
    ...rest,
    profile: { about: '', messaging_product: 'whatsapp' },
    blocked: new Set(),
  }
  const waba = ensureWaba(world, input.wabaId, portfolioId)
  if (!waba.subscriptions.has(input.appId)) waba.subscriptions.set(input.appId, undefined)
  world.numbers.set(number.phoneNumberId, number)
  return number
}

/** Digits of the display number: what webhooks carry in `metadata.display_phone_number`. */
export const displayDigits = (number: BusinessNumber) => number.displayPhoneNumber.replace(/\D/g, '')

export function metadataOf(number: BusinessNumber) {
  return { display_phone_number: displayDigits(number), phone_number_id: number.phoneNumberId }
}

export function numberOf(world: World, phoneNumberId: string): BusinessNumber {
  const number = world.numbers.get(phoneNumberId)
  if (!number) throw new Error(`The simulator has no number ${phoneNumberId}; add it with addNumber.`)
  return number
}

export function wabaOf(world: World, number: BusinessNumber): Waba {
  return world.wabas.get(number.wabaId) as Waba
}

/** A token answers with 190 from now on; `setAccessToken` gives the number a new one. */
export function expireToken(world: World, phoneNumberId: string): void {
  world.expiredTokens.add(numberOf(world, phoneNumberId).accessToken)
}

export function setAccessToken(world: World, phoneNumberId: string, accessToken: string): void {
  numberOf(world, phoneNumberId).accessToken = accessToken
  world.expiredTokens.delete(accessToken)
}

/** Reads `Authorization: Bearer …` (or OAuth, as uploads do) and returns a token some number has. Throws 190. */
export function authenticate(world: World, authorization: string | undefined): string {
  const token = /^(?:Bearer|OAuth)\s+(\S+)$/i.exec(authorization ?? '')?.[1]
  if (!token) throw new GraphError(190, { message: 'An access token is required to request this resource.', subcode: 458 })
  if (world.expiredTokens.has(token)) {
    throw new GraphError(190, { message: 'Error validating access token: Session has expired.', subcode: 463 })
  }
  if (![...world.numbers.values()].some((number) => number.accessToken === token)) throw new GraphError(190)
  return token
}

type Method = 'get' | 'post' | 'delete'

export function visibleNumber(world: World, token: string, id: string): BusinessNumber | undefined {
  const number = world.numbers.get(id)
  return number?.accessToken === token ? number : undefined
}

export function visibleWaba(world: World, token: string, id: string): Waba | undefined {
  const mine = [...world.numbers.values()].some((number) => number.wabaId === id && number.accessToken === token)
  return mine ? world.wabas.get(id) : undefined
}

/** Throws 100/33, as for any object the token cannot see. */
export function requireNumber(world: World, token: string, id: string, method: Method): BusinessNumber {
  const number = visibleNumber(world, token, id)
  if (!number) throw objectNotFound(id, method)
  return number
}

export function requireWaba(world: World, token: string, id: string, method: Method): Waba {
  const waba = visibleWaba(world, token, id)
  if (!waba) throw objectNotFound(id, method)
  return waba
}
