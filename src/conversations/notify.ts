/**
 * What somebody of the team should know: written in the transaction of what it is about, once for each of them, with the ways
 * by which it is brought to them as they prefer (`notify_team()`). src/notifications shows and brings it. Leads and accounts
 * tell of themselves, by triggers.
 */
import { cleanJson } from '../kernel/text.ts'
import type { Tx } from '../platform/db/tx.ts'

export type NotificationKind = 'emergency' | 'caller_waits' | 'lead' | 'handed_over' | 'account_down' | 'number_waits'
export type Means = 'push' | 'sms' | 'email'

export interface Notice {
  kind: NotificationKind
  /** What it is about, e.g. `call/<id>`: the same is told once. */
  key: string
  conversationId?: string | null
  /** Whose it is: told alone, as long as they work here. */
  userId?: string | null
  /** What its words are made of: `who` where there is no conversation, `what`. */
  data?: { who?: string | null; what?: string | null; [more: string]: unknown }
}

/** How many people were told: none where all were told before. */
export async function notify(tx: Tx, notice: Notice): Promise<number> {
  const { rows } = await tx.query<{ told: number }>('SELECT parley.notify_team($1, $2, $3, $4, $5, $6) AS told', [
    ...[tx.tenantId, notice.kind, notice.key, notice.userId ?? null, notice.conversationId ?? null],
    JSON.stringify(cleanJson(notice.data ?? {})),
  ])
  return rows[0]?.told ?? 0
}
