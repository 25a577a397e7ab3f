/** Who is booked: people, rooms, machines. */
import { appendEvent } from '../conversations/feed.ts'
import { notFound, ParleyError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { cleanText } from '../kernel/text.ts'
import type { Tx } from '../platform/db/tx.ts'
import { audit, type By } from '../tenancy/audit.ts'
import type { PatchStaff } from './schema.ts'

/** A list that people choose from. */
const mostStaff = 200

export interface StaffRow {
  id: string
  name: string
  specialization: string | null
  avatar_url: string | null
  phone: string | null
  email: string | null
  user_id: string | null
  user_name: string | null
  rating: number | null
  weight: number
  is_active: boolean
  is_hidden: boolean
  created_at: Date
  updated_at: Date
}

const columns = `s.id, s.name, s.specialization, s.avatar_url, s.phone, s.email, s.user_id,
  nullif(trim(concat(p.first_name, ' ', p.last_name)), '') AS user_name, s.rating, s.weight, s.is_active, s.is_hidden, s.created_at, s.updated_at`
const joined = 'staff s LEFT JOIN user_profiles p ON p.tenant_id = s.tenant_id AND p.user_id = s.user_id'

export async function listStaff(tx: Tx): Promise<StaffRow[]> {
  const { rows } = await tx.query<StaffRow>(
    `SELECT ${columns} FROM ${joined} WHERE s.tenant_id = $1 ORDER BY s.weight DESC, lower(s.name), s.id`,
    [tx.tenantId],
  )
  return rows
}

async function requireStaff(
  tx: Tx,
  id: string,
  lock: '' | 'FOR NO KEY UPDATE OF s' | 'FOR UPDATE OF s' = '',
): Promise<StaffRow> {
  const { rows } = await tx.query<StaffRow>(`SELECT ${columns} FROM ${joined} WHERE s.tenant_id = $1 AND s.id = $2 ${lock}`, [
    tx.tenantId,
    id,
  ])
  if (!rows[0]) throw notFound('The person')
  return rows[0]
}

/** Who can be booked: one, or all who are offered, in their order. */
export async function bookable(tx: Tx, id: string | undefined): Promise<string[]> {
  if (id !== undefined) return (await requireStaff(tx, id)).is_active ? [id] : []
  return (await listStaff(tx)).filter((row) => row.is_active && !row.is_hidden).map((row) => row.id)
}

/** Field of the API → column. */
const fields = {
  name: 'name',
  specialization: 'specialization',
  avatarUrl: 'avatar_url',
  phone: 'phone',
  email: 'email',
  userId: 'user_id',
  weight: 'weight',
  isActive: 'is_active',
  isHidden: 'is_hidden',
} as const satisfies Record<keyof PatchStaff, keyof StaffRow>

function columnsOf(given: PatchStaff): [field: keyof PatchStaff, column: keyof StaffRow, value: unknown][] {
  return (Object.entries(fields) as [keyof PatchStaff, keyof StaffRow][])
    .filter(([field]) => given[field] !== undefined)
    .map(([field, column]) => {
      const value = given[field]
      return [field, column, typeof value === 'string' ? cleanText(value) || null : value]
    })
}

export async function addStaff(tx: Tx, by: By, given: PatchStaff & { name: string }): Promise<StaffRow> {
  await requireRoom(tx)
  if (given.userId) await requireColleague(tx, given.userId)
  const id = newId()
  const parts = columnsOf(given)
  await tx.query(
    `INSERT INTO staff (tenant_id, id, ${parts.map(([, column]) => column).join(', ')})
     VALUES ($1, $2, ${parts.map((_, n) => `$${n + 3}`).join(', ')})`,
    [tx.tenantId, id, ...parts.map(([, , value]) => value)],
  )
  await tell(tx, by, 'staff.created', id)
  await audit(tx, by, { action: 'staff.created', subject: { type: 'staff', id }, changes: { ...given } })
  return await requireStaff(tx, id)
}

/** The business's row, so that two who add at once are counted one after the other. */
async function requireRoom(tx: Tx): Promise<void> {
  await tx.query('SELECT FROM tenants WHERE id = $1 FOR NO KEY UPDATE', [tx.tenantId])
  const { rows } = await tx.query<{ n: number }>('SELECT count(*) AS n FROM staff WHERE tenant_id = $1', [tx.tenantId])
  if ((rows[0]?.n ?? 0) >= mostStaff)
    throw new ParleyError('conflict', `There are ${mostStaff} people already. Delete one who is not needed any more.`)
}

async function requireColleague(tx: Tx, userId: string): Promise<void> {
  const { rowCount } = await tx.query('SELECT FROM user_profiles WHERE tenant_id = $1 AND user_id = $2', [tx.tenantId, userId])
  if (!rowCount) throw notFound('The colleague')
}

/** Whoever takes bookings no more keeps those that are made. */
export async function patchStaff(tx: Tx, by: By, id: string, given: PatchStaff): Promise<StaffRow> {
  const before = await requireStaff(tx, id, 'FOR NO KEY UPDATE OF s')
  if (given.userId) await requireColleague(tx, given.userId)
  const parts = columnsOf(given).filter(([, column, value]) => before[column] !== value)
  if (parts.length === 0) return before
  await tx.query(
    `UPDATE staff SET ${parts.map(([, column], n) => `${column} = $${n + 3}`).join(', ')} WHERE tenant_id = $1 AND id = $2`,
    [tx.tenantId, id, ...parts.map(([, , value]) => value)],
  )
  await tell(tx, by, 'staff.updated', id)
  const changes = Object.fromEntries(parts.map(([field, column, after]) => [field, { before: before[column], after }]))
  await audit(tx, by, { action: 'staff.updated', subject: { type: 'staff', id }, changes: { person: before.name, ...changes } })
  return await requireStaff(tx, id)
}

/** What is only held goes with them; what was ever booked says with whom, so they stay. */
export async function removeStaff(tx: Tx, by: By, id: string): Promise<void> {
  const { name } = await requireStaff(tx, id, 'FOR UPDATE OF s')
  const { rowCount } = await tx.query('SELECT FROM bookings WHERE tenant_id = $1 AND staff_id = $2 LIMIT 1', [tx.tenantId, id])
  if (rowCount)
    throw new ParleyError(
      'conflict',
      `${name} has bookings, so they cannot be deleted. Deactivate them: they are booked no more.`,
    )
  await tx.query('DELETE FROM staff WHERE tenant_id = $1 AND id = $2', [tx.tenantId, id])
  await tell(tx, by, 'staff.deleted', id)
  await audit(tx, by, { action: 'staff.deleted', subject: { type: 'staff', id }, changes: { name } })
}

const tell = (tx: Tx, by: By, type: string, staffId: string) => appendEvent(tx, { type, actor: by.label, data: { staffId } })
