/** What of a dead letter leaves. */

import type { DeadLetterCounts, DeadLetterItem, DeadLetterView, State } from './schema.ts'
import type { CountRow, LetterRow, WebhookRow } from './store.ts'

const stateOf = (row: LetterRow): State => row.resolution ?? (row.next_try_at ? 'waiting' : 'open')

/** "message wamid.…", where the payload says so much. */
function about(payload: unknown): string | null {
  if (typeof payload !== 'object' || payload === null) return null
  const { kind, externalId } = payload as { kind?: unknown; externalId?: unknown }
  const words = [kind, externalId].filter((word): word is string => typeof word === 'string' && word !== '')
  return words.length > 0 ? words.join(' ') : null
}

export const itemOf = (row: LetterRow): DeadLetterItem => ({
  id: row.id,
  source: row.source,
  queue: row.queue,
  reason: row.reason,
  error: row.error_message,
  state: stateOf(row),
  retryCount: row.retry_count,
  nextTryAt: row.resolved_at ? null : (row.next_try_at?.toISOString() ?? null),
  createdAt: row.created_at.toISOString(),
  resolvedAt: row.resolved_at?.toISOString() ?? null,
  resolvedBy: row.resolved_by,
  about: about(row.original_payload),
})

export const viewOf = (row: LetterRow, webhook: WebhookRow | undefined): DeadLetterView => ({
  ...itemOf(row),
  payload: row.payload ?? row.original_payload,
  originalPayload: row.original_payload,
  edited: row.payload !== null,
  trail: row.trail,
  webhook: webhook
    ? {
        id: webhook.id,
        receivedAt: webhook.created_at.toISOString(),
        provider: webhook.provider,
        status: webhook.status,
        error: webhook.processing_error,
        headers: webhook.headers,
        body: webhook.body.toString('utf8'),
        truncated: webhook.bytes > webhook.body.length,
      }
    : null,
})

export function countsOf(rows: readonly CountRow[], alarm: 100 | 1000 | null): DeadLetterCounts {
  const sum = <K extends string>(key: (row: CountRow) => K): [K, number][] => {
    const all = new Map<K, number>()
    for (const row of rows) all.set(key(row), (all.get(key(row)) ?? 0) + row.n)
    return [...all].sort((a, b) => b[1] - a[1])
  }
  return {
    open: rows.reduce((total, row) => total + row.n, 0),
    waiting: rows.reduce((total, row) => total + row.waiting, 0),
    reasons: sum((row) => row.reason).map(([reason, count]) => ({ reason, count })),
    sources: sum((row) => row.source).map(([source, count]) => ({ source, count })),
    alarm,
  }
}
