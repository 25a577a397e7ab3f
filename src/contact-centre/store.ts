/** A business's contact centre: what opens it, and how the bridge to it is doing. */
import { isDeepStrictEqual } from 'node:util'
import { appendEvent } from '../conversations/feed.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { Secrets } from '../platform/secrets.ts'
import type { CentreConnection, CentreResult, ContactCentre } from '../ports/contact-centre.ts'
import { loadCredentials } from '../tenancy/credentials.ts'
import { type CentreSettings, centreSettings } from './settings.ts'

export interface CentreRow {
  name: string
  slug: string
  state: 'connected' | 'degraded' | 'logged_out'
  state_code: string | null
  state_text: string | null
  paused_until: Date | number
  failures: number
  failing_since: Date | null
  settings: CentreSettings
}

export async function findCentre(tx: Tx): Promise<CentreRow | undefined> {
  const { rows } = await tx.query<CentreRow>(
    `SELECT name, slug, state, state_code, state_text, paused_until, failures, failing_since, settings
       FROM contact_centres WHERE tenant_id = $1 ORDER BY created_at LIMIT 1`,
    [tx.tenantId],
  )
  const row = rows[0]
  return row && { ...row, settings: centreSettings.parse(row.settings) }
}

const secretNames = new Set(['clientId', 'clientSecret'])
/** Signs what comes in; no call needs it. */
const neverSent = new Set(['webhookSecret'])

/** undefined: this business has no contact centre, or has taken its credentials away. */
export async function loadCentre(
  tx: Tx,
  secrets: Secrets,
): Promise<{ row: CentreRow; connection: CentreConnection } | undefined> {
  const row = await findCentre(tx)
  const values = row && (await loadCredentials(tx, secrets, row.name, ''))
  if (!row || !values) return undefined
  return { row, connection: connectionFrom(tx.tenantId, values) }
}

export function connectionFrom(tenantId: string, values: Record<string, string>): CentreConnection {
  const { integrationId = '', ...others } = values
  const pick = (wanted: (name: string) => boolean) =>
    Object.fromEntries(Object.entries(others).filter(([name]) => !neverSent.has(name) && wanted(name)))
  return {
    tenantId,
    integrationId,
    config: pick((name) => !secretNames.has(name)),
    credentials: pick((name) => secretNames.has(name)),
  }
}

/** Seconds between tries while a contact centre does not answer; so long after it is back everything goes on. */
const longestPauseMs = 60_000

/** 1 s doubling, with jitter so that many do not come back at once. */
export function backoffMs(attempts: number, ceilingMs: number, random: () => number = Math.random): number {
  const ceiling = Math.min(ceilingMs, 1000 * 2 ** Math.min(attempts, 20))
  return Math.ceil(ceiling / 2 + (random() * ceiling) / 2)
}

/** What a contact centre was asked with. */
export interface Asked {
  name: string
  connection: CentreConnection
  secrets: Secrets
}

/**
 * Whether it is still reached with that; nothing changes it until the end of the transaction. An answer that took long says
 * nothing about the secret that stands there by now.
 */
async function isStill(tx: Tx, { name, connection, secrets }: Asked): Promise<boolean> {
  await tx.query('SELECT FROM contact_centres WHERE tenant_id = $1 AND name = $2 FOR NO KEY UPDATE', [tx.tenantId, name])
  return isDeepStrictEqual((await loadCentre(tx, secrets))?.connection, connection)
}

/** Keeps what a check found, unless something else stands there by now. */
export async function keepCheck(
  tx: Tx,
  asked: Asked,
  { state, text }: Awaited<ReturnType<ContactCentre['check']>>,
): Promise<void> {
  if (await isStill(tx, asked))
    await setCentreState(tx, asked.name, state, state === 'connected' ? null : { code: state, text })
}

/** What a call says about the contact centre as a whole. Nothing, mostly. */
export async function noteResult(tx: Tx, asked: Asked, result: CentreResult): Promise<void> {
  const { name } = asked
  if (result.outcome === 'accepted') return await recovered(tx, name)
  if (result.outcome === 'reconnect') {
    if (await isStill(tx, asked)) await setCentreState(tx, name, 'logged_out', result)
    return
  }
  if (result.outcome !== 'retry' || result.scope !== 'integration') return
  const { rows } = await tx.query<{ failures: number }>(
    'SELECT failures FROM contact_centres WHERE tenant_id = $1 AND name = $2 FOR NO KEY UPDATE',
    [tx.tenantId, name],
  )
  const pause = result.retryAfterMs ?? backoffMs(rows[0]?.failures ?? 0, longestPauseMs)
  await tx.query(
    `UPDATE contact_centres SET failures = failures + 1, failing_since = coalesce(failing_since, clock_timestamp()), state_code = $3, state_text = $4,
            paused_until = greatest(paused_until, clock_timestamp() + make_interval(secs => $5::double precision / 1000))
      WHERE tenant_id = $1 AND name = $2`,
    [tx.tenantId, name, result.code, result.text, pause],
  )
}

/** The question is answered, one way or the other: the next may be asked. */
export const endProbe = (tx: Tx, name: string) =>
  tx.query(`UPDATE contact_centres SET probing_until = '-infinity' WHERE tenant_id = $1 AND name = $2`, [tx.tenantId, name])

async function recovered(tx: Tx, name: string): Promise<void> {
  const { rows } = await tx.query<{ told: boolean }>(
    `WITH before AS (SELECT told_at FROM contact_centres WHERE tenant_id = $1 AND name = $2)
     UPDATE contact_centres SET failures = 0, failing_since = NULL, told_at = NULL, paused_until = '-infinity',
            state_code = CASE WHEN state = 'logged_out' THEN state_code END, state_text = CASE WHEN state = 'logged_out' THEN state_text END
      WHERE tenant_id = $1 AND name = $2 AND failing_since IS NOT NULL
     RETURNING (SELECT told_at IS NOT NULL FROM before) AS told`,
    [tx.tenantId, name],
  )
  if (rows[0]?.told) await appendEvent(tx, { type: 'centre.answers', actor: 'system', data: { name } })
}

/** Nothing is said to one that is logged out until somebody mends it; what waits for it is kept. */
export async function setCentreState(
  tx: Tx,
  name: string,
  state: CentreRow['state'],
  why: { code: string; text: string } | null,
): Promise<void> {
  const { rowCount } = await tx.query(
    `UPDATE contact_centres SET state = $3, state_code = $4, state_text = $5,
            failures = CASE WHEN $3 = 'connected' THEN 0 ELSE failures END,
            failing_since = CASE WHEN $3 = 'connected' THEN NULL ELSE failing_since END,
            told_at = CASE WHEN $3 = 'connected' THEN NULL ELSE told_at END,
            paused_until = CASE WHEN $3 = 'connected' THEN '-infinity' ELSE paused_until END
      WHERE tenant_id = $1 AND name = $2 AND (state <> $3 OR state_text IS DISTINCT FROM $5 OR failing_since IS NOT NULL)`,
    [tx.tenantId, name, state, why?.code ?? null, why?.text ?? null],
  )
  if (rowCount)
    await appendEvent(tx, { type: 'centre.updated', actor: 'system', data: { name, state, text: why?.text ?? null } })
}
