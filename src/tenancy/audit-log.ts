/** Reading the log of who did what, newest first. */
import type { z } from 'zod'
import type { Tx } from '../platform/db/tx.ts'
import type { AuditItem, auditPage, listAudit } from './schema.ts'

interface AuditRow {
  id: string
  actor: string
  actor_name: string
  action: string
  subject_type: string
  subject_id: string
  changes: Record<string, unknown>
  ip: string | null
  created_at: Date
}

/** Ids are ordered by time: the cursor is the last id of the page before. */
export async function readAudit(tx: Tx, query: z.output<typeof listAudit>): Promise<z.infer<typeof auditPage>> {
  const [type, id] = query.subject?.split(/:(.*)/s) ?? []
  const { rows } = await tx.query<AuditRow>(
    `SELECT id, actor, actor_name, action, subject_type, subject_id, changes, ip, created_at FROM audit_log
      WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id < $2) AND ($3::text IS NULL OR actor = $3)
        AND ($4::text IS NULL OR action = $4) AND ($5::text IS NULL OR subject_type = $5) AND ($6::text IS NULL OR subject_id = $6)
      ORDER BY id DESC LIMIT $7`,
    [
      ...[tx.tenantId, query.cursor ?? null, query.actor ?? null, query.action ?? null],
      ...[type || null, id || null, query.limit + 1],
    ],
  )
  const items = rows.slice(0, query.limit).map(view)
  return { items, next: rows.length > query.limit ? (items.at(-1)?.id ?? null) : null }
}

const view = (row: AuditRow): AuditItem => ({
  id: row.id,
  at: row.created_at.toISOString(),
  actor: { label: row.actor, name: row.actor_name },
  action: row.action,
  subject: { type: row.subject_type, id: row.subject_id },
  changes: row.changes,
  ip: row.ip,
})
