import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { digits, inboundText, makeAccount, receipt, type TestAccount, webhook } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { type ScriptedChannel, scriptedChannel } from '../../test/world/scripted-channel.ts'
import { createFolderStore } from '../platform/blobs.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createLogger } from '../platform/log.ts'
import { createSecrets } from '../platform/secrets.ts'
import type { ReceiptEvent, SendResult } from '../ports/channel.ts'
import type { OutboundBody } from '../ports/message.ts'
import { storeCredentials } from '../tenancy/credentials.ts'
import { type DispatchDeps, type Dispatcher, retryDelay, startDispatcher } from './dispatch.ts'
import { createIngress, type Ingress } from './ingress.ts'
import { keepLeases } from './leases.ts'
import { queueReply } from './reply.ts'

let db: TestDatabase
let ingress: Ingress
let account: TestAccount
let channel: ScriptedChannel
let dispatcher: Dispatcher | undefined
let folder: string
const log = createLogger({ level: 'CRITICAL' })

beforeAll(async () => {
  db = await createTestDatabase()
  ingress = createIngress({ db, log })
  folder = await mkdtemp(join(tmpdir(), 'parley-files-'))
})
beforeEach(async () => {
  account = await makeAccount(db)
  channel = scriptedChannel()
})
afterEach(() => dispatcher?.stop())
afterAll(async () => {
  await db.drop()
  await rm(folder, { recursive: true })
})

const deps = (): DispatchDeps => ({
  db,
  log,
  secrets: createSecrets(['a key for tests only']),
  channels: new Map([[channel.provider, channel]]),
  files: createFolderStore(folder),
})
const start = (): Dispatcher => {
  dispatcher = startDispatcher(deps(), { pollMs: 20 })
  return dispatcher
}
async function customerWrites(phone = `1650${digits(7)}`): Promise<string> {
  const event = inboundText(account, phone, 'hello')
  await ingress.accept(webhook(event))
  const { rows } = await db.owner.query('SELECT conversation_id FROM message_tracking WHERE wamid = $1', [event.externalId])
  return rows[0].conversation_id
}
const reply = (conversationId: string, body: string | OutboundBody, key?: string) =>
  inTenant(db, account.tenantId, (tx) =>
    queueReply(deps(), tx, {
      conversationId,
      author: { sender: 'human', actor: 'test' },
      body: typeof body === 'string' ? { type: 'text', text: body } : body,
      idempotencyKey: key,
    }),
  )
const ledger = async (id: string) => (await db.owner.query('SELECT * FROM message_tracking WHERE id = $1', [id])).rows[0]
const attempts = async (id: string) =>
  (await db.owner.query('SELECT n, outcome, code FROM send_attempts WHERE message_id = $1 ORDER BY n', [id])).rows
const texts = () => channel.sent.map((message) => (message.body as { text: string }).text)
/** Waits for a state of the data, not for time. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (await condition()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('the state was not reached')
}

test('replies of one conversation go out in order, each with one attempt, and are sent', async () => {
  const conversation = await customerWrites()
  const queued = []
  for (const n of [1, 2, 3, 4, 5]) queued.push(await reply(conversation, `line ${n}`))
  await start().idle()
  expect(texts()).toEqual(['line 1', 'line 2', 'line 3', 'line 4', 'line 5'])
  for (const { messageId } of queued) {
    expect(await ledger(messageId)).toMatchObject({ status: 'sent', wamid: `wamid.out.${messageId}`, send_outcome: null })
    expect(await attempts(messageId)).toEqual([{ n: 1, outcome: 'accepted', code: null }])
  }
})

test('two dispatchers at once never send a message twice nor out of order', async () => {
  const conversations = await Promise.all(Array.from({ length: 12 }, () => customerWrites()))
  for (let n = 0; n < 5; n++) await Promise.all(conversations.map((id, i) => reply(id, `${i}:${n}`)))
  const second = startDispatcher(deps(), { pollMs: 15 })
  await start().idle()
  await until(
    async () =>
      (
        await db.owner.query(
          `SELECT count(*) n FROM message_tracking WHERE tenant_id = $1 AND status IN ('queued', 'sending')`,
          [account.tenantId],
        )
      ).rows[0].n === '0' || channel.sent.length >= 60,
  )
  await second.stop()
  await dispatcher?.stop()
  for (let i = 0; i < 12; i++)
    expect(texts().filter((text) => text.startsWith(`${i}:`))).toEqual([0, 1, 2, 3, 4].map((n) => `${i}:${n}`))
})

test('the same idempotency key returns the first message, fifty calls at once; with another text it is refused', async () => {
  const conversation = await customerWrites()
  const results = await Promise.all(Array.from({ length: 50 }, () => reply(conversation, 'once please', 'key-0001')))
  expect(new Set(results.map((r) => r.messageId)).size).toBe(1)
  expect(results.filter((r) => r.fresh)).toHaveLength(1)
  await expect(reply(conversation, 'something else', 'key-0001')).rejects.toMatchObject({ code: 'idempotency_mismatch' })
  await start().idle()
  expect(channel.sent).toHaveLength(1)
})

test('a refusal that can heal is tried again and later lines wait for it', async () => {
  channel.script.push(
    { outcome: 'retry', code: '131000', text: 'Something went wrong', retryAfterMs: 30, scope: 'message' },
    { outcome: 'retry', code: '2', text: 'down', retryAfterMs: 30, scope: 'message' },
  )
  const conversation = await customerWrites()
  const first = await reply(conversation, 'first')
  const second = await reply(conversation, 'second')
  start()
  await until(async () => (await ledger(second.messageId)).status === 'sent')
  expect(texts()).toEqual(['first', 'first', 'first', 'second'])
  expect(await attempts(first.messageId)).toEqual([
    { n: 1, outcome: 'retry', code: '131000' },
    { n: 2, outcome: 'retry', code: '2' },
    { n: 3, outcome: 'accepted', code: null },
  ])
})

test('a final refusal fails its message with words and does not hold up the next', async () => {
  channel.script.push({ outcome: 'reject', code: '131026', text: 'This number is not on WhatsApp.' })
  const conversation = await customerWrites()
  const first = await reply(conversation, 'to nobody')
  const second = await reply(conversation, 'next')
  await start().idle()
  expect(await ledger(first.messageId)).toMatchObject({
    status: 'failed',
    error_code: '131026',
    error_text: 'This number is not on WhatsApp.',
  })
  expect((await ledger(second.messageId)).status).toBe('sent')
})

test('an answer that never came is unknown, is not sent again, and a receipt that carries our id settles it', async () => {
  channel.script.push({ outcome: 'unknown', code: 'timeout', text: 'No answer.' })
  const conversation = await customerWrites()
  const lost = await reply(conversation, 'did you get this?')
  const next = await reply(conversation, 'and this?')
  await start().idle()
  expect(await ledger(lost.messageId)).toMatchObject({ status: 'sending', send_outcome: 'unknown', wamid: null })
  expect((await ledger(next.messageId)).status).toBe('sent')
  expect(texts()).toEqual(['did you get this?', 'and this?'])
  await ingress.accept(webhook(receipt(account, 'wamid.lost', 'delivered', { messageId: lost.messageId })))
  expect(await ledger(lost.messageId)).toMatchObject({ status: 'delivered', send_outcome: null, wamid: 'wamid.lost' })
  expect(await attempts(lost.messageId)).toEqual([{ n: 1, outcome: 'accepted', code: 'timeout' }])
})

test('a sender that died after its claim leaves an unknown outcome, never a second send', async () => {
  const conversation = await customerWrites()
  const lost = await reply(conversation, 'the process died here')
  const next = await reply(conversation, 'after')
  const { rows } = await db.pool.query('SELECT * FROM parley.claim_sends(10, 1, $1)', ['{}'])
  expect(rows).toMatchObject([{ message_id: lost.messageId, attempt: 1 }])
  start()
  await until(async () => (await ledger(next.messageId)).status === 'sent')
  expect(await ledger(lost.messageId)).toMatchObject({ status: 'sending', send_outcome: 'unknown' })
  expect(texts()).toEqual(['after'])
  // The late answer of the dead sender's call is evidence all the same.
  await db.pool.query('SELECT parley.record_send($1, $2, $3, $4, $5, 1, $6, $7, NULL, NULL, NULL, NULL, NULL)', [
    account.tenantId,
    conversation,
    account.accountId,
    rows[0].token,
    lost.messageId,
    'accepted',
    'wamid.late',
  ])
  expect(await ledger(lost.messageId)).toMatchObject({ status: 'sent', send_outcome: null, wamid: 'wamid.late' })
})

test('a lease is kept for as long as its work is under way, and no longer', async () => {
  const conversation = await customerWrites()
  await reply(conversation, 'a slow provider')
  const { rows } = await db.pool.query('SELECT * FROM parley.claim_sends(10, 150, $1)', ['{}'])
  const keeper = keepLeases({ db, log }, 'send', 150)
  keeper.add(rows[0])
  const free = async () =>
    (
      await db.owner.query(
        'SELECT lease_until < clock_timestamp() AS free FROM conversation_lanes WHERE conversation_id = $1',
        [conversation],
      )
    ).rows[0].free
  const began = Date.now()
  while (Date.now() - began < 600) {
    expect(await free()).toBe(false)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  keeper.remove(rows[0])
  await until(free)
  // Lost is lost: a lease that ran out is not taken back under a token somebody else may hold next.
  keeper.add(rows[0])
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(await free()).toBe(true)
  keeper.stop()
})

test('a broken connection stops the number and keeps its queue; what comes in goes on', async () => {
  channel.script.push({ outcome: 'reconnect', code: '190', text: 'The access token has expired.' })
  const conversation = await customerWrites()
  const first = await reply(conversation, 'one')
  await start().idle()
  const state = async () =>
    (await db.owner.query('SELECT state, state_text FROM channel_accounts WHERE id = $1', [account.accountId])).rows[0]
  expect(await state()).toEqual({ state: 'logged_out', state_text: 'The access token has expired.' })
  expect((await ledger(first.messageId)).status).toBe('queued')
  await customerWrites()
  await db.owner.query(`UPDATE channel_accounts SET state = 'connected' WHERE id = $1`, [account.accountId])
  await dispatcher?.idle()
  expect((await ledger(first.messageId)).status).toBe('sent')
})

test('a token that was replaced while it was being refused stops nothing: the message goes out with the new one', async () => {
  channel.script.push(async () => {
    const values = { accessToken: 'the new one' }
    const place = { type: 'channel_account', subject: account.accountId }
    await inTenant(db, account.tenantId, (tx) => storeCredentials(tx, deps().secrets, { ...place, values }))
    return { outcome: 'reconnect', code: '190', text: 'The access token has expired.' }
  })
  const { messageId } = await reply(await customerWrites(), 'one')
  await start().idle()
  expect((await ledger(messageId)).status).toBe('sent')
  expect(channel.sent).toHaveLength(2)
  const { rows } = await db.owner.query('SELECT state FROM channel_accounts WHERE id = $1', [account.accountId])
  expect(rows).toEqual([{ state: 'connected' }])
})

test('what waits again because the number was stopped is not claimed by whoever was just looking', async () => {
  const conversation = await customerWrites()
  await reply(conversation, 'one')
  const claim = () =>
    db.pool.query(`SELECT message_id FROM parley.claim_sends(8, 15000, '{}') WHERE account_id = $1`, [account.accountId])
  const setTo = (state: string, readyAt: string) =>
    db.owner.query(
      `WITH stopped AS (UPDATE channel_accounts SET state = '${state}' WHERE id = '${account.accountId}')
       UPDATE conversation_lanes SET ready_at = ${readyAt}, lease_until = '-infinity' WHERE kind = 'send' AND conversation_id = '${conversation}'`,
    )
  let claimed = 0
  for (let i = 0; i < 300; i++) {
    await setTo('connected', `'infinity'`)
    const looking = Promise.all(Array.from({ length: 6 }, claim))
    await Promise.all([setTo('held', 'now()'), looking])
    claimed += (await looking).flatMap((found) => found.rows).length
  }
  expect(claimed).toBe(0)
})

test('a suspended business sends nothing and loses nothing: its queue goes out when it is active again', async () => {
  const conversation = await customerWrites()
  const { messageId } = await reply(conversation, 'later')
  await db.owner.query(`UPDATE tenants SET status = 'suspended' WHERE id = $1`, [account.tenantId])
  await start().idle()
  await customerWrites()
  expect([channel.sent.length, (await ledger(messageId)).status]).toEqual([0, 'queued'])
  await db.owner.query(`UPDATE tenants SET status = 'active' WHERE id = $1`, [account.tenantId])
  await dispatcher?.idle()
  expect((await ledger(messageId)).status).toBe('sent')
})

test('the limit of one customer does not block another; the limit of the number pauses the number', async () => {
  channel.script.push({
    outcome: 'retry',
    code: '131056',
    text: 'Too fast for this customer',
    retryAfterMs: 60_000,
    scope: 'pair',
  })
  const slow = await customerWrites()
  const quick = await customerWrites()
  const waiting = await reply(slow, 'too fast')
  start()
  await until(async () => (await attempts(waiting.messageId)).length === 1)
  const through = await reply(quick, 'not affected')
  await dispatcher?.idle()
  expect((await ledger(through.messageId)).status).toBe('sent')
  expect((await ledger(waiting.messageId)).status).toBe('queued')
  channel.script.push({ outcome: 'retry', code: '130429', text: 'Rate limit', retryAfterMs: 60_000, scope: 'account' })
  await reply(quick, 'over the limit')
  await dispatcher?.idle()
  const sentBefore = channel.sent.length
  await reply(await customerWrites(), 'waits')
  await dispatcher?.idle()
  expect(channel.sent.length).toBe(sentBefore)
})

test('a number keeps its pace and a pair keeps its own', async () => {
  channel = scriptedChannel({ perSecond: 20 })
  const conversations = await Promise.all(Array.from({ length: 30 }, () => customerWrites()))
  for (const id of conversations) await reply(id, 'hi')
  const began = Date.now()
  start()
  await until(async () => channel.sent.length === 30)
  // Nothing saved up at first beyond one second's burst of 20: the other 10 need half a second.
  expect(Date.now() - began).toBeGreaterThan(400)
})

test('outside the window only a template goes; the reason says what to do; a blocked contact gets nothing', async () => {
  const conversation = await customerWrites()
  await db.owner.query(`UPDATE conversations SET window_expires_at = now() - interval '1 minute' WHERE id = $1`, [conversation])
  await expect(reply(conversation, 'too late')).rejects.toMatchObject({
    code: 'window_closed',
    message: expect.stringContaining('template'),
  })
  await expect(
    reply(conversation, { type: 'template', name: 'nope', language: 'en', parameters: { body: {}, buttons: {} } }),
  ).rejects.toMatchObject({ code: 'template_unknown' })
  const other = await customerWrites()
  await db.owner.query(
    `UPDATE contacts k SET status = 'blocked' FROM conversations c WHERE c.id = $1 AND k.id = c.contact_id`,
    [other],
  )
  await expect(reply(other, 'hello')).rejects.toMatchObject({ code: 'contact_blocked' })
})

test('a window that closes while a message waits is seen at the instant of sending', async () => {
  const conversation = await customerWrites()
  const late = await reply(conversation, 'queued in time')
  await db.owner.query(`UPDATE conversations SET window_expires_at = now() - interval '1 second' WHERE id = $1`, [conversation])
  await start().idle()
  expect(channel.sent).toHaveLength(0)
  expect(await ledger(late.messageId)).toMatchObject({ status: 'failed', error_code: 'window_closed' })
})

const order = <T>(items: T[]): T[][] =>
  items.length < 2
    ? [items]
    : items.flatMap((item, i) => order([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]))

test('receipts in every order, each twice, before or after the answer, end at the furthest point with all times kept', async () => {
  const conversation = await customerWrites()
  const at = { sent: '2026-11-01T10:00:00Z', delivered: '2026-11-01T10:00:00Z', read: '2026-11-01T10:00:05Z' } as const
  for (const [i, sequence] of order(['sent', 'delivered', 'read', 'ANSWER'] as const).entries()) {
    const wamid = `wamid.order.${account.externalId}.${i}`
    let answer: (result: SendResult) => void = () => {}
    channel.script.push(
      () =>
        new Promise((resolve) => {
          answer = resolve
        }),
    )
    const { messageId } = await reply(conversation, `order ${i}`)
    const running = startDispatcher(deps(), { pollMs: 10 })
    await until(async () => channel.sent.length === i + 1)
    for (const step of sequence) {
      if (step === 'ANSWER') {
        answer({ outcome: 'accepted', externalId: wamid })
        await until(async () => (await ledger(messageId)).wamid === wamid)
      } else {
        const event: ReceiptEvent = receipt(account, wamid, step, { occurredAt: at[step] })
        await Promise.all([ingress.accept(webhook(event)), ingress.accept(webhook(event))])
      }
    }
    await running.stop()
    const row = await ledger(messageId)
    expect(row, sequence.join(' ')).toMatchObject({
      status: 'read',
      wamid,
      delivered_at: new Date(at.delivered),
      read_at: new Date(at.read),
    })
    expect(row.sent_at).not.toBeNull()
    const kept = await db.owner.query('SELECT status FROM message_statuses WHERE wamid = $1 ORDER BY status', [wamid])
    expect(kept.rows.map((r) => r.status)).toEqual(['delivered', 'read', 'sent'])
  }
})

test('read without delivered leaves delivered empty; failed and then delivered is delivered and keeps the error text; unknown words move nothing', async () => {
  const conversation = await customerWrites()
  const a = await reply(conversation, 'a')
  const b = await reply(conversation, 'b')
  await start().idle()
  await ingress.accept(
    webhook(receipt(account, `wamid.out.${a.messageId}`, 'read'), receipt(account, `wamid.out.${a.messageId}`, 'teleported')),
  )
  expect(await ledger(a.messageId)).toMatchObject({ status: 'read', delivered_at: null })
  const wamid = `wamid.out.${b.messageId}`
  await ingress.accept(webhook(receipt(account, wamid, 'failed', { error: { code: '131026', text: 'Undeliverable' } })))
  expect(await ledger(b.messageId)).toMatchObject({ status: 'failed', error_code: '131026' })
  await ingress.accept(webhook(receipt(account, wamid, 'delivered')))
  expect(await ledger(b.messageId)).toMatchObject({ status: 'delivered', error_text: 'Undeliverable' })
  await ingress.accept(webhook(receipt(account, wamid, 'sent')))
  expect((await ledger(b.messageId)).status).toBe('delivered')
})

test("a receipt cannot settle another account's message by carrying its id", async () => {
  channel.script.push({ outcome: 'unknown', code: 'timeout', text: 'No answer.' })
  const lost = await reply(await customerWrites(), 'mine')
  await start().idle()
  const stranger = await makeAccount(db)
  await ingress.accept(webhook(receipt(stranger, 'wamid.forged', 'read', { messageId: lost.messageId })))
  expect(await ledger(lost.messageId)).toMatchObject({ status: 'sending', send_outcome: 'unknown' })
})

test("delays double with jitter up to five minutes, and the provider's own delay stands", () => {
  expect(retryDelay({ retryAfterMs: 4000, scope: 'account' }, 9)).toBe(4000)
  expect(retryDelay({ retryAfterMs: 6000, scope: 'pair' }, 2)).toBe(96_000)
  expect(retryDelay({ scope: 'message' }, 0, () => 0)).toBe(500)
  expect(retryDelay({ scope: 'message' }, 3, () => 1)).toBe(8000)
  expect(retryDelay({ scope: 'message' }, 30, () => 1)).toBe(300_000)
})
