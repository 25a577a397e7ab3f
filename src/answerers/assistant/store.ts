import type { Tx } from '../../platform/db/tx.ts'
import type { BusinessFacts } from './facts.ts'

export async function businessFacts(tx: Tx): Promise<BusinessFacts> {
  const { rows } = await tx.query<{
    name: string
    trade_type: string | null
    language: string | null
    greeting: string | null
    latitude: number | null
    longitude: number | null
    radius: number
    unit: string | null
  }>(
    `SELECT t.name, t.trade_type, t.settings ->> 'language' AS language, b.ai_greeting_template AS greeting,
            t.business_latitude::float8 AS latitude, t.business_longitude::float8 AS longitude, t.service_area_radius AS radius,
            t.settings ->> 'distanceUnit' AS unit
       FROM tenants t LEFT JOIN business_settings b ON b.tenant_id = t.id WHERE t.id = $1`,
    [tx.tenantId],
  )
  const row = rows[0]
  const placed = row && row.latitude !== null && row.longitude !== null
  return {
    name: row?.name ?? '',
    tradeType: row?.trade_type ?? null,
    language: row?.language ?? 'en',
    greetingTemplate: row?.greeting ?? '',
    area: placed
      ? {
          centre: { latitude: row.latitude as number, longitude: row.longitude as number },
          radius: row.radius,
          unit: row.unit === 'km' ? 'km' : 'mi',
        }
      : null,
  }
}
