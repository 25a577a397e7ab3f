import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { digits, inboundText, makeAccount, type TestAccount, webhook } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { contactByPhone, openConversation } from '../conversations/contacts.ts'
import { keepFindings } from '../conversations/findings.ts'
import { ensureLead } from '../conversations/leads.ts'
import { receiveBatch } from '../conversations/receive.ts'
import { newId } from '../kernel/ids.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createLogger } from '../platform/log.ts'
import { closeSilent } from '../upkeep/silence.ts'
import type { PatchLead } from './schema.ts'
import { type LeadFilter, listLeads, requireLead, serviceArea, sumLeads } from './store.ts'
import { changeLead, joinLead, separateLead } from './verbs.ts'
import { areaOf, leadView, sumsView } from './view.ts'

let db: TestDatabase
let account: TestAccount
const log = createLogger({ level: 'CRITICAL' })
beforeAll(async () => {
  db = await createTestDatabase()
})
beforeEach(async () => {
  account = await makeAccount(db)
})
afterAll(() => db.drop())

const tx = <T>(work: Parameters<typeof inTenant<T>>[2]) => inTenant(db, account.tenantId, work)
async function makeLead(patch: PatchLead = {}, phone = `+1650${digits(7)}`): Promise<string> {
  return await tx(async (t) => {
    const contactId = await contactByPhone(t, phone)
    const conversationId = await openConversation(t, account.accountId, contactId)
    const { id } = await ensureLead(t, { contactId, conversationId, origin: 'sms', phone, actor: 'test' })
    await changeLead(t, { label: 'test' }, id, patch)
    return id
  })
}
const change = (id: string, patch: PatchLead) => tx((t) => changeLead(t, { label: 'test' }, id, patch))
const list = (filter: Partial<LeadFilter> = {}) =>
  tx((t) => listLeads(t, { status: 'all', assignee: 'any', limit: 50, ...filter }))
const ids = async (filter: Partial<LeadFilter> = {}) => (await list(filter)).rows.map((row) => row.id)
const read = (id: string) => tx(async (t) => leadView(await requireLead(t, id), areaOf(await serviceArea(t))))

test('a lead goes its way, each step with an event; an unknown or impossible one is refused', async () => {
  const id = await makeLead()
  await change(id, { status: 'qualified', estimatedValue: 250 })
  await change(id, { status: 'appointment_scheduled' })
  await expect(change(id, { status: 'new' })).rejects.toMatchObject({ code: 'conflict' })
  await change(id, { status: 'completed', conversionValue: 310.5 })
  expect(await read(id)).toMatchObject({ status: 'completed', estimatedValue: 250, conversionValue: 310.5 })
  const { rows } = await db.owner.query(
    `SELECT data ->> 'from' AS was, data ->> 'to' AS now FROM events WHERE tenant_id = $1 AND type = 'lead.updated' AND data ? 'to' ORDER BY txid, id`,
    [account.tenantId],
  )
  expect(rows.map((row) => `${row.was} → ${row.now}`)).toEqual([
    ...['new → qualified', 'qualified → appointment_scheduled', 'appointment_scheduled → completed'],
  ])
})

test('lost needs a reason, which may not be taken away; opened again there must be no other one open', async () => {
  const phone = `+1650${digits(7)}`
  const id = await makeLead({}, phone)
  await expect(change(id, { status: 'lost' })).rejects.toMatchObject({ code: 'invalid_request' })
  await change(id, { status: 'lost', lostReason: 'chose somebody else' })
  await expect(change(id, { lostReason: null })).rejects.toMatchObject({ code: 'invalid_request' })
  const second = await makeLead({}, phone)
  expect(second).not.toBe(id)
  await expect(change(id, { status: 'new' })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('another lead'),
  })
})

test('sums are right to the cent, by status, and know of statuses of which there is none', async () => {
  for (const cents of [10, 20, 30]) await makeLead({ estimatedValue: cents / 100 })
  await makeLead({ estimatedValue: 99_999_999.99 })
  await makeLead({ status: 'completed', conversionValue: 0.1 })
  const sums = sumsView(await tx((t) => sumLeads(t, { status: 'all', assignee: 'any' }))).byStatus
  expect(sums).toEqual([
    { status: 'new', count: 4, estimatedValue: 100_000_000.59, conversionValue: 0 },
    { status: 'qualified', count: 0, estimatedValue: 0, conversionValue: 0 },
    { status: 'appointment_scheduled', count: 0, estimatedValue: 0, conversionValue: 0 },
    { status: 'completed', count: 1, estimatedValue: 0, conversionValue: 0.1 },
    { status: 'lost', count: 0, estimatedValue: 0, conversionValue: 0 },
  ])
})

test('pages follow each other without a gap or a repeat, and filters narrow them', async () => {
  const all: string[] = []
  for (let n = 0; n < 7; n++) all.unshift(await makeLead({ problem: `job ${n}`, urgency: n % 2 ? 'high' : 'low' }))
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const page = await list({ limit: 3, ...(cursor ? { cursor } : {}) })
    seen.push(...page.rows.map((row) => row.id))
    cursor = page.next ?? undefined
  } while (cursor)
  expect(seen).toEqual(all)
  expect(await ids({ urgency: 'high' })).toHaveLength(3)
  expect(await ids({ q: 'JOB 3' })).toEqual([all[3]])
  expect(await ids({ q: '100%' })).toEqual([])
  const { rows, next } = await list({ q: 'job', limit: 5 })
  expect([rows.length, next !== null]).toEqual([5, true])
  await change(all[0] as string, { status: 'lost', lostReason: 'x' })
  expect(await ids({ status: 'open' })).toHaveLength(6)
  expect(await ids({ status: 'lost' })).toEqual([all[0]])
  await expect(list({ cursor: 'nonsense' })).rejects.toMatchObject({ code: 'malformed_cursor' })
})

test('who has it is a colleague of this business, and one finds what is theirs', async () => {
  const id = await makeLead()
  await expect(change(id, { assigneeId: newId() })).rejects.toMatchObject({ code: 'not_found' })
  const userId = newId()
  await db.owner.query('INSERT INTO users (id, email, password_hash) VALUES ($1, $2, $$x$$)', [userId, `${userId}@b.example`])
  await db.owner.query(`INSERT INTO user_profiles (tenant_id, user_id, role, first_name) VALUES ($1, $2, 'agent', 'Ann')`, [
    account.tenantId,
    userId,
  ])
  await change(id, { assigneeId: userId })
  await makeLead()
  expect(await ids({ assignee: { is: userId } })).toEqual([id])
  expect(await ids({ assignee: 'none' })).toHaveLength(1)
  expect((await read(id)).assignee).toEqual({ id: userId, name: 'Ann' })
})

test('how far it is from the business, in its own unit; within the area or not is decided by what was measured', async () => {
  await db.owner.query('UPDATE tenants SET business_latitude = 39.7817, business_longitude = -89.6501 WHERE id = $1', [
    account.tenantId,
  ])
  const north = (miles: number) => ({
    latitude: 39.7817 + ((miles * 1.609344) / 6371.0088) * (180 / Math.PI),
    longitude: -89.6501,
  })
  const near = await makeLead({ place: north(24.9) })
  const far = await makeLead({ place: north(25.1) })
  expect((await read(near)).distance).toEqual({ value: 24.9, unit: 'mi', inArea: true })
  expect((await read(far)).distance).toEqual({ value: 25.1, unit: 'mi', inArea: false })
  await db.owner.query(`UPDATE tenants SET settings = settings || '{"distanceUnit": "km"}' WHERE id = $1`, [account.tenantId])
  expect((await read(near)).distance).toEqual({ value: 40.1, unit: 'km', inArea: false })
  expect((await read(await makeLead())).distance).toBeNull()
})

test('two of one person become one, and two again as they were', async () => {
  const phone = `+1650${digits(7)}`
  const old = await makeLead({ problem: 'tap drips', address: '12 Oak St', status: 'lost', lostReason: 'no answer' }, phone)
  const now = await makeLead({ problem: 'tap drips again', estimatedValue: 90 }, phone)
  const before = [await read(old), await read(now)]
  await tx((t) => joinLead(t, 'test', now, old))
  expect(await ids()).toEqual([now])
  expect(await read(now)).toMatchObject({ problem: 'tap drips again', address: '12 Oak St', estimatedValue: 90, joined: [old] })
  expect((await read(old)).joinedInto).toBe(now)
  await expect(change(old, { notes: 'x' })).rejects.toMatchObject({ code: 'conflict' })
  const sums = sumsView(await tx((t) => sumLeads(t, { status: 'all', assignee: 'any' }))).byStatus
  expect(sums.reduce((n, one) => n + one.count, 0)).toBe(1)
  expect(await tx((t) => separateLead(t, 'test', old))).toBe(now)
  const after = [await read(old), await read(now)]
  for (const [n, one] of after.entries()) expect({ ...one, updatedAt: '' }).toEqual({ ...before[n], updatedAt: '' })
})

test('an open lead joined into one that has ended leaves its place free, and does not come back to a taken one', async () => {
  const phone = `+1650${digits(7)}`
  const done = await makeLead({ status: 'completed' }, phone)
  const open = await makeLead({}, phone)
  await tx((t) => joinLead(t, 'test', done, open))
  const third = await makeLead({}, phone)
  expect([done, open]).not.toContain(third)
  await expect(tx((t) => separateLead(t, 'test', open))).rejects.toMatchObject({ code: 'conflict' })
  const stranger = await makeLead()
  await expect(tx((t) => joinLead(t, 'test', third, stranger))).rejects.toMatchObject({ code: 'conflict' })
  await expect(tx((t) => joinLead(t, 'test', third, third))).rejects.toMatchObject({ code: 'invalid_request' })
})

test('what was an emergency stays one in the lead that it became part of, unless people said otherwise', async () => {
  const phone = `+1650${digits(7)}`
  const old = await makeLead({ urgency: 'emergency', status: 'completed' }, phone)
  const now = await makeLead({}, phone)
  const urgencyOf = async (id: string) => (await read(id)).urgency
  await tx((t) => joinLead(t, 'test', now, old))
  expect(await urgencyOf(now)).toBe('emergency')
  await tx((t) => separateLead(t, 'test', old))
  expect([await urgencyOf(now), await urgencyOf(old)]).toEqual(['normal', 'emergency'])
  await tx((t) => joinLead(t, 'test', now, old))
  await change(now, { urgency: 'high' })
  await tx((t) => separateLead(t, 'test', old))
  expect(await urgencyOf(now)).toBe('high')
  await tx((t) => joinLead(t, 'test', now, old))
  expect(await urgencyOf(now)).toBe('high')
})

test('what people wrote is theirs also in the lead that it became part of, and goes back with it', async () => {
  const phone = `+1650${digits(7)}`
  const old = await makeLead({ problem: 'as I see it', address: '12 Oak St', status: 'completed' }, phone)
  const now = await makeLead({ jobType: 'Repair' }, phone)
  const { rows } = await db.owner.query('SELECT conversation_id FROM leads WHERE id = $1', [now])
  const learn = (problem: string) =>
    tx((t) =>
      keepFindings(
        t,
        { conversationId: rows[0].conversation_id, actor: 'answerer:assistant' },
        { learned: { problem, sources: { problem: [newId()] } } as never },
      ),
    )
  await tx((t) => joinLead(t, 'test', now, old))
  await learn('as a machine sees it')
  expect(await read(now)).toMatchObject({ problem: 'as I see it', address: '12 Oak St' })
  await change(now, { address: '14 Oak St' })
  await tx((t) => separateLead(t, 'test', old))
  await learn('as a machine sees it now')
  expect(await read(now)).toMatchObject({ problem: 'as a machine sees it now', address: '14 Oak St' })
  expect((await db.owner.query('SELECT edited FROM leads WHERE id = $1', [now])).rows[0].edited).toEqual(['address', 'jobType'])
})

test('what people wrote is theirs; another business has none of it', async () => {
  const id = await makeLead({ problem: 'as I see it', urgency: 'high' })
  const { rows } = await db.owner.query('SELECT edited FROM leads WHERE id = $1', [id])
  expect(rows[0].edited).toEqual(['problem', 'urgency'])
  account = await makeAccount(db)
  await expect(read(id)).rejects.toMatchObject({ code: 'not_found' })
  await expect(change(id, { notes: 'x' })).rejects.toMatchObject({ code: 'not_found' })
  expect(await ids()).toEqual([])
})

test('72 hours of silence close a text conversation, and the next text begins a new one', async () => {
  await db.owner.query(`UPDATE channel_accounts SET channel = 'sms' WHERE id = $1`, [account.accountId])
  const phone = `1650${digits(7)}`
  const start = new Date('2026-11-20T10:00:00Z')
  const hours = (n: number) => new Date(start.getTime() + n * 3_600_000)
  const says = async (at: Date) => {
    const event = inboundText(account, phone, 'hello', { occurredAt: at.toISOString() })
    await receiveBatch({ db, log, now: () => at }, [webhook(event)])
    return (await db.owner.query('SELECT conversation_id FROM message_tracking WHERE wamid = $1', [event.externalId])).rows[0]
      .conversation_id
  }
  const first = await says(start)
  expect(await closeSilent(db, hours(71.9))).toBe(0)
  expect(await closeSilent(db, hours(72.1))).toBe(1)
  expect(await closeSilent(db, hours(72.1))).toBe(0)
  const { rows } = await db.owner.query('SELECT status, closed_at FROM conversations WHERE id = $1', [first])
  expect(rows[0]).toEqual({ status: 'closed', closed_at: start })
  expect(await says(hours(72.5))).not.toBe(first)
})

test('other channels are closed only where the business says so, what waits to be sent keeps one open', async () => {
  const say = async () => {
    const event = inboundText(account, `1650${digits(7)}`, 'hello')
    await receiveBatch({ db, log }, [webhook(event)])
    return event
  }
  const later = new Date(Date.now() + 100 * 3_600_000)
  await closeSilent(db, later)
  await say()
  expect(await closeSilent(db, later)).toBe(0)
  await db.owner.query('INSERT INTO business_settings (tenant_id, auto_close_hours) VALUES ($1, 48)', [account.tenantId])
  const waiting = await say()
  await db.owner.query(`UPDATE message_tracking SET direction = 'OUTBOUND', status = 'queued' WHERE wamid = $1`, [
    waiting.externalId,
  ])
  expect(await closeSilent(db, later)).toBe(1)
  await db.owner.query('UPDATE business_settings SET auto_close_hours = 0 WHERE tenant_id = $1', [account.tenantId])
  await db.owner.query(`UPDATE message_tracking SET status = 'sent' WHERE wamid = $1`, [waiting.externalId])
  expect(await closeSilent(db, later)).toBe(0)
})
