/** Who did what. Written in the transaction of the change it tells of, read by owners; nothing changes it afterwards. */
import type { FastifyRequest } from 'fastify'
import { newId } from '../kernel/ids.ts'
import { cleanJson } from '../kernel/text.ts'
import type { Client } from '../platform/db/pool.ts'
import type { Tx } from '../platform/db/tx.ts'

/** Who acts, as the log keeps it. */
export interface By {
  /** user:<id>, key:<id>, operator:<users.id>, platform_key:<id>, system, cli, or nobody: not known. */
  label: string
  name: string
  ip?: string
}

export interface AuditEntry {
  /** Subject and what became of it: `member.invited`, `api_key.revoked`. */
  action: string
  subject: { type: string; id?: string }
  /** What was changed, by field. Never a secret: name the field and leave its value out. */
  changes?: Record<string, unknown>
}

export const bySystem: By = { label: 'system', name: 'Parley' }
export const byCli: By = { label: 'cli', name: 'Command line' }

/** Who made this request, an operator before the person: what is done with the platform's rights is marked as such. */
export function byRequest(request: Pick<FastifyRequest, 'actor' | 'operator' | 'ip'>, as: 'actor' | 'operator' = 'actor'): By {
  const who = as === 'operator' ? (request.operator ?? request.actor) : (request.actor ?? request.operator)
  return who ? { label: who.label, name: who.name, ip: request.ip } : { label: 'nobody', name: 'Nobody', ip: request.ip }
}

export async function audit(tx: Pick<Tx, 'tenantId' | 'query'>, by: By, entry: AuditEntry): Promise<void> {
  await tx.query(
    `INSERT INTO audit_log (tenant_id, id, actor, actor_name, action, subject_type, subject_id, changes, ip)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [tx.tenantId, ...columnsOf(by, entry)],
  )
}

/** What concerns no business: operators and their keys. */
export async function auditPlatform(db: { pool: Pick<Client, 'query'> }, by: By, entry: AuditEntry): Promise<void> {
  await db.pool.query(
    'INSERT INTO platform_audit_log (id, actor, actor_name, action, subject_type, subject_id, changes, ip) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)',
    columnsOf(by, entry),
  )
}

/**
 * What a person did with their way in, or somebody tried: in the log of each business they work for, and in the platform's where
 * they run the server or belong to none.
 */
export async function auditPerson(
  db: { pool: Pick<Client, 'query'> },
  by: By,
  userId: string,
  given: Pick<AuditEntry, 'action' | 'changes'>,
): Promise<void> {
  const entry = { ...given, subject: { type: 'user', id: userId } }
  const [id, actor, name, action, , , changes, ip] = columnsOf(by, entry)
  const { rows } = await db.pool.query<{ told: boolean }>(
    `SELECT (SELECT count(*) FROM parley.audit_person($1, $2, $3, $4, $5, $6, $7)) > 0
        AND NOT EXISTS (SELECT FROM platform_operators WHERE user_id = $1) AS told`,
    [userId, id, actor, name, action, changes, ip],
  )
  if (!rows[0]?.told) await auditPlatform(db, by, entry)
}

const columnsOf = (by: By, { action, subject, changes }: AuditEntry): unknown[] => [
  newId(), // ordered within this process too: one thing done after the other is read in that order
  by.label,
  by.name,
  action,
  subject.type,
  subject.id ?? '',
  JSON.stringify(cleanJson(changes ?? {})),
  by.ip ?? null,
]
