/** Races and crashes around sending: nothing queued is forgotten, nothing accepted is taken for lost. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type DispatchDeps, type Dispatcher, startDispatcher } from '../../src/conversations/dispatch.ts'
import { createIngress, type Ingress } from '../../src/conversations/ingress.ts'
import { queueReply } from '../../src/conversations/reply.ts'
import { type InboxDeps, retry } from '../../src/inbox/verbs.ts'
import { createFolderStore } from '../../src/platform/blobs.ts'
import type { Database } from '../../src/platform/db/tx.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { createLogger } from '../../src/platform/log.ts'
import { createSecrets } from '../../src/platform/secrets.ts'
import { digits, inboundText, makeAccount, receipt, type TestAccount, webhook } from '../world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'
import { type ScriptedChannel, scriptedChannel } from '../world/scripted-channel.ts'
import { until } from '../world/until.ts'

let db: TestDatabase
let ingress: Ingress
let account: TestAccount
let channel: ScriptedChannel
let dispatcher: Dispatcher | undefined
let folder: string
const log = createLogger({ level: 'CRITICAL' })
const pace = JSON.stringify({ 'whatsapp-cloud': { perSecond: 1000, burst: 1000, pairEveryMs: 0, pairBurst: 45 } })

beforeAll(async () => {
  db = await createTestDatabase()
  ingress = createIngress({ db, log })
  folder = await mkdtemp(join(tmpdir(), 'parley-attack-'))
})
beforeEach(async () => {
  account = await makeAccount(db)
  channel = scriptedChannel()
})
afterEach(async () => {
  await dispatcher?.stop()
  dispatcher = undefined
  // What one attack left behind must not be claimed by the next.
  await db.owner.query('UPDATE conversation_lanes SET ready_at = NULL')
})
afterAll(async () => {
  await db.drop()
  await rm(folder, { recursive: true })
})

const deps = (database: Database = db): DispatchDeps => ({
  db: database,
  log,
  secrets: createSecrets(['a key for tests only']),
  channels: new Map([[channel.provider, channel]]),
  files: createFolderStore(folder),
})
const start = (database: Database = db): Dispatcher => {
  dispatcher = startDispatcher(deps(database), { pollMs: 20 })
  return dispatcher
}
async function customerWrites(phone = `1650${digits(7)}`): Promise<string> {
  const event = inboundText(account, phone, 'hello')
  await ingress.accept(webhook(event))
  const { rows } = await db.owner.query('SELECT conversation_id FROM message_tracking WHERE wamid = $1', [event.externalId])
  return rows[0].conversation_id
}
const reply = (conversationId: string, text: string) =>
  inTenant(db, account.tenantId, (tx) =>
    queueReply(deps(), tx, { conversationId, author: { sender: 'human', actor: 'test' }, body: { type: 'text', text } }),
  )
const ledger = async (id: string) => (await db.owner.query('SELECT * FROM message_tracking WHERE id = $1', [id])).rows[0]
const lane = async (id: string) =>
  (await db.owner.query(`SELECT * FROM conversation_lanes WHERE conversation_id = $1 AND kind = 'send'`, [id])).rows[0]
const texts = () => channel.sent.map((message) => (message.body as { text: string }).text)
const claim = async () => (await db.pool.query('SELECT * FROM parley.claim_sends(64, 60000, $1)', [pace])).rows
const leaseEnds = (conversationId: string) =>
  db.owner.query(`UPDATE conversation_lanes SET lease_until = '-infinity' WHERE conversation_id = $1`, [conversationId])
const record = (
  item: Record<string, unknown>,
  outcome: string,
  given: { external?: string; code?: string; retryMs?: number } = {},
) =>
  db.pool.query('SELECT parley.record_send($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, NULL)', [
    ...[item.tenant_id, item.conversation_id, item.account_id, item.token, item.message_id, item.attempt, outcome],
    ...[
      given.external ?? null,
      given.code ?? null,
      given.code ?? null,
      given.retryMs ?? null,
      given.retryMs ? 'message' : null,
    ],
  ])
const actor = () => ({ tenantId: account.tenantId, role: 'agent' as const, name: 'Agent', label: 'user:test' })
const again = (messageId: string) =>
  retry({ ...deps(), wakeDispatch: () => {}, changed: () => {} } as unknown as InboxDeps, actor(), {
    messageId,
    acceptDuplicate: true,
  })

test('a reply that is being committed while the one before it is recorded is sent as well', async () => {
  const conversationId = await customerWrites()
  let answer: () => void = () => {}
  channel.script.push(
    (message) =>
      new Promise((resolve) => {
        answer = () => resolve({ outcome: 'accepted', externalId: `wamid.${message.messageId}` })
      }),
  )
  await reply(conversationId, 'first')
  start()
  await until('the first reply is with the provider', () => channel.sent.length === 1)
  let second = ''
  await inTenant(db, account.tenantId, async (tx) => {
    const queued = await queueReply(deps(), tx, {
      conversationId,
      author: { sender: 'human', actor: 'test' },
      body: { type: 'text', text: 'second' },
    })
    second = queued.messageId
    answer()
    // The recording of the first one now waits for the lane's row, which this transaction holds.
    await until('recording waits for this transaction', async () => {
      const { rows } = await db.owner.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%record_send%'`,
      )
      return rows.length > 0
    })
  })
  await until('the second reply is sent', () => texts().includes('second'), {
    timeoutMs: 3000,
    seen: async () => ({ message: (await ledger(second)).status, readyAt: (await lane(conversationId)).ready_at }),
  })
})

test('an accepted message stays accepted when what else the answer taught cannot be stored', async () => {
  const conversationId = await customerWrites()
  channel.script.push(async (message) => ({
    outcome: 'accepted',
    externalId: `wamid.${message.messageId}`,
    person: [{ kind: 'wa_id', value: '16505550000', scope: '' }],
  }))
  const { messageId } = await reply(conversationId, 'hello')
  // The connection that wants to store the identity is lost, as in a restart of the database at that instant.
  const broken: Database = {
    pool: new Proxy(db.pool, {
      get(target, name) {
        if (name !== 'connect') return Reflect.get(target, name).bind?.(target) ?? Reflect.get(target, name)
        return async () => {
          if (channel.sent.length > 0) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
          return await target.connect()
        }
      },
    }),
  }
  start(broken)
  await until('the send is recorded', async () => {
    const row = await ledger(messageId)
    return row.status === 'sent' || row.send_outcome !== null
  })
  expect(await ledger(messageId)).toMatchObject({ status: 'sent', send_outcome: null, wamid: `wamid.${messageId}` })
})

test('a message put back by a sender whose lease ran out is sent, also when the lane went on meanwhile', async () => {
  const conversationId = await customerWrites()
  const { messageId } = await reply(conversationId, 'slow')
  await reply(conversationId, 'next')
  const [slow] = await claim()
  await leaseEnds(conversationId)
  const [next] = await claim()
  expect(next.message_id).not.toBe(messageId)
  await record(next, 'accepted', { external: `wamid.${next.message_id}` })
  // The first sender lives: the provider had asked it to come later, and the database was away for it.
  await record(slow, 'retry', { code: '130429', retryMs: 1 })
  expect((await ledger(messageId)).status).toBe('queued')
  expect((await lane(conversationId)).ready_at).not.toBeNull()
})

test('a late refusal of the first attempt does not undo the second one', async () => {
  const conversationId = await customerWrites()
  const { messageId } = await reply(conversationId, 'hello')
  const [first] = await claim()
  await leaseEnds(conversationId)
  await claim() // finds the attempt abandoned: unknown
  await again(messageId)
  const [second] = await claim()
  await record(first, 'refused', { code: '131026' })
  await record(second, 'accepted', { external: 'wamid.second' })
  expect(await ledger(messageId)).toMatchObject({ status: 'sent', wamid: 'wamid.second' })
})

test('a late refusal of the first attempt does not stop a retry that waits', async () => {
  const conversationId = await customerWrites()
  const { messageId } = await reply(conversationId, 'hello')
  const [first] = await claim()
  await leaseEnds(conversationId)
  await claim()
  await again(messageId)
  await record(first, 'refused', { code: '131026' })
  expect((await ledger(messageId)).status).toBe('queued')
})

test('a failed receipt of an attempt that was unknown does not undo the attempt after it', async () => {
  const conversationId = await customerWrites()
  const { messageId } = await reply(conversationId, 'hello')
  const [first] = await claim()
  await record(first, 'unknown', { code: 'timeout' })
  await again(messageId)
  const [second] = await claim()
  await record(second, 'accepted', { external: `wamid.2.${messageId}` })
  await ingress.accept(
    webhook(receipt(account, `wamid.1.${messageId}`, 'failed', { messageId, error: { code: '131026', text: 'no' } })),
  )
  expect(await ledger(messageId)).toMatchObject({ status: 'sent', wamid: `wamid.2.${messageId}` })
})

test('a server that stops leaves no message claimed and unsent', async () => {
  const conversationId = await customerWrites()
  const { messageId } = await reply(conversationId, 'hello')
  // The claim is under way when the server is asked to stop.
  const slow: Database = {
    pool: new Proxy(db.pool, {
      get(target, name) {
        if (name !== 'query') return Reflect.get(target, name).bind?.(target) ?? Reflect.get(target, name)
        return async (query: { name?: string }) => {
          const answer = await target.query(query as { text: string })
          if (query.name === 'claim_sends') await new Promise((resolve) => setTimeout(resolve, 50))
          return answer
        }
      },
    }),
  }
  const stopping = startDispatcher(deps(slow), { pollMs: 20 })
  await until('it was claimed', async () => (await ledger(messageId)).status === 'sending')
  await stopping.stop()
  expect((await ledger(messageId)).status).not.toBe('sending')
})

test('an account paced below one message a second still sends', async () => {
  const conversationId = await customerWrites()
  await db.owner.query(
    `UPDATE channel_accounts SET settings = '{"pacePerSecond": 0.5}', pace_at = now() - interval '1 hour' WHERE id = $1`,
    [account.accountId],
  )
  await reply(conversationId, 'hello')
  expect(await claim()).toHaveLength(1)
})

test('an account goes on sending after the clock was set back', async () => {
  const conversationId = await customerWrites()
  await db.owner.query(`UPDATE channel_accounts SET pace_tokens = 0, pace_at = now() + interval '1 hour' WHERE id = $1`, [
    account.accountId,
  ])
  await reply(conversationId, 'hello')
  start()
  await until('it is sent', () => channel.sent.length === 1, { timeoutMs: 3000 })
})

test('an id of another portfolio is not used to address somebody', async () => {
  const conversationId = await customerWrites()
  await db.owner.query(
    `INSERT INTO contact_identities (tenant_id, scope, kind, value, contact_id)
     SELECT tenant_id, 'another-portfolio', 'bsuid', 'US.999', contact_id FROM conversations WHERE id = $1`,
    [conversationId],
  )
  await reply(conversationId, 'hello')
  const [item] = await claim()
  expect(item.identities.map((i: { value: string }) => i.value)).not.toContain('US.999')
})
