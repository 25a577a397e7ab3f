import { afterAll, beforeAll, expect, test } from 'vitest'
import { inboundText, makeAccount, type TestAccount, webhook } from '../../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../../test/world/database.ts'
import { until } from '../../../test/world/until.ts'
import { phrasesOf } from '../../kernel/search-phrases.ts'
import { createBus } from '../../platform/bus.ts'
import { inTenant } from '../../platform/db/tx.ts'
import { createLogger } from '../../platform/log.ts'
import { receiveBatch } from '../receive.ts'
import { findMessages } from './find.ts'
import { startSearchIndexer } from './indexer.ts'

let db: TestDatabase
let account: TestAccount
const log = createLogger({ level: 'CRITICAL' })
const quiet = { subscribe: () => () => {} }
beforeAll(async () => {
  db = await createTestDatabase()
  account = await makeAccount(db)
})
afterAll(() => db.drop())

const say = (text: string) => receiveBatch({ db, log }, [webhook(inboundText(account, '16505550100', text))])
const found = async (q: string) =>
  (await inTenant(db, account.tenantId, (tx) => findMessages(tx, { phrases: phrasesOf(q), limit: 50 }))).found.length

test('what was there, what comes, and what no hint tells of is indexed, by two at once and by whoever is left', async () => {
  await say('word before')
  const bus = createBus({ log })
  const [one, two] = [startSearchIndexer({ db, bus, log }), startSearchIndexer({ db, bus: quiet, log })]
  await one.idle()
  expect(await found('word')).toBe(1)
  bus.publish((await say('word with a hint')).tenants)
  await until('the hint is followed', async () => (await found('word')) === 2, { timeoutMs: 1500 })
  await one.stop()
  await say('word without a hint')
  await two.idle()
  expect(await found('word')).toBe(3)
  expect(two.lag()).toEqual({ seconds: 0, filling: 0, fillingSeconds: 0 })
  await two.stop()
  await bus.stop()
})

test('it says how long news waits that cannot be indexed yet', async () => {
  const holding = await db.owner.connect()
  await holding.query('BEGIN; SELECT pg_current_xact_id()')
  await say('held back')
  await db.owner.query(
    `UPDATE events SET created_at = now() - interval '90 seconds' WHERE txid = (SELECT max(txid) FROM events)`,
  )
  const indexer = startSearchIndexer({ db, bus: quiet, log })
  await until('the lag is seen', async () => indexer.lag().seconds > 80)
  expect(await found('held')).toBe(0)
  await holding.query('COMMIT')
  holding.release()
  await indexer.idle()
  expect(await found('held')).toBe(1)
  await indexer.stop()
})
