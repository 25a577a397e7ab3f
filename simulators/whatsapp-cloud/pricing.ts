import { windowIsOpen } from './threads.ts'
import type { Json, Template, Thread } from './types.ts'
import { unixSeconds, type World } from './world.ts'

/** `pricing` of a send's first receipt (per message since July 2025) and, for a free entry point, its `conversation`. */
export function sendPricing(
  world: World,
  thread: Thread,
  template: Template | undefined,
): { pricing: Json; conversation?: Json } {
  const category = template ? template.category.toLowerCase() : 'service'
  const freeUntil = thread.freeEntryUntil
  if (freeUntil !== undefined && freeUntil >= world.clock.now()) {
    return {
      pricing: { billable: false, pricing_model: 'PMP', type: 'free_entry_point', category: 'referral_conversion' },
      conversation: {
        id: world.random.ids.hex(32),
        expiration_timestamp: unixSeconds(freeUntil),
        origin: { type: 'referral_conversion' },
      },
    }
  }
  const free = category === 'service' || (category === 'utility' && windowIsOpen(world, thread))
  return { pricing: { billable: !free, pricing_model: 'PMP', type: free ? 'free_customer_service' : 'regular', category } }
}
