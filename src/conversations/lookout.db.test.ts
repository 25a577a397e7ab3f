/** What cannot wait is told as it comes in, on a real database: once, whoever has the conversation, and to nobody else's business. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { digits, inboundText, makeAccount, type TestAccount, webhook } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { scriptedChannel } from '../../test/world/scripted-channel.ts'
import { newId } from '../kernel/ids.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createLogger } from '../platform/log.ts'
import type { Worker } from '../platform/worker.ts'
import type { Alert, Answerer } from '../ports/answerer.ts'
import { handOver } from './hand-over.ts'
import { startLookout } from './lookout.ts'
import { receiveBatch } from './receive.ts'
import { startTurns } from './turn.ts'

let db: TestDatabase
let account: TestAccount
const running: Worker[] = []
const log = createLogger({ level: 'CRITICAL' })
const channel = scriptedChannel()

const alertIn = (text: string): Alert | null => (/flood/.test(text) ? { kind: 'emergency', danger: null } : null)
const assistant: Answerer = {
  name: 'assistant',
  sender: 'ai',
  takeTurn: async ({ unanswered }) => ({
    ...{ kind: 'reply', bodies: [{ type: 'text', text: 'On our way.' }] },
    ...(unanswered.some(({ text }) => alertIn(text ?? '')) ? { alert: { kind: 'emergency', danger: null } } : {}),
  }),
  watch: async () => alertIn,
}

beforeAll(async () => {
  db = await createTestDatabase()
})
beforeEach(async () => {
  account = await withOwner({ answerer: 'assistant' })
})
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
})
afterAll(() => db.drop())

async function withOwner(given: Parameters<typeof makeAccount>[1]): Promise<TestAccount> {
  const made = await makeAccount(db, given)
  const id = newId()
  await db.owner.query(`INSERT INTO users (id, email, password_hash) VALUES ($1, $2, 'x')`, [id, `${id}@test.example`])
  await db.owner.query(`INSERT INTO user_profiles (tenant_id, user_id, role) VALUES ($1, $2, 'owner')`, [made.tenantId, id])
  return made
}

/** It only works when it is asked to; from here on it looks. */
async function lookout(answerer = assistant): Promise<Worker> {
  const worker = startLookout({ db, log, answerers: new Map([[answerer.name, answerer]]) }, { pollMs: 3_600_000 })
  running.push(worker)
  await worker.idle()
  return worker
}
async function says(phone: string, ...lines: string[]): Promise<string> {
  let id = ''
  for (const text of lines) {
    const event = inboundText(account, phone, text)
    await receiveBatch({ db, log }, [webhook(event)])
    const { rows } = await db.owner.query('SELECT conversation_id FROM message_tracking WHERE wamid = $1', [event.externalId])
    id = rows[0].conversation_id
  }
  return id
}
const told = async () =>
  (
    await db.owner.query(
      `SELECT conversation_id, data ->> 'what' AS what FROM notifications WHERE tenant_id = $1 AND kind = 'emergency' ORDER BY id`,
      [account.tenantId],
    )
  ).rows as { conversation_id: string; what: string | null }[]
const urgency = async (conversationId: string) =>
  (
    await db.owner.query(
      `SELECT l.urgency_level, l.edited FROM leads l JOIN conversations c ON c.tenant_id = l.tenant_id AND c.lead_id = l.id WHERE c.id = $1`,
      [conversationId],
    )
  ).rows[0]?.urgency_level as string | undefined
const phone = () => `1650${digits(7)}`

test('an emergency is told as it comes in, long before the assistant’s turn, and its lead is one', async () => {
  await db.owner.query('INSERT INTO business_settings (tenant_id, ai_takeover_delay) VALUES ($1, 3600)', [account.tenantId])
  const eyes = await lookout()
  const id = await says(phone(), 'hello', 'my kitchen is flooding')
  expect(await told()).toEqual([])
  await eyes.idle()
  expect(await told()).toEqual([{ conversation_id: id, what: 'my kitchen is flooding' }])
  expect(await urgency(id)).toBe('emergency')
})

test('it is told where a person has the conversation, and where nobody says it again', async () => {
  const eyes = await lookout()
  const from = phone()
  const id = await says(from, 'hello')
  await inTenant(db, account.tenantId, (tx) => handOver(tx, { conversationId: id, to: 'human', reason: 'test', actor: 'test' }))
  await eyes.idle()
  expect(await told()).toEqual([])
  await says(from, 'now it is flooding')
  await eyes.idle()
  await says(from, 'still flooding!', 'do you hear? flooding!')
  await eyes.idle()
  expect(await told()).toHaveLength(1)
})

test('the assistant’s turn, which finds the same, tells it no second time; nor do two that look at once', async () => {
  const [one, two] = [await lookout(), await lookout()]
  const id = await says(phone(), 'flooding')
  await Promise.all([one.idle(), two.idle()])
  expect(await told()).toHaveLength(1)
  const turns = startTurns(
    {
      ...{ db, log, channels: new Map([[channel.provider, channel]]), answerers: new Map([[assistant.name, assistant]]) },
      now: () => new Date(Date.now() + 61_000),
    },
    { pollMs: 3_600_000 },
  )
  running.push(turns)
  await turns.idle()
  const { rows } = await db.owner.query(`SELECT content FROM messages WHERE conversation_id = $1 AND direction = 'outbound'`, [
    id,
  ])
  expect(rows).toEqual([{ content: 'On our way.' }])
  expect(await told()).toHaveLength(1)
})

test('what people said of its urgency stays, and it is told all the same', async () => {
  const eyes = await lookout()
  const from = phone()
  const id = await says(from, 'hello')
  await db.owner.query(
    `INSERT INTO leads (tenant_id, id, contact_id, conversation_id, origin) SELECT tenant_id, $2, contact_id, id, channel FROM conversations WHERE id = $1`,
    [id, newId()],
  )
  await db.owner.query(`UPDATE leads SET urgency_level = 'low', edited = '{urgency}' WHERE tenant_id = $1`, [account.tenantId])
  await says(from, 'flooding')
  await eyes.idle()
  expect([await urgency(id), (await told()).length]).toEqual(['low', 1])
})

test('what came while nobody looked is found afterwards, and an open transaction holds it back without anybody spinning', async () => {
  await (await lookout()).stop()
  const holding = await db.owner.connect()
  await holding.query('BEGIN; SELECT pg_current_xact_id()')
  const id = await says(phone(), 'flooding')
  const again = await lookout()
  expect(await told()).toEqual([])
  await holding.query('COMMIT')
  holding.release()
  await again.idle()
  expect((await told()).map((one) => one.conversation_id)).toEqual([id])
})

test('an account that people answer, a blocked contact, and what was said before it looked are left alone', async () => {
  const blocked = phone()
  await says(blocked, 'hello')
  await db.owner.query(`UPDATE contacts SET status = 'blocked' WHERE tenant_id = $1`, [account.tenantId])
  await says(phone(), 'flooding, long ago')
  const eyes = await lookout()
  await says(blocked, 'flooding')
  const assisted = account
  account = await withOwner({ answerer: 'human' })
  await says(phone(), 'flooding')
  await eyes.idle()
  expect(await told()).toEqual([])
  expect((await db.owner.query('SELECT FROM lookout_progress WHERE tenant_id = $1', [account.tenantId])).rowCount).toBe(0)
  account = assisted
  expect(await told()).toEqual([])
})

test('where it fails it is tried again, and nothing is skipped', async () => {
  let broken = true
  const eyes = await lookout({
    ...assistant,
    watch: async () => {
      if (broken) throw new Error('the words are away')
      return alertIn
    },
  })
  await says(phone(), 'flooding')
  await eyes.idle()
  expect(await told()).toEqual([])
  broken = false
  await eyes.stop()
  await (await lookout()).idle()
  expect(await told()).toHaveLength(1)
})

test('a line whose first words end in half a character is told like any other', async () => {
  const eyes = await lookout()
  const id = await says(phone(), `flooding ${'x'.repeat(290)}😀 help`)
  await eyes.idle()
  expect((await told()).map((one) => one.conversation_id)).toEqual([id])
})

test('a business whose lines cannot be looked through keeps no other from being warned', async () => {
  const poor = account
  account = await withOwner({ answerer: 'assistant' })
  const well = account
  const eyes = await lookout({
    ...assistant,
    watch: async (tenantId) => {
      if (tenantId === poor.tenantId) throw new Error('its words are away')
      return alertIn
    },
  })
  account = poor
  await says(phone(), 'flooding')
  account = well
  const id = await says(phone(), 'flooding')
  await eyes.idle()
  await eyes.idle()
  expect((await told()).map((one) => one.conversation_id)).toEqual([id])
})
