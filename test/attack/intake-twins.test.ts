/**
 * The function that takes in batches does what its longer predecessor did: both are told the same random histories. One
 * difference is meant: a person known without a name got one where somebody else in the batch was new.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { intoRounds, messageColumns } from '../../src/conversations/receive-columns.ts'
import type { MessageEvent } from '../../src/ports/channel.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'
import { seeded } from '../world/seeded.ts'

let newer: TestDatabase
let older: TestDatabase
beforeAll(async () => {
  ;[newer, older] = await Promise.all([createTestDatabase(), createTestDatabase()])
  const sql = readFileSync(new URL('../../migrations/005_intake.sql', import.meta.url), 'utf8')
  const start = sql.indexOf('CREATE FUNCTION parley.receive_messages(')
  const body = sql.slice(start, sql.indexOf('END $$;', start) + 7).replace('receive_messages(', 'receive_messages_then(')
  await older.owner.query(body)
})
afterAll(() => Promise.all([newer.drop(), older.drop()]))

const uuid = (n: number) => `00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`

const tables: [string, string][] = [
  ['contacts', 'tenant_id, id, name, phone, status, created_at'],
  ['contact_identities', 'tenant_id, scope, kind, value, contact_id, evidence, created_at'],
  ['conversations', '*'],
  [
    'message_tracking',
    'tenant_id, id, channel_account_id, conversation_id, wamid, direction, status, status_at, sent_at, delivered_at, read_at, failed_at, error_code, created_at',
  ],
  ['messages', '*'],
  ['events', 'tenant_id, type, conversation_id, message_id, actor, data, created_at'],
  ['media_objects', 'tenant_id, message_id, conversation_id, channel_account_id, position, origin, external_id, created_at'],
  ['conversation_lanes', 'tenant_id, conversation_id, kind, channel_account_id, ready_at'],
  ['provider_refs', 'tenant_id, channel_account_id, external_id, message_id, superseded'],
]
async function picture(db: TestDatabase, tenants: string[]) {
  const all: Record<string, string[]> = {}
  for (const [table, columns] of tables) {
    const { rows } = await db.owner.query(
      `SELECT to_jsonb(x) - 'updated_at' AS r FROM (SELECT ${columns} FROM ${table} WHERE tenant_id = ANY ($1)) x`,
      [tenants],
    )
    all[table] = rows.map((row) => JSON.stringify(row.r)).sort()
  }
  return all
}

test.each([1, 2, 3])('both make the same of random history %i', async (seed) => {
  const r = seeded(seed)
  let ids = seed * 1_000_000
  const id = () => uuid(++ids)
  const both = async (sql: string, values: unknown[] = []) => {
    await newer.owner.query(sql, values)
    await older.owner.query(sql, values)
  }
  const tenants = [id(), id(), id()]
  for (const [n, t] of tenants.entries())
    await both('INSERT INTO tenants (id, tenant_id, name, status) VALUES ($1, $2, $3, $4)', [
      t,
      `t-${t}`,
      'Shop',
      n === 2 ? 'suspended' : 'active',
    ])
  const accounts: { external: string }[] = []
  for (let n = 0; n < 5; n++) {
    const external = `${seed}0${n}`
    await both(
      `INSERT INTO channel_accounts (tenant_id, id, channel, provider, app_slug, external_id, portfolio_id, name, address, answerer)
       VALUES ($1, $2, 'whatsapp', 'whatsapp-cloud', '', $3, $4, 'N', '+1', $5)`,
      [tenants[n % 3], id(), external, n === 4 ? null : `p-${n % 2}`, r.pick(['human', 'ai'])],
    )
    accounts.push({ external })
  }
  accounts.push({ external: 'nobody' })
  const wa = (k: number) => `1555${seed}${k}`
  const bs = (k: number) => `US.${seed}${k}`
  const seen: string[] = ['wamid.unknown']
  let clock = Date.UTC(2026, 0, 10)
  for (let step = 0; step < 14; step++) {
    clock += r.below(40) * 3_600_000
    const now = new Date(clock)
    const event = (): MessageEvent => {
      const k = r.below(6)
      const shape = r.below(4)
      const w = { kind: 'wa_id' as const, value: wa(k), scope: '' as const }
      // Now and then an id that belongs to somebody else.
      const b = { kind: 'bsuid' as const, value: bs(r.chance(0.15) ? r.below(6) : k), scope: 'portfolio' as const }
      const identities = shape === 0 ? [b] : shape === 1 ? [w, b] : [w]
      const again = r.chance(0.12)
      const externalId = again ? r.pick(seen) : `wamid.${seed}.${ids++}`
      seen.push(externalId)
      const conversational = !r.chance(0.2)
      const e: MessageEvent = {
        kind: 'message',
        direction: r.chance(0.15) ? 'echo' : 'inbound',
        account: r.pick(accounts).external,
        externalId,
        occurredAt: new Date(clock - r.below(100) * 60_000 + 600_000).toISOString(),
        person: { identities },
        type: conversational ? 'text' : 'reaction',
        text: conversational ? `text ${ids}` : null,
        body: { n: ids },
        media: r.chance(0.08) ? [{ externalId: `m${ids}` } as never] : [],
        opensWindow: conversational && r.chance(0.9),
        conversational,
        metadata: {},
      }
      if (shape !== 0) e.person.phone = `+${wa(k)}`
      e.person.name = `Name ${k}`
      if (r.chance(0.3)) e.replyTo = r.pick(seen)
      return e
    }
    // What happens besides.
    if (r.chance(0.4)) {
      const status = r.pick(['closed', 'closed', 'archived'])
      await both(
        `UPDATE conversations SET status = $1, closed_at = $2 WHERE id IN (SELECT id FROM conversations WHERE status = 'open' ORDER BY id OFFSET $3 LIMIT 3)`,
        [status, new Date(clock - r.below(30) * 3_600_000), r.below(4)],
      )
    }
    if (r.chance(0.2))
      await both(`UPDATE contacts SET status = 'blocked' WHERE id IN (SELECT id FROM contacts ORDER BY id OFFSET $1 LIMIT 1)`, [
        r.below(6),
      ])
    if (r.chance(0.15)) {
      const k = r.below(8)
      await both(
        'INSERT INTO contacts (tenant_id, id, phone, created_at, updated_at) VALUES ($1, $2, $3, $4, $4) ON CONFLICT DO NOTHING',
        [r.pick(tenants), id(), `+${wa(k)}`, now],
      )
    }
    if (r.chance(0.05)) await both(`UPDATE tenants SET status = 'deleted' WHERE id = $1`, [tenants[1]])
    if (r.chance(0.3)) {
      const events = Array.from(
        { length: 3 },
        () => [r.pick(accounts).external, r.pick(seen), r.pick(['sent', 'delivered', 'failed'])] as const,
      )
      const values = [
        now,
        events.map(() => 'whatsapp-cloud'),
        events.map(() => ''),
        events.map((e) => e[0]),
        events.map((e) => e[1]),
        events.map((e) => e[2]),
        events.map(() => ''),
        events.map(() => null),
        events.map(() => null),
        events.map(() => null),
        events.map(() => null),
        events.map(() => '{}'),
        events.map(() => now),
      ]
      await both('SELECT parley.receive_receipts($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)', values)
    }
    const batch = Array.from({ length: 1 + r.below(r.chance(0.2) ? 40 : 6) }, event)
    for (const round of intoRounds(
      batch.map((e) => ({ provider: 'whatsapp-cloud', appSlug: '', windowHours: 24, event: e })),
    )) {
      const { values } = messageColumns(round, id)
      const v = values as [unknown[], unknown[], unknown[], ...unknown[][]]
      const place = v[3] as number[]
      const noWebhooks = [[], [], [], [], [], [], [], [], [], Buffer.alloc(0)]
      const places = (n: number) => Array.from({ length: n }, (_, i) => `$${i + 1}`).join(', ')
      const at = (column: unknown[]) => place.map((p) => column[p - 1])
      const scope = (column: unknown[]) => column.map((s) => (s ? 'portfolio' : ''))
      const old = [
        now,
        at(v[0]),
        at(v[1]),
        at(v[2]),
        v[5],
        v[6],
        v[7],
        v[8],
        scope(v[9] as boolean[]),
        v[10],
        v[11],
        scope(v[12] as boolean[]),
        ...v.slice(13),
      ]
      const run = (db: TestDatabase, text: string, args: unknown[]) =>
        db.owner.query(text, args).then(
          ({ rows }) => rows.map((row) => JSON.stringify(row)),
          (error: Error & { code?: string }) => [`${error.code} ${error.message}`],
        )
      const what =
        "ord, result, tenant_id, account_id, is_new_conversation, CASE WHEN result = 'stored' THEN conversation_id END AS conv, message_id"
      const fresh = await run(newer, `SELECT ${what} FROM parley.receive_messages(${places(40)}) ORDER BY ord`, [
        ...[now],
        ...values,
        ...noWebhooks,
      ])
      const before = await run(older, `SELECT ${what} FROM parley.receive_messages_then(${places(28)}) ORDER BY ord`, old)
      expect(fresh, `step ${step} ${JSON.stringify(round.map((i) => i.event))}`).toEqual(before)
    }
  }
  const [a, b] = await Promise.all([picture(newer, tenants), picture(older, tenants)])
  expect(a.messages?.length).toBeGreaterThan(20)
  for (const [table] of tables) {
    const was = new Set(b[table])
    const is = new Set(a[table])
    const differs = { more: a[table]?.filter((row) => !was.has(row)), less: b[table]?.filter((row) => !is.has(row)) }
    expect(differs, table).toEqual({ more: [], less: [] })
  }
})
