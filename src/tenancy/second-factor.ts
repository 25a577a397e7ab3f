/**
 * One-time codes (RFC 6238) beside the password. The secret is sealed; a code is taken once, and none of its 30 seconds or
 * before is taken afterwards. Recovery codes replace a lost authenticator, each once.
 */
import { generateSecret, generateURI, verify } from 'otplib'
import { ParleyError } from '../kernel/errors.ts'
import type { Client } from '../platform/db/pool.ts'
import type { Secrets } from '../platform/secrets.ts'
import { secondFactorBelongsTo } from './credentials.ts'
import { makePassword } from './passwords.ts'
import { tokenHash } from './tokens.ts'

type Query = Pick<Client, 'query'>
const stepSeconds = 30
const recoveryCount = 10
const withoutGaps = (code: string): string => code.replace(/[\s-]/g, '').toLowerCase()

/** Throws unless `code` is right, and then has used it up. Run it in a transaction that commits. */
export async function spendCode(
  db: Query,
  secrets: Secrets,
  user: { id: string; totp_secret: string },
  code: string,
  now = Date.now(),
): Promise<void> {
  const given = withoutGaps(code)
  const right = /^\d{6}$/.test(given)
    ? await spendStep(db, secrets, user, given, now)
    : await spendRecoveryCode(db, user.id, given)
  if (!right) throw new ParleyError('wrong_code', 'The code is wrong or was used already. Wait for the next one.')
}

async function spendStep(
  db: Query,
  secrets: Secrets,
  user: { id: string; totp_secret: string },
  token: string,
  now: number,
): Promise<boolean> {
  const secret = secrets.open(user.totp_secret, secondFactorBelongsTo(user.id))
  const epoch = Math.floor(now / 1000)
  // Clocks of telephones are off by seconds, people type slowly: one step to either side.
  const result = await verify({ secret, token, epoch, epochTolerance: stepSeconds })
  if (!result.valid) return false
  const step = Math.floor(epoch / stepSeconds) + result.delta
  const { rowCount } = await db.query(
    'UPDATE users SET totp_last_step = $2 WHERE id = $1 AND (totp_last_step IS NULL OR totp_last_step < $2)',
    [user.id, step],
  )
  return rowCount === 1
}

async function spendRecoveryCode(db: Query, userId: string, code: string): Promise<boolean> {
  const { rowCount } = await db.query(
    'UPDATE user_recovery_codes SET used_at = now() WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL',
    [userId, tokenHash(code)],
  )
  return rowCount === 1
}

/** Begins: sign-in asks for nothing yet. A secret that was shown and never confirmed is replaced. */
export async function beginTotp(
  db: Query,
  secrets: Secrets,
  user: { id: string; email: string },
): Promise<{ secret: string; uri: string }> {
  const secret = generateSecret()
  const { rowCount } = await db.query('UPDATE users SET totp_secret = $2 WHERE id = $1 AND totp_confirmed_at IS NULL', [
    user.id,
    secrets.seal(secret, secondFactorBelongsTo(user.id)),
  ])
  if (!rowCount) throw new ParleyError('conflict', 'An authenticator is set up already. Remove it first.')
  return { secret, uri: generateURI({ issuer: 'Parley', label: user.email, secret }) }
}

/** From here on sign-in asks for a code. Returns the recovery codes, which are not shown again. */
export async function confirmTotp(db: Query, secrets: Secrets, userId: string, code: string, now?: number): Promise<string[]> {
  const { rows } = await db.query<{ totp_secret: string | null; totp_confirmed_at: Date | null }>(
    'SELECT totp_secret, totp_confirmed_at FROM users WHERE id = $1 FOR NO KEY UPDATE',
    [userId],
  )
  const secret = rows[0]?.totp_secret
  if (!secret || rows[0]?.totp_confirmed_at)
    throw new ParleyError('conflict', 'There is no authenticator waiting to be confirmed. Begin anew.')
  await spendCode(db, secrets, { id: userId, totp_secret: secret }, code, now)
  await db.query('UPDATE users SET totp_confirmed_at = now() WHERE id = $1', [userId])
  await db.query('DELETE FROM user_recovery_codes WHERE user_id = $1', [userId])
  const codes = Array.from({ length: recoveryCount }, makePassword)
  await db.query('INSERT INTO user_recovery_codes (user_id, code_hash) SELECT $1, unnest($2::text[])', [
    userId,
    codes.map((each) => tokenHash(withoutGaps(each))),
  ])
  return codes
}

export async function dropTotp(db: Query, userId: string): Promise<void> {
  await db.query('UPDATE users SET totp_secret = NULL, totp_confirmed_at = NULL, totp_last_step = NULL WHERE id = $1', [userId])
  await db.query('DELETE FROM user_recovery_codes WHERE user_id = $1', [userId])
}
