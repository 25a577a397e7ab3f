import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { digits, inboundText, webhook } from '../../test/world/arrange.ts'
import { type BridgeWorld, bridgeWorld, type CentreAccount, deadLetters, makeCentre } from '../../test/world/centre.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { until } from '../../test/world/until.ts'
import { handOver } from '../conversations/hand-over.ts'
import { createIngress, type Ingress } from '../conversations/ingress.ts'
import { inTenant } from '../platform/db/tx.ts'
import type { Worker } from '../platform/worker.ts'
import type { CentreResult } from '../ports/contact-centre.ts'
import { bySystem } from '../tenancy/audit.ts'
import { putCredentials } from '../tenancy/tenant-credentials.ts'
import { startBridge } from './bridge.ts'

let db: TestDatabase
let ingress: Ingress
let bridge: Worker | undefined
const phone = () => `1650${digits(7)}`

beforeAll(async () => {
  db = await createTestDatabase()
})
afterEach(() => bridge?.stop())
afterAll(() => db.drop())

async function begin(settings: object = {}): Promise<{ world: BridgeWorld; account: CentreAccount }> {
  const world = bridgeWorld(db)
  ingress = createIngress({ db, log: world.deps.log })
  return { world, account: await makeCentre(db, { settings }) }
}
const run = (world: BridgeWorld): Worker => {
  bridge = startBridge(world.deps, { pollMs: 20 })
  return bridge
}
const write = (account: CentreAccount, from: string, ...lines: string[]) =>
  Promise.all(lines.map((line) => ingress.accept(webhook(inboundText(account, from, line)))))
async function writeOne(account: CentreAccount, from: string, line: string, externalId?: string): Promise<void> {
  await ingress.accept(webhook(inboundText(account, from, line, externalId ? { externalId } : {})))
}
const mappings = async (account: CentreAccount) =>
  (await db.owner.query('SELECT * FROM conversation_mappings WHERE tenant_id = $1 ORDER BY created_at, id', [account.tenantId]))
    .rows
const ledger = async (account: CentreAccount) =>
  (
    await db.owner.query(
      `SELECT t.*, m.content FROM message_tracking t JOIN messages m ON m.tenant_id = t.tenant_id AND m.id = t.id WHERE t.tenant_id = $1 ORDER BY m.seq`,
      [account.tenantId],
    )
  ).rows
const events = async (account: CentreAccount, type: string) =>
  (await db.owner.query('SELECT * FROM events WHERE tenant_id = $1 AND type = $2 ORDER BY txid, id', [account.tenantId, type]))
    .rows
/** What waits for a later time is due now. */
const hurry = (account: CentreAccount) =>
  Promise.all([
    db.owner.query(`UPDATE conversation_lanes SET ready_at = now() WHERE tenant_id = $1 AND ready_at > now()`, [
      account.tenantId,
    ]),
    db.owner.query(`UPDATE contact_centres SET paused_until = '-infinity' WHERE tenant_id = $1`, [account.tenantId]),
  ])
const down: CentreResult = {
  outcome: 'retry',
  code: '503',
  text: 'The contact centre is away.',
  scope: 'integration',
  retryAfterMs: 20,
}

test('a hundred first messages at once make one session, and a hundred lines of it, in order', async () => {
  const { world, account } = await begin()
  const customer = phone()
  await write(account, customer, ...Array.from({ length: 100 }, (_, n) => `line ${n}`))
  await run(world).idle()
  const [mapping, ...others] = await mappings(account)
  expect(others).toEqual([])
  expect(mapping).toMatchObject({
    wa_id: customer,
    status: 'active',
    conversation_id: world.centre.open.get(customer),
    phone_number_id: account.externalId,
  })
  const rows = await ledger(account)
  expect(new Set(rows.map((row) => `${row.mapping_id} ${row.status}`))).toEqual(new Set([`${mapping.id} processed`]))
  expect(world.centre.taken.map((line) => line.text)).toEqual(rows.map((row) => row.content))
  expect(rows).toHaveLength(100)
  expect(world.centre.lines).toHaveLength(100)
})

test('the same message delivered fifty times at once goes to the contact centre once', async () => {
  const { world, account } = await begin()
  const event = inboundText(account, phone(), 'once, please')
  run(world)
  await Promise.all(Array.from({ length: 50 }, () => ingress.accept(webhook(event))))
  await bridge?.idle()
  expect(world.centre.lines.map((line) => line.messageId)).toEqual([event.externalId])
  expect(await ledger(account)).toHaveLength(1)
})

test('a new conversation of such an account begins with the contact centre, and each line carries what is known of the customer', async () => {
  const { world, account } = await begin()
  const customer = phone()
  await writeOne(account, customer, 'hello')
  await run(world).idle()
  const [line] = world.centre.lines
  expect(line).toMatchObject({
    customer: { id: customer, idType: 'Phone', name: `Customer ${customer.slice(-3)}` },
    text: 'hello',
    files: [],
    attributes: { name: `Customer ${customer.slice(-3)}`, phone: `+${customer}`, channel: 'whatsapp', number: 'Main number' },
  })
  const { rows } = await db.owner.query('SELECT id, control FROM conversations WHERE tenant_id = $1', [account.tenantId])
  expect(rows).toEqual([{ id: line?.attributes.conversation, control: 'agent' }])
})

test('one customer at two numbers and at two businesses has separate sessions', async () => {
  const { world, account } = await begin()
  const second = await makeCentre(db, { tenantId: account.tenantId })
  const elsewhere = await makeCentre(db)
  const customer = phone()
  for (const one of [account, second, elsewhere]) await writeOne(one, customer, 'hello')
  await run(world).idle()
  expect((await mappings(account)).map((row) => row.phone_number_id).sort()).toEqual(
    [account.externalId, second.externalId].sort(),
  )
  expect(await mappings(elsewhere)).toHaveLength(1)
})

test('an answer that got lost is asked for again with the same id, and is taken once', async () => {
  const { world, account } = await begin()
  world.centre.script.push(async (line) => {
    world.centre.take(line)
    return { outcome: 'unknown', code: 'timeout', text: 'No answer.' }
  })
  const customer = phone()
  await writeOne(account, customer, 'first')
  await writeOne(account, customer, 'second')
  run(world)
  await until('both were taken', async () => {
    await hurry(account)
    return (await ledger(account)).every((row) => row.status === 'processed')
  })
  expect(world.centre.lines.map((line) => line.text)).toEqual(['first', 'first', 'second'])
  expect(world.centre.taken.map((line) => line.text)).toEqual(['first', 'second'])
})

test('what the contact centre will never take is marked with its words, and the next line goes on', async () => {
  const { world, account } = await begin()
  world.centre.script.push({ outcome: 'reject', code: 'too.long', text: 'The text is too long.' })
  const customer = phone()
  await writeOne(account, customer, 'too long')
  await writeOne(account, customer, 'short')
  await run(world).idle()
  expect((await ledger(account)).map((row) => [row.content, row.status, row.error_code, row.error_text])).toEqual([
    ['too long', 'failed', 'too.long', 'The text is too long.'],
    ['short', 'processed', null, null],
  ])
})

test('wrong credentials stop the integration visibly; nothing is lost, and mended it goes on', async () => {
  const { world, account } = await begin()
  world.centre.script.push({ outcome: 'reconnect', code: 'unauthorized', text: 'The secret is not accepted.' })
  await writeOne(account, phone(), 'hello')
  await run(world).idle()
  const state = async () =>
    (await db.owner.query('SELECT state, state_text FROM contact_centres WHERE tenant_id = $1', [account.tenantId])).rows[0]
  expect(await state()).toEqual({ state: 'logged_out', state_text: 'The secret is not accepted.' })
  await bridge?.idle()
  expect(world.centre.lines).toHaveLength(1)
  await db.owner.query(`UPDATE contact_centres SET state = 'connected' WHERE tenant_id = $1`, [account.tenantId])
  await bridge?.idle()
  expect(world.centre.taken.map((line) => line.text)).toEqual(['hello'])
  expect(await events(account, 'centre.updated')).toHaveLength(1)
})

test('a secret that was replaced while it was being refused stops nothing: the line goes out with the new one', async () => {
  const { world, account } = await begin()
  world.centre.script.push(async () => {
    const values = { clientId: 'c', clientSecret: 'the new one', integrationId: `another-${account.tenantId}` }
    await putCredentials(world.deps, bySystem, account.tenantId, { type: 'genesys', values })
    return { outcome: 'reconnect', code: 'unauthorized', text: 'The secret is not accepted.' }
  })
  await writeOne(account, phone(), 'hello')
  await run(world).idle()
  const { rows } = await db.owner.query('SELECT state FROM contact_centres WHERE tenant_id = $1', [account.tenantId])
  expect(rows).toEqual([{ state: 'connected' }])
  expect(world.centre.lines.map((line) => line.text)).toEqual(['hello', 'hello'])
  expect((await ledger(account)).map((row) => row.status)).toEqual(['processed'])
})

test('while the contact centre is away it is asked with one conversation at a time, and nobody is handed over by itself', async () => {
  const { world, account } = await begin()
  world.centre.mood = down
  const customers = Array.from({ length: 20 }, phone)
  for (const customer of customers) await writeOne(account, customer, 'hello')
  run(world)
  await until('it was asked a few times', () => world.centre.lines.length > 22)
  let underWay = 0
  const together: number[] = []
  world.centre.script.push(
    ...Array.from({ length: 5 }, () => async () => {
      underWay += 1
      await new Promise((resolve) => setTimeout(resolve, 30))
      together.push(underWay)
      underWay -= 1
      return down
    }),
  )
  await until('the script was answered', () => together.length === 5)
  expect(together).toEqual([1, 1, 1, 1, 1])
  world.centre.mood = null
  await until('all is there', async () => (await ledger(account)).every((row) => row.status === 'processed'))
  expect(world.centre.taken.map((line) => line.customer.id).sort()).toEqual([...customers].sort())
  const { rows } = await db.owner.query('SELECT DISTINCT control FROM conversations WHERE tenant_id = $1', [account.tenantId])
  expect(rows).toEqual([{ control: 'agent' }])
})

test('lines that came before a hand-over and were not answered go along, with what was said before in short', async () => {
  const { world, account } = await begin()
  await db.owner.query(`UPDATE channel_accounts SET answerer = 'human' WHERE id = $1`, [account.accountId])
  const customer = phone()
  await writeOne(account, customer, 'first')
  await writeOne(account, customer, 'second')
  const [{ conversation_id: id }] = await ledger(account)
  await run(world).idle()
  expect(world.centre.lines).toEqual([])
  await inTenant(db, account.tenantId, (tx) =>
    handOver(tx, { conversationId: id, to: 'agent', reason: 'please', actor: 'user:x' }),
  )
  await bridge?.idle()
  await writeOne(account, customer, 'third')
  await bridge?.idle()
  expect(world.centre.taken.map((line) => line.text)).toEqual(['first', 'second', 'third'])
  expect(world.centre.taken.map((line) => line.attributes.history)).toEqual([undefined, undefined, undefined])
  const thread = (
    await db.owner.query(`SELECT type, body FROM messages WHERE conversation_id = $1 AND direction = 'internal'`, [id])
  ).rows
  expect(thread).toEqual([
    { type: 'activity', body: { event: 'handed_over', data: { from: 'human', to: 'agent', reason: 'please' } } },
  ])
})

test('a conversation that ended over there without a word is noticed by the next line, which begins a new session', async () => {
  const { world, account } = await begin()
  const customer = phone()
  await writeOne(account, customer, 'first')
  await run(world).idle()
  world.centre.end(world.centre.open.get(customer) ?? '')
  await writeOne(account, customer, 'second')
  await bridge?.idle()
  const [old, fresh, ...others] = await mappings(account)
  expect([old.status, fresh.status, others.length]).toEqual(['closed', 'active', 0])
  expect(fresh.conversation_id).toBe(world.centre.open.get(customer))
  expect(await deadLetters(db, account.tenantId)).toEqual([])
})
