import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { digits, inboundText, makeAccount, type TestAccount, webhook } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { races } from '../../test/world/races.ts'
import { scriptedChannel } from '../../test/world/scripted-channel.ts'
import { until } from '../../test/world/until.ts'
import { newId } from '../kernel/ids.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createLogger } from '../platform/log.ts'
import type { Worker } from '../platform/worker.ts'
import type { Answerer, Turn, Verdict } from '../ports/answerer.ts'
import { changePreferences } from '../tenancy/profile.ts'
import { consentSigns } from './consent-signs.ts'
import { contactByPhone, openConversation } from './contacts.ts'
import { handOver } from './hand-over.ts'
import { receiveBatch } from './receive.ts'
import { type Author, queueReply } from './reply.ts'
import { startTurns } from './turn.ts'
import type { Control } from './turn-rules.ts'

let db: TestDatabase
let account: TestAccount
let phone: string
const takers: Worker[] = []
const log = createLogger({ level: 'CRITICAL' })
const scripted = scriptedChannel()
const channel = { ...scripted, capabilities: { ...scripted.capabilities, carrierKeywords: true } }
const channels = new Map([[channel.provider, channel]])

/** Nobody waits here: time is moved on. */
let ahead = 0
const now = () => new Date(Date.now() + ahead)
const wait = (seconds: number) => {
  ahead += seconds * 1000
}

beforeAll(async () => {
  db = await createTestDatabase()
})
beforeEach(async () => {
  account = await makeAccount(db, { answerer: 'assistant' })
  phone = `1650${digits(7)}`
  ahead = 0
})
afterEach(async () => {
  for (const taker of takers.splice(0)) await taker.stop()
  await db.owner.query('UPDATE conversation_lanes SET ready_at = NULL')
})
afterAll(() => db.drop())

const heard = (turn: Turn): Verdict => ({
  kind: 'reply',
  bodies: [{ type: 'text', text: `heard ${turn.unanswered.map((line) => line.text).join(' + ')}` }],
})
const assistant = (takeTurn: (turn: Turn) => Promise<Verdict> = async (turn) => heard(turn)): Answerer => ({
  ...{ name: 'assistant', sender: 'ai', takeTurn },
})
/** A process. It only works when it is asked to. */
const start = (answerer = assistant()): Worker => {
  const taker = startTurns({ db, log, channels, answerers: new Map([[answerer.name, answerer]]), now }, { pollMs: 3_600_000 })
  takers.push(taker)
  return taker
}
async function says(...lines: string[]): Promise<string> {
  let id = ''
  for (const text of lines) {
    const event = inboundText(account, phone, text)
    const signs = consentSigns(channel, [event])
    await receiveBatch({ db, log, now }, [{ ...webhook(event), ...(signs ? { signs } : {}) }])
    id = (await db.owner.query('SELECT conversation_id FROM message_tracking WHERE wamid = $1', [event.externalId])).rows[0]
      .conversation_id
  }
  return id
}
const writes = (id: string, text: string, sender: Author['sender'] = 'human') =>
  inTenant(db, account.tenantId, (tx) =>
    queueReply({ channels }, tx, {
      conversationId: id,
      author: { sender, actor: 'test' },
      body: { type: 'text', text },
    }),
  )
const give = (id: string, to: Control) =>
  inTenant(db, account.tenantId, (tx) => handOver(tx, { conversationId: id, to, reason: 'test', actor: 'test' }))
const replies = async (id: string): Promise<string[]> =>
  (
    await db.owner.query(`SELECT content FROM messages WHERE conversation_id = $1 AND direction = 'outbound' ORDER BY seq`, [
      id,
    ])
  ).rows.map((row) => row.content)
const control = async (id: string): Promise<string> =>
  (await db.owner.query('SELECT control FROM conversations WHERE id = $1', [id])).rows[0].control
const settings = (delay: number) =>
  db.owner.query(`INSERT INTO business_settings (tenant_id, ai_takeover_delay) VALUES ($1, $2)`, [account.tenantId, delay])

test('nobody answers for sixty seconds: four lines get one answer, and not a moment before', async () => {
  const turns = start()
  const id = await says('hello', 'my tap', 'is dripping')
  wait(30)
  await says('is anybody there?')
  wait(29)
  await turns.idle()
  expect([await control(id), await replies(id)]).toEqual(['none', []])
  wait(1.1)
  await turns.idle()
  expect([await control(id), await replies(id)]).toEqual(['ai', ['heard hello + my tap + is dripping + is anybody there?']])
  wait(600)
  await turns.idle()
  expect(await replies(id)).toHaveLength(1)
})

test('the process is restarted at second thirty: still exactly one answer, on time', async () => {
  const first = start()
  const id = await says('hello')
  wait(30)
  await first.idle()
  await first.stop()
  const [second, third] = [start(), start()]
  wait(29)
  await second.idle()
  expect(await replies(id)).toEqual([])
  wait(2)
  await Promise.all([second.idle(), third.idle()])
  await second.idle()
  expect(await replies(id)).toEqual(['heard hello'])
})

test('a process that ends while its assistant thinks is followed by another, and the customer hears one answer', async () => {
  const id = await says('hello')
  wait(61)
  let asked = 0
  const dying = start(
    assistant(() => {
      asked += 1
      return new Promise((resolve) => setTimeout(() => resolve({ kind: 'silence' }), 500))
    }),
  )
  void dying.idle()
  await until('it thinks', async () => asked === 1)
  // As if it had been killed: its lease runs out.
  await db.owner.query(`UPDATE conversation_lanes SET lease_until = '-infinity' WHERE conversation_id = $1`, [id])
  await start().idle()
  await dying.stop()
  expect(await replies(id)).toEqual(['heard hello'])
})

test('a person who answers at second 59.9 has it: the assistant says nothing, then or later', async () => {
  const turns = start()
  const id = await says('hello')
  wait(59.9)
  await turns.idle()
  await writes(id, 'Hi, I am here')
  wait(60)
  await says('thank you')
  wait(600)
  await turns.idle()
  expect([await control(id), await replies(id)]).toEqual(['human', ['Hi, I am here']])
})

test('a person who answers, or only takes over, while the assistant thinks: what it composed is never sent', async () => {
  for (const takesOver of [(id: string) => writes(id, 'Hi'), (id: string) => give(id, 'human')]) {
    phone = `1650${digits(7)}`
    const id = await says('hello')
    wait(61)
    await start(
      assistant(async (turn) => {
        if (turn.conversationId === id) await takesOver(id)
        return heard(turn)
      }),
    ).idle()
    expect(await control(id)).toBe('human')
    expect((await replies(id)).filter((text) => text.startsWith('heard'))).toEqual([])
  }
})

test('handed back it answers at once, and each line after that; taken over it is silent again', async () => {
  const turns = start()
  const id = await says('hello')
  await writes(id, 'Hi')
  await says('how much is it?')
  await turns.idle()
  await give(id, 'ai')
  await turns.idle()
  expect(await replies(id)).toEqual(['Hi', 'heard how much is it?'])
  await says('and when?')
  await turns.idle()
  expect(await replies(id)).toEqual(['Hi', 'heard how much is it?', 'heard and when?'])
  await give(id, 'human')
  await says('hm?')
  wait(600)
  await turns.idle()
  expect(await replies(id)).toHaveLength(3)
})

test('45 seconds where the business says 45, at once where it says 0', async () => {
  await settings(45)
  const turns = start()
  const id = await says('hello')
  wait(44)
  await turns.idle()
  expect(await replies(id)).toEqual([])
  wait(1.1)
  await turns.idle()
  expect(await replies(id)).toEqual(['heard hello'])
  account = await makeAccount(db, { answerer: 'assistant' })
  await settings(0)
  const soon = await says('hello again')
  await turns.idle()
  expect(await replies(soon)).toEqual(['heard hello again'])
})

/** A conversation that is given to somebody who said how long the assistant waits for them; null: as the business. */
async function assigned(delay: number | null): Promise<string> {
  const userId = newId()
  await db.owner.query('INSERT INTO users (id, email, password_hash) VALUES ($1, $2, $$x$$)', [
    userId,
    `${userId}@business.example`,
  ])
  await db.owner.query(`INSERT INTO user_profiles (tenant_id, user_id, role) VALUES ($1, $2, 'agent')`, [
    account.tenantId,
    userId,
  ])
  // Another preference is saved too: it says nothing about the time.
  await changePreferences(db, userId, { notificationSms: false })
  if (delay !== null) await changePreferences(db, userId, { aiTakeoverDelay: delay })
  const contact = await inTenant(db, account.tenantId, (tx) => contactByPhone(tx, `+${phone}`))
  const id = await inTenant(db, account.tenantId, (tx) => openConversation(tx, account.accountId, contact))
  await db.owner.query('UPDATE conversations SET assignee_id = $2 WHERE id = $1', [id, userId])
  return id
}

test.each([
  ['the wish of whoever the conversation is assigned to counts before that of the business', 120, 45, 120],
  ['who said nothing about it has the time of the business, whatever else they prefer', null, 45, 45],
  ['where nobody said anything it is a minute', null, null, 60],
])('%s', async (_, own, business, seconds) => {
  if (business !== null) await settings(business)
  const id = await assigned(own)
  const turns = start()
  expect(await says('hello')).toBe(id)
  wait(seconds - 1)
  await turns.idle()
  expect(await replies(id)).toEqual([])
  wait(1.1)
  await turns.idle()
  expect(await replies(id)).toEqual(['heard hello'])
})

test('a text for a missed call is no answer: the reply to it waits for a person, then gets one', async () => {
  const turns = start()
  const contact = await inTenant(db, account.tenantId, (tx) => contactByPhone(tx, `+${phone}`))
  const id = await inTenant(db, account.tenantId, (tx) => openConversation(tx, account.accountId, contact))
  await db.owner.query(`UPDATE conversations SET window_expires_at = now() + interval '1 hour' WHERE id = $1`, [id])
  await writes(id, 'Sorry, we missed your call.', 'system')
  expect(await says('My boiler is cold')).toBe(id)
  await writes(id, 'Sorry, we missed your call.', 'system')
  wait(61)
  await turns.idle()
  expect((await replies(id)).at(-1)).toBe('heard My boiler is cold')
})

test('nobody pays for it who does not use it: no timer, no turn', async () => {
  account = await makeAccount(db)
  const id = await says('hello', 'hello?')
  expect((await db.owner.query('SELECT FROM conversation_lanes WHERE conversation_id = $1', [id])).rowCount).toBe(0)
  expect(await control(id)).toBe('human')
})

test('STOP is nobody’s turn, and an answer from the business’s own telephone is a person’s', async () => {
  const turns = start()
  const stopped = await says('STOP')
  phone = `1650${digits(7)}`
  const id = await says('hello')
  wait(10)
  await receiveBatch({ db, log, now }, [webhook(inboundText(account, phone, 'On my way!', { direction: 'echo' }))])
  wait(60)
  await turns.idle()
  expect([await control(stopped), await replies(stopped)]).toEqual(['none', []])
  expect([await control(id), await replies(id)]).toEqual(['human', ['On my way!']])
  const told = await db.owner.query(
    `SELECT data FROM events WHERE conversation_id = $1 AND type = 'conversation.handed_over'`,
    [id],
  )
  expect(told.rows).toEqual([{ data: { from: 'none', to: 'human', reason: '' } }])
})

test('HELP and START alone are nobody’s turn, but what was written before them is still answered; after STOP nothing is', async () => {
  const turns = start()
  const alone = await says('HELP')
  wait(61)
  await turns.idle()
  expect(await replies(alone)).toEqual([])
  for (const [word, answers] of [
    ['HELP', ['heard my pipe burst + HELP']],
    ['START', ['heard my pipe burst + START']],
    ['STOP', []],
  ] as const) {
    phone = `1650${digits(7)}`
    const id = await says('my pipe burst', word)
    wait(61)
    await turns.idle()
    expect(await replies(id)).toEqual(answers)
  }
})

test('where the assistant was taken off the account meanwhile, people have the conversation', async () => {
  const id = await says('hello')
  await db.owner.query(`UPDATE channel_accounts SET answerer = 'human' WHERE id = $1`, [account.accountId])
  wait(61)
  await start().idle()
  expect([await control(id), await replies(id)]).toEqual(['human', []])
})

test('what was let go of is anybody’s again: only what comes then is waited for and answered', async () => {
  const turns = start()
  const id = await says('hello')
  await writes(id, 'Done!')
  await says('thanks')
  await give(id, 'none')
  wait(600)
  await turns.idle()
  expect(await replies(id)).toEqual(['Done!'])
  await says('It drips again')
  wait(61)
  await turns.idle()
  expect(await replies(id)).toEqual(['Done!', 'heard It drips again'])
})

/**
 * People and the assistant after the same conversations, thousands of times, while customers write. The thread keeps the order:
 * between two lines that say who has it now only that one may have spoken.
 */
test(`through ${races} races there is one owner at each instant, and the assistant is never heard late`, async () => {
  await settings(0)
  const threads = await Promise.all(
    Array.from({ length: 8 }, async () => {
      phone = `1650${digits(7)}`
      return { phone, id: await says('hello') }
    }),
  )
  let seed = 20261127
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed % below
  }
  const thinking = assistant(async () => {
    await new Promise((resolve) => setTimeout(resolve, random(4)))
    return { kind: 'reply', bodies: [{ type: 'text', text: 'the assistant says' }] }
  })
  const turns = startTurns({ db, log, channels, answerers: new Map([['assistant', thinking]]) }, { pollMs: 5 })
  const owners: Control[] = ['human', 'ai', 'none']
  let raced = 0
  await Promise.all(
    threads.map(async ({ id, phone: number }) => {
      while (raced < races) {
        await inTenant(db, account.tenantId, async (tx) => {
          for (let n = 0; n < 20; n++) {
            const to = owners[random(owners.length)] as Control
            if (await handOver(tx, { conversationId: id, to, reason: '', actor: 'test' })) raced += 1
          }
        })
        if (random(2) === 0) await receiveBatch({ db, log }, [webhook(inboundText(account, number, 'line'))])
        // As quick as people are, at their quickest: now and then the assistant gets a word in.
        await new Promise((resolve) => setTimeout(resolve, random(25)))
        if (random(6) === 0) await writes(id, 'I say')
      }
    }),
  )
  await turns.stop()
  const speaker: Record<string, Control> = { human: 'human', ai: 'ai' }
  let heardAssistant = 0
  const wrong: unknown[] = []
  for (const { id } of threads) {
    const { rows } = await db.owner.query(
      'SELECT seq, direction, sender, body FROM messages WHERE conversation_id = $1 ORDER BY seq',
      [id],
    )
    let owner: Control = 'none'
    for (const [n, row] of rows.entries()) {
      if (row.seq !== n + 1) wrong.push({ id, gap: row.seq })
      if (row.direction === 'internal') {
        if (row.body.data.from !== owner) wrong.push({ id, seq: row.seq, had: owner, from: row.body.data.from })
        owner = row.body.data.to
      } else if (row.direction === 'outbound') {
        if (row.sender === 'ai') heardAssistant += 1
        if (speaker[row.sender] !== owner) wrong.push({ id, seq: row.seq, owner, spoke: row.sender })
      }
    }
    if ((await control(id)) !== owner) wrong.push({ id, ends: owner })
  }
  expect(wrong).toEqual([])
  expect(raced).toBeGreaterThanOrEqual(races)
  expect(heardAssistant).toBeGreaterThan(races / 200)
}, 120_000)
