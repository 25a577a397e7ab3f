/** Which way a lead may go, and what joining two of them makes. Pure. */
import { ParleyError } from '../kernel/errors.ts'

export const leadStatuses = ['new', 'qualified', 'appointment_scheduled', 'completed', 'lost'] as const
export type LeadStatus = (typeof leadStatuses)[number]
export const urgencies = ['low', 'normal', 'high', 'emergency'] as const
export type Urgency = (typeof urgencies)[number]
export const isMoreUrgent = (one: Urgency, than: Urgency): boolean => urgencies.indexOf(one) > urgencies.indexOf(than)

/**
 * Forwards as far as it went, in one step or several; `lost` from anywhere that is not an end; backwards one step, and from an
 * end to where work goes on.
 */
const allowed: Record<LeadStatus, readonly LeadStatus[]> = {
  new: ['qualified', 'appointment_scheduled', 'completed', 'lost'],
  qualified: ['new', 'appointment_scheduled', 'completed', 'lost'],
  appointment_scheduled: ['qualified', 'completed', 'lost'],
  completed: ['appointment_scheduled'],
  lost: ['new', 'qualified'],
}

/** Throws what is wrong in words. */
export function requireStep(from: LeadStatus, to: LeadStatus, lostReason: string | null): void {
  if (from !== to && !allowed[from].includes(to))
    throw new ParleyError(
      'conflict',
      `A lead that is ${from} cannot become ${to}. It may become ${allowed[from].join(' or ')}.`,
      {
        from,
        allowed: allowed[from],
      },
    )
  if (to === 'lost' && !lostReason?.trim())
    throw new ParleyError('invalid_request', 'Say why the lead was lost: `lostReason`.', { field: 'lostReason' })
}

export const isOpen = (status: LeadStatus): boolean => status !== 'completed' && status !== 'lost'
