/** A lead's appointment is a booking. Who books, or takes one back, says so here, in the transaction in which it happens. */
import { appendEvent } from '../conversations/feed.ts'
import type { Tx } from '../platform/db/tx.ts'
import { type Changer, changeLead, isAhead, lockConversationOf, ownAhead, requireUnjoined } from './verbs.ts'

/** A lead that is still on its way there has its appointment now; what came of any other is for people to say. */
export async function appointmentMade(tx: Tx, by: Changer, id: string, bookingId: string): Promise<void> {
  await lockConversationOf(tx, id)
  const lead = await requireUnjoined(tx, id)
  // What was done before and is only written down now hides none that is ahead.
  await tx.query(
    `UPDATE leads l SET appointment_id = $3 WHERE l.tenant_id = $1 AND l.id = $2
        AND (EXISTS (SELECT FROM bookings b WHERE b.tenant_id = $1 AND b.id = $3 AND ${isAhead})
             OR NOT EXISTS (SELECT FROM bookings b WHERE b.tenant_id = $1 AND b.id = l.appointment_id AND ${isAhead}))`,
    [tx.tenantId, id, bookingId],
  )
  if (lead.status === 'new' || lead.status === 'qualified')
    return await changeLead(tx, by, id, { status: 'appointment_scheduled' })
  await told(tx, by, id, lead.conversation_id)
}

/** Another booking of the lead that is ahead takes its place; the status stays, for people to decide. */
export async function appointmentOff(tx: Tx, by: Changer, bookingId: string): Promise<void> {
  // Also the lead that became part of another: in one order, as whoever joins them has them.
  await tx.query('SELECT FROM leads WHERE tenant_id = $1 AND appointment_id = $2 ORDER BY id FOR NO KEY UPDATE', [
    ...[tx.tenantId, bookingId],
  ])
  const { rows } = await tx.query<{ id: string; conversation_id: string }>(
    `UPDATE leads l SET appointment_id = ${ownAhead} WHERE l.tenant_id = $1 AND l.appointment_id = $2 RETURNING l.id, l.conversation_id`,
    [tx.tenantId, bookingId],
  )
  for (const lead of rows) await told(tx, by, lead.id, lead.conversation_id)
}

const told = (tx: Tx, by: Changer, leadId: string, conversationId: string) =>
  appendEvent(tx, {
    ...{ type: 'lead.updated', actor: by.label, conversationId },
    data: { leadId, fields: ['appointment'] },
  })
