/** Composes people's time: what becomes of the lead that a booking is for. */
import { appointmentMade, appointmentOff } from '../leads/appointments.ts'
import type { Database } from '../platform/db/tx.ts'
import type { SchedulingDeps } from '../scheduling/deps.ts'

interface Given {
  db: Database
  changed: (tenantId: string) => void
  now?: (() => Date) | undefined
}

export const composeScheduling = ({ db, changed, now = () => new Date() }: Given): SchedulingDeps => ({
  ...{ db, changed, now },
  leads: { made: appointmentMade, off: appointmentOff },
})
