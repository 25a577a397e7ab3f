import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { digits, inboundText, webhook } from '../../test/world/arrange.ts'
import { type BridgeWorld, bridgeWorld, type CentreAccount, makeCentre } from '../../test/world/centre.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { receiveBatch } from '../conversations/receive.ts'
import type { Worker } from '../platform/worker.ts'
import type { CentreResult } from '../ports/contact-centre.ts'
import { startBridge } from './bridge.ts'
import { checkMappings, expireMappings, forgetEvents, tellOfSilence } from './keeper.ts'

let db: TestDatabase
let bridge: Worker | undefined
beforeAll(async () => {
  db = await createTestDatabase()
})
afterEach(async () => {
  await bridge?.stop()
  // What looks at all businesses must find nothing of an earlier test.
  await db.owner.query(`UPDATE conversation_mappings SET status = 'closed' WHERE status = 'active'`)
})
afterAll(() => db.drop())

const minuteMs = 60_000
const eventsOf = async ({ tenantId }: CentreAccount, type: string) =>
  (await db.owner.query('SELECT data FROM events WHERE tenant_id = $1 AND type = $2', [tenantId, type])).rows
const controls = async ({ tenantId }: CentreAccount) =>
  (await db.owner.query('SELECT DISTINCT control FROM conversations WHERE tenant_id = $1', [tenantId])).rows.map(
    (row) => row.control,
  )
const write = (world: BridgeWorld, account: CentreAccount, from: string, text: string) =>
  receiveBatch({ db, log: world.deps.log }, [webhook(inboundText(account, from, text))])

/** As if so much time had passed: everything that waits for a time has it that much nearer. */
async function pass(account: CentreAccount, ms: number): Promise<void> {
  const interval = `make_interval(secs => ${ms / 1000})`
  await db.owner.query(
    `UPDATE contact_centres SET paused_until = paused_until - ${interval}, probing_until = probing_until - ${interval},
            failing_since = failing_since - ${interval} WHERE tenant_id = $1`,
    [account.tenantId],
  )
  await db.owner.query(
    `UPDATE conversation_lanes SET ready_at = ready_at - ${interval} WHERE tenant_id = $1 AND ready_at > now()`,
    [account.tenantId],
  )
}

test('away for six hours under load and then back: every line arrives once, in the order of its conversation', async () => {
  const world = bridgeWorld(db)
  const account = await makeCentre(db)
  const customers = Array.from({ length: 40 }, () => `1650${digits(7)}`)
  const said = new Map<string, string[]>(customers.map((customer) => [customer, []]))
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed % below
  }
  const away: CentreResult[] = [
    { outcome: 'retry', code: '503', text: 'away', scope: 'integration' },
    { outcome: 'retry', code: '429', text: 'too many', scope: 'integration', retryAfterMs: 45_000 },
  ]
  bridge = startBridge(world.deps, { pollMs: 20 })
  world.centre.mood = away[0] as CentreResult
  for (let minute = 0; minute < 360; minute += 5) {
    for (let n = 0; n < 8; n++) {
      const customer = customers[random(customers.length)] as string
      const line = `${minute}.${n}`
      said.get(customer)?.push(line)
      await write(world, account, customer, line)
    }
    world.centre.mood = away[random(2)] as CentreResult
    await pass(account, 5 * minuteMs)
    await bridge.idle()
    await tellOfSilence(world.deps, new Date())
    // Killed in between, with whatever was under way.
    if (minute % 60 === 55) {
      await bridge.stop()
      bridge = startBridge(world.deps, { pollMs: 20 })
    }
  }
  expect(world.centre.taken).toEqual([])
  expect([await controls(account), (await eventsOf(account, 'centre.silent')).length]).toEqual([['agent'], 1])
  // Back, but not yet steady: some answers get lost, some lines have to wait.
  world.centre.mood = null
  world.centre.script.push(
    ...Array.from({ length: 30 }, (_, n) => async (line: Parameters<typeof world.centre.take>[0]): Promise<CentreResult> => {
      if (n % 3 === 0) return { outcome: 'retry', code: '409', text: 'busy', scope: 'conversation' }
      const result = world.centre.take(line)
      return n % 3 === 1 ? { outcome: 'unknown', code: 'timeout', text: 'no answer' } : result
    }),
  )
  for (let n = 0; n < 200 && world.centre.taken.length < 72 * 8; n++) {
    await pass(account, 5 * minuteMs)
    await bridge.idle()
  }
  await pass(account, 5 * minuteMs)
  await bridge.idle()
  const arrived = Map.groupBy(world.centre.taken, (line) => line.customer.id)
  for (const [customer, lines] of said)
    expect([customer, arrived.get(customer)?.map((line) => line.text) ?? []]).toEqual([customer, lines])
  expect(world.centre.taken).toHaveLength(72 * 8)
  const { rows } = await db.owner.query(
    `SELECT status, count(*)::int AS n FROM message_tracking WHERE tenant_id = $1 GROUP BY status`,
    [account.tenantId],
  )
  expect(rows).toEqual([{ status: 'processed', n: 72 * 8 }])
  expect(await eventsOf(account, 'centre.answers')).toHaveLength(1)
}, 120_000)

test('people get what waits where the business set a time for it, and not before', async () => {
  const world = bridgeWorld(db)
  const account = await makeCentre(db, { settings: { tellAfterMinutes: 5, handOverAfterMinutes: 30 } })
  world.centre.mood = { outcome: 'retry', code: '503', text: 'away', scope: 'integration' }
  await write(world, account, `1650${digits(7)}`, 'hello?')
  bridge = startBridge(world.deps, { pollMs: 20 })
  await bridge.idle()
  const told: string[] = []
  world.deps.changed = (tenantId) => void told.push(tenantId)
  for (const [minutes, control] of [
    [4, 'agent'],
    [6, 'agent'],
    [29, 'agent'],
    [31, 'human'],
  ] as const) {
    await tellOfSilence(world.deps, new Date(Date.now() + minutes * minuteMs))
    expect([minutes, await controls(account)]).toEqual([minutes, [control]])
  }
  expect((await eventsOf(account, 'centre.silent')).length).toBe(1)
  expect(await eventsOf(account, 'conversation.handed_over')).toMatchObject([{ data: { from: 'agent', to: 'human' } }])
  world.centre.mood = null
  await pass(account, 5 * minuteMs)
  await bridge.idle()
  expect(world.centre.taken).toEqual([])
})

test('a line that alone has waited for too long is told of once', async () => {
  const world = bridgeWorld(db)
  const account = await makeCentre(db, { settings: { tellAfterMinutes: 5 } })
  world.centre.mood = { outcome: 'retry', code: '409', text: 'busy', scope: 'conversation' }
  await write(world, account, `1650${digits(7)}`, 'hello?')
  bridge = startBridge(world.deps, { pollMs: 20 })
  await bridge.idle()
  expect(await eventsOf(account, 'centre.waiting')).toEqual([])
  world.deps.now = () => new Date(Date.now() + 6 * minuteMs)
  for (let n = 0; n < 3; n++) {
    await pass(account, 5 * minuteMs)
    await bridge.idle()
  }
  expect(await eventsOf(account, 'centre.waiting')).toMatchObject([{ data: { code: '409', text: 'busy' } }])
})

test('a session ends after 24 hours and five minutes of silence and not after 23 hours and 59 minutes; a business may set its own time', async () => {
  const account = await makeCentre(db)
  const patient = await makeCentre(db, { settings: { expireHours: 48 } })
  const now = new Date('2026-11-20T12:00:00Z')
  const silent = (of: CentreAccount, minutes: number) =>
    db.owner.query(
      `INSERT INTO conversation_mappings (tenant_id, wa_id, contact_name, last_activity_at) VALUES ($1, $2, $3, $4)`,
      [of.tenantId, digits(11), String(minutes), new Date(now.getTime() - minutes * minuteMs)],
    )
  for (const minutes of [24 * 60 + 5, 23 * 60 + 59, 1]) {
    await silent(account, minutes)
    await silent(patient, minutes)
  }
  expect(await expireMappings(db, now)).toBe(1)
  const states = async (of: CentreAccount) =>
    Object.fromEntries(
      (
        await db.owner.query('SELECT contact_name, status FROM conversation_mappings WHERE tenant_id = $1', [of.tenantId])
      ).rows.map((row) => [row.contact_name, row.status]),
    )
  expect(await states(account)).toEqual({ 1445: 'expired', 1439: 'active', 1: 'active' })
  expect(await states(patient)).toEqual({ 1445: 'active', 1439: 'active', 1: 'active' })
  expect(await eventsOf(account, 'mapping.expired')).toHaveLength(1)
})

test('many sessions expire in batches, each once, also when two do it at once', async () => {
  const account = await makeCentre(db)
  await db.owner.query(
    `INSERT INTO conversation_mappings (tenant_id, wa_id, last_activity_at) SELECT $1, 'w' || n, now() - interval '25 hours' FROM generate_series(1, 2500) n`,
    [account.tenantId],
  )
  const now = new Date()
  const [one, other] = await Promise.all([expireMappings(db, now), expireMappings(db, now)])
  expect((one ?? 0) + (other ?? 0)).toBe(2500)
  expect(await eventsOf(account, 'mapping.expired')).toHaveLength(2500)
})

test('a session that ended over there without a word is found by asking, and closed', async () => {
  const world = bridgeWorld(db)
  const account = await makeCentre(db)
  const [gone, open] = [`1650${digits(7)}`, `1650${digits(7)}`]
  for (const customer of [gone, open]) await write(world, account, customer, 'hello')
  bridge = startBridge(world.deps, { pollMs: 20 })
  await bridge.idle()
  world.centre.end(world.centre.open.get(gone) ?? '')
  expect(await checkMappings(world.deps, new Date())).toBe(0)
  const later = new Date(Date.now() + 11 * minuteMs)
  expect([await checkMappings(world.deps, later), await checkMappings(world.deps, later)]).toEqual([1, 0])
  const { rows } = await db.owner.query('SELECT wa_id, status FROM conversation_mappings WHERE tenant_id = $1', [
    account.tenantId,
  ])
  expect(Object.fromEntries(rows.map((row) => [row.wa_id, row.status]))).toEqual({ [gone]: 'closed', [open]: 'active' })
})

test('credentials of one business that nobody can open do not keep the others from being asked for', async () => {
  const world = bridgeWorld(db)
  const accounts = [await makeCentre(db), await makeCentre(db), await makeCentre(db)]
  for (const account of accounts) await write(world, account, `1650${digits(7)}`, 'hello')
  bridge = startBridge(world.deps, { pollMs: 20 })
  await bridge.idle()
  for (const conversation of [...world.centre.open.values()]) world.centre.end(conversation)
  const [, spoilt] = accounts
  await db.owner.query('UPDATE tenant_credentials SET credentials = $2 WHERE tenant_id = $1', [
    spoilt?.tenantId,
    'v1.0.lost.key',
  ])
  expect(await checkMappings(world.deps, new Date(Date.now() + 11 * minuteMs))).toBe(2)
})

test('what was told is forgotten after thirty days', async () => {
  const account = await makeCentre(db)
  const now = new Date()
  for (const days of [29, 31])
    await db.owner.query('INSERT INTO contact_centre_events (tenant_id, key, created_at) VALUES ($1, $2, $3)', [
      account.tenantId,
      String(days),
      new Date(now.getTime() - days * 86_400_000),
    ])
  await forgetEvents(db, now)
  const { rows } = await db.owner.query('SELECT key FROM contact_centre_events WHERE tenant_id = $1', [account.tenantId])
  expect(rows).toEqual([{ key: '29' }])
})
