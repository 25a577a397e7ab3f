/** What somebody may at the moment at which they give something away: they may have been let in a while ago. */
import { ParleyError } from '../kernel/errors.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { By } from './audit.ts'
import { reaches, requireCan } from './can.ts'
import type { Role } from './roles.ts'
import { requireReach } from './rules.ts'

/** For whoever removes or lowers somebody: waits for what they are giving away, so that it is found. */
export async function holdMember(tx: Tx, userId: string): Promise<void> {
  await tx.query('SELECT FROM user_profiles WHERE tenant_id = $1 AND user_id = $2 FOR UPDATE', [tx.tenantId, userId])
}

/** For whoever gives somebody a way in: throws where they may no longer. Until the end of the transaction nobody removes or lowers them. */
export async function requireGiver(tx: Tx, by: By, role: Role): Promise<void> {
  const own = await holdGiver(tx, by)
  if (own === null) return
  requireCan({ role: own }, 'members.manage')
  requireReach({ role: own }, role)
}

/** null: whoever runs the server. */
async function holdGiver(tx: Tx, by: By): Promise<Role | null> {
  const [kind, id] = by.label.split(':') as [string, string?]
  if (kind === 'user') return await holdPerson(tx, id as string)
  if (kind !== 'key') return null
  const { rows: made } = await tx.query<{ made_for: string | null }>(
    'SELECT made_for FROM tenant_api_keys WHERE tenant_id = $1 AND id = $2',
    [tx.tenantId, id],
  )
  // The person before the key, as whoever removes them does.
  const person = made[0]?.made_for ? await holdPerson(tx, made[0].made_for) : null
  const { rows } = await tx.query<{ role: Role }>(
    `SELECT role FROM tenant_api_keys
      WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) FOR SHARE`,
    [tx.tenantId, id],
  )
  if (!rows[0]) throw gone()
  return person && !reaches(person, rows[0].role) ? person : rows[0].role
}

async function holdPerson(tx: Tx, userId: string): Promise<Role> {
  const { rows } = await tx.query<{ role: Role }>(
    'SELECT role FROM user_profiles WHERE tenant_id = $1 AND user_id = $2 FOR SHARE',
    [tx.tenantId, userId],
  )
  if (!rows[0]) throw gone()
  return rows[0].role
}

const gone = () => new ParleyError('not_signed_in', 'Who gives this may no longer do so.')
