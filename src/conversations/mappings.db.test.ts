import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { digits, inboundText, makeAccount, type TestAccount, webhook } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { inTenant, type Tx } from '../platform/db/tx.ts'
import { createLogger } from '../platform/log.ts'
import {
  closeMapping,
  correlate,
  correlateMessage,
  correlateWaiting,
  ensureMapping,
  mappingByConversation,
  mappingByCustomer,
} from './mappings.ts'
import { receiveBatch } from './receive.ts'

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

const within = <T>(work: (tx: Tx) => Promise<T>) => inTenant(db, account.tenantId, work)
const wanted = (waId: string, more: object = {}) => ({
  waId,
  accountId: account.accountId,
  phoneNumberId: account.externalId,
  ...more,
})
const all = async () =>
  (await db.owner.query('SELECT * FROM conversation_mappings WHERE tenant_id = $1 ORDER BY created_at, id', [account.tenantId]))
    .rows
const letters = async () =>
  (await db.owner.query('SELECT reason, error_message FROM dead_letters WHERE tenant_id = $1', [account.tenantId])).rows
const events = async (type: string) =>
  (await db.owner.query('SELECT data FROM events WHERE tenant_id = $1 AND type = $2', [account.tenantId, type])).rows.map(
    (row) => row.data,
  )

/** A customer's message, and the session it belongs to. */
async function message(waId: string, mappingId?: string): Promise<string> {
  const event = inboundText(account, waId, 'hello')
  await receiveBatch({ db, log }, [webhook(event)])
  if (mappingId)
    await db.owner.query('UPDATE message_tracking SET mapping_id = $2 WHERE wamid = $1', [event.externalId, mappingId])
  return event.externalId
}

test('a hundred at once make one session: one of them made it, all have it', async () => {
  const waId = `1650${digits(7)}`
  const made = await Promise.all(Array.from({ length: 100 }, () => within((tx) => ensureMapping(tx, wanted(waId)))))
  expect(made.filter(({ isNew }) => isNew)).toHaveLength(1)
  expect(new Set(made.map(({ mapping }) => mapping.id)).size).toBe(1)
  expect(await all()).toMatchObject([{ wa_id: waId, status: 'active', conversation_id: null }])
})

test('after one was closed or has expired the next is another; the old ones can still be read', async () => {
  const waId = `1650${digits(7)}`
  const first = await within((tx) => ensureMapping(tx, wanted(waId)))
  await within((tx) => correlate(tx, first.mapping.id, { conversationId: 'first over there' }))
  await within((tx) => closeMapping(tx, first.mapping.id, 'client'))
  const second = await within((tx) => ensureMapping(tx, wanted(waId)))
  await db.owner.query(`UPDATE conversation_mappings SET status = 'expired' WHERE id = $1`, [second.mapping.id])
  const third = await within((tx) => ensureMapping(tx, wanted(waId)))
  expect([first.isNew, second.isNew, third.isNew]).toEqual([true, true, true])
  expect((await all()).map((row) => row.status)).toEqual(['closed', 'expired', 'active'])
  expect(await within((tx) => mappingByConversation(tx, 'first over there'))).toMatchObject({
    id: first.mapping.id,
    status: 'closed',
  })
  expect(await within((tx) => mappingByCustomer(tx, `+${waId}`))).toMatchObject({ id: third.mapping.id, status: 'active' })
})

test('the same customer at two numbers and two businesses has separate sessions', async () => {
  const waId = `1650${digits(7)}`
  const other = await makeAccount(db, { tenantId: account.tenantId })
  await within((tx) => ensureMapping(tx, wanted(waId)))
  await within((tx) => ensureMapping(tx, wanted(waId, { accountId: other.accountId, phoneNumberId: other.externalId })))
  const elsewhere = await makeAccount(db)
  await inTenant(db, elsewhere.tenantId, (tx) => ensureMapping(tx, { waId, phoneNumberId: elsewhere.externalId }))
  expect(await all()).toHaveLength(2)
  expect(await within((tx) => mappingByCustomer(tx, waId, other.externalId))).toMatchObject({
    phone_number_id: other.externalId,
  })
})

test('correlated by any message of it, once: again changes nothing, another conversation is a conflict and the first stays', async () => {
  const waId = `1650${digits(7)}`
  const { mapping } = await within((tx) => ensureMapping(tx, wanted(waId)))
  const [first, second] = [await message(waId, mapping.id), await message(waId, mapping.id)]
  await db.owner.query('UPDATE conversation_mappings SET last_message_id = $2 WHERE id = $1', [mapping.id, second])
  const say = (wamid: string, conversationId: string, communicationId?: string) =>
    within((tx) => correlateMessage(tx, wamid, { conversationId, communicationId }))
  expect(await say(first, 'X')).toBe('set')
  expect(await say(first, 'X', 'Y')).toBe('same')
  expect(await say(second, 'X', 'Z')).toBe('same')
  expect([await say(second, 'other'), await say(second, 'other')]).toEqual(['conflict', 'conflict'])
  expect(await all()).toMatchObject([{ conversation_id: 'X', communication_id: 'Y' }])
  expect(await letters()).toEqual([
    { reason: 'state_violation', error_message: expect.stringContaining('other was not taken') },
  ])
  expect(await events('mapping.conflict')).toEqual([{ mappingId: mapping.id, kept: 'X', refused: 'other' }])
})

test('a hundred correlations at once, of two conversations: one is set, all others see it', async () => {
  const waId = `1650${digits(7)}`
  const { mapping } = await within((tx) => ensureMapping(tx, wanted(waId)))
  const results = await Promise.all(
    Array.from({ length: 100 }, (_, n) =>
      within((tx) => correlate(tx, mapping.id, { conversationId: n % 2 ? 'odd' : 'even' })),
    ),
  )
  const count = (result: string) => results.filter((one) => one === result).length
  expect([count('set'), count('same'), count('conflict')]).toEqual([1, 49, 50])
  expect(await letters()).toHaveLength(1)
})

test('said before the message is here, or before it has a session, it counts as soon as it has', async () => {
  const waId = `1650${digits(7)}`
  const early = await message(waId)
  expect(await within((tx) => correlateMessage(tx, early, { conversationId: 'X', communicationId: 'Y' }))).toBe('kept')
  expect(await within((tx) => correlateMessage(tx, 'wamid.not.here.yet', { conversationId: 'Z' }))).toBe('kept')
  const { mapping } = await within((tx) => ensureMapping(tx, wanted(waId)))
  await within((tx) => correlateWaiting(tx, mapping.id, early))
  await within((tx) => correlateWaiting(tx, mapping.id, early))
  expect(await all()).toMatchObject([{ conversation_id: 'X', communication_id: 'Y' }])
})
