import type { Message } from '../../../client/index.ts'
import { laterMessage } from '../rules/threadItems.ts'

/** Two parts of a history over several conversations as one, each message once and in its later state, by time. Pure. */
export function joinHistory(older: readonly Message[], newer: readonly Message[]): Message[] {
  const byId = new Map<string, Message>()
  for (const one of [...older, ...newer]) byId.set(one.id, laterMessage(byId.get(one.id), one))
  return [...byId.values()].sort((a, b) =>
    a.conversationId === b.conversationId ? a.seq - b.seq : Date.parse(a.createdAt) - Date.parse(b.createdAt),
  )
}
