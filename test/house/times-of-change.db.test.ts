import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addTwilioAccount, addWhatsAppAccount } from '../../src/conversations/accounts.ts'
import { addInternal } from '../../src/conversations/internal-lines.ts'
import { receiveBatch } from '../../src/conversations/receive.ts'
import { queueReply } from '../../src/conversations/reply.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { readBusiness } from '../../src/tenancy/business.ts'
import { addMember } from '../../src/tenancy/tenants.ts'
import { inboundText, makeAccount, type TestAccount, webhook } from '../world/arrange.ts'
import { fillCalls } from '../world/calls.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'
import { fillLaterTables } from '../world/later-tables.ts'
import { silent, testSecrets } from '../world/people.ts'
import { fillScheduling } from '../world/scheduling.ts'
import { scriptedChannel } from '../world/scripted-channel.ts'

let db: TestDatabase
let account: TestAccount
let conversationId: string
beforeAll(async () => {
  db = await createTestDatabase()
  account = await makeAccount(db)
  await receiveBatch({ db, log: silent }, [webhook(inboundText(account, '16505550101', 'one'))])
  conversationId = (await db.owner.query('SELECT id FROM conversations')).rows[0].id
})
afterAll(() => db.drop())

/** A row in every table that has a time of change, made the way the server makes it where it does yet. */
async function rowsEverywhere(): Promise<void> {
  const { tenantId, accountId } = account
  await inTenant(db, tenantId, async (tx) => {
    await addMember(tx, { email: 'm@change.example', password: 'a long password', firstName: 'M', lastName: '', role: 'agent' })
    await addWhatsAppAccount(tx, testSecrets(), {
      ...{ phoneNumberId: '1', wabaId: '2', name: 'Second', address: '+15550100', accessToken: 'token' },
    })
    await addTwilioAccount(tx, testSecrets(), {
      ...{
        channel: 'sms',
        number: '+15550101',
        accountSid: `AC${'1'.repeat(32)}`,
        authToken: 'a token',
        name: 'SMS',
        appSlug: 'x',
      },
    })
    await readBusiness(tx)
    await tx.query(`INSERT INTO labels (tenant_id, name) VALUES ($1, 'VIP')`, [tenantId])
    await tx.query(
      `INSERT INTO templates (tenant_id, channel_account_id, name, language, category, status, components) VALUES ($1, $2, 'n', 'en', 'UTILITY', 'APPROVED', '[]')`,
      [tenantId, accountId],
    )
    await tx.query(`INSERT INTO conversation_context (tenant_id, conversation_id, key, value) VALUES ($1, $2, 'k', '1')`, [
      tenantId,
      conversationId,
    ])
    await tx.query(`INSERT INTO contact_centres (tenant_id, name, slug) VALUES ($1, 'genesys', 'x')`, [tenantId])
    await fillLaterTables(tx, accountId)
    await fillCalls(tx, { accountId, conversationId })
    await fillScheduling(tx)
  })
}

describe('the time of change', () => {
  test('moves with a change of any row of any table that has one, and is set by the one function for it', async () => {
    await rowsEverywhere()
    const { rows: tables } = await db.owner.query<{ name: string; triggers: number }>(
      `SELECT c.relname AS name, (SELECT count(*)::int FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
                WHERE t.tgrelid = c.oid AND t.tgenabled = 'O' AND p.proname = 'update_updated_at_column') AS triggers
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'updated_at' AND NOT a.attisdropped
        WHERE c.relnamespace = 'parley'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1`,
    )
    expect(tables.length).toBeGreaterThan(15)
    expect(tables.filter(({ triggers }) => triggers !== 1)).toEqual([])
    const checked: string[] = []
    for (const { name } of tables) {
      await db.owner.query(`ALTER TABLE ${name} DISABLE TRIGGER USER`)
      const { rowCount } = await db.owner.query(`UPDATE ${name} SET updated_at = '2020-01-01'`)
      await db.owner.query(`ALTER TABLE ${name} ENABLE TRIGGER USER`)
      if (!rowCount) continue
      const old = async () =>
        (await db.owner.query(`SELECT count(*)::int AS n FROM ${name} WHERE updated_at < '2021-01-01'`)).rows[0].n
      await db.owner.query(`SELECT * FROM ${name}`)
      expect([name, await old()]).toEqual([name, rowCount])
      await db.owner.query(`UPDATE ${name} SET ${columnOf(name)} = ${columnOf(name)}`)
      expect([name, await old()]).toEqual([name, 0])
      checked.push(name)
    }
    // Without a row here: what nothing makes yet, or what has tests where it is made.
    const without = tables.map(({ name }) => name).filter((name) => !checked.includes(name))
    expect(without.filter((name) => !['conversation_mappings', 'media_objects', 'user_preferences'].includes(name))).toEqual([])
  })
  test('set by a statement itself stands', async () => {
    const at = new Date('2030-01-01T00:00:00Z')
    await db.owner.query('UPDATE conversations SET updated_at = $1', [at])
    expect((await db.owner.query('SELECT updated_at FROM conversations')).rows[0].updated_at).toEqual(at)
  })
})

/** Numbers move many times a second for their pace, which is no change to anybody. */
const columnOf = (table: string) => (table === 'channel_accounts' ? 'name' : 'created_at')

test('the counters of a conversation equal its messages, whoever wrote them, also when everything comes at once and twice', async () => {
  const channel = scriptedChannel()
  const events = Array.from({ length: 20 }, (_, n) => inboundText(account, '16505550101', `line ${n}`))
  await Promise.all([...events, ...events].map((event) => receiveBatch({ db, log: silent }, [webhook(event)])))
  const say = (sender: 'human' | 'ai' | 'system', text: string) =>
    inTenant(db, account.tenantId, (tx) =>
      queueReply({ channels: new Map([['whatsapp-cloud', channel]]) }, tx, {
        conversationId,
        author: { sender, actor: 'system' },
        body: { type: 'text', text },
      }),
    )
  await Promise.all([say('human', 'a'), say('human', 'b'), say('ai', 'c'), say('ai', 'd'), say('ai', 'e'), say('system', 'f')])
  await inTenant(db, account.tenantId, (tx) =>
    addInternal(tx, {
      ...{ conversationId, type: 'note', text: 'between us', body: {} },
      actor: { label: 'system' },
    }),
  )
  const { rows } = await db.owner.query(
    `SELECT c.message_count, c.human_message_count, c.ai_message_count, c.unread_count, c.last_seq,
            count(*) FILTER (WHERE m.direction <> 'internal')::int AS said,
            count(*) FILTER (WHERE m.sender = 'human' AND m.direction = 'outbound')::int AS human,
            count(*) FILTER (WHERE m.sender = 'ai')::int AS ai,
            count(*) FILTER (WHERE m.direction = 'inbound')::int AS inbound, count(*)::int AS lines, max(m.seq)::int AS seq
       FROM conversations c JOIN messages m ON m.tenant_id = c.tenant_id AND m.conversation_id = c.id WHERE c.id = $1 GROUP BY c.tenant_id, c.id`,
    [conversationId],
  )
  expect(rows).toEqual([
    {
      ...{ message_count: 27, said: 27, human_message_count: 2, human: 2, ai_message_count: 3, ai: 3 },
      ...{ unread_count: expect.any(Number), inbound: 21, last_seq: 28, lines: 28, seq: 28 },
    },
  ])
})
