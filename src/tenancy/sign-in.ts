/** From a password (and a code) to a session. */
import { ParleyError } from '../kernel/errors.ts'
import type { Database } from '../platform/db/tx.ts'
import { inTransaction } from '../platform/db/tx.ts'
import { auditPerson } from './audit.ts'
import { passwordMatches } from './passwords.ts'
import { spendCode } from './second-factor.ts'
import { membershipsOf, type SignedIn, type SignInDeps, startSession, type Visitor } from './sessions.ts'

export interface Known {
  id: string
  email: string
  password_hash: string
  totp_secret: string | null
  totp_confirmed_at: Date | null
}

/** The answer is the same, and takes as long, for a wrong password and for an unknown address. */
export async function signIn(
  deps: SignInDeps,
  given: { email: string; password: string; code?: string },
  visitor: Visitor = {},
): Promise<SignedIn> {
  const user = await proveWho(deps, given, visitor)
  const [first] = await membershipsOf(deps.db, user.id)
  if (!first && !(await operates(deps.db, user.id)))
    throw new ParleyError('forbidden', 'This person belongs to no business any more. Ask an owner for an invitation.')
  return await inTransaction(deps.db, async (client) => {
    const by = { label: `user:${user.id}`, name: user.email, ip: visitor.ip }
    await auditPerson({ pool: client }, by, user.id, { action: 'person.signed_in' })
    return await startSession({ pool: client }, deps.lives, { userId: user.id, tenantId: first?.tenantId ?? null, visitor })
  })
}

/** Password, then code: whoever does not know the password does not learn that there is a code. */
export async function proveWho(
  deps: Pick<SignInDeps, 'db' | 'secrets' | 'log'>,
  given: { email: string; password: string; code?: string },
  visitor: Visitor = {},
): Promise<Known> {
  const { db, secrets } = deps
  const { rows } = await db.pool.query<Known>(
    'SELECT id, email, password_hash, totp_secret, totp_confirmed_at FROM users WHERE lower(email) = lower($1)',
    [given.email],
  )
  const user = rows[0]
  if (!(await passwordMatches(user?.password_hash, given.password)) || !user) {
    if (user) noteFailure(deps, user.id, visitor, 'password')
    throw new ParleyError('wrong_credentials', 'The e-mail address or the password is wrong.')
  }
  const { totp_secret } = user
  if (!user.totp_confirmed_at || !totp_secret) return user
  if (!given.code) throw new ParleyError('code_required', 'Enter the code that your authenticator shows.')
  const { code } = given
  await inTransaction(db, (client) => spendCode(client, secrets, { id: user.id, totp_secret }, code)).catch(
    (error: unknown) => {
      if (error instanceof ParleyError && error.code === 'wrong_code') noteFailure(deps, user.id, visitor, 'code')
      throw error
    },
  )
  return user
}

/** Nobody waits for the line: an answer that comes later for a known address would tell that it is known. */
function noteFailure(
  { db, log }: Pick<SignInDeps, 'db' | 'log'>,
  userId: string,
  visitor: Visitor,
  wrong: 'password' | 'code',
): void {
  const by = { label: 'nobody', name: 'Nobody', ip: visitor.ip }
  auditPerson(db, by, userId, { action: 'person.sign_in_failed', changes: { wrong } }).catch((error: Error) =>
    log?.warn('A failed sign-in could not be written down', { operation: 'sign_in', error: error.message }),
  )
}

/** Somebody who is signed in says so once more before something that matters. */
export async function provePassword(db: Database, userId: string, password: string): Promise<void> {
  const { rows } = await db.pool.query<{ password_hash: string }>('SELECT password_hash FROM users WHERE id = $1', [userId])
  if (!(await passwordMatches(rows[0]?.password_hash, password)))
    throw new ParleyError('wrong_credentials', 'The password is wrong.')
}

async function operates(db: Database, userId: string): Promise<boolean> {
  const { rowCount } = await db.pool.query('SELECT FROM platform_operators WHERE user_id = $1', [userId])
  return rowCount === 1
}
