import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { digits, inboundText, receipt, webhook } from '../../test/world/arrange.ts'
import {
  agentSays,
  type BridgeWorld,
  bridgeWorld,
  type CentreAccount,
  centreWebhook,
  deadLetters,
  makeCentre,
  secrets,
  tell,
} from '../../test/world/centre.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { until } from '../../test/world/until.ts'
import { type Dispatcher, startDispatcher } from '../conversations/dispatch.ts'
import { receiveBatch } from '../conversations/receive.ts'
import { queueReply } from '../conversations/reply.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createOutbound, parseAllowed } from '../platform/outbound.ts'
import type { Worker } from '../platform/worker.ts'
import type { CentreEvent } from '../ports/contact-centre.ts'
import { startBridge } from './bridge.ts'
import { expireMappings } from './keeper.ts'
import { startCentreReceipts } from './receipts.ts'
import { receiveCentreWebhook } from './receive.ts'
import { startCentreTasks } from './tasks.ts'

let db: TestDatabase
let workers: (Worker | Dispatcher)[] = []
let files: Server
let filesUrl: string
let asked: string[] = []
const guarded = createOutbound(parseAllowed('localhost'))

beforeAll(async () => {
  db = await createTestDatabase()
  // Once and for good: who changes a table while workers use it may be the one that a deadlock ends.
  await db.owner.query(
    `CREATE FUNCTION parley.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the disk is odd'; END $$;
     CREATE TRIGGER refuse BEFORE INSERT ON parley.messages FOR EACH ROW WHEN (NEW.content = 'odd') EXECUTE FUNCTION parley.refuse()`,
  )
  files = createServer((request, response) => {
    asked.push(request.url ?? '')
    if (request.url?.startsWith('/slow')) return void setTimeout(() => response.end('slow file'), 300)
    if (request.url?.startsWith('/large')) return response.writeHead(200, { 'content-length': 21 * 1024 * 1024 }).end()
    if (request.url?.startsWith('/gone')) return response.writeHead(410).end()
    response.writeHead(200, { 'content-type': 'text/plain' }).end(`content of ${request.url}`)
  })
  await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve))
  filesUrl = `http://localhost:${(files.address() as AddressInfo).port}`
})
afterEach(async () => {
  for (const worker of workers) await worker.stop()
  workers = []
  asked = []
})
afterAll(async () => {
  files.close()
  await guarded.close()
  await db.drop()
})

interface Begun {
  world: BridgeWorld
  account: CentreAccount
  customer: string
  conversationId: string
  centreConversation: string
  dispatcher: Dispatcher
  tasks: Worker
  receipts: Worker
}

/** A customer who wrote, with a session in the contact centre. */
async function begin(settings: object = {}): Promise<Begun> {
  const world = bridgeWorld(db, { fetch: guarded.fetch })
  const account = await makeCentre(db, { settings })
  const customer = `1650${digits(7)}`
  await receiveBatch({ db, log: world.deps.log }, [webhook(inboundText(account, customer, 'hello'))])
  const bridge = startBridge(world.deps, { pollMs: 20 })
  await bridge.idle()
  const dispatcher = startDispatcher({ ...world.deps, secrets }, { pollMs: 20 })
  const tasks = startCentreTasks(world.deps, { pollMs: 20 })
  const receipts = startCentreReceipts(world.deps, { pollMs: 20 })
  workers.push(bridge, dispatcher, tasks, receipts)
  world.deps.wakeDispatch = dispatcher.wake
  const { rows } = await db.owner.query('SELECT id FROM conversations WHERE tenant_id = $1', [account.tenantId])
  const centreConversation = world.centre.open.get(customer) ?? ''
  return { world, account, customer, conversationId: rows[0].id, centreConversation, dispatcher, tasks, receipts }
}

const sentTexts = ({ world }: Begun) => world.channel.sent.map(({ body }) => ('text' in body ? body.text : body.type))
const ledger = async ({ account }: Begun) =>
  (
    await db.owner.query(
      `SELECT * FROM message_tracking WHERE tenant_id = $1 AND direction = 'OUTBOUND' ORDER BY created_at, id`,
      [account.tenantId],
    )
  ).rows
const notes = async ({ conversationId }: Begun) =>
  (
    await db.owner.query(`SELECT content FROM messages WHERE conversation_id = $1 AND type = 'note'`, [conversationId])
  ).rows.map((row) => row.content)
const reasons = async ({ account }: Begun) => (await deadLetters(db, account.tenantId)).map(({ reason }) => reason)
async function idle(it: Begun): Promise<void> {
  await it.tasks.idle()
  await it.dispatcher.idle()
  await it.receipts.idle()
}
const disconnected = (it: Begun): CentreEvent => ({
  kind: 'disconnect',
  integrationId: it.account.integrationId,
  key: `disconnect:${it.centreConversation}`,
  conversationId: it.centreConversation,
  customerId: null,
  at: new Date().toISOString(),
  reason: 'client',
})

test('what an agent writes reaches the customer once, however often it is delivered', async () => {
  const it = await begin()
  const message = agentSays(it.account, { conversationId: it.centreConversation }, 'How can I help?')
  await Promise.all(Array.from({ length: 10 }, () => tell(it.world, it.account, message)))
  await idle(it)
  expect(sentTexts(it)).toEqual(['How can I help?'])
  const [row] = await ledger(it)
  expect(row).toMatchObject({ genesys_message_id: message.messageId, status: 'sent' })
  expect(row.mapping_id).not.toBeNull()
  const { rows } = await db.owner.query(`SELECT sender FROM messages WHERE id = $1`, [row.id])
  expect(rows).toEqual([{ sender: 'agent' }])
})

test('a body without the conversation is placed by its customer; one that came before we were told of it is too', async () => {
  const it = await begin()
  await tell(it.world, it.account, agentSays(it.account, { conversationId: null, customerId: it.customer }, 'one'))
  await db.owner.query('UPDATE conversation_mappings SET conversation_id = NULL WHERE tenant_id = $1', [it.account.tenantId])
  await tell(it.world, it.account, agentSays(it.account, { conversationId: 'early', customerId: `+${it.customer}` }, 'two'))
  await idle(it)
  expect(sentTexts(it)).toEqual(['one', 'two'])
  const { rows } = await db.owner.query('SELECT conversation_id FROM conversation_mappings WHERE tenant_id = $1', [
    it.account.tenantId,
  ])
  expect(rows).toEqual([{ conversation_id: 'early' }])
})

test('an answer for an unknown, a closed or an expired session is a dead letter with its reason, and nothing is sent', async () => {
  const it = await begin()
  await tell(it.world, it.account, agentSays(it.account, { conversationId: 'nobody knows', customerId: it.customer }, 'x'))
  await tell(it.world, it.account, agentSays(it.account, { conversationId: null, customerId: '15550000000' }, 'x'))
  await tell(it.world, it.account, disconnected(it))
  await tell(it.world, it.account, agentSays(it.account, { conversationId: it.centreConversation }, 'x'))
  await db.owner.query(`UPDATE conversation_mappings SET status = 'active' WHERE tenant_id = $1`, [it.account.tenantId])
  await expireMappings(db, new Date(Date.now() + 25 * 3_600_000))
  await tell(it.world, it.account, agentSays(it.account, { conversationId: it.centreConversation }, 'x'))
  await idle(it)
  expect(await reasons(it)).toEqual([
    'mapping_not_found',
    'mapping_not_found',
    'mapping_status_closed',
    'mapping_status_expired',
  ])
  expect([it.world.channel.sent, await ledger(it)]).toEqual([[], []])
})

test('bodies that speak of another integration, or cannot be read, are dead letters; what is unknown is let be', async () => {
  const it = await begin()
  const neighbour = await makeCentre(db)
  const foreign = agentSays(neighbour, { conversationId: it.centreConversation }, 'x')
  await tell(it.world, it.account, foreign)
  await receiveCentreWebhook(it.world.deps, { ...centreWebhook(it.account), rawBody: Buffer.from('{"events": [') })
  const base = {
    integrationId: it.account.integrationId,
    key: 'k',
    conversationId: null,
    customerId: null,
    at: new Date().toISOString(),
  }
  await tell(
    it.world,
    it.account,
    { ...base, kind: 'other', type: 'Surprise' },
    { ...base, kind: 'echo', messageId: 'ours' },
    { ...base, kind: 'health' },
  )
  expect(await reasons(it)).toEqual(['invalid_payload', 'invalid_payload'])
  expect(await deadLetters(db, neighbour.tenantId)).toEqual([])
  const { rows } = await db.owner.query(
    `SELECT status, event_type FROM webhook_events WHERE tenant_id = $1 AND provider = 'genesys' ORDER BY created_at, id`,
    [it.account.tenantId],
  )
  expect(rows).toEqual([
    { status: 'processed', event_type: 'message' },
    { status: 'failed', event_type: 'malformed' },
    { status: 'processed', event_type: 'other' },
  ])
})

test('a conversation that somebody holds for too long, and one the database refuses, are dead letters that will be tried again', async () => {
  const it = await begin()
  const holder = await db.owner.connect()
  await holder.query('BEGIN')
  await holder.query('SELECT FROM conversations WHERE id = $1 FOR UPDATE', [it.conversationId])
  await tell(it.world, it.account, agentSays(it.account, { conversationId: it.centreConversation }, 'held up'))
  await holder.query('ROLLBACK')
  holder.release()
  const odd = agentSays(it.account, { conversationId: it.centreConversation }, 'odd')
  await tell(it.world, it.account, odd, agentSays(it.account, { conversationId: it.centreConversation }, 'and on'))
  await idle(it)
  expect(await deadLetters(db, it.account.tenantId)).toMatchObject([
    { reason: 'lock_timeout', source: 'webhook:genesys' },
    { reason: 'database_error', error: 'the disk is odd' },
  ])
  expect(sentTexts(it)).toEqual(['and on'])
})

test('a file is fetched and sent in the order of what the agent wrote, whatever took how long', async () => {
  const it = await begin()
  const to = { conversationId: it.centreConversation }
  const file = (path: string) => ({ kind: 'file' as const, url: `${filesUrl}${path}`, fileName: `${path.slice(1)}.txt` })
  it.world.channel.capabilities.send = ['text', 'document']
  await tell(it.world, it.account, agentSays(it.account, to, 'first'))
  await tell(it.world, it.account, agentSays(it.account, to, null, { attachments: [file('/slow')] }))
  await tell(it.world, it.account, agentSays(it.account, to, 'third'))
  await tell(it.world, it.account, agentSays(it.account, to, null, { attachments: [file('/fast')] }))
  await until('all is sent', () => it.world.channel.sent.length === 4)
  expect(
    it.world.channel.sent.map(({ body }) => ('text' in body ? body.text : 'fileName' in body ? body.fileName : body.type)),
  ).toEqual(['first', 'slow.txt', 'third', 'fast.txt'])
  expect((await ledger(it)).filter((row) => row.genesys_message_id)).toHaveLength(4)
})

test('a file in a private network is never asked for: a dead letter, a failed receipt, and people are told', async () => {
  const it = await begin()
  const to = { conversationId: it.centreConversation }
  const at = (url: string) => agentSays(it.account, to, 'look', { attachments: [{ kind: 'file', url }] })
  it.world.channel.capabilities.send = ['text', 'document']
  const blocked = at(`${filesUrl.replace('localhost', '127.0.0.1')}/secret`)
  await tell(it.world, it.account, blocked, at(`${filesUrl}/large`), at(`${filesUrl}/gone`), at('file:///etc/passwd'))
  await until('all are told', () => it.world.centre.receipts.length === 4)
  expect(await reasons(it)).toEqual(Array(4).fill('invalid_media_url'))
  expect(asked.sort()).toEqual(['/gone', '/large'])
  expect(it.world.channel.sent).toEqual([])
  expect(it.world.centre.receipts.find(({ messageId }) => messageId === blocked.messageId)).toMatchObject({
    status: 'failed',
    final: true,
    customer: { id: it.customer, idType: 'Phone' },
    error: { code: 'invalid_media_url', text: expect.stringContaining('private network') },
  })
  expect((await notes(it))[0]).toContain('private network')
})

test('when the 24 hours are over the agent gets a failed receipt, and people read what was not sent', async () => {
  const it = await begin()
  await db.owner.query(`UPDATE conversations SET window_expires_at = now() - interval '1 minute' WHERE id = $1`, [
    it.conversationId,
  ])
  const message = agentSays(it.account, { conversationId: it.centreConversation }, 'too late')
  await tell(it.world, it.account, message)
  await idle(it)
  expect(it.world.channel.sent).toEqual([])
  expect(it.world.centre.receipts).toMatchObject([
    { messageId: message.messageId, status: 'failed', final: true, error: { code: 'window_closed' } },
  ])
  expect(await notes(it)).toEqual([expect.stringMatching(/An agent's message was not sent: Free text[\s\S]*too late/)])
  expect(await reasons(it)).toEqual([])
})

test('the agent hears how far a message came: merged, nothing after a final word, nothing lost while the contact centre is away', async () => {
  const it = await begin()
  const first = agentSays(it.account, { conversationId: it.centreConversation }, 'first')
  await tell(it.world, it.account, first)
  await it.dispatcher.idle()
  const wamid = (await ledger(it))[0].wamid as string
  const came = (status: string) => receiveBatch({ db, log: it.world.deps.log }, [webhook(receipt(it.account, wamid, status))])
  await came('delivered')
  await it.receipts.idle()
  await came('read')
  await came('delivered')
  await it.receipts.idle()
  await came('failed')
  await it.receipts.idle()
  const told = () => it.world.centre.receipts.map(({ status, final }) => [status, final])
  expect(told()).toEqual([
    ['delivered', false],
    ['read', true],
  ])
  // Several steps while it is away are one receipt once it is back.
  it.world.centre.mood = { outcome: 'retry', code: '503', text: 'away', scope: 'integration', retryAfterMs: 20 }
  await tell(it.world, it.account, agentSays(it.account, { conversationId: it.centreConversation }, 'second'))
  await it.dispatcher.idle()
  const other = (await ledger(it))[1].wamid as string
  for (const status of ['delivered', 'read']) {
    await receiveBatch({ db, log: it.world.deps.log }, [webhook(receipt(it.account, other, status))])
    await it.receipts.idle()
  }
  for (const worker of workers.splice(0)) await worker.stop() // as if the process had ended here
  expect(told()).toHaveLength(2)
  it.world.centre.mood = null
  await db.owner.query(`UPDATE message_tracking SET centre_next_at = NULL WHERE tenant_id = $1`, [it.account.tenantId])
  await db.owner.query(`UPDATE contact_centres SET paused_until = '-infinity' WHERE tenant_id = $1`, [it.account.tenantId])
  const again = startCentreReceipts(it.world.deps, { pollMs: 20 })
  workers.push(again)
  await again.idle()
  expect(told().slice(2)).toEqual([['read', true]])
})

test('a person who takes over ends it in the contact centre; what the agent was still writing is not sent', async () => {
  const it = await begin()
  await inTenant(db, it.account.tenantId, (tx) =>
    queueReply(it.world.deps, tx, {
      conversationId: it.conversationId,
      author: { sender: 'human', actor: 'user:x' },
      body: { type: 'text', text: 'I know this customer.' },
    }),
  )
  await tell(it.world, it.account, agentSays(it.account, { conversationId: it.centreConversation }, 'too late'))
  await idle(it)
  expect(sentTexts(it)).toEqual(['I know this customer.'])
  expect(it.world.centre.disconnected).toEqual([it.centreConversation])
  expect(await reasons(it)).toEqual(['mapping_status_closed'])
  const { rows } = await db.owner.query('SELECT control FROM conversations WHERE id = $1', [it.conversationId])
  expect(rows).toEqual([{ control: 'human' }])
})

test('where a take-over does not end it over there, a late answer of the agent is a state violation and is told to them', async () => {
  const it = await begin({ disconnectOnTakeover: false })
  await inTenant(db, it.account.tenantId, (tx) =>
    queueReply(it.world.deps, tx, {
      conversationId: it.conversationId,
      author: { sender: 'human', actor: 'user:x' },
      body: { type: 'text', text: 'Mine.' },
    }),
  )
  await tell(it.world, it.account, agentSays(it.account, { conversationId: it.centreConversation }, 'too late'))
  await idle(it)
  expect([sentTexts(it), await reasons(it), it.world.centre.disconnected]).toEqual([['Mine.'], ['state_violation'], []])
  expect(it.world.centre.receipts).toMatchObject([{ status: 'failed', error: { code: 'taken_over' } }])
})

test('receipts about our lines are recorded, and Published proves one whose answer was lost', async () => {
  const it = await begin()
  const { rows } = await db.owner.query(`SELECT id, wamid FROM message_tracking WHERE tenant_id = $1`, [it.account.tenantId])
  const told = (status: string, errors: { code: string; text: string }[] = []): CentreEvent => ({
    kind: 'receipt',
    integrationId: it.account.integrationId,
    key: `receipt:${status}`,
    conversationId: it.centreConversation,
    customerId: it.customer,
    at: new Date().toISOString(),
    messageId: rows[0].wamid,
    status,
    final: false,
    errors,
  })
  const line = async () =>
    (await db.owner.query('SELECT status, error_text, metadata FROM message_tracking WHERE id = $1', [rows[0].id])).rows[0]
  await db.owner.query(`UPDATE message_tracking SET status = 'received' WHERE id = $1`, [rows[0].id])
  await tell(it.world, it.account, told('Published'))
  expect(await line()).toMatchObject({ status: 'processed' })
  await tell(it.world, it.account, told('Failed', [{ code: 'MediaTypeNotAllowed', text: 'No such files.' }]))
  expect(await line()).toMatchObject({
    status: 'processed',
    error_text: 'No such files.',
    metadata: { centreReceipts: [{ status: 'Published' }, { status: 'Failed', errors: [{ code: 'MediaTypeNotAllowed' }] }] },
  })
})
