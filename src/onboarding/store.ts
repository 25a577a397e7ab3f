import { notFound, ParleyError } from '../kernel/errors.ts'
import type { Tx } from '../platform/db/tx.ts'

/** What is stored of a WhatsApp number, beside its credentials. */
export interface NumberRow {
  id: string
  external_id: string
  app_slug: string
  name: string
  address: string | null
  state: 'pairing' | 'connecting' | 'connected' | 'degraded' | 'held' | 'logged_out'
  state_text: string | null
  waba_id: string | null
  graph_url: string | null
  graph_version: string | null
  proven_at: Date | null
  updated_at: Date
}

const numbers = `SELECT a.id, a.external_id, a.app_slug, a.name, a.address, a.state, a.state_text, w.waba_id, w.graph_url, w.graph_version, a.proven_at,
       greatest(a.updated_at, w.updated_at) AS updated_at
  FROM channel_accounts a LEFT JOIN tenant_whatsapp_config w ON w.tenant_id = a.tenant_id AND w.channel_account_id = a.id
 WHERE a.tenant_id = $1 AND a.provider = 'whatsapp-cloud' AND a.removed_at IS NULL`

/** The number that stands for the business: its default one, else its oldest. */
export async function mainNumber(tx: Tx): Promise<NumberRow | null> {
  const { rows } = await tx.query<NumberRow>(`${numbers} ORDER BY a.is_default DESC, a.created_at, a.id LIMIT 1`, [tx.tenantId])
  return rows[0] ?? null
}

export async function numberById(tx: Tx, id: string): Promise<NumberRow> {
  const { rows } = await tx.query<NumberRow>(`${numbers} AND a.id = $2`, [tx.tenantId, id])
  if (!rows[0]) throw notFound('The account')
  return rows[0]
}

export async function numberByExternalId(tx: Tx, externalId: string): Promise<NumberRow | null> {
  const { rows } = await tx.query<NumberRow>(`${numbers} AND a.external_id = $2`, [tx.tenantId, externalId])
  return rows[0] ?? null
}

/** What was asked about a number counts only while it, its owner and who delivers it are still the same. Held until the end. */
export async function requireUnchanged(tx: Tx, before: NumberRow): Promise<void> {
  await tx.query('SELECT FROM channel_accounts WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE', [tx.tenantId, before.id])
  const now = await numberById(tx, before.id)
  if (now.external_id !== before.external_id || now.waba_id !== before.waba_id || now.app_slug !== before.app_slug)
    throw new ParleyError('conflict', 'This number was changed by somebody else just now. Look at it, and try again.')
}

export async function setProven(tx: Tx, id: string, proven: boolean): Promise<void> {
  await tx.query('UPDATE channel_accounts SET proven_at = CASE WHEN $3 THEN now() END WHERE tenant_id = $1 AND id = $2', [
    tx.tenantId,
    id,
    proven,
  ])
}

export async function updateNumber(
  tx: Tx,
  id: string,
  given: {
    phoneNumberId: string
    name?: string
    wabaId?: string
    address?: string | null
    graphUrl?: string
    graphVersion?: string
  },
): Promise<void> {
  const { rowCount } = await tx.query(
    `UPDATE channel_accounts SET external_id = $3, name = coalesce($4, name),
            address = CASE WHEN external_id = $3 THEN coalesce($5, address) ELSE $5 END
      WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL`,
    [tx.tenantId, id, given.phoneNumberId, given.name ?? null, given.address ?? null],
  )
  if (!rowCount) throw notFound('The account')
  await tx.query(
    `UPDATE tenant_whatsapp_config SET phone_number_id = $3, waba_id = coalesce($4, waba_id),
            display_phone_number = CASE WHEN phone_number_id = $3 THEN coalesce($5, display_phone_number) ELSE $5 END,
            graph_url = coalesce($6, graph_url), graph_version = coalesce($7, graph_version)
      WHERE tenant_id = $1 AND channel_account_id = $2`,
    [
      tx.tenantId,
      id,
      given.phoneNumberId,
      given.wabaId ?? null,
      given.address ?? null,
      given.graphUrl ?? null,
      given.graphVersion ?? null,
    ],
  )
  await followMainNumber(tx)
}

/** The columns by which a business is found stay those of its main number. */
export async function followMainNumber(tx: Tx): Promise<void> {
  const main = await mainNumber(tx)
  await tx.query(
    `UPDATE tenants SET phone_number_id = $2, whatsapp_configured = $2 IS NOT NULL
      WHERE id = $1 AND (phone_number_id IS DISTINCT FROM $2 OR whatsapp_configured <> ($2 IS NOT NULL))`,
    [tx.tenantId, main?.external_id ?? null],
  )
}

/** Its conversations stay and can be read; its address at the provider is free for others. */
export async function removeAccount(tx: Tx, id: string): Promise<void> {
  const { rows } = await tx.query<{ app_slug: string }>(
    `UPDATE channel_accounts SET removed_at = now(), released_external_id = external_id, external_id = 'released:' || id,
            is_default = false, state = 'logged_out', state_text = 'This account was removed.'
      WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL RETURNING app_slug`,
    [tx.tenantId, id],
  )
  const account = rows[0]
  if (!account) throw notFound('The account')
  await tx.query(
    `DELETE FROM tenant_credentials WHERE tenant_id = $1 AND credential_type IN ('channel_account', 'whatsapp_pin') AND subject = $2`,
    [tx.tenantId, id],
  )
  await failWaiting(tx, id)
  await dropUnusedApp(tx, account.app_slug)
  await followMainNumber(tx)
}

/** What waited for this account will never go: whoever wrote it sees that. */
async function failWaiting(tx: Tx, accountId: string): Promise<void> {
  await tx.query(
    `WITH failed AS (
       UPDATE message_tracking SET status = 'failed', status_at = clock_timestamp(), failed_at = clock_timestamp(), error_code = 'account_removed',
              error_text = 'Not sent. The number was removed before this went out; write from another one.'
        WHERE tenant_id = $1 AND channel_account_id = $2 AND direction = 'OUTBOUND' AND unsent AND status = 'queued' RETURNING id, conversation_id)
     INSERT INTO events (tenant_id, type, conversation_id, message_id, actor, data)
       SELECT $1, 'message.status', conversation_id, id, 'system', '{"status": "failed"}' FROM failed`,
    [tx.tenantId, accountId],
  )
}

/** An app that nobody else of the business uses goes, and so does its webhook address. Channels may share one. */
export async function dropUnusedApp(tx: Tx, slug: string): Promise<void> {
  const { rows: apps } = await tx.query<{ id: string }>(
    `DELETE FROM channel_apps p WHERE p.tenant_id = $1 AND p.slug = $2
        AND NOT EXISTS (SELECT FROM channel_accounts a WHERE a.tenant_id = $1 AND a.app_slug = $2 AND a.removed_at IS NULL)
        AND NOT EXISTS (SELECT FROM number_providers n WHERE n.tenant_id = $1 AND n.app_slug = $2)
     RETURNING p.id`,
    [tx.tenantId, slug],
  )
  for (const app of apps)
    await tx.query(`DELETE FROM tenant_credentials WHERE tenant_id = $1 AND credential_type = 'channel_app' AND subject = $2`, [
      tx.tenantId,
      app.id,
    ])
}

/** A number that was bought here would be paid for by somebody who has forgotten it. */
export async function requireNotBought(tx: Tx, accountId: string): Promise<void> {
  const { rowCount } = await tx.query(
    `SELECT FROM phone_numbers WHERE tenant_id = $1 AND channel_account_id = $2 AND account_sid IS NOT NULL AND status <> 'released'`,
    [tx.tenantId, accountId],
  )
  if (rowCount)
    throw new ParleyError('conflict', 'This number was bought here. Release it: that gives it back and disconnects it.')
}

/** What has happened on an account so far. */
interface Evidence {
  received: boolean
  sent: boolean
  templates: boolean
  /** It was bought here. */
  setHere: boolean
}
export async function evidence(tx: Tx, id: string): Promise<Evidence> {
  const { rows } = await tx.query<Evidence>(
    `SELECT EXISTS (SELECT FROM message_tracking m WHERE m.tenant_id = $1 AND m.channel_account_id = $2 AND m.direction = 'INBOUND') AS received,
            EXISTS (SELECT FROM message_tracking m WHERE m.tenant_id = $1 AND m.channel_account_id = $2 AND m.direction = 'OUTBOUND'
                       AND m.status IN ('sent', 'delivered', 'read')) AS sent,
            EXISTS (SELECT FROM templates t WHERE t.tenant_id = $1 AND t.channel_account_id = $2 AND t.status = 'approved') AS templates,
            EXISTS (SELECT FROM phone_numbers p WHERE p.tenant_id = $1 AND p.channel_account_id = $2 AND p.account_sid IS NOT NULL) AS "setHere"`,
    [tx.tenantId, id],
  )
  return rows[0] ?? { received: false, sent: false, templates: false, setHere: false }
}
