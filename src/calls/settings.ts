/** How a business wants its calls to be taken and its missed calls to be answered. */
import { ParleyError } from '../kernel/errors.ts'
import { toE164 } from '../kernel/phone.ts'
import type { Tx } from '../platform/db/tx.ts'
import { audit, type By } from '../tenancy/audit.ts'
import { readBusiness } from '../tenancy/business.ts'
import type { BusinessHours } from '../tenancy/business-schema.ts'
import type { QuietHours } from '../tenancy/hours.ts'
import { tellColleagues } from '../tenancy/news.ts'
import type { CallSettings, PatchCallSettings } from './schema.ts'
import { isOwnNumber } from './store.ts'

export interface SettingsRow {
  forward_to: string | null
  ring_seconds: number
  answer_by_key: boolean
  minimum_answered_seconds: number | null
  missed_call_greeting: string
  missed_call_greeting_without_text: string
  missed_call_cooldown_minutes: number
  auto_response_enabled: boolean
  auto_response_message: string
  after_hours_message: string | null
  quiet_hours: QuietHours | null
  leads_from_texts: boolean
  phone_number_limit: number
  business_hours: BusinessHours
  timezone: string
  name: string
  trade_type: string | null
  language: string | null
  tenant_status: 'active' | 'suspended' | 'deleted'
}

const columns = {
  forwardTo: 'forward_to',
  ringSeconds: 'ring_seconds',
  answerByKey: 'answer_by_key',
  minimumAnsweredSeconds: 'minimum_answered_seconds',
  greeting: 'missed_call_greeting',
  greetingWithoutText: 'missed_call_greeting_without_text',
  cooldownMinutes: 'missed_call_cooldown_minutes',
  automaticText: 'auto_response_enabled',
  text: 'auto_response_message',
  afterHoursText: 'after_hours_message',
  quietHours: 'quiet_hours',
  leadsFromTexts: 'leads_from_texts',
} as const satisfies Record<keyof CallSettings, keyof SettingsRow>

export async function readCallSettings(tx: Tx): Promise<SettingsRow> {
  const read = () =>
    tx.query<SettingsRow>(
      `SELECT ${Object.values(columns)
        .map((column) => `b.${column}`)
        .join(
          ', ',
        )}, b.phone_number_limit, b.business_hours, b.timezone, t.name, t.trade_type, t.settings ->> 'language' AS language, t.status AS tenant_status
         FROM business_settings b JOIN tenants t ON t.id = b.tenant_id WHERE b.tenant_id = $1`,
      [tx.tenantId],
    )
  const { rows } = await read()
  if (rows[0]) return rows[0]
  await readBusiness(tx) // makes them
  return (await read()).rows[0] as SettingsRow
}

export const settingsView = (row: SettingsRow): CallSettings =>
  Object.fromEntries(Object.entries(columns).map(([field, column]) => [field, row[column]])) as CallSettings

/** As the settings would be with this change. */
export const withSettings = (row: SettingsRow, patch: PatchCallSettings): SettingsRow => ({
  ...row,
  ...Object.fromEntries(
    Object.entries(checked(patch))
      .filter(([, value]) => value !== undefined)
      .map(([field, value]) => [columns[field as keyof CallSettings], value]),
  ),
})

const checked = (patch: PatchCallSettings): PatchCallSettings => ({
  ...patch,
  ...(patch.forwardTo ? { forwardTo: requirePhone(patch.forwardTo) } : {}),
})

/** What is not named stays. */
export async function changeCallSettings(
  tx: Tx,
  who: { by: By; changed: (tenantId: string) => void },
  patch: PatchCallSettings,
): Promise<CallSettings> {
  await readCallSettings(tx)
  const given = checked(patch)
  if (given.forwardTo && (await isOwnNumber(tx, given.forwardTo)))
    throw notForwardTo('must be a telephone of yours: this one is answered here, and would be rung by itself.')
  const entries = Object.entries(given).filter(([, value]) => value !== undefined)
  if (entries.length > 0) {
    await tx.query(
      `UPDATE business_settings SET ${entries.map(([field], at) => `${columns[field as keyof CallSettings]} = $${at + 2}`).join(', ')} WHERE tenant_id = $1`,
      [tx.tenantId, ...entries.map(([field, value]) => (field === 'quietHours' && value ? JSON.stringify(value) : value))],
    )
    await audit(tx, who.by, {
      action: 'calls.settings_updated',
      subject: { type: 'tenant', id: tx.tenantId },
      changes: given,
    })
    await tellColleagues(tx, who.changed, { type: 'business.updated', actor: who.by.label })
  }
  return settingsView(await readCallSettings(tx))
}

function requirePhone(given: string): string {
  const phone = toE164(given, 'US')
  if (!phone) throw notForwardTo('must be a phone number, with its country code.')
  return phone
}

const notForwardTo = (message: string): ParleyError =>
  new ParleyError('invalid_request', `forwardTo ${message}`, [{ path: '/forwardTo', message }])

/** [BUSINESS] and [TRADE] in a text are the business's own. */
export const filled = (text: string, row: Pick<SettingsRow, 'name' | 'trade_type'>): string =>
  text.replaceAll('[BUSINESS]', row.name).replaceAll('[TRADE]', row.trade_type ?? row.name)
