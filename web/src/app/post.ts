/** How an entry of the outbox reaches the server, and what a failure means for it. */
import { type Message, type ParleyClient, ParleyError } from '../../../client/index.ts'
import type { OutboxEntry, Verdict } from '../rules/outbox.ts'

export function postEntry(api: ParleyClient, me: string) {
  return async (entry: OutboxEntry): Promise<Message> => {
    if (entry.body.type !== 'note') {
      const replyTo = entry.replyTo ? { replyTo: entry.replyTo.id } : {}
      return api.conversations.send(entry.conversationId, { body: entry.body, idempotencyKey: entry.key, ...replyTo })
    }
    const { text } = entry.body
    // A note whose answer was lost may be there already: look before saying it again.
    if (entry.tries > 0) {
      const page = await api.conversations.messages(entry.conversationId, { after: entry.afterSeq, limit: 200 })
      const saved = page.items.find(
        (one) => one.idempotencyKey === entry.key || (one.type === 'note' && one.author?.id === me && one.text === text.trim()),
      )
      if (saved) return saved
    }
    return api.conversations.note(entry.conversationId, text, { idempotencyKey: entry.key })
  }
}

export function judgeFailure(error: unknown): Verdict {
  if (!(error instanceof ParleyError)) return { next: 'again', afterMs: null, code: 'unexpected', message: String(error) }
  const { code, message, details } = error
  if (error.status === 401) return { next: 'signed_out' }
  if (error.temporary) return { next: 'again', afterMs: error.retryAfterMs, code, message }
  return { next: 'refused', code, message, details }
}
