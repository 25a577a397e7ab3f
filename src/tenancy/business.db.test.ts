import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTenant } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { newId } from '../kernel/ids.ts'
import { inTenant } from '../platform/db/tx.ts'
import { bySystem } from './audit.ts'
import { readAudit } from './audit-log.ts'
import { changeBusiness, readBusiness } from './business.ts'
import { type PatchBusiness, patchBusiness as patchBody } from './business-schema.ts'
import { patchBusiness } from './tenant-life.ts'
import { patchTenant } from './tenant-schema.ts'
import { createTenant } from './tenants.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db.drop())

const change = (tenantId: string, patch: PatchBusiness) =>
  inTenant(db, tenantId, (tx) => changeBusiness(tx, { by: bySystem, changed: () => {} }, patch))

test('a new business has the hours and texts of the specification and its own zone, one row of them', async () => {
  const tenantId = newId()
  await inTenant(db, tenantId, (tx) => createTenant(tx, { publicId: 'new', name: 'New', settings: { timezone: 'Asia/Tokyo' } }))
  const read = await inTenant(db, tenantId, readBusiness)
  const day = (enabled: boolean) => ({ open: '09:00', close: '17:00', enabled })
  expect(read).toMatchObject({
    timezone: 'Asia/Tokyo',
    language: 'en',
    serviceAreaRadius: 25,
    aiTakeoverDelay: 60,
    autoResponseEnabled: true,
    autoResponseMessage: 'Hi! Sorry we missed your call. How can we help?',
    aiGreetingTemplate: "Hello! I'm here to help with your [TRADE] needs. What can I assist you with today?",
  })
  expect(read.hours).toEqual({
    ...{ monday: day(true), tuesday: day(true), wednesday: day(true), thursday: day(true), friday: day(true) },
    ...{ saturday: day(false), sunday: day(false) },
  })
  await expect(db.owner.query('INSERT INTO business_settings (tenant_id) VALUES ($1)', [tenantId])).rejects.toThrow(
    'idx_business_settings_tenant',
  )
  const { rows } = await db.owner.query(
    `SELECT column_default FROM information_schema.columns WHERE table_name = 'business_settings' AND column_name = 'timezone'`,
  )
  expect(rows[0].column_default).toContain('America/New_York')
})

test('a business from before there were settings gets them when it is read, by many at once', async () => {
  const tenantId = await makeTenant(db)
  await db.owner.query('DELETE FROM business_settings WHERE tenant_id = $1', [tenantId])
  const reads = await Promise.all([1, 2, 3, 4].map(() => inTenant(db, tenantId, readBusiness)))
  expect(reads.map(({ timezone }) => timezone)).toEqual(['UTC', 'UTC', 'UTC', 'UTC'])
})

test('reading waits for nobody who changes the business, and nobody waits for who reads', async () => {
  const tenantId = newId()
  await inTenant(db, tenantId, (tx) => createTenant(tx, { publicId: `read-${tenantId}`, name: 'Read' }))
  const changing = await db.owner.connect()
  try {
    await changing.query('BEGIN')
    await changing.query('SELECT FROM tenants WHERE id = $1 FOR UPDATE', [tenantId])
    const read = await inTenant(db, tenantId, async (tx) => {
      await tx.query(`SET LOCAL lock_timeout = '200ms'`)
      return await readBusiness(tx)
    })
    expect(read.name).toBe('Read')
    await changing.query('ROLLBACK')
    await inTenant(db, tenantId, async (tx) => {
      await readBusiness(tx)
      await changing.query(`SELECT FROM tenants WHERE id = $1 FOR UPDATE NOWAIT`, [tenantId])
    })
  } finally {
    changing.release()
  }
})

test('two changes of settings at once are both kept', async () => {
  const tenantId = await makeTenant(db)
  await Promise.all(Array.from({ length: 8 }, (_, n) => change(tenantId, { settings: { [`key${n}`]: n } })))
  const { settings } = await inTenant(db, tenantId, readBusiness)
  expect(Object.keys(settings).sort()).toEqual(Array.from({ length: 8 }, (_, n) => `key${n}`))
})

test('every field is changed and read back, the zone stands in both places, and the log names settings without their values', async () => {
  const tenantId = await makeTenant(db)
  const patch = {
    ...{ name: 'Renamed', email: 'hi@b.example', phone: '+15550100', address: '1 Road', latitude: 38.7, longitude: -9.1 },
    ...{ tradeType: 'plumbing', serviceAreaRadius: 40, timezone: 'Europe/Lisbon', language: 'pt' },
    ...{ autoResponseEnabled: false, autoResponseMessage: 'Olá', aiGreetingTemplate: '[TRADE]?', aiTakeoverDelay: 0 },
  }
  expect(await change(tenantId, { ...patch, settings: { token: 'CANARY' } })).toMatchObject(patch)
  const { rows } = await db.owner.query(
    `SELECT settings ->> 'timezone' AS a, b.timezone AS b FROM tenants t JOIN business_settings b ON b.tenant_id = t.id WHERE t.id = $1`,
    [tenantId],
  )
  expect(rows).toEqual([{ a: 'Europe/Lisbon', b: 'Europe/Lisbon' }])
  expect(await change(tenantId, { email: null, phone: null })).toMatchObject({ email: null, phone: null, name: 'Renamed' })
  const log = await inTenant(db, tenantId, (tx) => readAudit(tx, { limit: 10 }))
  expect(log.items.map(({ action }) => action)).toEqual(['business.updated', 'business.updated'])
  expect(JSON.stringify(log)).not.toContain('CANARY')
  expect(log.items[1]?.changes).toMatchObject({ settings: ['token'], name: 'Renamed' })
})

test('the database itself refuses hours that make no sense', async () => {
  const tenantId = await makeTenant(db)
  await inTenant(db, tenantId, readBusiness)
  const put = (hours: unknown) =>
    db.owner.query('UPDATE business_settings SET business_hours = $2 WHERE tenant_id = $1', [tenantId, JSON.stringify(hours)])
  const { hours } = await inTenant(db, tenantId, readBusiness)
  await put({ ...hours, monday: { open: '22:00', close: '06:00', enabled: true } })
  const { sunday: _, ...six } = hours
  for (const wrong of [
    six,
    { ...six, someday: hours.sunday },
    { ...hours, monday: { open: '09:00', close: '17:00' } },
    { ...hours, monday: { open: '9', close: '17:00', enabled: true } },
    { ...hours, monday: { open: '09:00', close: '09:00', enabled: true } },
    { ...hours, monday: { open: '09:00', close: '24:30', enabled: true } },
    { ...hours, monday: 'closed' },
    [],
    null,
  ])
    await expect(put(wrong)).rejects.toThrow(/business_settings_hours_check|not-null/)
})

test('what is patched by key stays small, however often it is added to, and zone and language stay texts', async () => {
  const tenantId = await makeTenant(db)
  const part = (n: number) => ({ [`part${n}`]: 'x'.repeat(40_000) })
  await change(tenantId, { settings: part(1) })
  await expect(change(tenantId, { settings: part(2) })).rejects.toMatchObject({ code: 'invalid_request' })
  await expect(patchBusiness({ db }, bySystem, tenantId, { settings: part(2) })).rejects.toMatchObject({
    code: 'invalid_request',
  })
  await patchBusiness({ db }, bySystem, tenantId, { metadata: part(1) })
  await expect(patchBusiness({ db }, bySystem, tenantId, { metadata: part(2) })).rejects.toMatchObject({
    code: 'invalid_request',
  })
  for (const settings of [{ timezone: ['UTC'] }, { language: ['en'] }])
    await expect(change(tenantId, { settings })).rejects.toMatchObject({ code: 'invalid_request' })
  const deep = JSON.parse(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`)
  expect(patchBody.safeParse({ settings: deep }).success).toBe(false)
  expect(patchTenant.safeParse({ settings: deep }).success).toBe(false)
})

test('a zone that an operator or a program sets is the one that the hours of the business are in', async () => {
  const tenantId = await makeTenant(db)
  await change(tenantId, { timezone: 'Asia/Tokyo' })
  await patchBusiness({ db }, bySystem, tenantId, { settings: { timezone: 'Europe/Lisbon' } })
  expect(await inTenant(db, tenantId, readBusiness)).toMatchObject({ timezone: 'Europe/Lisbon' })
})
