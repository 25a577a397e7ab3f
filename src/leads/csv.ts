/** Leads as a file for a spreadsheet. What begins like a formula is text there: it comes from strangers. Pure. */
import { stringify } from 'csv-stringify/sync'
import type { LeadView } from './schema.ts'

const columns: Record<string, (lead: LeadView) => string | number | null> = {
  id: (lead) => lead.id,
  created: (lead) => lead.createdAt,
  status: (lead) => lead.status,
  urgency: (lead) => lead.urgency,
  name: (lead) => lead.name ?? lead.contact.name,
  phone: (lead) => lead.phone ?? lead.contact.phone,
  email: (lead) => lead.email,
  address: (lead) => lead.address,
  distance: (lead) => (lead.distance ? `${lead.distance.value} ${lead.distance.unit}` : null),
  problem: (lead) => lead.problem,
  job_type: (lead) => lead.jobType,
  estimated_value: (lead) => lead.estimatedValue,
  conversion_value: (lead) => lead.conversionValue,
  appointment: (lead) => lead.appointment?.startsAt ?? null,
  assignee: (lead) => lead.assignee?.name ?? null,
  origin: (lead) => lead.origin,
  lost_reason: (lead) => lead.lostReason,
  notes: (lead) => lead.notes,
}

/** With a byte order mark, by which spreadsheets know that it is UTF-8. */
export const leadsCsv = (leads: readonly LeadView[]): string =>
  stringify(
    leads.map((lead) => Object.values(columns).map((pick) => pick(lead))),
    { header: true, columns: Object.keys(columns), escape_formulas: true, bom: true },
  )
