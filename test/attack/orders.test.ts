/** What comes to two servers at once, in different orders. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { receiveBatch } from '../../src/conversations/receive.ts'
import { newId } from '../../src/kernel/ids.ts'
import { createPool } from '../../src/platform/db/pool.ts'
import { createLogger } from '../../src/platform/log.ts'
import type { InboundEvent } from '../../src/ports/channel.ts'
import { digits, inboundText, makeAccount, receipt, type TestAccount, webhook } from '../world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'

let db: TestDatabase
let account: TestAccount
const log = createLogger({ level: 'CRITICAL' })
beforeAll(async () => {
  db = await createTestDatabase()
  account = await makeAccount(db)
})
afterAll(() => db.drop())

async function sentMessages(n: number): Promise<string[]> {
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
  return ids
}

/** A pool that counts how often the server had to end a circle of waiting. */
function watched(size: number) {
  const pool = createPool({ connectionString: db.url, size, log })
  const seen = { deadlocks: 0, connections: 0 }
  pool.on('connect', (client) => {
    seen.connections += 1
    const query = client.query.bind(client) as (...given: unknown[]) => Promise<unknown>
    client.query = ((...given: unknown[]) => {
      const answer = query(...given)
      answer?.catch?.((error: { code?: string }) => {
        if (error.code === '40P01') seen.deadlocks += 1
      })
      return answer
    }) as typeof client.query
  })
  return { pool, seen }
}

/** Each row takes its time, so that two batches are in the middle of their work at once. */
async function slowly<T>(table: string, work: () => Promise<T>): Promise<T> {
  await db.owner.query(
    `CREATE FUNCTION parley.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END $$;
     CREATE TRIGGER slow BEFORE INSERT ON parley.${table} FOR EACH ROW EXECUTE FUNCTION parley.slow()`,
  )
  return await work().finally(() => db.owner.query('DROP FUNCTION parley.slow CASCADE'))
}

/** Both orders at once; returns how often they waited in a circle. */
async function circles(table: string, one: InboundEvent[], other: InboundEvent[]): Promise<number> {
  const { pool, seen } = watched(2)
  await slowly(table, () => Promise.all([one, other].map((e) => receiveBatch({ db: { pool }, log }, [webhook(...e)]))))
  await pool.end()
  return seen.deadlocks
}

/** Lines of twenty known people who have no open conversation any more. */
async function returning(): Promise<() => InboundEvent[]> {
  const phones = Array.from({ length: 20 }, () => `1650${digits(7)}`)
  const lines = () => phones.map((phone) => inboundText(account, phone, 'hello again'))
  await receiveBatch({ db, log }, [webhook(...lines())])
  await db.owner.query(
    `UPDATE conversations SET status = 'closed', closed_at = now() - interval '3 days' WHERE tenant_id = $1 AND status = 'open'`,
    [account.tenantId],
  )
  return lines
}

test('the same receipts in different orders do not wait for each other in a circle', async () => {
  const events = (await sentMessages(40)).map((id) => receipt(account, id, 'delivered'))
  expect(await circles('message_statuses', events, [...events].reverse())).toBe(0)
})

test('new lines of people whose conversations have ended do not either', async () => {
  const lines = await returning()
  expect(await circles('conversations', lines(), lines().reverse())).toBe(0)
})

test('nor do the same lines of them', async () => {
  const lines = (await returning())()
  expect(await circles('message_tracking', lines, [...lines].reverse())).toBe(0)
})

test('neither a lost race nor a receipt for nobody costs a connection', async () => {
  const { pool, seen } = watched(3)
  for (let round = 0; round < 20; round++) {
    const events = Array.from({ length: 20 }, () => inboundText(account, `1650${digits(7)}`, 'hello'))
    await Promise.all([1, 2, 3].map(() => receiveBatch({ db: { pool }, log }, [webhook(...events)])))
    await receiveBatch({ db: { pool }, log }, [webhook(receipt({ ...account, externalId: 'nobody' }, 'wamid.1', 'sent'))])
  }
  await pool.end()
  expect(seen.connections).toBeLessThanOrEqual(3)
})
