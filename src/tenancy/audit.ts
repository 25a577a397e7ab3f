/** Who did what. Written in the transaction of the change it tells of, read by owners; nothing changes it afterwards. */
import type { FastifyRequest } from 'fastify'
import { newId } from '../kernel/ids.ts'
import { cleanJson } from '../kernel/text.ts'
import type { Client } from '../platform/db/pool.ts'
import type { Tx } from '../platform/db/tx.ts'

/** Who acts, as the log keeps it. */
export interface By {
  /** user:<id>, key:<id>, operator:<users.id>, platform_key:<id>, system or cli. */
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

export async function audit(tx: Tx, by: By, entry: AuditEntry): Promise<void> {
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
