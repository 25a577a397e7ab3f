/** Businesses with people whose time is booked, for tests of it: what is asked is asked as the server does, by a clock of the test. */
import { appointmentMade, appointmentOff } from '../../src/leads/appointments.ts'
import { createPool, type Pool } from '../../src/platform/db/pool.ts'
import { type Database, inTenant, type Tx } from '../../src/platform/db/tx.ts'
import { createLogger } from '../../src/platform/log.ts'
import { book, type Work } from '../../src/scheduling/bookings.ts'
import { changeBooking } from '../../src/scheduling/change.ts'
import { holdTime, releaseHold } from '../../src/scheduling/holds.ts'
import type { CreateBooking, CreateHold, PatchBooking } from '../../src/scheduling/schema.ts'
import { makeAccount } from './arrange.ts'
import type { TestDatabase } from './database.ts'

export interface Desk {
  now: Date
  /** Moves the clock on. */
  after(ms: number): void
  hold(given: Partial<CreateHold>): ReturnType<typeof holdTime>
  release(id: string): Promise<void>
  book(given: Partial<CreateBooking>): ReturnType<typeof book>
  change(id: string, patch: PatchBooking): ReturnType<typeof changeBooking>
  work: Work
  tx<T>(work: (tx: Tx) => Promise<T>): Promise<T>
}

/** A Monday morning. */
export const monday = new Date('2026-05-04T08:00:00Z')
/** "10:30" of that Monday. */
export const at = (clock: string): string => `2026-05-04T${clock}:00.000Z`

/** `given` without a staffId or a time is with this person, at ten, for an hour. */
export function desk(db: Database, tenantId: string, staffId: string): Desk {
  let now = monday
  const by = { label: 'user:test' }
  const leads = { made: appointmentMade, off: appointmentOff }
  const tx = <T>(work: (tx: Tx) => Promise<T>) => inTenant(db, tenantId, work)
  const slot = { staffId, startsAt: at('10:00'), minutes: 60 }
  return {
    get now() {
      return now
    },
    get work() {
      return { by, leads, now }
    },
    after(ms) {
      now = new Date(now.getTime() + ms)
    },
    tx,
    hold: (given) => tx((t) => holdTime(t, by, { ...slot, ...given }, now)),
    release: (id) => tx((t) => releaseHold(t, by, id, now)),
    book: (given) =>
      tx((t) => book(t, { by, leads, now }, ('holdId' in given ? given : { ...slot, ...given }) as CreateBooking)),
    change: (id, patch) => tx((t) => changeBooking(t, { by, leads, now }, id, patch)),
  }
}

export async function addPerson(db: TestDatabase, tenantId: string, name = 'Ana'): Promise<string> {
  const { rows } = await db.owner.query('INSERT INTO staff (tenant_id, name) VALUES ($1, $2) RETURNING id', [tenantId, name])
  return rows[0].id
}

export const schedulingTables = ['booking_holds', 'bookings', 'occupied_times', 'staff'] as const

/** A row in each of its tables, made the way the server makes it; booked from a conversation, that has a line of it, and its lead an appointment. */
export async function fillScheduling(tx: Tx, conversationId?: string): Promise<void> {
  const work: Work = { by: { label: 'user:test' }, leads: { made: appointmentMade, off: appointmentOff }, now: monday }
  const { rows } = await tx.query<{ id: string }>(`INSERT INTO staff (tenant_id, name) VALUES ($1, 'Ana') RETURNING id`, [
    tx.tenantId,
  ])
  const slot = { staffId: rows[0]?.id ?? '', startsAt: at('10:00'), minutes: 60 }
  await book(tx, work, { holdId: (await holdTime(tx, work.by, { ...slot, conversationId }, monday)).id })
  await holdTime(tx, work.by, { ...slot, startsAt: at('12:00'), conversationId }, monday)
}

/** Somebody who wrote, with the lead that came of it. */
export async function addLead(db: TestDatabase, tenantId: string, status = 'new') {
  const { accountId } = await makeAccount(db, { tenantId })
  const { rows } = await db.owner.query<{ leadId: string; contactId: string; conversationId: string }>(
    `WITH k AS (INSERT INTO contacts (tenant_id, name) VALUES ($1, 'Bob') RETURNING id),
          c AS (INSERT INTO conversations (tenant_id, channel_account_id, contact_id) SELECT $1, $2, id FROM k RETURNING id, contact_id),
          l AS (INSERT INTO leads (tenant_id, contact_id, conversation_id, origin, status)
                SELECT $1, contact_id, id, 'sms', $3 FROM c RETURNING id, contact_id, conversation_id)
     SELECT id AS "leadId", contact_id AS "contactId", conversation_id AS "conversationId" FROM l`,
    [tenantId, accountId, status],
  )
  const lead = rows[0] as { leadId: string; contactId: string; conversationId: string }
  await db.owner.query('UPDATE conversations SET lead_id = $2 WHERE id = $1', [lead.conversationId, lead.leadId])
  return lead
}

/** So many connections of their own, all of them open. */
export async function manyConnections(url: string, size: number): Promise<Pool> {
  const pool = createPool({ connectionString: url, size, log: createLogger({ level: 'CRITICAL' }), waitMs: 30_000 })
  const clients = await Promise.all(Array.from({ length: size }, () => pool.connect()))
  for (const client of clients) client.release()
  return pool
}

/** What is live and whose time is taken, which must say the same; and overlaps of one person, of which there must be none. */
export async function disagreements(db: TestDatabase): Promise<unknown[]> {
  const { rows } = await db.owner.query(
    `SELECT 'booking' AS what, b.id, b.status, o.during FROM bookings b
       FULL JOIN (SELECT * FROM occupied_times WHERE booking_id IS NOT NULL) o ON o.tenant_id = b.tenant_id AND o.booking_id = b.id
      WHERE (b.status IN ('pending', 'confirmed', 'completed')) IS DISTINCT FROM (o.id IS NOT NULL)
         OR o.id IS NOT NULL AND (o.staff_id, o.during) IS DISTINCT FROM (b.staff_id, tstzrange(b.starts_at, b.ends_at))
     UNION ALL
     SELECT 'hold', h.id, NULL, o.during FROM booking_holds h JOIN occupied_times o ON o.tenant_id = h.tenant_id AND o.hold_id = h.id
      WHERE h.used_at IS NOT NULL OR h.released_at IS NOT NULL OR (o.staff_id, o.during, o.expires_at) IS DISTINCT FROM
            (h.staff_id, tstzrange(h.starts_at, h.ends_at), h.expires_at)
     UNION ALL
     SELECT 'overlap', a.id, NULL, a.during FROM occupied_times a JOIN occupied_times b
         ON b.tenant_id = a.tenant_id AND b.staff_id = a.staff_id AND b.id > a.id AND b.during && a.during`,
  )
  return rows
}
