/**
 * What somebody of the team should know: written in the transaction of what it is about, once for each of them, with the ways
 * by which it is brought to them as they prefer. src/notifications shows and brings it.
 */
import type { Tx } from '../platform/db/tx.ts'
import { appendEvent } from './feed.ts'

export type NotificationKind = 'emergency' | 'caller_waits' | 'lead' | 'handed_over' | 'account_down'
export type Means = 'push' | 'sms' | 'email'

interface Rule {
  to: 'chiefs' | 'team'
  /** Shown in the console in any case; these as well, where the person wants them. */
  means: readonly Means[]
  urgent?: boolean
}

/** Who is told what, and how. */
export const notificationRules: { [K in NotificationKind]: Rule } = {
  /** Gas, water, fire: somebody should look now. */
  emergency: { to: 'team', means: ['push', 'sms', 'email'], urgent: true },
  /** A caller was not reached and could not be texted. */
  caller_waits: { to: 'chiefs', means: ['push', 'sms', 'email'], urgent: true },
  lead: { to: 'team', means: ['push', 'email'] },
  /** The assistant gave a conversation to people. */
  handed_over: { to: 'team', means: ['push', 'email'] },
  /** A number does not send or receive any more. */
  account_down: { to: 'chiefs', means: ['push', 'email'], urgent: true },
}

const roles = { chiefs: ['owner', 'admin'], team: ['owner', 'admin', 'agent'] }

/** A mail about something that is not urgent waits: whoever has seen it in the console needs none. Seconds. */
const mailWaits = 120

export interface Notice {
  kind: NotificationKind
  /** What it is about, e.g. `call/<id>`: the same is told once. */
  key: string
  conversationId?: string | null
  /** Whose it is: told alone, as long as they work here. */
  userId?: string | null
  /** What its words are made of. */
  data?: Record<string, unknown>
}

/** How many people were told: none where all were told before. */
export async function notify(tx: Tx, notice: Notice): Promise<number> {
  const { to, means, urgent = false } = notificationRules[notice.kind]
  const { rows } = await tx.query<{ user_id: string }>({
    name: 'notify',
    text: `
    WITH team AS (
      SELECT p.user_id, coalesce(p.email, u.email) AS email, p.phone_number AS phone, coalesce(f.notification_email, true) AS by_email,
             coalesce(f.notification_sms, true) AS by_sms, coalesce(f.notification_push, true) AS by_push
        FROM user_profiles p JOIN users u ON u.id = p.user_id LEFT JOIN user_preferences f ON f.user_id = p.user_id
       WHERE p.tenant_id = $1 AND p.role = ANY ($2)),
    who AS (SELECT * FROM team WHERE user_id = $3 OR NOT EXISTS (SELECT FROM team WHERE user_id = $3)),
    told AS (
      INSERT INTO notifications (tenant_id, user_id, kind, key, urgent, conversation_id, data)
      SELECT $1, user_id, $4, $5, $6, $7, $8 FROM who ORDER BY user_id
      ON CONFLICT (tenant_id, user_id, key) DO NOTHING RETURNING id, user_id),
    brought AS (
      INSERT INTO notification_deliveries (tenant_id, notification_id, means, due_at)
      SELECT $1, told.id, m.means, now() + make_interval(secs => CASE WHEN m.means = 'email' AND NOT $6 THEN $10 ELSE 0 END)
        FROM told JOIN who USING (user_id) CROSS JOIN unnest($9::text[]) AS m(means)
       WHERE CASE m.means WHEN 'email' THEN who.by_email AND who.email IS NOT NULL
                          WHEN 'sms' THEN who.by_sms AND who.phone IS NOT NULL
                          ELSE who.by_push AND EXISTS (SELECT FROM push_subscriptions s WHERE s.user_id = who.user_id) END)
    SELECT user_id FROM told`,
    values: [
      ...[tx.tenantId, roles[to], notice.userId ?? null, notice.kind, notice.key, urgent],
      ...[notice.conversationId ?? null, JSON.stringify(notice.data ?? {}), means, mailWaits],
    ],
  })
  if (rows.length > 0)
    await appendEvent(tx, {
      type: 'notification.raised',
      actor: 'system',
      data: { kind: notice.kind, userIds: rows.map((row) => row.user_id) },
    })
  return rows.length
}
