/** Legal holds: while one is in force nothing of a business, or of one contact, is removed. */
import { notFound, ParleyError } from '../kernel/errors.ts'
import type { Tx } from '../platform/db/tx.ts'
import { audit, type By } from '../tenancy/audit.ts'
import { lockRetention } from './store.ts'

export interface HoldRow {
  id: string
  contact_id: string | null
  reason: string
  placed_by_name: string
  created_at: Date
  released_at: Date | null
}
const columns = 'id, contact_id, reason, placed_by_name, created_at, released_at'

/** In force first, then what was released, newest first. */
export async function listHolds(tx: Tx): Promise<HoldRow[]> {
  const { rows } = await tx.query<HoldRow>(
    `SELECT ${columns} FROM retention_holds WHERE tenant_id = $1 ORDER BY released_at IS NOT NULL, id DESC LIMIT 200`,
    [tx.tenantId],
  )
  return rows
}

/** Waits for rows that are being removed at this moment: once this returns, nothing further is. */
export async function placeHold(tx: Tx, by: By, given: { contactId?: string; reason: string }): Promise<HoldRow> {
  await lockRetention(tx)
  if (given.contactId) {
    const { rowCount } = await tx.query('SELECT FROM contacts WHERE tenant_id = $1 AND id = $2', [tx.tenantId, given.contactId])
    if (!rowCount) throw notFound('The contact')
  }
  const { rows } = await tx.query<HoldRow>(
    `INSERT INTO retention_holds (tenant_id, contact_id, reason, placed_by, placed_by_name) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT DO NOTHING RETURNING ${columns}`,
    [tx.tenantId, given.contactId ?? null, given.reason, by.label, by.name],
  )
  const hold = rows[0]
  if (!hold) throw new ParleyError('conflict', 'A hold on this is in force already.')
  await audit(tx, by, {
    action: 'hold.placed',
    subject: given.contactId ? { type: 'contact', id: given.contactId } : { type: 'tenant', id: tx.tenantId },
    changes: { holdId: hold.id, reason: given.reason },
  })
  return hold
}

export async function releaseHold(tx: Tx, by: By, id: string): Promise<void> {
  const { rows } = await tx.query<{ contact_id: string | null }>(
    'UPDATE retention_holds SET released_at = now(), released_by = $3 WHERE tenant_id = $1 AND id = $2 AND released_at IS NULL RETURNING contact_id',
    [tx.tenantId, id, by.label],
  )
  if (!rows[0]) throw notFound('The hold')
  const contactId = rows[0].contact_id
  await audit(tx, by, {
    action: 'hold.released',
    subject: contactId ? { type: 'contact', id: contactId } : { type: 'tenant', id: tx.tenantId },
    changes: { holdId: id },
  })
}
