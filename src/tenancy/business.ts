/** What a business says about itself, and how it likes to be answered for. */
import { ParleyError } from '../kernel/errors.ts'
import { cleanJson } from '../kernel/text.ts'
import type { Tx } from '../platform/db/tx.ts'
import { audit, type By } from './audit.ts'
import type { BusinessHours, BusinessView, PatchBusiness } from './business-schema.ts'
import { requireModest } from './free-form.ts'
import { tellColleagues } from './news.ts'
import { requireLanguage, requireZone } from './rules.ts'
import { makeBusinessSettings } from './tenants.ts'

interface BusinessRow {
  name: string
  email: string | null
  phone: string | null
  business_address: string | null
  business_latitude: string | null
  business_longitude: string | null
  trade_type: string | null
  service_area_radius: number
  settings: Record<string, unknown>
  business_hours: BusinessHours
  timezone: string
  auto_response_enabled: boolean
  auto_response_message: string
  ai_greeting_template: string
  ai_takeover_delay: number
  auto_close_hours: number | null
  content_months: number
  ledger_months: number
  webhook_days: number
}

/** Who only reads holds nobody up, and waits for nobody: who changes locks both rows first. */
async function readRow(tx: Tx, lock: '' | 'FOR NO KEY UPDATE' = ''): Promise<BusinessRow> {
  const read = () =>
    tx.query<BusinessRow>(
      `SELECT t.name, t.email, t.phone, t.business_address, t.business_latitude, t.business_longitude, t.trade_type, t.service_area_radius,
              t.settings, b.business_hours, b.timezone, b.auto_response_enabled, b.auto_response_message, b.ai_greeting_template, b.ai_takeover_delay, b.auto_close_hours,
              b.content_months, b.ledger_months, b.webhook_days
         FROM tenants t JOIN business_settings b ON b.tenant_id = t.id WHERE t.id = $1 ${lock}`,
      [tx.tenantId],
    )
  const { rows } = await read()
  if (rows[0]) return rows[0]
  await makeBusinessSettings(tx)
  return (await read()).rows[0] as BusinessRow
}

const numeric = (text: string | null): number | null => (text === null ? null : Number(text))

const view = (row: BusinessRow): BusinessView => ({
  name: row.name,
  email: row.email,
  phone: row.phone,
  address: row.business_address,
  latitude: numeric(row.business_latitude),
  longitude: numeric(row.business_longitude),
  tradeType: row.trade_type,
  serviceAreaRadius: row.service_area_radius,
  timezone: row.timezone,
  language: typeof row.settings.language === 'string' ? row.settings.language : 'en',
  settings: row.settings,
  hours: row.business_hours,
  autoResponseEnabled: row.auto_response_enabled,
  autoResponseMessage: row.auto_response_message,
  aiGreetingTemplate: row.ai_greeting_template,
  aiTakeoverDelay: row.ai_takeover_delay,
  autoCloseHours: row.auto_close_hours,
  retention: { contentMonths: row.content_months, ledgerMonths: row.ledger_months, webhookDays: row.webhook_days },
})

export const readBusiness = async (tx: Tx): Promise<BusinessView> => view(await readRow(tx))

/** Field of the API → column. */
const tenantColumns = {
  name: 'name',
  email: 'email',
  phone: 'phone',
  address: 'business_address',
  latitude: 'business_latitude',
  longitude: 'business_longitude',
  tradeType: 'trade_type',
  serviceAreaRadius: 'service_area_radius',
} as const
const settingsColumns = {
  timezone: 'timezone',
  autoResponseEnabled: 'auto_response_enabled',
  autoResponseMessage: 'auto_response_message',
  aiGreetingTemplate: 'ai_greeting_template',
  aiTakeoverDelay: 'ai_takeover_delay',
  autoCloseHours: 'auto_close_hours',
} as const

/** What is not named stays. The zone is in two places, for the sake of those who look in either, and never differs. */
export async function changeBusiness(
  tx: Tx,
  who: { by: By; changed: (tenantId: string) => void },
  patch: PatchBusiness,
): Promise<BusinessView> {
  const before = await readRow(tx, 'FOR NO KEY UPDATE')
  const settings = patchSettings(before.settings, patch)
  const zone = typeof settings.timezone === 'string' ? settings.timezone : before.timezone
  await set(tx, 'tenants', 'id', { ...pick(patch, tenantColumns), settings: JSON.stringify(settings) })
  await set(tx, 'business_settings', 'tenant_id', {
    ...pick(patch, settingsColumns),
    ...retentionColumns(before, patch.retention),
    timezone: zone,
    ...(patch.hours ? { business_hours: JSON.stringify({ ...before.business_hours, ...patch.hours }) } : {}),
  })
  await audit(tx, who.by, {
    action: 'business.updated',
    subject: { type: 'tenant', id: tx.tenantId },
    // Settings may hold anything: named, not told.
    changes: { ...patch, ...(patch.settings ? { settings: Object.keys(patch.settings) } : {}) },
  })
  await tellColleagues(tx, who.changed, { type: 'business.updated', actor: who.by.label })
  return await readBusiness(tx)
}

/** By key, null takes one away. Zone and language are checked wherever they are given, and the fields of that name win. */
function patchSettings(before: Record<string, unknown>, patch: PatchBusiness): Record<string, unknown> {
  const given = { ...(cleanJson(patch.settings ?? {}) as Record<string, unknown>) }
  if (patch.timezone !== undefined) given.timezone = patch.timezone
  if (patch.language !== undefined) given.language = patch.language
  for (const name of ['timezone', 'language'])
    if (given[name] !== undefined && typeof given[name] !== 'string')
      throw new ParleyError('invalid_request', `settings.${name} must be a text.`)
  if (given.timezone !== undefined) requireZone(String(given.timezone))
  if (given.language !== undefined) given.language = requireLanguage(String(given.language))
  return requireModest(Object.fromEntries(Object.entries({ ...before, ...given }).filter(([, value]) => value !== null)))
}

/** What is known to have been said must not be forgotten before what was said. */
function retentionColumns(before: BusinessRow, patch: PatchBusiness['retention'] = {}): Record<string, number> {
  const next = {
    content_months: patch.contentMonths ?? before.content_months,
    ledger_months: patch.ledgerMonths ?? before.ledger_months,
    webhook_days: patch.webhookDays ?? before.webhook_days,
  }
  if (next.ledger_months < next.content_months)
    throw new ParleyError('invalid_request', 'ledgerMonths must not be less than contentMonths.')
  return next
}

function pick<T extends Record<string, string>>(patch: PatchBusiness, columns: T): Record<string, unknown> {
  const values = patch as Record<string, unknown>
  return Object.fromEntries(
    Object.entries(columns)
      .filter(([field]) => values[field] !== undefined)
      .map(([field, column]) => [column, values[field]]),
  )
}

/** Column names come from the tables above, never from a caller. */
async function set(tx: Tx, table: string, key: string, values: Record<string, unknown>): Promise<void> {
  const entries = Object.entries(values)
  if (entries.length === 0) return
  await tx.query(
    `UPDATE ${table} SET ${entries.map(([column], at) => `${column} = $${at + 2}`).join(', ')} WHERE ${key} = $1`,
    [tx.tenantId, ...entries.map(([, value]) => value)],
  )
}
