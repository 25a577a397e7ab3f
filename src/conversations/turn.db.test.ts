import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { digits, inboundText, makeAccount, type TestAccount, webhook } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { scriptedChannel } from '../../test/world/scripted-channel.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createLogger } from '../platform/log.ts'
import type { Worker } from '../platform/worker.ts'
import type { Answerer, Turn, Verdict } from '../ports/answerer.ts'
import { createIngress, type Ingress } from './ingress.ts'
import { queueReply } from './reply.ts'
import { startTurns } from './turn.ts'

let db: TestDatabase
let ingress: Ingress
let account: TestAccount
let turns: Worker | undefined
const log = createLogger({ level: 'CRITICAL' })
const channel = scriptedChannel()
const channels = new Map([[channel.provider, channel]])

beforeAll(async () => {
  db = await createTestDatabase()
  account = await makeAccount(db, { answerer: 'rules' })
  ingress = createIngress({ db, log })
})
afterEach(() => turns?.stop())
afterAll(() => db.drop())

const answerer = (takeTurn: (turn: Turn) => Promise<Verdict>): Answerer => ({ name: 'rules', sender: 'system', takeTurn })
const start = (given: Answerer): Worker => {
  turns = startTurns({ db, log, channels, answerers: new Map([[given.name, given]]) }, { pollMs: 10 })
  return turns
}
const text = (body: string) => ({ type: 'text' as const, text: body })
async function write(phone: string, ...lines: string[]): Promise<string> {
  let last = ''
  for (const line of lines) {
    const event = inboundText(account, phone, line)
    last = event.externalId
    await ingress.accept(webhook(event))
  }
  return (await db.owner.query('SELECT conversation_id FROM message_tracking WHERE wamid = $1', [last])).rows[0].conversation_id
}
const replies = async (id: string): Promise<string[]> =>
  (
    await db.owner.query(`SELECT content FROM messages WHERE conversation_id = $1 AND direction = 'outbound' ORDER BY seq`, [
      id,
    ])
  ).rows.map((row) => row.content)
const control = async (id: string): Promise<string> =>
  (await db.owner.query('SELECT control FROM conversations WHERE id = $1', [id])).rows[0].control

test('several quick lines are one turn and get one answer', async () => {
  const id = await write(`1650${digits(7)}`, 'hello', 'my tap', 'is dripping')
  await start(
    answerer(async (turn) => ({
      kind: 'reply',
      bodies: [text(`heard ${turn.unanswered.map((line) => line.text).join(' ')}`)],
    })),
  ).idle()
  expect(await replies(id)).toEqual(['heard hello my tap is dripping'])
})

test('a line that comes while the answer is composed gets a turn of its own', async () => {
  const phone = `1650${digits(7)}`
  const id = await write(phone, 'first')
  let calls = 0
  await start(
    answerer(async (turn) => {
      calls += 1
      if (calls === 1) await write(phone, 'second')
      return { kind: 'reply', bodies: [text(turn.unanswered.map((line) => line.text).join('+'))] }
    }),
  ).idle()
  expect(await replies(id)).toEqual(['first', 'second'])
})

test('what was composed when a person took over is never sent', async () => {
  const id = await write(`1650${digits(7)}`, 'is anybody there?')
  await start(
    answerer(async () => {
      await inTenant(db, account.tenantId, (tx) =>
        queueReply({ channels }, tx, {
          conversationId: id,
          author: { sender: 'human', actor: 'test' },
          body: text('I am, hello!'),
        }),
      )
      return { kind: 'reply', bodies: [text('I am a machine')] }
    }),
  ).idle()
  expect(await replies(id)).toEqual(['I am, hello!'])
  expect(await control(id)).toBe('human')
})

test("a turn whose lease ran out is fenced: the late answer is dropped, the new holder's stands", async () => {
  const id = await write(`1650${digits(7)}`, 'slow please')
  let release: (verdict: Verdict) => void = () => {}
  let calls = 0
  const slow = answerer(() => {
    calls += 1
    return calls === 1
      ? new Promise((resolve) => {
          release = resolve
        })
      : Promise.resolve({ kind: 'reply' as const, bodies: [text('the second holder')] })
  })
  start(slow)
  for (let i = 0; i < 300 && calls === 0; i++) await new Promise((resolve) => setTimeout(resolve, 10))
  // As if this process had not been able to keep its lease: frozen, or cut off from the database.
  await db.owner.query(`UPDATE conversation_lanes SET lease_until = '-infinity' WHERE conversation_id = $1`, [id])
  for (let i = 0; i < 300 && (await replies(id)).length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 10))
  release({ kind: 'reply', bodies: [text('too late')] })
  await turns?.stop()
  expect(await replies(id)).toEqual(['the second holder'])
})

test('an answerer that hands over, or is not there, or fails again and again, leaves the conversation to people', async () => {
  const handed = await write(`1650${digits(7)}`, 'a person please')
  await start(
    answerer(async () => ({ kind: 'hand_over', to: 'human', reason: 'asked for a person', bodies: [text('One moment.')] })),
  ).idle()
  expect([await control(handed), await replies(handed)]).toEqual(['human', ['One moment.']])
  await turns?.stop()
  const orphan = await write(`1650${digits(7)}`, 'hello?')
  await start({ ...answerer(async () => ({ kind: 'silence' })), name: 'another' }).idle()
  expect(await control(orphan)).toBe('human')
  await turns?.stop()
  const broken = await write(`1650${digits(7)}`, 'hello?')
  start(
    answerer(async () => {
      throw new Error('model is down')
    }),
  )
  for (let i = 0; i < 600 && (await control(broken)) !== 'human'; i++) {
    await db.owner.query(`UPDATE conversation_lanes SET ready_at = now() WHERE conversation_id = $1 AND ready_at > now()`, [
      broken,
    ])
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  expect([await control(broken), await replies(broken)]).toEqual(['human', []])
})
