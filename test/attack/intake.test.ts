/** Hostile and unlucky deliveries: what was acknowledged is stored, whatever came beside it. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { receiveBatch } from '../../src/conversations/receive.ts'
import { newId } from '../../src/kernel/ids.ts'
import { createPool } from '../../src/platform/db/pool.ts'
import { createLogger } from '../../src/platform/log.ts'
import { digits, inboundText, makeAccount, receipt, type TestAccount, webhook } from '../world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'

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
const stored = async (externalId: string) =>
  (await db.owner.query('SELECT id FROM message_tracking WHERE wamid = $1', [externalId])).rows.length

test('a message delivered through two apps at once is stored by the one that the number belongs to', async () => {
  const event = inboundText(account, `1650${digits(7)}`, 'hello')
  const other = { ...webhook(event), appSlug: 'another-app' }
  await receiveBatch({ db, log }, [other, webhook(event)])
  expect(await stored(event.externalId)).toBe(1)
})

test('losing a race again and again never turns an acknowledged message into a dead letter', async () => {
  const event = inboundText(account, `1650${digits(7)}`, 'hello')
  await db.owner.query(`CREATE FUNCTION parley.unlucky() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END $$`)
  await db.owner.query(
    'CREATE TRIGGER unlucky BEFORE INSERT ON parley.message_tracking FOR EACH ROW EXECUTE FUNCTION parley.unlucky()',
  )
  const acknowledged = await receiveBatch({ db, log }, [webhook(event)])
    .then(
      () => true,
      () => false,
    )
    .finally(() => db.owner.query('DROP FUNCTION parley.unlucky CASCADE'))
  expect({ acknowledged, stored: await stored(event.externalId) }).not.toEqual({ acknowledged: true, stored: 0 })
})

test.for([3000])('a delivery of %i receipts is taken in within the time intake has', { timeout: 120_000 }, async (n) => {
  const pool = createPool({ connectionString: db.url, size: 1, log, queryTimeoutMs: 120_000 })
  const ids = Array.from({ length: n }, () => `wamid.${newId()}`)
  const conversation = newId()
  await db.owner.query(
    `INSERT INTO message_tracking (tenant_id, id, channel_account_id, conversation_id, wamid, direction, status, status_at, created_at)
     SELECT $1, gen_random_uuid(), $2, $3, w, 'OUTBOUND', 'sent', now(), now() FROM unnest($4::text[]) w`,
    [account.tenantId, account.accountId, conversation, ids],
  )
  await db.owner.query(
    `INSERT INTO provider_refs (tenant_id, channel_account_id, external_id, message_id) SELECT tenant_id, channel_account_id, wamid, id FROM message_tracking WHERE conversation_id = $1`,
    [conversation],
  )
  // As the keeper of statistics does: the tables that have grown. A plan made for one that holds two rows may take any index.
  await db.owner.query('ANALYZE message_tracking, provider_refs')
  const began = performance.now()
  await receiveBatch({ db: { pool }, log }, [webhook(...ids.map((id) => receipt(account, id, 'delivered')))])
  const took = performance.now() - began
  await pool.end()
  expect(took).toBeLessThan(8000)
})

test.for([10_000])('a delivery of %i messages is taken in within the time intake has', { timeout: 120_000 }, async (n) => {
  const pool = createPool({ connectionString: db.url, size: 1, log, queryTimeoutMs: 120_000 })
  const events = Array.from({ length: n }, (_, i) => inboundText(account, `1650${String(1_000_000 + i)}`, `text ${i}`))
  const began = performance.now()
  await receiveBatch({ db: { pool }, log }, [webhook(...events)])
  const took = performance.now() - began
  await pool.end()
  expect(took).toBeLessThan(8000)
})

test('a customer who changed ids is one person, also when the news of it comes in the same batch as their next message', async () => {
  const [before, after] = [`1650${digits(7)}`, `1650${digits(7)}`]
  await receiveBatch({ db, log }, [webhook(inboundText(account, before, 'old number'))])
  const news = {
    kind: 'identity' as const,
    account: account.externalId,
    occurredAt: new Date().toISOString(),
    from: { kind: 'wa_id' as const, value: before, scope: '' as const },
    to: { kind: 'wa_id' as const, value: after, scope: '' as const },
    reason: 'changed_number',
    person: { identities: [], phone: `+${after}` },
  }
  await receiveBatch({ db, log }, [webhook(news as never), webhook(inboundText(account, after, 'new number'))])
  const { rows } = await db.owner.query(
    'SELECT DISTINCT contact_id FROM contact_identities WHERE tenant_id = $1 AND value = ANY ($2)',
    [account.tenantId, [before, after]],
  )
  expect(rows).toHaveLength(1)
})
