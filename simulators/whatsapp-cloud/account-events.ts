import { displayDigits, metadataOf, numberOf } from './numbers.ts'
import type { Json } from './types.ts'
import { emitChange } from './webhooks.ts'
import type { World } from './world.ts'

export type QualityUpdate = { event: string; currentLimit?: string; oldLimit?: string; qualityRating?: string }

/** `phone_number_quality_update`; a current limit also becomes the number's tier. */
export function updateQuality(world: World, phoneNumberId: string, update: QualityUpdate): void {
  const number = numberOf(world, phoneNumberId)
  if (update.currentLimit) number.tier = update.currentLimit
  if (update.qualityRating) number.qualityRating = update.qualityRating
  emitChange(world, {
    wabaId: number.wabaId,
    number,
    field: 'phone_number_quality_update',
    value: {
      display_phone_number: displayDigits(number),
      event: update.event,
      current_limit: number.tier,
      ...(update.oldLimit === undefined ? {} : { old_limit: update.oldLimit }),
    },
  })
}

/** `account_update` with any of Meta's events and their details. */
export function updateAccount(world: World, wabaId: string, value: Json & { event: string }): void {
  emitChange(world, { wabaId, field: 'account_update', value })
}

/** Any other field: phone-scoped when `phoneNumberId` is given (metadata is added), else of the account. */
export type AnyEvent = { phoneNumberId?: string; wabaId?: string; field: string; value: Json }

export function emitAny(world: World, event: AnyEvent): void {
  const number = event.phoneNumberId === undefined ? undefined : numberOf(world, event.phoneNumberId)
  const wabaId = event.wabaId ?? number?.wabaId
  if (wabaId === undefined) throw new Error('An event needs a phoneNumberId or a wabaId.')
  const head = number ? { messaging_product: 'whatsapp', metadata: metadataOf(number) } : {}
  emitChange(world, { wabaId, number, field: event.field, value: { ...head, ...event.value } })
}
