/** What is free of people's time. */
import { ParleyError } from '../kernel/errors.ts'
import type { Tx } from '../platform/db/tx.ts'
import { readBusiness } from '../tenancy/business.ts'
import type { AskSlots, Slots } from './schema.ts'
import { dayAfter, dayIn, daysThere, freeStarts, leastAheadMs, nearest, openTimes, type Stretch } from './slots.ts'
import { bookable } from './staff.ts'
import { busyTimes } from './times.ts'

export async function freeSlots(tx: Tx, asked: AskSlots, now: Date): Promise<Slots> {
  const { timezone, hours } = await readBusiness(tx)
  const from = asked.from ?? dayIn(timezone, now)
  const staffIds = await bookable(tx, asked.staffId)
  const lengthMs = asked.minutes * 60_000
  const days = daysThere(timezone, from, asked.days)
  const between = { from: Math.max(days.from, now.getTime() + leastAheadMs), to: days.to }
  const open = openTimes(hours, timezone, from, asked.days)
  const until = new Date(days.to + lengthMs)
  const busy = between.from < between.to ? await busyTimes(tx, staffIds, new Date(between.from), until, now) : []
  const taken = new Map<string, Stretch[]>(staffIds.map((id) => [id, []]))
  for (const one of busy) taken.get(one.staff_id)?.push({ from: one.starts_at.getTime(), to: one.ends_at.getTime() })
  const free = new Map<number, string[]>()
  for (const [id, theirs] of taken)
    for (const at of freeStarts(open, theirs, { lengthMs, between })) {
      const also = free.get(at)
      if (also) also.push(id)
      else free.set(at, [id])
    }
  const items = [...free]
    .sort(([a], [b]) => a - b)
    .map(([at, ids]) => ({ startsAt: iso(at), endsAt: iso(at + lengthMs), staffIds: ids }))
  return { timezone, from, days: asked.days, minutes: asked.minutes, items }
}

const iso = (at: number): string => new Date(at).toISOString()

/** Offered in the place of a time that is taken. */
const mostNearby = 3

/** The same words, with times near it that are free with the same person. */
export async function withNearby(tx: Tx, error: ParleyError, now: Date): Promise<ParleyError> {
  const wanted = error.details as { staffId: string; startsAt: string; endsAt: string }
  const { timezone } = await readBusiness(tx)
  const [from, to] = [Date.parse(wanted.startsAt), Date.parse(wanted.endsAt)]
  const day = dayAfter(dayIn(timezone, new Date(from)), -1)
  const asked = { from: day, days: 3, minutes: (to - from) / 60_000, staffId: wanted.staffId }
  const { items } = await freeSlots(tx, asked, now)
  const nearby = nearest(
    items.map((one) => Date.parse(one.startsAt)),
    from,
    mostNearby,
  ).map(iso)
  return new ParleyError(error.code, error.message, { ...wanted, nearby })
}
