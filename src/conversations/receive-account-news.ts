import { cleanJson } from '../kernel/text.ts'
import type { Client } from '../platform/db/pool.ts'
import type { AccountEvent, IdentityEvent } from '../ports/channel.ts'
import type { Incoming } from './receive-columns.ts'

/** Keeps what a provider tells about an account or about who is who. Returns why it could not be placed, if so. */
export async function receiveAccountNews(
  client: Client,
  item: Incoming<AccountEvent | IdentityEvent>,
  tenants: Set<string>,
): Promise<string | undefined> {
  const { event, provider, appSlug } = item
  if (event.kind === 'identity') {
    const { from, to } = event
    const phone = to.kind === 'wa_id' || to.kind === 'phone' ? (event.person.phone ?? null) : null
    await client.query('SELECT parley.receive_identity($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)', [
      ...[provider, appSlug, event.account, from.kind, from.scope, from.value],
      ...[to.kind, to.scope, to.value, phone, event.reason, event.occurredAt],
    ])
    return undefined
  }
  const { rows } = await client.query<{ count: number; tenant_ids: string[] | null }>(
    `SELECT parley.receive_account_update($1, $2, $3, $4, $5, $6, $7, $8, $9) AS count,
            (SELECT array_agg(DISTINCT f.tenant_id) FROM parley.find_owned_accounts($1, $2, $3, $4) f) AS tenant_ids`,
    [
      ...[provider, appSlug, event.owner, event.account, event.type, event.key, JSON.stringify(cleanJson(event.data))],
      ...[event.template ? JSON.stringify(cleanJson(event.template)) : null, event.occurredAt],
    ],
  )
  for (const tenant of rows[0]?.tenant_ids ?? []) tenants.add(tenant)
  return rows[0]?.count === -1 ? `No account here belongs to ${event.owner}.` : undefined
}
