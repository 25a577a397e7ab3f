/**
 * The life of a business on this server. active: everything. suspended: what comes in is kept, nothing is sent, keys are
 * refused, people may read. deleted: gone for everybody, its ids are free for others; restored while they still are.
 */
import type { z } from 'zod'
import { notFound, ParleyError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { type Database, inTenant, type Tx } from '../platform/db/tx.ts'
import { createApiKey } from './api-keys.ts'
import { audit, type By } from './audit.ts'
import { requireModest } from './free-form.ts'
import { refuseTaken } from './tenant-conflicts.ts'
import { findTenantRow, type TenantLookup } from './tenant-lookup.ts'
import { mergePatch, patchColumns, publicIdOf, type TenantPatch } from './tenant-rules.ts'
import type { createTenant as createTenantBody, fromGenesys } from './tenant-schema.ts'
import type { Released, TenantRow } from './tenant-view.ts'
import { setNumberLimit } from './tenants.ts'

export interface TenantDeps {
  db: Database
  /** Absent on the command line: the server hears of what was done. */
  lookup?: TenantLookup
}

/** One change of one business; when it returns this process knows of it. */
async function change<T>(deps: TenantDeps, tenantId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  const result = await refuseTaken(inTenant(deps.db, tenantId, work))
  await deps.lookup?.caughtUp()
  return result
}

async function insertTenant(tx: Tx, columns: Record<string, unknown>, onConflict = ''): Promise<TenantRow | null> {
  const given = Object.entries({ id: tx.tenantId, ...columns }).filter(([, value]) => value !== undefined)
  const { rows } = await tx.query<TenantRow>(
    `INSERT INTO tenants (${given.map(([name]) => name).join(', ')}) VALUES (${given.map((_, i) => `$${i + 1}`).join(', ')}) ${onConflict} RETURNING *`,
    given.map(([, value]) => value),
  )
  return rows[0] ?? null
}

export async function createBusiness(
  deps: TenantDeps,
  by: By,
  given: z.output<typeof createTenantBody>,
  /** What else belongs to a new business, in the same transaction. */
  more: (tx: Tx) => Promise<void> = async () => {},
): Promise<{ row: TenantRow; apiKey: string }> {
  const id = newId()
  return await change(deps, id, async (tx) => {
    const row = (await insertTenant(tx, {
      tenant_id: given.tenantId ?? publicIdOf(given.name, id),
      name: given.name,
      email: given.email,
      domain: given.domain,
      subdomain: given.subdomain,
      plan: given.plan,
      rate_limit: given.rateLimit,
      settings: JSON.stringify(given.settings ?? {}),
      metadata: JSON.stringify(given.metadata ?? {}),
    })) as TenantRow
    const { key } = await createApiKey(tx, { name: 'First key', role: 'admin' }, { actor: { role: 'owner' }, by })
    await more(tx)
    await audit(tx, by, { action: 'tenant.created', subject: { type: 'tenant', id }, changes: { name: given.name } })
    return { row, apiKey: key }
  })
}

/** The business of a contact centre's organisation; made where there is none. Asked twice at once, it is made once. */
export async function businessOfGenesys(
  deps: TenantDeps,
  by: By,
  given: z.output<typeof fromGenesys>,
): Promise<{ row: TenantRow; created: boolean }> {
  const id = newId()
  const name = given.name ?? given.orgName ?? `Organisation ${given.orgId}`
  const made = await change(deps, id, async (tx) => {
    const row = await insertTenant(
      tx,
      {
        tenant_id: publicIdOf(name, id),
        name,
        email: given.email,
        genesys_org_id: given.orgId,
        genesys_org_name: given.orgName,
        genesys_region: given.region,
      },
      'ON CONFLICT (genesys_org_id) WHERE genesys_org_id IS NOT NULL DO NOTHING',
    )
    if (row)
      await audit(tx, by, {
        action: 'tenant.created',
        subject: { type: 'tenant', id },
        changes: { name, genesysOrgId: given.orgId },
      })
    return row
  })
  if (made) return { row: made, created: true }
  const row = await findTenantRow(deps.db, 'genesys_org', given.orgId)
  // Deleted between the two: whoever asks again makes it.
  if (!row) throw new ParleyError('conflict', 'This organisation is just being changed. Ask again.')
  return { row, created: false }
}

/** Whoever claims messages of an account holds its lock: after this nothing of the business is being claimed, nor will be. */
const stopClaims = (tx: Tx) =>
  tx.query('SELECT FROM channel_accounts WHERE tenant_id = $1 ORDER BY id FOR NO KEY UPDATE', [tx.tenantId])

async function lockTenant(tx: Tx): Promise<TenantRow> {
  const { rows } = await tx.query<TenantRow>('SELECT * FROM tenants WHERE id = $1 FOR UPDATE', [tx.tenantId])
  if (!rows[0]) throw notFound('The business')
  return rows[0]
}

/** Columns are named by our own code alone. */
async function setTenant(tx: Tx, set: Record<string, unknown>): Promise<TenantRow> {
  const { rows } = await tx.query<TenantRow>(
    `UPDATE tenants SET ${Object.keys(set)
      .map((name, i) => `${name} = $${i + 2}`)
      .join(', ')} WHERE id = $1 RETURNING *`,
    [tx.tenantId, ...Object.values(set)],
  )
  return rows[0] as TenantRow
}

export async function patchBusiness(deps: TenantDeps, by: By, tenantId: string, patch: TenantPatch): Promise<TenantRow> {
  return await change(deps, tenantId, async (tx) => {
    if (patch.status === 'suspended') await stopClaims(tx)
    const before = await lockTenant(tx)
    if (before.status === 'deleted') throw notFound('The business')
    const { settings, metadata, phoneNumberLimit, ...plain } = patch
    if (phoneNumberLimit !== undefined) await setNumberLimit(tx, phoneNumberLimit)
    const set: Record<string, unknown> = {}
    for (const [field, column] of Object.entries(patchColumns)) {
      const value = plain[field as keyof typeof plain]
      if (value !== undefined) set[column] = value
    }
    const merged = settings && mergePatch(before.settings, settings)
    if (merged) set.settings = JSON.stringify(requireModest(merged))
    if (metadata) set.metadata = JSON.stringify(requireModest(mergePatch(before.metadata, metadata)))
    const columns = Object.keys(set)
    if (columns.length === 0 && phoneNumberLimit === undefined) return before
    const after = columns.length === 0 ? before : await setTenant(tx, set)
    if (typeof merged?.timezone === 'string')
      await tx.query('UPDATE business_settings SET timezone = $2 WHERE tenant_id = $1 AND timezone <> $2', [
        tenantId,
        merged.timezone,
      ])
    await audit(tx, by, {
      action: patch.status && patch.status !== before.status ? `tenant.${statusWord[patch.status]}` : 'tenant.updated',
      subject: { type: 'tenant', id: tenantId },
      changes: {
        ...plain,
        ...(phoneNumberLimit === undefined ? {} : { phoneNumberLimit }),
        ...(settings ? { settings: Object.keys(settings) } : {}),
        ...(metadata ? { metadata: Object.keys(metadata) } : {}),
      },
    })
    return after
  })
}
const statusWord = { active: 'resumed', suspended: 'suspended' } as const

/**
 * Last in a transaction that gives a business something others know it by: deleted meanwhile, it would hold that for nobody.
 * Whoever deletes waits for it, or is seen by it.
 */
export async function requireNotDeleted(tx: Tx): Promise<void> {
  const { rowCount } = await tx.query(`SELECT FROM tenants WHERE id = $1 AND status <> 'deleted' FOR KEY SHARE`, [tx.tenantId])
  if (!rowCount) throw notFound('The business')
}

/** Numbers that were bought here would be paid for by nobody's will. Who buys one waits for the business's lock, and finds it deleted. */
async function requireNoNumbers(tx: Tx): Promise<void> {
  const { rows } = await tx.query<{ phone_number: string }>(
    `SELECT phone_number FROM phone_numbers WHERE tenant_id = $1 AND account_sid IS NOT NULL AND status <> 'released' ORDER BY slot`,
    [tx.tenantId],
  )
  if (rows.length === 0) return
  const numbers = rows.map(({ phone_number }) => phone_number).join(', ')
  throw new ParleyError(
    'conflict',
    `This business pays for telephone numbers: ${numbers}. Release them first (Settings → Numbers, or POST /api/numbers/:id/release).`,
    { numbers: rows.map(({ phone_number }) => phone_number) },
  )
}

/** Its rows stay until it is purged; what others find it by is free at once. */
export async function deleteBusiness(deps: TenantDeps, by: By, tenantId: string): Promise<void> {
  await change(deps, tenantId, async (tx) => {
    await stopClaims(tx)
    const before = await lockTenant(tx)
    if (before.status === 'deleted') throw notFound('The business')
    await requireNoNumbers(tx)
    const released: Released = {
      tenantId: before.tenant_id,
      subdomain: before.subdomain,
      phoneNumberId: before.phone_number_id,
      genesysOrgId: before.genesys_org_id,
      genesysIntegrationId: before.genesys_integration_id,
      status: before.status,
    }
    await tx.query(
      `UPDATE tenants SET status = 'deleted', deleted_at = now(), released = $2, tenant_id = 'deleted-' || id, subdomain = NULL,
              phone_number_id = NULL, genesys_org_id = NULL, genesys_integration_id = NULL WHERE id = $1`,
      [tenantId, JSON.stringify(released)],
    )
    await tx.query(
      `UPDATE channel_accounts SET released_external_id = external_id, external_id = 'released:' || id
        WHERE tenant_id = $1 AND released_external_id IS NULL`,
      [tenantId],
    )
    await audit(tx, by, { action: 'tenant.deleted', subject: { type: 'tenant', id: tenantId } })
  })
}

/** Takes back all that it had; refused where another business has something of it by now. */
export async function restoreBusiness(deps: TenantDeps, by: By, tenantId: string): Promise<TenantRow> {
  return await change(deps, tenantId, async (tx) => {
    const before = await lockTenant(tx)
    if (before.status !== 'deleted' || !before.released) throw notFound('A deleted business with this id')
    const had = before.released
    const { rows } = await tx.query<TenantRow>(
      `UPDATE tenants SET status = $7, deleted_at = NULL, released = NULL, tenant_id = $2, subdomain = $3,
              phone_number_id = $4, genesys_org_id = $5, genesys_integration_id = $6 WHERE id = $1 RETURNING *`,
      [
        ...[tenantId, had.tenantId, had.subdomain, had.phoneNumberId, had.genesysOrgId, had.genesysIntegrationId],
        had.status ?? 'active',
      ],
    )
    await tx.query(
      `UPDATE channel_accounts SET external_id = released_external_id, released_external_id = NULL
        WHERE tenant_id = $1 AND released_external_id IS NOT NULL AND removed_at IS NULL`,
      [tenantId],
    )
    await audit(tx, by, { action: 'tenant.restored', subject: { type: 'tenant', id: tenantId } })
    return rows[0] as TenantRow
  })
}
