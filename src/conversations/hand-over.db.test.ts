import { afterAll, beforeAll, expect, test } from 'vitest'
import { digits, inboundText, makeAccount, type TestAccount, webhook } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { races } from '../../test/world/races.ts'
import { scriptedChannel } from '../../test/world/scripted-channel.ts'
import { inTenant } from '../platform/db/tx.ts'
import { createLogger } from '../platform/log.ts'
import type { Answerer } from '../ports/answerer.ts'
import { handOver } from './hand-over.ts'
import { receiveBatch } from './receive.ts'
import { queueReply } from './reply.ts'
import { startTurns } from './turn.ts'
import type { Control } from './turn-rules.ts'

let db: TestDatabase
let account: TestAccount
const log = createLogger({ level: 'CRITICAL' })
const channel = scriptedChannel()
const channels = new Map([[channel.provider, channel]])
beforeAll(async () => {
  db = await createTestDatabase()
  account = await makeAccount(db)
})
afterAll(() => db.drop())

async function thread(): Promise<{ id: string; phone: string }> {
  const phone = `1650${digits(7)}`
  const event = inboundText(account, phone, 'hello')
  await receiveBatch({ db, log }, [webhook(event)])
  const { rows } = await db.owner.query('SELECT conversation_id AS id FROM message_tracking WHERE wamid = $1', [
    event.externalId,
  ])
  return { id: rows[0].id, phone }
}
const give = (id: string, to: Control) =>
  inTenant(db, account.tenantId, (tx) => handOver(tx, { conversationId: id, to, reason: 'test', actor: 'test' }))
const lanes = async (id: string) =>
  (
    await db.owner.query(
      `SELECT kind, ready_at IS NOT NULL AS ready, done_seq FROM conversation_lanes WHERE conversation_id = $1 ORDER BY kind`,
      [id],
    )
  ).rows

test('whoever gets a conversation gets the lines that nobody has answered; whoever loses it gets none', async () => {
  const { id, phone } = await thread()
  expect(await give(id, 'human')).toBe(false)
  expect(await give(id, 'agent')).toBe(true)
  expect(await lanes(id)).toEqual([{ kind: 'bridge', ready: true, done_seq: 0 }])
  await give(id, 'human')
  await inTenant(db, account.tenantId, (tx) =>
    queueReply({ channels }, tx, {
      conversationId: id,
      author: { sender: 'human', actor: 'x' },
      body: { type: 'text', text: 'hi' },
    }),
  )
  await receiveBatch({ db, log }, [webhook(inboundText(account, phone, 'still there?'))])
  expect((await lanes(id)).find(({ kind }) => kind === 'bridge')).toMatchObject({ ready: false })
  await give(id, 'bot')
  const answered = (
    await db.owner.query(`SELECT max(seq) AS seq FROM messages WHERE conversation_id = $1 AND direction = 'outbound'`, [id])
  ).rows[0].seq
  expect((await lanes(id)).find(({ kind }) => kind === 'turn')).toEqual({ kind: 'turn', ready: true, done_seq: answered })
})

test('a line of somebody whose conversation was given away on an account that people answer wakes who has it', async () => {
  const { id, phone } = await thread()
  await give(id, 'agent')
  await db.owner.query(`UPDATE conversation_lanes SET ready_at = NULL WHERE conversation_id = $1`, [id])
  await receiveBatch({ db, log }, [webhook(inboundText(account, phone, 'another line'))])
  expect(await lanes(id)).toMatchObject([{ kind: 'bridge', ready: true }])
})

/**
 * Thousands of hand-overs, with everybody writing all the time. The thread keeps the order: between two lines that say who has
 * it now, only that one may have spoken.
 */
test(`through ${races} hand-overs at random there is one owner at each instant, and nobody else is ever heard`, async () => {
  const threads = await Promise.all(Array.from({ length: 8 }, thread))
  const owners: Control[] = ['human', 'agent', 'bot', 'ai', 'none']
  let seed = 20261126
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed % below
  }
  // The assistant thinks while others take over: what it proposes then must never be said.
  const machine = (name: string, sender: 'ai' | 'system'): Answerer => ({
    ...{ name, sender },
    async takeTurn() {
      await new Promise((resolve) => setTimeout(resolve, random(4)))
      return { kind: 'reply', bodies: [{ type: 'text', text: `${name} says` }] }
    },
  })
  await db.owner.query(`UPDATE channel_accounts SET answerer = 'rules' WHERE tenant_id = $1`, [account.tenantId])
  const answerers = new Map([machine('rules', 'system'), machine('assistant', 'ai')].map((one) => [one.name, one]))
  const turns = startTurns({ db, log, channels, answerers }, { pollMs: 5 })
  let handed = 0
  await Promise.all(
    threads.map(async ({ id, phone }) => {
      while (handed < races) {
        // Several in one transaction are several all the same: each takes its own place in the thread.
        await inTenant(db, account.tenantId, async (tx) => {
          for (let n = 0; n < 10; n++) {
            if (
              await handOver(tx, {
                conversationId: id,
                to: owners[random(owners.length)] as Control,
                reason: '',
                actor: 'test',
              })
            )
              handed += 1
          }
        })
        if (random(3) === 0) await receiveBatch({ db, log }, [webhook(inboundText(account, phone, 'line'))])
        if (random(3) === 0)
          await inTenant(db, account.tenantId, async (tx) => {
            // As the contact centre's webhook does: under the lock, and only where the agents have it.
            const { rows } = await tx.query<{ control: string }>(
              'SELECT control FROM conversations WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE',
              [tx.tenantId, id],
            )
            if (rows[0]?.control !== 'agent') return
            await queueReply({ channels }, tx, {
              conversationId: id,
              author: { sender: 'agent', actor: 'x' },
              body: { type: 'text', text: 'agent says' },
            })
          })
        if (random(10) === 0)
          await inTenant(db, account.tenantId, (tx) =>
            queueReply({ channels }, tx, {
              conversationId: id,
              author: { sender: 'human', actor: 'x' },
              body: { type: 'text', text: 'I say' },
            }),
          )
      }
    }),
  )
  await turns.stop()
  expect(handed).toBeGreaterThanOrEqual(races)
  const speaker: Record<string, Control> = { human: 'human', agent: 'agent', ai: 'ai', system: 'bot' }
  let said = 0
  const wrong: unknown[] = []
  for (const { id } of threads) {
    const { rows } = await db.owner.query(
      `SELECT seq, direction, sender, body FROM messages WHERE conversation_id = $1 ORDER BY seq`,
      [id],
    )
    let owner: Control = 'human'
    for (const [n, row] of rows.entries()) {
      if (row.seq !== n + 1) wrong.push({ id, gap: row.seq })
      if (row.direction === 'internal') {
        if (row.body.data.from !== owner) wrong.push({ id, seq: row.seq, had: owner, from: row.body.data.from })
        owner = row.body.data.to
      } else if (row.direction === 'outbound') {
        said += 1
        if (speaker[row.sender] !== owner) wrong.push({ id, seq: row.seq, owner, spoke: row.sender })
      }
    }
    const { rows: now } = await db.owner.query('SELECT control FROM conversations WHERE id = $1', [id])
    if (now[0].control !== owner) wrong.push({ id, ends: owner, control: now[0].control })
  }
  expect(wrong).toEqual([])
  expect(said).toBeGreaterThan(races / 50)
}, 180_000)
