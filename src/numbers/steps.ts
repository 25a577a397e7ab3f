/**
 * The steps of a number, each made so that it can be made again: by whoever comes after a process that was killed, after an answer
 * that was lost, or at the same time by one that was taken for dead.
 */
import { addTwilioAccount } from '../conversations/accounts.ts'
import { appendEvent } from '../conversations/feed.ts'
import { ParleyError } from '../kernel/errors.ts'
import { inTenant, type Tx } from '../platform/db/tx.ts'
import type { NotDone, OwnedNumber, SellerAccess } from '../ports/number-seller.ts'
import { audit, bySystem } from '../tenancy/audit.ts'
import { type NumberDeps, timeOf } from './deps.ts'
import { markerOf, type Step, settlesMs } from './rules.ts'
import * as store from './store.ts'

export interface Work {
  deps: NumberDeps
  held: store.Held
  row: store.NumberRow
  access: SellerAccess
}
/** done: what is to be written of it. lost: somebody else has it by now, or something else is wanted. */
export type Outcome = { outcome: 'done'; values: Partial<store.NumberRow> } | { outcome: 'lost' } | NotDone

const done = (values: Partial<store.NumberRow>): Outcome => ({ outcome: 'done', values })
const lost: Outcome = { outcome: 'lost' }

/** What an outcome is where a purchase may have been made: as long as that is open nothing is final. */
const open = (told: NotDone): NotDone => (told.outcome === 'unknown' ? told : { ...told, outcome: 'retry' })

export const perform: Record<Step, (work: Work) => Promise<Outcome>> = {
  buy,
  async webhooks({ deps, held, row, access }) {
    const hooks = { voice: row.voice_webhook_url, voiceStatus: row.status_callback_url ?? '', texts: row.sms_webhook_url }
    const told = await deps.seller.setHooks(access, row.phone_number_sid ?? '', hooks)
    if (told.outcome !== 'done') return told
    if (row.messaging_service_sid === null) return done({ webhooks_configured: true })
    const service = { serviceSid: row.messaging_service_sid, texts: row.sms_webhook_url }
    const set = await deps.seller.setServiceHook(access, service)
    if (set.outcome !== 'done') return set
    if (set.value) await inTenant(deps.db, held.tenantId, (tx) => store.deliverServiceTo(tx, row.id, row.sms_webhook_url))
    // It is joined again, or made anew where somebody took it away.
    return done({ webhooks_configured: true, service_ready: false, ...(set.value ? {} : { messaging_service_sid: null }) })
  },
  async service({ deps, held, row, access }) {
    const name = markerOf(row.id)
    const told = await deps.seller.makeService(access, { name, texts: row.sms_webhook_url })
    if (told.outcome !== 'done') return told
    const kept = await inTenant(deps.db, held.tenantId, async (tx) => {
      if (!(await store.setHeld(tx, held, { messaging_service_sid: told.value }))) return false
      await store.keepService(tx, { numberId: row.id, sid: told.value, name, texts: row.sms_webhook_url })
      if (row.channel_account_id) await store.speakThrough(tx, row.channel_account_id, told.value)
      return true
    })
    return kept ? done({}) : lost
  },
  async join({ deps, row, access }) {
    const pair = { serviceSid: row.messaging_service_sid ?? '', numberSid: row.phone_number_sid ?? '' }
    const told = await deps.seller.joinService(access, pair)
    return told.outcome === 'done' ? done({ service_ready: true }) : told
  },
  connect,
  find,
  async drop_service({ deps, held, row, access }) {
    const told = await deps.seller.dropService(access, row.messaging_service_sid ?? '')
    // It costs nothing: what cannot be taken away does not keep the number from being given back.
    if (told.outcome !== 'done' && told.outcome !== 'reject') return told
    await inTenant(deps.db, held.tenantId, (tx) => store.forgetService(tx, row.id))
    return done({ messaging_service_sid: null, service_ready: false })
  },
  async give_back({ deps, row, access }) {
    const told = await deps.seller.giveBack(access, row.phone_number_sid ?? '')
    return told.outcome === 'done' ? done({ given_back_at: timeOf(deps) }) : told
  },
  finish,
}

const bought = (deps: NumberDeps, row: store.NumberRow, { sid, abilities }: OwnedNumber): Outcome =>
  done({
    ...{ phone_number_sid: sid, status: 'provisioned', date_provisioned: timeOf(deps) },
    capabilities: abilities.length > 0 ? abilities : row.capabilities,
  })

/** That it is going to be asked for is committed first: whoever comes after looks whether it was sold. */
async function buy(work: Work): Promise<Outcome> {
  const { deps, held, row, access } = work
  if (row.asked_at) {
    const told = await look(work)
    if (told.outcome !== 'done') return open(told)
    if (told.value) return told.value
  }
  const asking = await inTenant(deps.db, held.tenantId, async (tx) => {
    const now = await store.lockNumber(tx, row.id)
    return now?.wanted === 'active' && (await store.setHeld(tx, held, { asked_at: timeOf(deps) }))
  })
  if (!asking) return lost
  const told = await deps.seller.buy(access, {
    ...{ number: row.phone_number, name: markerOf(row.id) },
    ...(row.address_sid === null ? {} : { addressSid: row.address_sid }),
    ...(row.bundle_sid === null ? {} : { bundleSid: row.bundle_sid }),
  })
  if (told.outcome === 'done') return bought(deps, row, told.value)
  if (told.outcome === 'unknown') return { ...told, text: `${told.text} Whether the number was bought is looked up.` }
  // This time it was surely not sold; what was open before stays open.
  const kept = await inTenant(deps.db, held.tenantId, (tx) => store.setHeld(tx, held, { asked_at: row.asked_at }))
  if (!kept) return lost
  if (!row.asked_at) return told
  // A refusal may be of our own purchase: then it is there, or soon is.
  const again = await look(work)
  if (again.outcome !== 'done') return open(again)
  if (again.value) return again.value
  return settled(deps, row.asked_at) ? told : { ...open(told), text: 'Whether the number was bought is looked up.' }
}

const settled = (deps: NumberDeps, asked: Date): boolean => timeOf(deps).getTime() - asked.getTime() > settlesMs

/** null: the account does not have the number. One that it has without our name was bought elsewhere. */
async function look({ deps, row, access }: Work): Promise<{ outcome: 'done'; value: Outcome | null } | NotDone> {
  const told = await deps.seller.find(access, row.phone_number)
  if (told.outcome !== 'done') return told
  if (told.value === null) return { outcome: 'done', value: null }
  if (told.value.name === markerOf(row.id)) return { outcome: 'done', value: bought(deps, row, told.value) }
  const text = 'The account at Twilio has this number already. Connect it instead of buying it.'
  return { outcome: 'done', value: { outcome: 'reject', code: 'owned_already', text } }
}

/** It is not wanted any more, and may have been bought. */
async function find(work: Work): Promise<Outcome> {
  const { deps, row } = work
  const told = await look(work)
  if (told.outcome !== 'done') return open(told)
  if (told.value?.outcome === 'done') return told.value
  if (told.value !== null || settled(deps, row.asked_at ?? timeOf(deps))) return done({ asked_at: null })
  return { outcome: 'retry', code: 'unsettled', text: 'Whether the number was bought is looked up.' }
}

/** The number speaks from the same moment at which it is active. */
async function connect({ deps, held, row, access }: Work): Promise<Outcome> {
  const { authToken = '', apiKeySid, apiKeySecret } = access.credentials
  const apiKey = apiKeySid !== undefined && apiKeySecret !== undefined ? { sid: apiKeySid, secret: apiKeySecret } : undefined
  try {
    return await deps.accounts.claim(held.tenantId, row.phone_number, async (tx) => {
      const now = await store.lockNumber(tx, row.id)
      if (now?.wanted !== 'active' || now.token !== held.token) return lost
      const there = await store.accountOf(tx, { provider: deps.seller.provider, number: row.phone_number })
      if (there?.account_sid === access.accountSid) {
        // Somebody connected it by hand while it was being set up: it is the same number.
        await store.takeOverAccount(tx, there.id, row.messaging_service_sid)
        await store.setHeld(tx, held, { channel_account_id: there.id, status: 'active', status_reason: null })
        await appendEvent(tx, { type: 'account.updated', actor: 'system', data: { accountId: there.id } })
        return done({})
      }
      const appSlug = await deps.accounts.appFor(tx, { accountSid: access.accountSid, authToken, name: row.phone_number })
      const accountId = await addTwilioAccount(tx, deps.secrets, {
        ...{ channel: 'sms', number: row.phone_number, name: row.friendly_name ?? row.phone_number, country: row.country },
        ...{ accountSid: access.accountSid, authToken, ...(apiKey ? { apiKey } : {}), appSlug, proven: true },
        ...(row.messaging_service_sid === null ? {} : { messagingServiceSid: row.messaging_service_sid }),
        ...(access.apiUrl === undefined ? {} : { apiUrl: access.apiUrl }),
      })
      await store.setHeld(tx, held, { channel_account_id: accountId, status: 'active', status_reason: null })
      await appendEvent(tx, { type: 'account.updated', actor: 'system', data: { accountId } })
      await audit(tx, bySystem, {
        action: 'account.connected',
        subject: { type: 'account', id: accountId },
        changes: { provider: deps.seller.provider, name: row.friendly_name, number: row.phone_number },
      })
      return done({})
    })
  } catch (error) {
    if (!(error instanceof ParleyError && error.status < 500)) throw error
    return { outcome: 'reject', code: error.code, text: error.message }
  }
}

/** Nothing is paid for it, or never was. Its conversations stay. */
async function finish({ deps, held, row }: Work): Promise<Outcome> {
  return await inTenant(deps.db, held.tenantId, async (tx: Tx) => {
    const kept = await store.setHeld(tx, held, {
      status: 'released',
      date_released: timeOf(deps),
      waiting_for: null,
      waiting_since: null,
    })
    if (!kept) return lost
    if (kept.channel_account_id && (await store.isConnected(tx, kept.channel_account_id))) {
      await deps.accounts.remove(tx, kept.channel_account_id)
      await appendEvent(tx, { type: 'account.updated', actor: 'system', data: { accountId: kept.channel_account_id } })
    }
    if (row.failure_code !== null)
      await audit(tx, bySystem, {
        action: 'number.given_up',
        subject: { type: 'number', id: row.id },
        changes: { number: row.phone_number, code: row.failure_code, reason: row.status_reason },
      })
    return done({})
  })
}
