import type { NotificationView } from './schema.ts'
import type { NotificationRow } from './store.ts'

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
