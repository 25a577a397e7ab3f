import type { Tx } from '../platform/db/tx.ts'
import type { Secrets } from '../platform/secrets.ts'

/** What a stored secret belongs to: part of its encryption, so it opens nowhere else. */
export const belongsTo = (tenantId: string, type: string, subject: string): string =>
  `${tenantId}/tenant_credentials/${type}/${subject}`

/** The same for a person's second factor. */
export const secondFactorBelongsTo = (userId: string): string => `users/${userId}/totp_secret`

/** Of two that change the same credentials at once the second waits, and sees what the first stored. Until the commit. */
export async function lockCredentials(tx: Tx, given: { type: string; subject: string }): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [belongsTo(tx.tenantId, given.type, given.subject)])
}

/**
 * Stores credentials; the ones before them stop at once, or after `overlapHours` (a rotated webhook secret: old and new
 * are both accepted for a while).
 */
export async function storeCredentials(
  tx: Tx,
  secrets: Secrets,
  given: { type: string; subject: string; values: Record<string, string>; overlapHours?: number },
): Promise<void> {
  await lockCredentials(tx, given)
  await tx.query(
    `UPDATE tenant_credentials SET is_active = false, valid_until = now() + make_interval(hours => $4)
      WHERE tenant_id = $1 AND credential_type = $2 AND subject = $3 AND is_active`,
    [tx.tenantId, given.type, given.subject, given.overlapHours ?? 0],
  )
  const sealed = secrets.seal(JSON.stringify(given.values), belongsTo(tx.tenantId, given.type, given.subject))
  await tx.query('INSERT INTO tenant_credentials (tenant_id, credential_type, subject, credentials) VALUES ($1, $2, $3, $4)', [
    tx.tenantId,
    given.type,
    given.subject,
    sealed,
  ])
}

/** The active credentials; `values` are stored as such where there are none. Of two at once the first counts for both. */
export async function keepCredentials(
  tx: Tx,
  secrets: Secrets,
  given: { type: string; subject: string; values: Record<string, string> },
): Promise<Record<string, string>> {
  const { type, subject, values } = given
  await tx.query(
    `INSERT INTO tenant_credentials (tenant_id, credential_type, subject, credentials) VALUES ($1, $2, $3, $4)
     ON CONFLICT (tenant_id, credential_type, subject) WHERE is_active DO NOTHING`,
    [tx.tenantId, type, subject, secrets.seal(JSON.stringify(values), belongsTo(tx.tenantId, type, subject))],
  )
  return (await loadCredentials(tx, secrets, type, subject)) ?? values
}

/** The active credentials; null where there are none. */
export async function loadCredentials(
  tx: Tx,
  secrets: Secrets,
  type: string,
  subject: string,
): Promise<Record<string, string> | null> {
  const { rows } = await tx.query<{ credentials: string }>(
    'SELECT credentials FROM tenant_credentials WHERE tenant_id = $1 AND credential_type = $2 AND subject = $3 AND is_active',
    [tx.tenantId, type, subject],
  )
  return rows[0]
    ? (JSON.parse(secrets.open(rows[0].credentials, belongsTo(tx.tenantId, type, subject))) as Record<string, string>)
    : null
}
