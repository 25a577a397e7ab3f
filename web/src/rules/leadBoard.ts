/** Columns of the board, and which way a lead may go from each: the server decides, this keeps what it would refuse out of sight. Pure. */
import type { Lead, LeadStatus } from '../../../client/index.ts'

export const leadStatuses: readonly LeadStatus[] = ['new', 'qualified', 'appointment_scheduled', 'completed', 'lost']

const allowed: Record<LeadStatus, readonly LeadStatus[]> = {
  new: ['qualified', 'appointment_scheduled', 'completed', 'lost'],
  qualified: ['new', 'appointment_scheduled', 'completed', 'lost'],
  appointment_scheduled: ['qualified', 'completed', 'lost'],
  completed: ['appointment_scheduled'],
  lost: ['new', 'qualified'],
}

export const mayMove = (from: LeadStatus, to: LeadStatus): boolean => allowed[from].includes(to)
/** Where it is and where it may go, in the order of the columns. */
export const choices = (from: LeadStatus): LeadStatus[] => leadStatuses.filter((one) => one === from || mayMove(from, one))

/** A column with a lead taken out, or put where its time belongs. */
export const takeOut = (column: readonly Lead[], id: string): Lead[] => column.filter((one) => one.id !== id)
export function putIn(column: readonly Lead[], lead: Lead): Lead[] {
  const rest = takeOut(column, lead.id)
  const at = rest.findIndex((one) => one.createdAt < lead.createdAt)
  return at < 0 ? [...rest, lead] : [...rest.slice(0, at), lead, ...rest.slice(at)]
}

/**
 * Which column shows a lead: columns are asked for one by one, so that one may say what was before a move while another says
 * what is after it. The newest word counts.
 */
export function placesOf(columns: readonly (readonly Lead[])[]): Map<string, LeadStatus> {
  const newest = new Map<string, Lead>()
  for (const lead of columns.flat()) {
    const known = newest.get(lead.id)
    if (!known || known.updatedAt < lead.updatedAt) newest.set(lead.id, lead)
  }
  return new Map([...newest].map(([id, { status }]) => [id, status]))
}

/** A change that the server has not confirmed: newer than what it said last, older than what it says next. */
export const assumed = (lead: Lead, change: Partial<Lead>): Lead => ({
  ...lead,
  ...change,
  updatedAt: new Date(Date.parse(lead.updatedAt) + 1).toISOString(),
})

export interface LeadSearch {
  view?: 'list'
  q?: string
  urgency?: Lead['urgency']
  assignee?: string
  lead?: string
}
const urgencies: readonly Lead['urgency'][] = ['low', 'normal', 'high', 'emergency']
const text = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) || undefined : undefined

/** What the address says, without what it should not. */
export function readLeadSearch(search: Record<string, unknown>): LeadSearch {
  const urgency = urgencies.find((one) => one === search.urgency)
  const [q, assignee, lead] = [text(search.q), text(search.assignee), text(search.lead)]
  return {
    ...(search.view === 'list' ? { view: 'list' as const } : {}),
    ...(q ? { q } : {}),
    ...(urgency ? { urgency } : {}),
    ...(assignee ? { assignee } : {}),
    ...(lead ? { lead } : {}),
  }
}
