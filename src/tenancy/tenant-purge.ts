/** Erasing a deleted business: its rows in every table, its files, and its people who belong nowhere else. For good. */
import { notFound, ParleyError } from '../kernel/errors.ts'
import type { FileStore } from '../platform/blobs.ts'
import { type Database, inTenant, type Tx } from '../platform/db/tx.ts'
import { auditPlatform, type By } from './audit.ts'
import { findTenantRow } from './tenant-lookup.ts'

/** Rows removed, by table. */
export type Purged = Record<string, number>

/** Hang on the business's own row and go with it: the people are needed until the last step, which finds them there. */
const goWithIt = new Set(['channel_apps', 'user_profiles'])

/** Tables with rows of tenants, found in the catalogue: one that is added later is not forgotten. `own`: the server may empty it. */
async function tablesOf(tx: Tx): Promise<{ name: string; own: boolean }[]> {
  const { rows } = await tx.query<{ name: string; own: boolean }>(
    `SELECT c.relname AS name, has_table_privilege(c.oid, 'DELETE') AS own
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
      WHERE c.relnamespace = 'parley'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND a.atttypid = 'uuid'::regtype ORDER BY 1`,
  )
  return rows
}

export async function purgeBusiness(deps: { db: Database; files: FileStore }, by: By, tenantId: string): Promise<Purged> {
  const row = await findTenantRow(deps.db, 'id', tenantId)
  if (!row) {
    // Ended between the commit and the files, or by a full disk: asked again, it finishes what it began.
    if (!(await wasPurged(deps.db, tenantId))) throw notFound('The business')
    await deps.files.erase(tenantId)
    return {}
  }
  if (row.status !== 'deleted')
    throw new ParleyError('conflict', 'Only a deleted business can be purged. Delete it first; until then it can be restored.')
  const purged = await inTenant(deps.db, tenantId, async (tx) => {
    const { rowCount: held } = await tx.query(
      'SELECT FROM retention_holds WHERE tenant_id = $1 AND released_at IS NULL LIMIT 1',
      [tenantId],
    )
    if (held) throw new ParleyError('conflict', 'A legal hold is in force. It has to be released before anything is erased.')
    const counts: Purged = {}
    const tables = await tablesOf(tx)
    for (const { name } of tables) {
      const { rows } = await tx.query<{ n: number }>(`SELECT count(*) AS n FROM parley.${name} WHERE tenant_id = $1`, [
        tenantId,
      ])
      counts[name] = rows[0]?.n ?? 0
    }
    const waiting = new Set(tables.filter(({ name, own }) => own && !goWithIt.has(name)).map(({ name }) => name))
    // What others point at goes after them: whatever is still held is tried again once its holders are gone.
    for (let before = -1; waiting.size > 0 && waiting.size !== before; ) {
      before = waiting.size
      for (const table of [...waiting]) if (await emptied(tx, table)) waiting.delete(table)
    }
    if (waiting.size > 0) throw new Error(`These tables could not be emptied: ${[...waiting].join(', ')}`)
    const { rows } = await tx.query<{ relation: string; n: number }>('SELECT relation, n FROM parley.purge_tenant($1)', [
      tenantId,
    ])
    for (const { relation, n } of rows) counts[relation] = (counts[relation] ?? 0) + n
    await auditPlatform({ pool: tx }, by, {
      action: 'tenant.purged',
      subject: { type: 'tenant', id: tenantId },
      changes: { rows: counts },
    })
    return counts
  })
  // After the commit: a file without a row is waste, a row without its file is a loss.
  await deps.files.erase(tenantId)
  return purged
}

async function wasPurged(db: Database, tenantId: string): Promise<boolean> {
  const { rowCount } = await db.pool.query(
    `SELECT FROM platform_audit_log WHERE action = 'tenant.purged' AND subject_type = 'tenant' AND subject_id = $1 LIMIT 1`,
    [tenantId],
  )
  return rowCount === 1
}

/** False where rows of another table still point at its rows. */
async function emptied(tx: Tx, table: string): Promise<boolean> {
  await tx.query('SAVEPOINT emptying')
  try {
    await tx.query(`DELETE FROM parley.${table} WHERE tenant_id = $1`, [tx.tenantId])
    await tx.query('RELEASE SAVEPOINT emptying')
    return true
  } catch (error) {
    await tx.query('ROLLBACK TO SAVEPOINT emptying')
    if ((error as { code?: string }).code !== '23503') throw error
    return false
  }
}
