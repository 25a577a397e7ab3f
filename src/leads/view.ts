/** What leaves: rows never go out as they are. */
import { distanceIn, type ServiceArea } from '../kernel/distance.ts'
import { leadStatuses } from './rules.ts'
import type { LeadSums, LeadView } from './schema.ts'
import type { AreaRow, LeadRow, SumRow } from './store.ts'

const amount = (text: string | null): number | null => (text === null ? null : Number(text))

/** null where nobody knows where the business is. */
export function areaOf(row: AreaRow | undefined): ServiceArea | null {
  if (!row || row.latitude === null || row.longitude === null) return null
  return {
    centre: { latitude: row.latitude, longitude: row.longitude },
    radius: row.radius,
    unit: row.unit === 'km' ? 'km' : 'mi',
  }
}

export function leadView(row: LeadRow, area: ServiceArea | null): LeadView {
  const place = row.latitude === null || row.longitude === null ? null : { latitude: row.latitude, longitude: row.longitude }
  const far = place && area ? distanceIn(area.unit, area.centre, place) : null
  return {
    id: row.id,
    status: row.status,
    urgency: row.urgency_level,
    origin: row.origin,
    contact: { id: row.contact_id, name: row.contact_name, phone: row.contact_phone },
    conversationId: row.conversation_id,
    callId: row.call_id,
    assignee: row.assignee_id ? { id: row.assignee_id, name: row.assignee_name ?? '…' } : null,
    name: row.customer_name,
    phone: row.customer_phone,
    email: row.customer_email,
    address: row.customer_address,
    place,
    // Rounded for people; whether it is within the area is decided by what was measured.
    distance: far === null || !area ? null : { value: Math.round(far * 10) / 10, unit: area.unit, inArea: far <= area.radius },
    problem: row.problem_description,
    jobType: row.job_type,
    estimatedValue: amount(row.estimated_value),
    conversionValue: amount(row.conversion_value),
    notes: row.status_notes,
    lostReason: row.lost_reason,
    analysis: row.ai_analysis,
    appointment: appointmentOf(row),
    joinedInto: row.joined_into,
    joined: row.joined_ids,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}

const appointmentOf = (row: LeadRow): LeadView['appointment'] =>
  row.appointment_id && row.appointment_at && row.appointment_status
    ? { id: row.appointment_id, startsAt: row.appointment_at.toISOString(), status: row.appointment_status }
    : null

/** Every status, in its order, also those of which there is none. */
export const sumsView = (rows: readonly SumRow[]): LeadSums => ({
  byStatus: leadStatuses.map((status) => {
    const row = rows.find((one) => one.status === status)
    return { status, count: row?.count ?? 0, estimatedValue: row?.estimated ?? 0, conversionValue: row?.conversion ?? 0 }
  }),
})
