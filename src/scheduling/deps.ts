import type { Database, Tx } from '../platform/db/tx.ts'

/** Who does it, and the person where it is one. */
export interface Booker {
  label: string
  userId?: string | undefined
}

/** What becomes of the lead that a booking is for; leads are another feature's. */
export interface LeadAppointments {
  made(tx: Tx, by: Booker, leadId: string, bookingId: string): Promise<void>
  /** Of every lead whose appointment it was. */
  off(tx: Tx, by: Booker, bookingId: string): Promise<void>
}

export interface SchedulingDeps {
  db: Database
  changed: (tenantId: string) => void
  now: () => Date
  leads: LeadAppointments
}
