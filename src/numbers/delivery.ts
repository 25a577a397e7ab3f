/** Where calls and texts of a number arrive: whether the provider still delivers them here, and setting it again where it does not. */
import { notFound, ParleyError } from '../kernel/errors.ts'
import { inTenant } from '../platform/db/tx.ts'
import type { NumberHooks } from '../ports/number-seller.ts'
import { audit, type By } from '../tenancy/audit.ts'
import { type NumberDeps, timeOf } from './deps.ts'
import { accessTo, type Provider } from './provider.ts'
import type { Delivery } from './schema.ts'
import * as store from './store.ts'
import { tell } from './verbs.ts'

interface There {
  row: store.NumberRow & { phone_number_sid: string }
  provider: Provider
  /** Where it should be delivered: PUBLIC_URL may have changed since it was set. */
  hooks: NumberHooks
}

const isThere = ({ status, wanted }: store.NumberRow): boolean =>
  status === wanted && (status === 'active' || status === 'suspended')

async function requireThere(deps: NumberDeps, tenantId: string, id: string): Promise<There> {
  return await inTenant(deps.db, tenantId, async (tx) => {
    const row = await store.findNumber(tx, id)
    if (!row) throw notFound('The number')
    if (row.account_sid === null || row.phone_number_sid === null || !isThere(row))
      throw new ParleyError('conflict', 'Only a number that was bought here and is set up can be checked or set again.')
    const provider = await accessTo(tx, deps.secrets, row.account_sid)
    if (!provider?.kept)
      throw new ParleyError(
        'no_number_provider',
        'What opens the account at Twilio is not here any more. Enter its SID and auth token.',
      )
    return { row: { ...row, phone_number_sid: row.phone_number_sid }, provider, hooks: deps.hooks(provider.kept.app_slug) }
  })
}

/** Asks the provider. */
export async function checkDelivery(deps: NumberDeps, tenantId: string, id: string): Promise<Delivery> {
  const { row, provider, hooks } = await requireThere(deps, tenantId, id)
  const told = await deps.seller.findHooks(provider.access, {
    ...{ numberSid: row.phone_number_sid, serviceSid: row.messaging_service_sid },
  })
  const at = timeOf(deps).toISOString()
  if (told.outcome !== 'done') return { state: 'unknown', at, text: told.text, items: [] }
  const found = told.value
  if (found === null) return { state: 'gone', at, text: null, items: [] }
  const items = [
    { what: 'calls' as const, should: hooks.voice, is: found.voice },
    { what: 'call_status' as const, should: hooks.voiceStatus, is: found.voiceStatus },
    { what: 'texts' as const, should: hooks.texts, is: found.texts },
  ].map((one) => ({ ...one, right: one.is === one.should }))
  return { state: found.inService && items.every(({ right }) => right) ? 'right' : 'wrong', at, text: null, items }
}

/** By the worker, as when it was bought. */
export async function setAgain(deps: NumberDeps, by: By, tenantId: string, id: string): Promise<store.NumberRow> {
  const { hooks } = await requireThere(deps, tenantId, id)
  const row = await inTenant(deps.db, tenantId, async (tx) => {
    const before = await store.lockNumber(tx, id)
    if (!before) throw notFound('The number')
    if (!isThere(before)) return before
    await store.takeAway(tx, id)
    const after = await store.setNumber(tx, id, {
      ...{ voice_webhook_url: hooks.voice, status_callback_url: hooks.voiceStatus, sms_webhook_url: hooks.texts },
      ...{ webhooks_configured: false, due_at: timeOf(deps), attempts: 0, waiting_for: null, waiting_since: null },
    })
    await tell(tx, by, after)
    await audit(tx, by, {
      action: 'number.set_again',
      subject: { type: 'number', id },
      changes: { number: after.phone_number },
    })
    return after
  })
  deps.changed(tenantId)
  deps.wake()
  return row
}
