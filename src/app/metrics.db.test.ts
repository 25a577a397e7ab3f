import { afterAll, beforeAll, expect, test } from 'vitest'
import { digits, inboundText, makeAccount, webhook } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { createIngress } from '../conversations/ingress.ts'
import { createPool } from '../platform/db/pool.ts'
import { createLogger } from '../platform/log.ts'
import { createMetrics } from './metrics.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db.drop())

const numbers = (text: string) =>
  Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line.startsWith('parley_'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )

test('the metrics say what intake took and how long work waits', async () => {
  const log = createLogger({ level: 'CRITICAL' })
  const ingress = createIngress({ db, log })
  const account = await makeAccount(db)
  const metrics = createMetrics({
    db,
    intake: db,
    ingress,
    search: { lag: () => ({ seconds: 7, filling: 2, fillingSeconds: 1 }) },
    upkeep: { attention: () => ['look'] },
    deadLetters: { open: () => new Map([['database_error', 120]]), attention: () => ['look'] },
  })
  const before = numbers(await metrics.metrics())
  expect(before).toMatchObject({ parley_intake_webhooks_total: 0, parley_search_lag_seconds: 7, parley_upkeep_attention: 1 })
  expect(before).toMatchObject({
    'parley_dead_letters_open{reason="database_error"}': 120,
    'parley_dead_letters_open{reason="lock_timeout"}': 0,
    parley_dead_letters_alarm: 1,
  })
  expect(before['parley_queue_lag_seconds{kind="send"}']).toBe(0)

  await Promise.all([1, 2, 3].map((n) => ingress.accept(webhook(inboundText(account, `1650${digits(7)}`, `line ${n}`)))))
  const { rows } = await db.owner.query('SELECT tenant_id, id FROM conversations LIMIT 1')
  await db.owner.query(
    `INSERT INTO conversation_lanes (tenant_id, conversation_id, kind, channel_account_id, ready_at) VALUES ($1, $2, 'send', $3, now() - interval '90 seconds')`,
    [rows[0].tenant_id, rows[0].id, account.accountId],
  )
  const after = numbers(await metrics.metrics())
  expect(after).toMatchObject({
    parley_intake_webhooks_total: 3,
    parley_intake_events_total: 3,
    parley_intake_refused_total: 0,
    parley_intake_waiting_webhooks: 0,
    parley_intake_lag_seconds: 0,
    parley_intake_events_per_second: 3,
  })
  expect(after['parley_queue_lag_seconds{kind="send"}']).toBeGreaterThan(89)
  expect(after['parley_queue_lag_seconds{kind="turn"}']).toBe(0)
  // Nobody has made months here: what came waits in the DEFAULT partition, and that is told.
  expect(after['parley_partition_months_ahead{table="messages"}']).toBe(-1)
  expect(after['parley_partition_default_rows{table="messages"}']).toBe(3)
})

test('what waits while the database does not answer is counted, and so is what is turned away', async () => {
  const log = createLogger({ level: 'CRITICAL' })
  const account = await makeAccount(db)
  const ingress = createIngress({ db, log }, { waitingBytes: 4000 })
  await db.owner.query('BEGIN')
  await db.owner.query('LOCK TABLE webhook_events IN ACCESS EXCLUSIVE MODE')
  const sent = Array.from({ length: 12 }, (_, n) =>
    ingress.accept(webhook(inboundText(account, `1650${digits(7)}`, `held ${n}`.repeat(30)))),
  )
  const ends = Promise.allSettled(sent)
  await new Promise((resolve) => setTimeout(resolve, 150))
  const held = ingress.waiting()
  expect(held.oldestMs).toBeGreaterThan(100)
  expect(held.bytes).toBeGreaterThan(0)
  expect(ingress.totals().refused).toBeGreaterThan(0)
  await db.owner.query('ROLLBACK')
  const refused = (await ends).filter((end) => end.status === 'rejected').length
  expect(ingress.totals()).toMatchObject({ refused, webhooks: sent.length - refused })
})

test('while the database is away, what the process knows by itself is still told', async () => {
  const log = createLogger({ level: 'CRITICAL' })
  const away = { pool: createPool({ connectionString: 'postgresql://nobody@127.0.0.1:1/nowhere', size: 1, log }) }
  const metrics = createMetrics({
    db: away,
    intake: away,
    ingress: createIngress({ db: away, log }),
    search: { lag: () => ({ seconds: 7, filling: 2, fillingSeconds: 1 }) },
    upkeep: { attention: () => [] },
    deadLetters: { open: () => undefined, attention: () => [] },
  })
  const told = numbers(await metrics.metrics())
  expect(told).toMatchObject({ parley_intake_waiting_webhooks: 0, parley_search_lag_seconds: 7 })
  expect(Object.keys(told).filter((name) => name.startsWith('parley_queue_lag'))).toEqual([])
})
