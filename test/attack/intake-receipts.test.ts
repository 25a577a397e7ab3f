/**
 * The short way in for receipts leaves behind what the long way does: both are told the same random histories. One database
 * refuses every batch of single receipts, so that all of them go the long way.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { receiveBatch } from '../../src/conversations/receive.ts'
import { createLogger } from '../../src/platform/log.ts'
import type { ReceiptEvent } from '../../src/ports/channel.ts'
import { webhook } from '../world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'
import { seeded } from '../world/seeded.ts'
import { expectSameRows, refuse } from '../world/twins.ts'

const log = createLogger({ level: 'CRITICAL' })
let short: TestDatabase
let long: TestDatabase
let batches = 0
beforeAll(async () => {
  ;[short, long] = await Promise.all([createTestDatabase(), createTestDatabase()])
  const source = await refuse(long, 'receive_statuses')
  // The other one counts.
  await short.owner.query('CREATE SEQUENCE stored_so')
  await short.owner.query('GRANT USAGE ON SEQUENCE stored_so TO parley_system')
  const counting = source.replace('  RETURN QUERY', `  PERFORM nextval('stored_so');\n  RETURN QUERY`)
  expect(counting).not.toBe(source)
  await short.owner.query(counting)
})
afterAll(() => Promise.all([short.drop(), long.drop()]))

/** Ids of rows are made anew by each. */
const pictures: Record<string, string> = {
  ledger: `SELECT to_jsonb(t) - 'updated_at' AS t FROM message_tracking t`,
  receipts: `SELECT to_jsonb(s) - 'id' AS s FROM message_statuses s`,
  events: `SELECT tenant_id, type, conversation_id, message_id, actor, data, created_at FROM events`,
  refs: `SELECT to_jsonb(p) AS p FROM provider_refs p`,
  attempts: `SELECT to_jsonb(a) - '{started_at,finished_at}'::text[] AS a FROM send_attempts a`,
  webhooks: `SELECT to_jsonb(w) AS w FROM webhook_events w`,
}
test.each([21, 22, 23, 24])('both make the same of random history %i', async (seed) => {
  const r = seeded(seed)
  let made = 0
  const uuid = () => `00000000-0000-7000-8000-${(seed * 1_000_000 + made++).toString(16).padStart(12, '0')}`
  const both = async (sql: string, values: unknown[] = []) => {
    const changed = [await short.owner.query(sql, values), await long.owner.query(sql, values)]
    expect(changed[0]?.rowCount).toBe(changed[1]?.rowCount)
  }
  const began = Date.UTC(2026, 0, 10)
  const tenants = [uuid(), uuid()]
  for (const t of tenants) await both(`INSERT INTO tenants (id, tenant_id, name) VALUES ($1::uuid, 't-' || $1, 'Shop')`, [t])
  const accounts = [0, 1, 2].map((n) => ({ tenantId: tenants[n % 2] as string, id: uuid(), externalId: `${seed}0${n}` }))
  for (const a of accounts)
    await both(
      `INSERT INTO channel_accounts (tenant_id, id, channel, provider, app_slug, external_id, portfolio_id, name, address)
       VALUES ($1, $2, 'whatsapp', 'whatsapp-cloud', '', $3, 'p', 'N', '+1')`,
      [a.tenantId, a.id, a.externalId],
    )
  const messages: { account: (typeof accounts)[number]; id: string; wamid: string }[] = []
  for (let n = 0; n < 120; n++) {
    const account = r.pick(accounts)
    const message = { account, id: uuid(), wamid: `wamid.${seed}.${n}` }
    messages.push(message)
    // Most went out; some are on their way, failed, of unknown end, or are the customer's.
    const status = r.chance(0.85) ? 'sent' : r.pick(['queued', 'sending', 'failed', 'delivered', 'read', 'received'])
    const inbound = status === 'received'
    const outcome = status === 'sending' ? r.pick(['unknown', null]) : null
    const known = !['queued', 'sending'].includes(status) || r.chance(0.3)
    await both(
      `INSERT INTO message_tracking (tenant_id, id, channel_account_id, conversation_id, wamid, direction, status, status_at, sent_at,
                                     delivered_at, failed_at, send_outcome, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, CASE WHEN $7 NOT IN ('queued', 'sending', 'received') THEN $8::timestamptz END,
               CASE WHEN $7 = 'delivered' THEN $8::timestamptz END, CASE WHEN $7 = 'failed' THEN $8::timestamptz END, $9, $8)`,
      [
        ...[account.tenantId, message.id, account.id, uuid(), known ? message.wamid : null, inbound ? 'INBOUND' : 'OUTBOUND'],
        ...[status, new Date(began + r.below(50) * 1000), outcome],
      ],
    )
    await both(`INSERT INTO send_attempts (tenant_id, message_id, n, token, outcome) VALUES ($1, $2, 1, 1, $3)`, [
      ...[account.tenantId, message.id, outcome === 'unknown' ? 'unknown' : 'accepted'],
    ])
    const ref = (external: string, superseded: boolean) =>
      both(
        `INSERT INTO provider_refs (tenant_id, channel_account_id, external_id, message_id, superseded, touched_at) VALUES ($1, $2, $3, $4, $5, $6)`,
        [account.tenantId, account.id, external, message.id, superseded, new Date(began + n)],
      )
    if (!inbound && known && !r.chance(0.05)) await ref(message.wamid, r.chance(0.05))
    // Of an earlier attempt.
    if (!inbound && r.chance(0.07)) await ref(`${message.wamid}.earlier`, r.chance(0.5))
  }
  let clock = began
  const said: ReceiptEvent[] = []
  const receipt = (): ReceiptEvent => {
    if (said.length > 0 && r.chance(0.02)) return r.pick(said)
    const { account, id, wamid } = r.pick(messages)
    const at = new Date(clock - r.below(200) * 1000).toISOString()
    const status = r.chance(0.97) ? r.pick(['sent', 'delivered', 'read']) : r.pick(['failed', 'played', 'deleted'])
    const one: ReceiptEvent = {
      kind: 'receipt',
      account: r.chance(0.01) ? 'nobody' : r.chance(0.01) ? r.pick(accounts).externalId : account.externalId,
      externalId: r.chance(0.03) ? `${wamid}.earlier` : r.chance(0.01) ? `${wamid}.unknown` : wamid,
      status,
      occurredAt: r.chance(0.01) ? at.replace(/\.\d+Z$/, 'Z') : at,
      detail: r.chance(0.5) ? { pricing: { category: 'service “漢”' } } : {},
      ...(r.chance(0.5) ? { person: { identities: [], phone: `+1555${r.below(1000)}` } } : {}),
      ...(r.chance(0.02) ? { messageId: id } : {}),
      ...(r.chance(0.02) ? { participant: `1555${r.below(3)}` } : {}),
      ...(status === 'failed' ? { error: { code: '131026', text: 'not delivered' } } : {}),
    }
    // Now and then the same news at another time.
    if (!r.chance(0.03) && said.some((e) => e.externalId === one.externalId && e.status === status)) return receipt()
    said.push(one)
    return one
  }
  for (let step = 0; step < 60; step++) {
    clock += r.below(100) * 1000
    const now = new Date(clock)
    const again = r.pick(messages)
    // Sent once more by a person, as the inbox does it; then accepted under another id.
    if (r.chance(0.1)) {
      const which = [again.account.tenantId, again.id]
      await both('UPDATE provider_refs SET superseded = true WHERE tenant_id = $1 AND message_id = $2', which)
      await both(
        `UPDATE message_tracking SET status = 'queued', status_at = $3, send_outcome = NULL, updated_at = $3
          WHERE tenant_id = $1 AND id = $2 AND direction = 'OUTBOUND'`,
        [...which, now],
      )
      if (r.chance(0.7)) {
        again.wamid += '+'
        await both(
          `INSERT INTO provider_refs (tenant_id, channel_account_id, external_id, message_id, touched_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (tenant_id, channel_account_id, external_id) DO UPDATE SET message_id = excluded.message_id`,
          [again.account.tenantId, again.account.id, again.wamid, again.id, now],
        )
        await both(
          `UPDATE message_tracking SET wamid = $3, status = 'sent', status_at = $4, sent_at = $4 WHERE tenant_id = $1 AND id = $2 AND direction = 'OUTBOUND'`,
          [...which, again.wamid, now],
        )
      }
    }
    const batch = Array.from({ length: 1 + r.below(4) }, receipt)
    // Nearly all have a webhook of their own.
    batches += 1
    const webhooks = r.chance(0.1) ? [webhook(...batch)] : batch.map((e) => webhook(e))
    const took = [
      await receiveBatch({ db: short, log, now: () => now }, webhooks),
      await receiveBatch({ db: long, log, now: () => now }, webhooks),
    ]
    expect(took[0], `step ${step}`).toEqual(took[1])
  }
  const counts = await expectSameRows(short, long, pictures)
  expect(counts.receipts).toBeGreaterThan(100)
})

test('a good part of those batches went the short way', async () => {
  const { rows } = await short.owner.query<{ n: string }>('SELECT last_value AS n FROM stored_so')
  expect(Number(rows[0]?.n)).toBeGreaterThan(batches / 4)
})
