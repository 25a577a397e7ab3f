/** The way in without an invitation: the first owner of a new server, and anybody where that is allowed. */

import type { z } from 'zod'
import { ParleyError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { type Database, inTenant, type Tx } from '../platform/db/tx.ts'
import { audit } from './audit.ts'
import type { PeopleDeps } from './deps.ts'
import { hashPassword } from './passwords.ts'
import type { setupView, signUp as signUpBody } from './people-schema.ts'
import { fullName, requireGoodPassword, requireLanguage, requireZone } from './rules.ts'
import { type SignedIn, startSession, type Visitor } from './sessions.ts'
import { proveWho } from './sign-in.ts'
import { publicIdOf } from './tenant-rules.ts'
import { addPerson, createTenant, joinTenant } from './tenants.ts'

type Setup = z.infer<typeof setupView>

/** Any number nobody else uses: "signup" in ASCII. Of two first owners at once, one is second. */
const lockKey = 0x7369676e7570

/**
 * Whether this server is somebody's already. A key of the platform or a business says so as well as a person does: whoever
 * set the server up through the API, or invited its first owner by link, must not be overtaken by a stranger who would run it.
 */
async function anybody(db: Pick<Tx, 'query'>): Promise<boolean> {
  const { rows } = await db.query<{ any: boolean }>(
    `SELECT EXISTS (SELECT FROM users) OR EXISTS (SELECT FROM platform_api_keys)
         OR EXISTS (SELECT FROM parley.list_tenants(NULL, NULL, NULL, NULL, NULL, 1)) AS any`,
  )
  return rows[0]?.any ?? false
}

export async function readSetup(deps: Pick<PeopleDeps, 'db' | 'signUp' | 'mail'>): Promise<Setup> {
  return { signUp: (await anybody(deps.db.pool)) ? deps.signUp : 'first', mail: deps.mail }
}

export async function signUp(deps: PeopleDeps, given: z.output<typeof signUpBody>, visitor: Visitor): Promise<SignedIn> {
  const { signUp: allowed } = await readSetup(deps)
  if (allowed === 'closed') throw closed()
  const { business, email } = given
  requireZone(business.timezone)
  const settings = { timezone: business.timezone, language: requireLanguage(business.language) }
  const known = (await isKnown(deps.db, email)) ? await proveWho(deps, given, visitor) : null
  if (!known) requireGoodPassword(given.password, email)
  const passwordHash = known ? null : await hashPassword(given.password)
  const tenantId = newId()
  return await inTenant(deps.db, tenantId, async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [lockKey])
    const first = !(await anybody(tx))
    if (!first && deps.signUp === 'closed') throw closed()
    await createTenant(tx, { publicId: publicIdOf(business.name, tenantId), name: business.name, email, settings })
    const userId = known?.id ?? (await addPerson(tx, { email, passwordHash: passwordHash as string }))
    if (!userId) throw new ParleyError('conflict', 'This address signs in here since just now. Sign in first.')
    await joinTenant(tx, { userId, role: 'owner', email, firstName: given.firstName, lastName: given.lastName })
    if (first) await tx.query(`INSERT INTO platform_operators (user_id, granted_by) VALUES ($1, 'system')`, [userId])
    const by = { label: `user:${userId}`, name: fullName(given.firstName, given.lastName, email), ip: visitor.ip }
    await audit(tx, by, {
      action: 'business.created',
      subject: { type: 'tenant', id: tenantId },
      changes: { name: business.name, ...settings, ...(first ? { operator: email } : {}) },
    })
    return await startSession({ pool: tx }, deps.lives, { userId, tenantId, visitor })
  })
}

const closed = () => new ParleyError('forbidden', 'This server takes nobody without an invitation. Ask an owner for one.')

async function isKnown(db: Database, email: string): Promise<boolean> {
  const { rowCount } = await db.pool.query('SELECT FROM users WHERE lower(email) = lower($1)', [email])
  return rowCount === 1
}
