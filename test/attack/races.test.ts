/** Two servers on one database, everything at once: nothing lost, nothing doubled, nothing out of order. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type DispatchDeps, startDispatcher } from '../../src/conversations/dispatch.ts'
import { createIngress } from '../../src/conversations/ingress.ts'
import { receiveBatch } from '../../src/conversations/receive.ts'
import { queueReply } from '../../src/conversations/reply.ts'
import { type InboxDeps, patch } from '../../src/inbox/verbs.ts'
import { createFolderStore } from '../../src/platform/blobs.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { createLogger } from '../../src/platform/log.ts'
import { createSecrets } from '../../src/platform/secrets.ts'
import { digits, inboundText, makeAccount, receipt, type TestAccount, webhook } from '../world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'
import { scriptedChannel } from '../world/scripted-channel.ts'
import { until } from '../world/until.ts'

let db: TestDatabase
let account: TestAccount
let folder: string
const lines: string[] = []
const log = createLogger({ level: 'WARN', write: (line) => lines.push(line) })
const channel = scriptedChannel()
beforeAll(async () => {
  db = await createTestDatabase()
  folder = await mkdtemp(join(tmpdir(), 'parley-attack-'))
})
beforeEach(async () => {
  account = await makeAccount(db)
  channel.sent.length = 0
  lines.length = 0
})
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
const inbox = () => ({ ...deps(), wakeDispatch: () => {}, changed: () => {} }) as unknown as InboxDeps
const count = async (sql: string, ...values: unknown[]) => (await db.owner.query(sql, values)).rows[0]

test('an event that lost a race beside a poisonous one is stored', async () => {
  const poison = inboundText(account, '16505550001', 'x', { externalId: 'w'.repeat(600) })
  const good = inboundText(account, `1650${digits(7)}`, 'hello')
  await db.owner.query('CREATE SEQUENCE parley.raced')
  await db.owner.query('GRANT USAGE ON SEQUENCE parley.raced TO parley_system')
  await db.owner.query(`CREATE FUNCTION parley.race() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF length(NEW.wamid) < 100 AND nextval('parley.raced') = 2 THEN RAISE EXCEPTION 'duplicate key' USING ERRCODE = '23505'; END IF; RETURN NEW; END $$`)
  await db.owner.query(
    'CREATE TRIGGER race BEFORE INSERT ON parley.message_tracking FOR EACH ROW EXECUTE FUNCTION parley.race()',
  )
  const outcome = await receiveBatch({ db, log }, [webhook(poison, good)])
    .then(
      () => 'acknowledged',
      () => 'sent again later',
    )
    .finally(() => db.owner.query('DROP FUNCTION parley.race CASCADE; DROP SEQUENCE parley.raced'))
  const { n } = await count('SELECT count(*) AS n FROM message_tracking WHERE wamid = $1', good.externalId)
  expect(outcome === 'acknowledged' ? Number(n) : 1).toBe(1)
})

test('customers write, agents answer and close, receipts come twice and late, on two servers: all of it adds up', {
  timeout: 120_000,
}, async () => {
  const servers = [createIngress({ db, log }), createIngress({ db, log })]
  const dispatchers = [startDispatcher(deps(), { pollMs: 20 }), startDispatcher(deps(), { pollMs: 20 })]
  const phones = Array.from({ length: 6 }, () => `1650${digits(7)}`)
  const written: string[] = []
  const replies: string[] = []
  const problems: string[] = []
  let done = false
  const random = (n: number) => Math.floor(Math.random() * n)
  const pick = <T>(list: T[]): T => list[random(list.length)] as T
  const customer = async (phone: string) => {
    for (let i = 0; i < 40; i++) {
      const both = Math.random() < 0.5
      const person = {
        identities: [
          { kind: 'bsuid' as const, value: `US.${phone}`, scope: 'portfolio' as const },
          ...(both ? [{ kind: 'wa_id' as const, value: phone, scope: '' as const }] : []),
        ],
        ...(both ? { phone: `+${phone}` } : {}),
      }
      const event = inboundText(account, phone, `${i}`, { person })
      written.push(event.externalId)
      await Promise.all([pick(servers).accept(webhook(event)), pick(servers).accept(webhook(event))])
    }
  }
  const agent = async () => {
    while (!done) {
      const { rows } = await db.owner.query<{ id: string }>('SELECT id FROM conversations WHERE tenant_id = $1', [
        account.tenantId,
      ])
      if (rows.length === 0) continue
      const { id } = pick(rows)
      const what = Math.random()
      const work =
        what < 0.3
          ? patch(inbox(), { tenantId: account.tenantId, role: 'agent', name: 'A', label: 'user:a' }, id, {
              status: what < 0.2 ? 'closed' : 'open',
            })
          : inTenant(db, account.tenantId, (tx) =>
              queueReply(deps(), tx, {
                conversationId: id,
                author: { sender: 'human', actor: 'a' },
                body: { type: 'text', text: 'r' },
              }),
            ).then(({ messageId }) => {
              replies.push(messageId)
              for (const dispatcher of dispatchers) dispatcher.wake()
            })
      await work.catch((error: Error & { code?: string }) => problems.push(`${error.code}: ${error.message}`))
    }
  }
  const receipts = async () => {
    while (!done) {
      const some = Array.from({ length: 5 }, () => pick(channel.sent)).filter(Boolean)
      await pick(servers).accept(
        webhook(
          ...some.map((m) =>
            receipt(account, `wamid.out.${m.messageId}`, pick(['sent', 'delivered', 'read']), { messageId: m.messageId }),
          ),
        ),
      )
    }
  }
  const others = [agent(), agent(), agent(), receipts(), receipts()]
  await Promise.all(phones.map(customer))
  done = true
  await Promise.all(others)
  for (const dispatcher of dispatchers) dispatcher.wake()
  const open = async () =>
    (
      await count(
        `SELECT count(*) AS n FROM message_tracking WHERE tenant_id = $1 AND status IN ('queued', 'sending')`,
        account.tenantId,
      )
    ).n
  await until('everything is sent', async () => Number(await open()) === 0, { timeoutMs: 8000, seen: open }).catch(
    (error: Error) => problems.push(error.message),
  )
  for (const dispatcher of dispatchers) await dispatcher.stop()
  const facts = await count(
    `SELECT (SELECT count(*) FROM message_tracking WHERE tenant_id = $1 AND direction = 'INBOUND')::int AS inbound,
            (SELECT count(*) FROM contacts WHERE tenant_id = $1)::int AS contacts,
            (SELECT count(*) FROM dead_letters WHERE tenant_id = $1)::int AS dead,
            (SELECT count(*) FROM (SELECT conversation_id, seq FROM messages WHERE tenant_id = $1 GROUP BY 1, 2 HAVING count(*) > 1) d)::int AS doubled_numbers,
            (SELECT count(*) FROM conversations c WHERE tenant_id = $1 AND last_seq <> (SELECT count(*) FROM messages m WHERE m.conversation_id = c.id))::int AS gaps`,
    account.tenantId,
  )
  const expected = (p: string) => /^(conflict|not_found)/.test(p)
  expect({
    ...facts,
    sent: channel.sent.length,
    distinct: new Set(channel.sent.map((m) => m.messageId)).size,
    problems: [...new Set(problems.filter((p) => !expected(p)))],
    logged: [...new Set(lines.map((line) => JSON.parse(line)).map((l) => `${l.message} ${l.error ?? ''}`))],
  }).toEqual({
    inbound: written.length,
    contacts: phones.length,
    dead: 0,
    doubled_numbers: 0,
    gaps: 0,
    sent: replies.length,
    distinct: replies.length,
    problems: [],
    logged: [],
  })
})
