/** What a business decides about an account of its own. */
import { requireAccount } from '../conversations/accounts.ts'
import type { Tx } from '../platform/db/tx.ts'
import { audit, type By } from '../tenancy/audit.ts'
import type { PatchAccount } from './schema.ts'

/** Field of the API → column. */
const columns = {
  name: 'name',
  registration: 'registration',
  registrationText: 'registration_text',
} as const satisfies Record<keyof PatchAccount, string>

/** What is not named stays. */
export async function changeAccount(tx: Tx, by: By, accountId: string, patch: PatchAccount): Promise<void> {
  await requireAccount(tx, accountId)
  const given = (Object.keys(columns) as (keyof PatchAccount)[]).filter((field) => patch[field] !== undefined)
  if (given.length === 0) return
  await tx.query(
    `UPDATE channel_accounts SET ${given.map((field, at) => `${columns[field]} = $${at + 3}`).join(', ')} WHERE tenant_id = $1 AND id = $2`,
    [tx.tenantId, accountId, ...given.map((field) => patch[field])],
  )
  await audit(tx, by, { action: 'account.updated', subject: { type: 'account', id: accountId }, changes: patch })
  await tx.query(
    `INSERT INTO events (tenant_id, type, actor, data) VALUES ($1, 'account.updated', $2, jsonb_build_object('accountId', $3::text))`,
    [tx.tenantId, by.label, accountId],
  )
}
