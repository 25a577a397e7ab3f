/** What is told of a booking: an event, a line in the conversation that it came from, and its lead. */
import { appendEvent } from '../conversations/feed.ts'
import { addInternal } from '../conversations/internal-lines.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { Booker, LeadAppointments } from './deps.ts'
import { type BookingRow, type HoldRow, lockConversations, noteInConversation } from './store.ts'

export const tellHold = (tx: Tx, by: Booker, type: 'booking.held' | 'booking.released', hold: HoldRow) =>
  appendEvent(tx, {
    ...{ type, actor: by.label, ...(hold.conversation_id ? { conversationId: hold.conversation_id } : {}) },
    data: { holdId: hold.id, staffId: hold.staff_id, startsAt: hold.starts_at.toISOString() },
  })

export async function tellBooking(
  tx: Tx,
  by: Booker,
  type: 'booking.created' | 'booking.updated' | 'booking.cancelled',
  row: BookingRow,
  fields?: readonly string[],
): Promise<void> {
  await appendEvent(tx, {
    ...{ type, actor: by.label, ...(row.conversation_id ? { conversationId: row.conversation_id } : {}) },
    data: {
      ...{ bookingId: row.id, leadId: row.lead_id, staffId: row.staff_id, startsAt: row.starts_at.toISOString() },
      ...{ status: row.status, ...(fields ? { fields } : {}) },
    },
  })
}

/** What happened to a booking, where its customer is talked to. */
export type Happened = 'booked' | 'booking_moved' | 'booking_cancelled'

export async function noteLine(tx: Tx, by: Booker, event: Happened, row: BookingRow, before?: BookingRow): Promise<void> {
  if (row.conversation_id === null) return
  await addInternal(tx, {
    ...{ conversationId: row.conversation_id, type: 'activity', text: null },
    body: {
      event,
      data: {
        ...{ bookingId: row.id, startsAt: row.starts_at.toISOString(), staff: row.staff_name, title: row.title },
        ...(before ? { before: before.starts_at.toISOString() } : {}),
      },
    },
    actor: { label: by.label, ...(by.userId ? { userId: by.userId } : {}) },
  })
}

export async function isBooked(tx: Tx, by: Booker, leads: LeadAppointments, row: BookingRow): Promise<void> {
  await lockConversations(tx, row)
  if (row.conversation_id) await noteInConversation(tx, row.conversation_id)
  await noteLine(tx, by, 'booked', row)
  if (row.lead_id) await leads.made(tx, by, row.lead_id, row.id)
}

export async function isOff(tx: Tx, by: Booker, leads: LeadAppointments, row: BookingRow): Promise<void> {
  await lockConversations(tx, row)
  if (row.conversation_id) await noteInConversation(tx, row.conversation_id)
  await noteLine(tx, by, 'booking_cancelled', row)
  await leads.off(tx, by, row.id)
}
