/** On whose pages a business's widget may stand: `widgetOrigins` of its settings. */
import { isUuid } from '../kernel/ids.ts'
import { type Database, inTenant } from '../platform/db/tx.ts'

/** https only, but for this machine; at most one star, in place of the first part of the name. Nothing else gets into the header. */
const origin =
  /^(?:https:\/\/(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d{1,5})?|http:\/\/(?:localhost|127\.0\.0\.1)(?::\d{1,5})?)$/i
const most = 20

export const readOrigins = (value: unknown): string[] =>
  (Array.isArray(value) ? value : []).filter((one): one is string => typeof one === 'string' && origin.test(one)).slice(0, most)

/** None where there is no such business. */
export async function framingOrigins(db: Database, businessId: string): Promise<string[]> {
  if (!isUuid(businessId)) return []
  return await inTenant(db, businessId, async (tx) => {
    const { rows } = await tx.query<{ origins: unknown }>(
      `SELECT settings -> 'widgetOrigins' AS origins FROM tenants WHERE id = $1 AND status = 'active'`,
      [tx.tenantId],
    )
    return readOrigins(rows[0]?.origins)
  })
}
