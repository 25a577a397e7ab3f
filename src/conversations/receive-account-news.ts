import { cleanJson } from '../kernel/text.ts'
import type { Client } from '../platform/db/pool.ts'
import type { AccountEvent, IdentityEvent } from '../ports/channel.ts'
import type { Incoming } from './receive-columns.ts'

/** Who became whom. Returns whether the old one is known here. */
export async function receiveIdentity(client: Client, { event, provider, appSlug }: Incoming<IdentityEvent>): Promise<boolean> {
  const { from, to } = event
  const phone = to.kind === 'wa_id' || to.kind === 'phone' ? (event.person.phone ?? null) : null
  const { rows } = await client.query<{ result: string }>(
    'SELECT parley.receive_identity($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS result',
    [
      ...[provider, appSlug, event.account, from.kind, from.scope, from.value],
      ...[to.kind, to.scope, to.value, phone, event.reason, event.occurredAt],
    ],
  )
  return rows[0]?.result !== 'unknown'
}

/** Keeps what a provider tells about an account. Returns why it could not be placed, if so. */
export async function receiveAccountNews(
  client: Client,
  item: Incoming<AccountEvent>,
  tenants: Set<string>,
): Promise<string | undefined> {
  const { event, provider, appSlug } = item
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
