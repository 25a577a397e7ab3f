import { afterAll, beforeAll, expect, test } from 'vitest'
import { digits, inboundText, makeAccount, makeTenant, receipt, type TestAccount, webhook } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { newId } from '../kernel/ids.ts'
import { createLogger } from '../platform/log.ts'
import { createIngress, type Ingress } from './ingress.ts'
import { receiveBatch } from './receive.ts'

let db: TestDatabase
let ingress: Ingress
let account: TestAccount
const log = createLogger({ level: 'CRITICAL' })

beforeAll(async () => {
  db = await createTestDatabase()
  account = await makeAccount(db)
  ingress = createIngress({ db, log })
})
afterAll(() => db.drop())

const count = async (sql: string, values: unknown[] = []): Promise<number> =>
  Number((await db.owner.query(sql, values)).rows[0].n)
const conversationsOf = (phone: string) =>
  db.owner.query(
    `SELECT c.* FROM conversations c JOIN contacts k ON k.tenant_id = c.tenant_id AND k.id = c.contact_id WHERE k.phone = $1 ORDER BY c.created_at`,
    [`+${phone}`],
  )

test('a first line makes one contact, one conversation, one message, one ledger row, one event and keeps the raw body', async () => {
  const phone = `1650${digits(7)}`
  const event = inboundText(account, phone, 'Is anybody there?')
  const hook = webhook(event)
  await ingress.accept(hook)
  const { rows } = await db.owner.query(
    `SELECT m.seq, m.content, m.body, t.status, t.wamid, c.unread_count, c.last_preview, c.window_expires_at > now() + interval '23 hours' AS window_open, k.name
       FROM messages m JOIN message_tracking t USING (tenant_id, id) JOIN conversations c ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id
       JOIN contacts k ON k.tenant_id = c.tenant_id AND k.id = c.contact_id WHERE t.wamid = $1`,
    [event.externalId],
  )
  expect(rows).toEqual([
    {
      seq: 1,
      content: 'Is anybody there?',
      body: { text: 'Is anybody there?' },
      status: 'received',
      wamid: event.externalId,
      unread_count: 1,
      last_preview: 'Is anybody there?',
      window_open: true,
      name: event.person.name,
    },
  ])
  const raw = await db.owner.query('SELECT payload, status, tenant_id FROM webhook_events WHERE id = $1', [hook.id])
  expect(raw.rows[0]).toMatchObject({ status: 'processed', tenant_id: account.tenantId })
  expect(raw.rows[0].payload.equals(hook.rawBody)).toBe(true)
  expect(
    await count(`SELECT count(*) n FROM events WHERE tenant_id = $1 AND type = 'message.received' AND data = '{}'`, [
      account.tenantId,
    ]),
  ).toBe(1)
})

test('the same message delivered fifty times at once is stored once', async () => {
  const event = inboundText(account, `1650${digits(7)}`, 'once')
  await Promise.all(Array.from({ length: 50 }, () => ingress.accept(webhook(event))))
  expect(await count('SELECT count(*) n FROM messages WHERE external_message_id = $1', [event.externalId])).toBe(1)
  expect(
    await count(
      'SELECT sum(unread_count) n FROM conversations c JOIN message_tracking t ON t.conversation_id = c.id WHERE t.wamid = $1',
      [event.externalId],
    ),
  ).toBe(1)
})

test('a hundred first messages of one new customer, through two servers at once, make one contact and one conversation in one order', async () => {
  const phone = `1650${digits(7)}`
  const other = createIngress({ db, log }, { writers: 3 })
  await Promise.all(
    Array.from({ length: 100 }, (_, i) => (i % 2 ? ingress : other).accept(webhook(inboundText(account, phone, `line ${i}`)))),
  )
  const { rows } = await conversationsOf(phone)
  expect(rows).toHaveLength(1)
  expect(rows[0]).toMatchObject({ last_seq: 100, message_count: 100, unread_count: 100 })
  const seqs = await db.owner.query('SELECT seq FROM messages WHERE conversation_id = $1 ORDER BY seq', [rows[0].id])
  expect(seqs.rows.map((row) => row.seq)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
})

test('the same customer on two numbers and at two businesses has separate conversations, and one contact in each business', async () => {
  const phone = `1650${digits(7)}`
  const second = await makeAccount(db, { tenantId: account.tenantId })
  const stranger = await makeAccount(db)
  await Promise.all([account, second, stranger].map((a) => ingress.accept(webhook(inboundText(a, phone, 'hello')))))
  const { rows } = await conversationsOf(phone)
  expect(rows).toHaveLength(3)
  expect(new Set(rows.map((row) => row.contact_id)).size).toBe(2)
  expect(rows.filter((row) => row.tenant_id === account.tenantId).map((row) => row.contact_id)).toEqual(
    [rows[0].contact_id, rows[0].contact_id].map(() => rows.find((r) => r.tenant_id === account.tenantId).contact_id),
  )
})

test('many new customers in parallel batches never deadlock and lose nothing', async () => {
  const phones = Array.from({ length: 40 }, () => `1650${digits(7)}`)
  const servers = [1, 2, 3].map(() => createIngress({ db, log }, { writers: 2, batchEvents: 25 }))
  const events = Array.from({ length: 600 }, (_, i) => inboundText(account, phones[(i * 7) % 40] as string, `n ${i}`))
  await Promise.all(events.map((event, i) => (servers[i % 3] as Ingress).accept(webhook(event))))
  expect(await count('SELECT count(*) n FROM message_tracking WHERE wamid = ANY($1)', [events.map((e) => e.externalId)])).toBe(
    600,
  )
  for (const phone of phones) expect((await conversationsOf(phone)).rows).toHaveLength(1)
})

test('a person seen by number and by business-scoped id is one contact, whichever came first', async () => {
  const phone = `1650${digits(7)}`
  const bsuid = `US.${digits(18)}`
  const both = {
    identities: [
      { kind: 'wa_id' as const, value: phone, scope: '' as const },
      { kind: 'bsuid' as const, value: bsuid, scope: 'portfolio' as const },
    ],
    phone: `+${phone}`,
  }
  const hidden = { identities: [{ kind: 'bsuid' as const, value: bsuid, scope: 'portfolio' as const }], name: 'Ana' }
  await ingress.accept(
    webhook(
      inboundText(account, phone, 'with number'),
      inboundText(account, phone, 'with both', { person: both }),
      inboundText(account, phone, 'hidden now', { person: hidden }),
    ),
  )
  const { rows } = await conversationsOf(phone)
  expect(rows).toHaveLength(1)
  expect(rows[0].last_seq).toBe(3)
  const first = `US.${digits(18)}`
  const laterPhone = `1650${digits(7)}`
  await ingress.accept(
    webhook(
      inboundText(account, '', 'no number', {
        person: { identities: [{ kind: 'bsuid', value: first, scope: 'portfolio' }], name: 'Bo' },
      }),
    ),
  )
  await ingress.accept(
    webhook(
      inboundText(account, laterPhone, 'number shared', {
        person: {
          identities: [
            { kind: 'wa_id', value: laterPhone, scope: '' },
            { kind: 'bsuid', value: first, scope: 'portfolio' },
          ],
          phone: `+${laterPhone}`,
        },
      }),
    ),
  )
  expect((await conversationsOf(laterPhone)).rows).toMatchObject([{ last_seq: 2 }])
})

test('a reaction neither reopens a closed conversation nor makes a new one; a line reopens it in time and starts anew later', async () => {
  const phone = `1650${digits(7)}`
  const line = inboundText(account, phone, 'thanks')
  await ingress.accept(webhook(line))
  const close = (ago: string) =>
    db.owner.query(
      `UPDATE conversations c SET status = 'closed', closed_at = now() - $2::interval FROM contacts k WHERE k.id = c.contact_id AND k.phone = $1 AND c.status = 'open'`,
      [`+${phone}`, ago],
    )
  await close('1 hour')
  await ingress.accept(
    webhook(
      inboundText(account, phone, '', {
        type: 'reaction',
        text: null,
        body: { emoji: '👍' },
        replyTo: line.externalId,
        conversational: false,
      }),
    ),
  )
  expect((await conversationsOf(phone)).rows).toMatchObject([{ status: 'closed', last_seq: 2, unread_count: 1 }])
  const reaction = await db.owner.query(
    `SELECT r.reply_to_id, m.id FROM messages r, messages m WHERE r.reply_to_external_id = $1 AND m.external_message_id = $1`,
    [line.externalId],
  )
  expect(reaction.rows[0].reply_to_id).toBe(reaction.rows[0].id)
  await ingress.accept(webhook(inboundText(account, phone, 'one more thing')))
  expect((await conversationsOf(phone)).rows).toMatchObject([{ status: 'open', last_seq: 3 }])
  await close('30 hours')
  await ingress.accept(webhook(inboundText(account, phone, 'a week later')))
  expect((await conversationsOf(phone)).rows).toMatchObject([{ status: 'closed' }, { status: 'open', last_seq: 1 }])
})

test('an answer to a line of the same batch points at it', async () => {
  const phone = `1650${digits(7)}`
  const line = inboundText(account, phone, 'the first')
  const answer = inboundText(account, phone, 'and more to it', { replyTo: line.externalId })
  await receiveBatch({ db, log }, [webhook(line), webhook(answer)])
  expect(
    await count(
      'SELECT count(*) n FROM messages a JOIN messages l ON l.tenant_id = a.tenant_id AND l.id = a.reply_to_id WHERE a.external_message_id = $1 AND l.external_message_id = $2',
      [answer.externalId, line.externalId],
    ),
  ).toBe(1)
})

test('two addresses of a known person without a conversation, in one batch, start one', async () => {
  const [phone, bsuid] = [`1650${digits(7)}`, `US.${digits(18)}`]
  const byPhone = { kind: 'wa_id' as const, value: phone, scope: '' as const }
  const byId = { kind: 'bsuid' as const, value: bsuid, scope: 'portfolio' as const }
  const from = (text: string, ...identities: (typeof byPhone | typeof byId)[]) =>
    webhook(inboundText(account, phone, text, { person: { identities } }))
  await ingress.accept(from('hello', byPhone, byId))
  await db.owner.query(`UPDATE conversations SET status = 'archived' WHERE last_preview = 'hello' AND tenant_id = $1`, [
    account.tenantId,
  ])
  await receiveBatch({ db, log }, [from('by number', byPhone), from('by id', byId), from('by number again', byPhone)])
  const { rows } = await db.owner.query(
    `SELECT c.status, c.last_seq, c.unread_count, c.last_preview FROM conversations c
       JOIN contact_identities i ON i.tenant_id = c.tenant_id AND i.contact_id = c.contact_id AND i.value = $1 ORDER BY c.created_at`,
    [bsuid],
  )
  expect(rows).toEqual([
    { status: 'archived', last_seq: 1, unread_count: 1, last_preview: 'hello' },
    { status: 'open', last_seq: 3, unread_count: 3, last_preview: 'by number again' },
  ])
})

test('a conversation that is closed while a line for it is being stored is looked at again: the line reopens it', async () => {
  const phone = `1650${digits(7)}`
  await ingress.accept(webhook(inboundText(account, phone, 'one')))
  const [{ id }] = (await conversationsOf(phone)).rows
  const closer = await db.pool.connect()
  await closer.query('BEGIN')
  await closer.query(`SET LOCAL parley.tenant_id = '${account.tenantId}'`)
  await closer.query(`UPDATE conversations SET status = 'closed', closed_at = now() WHERE id = $1`, [id])
  const taken = receiveBatch({ db, log }, [webhook(inboundText(account, phone, 'two'))])
  await new Promise((resolve) => setTimeout(resolve, 100))
  await closer.query('COMMIT')
  closer.release()
  expect((await taken).stored).toBe(1)
  expect((await conversationsOf(phone)).rows).toMatchObject([{ id, status: 'open', last_seq: 2, closed_at: null }])
  expect(await count(`SELECT count(*) n FROM events WHERE conversation_id = $1 AND type = 'conversation.reopened'`, [id])).toBe(
    1,
  )
})

test('one webhook about two numbers of a business and one that nobody has is kept whole, and each line goes where it belongs', async () => {
  const second = await makeAccount(db, { tenantId: account.tenantId })
  const nobody = { ...account, externalId: digits(15) }
  const lines = [account, second, nobody].map((a) => inboundText(a, `1650${digits(7)}`, 'to whom it concerns'))
  const mixed = webhook(...lines.slice(0, 2))
  const broken = webhook(lines[2] as never)
  expect((await receiveBatch({ db, log }, [mixed, broken])).stored).toBe(2)
  const { rows } = await db.owner.query('SELECT id, status, tenant_id FROM webhook_events WHERE id = ANY($1)', [
    [mixed.id, broken.id],
  ])
  expect(Object.fromEntries(rows.map((row) => [row.id, [row.status, row.tenant_id]]))).toEqual({
    [mixed.id]: ['processed', account.tenantId],
    [broken.id]: ['unprocessed', null],
  })
})

test('one poisonous event becomes a dead letter and sinks neither its webhook nor its batch', async () => {
  const good = [0, 1, 2].map((i) => inboundText(account, `1650${digits(7)}`, `good ${i}`))
  const poison = inboundText(account, `1650${digits(7)}`, 'bad', { occurredAt: 'the day after tomorrow' })
  const hooks = [webhook(good[0] as never), webhook(good[1] as never, poison), webhook(good[2] as never)]
  const { stored } = await receiveBatch({ db, log }, hooks)
  expect(stored).toBe(3)
  expect(
    await count('SELECT count(*) n FROM messages WHERE external_message_id = ANY($1)', [good.map((e) => e.externalId)]),
  ).toBe(3)
  const letters = await db.owner.query('SELECT reason, original_payload FROM dead_letters WHERE webhook_event_id = $1', [
    hooks[1]?.id,
  ])
  expect(letters.rows).toMatchObject([{ reason: 'invalid_payload', original_payload: { externalId: poison.externalId } }])
  const raw = await db.owner.query('SELECT id, status FROM webhook_events WHERE id = ANY($1)', [hooks.map((h) => h.id)])
  expect(Object.fromEntries(raw.rows.map((row) => [row.id, row.status]))).toEqual({
    [hooks[0]?.id as string]: 'processed',
    [hooks[1]?.id as string]: 'failed',
    [hooks[2]?.id as string]: 'processed',
  })
})

test('hostile text is stored readable: NUL and lone surrogates go, everything else stays', async () => {
  const event = inboundText(account, `1650${digits(7)}`, 'a\u0000b\ud800c 👩‍👩‍👧 ‮x', { metadata: { 'k\u0000': ['\udfff'] } })
  await ingress.accept(webhook(event))
  const { rows } = await db.owner.query('SELECT content, metadata FROM messages WHERE external_message_id = $1', [
    event.externalId,
  ])
  expect(rows[0]).toEqual({ content: 'ab\ufffdc 👩‍👩‍👧 ‮x', metadata: { k: ['\ufffd'] } })
})

test('a webhook about a number that is not here, or that belongs to another app, is kept and touches nobody', async () => {
  const own = await makeAccount(db, { appSlug: 'acme' })
  const nobody = { ...account, externalId: digits(15) }
  for (const target of [nobody, own]) {
    const hook = webhook(inboundText(target, `1650${digits(7)}`, 'for whom?'))
    await ingress.accept(hook)
    const { rows } = await db.owner.query('SELECT status, processing_error, tenant_id FROM webhook_events WHERE id = $1', [
      hook.id,
    ])
    expect(rows[0]).toMatchObject({ status: 'unprocessed', tenant_id: null })
    expect(rows[0].processing_error).toContain(target.externalId)
  }
  expect(await count('SELECT count(*) n FROM messages WHERE tenant_id = $1', [own.tenantId])).toBe(0)
})

test('a receipt for what the customer wrote is a dead letter, and changes nothing', async () => {
  const event = inboundText(account, `1650${digits(7)}`, 'mine')
  await ingress.accept(webhook(event))
  await ingress.accept(webhook(receipt(account, event.externalId, 'read')))
  const { rows } = await db.owner.query(`SELECT reason FROM dead_letters WHERE original_payload ->> 'externalId' = $1`, [
    event.externalId,
  ])
  expect(rows).toEqual([{ reason: 'state_violation' }])
  expect(
    await count(`SELECT count(*) n FROM message_tracking WHERE wamid = $1 AND status = 'received'`, [event.externalId]),
  ).toBe(1)
})

test('the database refuses a message without a status or with an unknown one, and links across tenants', async () => {
  const tenant = await makeTenant(db)
  const ledger = (status: string | null) =>
    db.owner.query(
      `INSERT INTO message_tracking (tenant_id, id, channel_account_id, conversation_id, direction, status, status_at, created_at) VALUES ($1, $2, $2, $2, 'OUTBOUND', $3, now(), now())`,
      [tenant, newId(), status],
    )
  await expect(ledger(null)).rejects.toThrow(/status/)
  await expect(ledger('pending')).rejects.toThrow(/status/)
  const { rows } = await db.owner.query('SELECT contact_id FROM conversations WHERE tenant_id = $1 LIMIT 1', [account.tenantId])
  const foreign = await makeAccount(db, { tenantId: tenant })
  await expect(
    db.owner.query('INSERT INTO conversations (tenant_id, channel_account_id, contact_id) VALUES ($1, $2, $3)', [
      tenant,
      foreign.accountId,
      rows[0].contact_id,
    ]),
  ).rejects.toThrow(/fk_conversations_contact/)
})

test('a business that sends much waits a moment for a fuller batch while another sends too, and nothing is left behind', async () => {
  const [much, little] = [await makeAccount(db), await makeAccount(db)]
  const gatherMs = 100
  const gathering = createIngress({ db, log }, { gatherMs, gatherEvents: 1000 })
  const beside = setInterval(() => void gathering.accept(webhook(inboundText(little, `1650${digits(7)}`, 'now and then'))), 40)
  await Promise.all(
    Array.from({ length: 150 }, async (_, i) => {
      await new Promise((resolve) => setTimeout(resolve, i * 2))
      await gathering.accept(webhook(inboundText(much, `1650${digits(7)}`, 'much')))
    }),
  )
  clearInterval(beside)
  await gathering.idle()
  const { rows } = await db.owner.query(
    `SELECT count(*)::int AS lines, count(DISTINCT created_at)::int AS batches, extract(epoch FROM max(created_at) - min(created_at)) * 1000 AS ms
       FROM messages WHERE tenant_id = $1`,
    [much.tenantId],
  )
  expect(rows[0].lines).toBe(150)
  // Before it counts as much, each of the first few may go alone; on a busy machine that happens more than once.
  expect(rows[0].batches).toBeLessThan(rows[0].ms / gatherMs + 20)
})

test('twenty businesses that all send much share batches: each for itself would have twenty small ones stored in turn', async () => {
  const accounts = await Promise.all(Array.from({ length: 20 }, () => makeAccount(db)))
  const phones = Array.from({ length: 20 }, () => `1650${digits(7)}`)
  const busy = createIngress({ db, log })
  await Promise.all(
    Array.from({ length: 200 }, async (_, worker) => {
      const from = accounts[worker % 20] as TestAccount
      for (let n = 0; n < 8; n++)
        await busy.accept(webhook(inboundText(from, phones[(worker + n) % 20] as string, `line ${n}`)))
    }),
  )
  const { events, batches } = busy.totals()
  expect(events).toBe(1600)
  // Ten of each wait at a time.
  expect(events / batches).toBeGreaterThan(15)
})
