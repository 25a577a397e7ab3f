/** Receipts on the short way in: what it must not take, and that it and the long way do not wait for each other in a circle. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeAccount, receipt, type TestAccount, webhook } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { newId } from '../kernel/ids.ts'
import { createLogger } from '../platform/log.ts'
import type { ReceiptEvent } from '../ports/channel.ts'
import { receiveBatch } from './receive.ts'

let db: TestDatabase
let account: TestAccount
const log = createLogger({ level: 'CRITICAL' })
/** A circle would be broken up only after so long. */
const circleMs = 20_000
beforeAll(async () => {
  db = await createTestDatabase()
  const { rows } = await db.owner.query('SELECT current_database() AS name')
  await db.owner.query(`ALTER DATABASE ${rows[0].name} SET deadlock_timeout = ${circleMs}`)
  account = await makeAccount(db)
})
afterAll(() => db.drop())

const take = (...events: ReceiptEvent[]) =>
  receiveBatch(
    { db, log },
    events.map((event) => webhook(event)),
  )
const at = (seconds: number) => new Date(Date.UTC(2026, 10, 20, 10, 0, seconds)).toISOString()

async function makeMessage(wamid: string | null, status = 'sent'): Promise<string> {
  const id = newId()
  await db.owner.query(
    `INSERT INTO message_tracking (tenant_id, id, channel_account_id, conversation_id, wamid, direction, status, status_at, sent_at, created_at)
     VALUES ($1, $2, $3, $4, $5, 'OUTBOUND', $6, $7, CASE WHEN $6 = 'sent' THEN $7::timestamptz END, $7)`,
    [account.tenantId, id, account.accountId, newId(), wamid, status, at(0)],
  )
  if (wamid)
    await db.owner.query(
      `INSERT INTO provider_refs (tenant_id, channel_account_id, external_id, message_id) VALUES ($1, $2, $3, $4)`,
      [account.tenantId, account.accountId, wamid, id],
    )
  return id
}
const stateOf = async (id: string) =>
  (
    await db.owner.query(
      `SELECT status, sent_at, delivered_at, read_at, failed_at, error_code, error_text,
              (SELECT count(*)::int FROM message_statuses s WHERE s.message_id = t.id) AS receipts,
              (SELECT array_agg(e.data ->> 'status' ORDER BY e.id) FROM events e WHERE e.message_id = t.id) AS told
         FROM message_tracking t WHERE id = $1`,
      [id],
    )
  ).rows[0]

test('sent, delivered and read, in whatever order and however many at once', async () => {
  const one = await makeMessage('wamid.order')
  const say = (status: string, second: number) => receipt(account, 'wamid.order', status, { occurredAt: at(second) })
  await take(say('read', 9))
  await take(say('delivered', 5), say('sent', 2))
  const state = { status: 'read', sent_at: new Date(at(2)), delivered_at: new Date(at(5)), read_at: new Date(at(9)) }
  expect(await stateOf(one)).toMatchObject({ ...state, failed_at: null, receipts: 3, told: ['read', 'read'] })
  const all = await makeMessage('wamid.all')
  await take(...['read', 'sent', 'delivered'].map((status) => receipt(account, 'wamid.all', status, { occurredAt: at(3) })))
  expect(await stateOf(all)).toMatchObject({ status: 'read', receipts: 3, told: ['read'] })
})

test('the same receipts under way on both ways at once: nobody waits for anybody in a circle', async () => {
  for (let round = 0; round < 12; round++) {
    const externals = Array.from({ length: 25 }, (_, n) => `wamid.${round}.${n}`)
    const ids = await Promise.all(externals.map((external) => makeMessage(external)))
    await makeMessage(`wamid.${round}.failed`)
    const copies = externals.map((external) => receipt(account, external, 'delivered', { occurredAt: at(4) }))
    const failed = receipt(account, `wamid.${round}.failed`, 'failed', {
      occurredAt: at(4),
      error: { code: '131026', text: 'no' },
    })
    const began = performance.now()
    await Promise.all([take(...copies), take(...copies, failed)])
    expect(performance.now() - began).toBeLessThan(circleMs / 2)
    for (const id of ids) expect(await stateOf(id)).toMatchObject({ status: 'delivered', receipts: 1, told: ['delivered'] })
  }
}, 60_000)

test('a failure that came while the message waited to be sent again is shown with the receipts after it', async () => {
  const id = await makeMessage(null, 'queued')
  const say = (status: string, second: number, more: Partial<ReceiptEvent> = {}) =>
    receipt(account, 'wamid.again', status, { occurredAt: at(second), ...more })
  await take(say('failed', 3, { messageId: id, error: { code: '131026', text: 'no' } }))
  await take(say('sent', 2, { messageId: id }))
  await take(say('delivered', 5))
  await take(say('read', 6))
  expect(await stateOf(id)).toMatchObject({ status: 'read', failed_at: new Date(at(3)), error_code: '131026', receipts: 4 })
})

test('ids that are one in the database are one message', async () => {
  const id = await makeMessage('wamid.\ufffd')
  await take(
    receipt(account, 'wamid.\ud800', 'delivered', { occurredAt: at(1) }),
    receipt(account, 'wamid.\ud801', 'read', { occurredAt: at(2) }),
  )
  expect(await stateOf(id)).toMatchObject({ status: 'read', read_at: new Date(at(2)), receipts: 2, told: ['read'] })
})
