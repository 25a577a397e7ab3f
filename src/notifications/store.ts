import type { Means, NotificationKind } from '../conversations/notify.ts'
import type { Registration } from '../conversations/window.ts'
import type { Tx } from '../platform/db/tx.ts'

export interface NotificationRow {
  id: string
  kind: NotificationKind
  urgent: boolean
  conversation_id: string | null
  who: string | null
  data: Record<string, unknown>
  read_at: Date | null
  created_at: Date
}

const columns = `n.id, n.kind, n.urgent, n.conversation_id, n.data, n.read_at, n.created_at,
  coalesce(k.name, k.phone, n.data ->> 'who') AS who`
const joins = `LEFT JOIN conversations c ON c.tenant_id = n.tenant_id AND c.id = n.conversation_id
  LEFT JOIN contacts k ON k.tenant_id = c.tenant_id AND k.id = c.contact_id`

/** One's own, newest first. */
export async function listOwn(tx: Tx, given: { userId: string; before?: string; limit: number }): Promise<NotificationRow[]> {
  const { rows } = await tx.query<NotificationRow>({
    name: 'notifications_own',
    text: `SELECT ${columns} FROM notifications n ${joins}
            WHERE n.tenant_id = $1 AND n.user_id = $2 AND ($3::uuid IS NULL OR n.id < $3) ORDER BY n.id DESC LIMIT $4`,
    values: [tx.tenantId, given.userId, given.before ?? null, given.limit],
  })
  return rows
}

export async function countUnread(tx: Tx, userId: string): Promise<number> {
  const { rows } = await tx.query<{ n: number }>({
    name: 'notifications_unread',
    text: 'SELECT count(*)::int AS n FROM notifications WHERE tenant_id = $1 AND user_id = $2 AND read_at IS NULL',
    values: [tx.tenantId, userId],
  })
  return rows[0]?.n ?? 0
}

/** Up to and with this one; those of one conversation; or all. */
export async function markRead(
  tx: Tx,
  given: { userId: string; upTo?: string | undefined; conversationId?: string | undefined },
): Promise<number> {
  const { rowCount } = await tx.query(
    `UPDATE notifications SET read_at = now() WHERE tenant_id = $1 AND user_id = $2 AND read_at IS NULL
        AND ($3::uuid IS NULL OR id <= $3) AND ($4::uuid IS NULL OR conversation_id = $4)`,
    [tx.tenantId, given.userId, given.upTo ?? null, given.conversationId ?? null],
  )
  return rowCount ?? 0
}

export interface DeliveryFacts extends NotificationRow {
  user_id: string
  email: string | null
  phone: string | null
  wanted: boolean
  business: string
  language: string | null
  business_status: string
}

/** As it is now: the person may have read it, moved, or want it no more. */
export async function deliveryFacts(tx: Tx, id: string, means: Means): Promise<DeliveryFacts | undefined> {
  const { rows } = await tx.query<DeliveryFacts>(
    `SELECT ${columns}, n.user_id, coalesce(p.email, u.email) AS email, p.phone_number AS phone, t.name AS business,
            t.settings ->> 'language' AS language, t.status AS business_status,
            CASE $3 WHEN 'email' THEN coalesce(f.notification_email, true) WHEN 'sms' THEN coalesce(f.notification_sms, true)
                    ELSE coalesce(f.notification_push, true) END AS wanted
       FROM notifications n JOIN user_profiles p ON p.tenant_id = n.tenant_id AND p.user_id = n.user_id
       JOIN users u ON u.id = n.user_id JOIN tenants t ON t.id = n.tenant_id LEFT JOIN user_preferences f ON f.user_id = n.user_id ${joins}
      WHERE n.tenant_id = $1 AND n.id = $2`,
    [tx.tenantId, id, means],
  )
  return rows[0]
}

export interface TextingAccount {
  id: string
  provider: string
  registration: Registration
  /** Whoever has this number wrote STOP to the business, and START not since. */
  opted_out: boolean
}

/** The number from which the team is texted: the first that works, and what any text to this telephone has to pass. */
export async function textingAccount(tx: Tx, phone: string): Promise<TextingAccount | undefined> {
  const { rows } = await tx.query<TextingAccount>(
    `SELECT a.id, a.provider, a.registration, coalesce((SELECT s.state FROM consents s
             WHERE s.tenant_id = a.tenant_id AND s.channel = 'sms' AND s.topic = 'all' AND s.contact_id IN (
                     SELECT k.id FROM contacts k WHERE k.tenant_id = a.tenant_id AND k.phone = $2 UNION ALL
                     SELECT i.contact_id FROM contact_identities i WHERE i.tenant_id = a.tenant_id AND i.scope = '' AND i.kind = 'phone' AND i.value = $2)
             ORDER BY s.occurred_at DESC, s.id DESC LIMIT 1) = 'opted_out', false) AS opted_out
       FROM channel_accounts a WHERE a.tenant_id = $1 AND a.channel = 'sms' AND a.removed_at IS NULL
        AND a.state IN ('connected', 'degraded') ORDER BY a.created_at, a.id LIMIT 1`,
    [tx.tenantId, phone],
  )
  return rows[0]
}

export type Ended =
  | { state: 'sent' | 'unneeded' | 'unknown' | 'failed'; detail?: string }
  | { state: 'queued'; againMs: number; detail: string }

/** Only by whoever claimed it: another claim has counted another attempt. */
export async function recordDelivery(
  tx: Tx,
  claim: { notification_id: string; means: Means; attempts: number },
  ended: Ended,
  now: Date,
): Promise<void> {
  await tx.query(
    `UPDATE notification_deliveries SET state = $5, detail = $6, due_at = $8::timestamptz + make_interval(secs => $7::double precision / 1000)
      WHERE tenant_id = $1 AND notification_id = $2 AND means = $3 AND attempts = $4 AND state = 'sending'`,
    [
      ...[tx.tenantId, claim.notification_id, claim.means, claim.attempts, ended.state],
      ...[ended.detail?.slice(0, 500) ?? null, ended.state === 'queued' ? ended.againMs : 0, now],
    ],
  )
}

export interface UnsentRow {
  user_id: string
  name: string | null
  means: Means
  outcome: 'failed' | 'unknown'
  count: number
  last_at: Date
  why: string | null
}

/** What could not be brought to people lately, or may not have been, by whom and by what means; of one person, or of all. */
export async function listUnsent(tx: Tx, given: { userId?: string; days: number }): Promise<UnsentRow[]> {
  const { rows } = await tx.query<UnsentRow>(
    `SELECT n.user_id, coalesce(nullif(concat_ws(' ', p.first_name, p.last_name), ''), u.email) AS name, d.means, d.state AS outcome,
            count(*)::int AS count, max(d.updated_at) AS last_at, (array_agg(d.detail ORDER BY d.updated_at DESC, n.id DESC))[1] AS why
       FROM notification_deliveries d JOIN notifications n ON n.tenant_id = d.tenant_id AND n.id = d.notification_id
       JOIN user_profiles p ON p.tenant_id = n.tenant_id AND p.user_id = n.user_id JOIN users u ON u.id = n.user_id
      WHERE d.tenant_id = $1 AND d.state IN ('failed', 'unknown') AND d.updated_at > now() - make_interval(days => $3) AND ($2::uuid IS NULL OR n.user_id = $2)
      GROUP BY 1, 2, 3, 4 ORDER BY last_at DESC, 1, 3, 4`,
    [tx.tenantId, given.userId ?? null, given.days],
  )
  return rows
}
