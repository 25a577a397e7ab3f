/** What leaves: rows never go out as they are. */
import type { BookingView, HoldView, StaffView } from './schema.ts'
import type { StaffRow } from './staff.ts'
import type { BookingRow, HoldRow } from './store.ts'

export const staffView = (row: StaffRow): StaffView => ({
  id: row.id,
  name: row.name,
  specialization: row.specialization,
  avatarUrl: row.avatar_url,
  phone: row.phone,
  email: row.email,
  user: row.user_id ? { id: row.user_id, name: row.user_name ?? '…' } : null,
  rating: row.rating,
  weight: row.weight,
  isActive: row.is_active,
  isHidden: row.is_hidden,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
})

const minutes = (from: Date, to: Date): number => (to.getTime() - from.getTime()) / 60_000

export function stateOf(row: HoldRow, now: Date): HoldView['state'] {
  if (row.used_at) return 'used'
  if (row.released_at) return 'released'
  return row.expires_at <= now ? 'ended' : 'held'
}

export const holdView = (row: HoldRow, now: Date): HoldView => ({
  id: row.id,
  state: stateOf(row, now),
  staff: { id: row.staff_id, name: row.staff_name },
  startsAt: row.starts_at.toISOString(),
  endsAt: row.ends_at.toISOString(),
  minutes: minutes(row.starts_at, row.ends_at),
  expiresAt: row.expires_at.toISOString(),
  bookingId: row.booking_id,
  leadId: row.lead_id,
  conversationId: row.conversation_id,
  contactId: row.contact_id,
  createdAt: row.created_at.toISOString(),
})

export const bookingView = (row: BookingRow): BookingView => ({
  id: row.id,
  status: row.status,
  staff: { id: row.staff_id, name: row.staff_name },
  contact: row.contact_id ? { id: row.contact_id, name: row.contact_name, phone: row.contact_phone } : null,
  leadId: row.lead_id,
  conversationId: row.conversation_id,
  title: row.title,
  startsAt: row.starts_at.toISOString(),
  endsAt: row.ends_at.toISOString(),
  minutes: row.duration_minutes,
  cost: row.cost,
  paid: row.paid,
  comment: row.comment,
  clientComment: row.client_comment,
  source: row.source,
  version: row.version,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
})
