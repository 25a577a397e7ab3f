/** What people ask for with numbers. Each is one transaction; the worker does the rest, and goes on where it was stopped. */
import { appendEvent } from '../conversations/feed.ts'
import { notFound, ParleyError } from '../kernel/errors.ts'
import { inTenant, type Tx } from '../platform/db/tx.ts'
import type { NumberKind } from '../ports/number-seller.ts'
import { audit, type By } from '../tenancy/audit.ts'
import { requireNotDeleted } from '../tenancy/tenant-life.ts'
import { type NumberDeps, timeOf } from './deps.ts'
import { keepProvider, type Provider, refusal, requireProvider } from './provider.ts'
import { areaCodeOf } from './rules.ts'
import { type Offer, priceOf } from './search.ts'
import * as store from './store.ts'

export interface Wanted {
  number: string
  country: string
  kind: NumberKind
  name?: string | undefined
  addressSid?: string | undefined
  bundleSid?: string | undefined
  /** What whoever buys it was told that it costs; another price is refused. */
  agreed?: { monthlyCents: number; currency: string } | undefined
  idempotencyKey?: string | undefined
}

export async function provision(deps: NumberDeps, by: By, tenantId: string, wanted: Wanted): Promise<store.NumberRow> {
  const ready = await inTenant(deps.db, tenantId, async (tx) => {
    const limit = await store.lockLimit(tx)
    const same = await sameAsked(tx, wanted)
    if (same) return same
    await requireRoom(tx, limit, wanted.number)
    return await requireProvider(tx, deps)
  })
  if ('id' in ready) return ready
  const offer = await stillOffered(deps, ready, wanted)
  const row = await inTenant(deps.db, tenantId, async (tx) => {
    // From here on whoever asks at the same moment waits.
    const limit = await store.lockLimit(tx)
    const same = await sameAsked(tx, wanted)
    if (same) return same
    const slot = await requireRoom(tx, limit, wanted.number)
    const { app_slug } = ready.kept ?? (await keepProvider(tx, deps, ready.access))
    const hooks = deps.hooks(app_slug)
    const made = await store.addNumber(tx, {
      ...{ slot, phone_number: wanted.number, friendly_name: wanted.name ?? wanted.number },
      ...{ area_code: areaCodeOf(wanted.number), region: offer.region, country: offer.country, number_type: wanted.kind },
      ...{ capabilities: offer.abilities, account_sid: ready.access.accountSid },
      ...{ address_sid: wanted.addressSid ?? null, bundle_sid: wanted.bundleSid ?? null },
      ...{ voice_webhook_url: hooks.voice, sms_webhook_url: hooks.texts, status_callback_url: hooks.voiceStatus },
      ...{ monthly_price_cents: offer.price?.monthlyCents ?? null, currency: offer.price?.currency ?? 'USD' },
      ...{ idempotency_key: wanted.idempotencyKey ?? null, requested_by: by.label, due_at: timeOf(deps) },
    })
    await tell(tx, by, made)
    await audit(tx, by, {
      action: 'number.provisioned',
      subject: { type: 'number', id: made.id },
      changes: { number: wanted.number, monthlyCents: made.monthly_price_cents, currency: made.currency },
    })
    await requireNotDeleted(tx)
    return made
  })
  deps.changed(tenantId)
  deps.wake()
  return row
}

/** Asked again with the same key it is the same number. */
async function sameAsked(tx: Tx, { idempotencyKey, number }: Wanted): Promise<store.NumberRow | undefined> {
  const row = idempotencyKey === undefined ? undefined : await store.findByKey(tx, idempotencyKey)
  if (row && row.phone_number !== number)
    throw new ParleyError('idempotency_mismatch', 'This idempotency key was used for another number.')
  return row
}

/** The first place that is free. */
async function requireRoom(tx: Tx, limit: number, number: string): Promise<number> {
  const taken = await store.takenPlaces(tx)
  if (taken.some((one) => one.phone_number === number))
    throw new ParleyError('number_taken', `${number} is among the numbers of this business already.`)
  const slots = new Set(taken.map(({ slot }) => slot))
  // Those beyond a limit that was lowered count, though a lower place is free.
  if (taken.length < limit) for (let slot = 1; slot <= limit; slot++) if (!slots.has(slot)) return slot
  throw new ParleyError(
    'number_limit',
    limit === 1
      ? 'This business has a number already, and may have one. Release that one first, or ask whoever runs this server to allow more.'
      : `This business has ${taken.length} numbers already, and may have ${limit}. Release one first, or ask whoever runs this server to allow more.`,
    { limit },
  )
}

/** What is sold already is refused before anything is kept; what is sold between this and the purchase, by the worker. */
async function stillOffered(deps: NumberDeps, { access }: Provider, wanted: Wanted): Promise<Offer> {
  const { number, country, kind, agreed } = wanted
  const query = { country, kind, contains: number.replace(/\D/g, ''), needs: [], limit: 20 }
  const [found, price] = await Promise.all([deps.seller.search(access, query), priceOf(deps, access, { country, kind })])
  if (found.outcome !== 'done') throw refusal(found)
  const offer = found.value.find((one) => one.number === number)
  if (!offer) throw new ParleyError('number_gone', `${number} is not for sale any more. Search again and choose another one.`)
  if (agreed && (price?.monthlyCents !== agreed.monthlyCents || price.currency !== agreed.currency))
    throw new ParleyError('conflict', 'The price has changed meanwhile. Search again to see what it is now.', { price })
  return { ...offer, price }
}

async function requireNumber(tx: Tx, id: string): Promise<store.NumberRow> {
  const row = await store.lockNumber(tx, id)
  if (!row) throw notFound('The number')
  return row
}

export async function tell(tx: Tx, by: Pick<By, 'label'>, { id, status }: store.NumberRow): Promise<void> {
  await appendEvent(tx, { type: 'number.updated', actor: by.label, data: { numberId: id, status } })
}

const suspendedText = 'This number is suspended. What comes in is kept; what is written waits until the number is resumed.'
const releasedText = 'This number is being released.'

/** It sends and answers nothing; what comes in is kept. */
export async function suspend(deps: NumberDeps, by: By, tenantId: string, id: string): Promise<store.NumberRow> {
  const row = await inTenant(deps.db, tenantId, async (tx) => {
    const before = await requireNumber(tx, id)
    if (before.status === 'suspended' && before.wanted === 'suspended') return before
    if (before.status !== 'active' || before.wanted !== 'active' || !before.channel_account_id)
      throw new ParleyError('conflict', 'Only a number that is active can be suspended.')
    await store.holdAccount(tx, before.channel_account_id, suspendedText)
    const after = await store.setNumber(tx, id, { status: 'suspended', wanted: 'suspended' })
    await tellAll(tx, by, after, 'number.suspended')
    return after
  })
  deps.changed(tenantId)
  return row
}

export async function resume(deps: NumberDeps, by: By, tenantId: string, id: string): Promise<store.NumberRow> {
  const row = await inTenant(deps.db, tenantId, async (tx) => {
    const before = await requireNumber(tx, id)
    if (before.status === 'active' && before.wanted === 'active') return before
    if (before.status !== 'suspended' || before.wanted !== 'suspended' || !before.channel_account_id)
      throw new ParleyError('conflict', 'Only a number that is suspended can be resumed.')
    await store.holdAccount(tx, before.channel_account_id, null)
    const after = await store.setNumber(tx, id, { status: 'active', wanted: 'active' })
    await tellAll(tx, by, after, 'number.resumed')
    return after
  })
  deps.changed(tenantId)
  deps.wakeDispatch()
  return row
}

/** At any time, also while it is being bought. Asked again it is the same. */
export async function release(deps: NumberDeps, by: By, tenantId: string, id: string): Promise<store.NumberRow> {
  const row = await inTenant(deps.db, tenantId, async (tx) => {
    const before = await requireNumber(tx, id)
    if (before.wanted === 'released') return before
    if (before.account_sid === null)
      throw new ParleyError('conflict', 'This number was not bought here. Give it back in the console of its provider.')
    if (before.channel_account_id) await store.holdAccount(tx, before.channel_account_id, releasedText)
    const asked = { wanted: 'released', due_at: timeOf(deps), attempts: 0, waiting_for: null, waiting_since: null } as const
    const after = await store.setNumber(tx, id, { ...asked, status_reason: `Released by ${by.name}.` })
    await tellAll(tx, by, after, 'number.released')
    return after
  })
  deps.changed(tenantId)
  deps.wake()
  return row
}

/** What waits is tried at once. */
export async function tryNow(deps: NumberDeps, by: By, tenantId: string, id: string): Promise<store.NumberRow> {
  const row = await inTenant(deps.db, tenantId, async (tx) => {
    const before = await requireNumber(tx, id)
    if (before.due_at === null) return before
    const after = await store.setNumber(tx, id, { due_at: timeOf(deps) })
    await tell(tx, by, after)
    return after
  })
  deps.changed(tenantId)
  deps.wake()
  return row
}

async function tellAll(tx: Tx, by: By, row: store.NumberRow, action: string): Promise<void> {
  await tell(tx, by, row)
  await appendEvent(tx, { type: 'account.updated', actor: by.label, data: { accountId: row.channel_account_id } })
  await audit(tx, by, { action, subject: { type: 'number', id: row.id }, changes: { number: row.phone_number } })
}
