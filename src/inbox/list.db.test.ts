import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeAccount, makeTenant, type TestAccount } from '../../test/world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../../test/world/database.ts'
import { newId } from '../kernel/ids.ts'
import { inTenant } from '../platform/db/tx.ts'
import { addMember } from '../tenancy/tenants.ts'
import { countConversations } from './counts.ts'
import { addLabel, listLabels, patchLabel, putLabel, removeLabel, takeLabel } from './labels.ts'
import { type ConversationFilter, listConversations } from './list.ts'

let db: TestDatabase
let account: TestAccount
let second: TestAccount
let member: string
beforeAll(async () => {
  db = await createTestDatabase()
  account = await makeAccount(db)
  second = await makeAccount(db, { tenantId: account.tenantId })
  await db.owner.query(`UPDATE channel_accounts SET channel = 'sms' WHERE id = $1`, [second.accountId])
  member = await inTenant(db, account.tenantId, (tx) =>
    addMember(tx, {
      email: 'ada@lists.example',
      password: 'a password for tests',
      firstName: 'Ada',
      lastName: 'L',
      role: 'agent',
    }),
  )
})
afterAll(() => db.drop())

const by = { label: 'system', name: 'Parley' }
const actor = () => ({ tenantId: account.tenantId, role: 'owner' as const, name: 'Ada', label: 'system' })
const within = <T>(work: Parameters<typeof inTenant<T>>[2]) => inTenant(db, account.tenantId, work)
const all = { status: 'all', assignee: 'any', limit: 100 } as const
const list = (filter: Partial<ConversationFilter> = {}) => within((tx) => listConversations(tx, { ...all, ...filter }))
const ids = async (filter: Partial<ConversationFilter> = {}) => (await list(filter)).rows.map((row) => row.id)

interface Given {
  status?: string
  mine?: boolean
  unread?: number
  second?: boolean
  name?: string
  preview?: string
  /** Microseconds after a moment. */
  at: number
}
async function thread(given: Given): Promise<string> {
  const contact = newId()
  await db.owner.query('INSERT INTO contacts (tenant_id, id, name) VALUES ($1, $2, $3)', [
    account.tenantId,
    contact,
    given.name ?? 'Somebody',
  ])
  const { rows } = await db.owner.query<{ id: string }>(
    `INSERT INTO conversations (tenant_id, channel_account_id, channel, contact_id, status, assignee_id, unread_count, last_message_at, last_preview)
     VALUES ($1, $2, $3, $4, $5, $6, $7, timestamptz '2026-01-01 00:00:00Z' + $8 * interval '1 microsecond', $9) RETURNING id`,
    [
      account.tenantId,
      given.second ? second.accountId : account.accountId,
      given.second ? 'sms' : 'whatsapp',
      contact,
      given.status ?? 'open',
      given.mine ? member : null,
      given.unread ?? 0,
      given.at,
      given.preview ?? null,
    ],
  )
  return rows[0]?.id ?? ''
}

describe('a list of conversations', () => {
  const threads: { id: string; given: Given }[] = []
  let label = ''
  let labelled: string[] = []
  beforeAll(async () => {
    let at = 0
    for (const status of ['open', 'closed', 'archived'])
      for (const mine of [false, true])
        for (const unread of [0, 2])
          for (const one of [false, true]) {
            const given = { status, mine, unread, second: one, at: ++at, name: at % 2 ? 'Zeno Odd' : 'Even Zeno' }
            threads.push({ given, id: await thread(given) })
          }
    label = (await within((tx) => addLabel(tx, by, { name: 'VIP', colour: 'red' }))).id
    labelled = threads.filter((_, n) => n % 3 === 0).map(({ id }) => id)
    for (const id of labelled) await within((tx) => putLabel(tx, actor(), id, label))
  })
  const fitting = (fits: (given: Given, id: string) => boolean) =>
    threads
      .filter(({ given, id }) => fits(given, id))
      .map(({ id }) => id)
      .reverse()

  const parts: [string, () => Partial<ConversationFilter>, (given: Given, id: string) => boolean][][] = [
    [
      ['whatever its state', () => ({ status: 'all' }), () => true],
      ['open', () => ({ status: 'open' }), (g) => g.status === 'open'],
      ['closed', () => ({ status: 'closed' }), (g) => g.status === 'closed'],
    ],
    [
      ['of anybody', () => ({}), () => true],
      ['of nobody', () => ({ assignee: 'none' }), (g) => !g.mine],
      ['of one', () => ({ assignee: { is: member } }), (g) => g.mine === true],
    ],
    [
      ['read or not', () => ({}), () => true],
      ['unread', () => ({ unread: true }), (g) => (g.unread ?? 0) > 0],
      ['read', () => ({ unread: false }), (g) => g.unread === 0],
    ],
    [
      ['over any number', () => ({}), () => true],
      ['over a number', () => ({ accountId: second.accountId }), (g) => g.second === true],
      ['over a channel', () => ({ channel: 'whatsapp' }), (g) => !g.second],
    ],
    [
      ['with any label', () => ({}), () => true],
      ['with a label', () => ({ labelId: label }), (_, id) => labelled.includes(id)],
    ],
    [
      ['with anybody', () => ({}), () => true],
      ['by a name', () => ({ q: 'zeno odd' }), (g) => g.name === 'Zeno Odd'],
    ],
  ]
  test('has just what fits, newest first, by every filter and all of them together, in pages of any size', async () => {
    const combine = (from: number): (typeof parts)[number] =>
      from === parts.length
        ? [['', () => ({}), () => true]]
        : (parts[from] ?? []).flatMap((one) =>
            combine(from + 1).map((rest): (typeof parts)[number][number] => [
              `${one[0]}, ${rest[0]}`,
              () => ({ ...one[1](), ...rest[1]() }),
              (given, id) => one[2](given, id) && rest[2](given, id),
            ]),
          )
    const combinations = combine(0)
    expect(combinations.length).toBe(324)
    for (const [name, filter, fits] of combinations) {
      const found: string[] = []
      for (let cursor: string | undefined, pages = 0; pages === 0 || (cursor && pages < 30); pages++) {
        const page = await list({ ...filter(), limit: 5, cursor })
        found.push(...page.rows.map((row) => row.id))
        cursor = page.next ?? undefined
      }
      expect([name, found]).toEqual([name, fitting(fits)])
    }
  })
  test('a label that very many have is looked for among the newest, and nothing of it is missed', async () => {
    await db.owner.query(
      `WITH k AS (INSERT INTO contacts (tenant_id, name) SELECT $1, 'Crowd ' || n FROM generate_series(1, 5100) n RETURNING id),
            c AS (INSERT INTO conversations (tenant_id, channel_account_id, contact_id, status, last_message_at)
                  SELECT $1, $2, id, 'archived', timestamptz '2025-01-01Z' + random() * interval '1 day' FROM k RETURNING id)
       INSERT INTO conversation_labels (tenant_id, label_id, conversation_id) SELECT $1, $3, id FROM c`,
      [account.tenantId, account.accountId, label],
    )
    expect(await ids({ status: 'open', labelId: label })).toEqual(
      fitting((g, id) => g.status === 'open' && labelled.includes(id)),
    )
    let seen = 0
    for (let cursor: string | undefined, pages = 0; pages === 0 || (cursor && pages < 200); pages++) {
      const page = await list({ labelId: label, cursor })
      seen += page.rows.length
      cursor = page.next ?? undefined
    }
    expect(seen).toBe(5100 + labelled.length)
  })
  test('what differs by less than a millisecond is on one page only, and on one it is', async () => {
    const close = [
      await thread({ at: 4_000_000_000_100, status: 'closed', second: true }),
      await thread({ at: 4_000_000_000_200, status: 'closed', second: true }),
      await thread({ at: 4_000_000_000_900, status: 'closed', second: true }),
    ].reverse()
    const first = await list({ limit: 1 })
    const next = await list({ limit: 2, cursor: first.next ?? '' })
    expect([...first.rows, ...next.rows].map((row) => row.id)).toEqual(close)
  })
  test('a cursor that this server did not give is refused', async () => {
    for (const cursor of [
      'x',
      Buffer.from('1 2').toString('base64url'),
      Buffer.from(`99999999999999999 ${newId()}`).toString('base64url'),
    ])
      await expect(list({ cursor })).rejects.toMatchObject({ code: 'malformed_cursor' })
  })
})

test('counts are exact up to 99, and say where there are more', async () => {
  const other = await makeAccount(db, { tenantId: await makeTenant(db) })
  await db.owner.query(
    `WITH k AS (INSERT INTO contacts (tenant_id, name) SELECT $1, 'Crowd ' || n FROM generate_series(1, 120) n RETURNING id)
     INSERT INTO conversations (tenant_id, channel_account_id, contact_id, unread_count)
       SELECT $1, $2, id, CASE WHEN row_number() OVER () <= 7 THEN 1 ELSE 0 END FROM k`,
    [other.tenantId, other.accountId],
  )
  const { labels, ...counts } = await inTenant(db, other.tenantId, (tx) => countConversations(tx, member))
  expect(labels).toEqual([])
  expect(counts).toEqual({
    open: { n: 99, more: true },
    unread: { n: 7, more: false },
    unassigned: { n: 99, more: true },
    mine: { n: 0, more: false },
  })
})

describe('a label', () => {
  test('has a name of its own, whatever its case; is renamed and deleted, which is written down', async () => {
    const one = await within((tx) => addLabel(tx, by, { name: 'Refund', colour: 'blue' }))
    await expect(within((tx) => addLabel(tx, by, { name: 'REFUND', colour: 'blue' }))).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(await within((tx) => patchLabel(tx, by, one.id, { name: 'Refunds' }))).toEqual({ ...one, name: 'Refunds' })
    const id = await thread({ at: 1 })
    await within((tx) => putLabel(tx, actor(), id, one.id))
    await within((tx) => putLabel(tx, actor(), id, one.id))
    await within((tx) => takeLabel(tx, actor(), id, one.id))
    await within((tx) => putLabel(tx, actor(), id, one.id))
    await within((tx) => removeLabel(tx, by, one.id))
    expect(await within(listLabels)).not.toContainEqual(expect.objectContaining({ id: one.id }))
    expect((await list({ limit: 100, contactId: undefined })).rows.find((row) => row.id === id)?.label_ids ?? []).toEqual([])
    const events = await db.owner.query<{ type: string }>(`SELECT type FROM events WHERE conversation_id = $1 ORDER BY id`, [
      id,
    ])
    expect(events.rows.map((row) => row.type)).toEqual([
      'conversation.labelled',
      'conversation.unlabelled',
      'conversation.labelled',
    ])
    const log = await db.owner.query<{ action: string }>(`SELECT action FROM audit_log WHERE subject_id = $1 ORDER BY id`, [
      one.id,
    ])
    expect(log.rows.map((row) => row.action)).toEqual(['label.created', 'label.updated', 'label.deleted'])
  })
  test('of another business is none', async () => {
    const id = await thread({ at: 1 })
    const strangers = await makeTenant(db)
    const theirs = await inTenant(db, strangers, (tx) => addLabel(tx, by, { name: 'Theirs', colour: 'grey' }))
    await expect(within((tx) => putLabel(tx, actor(), id, theirs.id))).rejects.toMatchObject({ code: 'not_found' })
  })
  test('a conversation has twenty at most, and a business a hundred', async () => {
    const id = await thread({ at: 1 })
    const { length } = await within(listLabels)
    const made: string[] = []
    for (let n = length; n < 100; n++) made.push((await within((tx) => addLabel(tx, by, { name: `L${n}`, colour: 'grey' }))).id)
    await expect(within((tx) => addLabel(tx, by, { name: 'one more', colour: 'grey' }))).rejects.toMatchObject({
      code: 'conflict',
    })
    for (const label of made.slice(0, 20)) await within((tx) => putLabel(tx, actor(), id, label))
    await within((tx) => putLabel(tx, actor(), id, made[0] ?? ''))
    await expect(within((tx) => putLabel(tx, actor(), id, made[20] ?? ''))).rejects.toMatchObject({ code: 'conflict' })
  })
})
