/** Credentials of a business by type, as operators and its admins set them. Read back they are masked. */
import { randomBytes } from 'node:crypto'
import { notFound, ParleyError } from '../kernel/errors.ts'
import { inTenant, type Tx } from '../platform/db/tx.ts'
import type { Secrets } from '../platform/secrets.ts'
import { audit, type By } from './audit.ts'
import { belongsTo, loadCredentials, lockCredentials, storeCredentials } from './credentials.ts'
import { refuseTaken } from './tenant-conflicts.ts'
import { requireNotDeleted, type TenantDeps } from './tenant-life.ts'
import { masked } from './tenant-rules.ts'
import type { CredentialView } from './tenant-schema.ts'

export type CredentialDeps = TenantDeps & { secrets: Secrets }

/** Belong to an account or an app and are set with it. */
const notByType = new Set(['channel_account', 'channel_app', 'whatsapp_pin'])

interface Row {
  credential_type: string
  subject: string
  credentials: string
  created_at: Date
  rotated: boolean
  valid_until: Date | null
  provider: string | null
}

export async function listCredentials(tx: Tx, secrets: Secrets): Promise<CredentialView[]> {
  const { rows } = await tx.query<Row>(
    `SELECT c.credential_type, c.subject, c.credentials, c.created_at, a.provider,
            EXISTS (SELECT FROM tenant_credentials o WHERE o.tenant_id = c.tenant_id AND o.credential_type = c.credential_type
                       AND o.subject = c.subject AND o.id < c.id) AS rotated,
            (SELECT max(o.valid_until) FROM tenant_credentials o WHERE o.tenant_id = c.tenant_id AND o.credential_type = c.credential_type
                AND o.subject = c.subject AND NOT o.is_active AND o.valid_until > now()) AS valid_until
       FROM tenant_credentials c
       LEFT JOIN channel_accounts a ON c.credential_type = 'channel_account' AND a.tenant_id = c.tenant_id AND a.id::text = c.subject
      WHERE c.tenant_id = $1 AND c.is_active ORDER BY c.credential_type, c.created_at LIMIT 200`,
    [tx.tenantId],
  )
  return rows.map((row) => {
    const keys = maskedValues(row, tx.tenantId, secrets)
    return {
      type: row.provider === 'whatsapp-cloud' ? 'whatsapp' : row.credential_type,
      subject: row.subject,
      hint: Object.values(keys)[0] ?? '',
      keys,
      createdAt: row.created_at.toISOString(),
      rotatedAt: row.rotated ? row.created_at.toISOString() : null,
      validUntil: row.valid_until?.toISOString() ?? null,
    }
  })
}

/** What cannot be opened (another master key) has nothing to show, and does not keep the rest from being shown. */
function maskedValues(row: Row, tenantId: string, secrets: Secrets): Record<string, string> {
  try {
    const values = JSON.parse(secrets.open(row.credentials, belongsTo(tenantId, row.credential_type, row.subject))) as Record<
      string,
      string
    >
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, masked(value)]))
  } catch {
    return {}
  }
}

/** Where credentials of a type are kept. `whatsapp` is the token of the main number. */
async function placeOf(tx: Tx, type: string): Promise<{ type: string; subject: string }> {
  if (notByType.has(type))
    throw new ParleyError('invalid_request', 'Credentials of this type belong to an account and are set with it.')
  if (type !== 'whatsapp') return { type, subject: '' }
  const { rows } = await tx.query<{ id: string }>(
    `SELECT id FROM channel_accounts WHERE tenant_id = $1 AND provider = 'whatsapp-cloud' AND removed_at IS NULL
      ORDER BY is_default DESC, created_at LIMIT 1 FOR NO KEY UPDATE`,
    [tx.tenantId],
  )
  if (!rows[0])
    throw new ParleyError('conflict', 'This business has no WhatsApp number yet. Connect one first: PUT /tenants/:id/whatsapp.')
  return { type: 'channel_account', subject: rows[0].id }
}

export async function putCredentials(
  deps: CredentialDeps,
  by: By,
  tenantId: string,
  given: { type: string; values: Record<string, string>; overlapHours?: number },
): Promise<void> {
  await refuseTaken(
    inTenant(deps.db, tenantId, async (tx) => {
      const place = await placeOf(tx, given.type)
      await lockCredentials(tx, place)
      const before = (await loadCredentials(tx, deps.secrets, place.type, place.subject)) ?? {}
      // A new secret alone leaves the business where it was found.
      const { integrationId } = before
      const kept: Record<string, string> =
        given.type === 'whatsapp' ? before : given.type === 'genesys' && integrationId ? { integrationId } : {}
      const values = { ...kept, ...given.values }
      await storeCredentials(tx, deps.secrets, { ...place, values, overlapHours: given.overlapHours })
      if (given.type === 'genesys' && values.integrationId)
        await tx.query('UPDATE tenants SET genesys_integration_id = $2 WHERE id = $1', [tenantId, values.integrationId])
      if (given.type === 'genesys') await openCentre(tx, given.type)
      await requireNotDeleted(tx)
      await audit(tx, by, {
        action: 'credentials.set',
        subject: { type: 'credentials', id: given.type },
        changes: { fields: Object.keys(given.values), overlapHours: given.overlapHours ?? 0 },
      })
    }),
  )
  await deps.lookup?.caughtUp()
}

/** With credentials a contact centre has a webhook address, which stays; new ones mend one that was stopped. */
async function openCentre(tx: Tx, name: string): Promise<void> {
  await tx.query(
    `INSERT INTO contact_centres (tenant_id, name, slug) VALUES ($1, $2, $3)
     ON CONFLICT (tenant_id, name) DO UPDATE SET state = 'connected', state_code = NULL, state_text = NULL, failures = 0,
       failing_since = NULL, told_at = NULL, paused_until = '-infinity', probing_until = '-infinity'`,
    [tx.tenantId, name, randomBytes(12).toString('hex')],
  )
}

/** At once, with all that were still accepted. */
export async function removeCredentials(deps: CredentialDeps, by: By, tenantId: string, type: string): Promise<void> {
  await inTenant(deps.db, tenantId, async (tx) => {
    const place = await placeOf(tx, type)
    const { rowCount } = await tx.query(
      'DELETE FROM tenant_credentials WHERE tenant_id = $1 AND credential_type = $2 AND subject = $3',
      [tenantId, place.type, place.subject],
    )
    if (!rowCount) throw notFound('Credentials of this type')
    if (type === 'genesys') {
      await tx.query('UPDATE tenants SET genesys_integration_id = NULL WHERE id = $1', [tenantId])
      await tx.query(
        `UPDATE contact_centres SET state = 'logged_out', state_code = 'no_credentials', state_text = 'The credentials were taken away.' WHERE tenant_id = $1 AND name = $2`,
        [tenantId, type],
      )
    }
    await audit(tx, by, { action: 'credentials.removed', subject: { type: 'credentials', id: type } })
  })
  await deps.lookup?.caughtUp()
}
