/** What colleagues are told about people and the business: events that the live stream shows. */
import type { Tx } from '../platform/db/tx.ts'

/** In the transaction of the change. */
export async function tellColleagues(
  tx: Tx,
  changed: (tenantId: string) => void,
  news: { type: 'member.joined' | 'member.updated' | 'member.removed' | 'business.updated'; actor: string; memberId?: string },
): Promise<void> {
  await tx.query('INSERT INTO events (tenant_id, type, actor, data) VALUES ($1, $2, $3, $4)', [
    tx.tenantId,
    news.type,
    news.actor,
    JSON.stringify(news.memberId ? { memberId: news.memberId } : {}),
  ])
  tx.onCommit(() => changed(tx.tenantId))
}
