/**
 * The short way in for single lines leaves behind what the long way does: both are told the same random histories. One database
 * refuses every batch of single lines, so that all of them go the long way; the other takes them with foreign keys left to the
 * function, and all of its keys hold nevertheless.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { receiveBatch } from '../../src/conversations/receive.ts'
import { createPool, type Pool } from '../../src/platform/db/pool.ts'
import { createLogger } from '../../src/platform/log.ts'
import type { MessageEvent } from '../../src/ports/channel.ts'
import { webhook } from '../world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'
import { brokenKeys } from '../world/keys.ts'
import { seeded } from '../world/seeded.ts'
import { expectSameRows, refuse } from '../world/twins.ts'

const log = createLogger({ level: 'CRITICAL' })
let short: TestDatabase
let long: TestDatabase
let lines: Pool
/** Connections that batches took. */
const taken = { short: 0, long: 0 }
beforeAll(async () => {
  ;[short, long] = await Promise.all([createTestDatabase(), createTestDatabase()])
  lines = createPool({ connectionString: short.url, size: 2, log, keysHeld: true })
  lines.on('acquire', () => (taken.short += 1))
  short.pool.on('acquire', () => (taken.long += 1))
  await refuse(long, 'receive_lines')
})
afterAll(async () => {
  await lines.end()
  await Promise.all([short.drop(), long.drop()])
})

/** Ids are made anew by each: rows are named by what they are about. */
const person = `(SELECT string_agg(concat_ws('|', i.scope, i.kind, i.value, i.evidence), ',' ORDER BY i.kind, i.value, i.scope)
  FROM contact_identities i WHERE i.tenant_id = k.tenant_id AND i.contact_id = k.id) || coalesce(k.phone, '')`
const thread = `a.external_id || ' ' || (SELECT ${person} FROM contacts k WHERE k.tenant_id = c.tenant_id AND k.id = c.contact_id) || ' ' || c.created_at`
const wamidOf = (id: string) => `(SELECT t.wamid FROM message_tracking t WHERE t.id = ${id})`
const pictures: Record<string, string> = {
  contacts: `SELECT k.tenant_id, ${person} AS who, k.name, k.phone, k.status, k.created_at FROM contacts k`,
  conversations: `SELECT ${thread} AS thread, to_jsonb(c) - '{id,contact_id,channel_account_id,updated_at}'::text[] AS c
    FROM conversations c JOIN channel_accounts a ON a.id = c.channel_account_id`,
  ledger: `SELECT ${thread} AS thread, to_jsonb(t) - '{id,conversation_id,channel_account_id,updated_at}'::text[] AS t
    FROM message_tracking t JOIN conversations c ON c.id = t.conversation_id JOIN channel_accounts a ON a.id = c.channel_account_id`,
  messages: `SELECT ${thread} AS thread, ${wamidOf('m.reply_to_id')} AS answers, c.contact_id = m.contact_id AS same,
      to_jsonb(m) - '{id,conversation_id,contact_id,reply_to_id}'::text[] AS m
    FROM messages m JOIN conversations c ON c.id = m.conversation_id JOIN channel_accounts a ON a.id = c.channel_account_id`,
  events: `SELECT e.tenant_id, e.type, e.actor, e.data, e.created_at, ${wamidOf('e.message_id')} AS wamid, ${thread} AS thread
    FROM events e LEFT JOIN conversations c ON c.id = e.conversation_id LEFT JOIN channel_accounts a ON a.id = c.channel_account_id`,
  lanes: `SELECT ${thread} AS thread, l.kind, l.ready_at, l.channel_account_id = a.id AS same
    FROM conversation_lanes l JOIN conversations c ON c.id = l.conversation_id JOIN channel_accounts a ON a.id = c.channel_account_id`,
  webhooks: `SELECT to_jsonb(w) - 'id' AS w FROM webhook_events w`,
}
let made = 0
test.each([11, 12, 13, 14])('both make the same of random history %i', async (seed) => {
  const r = seeded(seed)
  const uuid = () => `00000000-0000-7000-8000-${(seed * 1_000_000 + made++).toString(16).padStart(12, '0')}`
  const both = async (sql: string, values: unknown[] = []) => {
    const changed = [await short.owner.query(sql, values), await long.owner.query(sql, values)]
    expect(changed[0]?.rowCount).toBe(changed[1]?.rowCount)
  }
  const tenants = [uuid(), uuid(), uuid()]
  for (const t of tenants) await both(`INSERT INTO tenants (id, tenant_id, name) VALUES ($1::uuid, 't-' || $1, 'Shop')`, [t])
  const accounts: string[] = []
  for (let n = 0; n < 5; n++) {
    const external = `${seed}0${n}`
    await both(
      `INSERT INTO channel_accounts (tenant_id, id, channel, provider, app_slug, external_id, portfolio_id, name, address, answerer)
       VALUES ($1, $2, 'whatsapp', 'whatsapp-cloud', '', $3, $4, 'N', '+1', $5)`,
      [tenants[n % 3], uuid(), external, n === 4 ? null : `p-${n % 2}`, ['human', 'assistant', 'human', 'genesys', 'human'][n]],
    )
    accounts.push(external)
  }
  accounts.push(`nobody-${seed}`)
  const seen: string[] = [`wamid.unknown.${seed}`]
  let clock = Date.UTC(2026, 0, 10)
  const event = (): MessageEvent => {
    const k = r.below(14)
    const shape = r.below(4)
    const wa = { kind: 'wa_id' as const, value: `1555${seed}${k}`, scope: '' as const }
    // Now and then an id that belongs to somebody else.
    const bs = { kind: 'bsuid' as const, value: `US.${seed}.${r.chance(0.1) ? r.below(14) : k}`, scope: 'portfolio' as const }
    const externalId = r.chance(0.1) ? r.pick(seen) : `wamid.${seed}.${made++}`
    seen.push(externalId)
    const conversational = !r.chance(0.01)
    return {
      kind: 'message',
      direction: r.chance(0.01) ? 'echo' : 'inbound',
      account: r.pick(accounts),
      externalId,
      // Of the clock of somebody whose telephone is ahead, too.
      occurredAt: new Date(clock - r.below(100) * 60_000 + 600_000)
        .toISOString()
        .replace('.000Z', r.chance(0.02) ? 'Z' : '.000Z'),
      person: {
        identities: shape === 0 ? [bs] : shape === 1 ? [wa, bs] : [wa],
        ...(shape === 0 ? {} : { phone: `+${wa.value}` }),
        ...(r.chance(0.2) ? {} : { name: `Name ${k} “漢”` }),
      },
      type: conversational ? 'text' : 'reaction',
      text: conversational ? `text ${made}\n${'long '.repeat(r.below(60))}ü👩‍👩‍👧` : null,
      body: { n: made, text: 'a "quoted" \\ word' },
      media: [],
      opensWindow: conversational,
      conversational,
      metadata: r.chance(0.2) ? { referral: { ad: `${made}` } } : {},
      ...(r.chance(0.3) ? { replyTo: r.pick(seen) } : {}),
    }
  }
  for (let step = 0; step < 30; step++) {
    clock += r.below(20) * 3_600_000
    const now = new Date(clock)
    // What happens besides, told by what is the same in both.
    if (r.chance(0.4))
      await both(
        `UPDATE conversations c SET status = $1, closed_at = $2 FROM contacts k WHERE k.id = c.contact_id AND c.tenant_id = ANY ($4)
            AND c.status = 'open' AND right(coalesce(k.phone, '0'), 1) = $3`,
        [r.pick(['closed', 'closed', 'archived']), new Date(clock - r.below(30) * 3_600_000), `${r.below(10)}`, tenants],
      )
    if (r.chance(0.2))
      await both(`UPDATE contacts SET status = 'blocked' WHERE tenant_id = ANY ($2) AND phone LIKE '%' || $1`, [
        `${r.below(14)}`,
        tenants,
      ])
    if (r.chance(0.2))
      await both(
        `INSERT INTO contacts (tenant_id, phone, created_at, updated_at) VALUES ($1, $2, $3, $3) ON CONFLICT DO NOTHING`,
        [r.pick(tenants), `+1555${seed}${r.below(16)}`, now],
      )
    if (step === 25) await both(`UPDATE tenants SET status = 'deleted' WHERE id = $1`, [tenants[1]])
    const wanted = 1 + r.below(8)
    const batch: MessageEvent[] = []
    for (let tries = 0; batch.length < wanted && tries < 40; tries++) {
      const next = event()
      // Mostly each of another person, as most batches are.
      const ids = new Set(batch.flatMap((e) => [e.externalId, ...e.person.identities.map((i) => i.value)]))
      const known = ids.has(next.externalId) || next.person.identities.some((i) => ids.has(i.value))
      if (!known || r.chance(0.005)) batch.push(next)
    }
    const webhooks = batch.map((e) => webhook(e))
    const took = [
      await receiveBatch({ db: short, lines: { pool: lines }, log, now: () => now }, webhooks),
      await receiveBatch({ db: long, log, now: () => now }, webhooks),
    ]
    expect(took[0], `step ${step}`).toEqual(took[1])
  }
  const counts = await expectSameRows(short, long, pictures)
  expect(counts.messages).toBeGreaterThan(60)
  expect(await brokenKeys(short.owner)).toEqual({})
})

test('most of those batches went the short way', () => {
  expect(taken.short).toBeGreaterThan(60)
  expect(taken.long).toBeLessThan(taken.short / 2)
})
