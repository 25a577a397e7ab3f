import type { NotificationView, TeamUnsentView, UnsentView } from './schema.ts'
import type { NotificationRow, UnsentRow } from './store.ts'

export const view = (row: NotificationRow): NotificationView => ({
  id: row.id,
  kind: row.kind,
  urgent: row.urgent,
  conversationId: row.conversation_id,
  who: row.who,
  what: typeof row.data.what === 'string' ? row.data.what : null,
  readAt: row.read_at?.toISOString() ?? null,
  createdAt: row.created_at.toISOString(),
})

export const unsentView = ({ means, outcome, count, last_at, why }: UnsentRow): UnsentView => ({
  ...{ means, outcome, count, why },
  lastAt: last_at.toISOString(),
})

export const teamUnsentView = (row: UnsentRow): TeamUnsentView => ({
  ...unsentView(row),
  member: { id: row.user_id, name: row.name ?? '' },
})
