/**
 * What senders saw, compared with what the database holds. The sender's side is written down while it happens; the check
 * reads rows only, so it also judges a server that deceives.
 */
import type { Pool } from 'pg'
import type { AcceptedSend } from '../../simulators/whatsapp-cloud/index.ts'
import { brokenKeys } from './keys.ts'

interface Told {
  customer: string
  /** Moments on one counter: first attempt, first acknowledgement. */
  attemptedAt: number
  ackedAt?: number
  attempts: number
}

export interface History {
  messages: Map<string, Told>
  /** Replies by idempotency key: the message ids that the API answered with. */
  replies: Map<string, Set<string>>
  attempted(id: string, customer: string): void
  acked(id: string): void
  answered(key: string, messageId: string | null): void
}

export function createHistory(): History {
  let moment = 0
  const messages = new Map<string, Told>()
  const replies = new Map<string, Set<string>>()
  return {
    messages,
    replies,
    attempted(id, customer) {
      const told = messages.get(id)
      if (told) told.attempts += 1
      else messages.set(id, { customer, attemptedAt: ++moment, attempts: 1 })
    },
    acked(id) {
      const told = messages.get(id)
      if (told) told.ackedAt ??= ++moment
    },
    answered(key, messageId) {
      const ids = replies.get(key) ?? new Set()
      if (messageId !== null) ids.add(messageId)
      replies.set(key, ids)
    },
  }
}

export interface Report {
  attempted: number
  acked: number
  /** Acknowledged and not stored. */
  lost: number
  /** Stored, accepted or queued more than once: messages, replies at the provider, replies by key. */
  duplicated: number
  /** Acknowledged only after a failed attempt. */
  recovered: number
  /** Rows that nobody sent, and messages in another customer's conversation. */
  unexpected: number
  /** Stored after one that was first attempted only when this one had been acknowledged. */
  out_of_order: number
  replies: number
  /** Replies whose fate nobody knows; shown as such. */
  unknown: number
  /** Rules of the data that are broken, each with how often. Empty: none. */
  broken: Record<string, number>
}

interface Row {
  external_id: string
  conversation_id: string
  seq: number
  phone: string
}

export async function checkHistory(
  history: History,
  facts: { owner: Pool; tenantId: string; accepted: readonly AcceptedSend[] },
): Promise<Report> {
  const { owner, tenantId } = facts
  const { rows } = await owner.query<Row>(
    `SELECT m.external_message_id AS external_id, m.conversation_id, m.seq, ltrim(k.phone, '+') AS phone
       FROM messages m JOIN contacts k ON k.tenant_id = m.tenant_id AND k.id = m.contact_id
      WHERE m.tenant_id = $1 AND m.direction = 'inbound' ORDER BY m.conversation_id, m.seq`,
    [tenantId],
  )
  const told = [...history.messages.entries()]
  const stored = Map.groupBy(rows, (row) => row.external_id)
  const replies = await checkReplies(history, facts)
  return {
    attempted: told.length,
    acked: told.filter(([, message]) => message.ackedAt !== undefined).length,
    lost: told.filter(([id, message]) => message.ackedAt !== undefined && !stored.has(id)).length,
    duplicated: [...stored.values()].filter((copies) => copies.length > 1).length + replies.duplicated,
    recovered: told.filter(([, message]) => message.ackedAt !== undefined && message.attempts > 1).length,
    unexpected: rows.filter((row) => history.messages.get(row.external_id)?.customer !== row.phone).length,
    out_of_order: outOfOrder(history, rows),
    replies: history.replies.size,
    unknown: replies.unknown,
    broken: { ...(await brokenRules(owner, tenantId)), ...replies.broken, ...(await brokenKeys(owner)) },
  }
}

/** Within a conversation a line may not stand behind one that was begun after it had been acknowledged. */
function outOfOrder(history: History, rows: readonly Row[]): number {
  let count = 0
  for (const lines of Map.groupBy(rows, (row) => row.conversation_id).values()) {
    let begunBefore = 0
    for (const line of lines) {
      const message = history.messages.get(line.external_id)
      if (!message) continue
      if ((message.ackedAt ?? Number.POSITIVE_INFINITY) < begunBefore) count += 1
      begunBefore = Math.max(begunBefore, message.attemptedAt)
    }
  }
  return count
}

async function checkReplies(
  history: History,
  { owner, tenantId, accepted }: { owner: Pool; tenantId: string; accepted: readonly AcceptedSend[] },
) {
  const { rows } = await owner.query<{ id: string; key: string; status: string; outcome: string | null }>(
    `SELECT id, idempotency_key AS key, status, send_outcome AS outcome FROM message_tracking
      WHERE tenant_id = $1 AND direction = 'OUTBOUND' AND idempotency_key IS NOT NULL`,
    [tenantId],
  )
  const byKey = Map.groupBy(rows, (row) => row.key)
  const copies = new Map<string, number>()
  for (const { bizOpaque } of accepted) if (bizOpaque) copies.set(bizOpaque, (copies.get(bizOpaque) ?? 0) + 1)
  const went = ['sent', 'delivered', 'read']
  const broken: Record<string, number> = {
    'a key answered with two messages': [...history.replies.values()].filter((ids) => ids.size > 1).length,
    'an answered reply is not stored': [...history.replies].filter(
      ([key, ids]) => ids.size > 0 && !byKey.get(key)?.some((row) => ids.has(row.id)),
    ).length,
    'a reply shown as sent that nobody accepted': rows.filter((row) => went.includes(row.status) && !copies.has(row.id)).length,
    'a reply that was accepted and is not shown as sent': rows.filter((row) => copies.has(row.id) && !went.includes(row.status))
      .length,
    'a reply neither sent nor unknown nor refused': rows.filter(
      (row) => !went.includes(row.status) && row.outcome !== 'unknown' && row.status !== 'failed',
    ).length,
    'a reply refused': rows.filter((row) => row.status === 'failed').length,
  }
  return {
    duplicated:
      [...byKey.values()].filter((same) => same.length > 1).length + [...copies.values()].filter((count) => count > 1).length,
    unknown: rows.filter((row) => row.outcome === 'unknown').length,
    broken: onlyBroken(broken),
  }
}

const onlyBroken = (rules: Record<string, number>) => Object.fromEntries(Object.entries(rules).filter(([, count]) => count > 0))

/** Each answers with how many rows break the rule. */
const rules: Record<string, string> = {
  'two open conversations with one customer': `SELECT count(*) FROM (SELECT FROM conversations WHERE tenant_id = $1
     GROUP BY channel_account_id, contact_id HAVING count(*) > 1) x`,
  'two contacts with one number': `SELECT count(*) FROM (SELECT FROM contacts WHERE tenant_id = $1 GROUP BY phone HAVING count(*) > 1) x`,
  'a gap or a repetition in seq': `SELECT count(*) FROM (SELECT FROM conversations c LEFT JOIN messages m ON m.tenant_id = c.tenant_id AND m.conversation_id = c.id
     WHERE c.tenant_id = $1 GROUP BY c.tenant_id, c.id, c.last_seq
     HAVING count(m.id) <> c.last_seq OR count(DISTINCT m.seq) <> c.last_seq OR max(m.seq) <> c.last_seq OR min(m.seq) <> 1) x`,
  'counters that differ from the rows': `SELECT count(*) FROM conversations c WHERE c.tenant_id = $1 AND (
     c.message_count <> (SELECT count(*) FROM messages m WHERE m.tenant_id = c.tenant_id AND m.conversation_id = c.id AND m.direction <> 'internal')
     OR c.unread_count <> (SELECT count(*) FROM messages m WHERE m.tenant_id = c.tenant_id AND m.conversation_id = c.id AND m.direction = 'inbound'))`,
  'a message without its ledger row': `SELECT count(*) FROM messages m LEFT JOIN message_tracking t ON t.tenant_id = m.tenant_id AND t.id = m.id
     WHERE m.tenant_id = $1 AND m.direction <> 'internal' AND t.id IS NULL`,
  'a message without exactly one event': `WITH told AS MATERIALIZED (
       SELECT message_id, count(*) AS n FROM events WHERE tenant_id = $1 AND type = 'message.received' GROUP BY message_id)
     SELECT count(*) FROM messages m LEFT JOIN told ON told.message_id = m.id
      WHERE m.tenant_id = $1 AND m.direction = 'inbound' AND told.n IS DISTINCT FROM 1`,
  'a lane that is stuck': `SELECT count(*) FROM conversation_lanes WHERE tenant_id = $1 AND (ready_at IS NOT NULL OR lease_until > now())`,
  'an attempt of an undecided message that never ended': `SELECT count(*) FROM send_attempts a JOIN message_tracking t ON t.tenant_id = a.tenant_id AND t.id = a.message_id
     WHERE a.tenant_id = $1 AND a.outcome = 'started'`,
}

async function brokenRules(owner: Pool, tenantId: string): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const [rule, sql] of Object.entries(rules)) {
    const { rows } = await owner.query<{ count: string }>(sql, [tenantId])
    found[rule] = Number(rows[0]?.count)
  }
  return onlyBroken(found)
}

/** Nothing lost, nothing double, nothing out of order, no rule broken. */
export const isSound = (report: Report): boolean =>
  report.attempted === report.acked &&
  report.lost + report.duplicated + report.unexpected + report.out_of_order === 0 &&
  Object.keys(report.broken).length === 0
