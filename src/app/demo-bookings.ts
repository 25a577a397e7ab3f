/** Who can be booked in the demo, and two who are: on the first times that are free. */
import { inTenant } from '../platform/db/tx.ts'
import { book } from '../scheduling/bookings.ts'
import { freeSlots } from '../scheduling/free.ts'
import { addStaff } from '../scheduling/staff.ts'
import type { Actor } from '../tenancy/can.ts'
import type { App } from './build.ts'
import { composeScheduling } from './scheduling.ts'

const jobs = ['Boiler service', 'A leak under the sink']
const minutes = 90

export async function playBookings(app: App, actor: Actor): Promise<void> {
  const { leads, now } = composeScheduling({ db: app.db, changed: app.inbox.changed })
  await inTenant(app.db, actor.tenantId, async (tx) => {
    const people = [
      await addStaff(tx, actor, { name: actor.name, specialization: 'Plumber', weight: 1, userId: actor.userId ?? null }),
      await addStaff(tx, actor, { name: 'Priya Nair', specialization: 'Heating engineer' }),
    ]
    const { rows: customers } = await tx.query<{ id: string }>(
      'SELECT id FROM contacts WHERE tenant_id = $1 AND name IS NOT NULL ORDER BY id LIMIT 2',
      [actor.tenantId],
    )
    for (const [n, { id: contactId }] of customers.entries()) {
      const staffId = people[n % people.length]?.id ?? ''
      // None where the business is closed for two weeks.
      const startsAt = (await freeSlots(tx, { days: 14, minutes, staffId }, now())).items[n * 4]?.startsAt
      if (startsAt) await book(tx, { by: actor, leads, now: now() }, { staffId, startsAt, minutes, contactId, title: jobs[n] })
    }
  })
}
