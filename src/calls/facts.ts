/** What a call is decided by, as it stands at that moment. */

import type { Channels } from '../conversations/accounts.ts'
import type { Registration } from '../conversations/window.ts'
import { isUnitedStates } from '../kernel/phone.ts'
import type { Tx } from '../platform/db/tx.ts'
import { isOpen, isQuiet } from '../tenancy/hours.ts'
import type { Facts, Outcome } from './decision.ts'
import type { SettingsRow } from './settings.ts'
import * as store from './store.ts'

/** A call that became known later is not texted about. Milliseconds. */
export const lateMs = 3_600_000
/** Longer than ringing and waiting for what is told of it take: meanwhile they may have written or talked. */
const waitedMs = 600_000

export interface Asked {
  /** An id that no call has, where it is only asked what would be. */
  callId: string
  callerKind: Facts['callerKind']
  phone: string | null
  direction: Facts['direction']
  outcome: Outcome
  startedAt: Date
  /** Whether it was put off until now: what happened since counts. */
  putOff: boolean
}

export async function gatherFacts(
  tx: Tx,
  asked: Asked,
  account: store.CalledAccount,
  settings: SettingsRow,
  now: Date,
  channels?: Channels,
): Promise<{ facts: Facts; contactId: string | null }> {
  const { phone } = asked
  const contact = phone ? await store.knownContact(tx, phone, account.channel) : undefined
  const about = contact ? { contactId: contact.id, callId: asked.callId } : null
  const since = new Date(now.getTime() - settings.missed_call_cooldown_minutes * 60_000)
  const age = now.getTime() - asked.startedAt.getTime()
  const waited = asked.putOff || age > waitedMs
  const facts: Facts = {
    direction: asked.direction,
    outcome: asked.outcome,
    callerKind: asked.callerKind,
    ownNumber: phone !== null && (phone === settings.forward_to || (await store.isOwnNumber(tx, phone))),
    contactBlocked: contact?.status === 'blocked',
    // Who has written has a telephone that takes texts: carriers say the same of one that was out of reach.
    landline:
      contact !== undefined &&
      !contact.has_written &&
      (contact.landline || (await failedAsLandline(tx, contact.id, account, channels))),
    autoResponse: settings.auto_response_enabled,
    optedOut: contact?.opted_out ?? false,
    registration: phone !== null && isUnitedStates(phone) ? (account.registration as Registration) : 'not_needed',
    suspended: settings.tenant_status !== 'active' || !['connected', 'degraded'].includes(account.state),
    recentlyTexted: about !== null && (await store.wasTexted(tx, { ...about, accountId: account.id, since })),
    late: !asked.putOff && age > lateMs,
    inTouch: waited && about !== null && (await store.wasInTouch(tx, { ...about, since: asked.startedAt })),
    quiet: isQuiet(settings.quiet_hours, settings.timezone, now),
    open: isOpen(settings.business_hours, settings.timezone, now),
    afterHoursText: settings.after_hours_message !== null,
  }
  return { facts, contactId: contact?.id ?? null }
}

/** What became of the newest text may be known before it is looked at. */
async function failedAsLandline(
  tx: Tx,
  contactId: string,
  { provider }: store.CalledAccount,
  channels: Channels | undefined,
): Promise<boolean> {
  const text = await store.newestText(tx, contactId)
  if (text?.status !== 'failed') return false
  return channels?.get(provider)?.describeFailure?.(text.error_code ?? '')?.hint === 'landline'
}
