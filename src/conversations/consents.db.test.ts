import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { digits, inboundText, makeAccount, receipt, type TestAccount, webhook } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { type ScriptedChannel, scriptedChannel } from '../../test/world/scripted-channel.ts'
import { createFolderStore } from '../platform/blobs.ts'
import { inTenant } from '../platform/db/tx.ts'
import type { Jobs } from '../platform/jobs.ts'
import { createLogger } from '../platform/log.ts'
import { createSecrets } from '../platform/secrets.ts'
import type { InboundEvent } from '../ports/channel.ts'
import { answerConsents } from './consent-answers.ts'
import { consentSigns } from './consent-signs.ts'
import { type ConsentAnswer, consentAnswerJob, consentsOf, keepConsent, standing } from './consents.ts'
import { type Dispatcher, startDispatcher } from './dispatch.ts'
import { receiveBatch } from './receive.ts'
import { queueReply, type Reply } from './reply.ts'

let db: TestDatabase
let account: TestAccount
let channel: ScriptedChannel
let dispatcher: Dispatcher | undefined
let folder: string
let due: ConsentAnswer[] = []
const log = createLogger({ level: 'CRITICAL' })
/** Jobs are written down and run by the test. */
const jobs: Jobs = {
  enqueue: async (_client, name, data) => {
    if (name === consentAnswerJob) due.push(...(data as ConsentAnswer[]))
  },
  wake: () => {},
  work: async () => {},
  stop: async () => {},
}

beforeAll(async () => {
  db = await createTestDatabase()
  folder = await mkdtemp(join(tmpdir(), 'parley-files-'))
})
beforeEach(async () => {
  account = await makeAccount(db)
  channel = scriptedChannel()
  channel.describeFailure = (code) => ({ text: code, ...(code === '21610' ? { hint: 'opted_out' } : {}) })
  due = []
  // What an earlier test left waiting is not this one's.
  await db.owner.query('UPDATE conversation_lanes SET ready_at = NULL')
})
afterEach(() => dispatcher?.stop())
afterAll(async () => {
  await db.drop()
  await rm(folder, { recursive: true })
})

const channels = () => new Map([[channel.provider, channel]])
const deliver = async (...events: InboundEvent[]) => {
  const signs = consentSigns(channel, events)
  return await receiveBatch({ db, log, jobs }, [{ ...webhook(...events), ...(signs ? { signs } : {}) }])
}
const says = async (phone: string, text: string, extra = {}): Promise<string> => {
  const event = inboundText(account, phone, text, extra)
  await deliver(event)
  return (await db.owner.query('SELECT conversation_id FROM message_tracking WHERE wamid = $1', [event.externalId])).rows[0]
    .conversation_id
}
const answer = async () => {
  const handler = answerConsents({ db, channels: channels(), log })
  const todo = due
  due = []
  for (const one of todo)
    await handler.handle(one, { id: 'x', attempt: 1, lastAttempt: false, signal: AbortSignal.timeout(1000) })
}
const reply = (conversationId: string, extra: Partial<Reply> = {}) =>
  inTenant(db, account.tenantId, (tx) =>
    queueReply({ channels: channels() }, tx, {
      conversationId,
      author: { sender: 'human', actor: 'test' },
      body: { type: 'text', text: 'We are on our way' },
      ...extra,
    }),
  )
const send = async () => {
  const deps = {
    db,
    log,
    secrets: createSecrets(['a key for tests only']),
    channels: channels(),
    files: createFolderStore(folder),
  }
  dispatcher = startDispatcher(deps, { pollMs: 20 })
  await dispatcher.idle()
  await dispatcher.stop()
}
const texts = () => channel.sent.map((message) => (message.body as { text: string }).text)
const contactOf = async (id: string): Promise<string> =>
  (await db.owner.query('SELECT contact_id FROM conversations WHERE id = $1', [id])).rows[0].contact_id
const history = async (id: string) => {
  const contactId = await contactOf(id)
  return await inTenant(db, account.tenantId, (tx) => consentsOf(tx, contactId))
}
const ledger = async (id: string) => (await db.owner.query('SELECT * FROM message_tracking WHERE id = $1', [id])).rows[0]

test('STOP is kept word by word, confirmed once, and ends everything; START brings it back', async () => {
  const phone = `1650${digits(7)}`
  const id = await says(phone, 'Stop.')
  expect(await history(id)).toMatchObject([
    { channel: 'whatsapp', topic: 'all', state: 'opted_out', source: 'keyword', wording: 'Stop.', actor: 'customer' },
  ])
  await answer()
  await expect(reply(id)).rejects.toMatchObject({ code: 'opted_out' })
  await says(phone, 'STOP')
  await answer()
  await send()
  expect(texts()).toEqual([expect.stringMatching(/no more messages.*START/)])
  await says(phone, 'start')
  await answer()
  await reply(id)
  await send()
  expect(texts().slice(1)).toEqual([expect.stringMatching(/again.*STOP/), 'We are on our way'])
  expect((await history(id)).map(({ state }) => state)).toEqual(['opted_in', 'opted_out', 'opted_out'])
})

test('the confirmation is written once however often its job runs, and not at all where the provider has told the customer', async () => {
  const id = await says(`1650${digits(7)}`, 'STOP')
  const [one] = due as [ConsentAnswer]
  due = [one, one]
  await answer()
  const other = await says(`1650${digits(7)}`, 'ya no', { optOut: 'stop' })
  expect(due).toEqual([])
  await send()
  expect(texts()).toHaveLength(1)
  expect((await history(id)).concat(await history(other)).map(({ state }) => state)).toEqual(['opted_out', 'opted_out'])
})

test('what was queued before the STOP is not sent, and the thread says why', async () => {
  const phone = `1650${digits(7)}`
  const id = await says(phone, 'hello')
  const { messageId } = await reply(id)
  await says(phone, 'STOP')
  await send()
  expect(texts()).toEqual([])
  expect(await ledger(messageId)).toMatchObject({ status: 'failed', error_code: 'opted_out' })
})

test('only this business and only this channel: the customer is written to everywhere else', async () => {
  const phone = `1650${digits(7)}`
  const id = await says(phone, 'STOP')
  const contactId = await contactOf(id)
  const first = account
  account = await makeAccount(db)
  const elsewhere = await says(phone, 'hello')
  await reply(elsewhere)
  const texting = await makeAccount(db, { tenantId: first.tenantId })
  await db.owner.query(`UPDATE channel_accounts SET channel = 'sms' WHERE id = $1`, [texting.accountId])
  account = texting
  const bySms = await says(phone, 'hello there')
  expect(await contactOf(bySms)).toBe(contactId)
  await reply(bySms)
  await send()
  expect(channel.sent).toHaveLength(2)
})

test('a second number of the same channel is the same business: STOP to one counts for both', async () => {
  const phone = `1650${digits(7)}`
  await says(phone, 'STOP')
  account = await makeAccount(db, { tenantId: account.tenantId })
  await expect(reply(await says(phone, 'hm'))).rejects.toMatchObject({ code: 'opted_out' })
})

test('a provider that refuses because of an opt-out, at once or by a receipt, has it written down, once', async () => {
  const phone = `1650${digits(7)}`
  const id = await says(phone, 'hello')
  channel.script.push({ outcome: 'reject', code: '21610', text: 'unsubscribed recipient', hint: 'opted_out' })
  await reply(id)
  await send()
  expect(await history(id)).toMatchObject([
    { state: 'opted_out', source: 'provider', wording: '21610: unsubscribed recipient' },
  ])
  await expect(reply(id)).rejects.toMatchObject({ code: 'opted_out' })
  const other = await says(`1650${digits(7)}`, 'hello')
  const { messageId } = await reply(other)
  await send()
  const failed = receipt(account, `wamid.out.${messageId}`, 'failed', { error: { code: '21610', text: 'gone' } })
  await deliver(failed)
  await deliver({ ...failed, occurredAt: new Date(Date.now() + 1000).toISOString() })
  expect(await history(other)).toMatchObject([{ state: 'opted_out', source: 'provider' }])
  expect(due).toEqual([])
})

test('a batch of many lines keeps all of them; the same line delivered again says nothing new', async () => {
  const phone = `1650${digits(7)}`
  const stop = inboundText(account, phone, 'STOP')
  const start = inboundText(account, phone, 'START', { occurredAt: stop.occurredAt })
  const others = [1, 2, 3].map((n) => inboundText(account, `1650${digits(7)}`, `line ${n}`))
  await deliver(stop, ...others, start)
  await deliver(stop)
  const { rows } = await db.owner.query('SELECT c.state FROM consents c WHERE c.tenant_id = $1 ORDER BY occurred_at, id', [
    account.tenantId,
  ])
  expect(rows.map(({ state }) => state)).toEqual(['opted_out', 'opted_in'])
  expect(due.map((one) => one.answer)).toEqual(['stop', 'start'])
})

test('an older STOP that is delivered after a newer START is history', async () => {
  const phone = `1650${digits(7)}`
  const id = await says(phone, 'START')
  await says(phone, 'STOP', { occurredAt: new Date(Date.now() - 3_600_000).toISOString() })
  expect((await reply(id)).fresh).toBe(true)
})

test('the word is nobody’s turn: what answers by itself has nothing to say to it', async () => {
  account = await makeAccount(db, { answerer: 'rules' })
  const id = await says(`1650${digits(7)}`, 'STOP')
  const { rows } = await db.owner.query(
    `SELECT done_seq FROM conversation_lanes WHERE conversation_id = $1 AND kind = 'turn'`,
    [id],
  )
  expect(rows).toEqual([{ done_seq: 1 }])
})

test('a person writes down what was said on the telephone; what the server finds itself cannot be claimed', async () => {
  const id = await says(`1650${digits(7)}`, 'hello')
  const contactId = await contactOf(id)
  const keep = (state: 'opted_in' | 'opted_out', source: string, now = new Date()) =>
    inTenant(db, account.tenantId, (tx) =>
      keepConsent(tx, {
        contactId,
        channel: 'whatsapp',
        topic: 'all',
        state,
        source,
        wording: 'take me off',
        actor: 'user:1',
        now,
      }),
    )
  await keep('opted_out', 'on the telephone')
  await expect(reply(id)).rejects.toMatchObject({ code: 'opted_out' })
  await expect(keep('opted_in', 'keyword')).rejects.toMatchObject({ code: 'invalid_request' })
  await keep('opted_in', 'on paper', new Date(Date.now() + 10))
  const [now] = standing(await history(id))
  expect(now).toMatchObject({ state: 'opted_in', source: 'on paper', actor: 'user:1' })
  expect((await reply(id)).fresh).toBe(true)
})

test('who wants no advertising gets none, and everything else', async () => {
  const id = await says(`1650${digits(7)}`, 'hello')
  channel.script.push({ outcome: 'reject', code: '131050', text: 'no marketing', hint: 'no_marketing' })
  await reply(id)
  await send()
  expect(await history(id)).toMatchObject([{ topic: 'marketing', state: 'opted_out' }])
  await expect(reply(id, { author: { sender: 'campaign', actor: 'test' } })).rejects.toMatchObject({ code: 'opted_out' })
  expect((await reply(id)).fresh).toBe(true)
})

test('a text that the carriers do not allow yet is kept as not sent, and so is one that waited meanwhile', async () => {
  const id = await says(`1650${digits(7)}`, 'hello')
  const { messageId: waiting } = await reply(id)
  await db.owner.query(`UPDATE channel_accounts SET registration = 'pending' WHERE id = $1`, [account.accountId])
  const { messageId, refused } = await reply(id)
  expect(refused).toMatchObject({ code: 'registration_required', status: 403 })
  await send()
  expect(texts()).toEqual([])
  for (const one of [waiting, messageId])
    expect(await ledger(one)).toMatchObject({ status: 'failed', error_code: 'registration_required' })
  await db.owner.query(`UPDATE channel_accounts SET registration = 'approved' WHERE id = $1`, [account.accountId])
  await reply(id)
  await send()
  expect(texts()).toHaveLength(1)
})
