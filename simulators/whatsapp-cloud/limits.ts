import { GraphError } from './graph-errors.ts'
import type { BusinessNumber } from './types.ts'
import { dayMs, hourMs, type World } from './world.ts'

// One message per 6 s to one user, with a burst of 45 borrowed from the future (Meta, "Pair rate limits").
const pairIntervalMs = 6000
const pairBurst = 45
// Beyond this many pairs the ones whose debt is paid are forgotten.
const keepPairs = 100_000

/** Throws 131056 when this number wrote to this user too fast. */
export function spendPairRate(world: World, number: BusinessNumber, recipient: string): void {
  const { pair } = world.limits
  const now = world.clock.now()
  const key = `${number.phoneNumberId}:${recipient}`
  const paidUntil = Math.max(pair.get(key) ?? 0, now)
  if (paidUntil - now > (pairBurst - 1) * pairIntervalMs) {
    throw new GraphError(131056, {
      details:
        'Message failed to send because there were too many messages sent from this phone number to the same phone number in a short period of time.',
    })
  }
  pair.set(key, paidUntil + pairIntervalMs)
  if (pair.size > keepPairs) for (const [old, until] of pair) if (until <= now) pair.delete(old)
}

function recent(stamps: number[] | undefined, since: number): number[] {
  return (stamps ?? []).filter((stamp) => stamp > since)
}

function usageHeader(id: string, type: string, minutes: number): Record<string, string> {
  const usage = { type, call_count: 100, total_cputime: 25, total_time: 25, estimated_time_to_regain_access: minutes }
  return { 'X-Business-Use-Case-Usage': JSON.stringify({ [id]: [usage] }) }
}

/** Header that comes with a limit error forced by a fault. */
export const limitHeaders = (id: string) => usageHeader(id, 'whatsapp', 1)

/** Throws 130429 over the number's messages a second. */
export function spendThroughput(world: World, number: BusinessNumber): void {
  const now = world.clock.now()
  const stamps = recent(world.limits.second.get(number.phoneNumberId), now - 1000)
  if (stamps.length >= number.throughputPerSecond) {
    throw new GraphError(130429, {
      details:
        'Message failed to send because there were too many messages sent from this phone number in a short period of time.',
      headers: usageHeader(number.wabaId, 'messages', 0),
    })
  }
  stamps.push(now)
  world.limits.second.set(number.phoneNumberId, stamps)
}

/** Throws 80007 over the account's management calls an hour. */
export function spendManagementCall(world: World, wabaId: string): void {
  const now = world.clock.now()
  const stamps = recent(world.limits.hour.get(wabaId), now - hourMs)
  if (stamps.length >= world.settings.managementCallsPerHour) {
    const minutes = Math.max(1, Math.ceil(((stamps[0] ?? now) + hourMs - now) / 60_000))
    throw new GraphError(80007, { subcode: 2446079, headers: usageHeader(wabaId, 'whatsapp', minutes) })
  }
  stamps.push(now)
  world.limits.hour.set(wabaId, stamps)
}

const tierLimits: Record<string, number> = {
  TIER_50: 50,
  TIER_250: 250,
  TIER_1K: 1000,
  TIER_2K: 2000,
  TIER_10K: 10_000,
  TIER_100K: 100_000,
}

/**
 * Counts a conversation the business opens (a template outside the window). False when the portfolio's tier is used up:
 * so many different users within 24 h, however often each.
 */
export function spendTier(world: World, number: BusinessNumber, recipient: string): boolean {
  const portfolioId = world.wabas.get(number.wabaId)?.portfolioId ?? number.wabaId
  const opened = world.limits.opened.get(portfolioId) ?? new Map<string, number>()
  world.limits.opened.set(portfolioId, opened)
  const now = world.clock.now()
  for (const [user, at] of opened) if (at <= now - dayMs) opened.delete(user)
  const limit = tierLimits[number.tier]
  if (limit !== undefined && !opened.has(recipient) && opened.size >= limit) return false
  if (!opened.has(recipient)) opened.set(recipient, now)
  return true
}
