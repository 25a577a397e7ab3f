/**
 * The functions that see several tenants, each asked for one of two businesses: nothing of the other is changed, and nothing
 * of it is answered where only one was asked for.
 */
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSchema } from '../../bin/docs/schema.ts'
import { receiveBatch } from '../../src/conversations/receive.ts'
import { queueReply } from '../../src/conversations/reply.ts'
import { newId } from '../../src/kernel/ids.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { createLogger } from '../../src/platform/log.ts'
import { createSecrets } from '../../src/platform/secrets.ts'
import { createApiKey } from '../../src/tenancy/api-keys.ts'
import { addChannelApp } from '../../src/tenancy/apps.ts'
import { addMember } from '../../src/tenancy/tenants.ts'
import { tokenHash } from '../../src/tenancy/tokens.ts'
import { fingerprint } from '../walls/neighbours.ts'
import { digits, inboundText, makeAccount, receipt, type TestAccount, webhook } from '../world/arrange.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'
import { scriptedChannel } from '../world/scripted-channel.ts'
import { read, root } from './tree.ts'

interface Side extends TestAccount {
  wamid: string
  conversationId: string
  sent: string
  phone: string
  userId: string
  key: string
  invitation: string
}
let db: TestDatabase
let ours: Side
let theirs: Side
const log = createLogger({ level: 'CRITICAL' })
const secrets = createSecrets(['a key for tests only, long enough to be'])

async function settle(answerer: string): Promise<Side> {
  const account = await makeAccount(db, { answerer })
  const phone = `1650${digits(7)}`
  const event = inboundText(account, phone, 'hello')
  await receiveBatch({ db, log }, [webhook(event)])
  const { rows } = await db.owner.query('SELECT conversation_id FROM message_tracking WHERE wamid = $1', [event.externalId])
  const conversationId = rows[0].conversation_id as string
  const channel = scriptedChannel()
  return await inTenant(db, account.tenantId, async (tx) => {
    const { messageId } = await queueReply({ channels: new Map([[channel.provider, channel]]) } as never, tx, {
      conversationId,
      author: { sender: 'human', actor: 'system' },
      body: { type: 'text', text: 'hi' },
    })
    await tx.query(
      `INSERT INTO provider_refs (tenant_id, channel_account_id, external_id, message_id) VALUES ($1, $2, $3, $4)`,
      [account.tenantId, account.accountId, `sent-${phone}`, messageId],
    )
    await addChannelApp(tx, secrets, {
      provider: 'whatsapp-cloud',
      slug: `app-${phone}`,
      name: 'A',
      secret: phone,
      verifyToken: 'v',
    })
    const userId = await addMember(tx, {
      email: `${phone}@x.example`,
      password: 'a password',
      firstName: 'P',
      lastName: 'Q',
      role: 'agent',
    })
    const invitation = newId()
    await tx.query(
      `INSERT INTO invitations (tenant_id, email, role, token_hash, invited_by, invited_by_name, expires_at) VALUES ($1, $2, 'agent', $3, 'cli', 'x', now() + interval '1 day')`,
      [tx.tenantId, `new-${phone}@x.example`, tokenHash(invitation)],
    )
    const { key } = await createApiKey(tx, { name: 'k', role: 'agent' })
    return { ...account, wamid: event.externalId, conversationId, sent: messageId, phone, userId, key, invitation }
  })
}

beforeAll(async () => {
  db = await createTestDatabase()
  ours = await settle('assistant')
  theirs = await settle('human')
  await withMapping(theirs, 23)
})
afterAll(() => db.drop())

const rowsOf = async (sql: string, values: unknown[] = []) => (await db.pool.query(sql, values)).rows

const withCentre = () =>
  db.owner.query(
    `INSERT INTO contact_centres (tenant_id, name, slug) VALUES ($1, 'genesys', $2)
     ON CONFLICT (tenant_id, name) DO UPDATE SET failing_since = NULL, told_at = NULL, paused_until = '-infinity'`,
    [ours.tenantId, `slug-${ours.phone}`],
  )
const withMapping = (side: Side, hours: number) =>
  db.owner.query(
    `INSERT INTO conversation_mappings (tenant_id, wa_id, conversation_id, last_activity_at) VALUES ($1, $2, $2, now() - make_interval(hours => $3))`,
    [side.tenantId, newId(), hours],
  )

/** What each does for our business; returns tenants that it spoke of. */
const asked: Record<string, () => Promise<(string | null)[]>> = {
  async receive_messages() {
    // Two lines of one person: not the short way.
    const lines = ['the neighbour’s customer writes to us', 'twice'].map((text) =>
      webhook(inboundText(ours, theirs.phone, text)),
    )
    const took = await receiveBatch({ db, log }, lines)
    expect(took.stored).toBe(2)
    return [...took.tenants]
  },
  async receive_lines() {
    const took = await receiveBatch({ db, log }, [webhook(inboundText(ours, theirs.phone, 'and once more'))])
    expect(took.stored).toBe(1)
    return [...took.tenants]
  },
  async receive_plain_receipts() {
    // Of a message of the neighbour's, at our account: kept with us, and with nobody else.
    const took = await receiveBatch({ db, log }, [webhook(receipt(ours, theirs.wamid, 'delivered'))])
    const kept = await rowsOf(
      'SELECT parley.receive_plain_receipts($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)',
      [
        new Date(),
        ...[
          ['whatsapp-cloud'],
          [''],
          [ours.externalId],
          [theirs.wamid],
          ['sent'],
          [''],
          [null],
          [null],
          [null],
          [null],
          ['{}'],
          [new Date()],
        ],
        ...[[newId()], [1], ['whatsapp-cloud'], [''], ['x'], ['{}'], [1], Buffer.from('x')],
      ],
    )
    expect(kept).toHaveLength(1)
    return [...took.tenants]
  },
  async receive_receipts() {
    // The id of a message that is the neighbour's: at our account nobody knows it.
    const took = await receiveBatch({ db, log }, [webhook(receipt(ours, theirs.wamid, 'read'))])
    return [...took.tenants]
  },
  async receive_statuses() {
    const say = (external: string) => [
      ...[new Date(), ['whatsapp-cloud'], [''], [ours.externalId], [1], [external], [new Date()], [null], [null], [newId()]],
      ...[[1], [newId()], ['sent'], [null], ['{}'], [new Date()]],
      ...[[1], [newId()], ['messages'], ['{}'], [0], [1], Buffer.from('x')],
    ]
    const call = `SELECT parley.receive_statuses(${Array.from({ length: 23 }, (_, n) => `$${n + 1}`).join(', ')}) AS tenant_id`
    // The neighbour's message, at our account.
    await expect(rowsOf(call, say(`sent-${theirs.phone}`))).rejects.toThrow('no message that is known')
    // Also where our own row points at it.
    await db.owner.query(
      `INSERT INTO provider_refs (tenant_id, channel_account_id, external_id, message_id) VALUES ($1, $2, 'crossed', $3)`,
      [ours.tenantId, ours.accountId, theirs.sent],
    )
    await expect(rowsOf(call, say('crossed'))).rejects.toThrow('not all of these')
    await db.owner.query(`UPDATE message_tracking SET status = 'sent', wamid = $3 WHERE tenant_id = $1 AND id = $2`, [
      ours.tenantId,
      ours.sent,
      `sent-${ours.phone}`,
    ])
    return (await rowsOf(call, say(`sent-${ours.phone}`))).map((row) => row.tenant_id)
  },
  async receive_account_update() {
    await rowsOf(
      `SELECT parley.receive_account_update('whatsapp-cloud', '', NULL, $1, 'account.updated', $2, '{}', NULL, now())`,
      [ours.externalId, newId()],
    )
    return []
  },
  async receive_consents() {
    const { rows } = await db.owner.query(`SELECT id FROM message_tracking WHERE wamid = $1`, [theirs.wamid])
    // Our business with the neighbour's message.
    return (
      await rowsOf(
        `SELECT * FROM parley.receive_consents(now(), ARRAY[$3::uuid], ARRAY[$1::uuid], ARRAY[$2::uuid], '{all}', '{opted_out}', '{keyword}', '{STOP}', ARRAY[now()], '{false}')`,
        [ours.tenantId, rows[0].id, newId()],
      )
    ).map((row) => row.tenant_id)
  },
  async close_silent() {
    await rowsOf('SELECT parley.close_silent(now(), 100)')
    return []
  },
  async receive_identity() {
    await rowsOf(
      `SELECT parley.receive_identity('whatsapp-cloud', '', $1, 'wa_id', '', $2, 'wa_id', '', '16505550000', NULL, 'changed', now())`,
      [ours.externalId, theirs.phone],
    )
    return []
  },
  async claim_turns() {
    return (await rowsOf('SELECT * FROM parley.claim_turns(10, 1000)')).map((row) => row.tenant_id)
  },
  async extend_leases() {
    const { rows } = await db.owner.query(`SELECT token FROM conversation_lanes WHERE conversation_id = $1`, [
      theirs.conversationId,
    ])
    // Our business with the neighbour's conversation and its token.
    const [{ n }] = (await rowsOf(
      `SELECT parley.extend_leases('send', ARRAY[$1::uuid], ARRAY[$2::uuid], ARRAY[$3::bigint], 1000) AS n`,
      [ours.tenantId, theirs.conversationId, rows[0].token],
    )) as [{ n: number }]
    expect(n).toBe(0)
    return []
  },
  async record_send() {
    const { rows } = await db.owner.query(`SELECT token FROM conversation_lanes WHERE kind = 'send' AND conversation_id = $1`, [
      theirs.conversationId,
    ])
    await rowsOf(`SELECT parley.record_send($1, $2, $3, $4, $5, 1, 'accepted', $6, NULL, NULL, NULL, NULL, NULL)`, [
      ours.tenantId,
      theirs.conversationId,
      ours.accountId,
      rows[0].token,
      theirs.sent,
      `wamid.${newId()}`,
    ])
    return []
  },
  async queue_lag() {
    const rows = await rowsOf('SELECT kind, seconds FROM parley.queue_lag() ORDER BY kind')
    expect(rows.map((row) => row.kind)).toEqual(['bridge', 'send', 'turn'])
    for (const { seconds } of rows) expect(seconds).toBeGreaterThanOrEqual(0)
    return []
  },
  async next_lane_at() {
    const [row] = await rowsOf(`SELECT parley.next_lane_at('send') AS at`)
    expect(Object.keys(row as object)).toEqual(['at'])
    return []
  },
  async find_memberships() {
    return (await rowsOf('SELECT tenant_id FROM parley.find_memberships($1)', [ours.userId])).map((row) => row.tenant_id)
  },
  async find_invitation() {
    return (await rowsOf('SELECT tenant_id FROM parley.find_invitation($1)', [tokenHash(ours.invitation)])).map(
      (row) => row.tenant_id,
    )
  },
  async announce_person() {
    return (await rowsOf(`SELECT parley.announce_person($1, 'member.presence') AS id`, [ours.userId])).map((row) => row.id)
  },
  async forget_old_invitations() {
    await db.owner.query(`UPDATE invitations SET expires_at = now() - interval '400 days' WHERE tenant_id = $1`, [
      ours.tenantId,
    ])
    await rowsOf('SELECT parley.forget_old_invitations(365)')
    return []
  },
  async find_api_key() {
    return (await rowsOf('SELECT tenant_id FROM parley.find_api_key($1)', [tokenHash(ours.key)])).map((row) => row.tenant_id)
  },
  async find_app_credentials() {
    const rows = await rowsOf(`SELECT tenant_id FROM parley.find_app_credentials('whatsapp-cloud', $1)`, [`app-${ours.phone}`])
    return rows.map((row) => row.tenant_id)
  },
  async find_owned_accounts() {
    const rows = await rowsOf(`SELECT tenant_id FROM parley.find_owned_accounts('whatsapp-cloud', '', NULL, $1)`, [
      ours.externalId,
    ])
    return rows.map((row) => row.tenant_id)
  },
  async count_memberships() {
    expect(await rowsOf('SELECT parley.count_memberships($1) AS n', [ours.userId])).toEqual([{ n: 1 }])
    return []
  },
  async audit_person() {
    const told = await rowsOf(
      `SELECT parley.audit_person($1, $2, 'nobody', 'Nobody', 'person.signed_in', '{}', NULL) AS tenant`,
      [ours.userId, newId()],
    )
    expect(told).toHaveLength(1)
    return told.map((row) => row.tenant)
  },
  async find_holder() {
    const rows = await rowsOf(`SELECT tenant_id FROM parley.find_holder('whatsapp-cloud', $1)`, [ours.externalId])
    return rows.map((row) => row.tenant_id)
  },
  async release_unproven() {
    // The neighbour's own number, asked for by the neighbour; and one that the neighbour proved, asked for by us.
    const release = (externalId: string, tenantId: string) =>
      rowsOf(`SELECT parley.release_unproven('whatsapp-cloud', $1, $2)`, [externalId, tenantId])
    expect(await release(theirs.externalId, theirs.tenantId)).toEqual([])
    await db.owner.query('UPDATE channel_accounts SET proven_at = now() WHERE id = $1', [theirs.accountId])
    const before = await fingerprint(db.owner, theirs.tenantId)
    expect(await release(theirs.externalId, ours.tenantId)).toEqual([])
    expect(await fingerprint(db.owner, theirs.tenantId)).toEqual(before)
    await db.owner.query('UPDATE channel_accounts SET proven_at = NULL WHERE id = $1', [theirs.accountId])
    return []
  },
  async claim_bridge() {
    await withCentre()
    await db.owner.query(
      `INSERT INTO conversation_lanes (tenant_id, conversation_id, kind, channel_account_id, ready_at) VALUES ($1, $2, 'bridge', $3, now())`,
      [ours.tenantId, ours.conversationId, ours.accountId],
    )
    const rows = await rowsOf('SELECT tenant_id FROM parley.claim_bridge(10, 1000)')
    expect(rows).toHaveLength(1)
    return rows.map((row) => row.tenant_id)
  },
  async claim_centre_receipts() {
    await withCentre()
    await db.owner.query(`UPDATE message_tracking SET genesys_message_id = 'g', status = 'read' WHERE id = $1`, [ours.sent])
    const rows = await rowsOf('SELECT tenant_id FROM parley.claim_centre_receipts(10, 1000)')
    expect(rows).toHaveLength(1)
    await db.owner.query(`UPDATE message_tracking SET genesys_message_id = NULL, status = 'queued' WHERE id = $1`, [ours.sent])
    return rows.map((row) => row.tenant_id)
  },
  async claim_centre_tasks() {
    await withCentre()
    await db.owner.query(`INSERT INTO contact_centre_tasks (tenant_id, kind) VALUES ($1, 'disconnect')`, [ours.tenantId])
    const rows = await rowsOf('SELECT tenant_id FROM parley.claim_centre_tasks(10, 1000)')
    expect(rows).toHaveLength(1)
    return rows.map((row) => row.tenant_id)
  },
  async expire_mappings() {
    await withMapping(ours, 25)
    const expire = () => rowsOf('SELECT parley.expire_mappings(now(), 10) AS n')
    const before = await fingerprint(db.owner, theirs.tenantId)
    expect(await expire()).toEqual([{ n: 1 }])
    expect(await fingerprint(db.owner, theirs.tenantId)).toEqual(before)
    return []
  },
  async unknown_sends() {
    await db.owner.query(`UPDATE channel_accounts SET provider = 'asked' WHERE tenant_id = $1`, [ours.tenantId])
    await db.owner.query(`UPDATE message_tracking SET status = 'sending', send_outcome = 'unknown' WHERE id = $1`, [ours.sent])
    await db.owner.query(
      `INSERT INTO send_attempts (tenant_id, message_id, n, token, outcome, finished_at) VALUES ($1, $2, 90, 1, 'unknown', now())`,
      [ours.tenantId, ours.sent],
    )
    const ask = (provider: string) =>
      rowsOf(`SELECT tenant_id FROM parley.unknown_sends(ARRAY[$1], now() + interval '1 minute', 1000, 10)`, [provider])
    expect(await ask('whatsapp-cloud')).toEqual([])
    const rows = await ask('asked')
    expect(rows).toHaveLength(1)
    await db.owner.query(`UPDATE channel_accounts SET provider = 'whatsapp-cloud' WHERE provider = 'asked'`)
    await db.owner.query(`UPDATE message_tracking SET status = 'queued', send_outcome = NULL WHERE id = $1`, [ours.sent])
    await db.owner.query('DELETE FROM send_attempts WHERE n = 90')
    return rows.map((row) => row.tenant_id)
  },
  async claim_askings() {
    await db.owner.query(`UPDATE channel_accounts SET provider = 'asked' WHERE tenant_id = $1`, [ours.tenantId])
    const claim = `SELECT tenant_id FROM parley.claim_askings('{asked}', now() + interval '1 hour', 60000, 10)`
    const rows = await rowsOf(claim)
    expect(rows).toHaveLength(1)
    expect(await rowsOf(claim)).toEqual([])
    await db.owner.query(`UPDATE channel_accounts SET provider = 'whatsapp-cloud' WHERE provider = 'asked'`)
    return rows.map((row) => row.tenant_id)
  },
  async mappings_to_check() {
    await withCentre()
    await withMapping(ours, 1)
    const rows = await rowsOf('SELECT tenant_id FROM parley.mappings_to_check(now(), 10)')
    expect(rows).toHaveLength(1)
    return rows.map((row) => row.tenant_id)
  },
  async silent_centres() {
    await withCentre()
    await db.owner.query(`UPDATE contact_centres SET failing_since = now() - interval '1 hour' WHERE tenant_id = $1`, [
      ours.tenantId,
    ])
    const rows = await rowsOf('SELECT tenant_id FROM parley.silent_centres(now())')
    expect(rows).toHaveLength(1)
    return rows.map((row) => row.tenant_id)
  },
  async forget_centre_events() {
    await db.owner.query(
      `INSERT INTO contact_centre_events (tenant_id, key, created_at) VALUES ($1, 'old', now() - interval '9 days')`,
      [ours.tenantId],
    )
    expect(await rowsOf(`SELECT parley.forget_centre_events(now() - interval '8 days', 10) AS n`)).toEqual([{ n: 1 }])
    return []
  },
  async find_contact_centre() {
    await withCentre()
    const rows = await rowsOf(`SELECT tenant_id FROM parley.find_contact_centre('genesys', $1)`, [`slug-${ours.phone}`])
    expect(rows).toHaveLength(1)
    return rows.map((row) => row.tenant_id)
  },
  async add_dead_letter() {
    await rowsOf(`SELECT parley.add_dead_letter($1, 'test', NULL, '{}', 'invalid_payload', 'x')`, [ours.tenantId])
    return []
  },
  async claim_dead_letters() {
    await db.owner.query(
      `INSERT INTO dead_letters (tenant_id, source, original_payload, reason) VALUES ($1, 'x', '{}', 'lock_timeout'), ($2, 'x', '{}', 'invalid_payload')`,
      [ours.tenantId, theirs.tenantId],
    )
    const before = await fingerprint(db.owner, theirs.tenantId)
    const claimed = await rowsOf(`SELECT tenant_id FROM parley.claim_dead_letters(now() + interval '1 hour', 10)`)
    expect(claimed).toHaveLength(1)
    expect(await fingerprint(db.owner, theirs.tenantId)).toEqual(before)
    await db.owner.query('DELETE FROM dead_letters WHERE tenant_id = $1', [theirs.tenantId])
    return claimed.map((row) => row.tenant_id)
  },
  async receive_leads() {
    const { rows } = await db.owner.query('SELECT id FROM message_tracking WHERE wamid = $1', [ours.wamid])
    const before = await fingerprint(db.owner, theirs.tenantId)
    await rowsOf('SELECT parley.receive_leads(now(), $1, $2)', [[ours.tenantId], [rows[0].id]])
    // A message of theirs said to be ours is nobody's.
    const foreign = await db.owner.query('SELECT id FROM message_tracking WHERE wamid = $1', [theirs.wamid])
    await rowsOf('SELECT parley.receive_leads(now(), $1, $2)', [[ours.tenantId], [foreign.rows[0].id]])
    expect(await fingerprint(db.owner, theirs.tenantId)).toEqual(before)
    const leads = await rowsOf('SELECT tenant_id FROM leads')
    expect(leads).toHaveLength(0) // behind the wall without a tenant
    return (await db.owner.query('SELECT tenant_id FROM leads')).rows.map((row) => row.tenant_id)
  },
  async claim_notifications() {
    const email = `${newId()}@test.example`
    const user = (await db.owner.query(`INSERT INTO users (email, password_hash) VALUES ($1, 'x') RETURNING id`, [email]))
      .rows[0].id
    const before = await fingerprint(db.owner, theirs.tenantId)
    for (const { tenantId } of [ours, theirs]) {
      await db.owner.query(`INSERT INTO user_profiles (tenant_id, user_id, role) VALUES ($1, $2, 'owner')`, [tenantId, user])
      await db.owner.query(
        `WITH told AS (INSERT INTO notifications (tenant_id, user_id, kind, key) VALUES ($1, $2, 'lead', 'a') RETURNING id)
         INSERT INTO notification_deliveries (tenant_id, notification_id, means, due_at)
         SELECT $1, told.id, 'email', now() + CASE WHEN $3 THEN interval '0' ELSE interval '1 hour' END FROM told`,
        [tenantId, user, tenantId === ours.tenantId],
      )
    }
    const claim = `SELECT tenant_id FROM parley.claim_notifications(now(), 10, 60000, 'email', 4)`
    const claimed = await rowsOf(claim)
    expect(claimed).toHaveLength(1)
    expect(await rowsOf(claim)).toEqual([])
    const { rows } = await db.owner.query('SELECT state FROM notification_deliveries WHERE tenant_id = $1', [theirs.tenantId])
    expect(rows).toEqual([{ state: 'queued' }])
    await db.owner.query('DELETE FROM user_profiles WHERE user_id = $1', [user])
    expect(await fingerprint(db.owner, theirs.tenantId)).toEqual(before)
    return claimed.map((row) => row.tenant_id)
  },
  async claim_due_calls() {
    for (const { tenantId, accountId } of [ours, theirs])
      await db.owner.query(
        `INSERT INTO calls (tenant_id, call_sid, channel_account_id, customer_phone, business_phone, start_time, due_at)
         VALUES ($1, 'CA', $2, '+16505550101', '+15550100009', now(), CASE WHEN $3 THEN now() ELSE now() + interval '1 hour' END)`,
        [tenantId, accountId, tenantId === ours.tenantId],
      )
    const before = await fingerprint(db.owner, theirs.tenantId)
    const claim = 'SELECT tenant_id FROM parley.claim_due_calls(now(), 10, 60000)'
    const claimed = await rowsOf(claim)
    expect(claimed).toHaveLength(1)
    expect(await rowsOf(claim)).toEqual([])
    expect(await fingerprint(db.owner, theirs.tenantId)).toEqual(before)
    await db.owner.query('DELETE FROM calls')
    return claimed.map((row) => row.tenant_id)
  },
  async claim_due_numbers() {
    for (const { tenantId } of [ours, theirs])
      await db.owner.query(
        `INSERT INTO phone_numbers (tenant_id, phone_number, voice_webhook_url, sms_webhook_url, due_at)
         VALUES ($1, '+16505550100', 'x', 'x', CASE WHEN $2 THEN now() ELSE now() + interval '1 hour' END)`,
        [tenantId, tenantId === ours.tenantId],
      )
    const before = await fingerprint(db.owner, theirs.tenantId)
    const claim = (at = 'now()') => rowsOf(`SELECT tenant_id, token FROM parley.claim_due_numbers(${at}, 10, 60000)`)
    const claimed = await claim()
    expect(claimed).toMatchObject([{ tenant_id: ours.tenantId, token: 1 }])
    expect(await claim()).toEqual([])
    // Whoever had it is gone: the next has another token.
    expect(await claim(`now() + interval '2 minutes'`)).toMatchObject([{ token: 2 }])
    expect(await fingerprint(db.owner, theirs.tenantId)).toEqual(before)
    await db.owner.query('DELETE FROM phone_numbers')
    return claimed.map((row) => row.tenant_id)
  },
  async claim_queue_progress() {
    // Both are known from here on; then something happens with us alone.
    await rowsOf('SELECT * FROM parley.claim_queue_progress(10, 0)')
    await inTenant(db, ours.tenantId, (tx) =>
      tx.query(`INSERT INTO events (tenant_id, type, actor) VALUES ($1, 'x', 'system')`, [tx.tenantId]),
    )
    const before = await fingerprint(db.owner, theirs.tenantId)
    const claimed = await rowsOf('SELECT tenant_id FROM parley.claim_queue_progress(10, 60000)')
    expect(claimed).toHaveLength(1)
    expect(await rowsOf('SELECT tenant_id FROM parley.claim_queue_progress(10, 60000)')).toEqual([])
    expect(await fingerprint(db.owner, theirs.tenantId)).toEqual(before)
    await db.owner.query('DELETE FROM queue_progress')
    return claimed.map((row) => row.tenant_id)
  },
  async nobodys_dead_letters() {
    await rowsOf(`SELECT parley.add_dead_letter(NULL, 'test', NULL, '{}', 'invalid_payload', 'x')`)
    const rows = await rowsOf('SELECT tenant_id FROM parley.nobodys_dead_letters()')
    expect(rows.length).toBeGreaterThan(0)
    expect(rows.filter((row) => row.tenant_id !== null)).toEqual([])
    return []
  },
  async settle_nobodys_dead_letter() {
    const id = newId()
    await db.owner.query(
      `INSERT INTO dead_letters (id, tenant_id, source, original_payload, reason) VALUES ($1, $2, 'x', '{}', 'invalid_payload')`,
      [id, ours.tenantId],
    )
    const settle = `SELECT parley.settle_nobodys_dead_letter($1, now(), 'discarded', 'cli', NULL, NULL, '[]') AS open`
    expect(await rowsOf(settle, [id])).toEqual([{ open: false }])
    return []
  },
  async dead_letters_open() {
    const rows = await rowsOf('SELECT * FROM parley.dead_letters_open()')
    expect(rows.map((row) => Object.keys(row).join())).toEqual(rows.map(() => 'reason,open'))
    return []
  },
  async raise_dead_letter_alarms() {
    await db.owner.query(
      `INSERT INTO dead_letters (tenant_id, source, original_payload, reason) SELECT $1, 'x', '{}', 'invalid_payload' FROM generate_series(1, 100)`,
      [ours.tenantId],
    )
    return (await rowsOf('SELECT raise_dead_letter_alarms AS tenant FROM parley.raise_dead_letter_alarms(now())')).map(
      (row) => row.tenant,
    )
  },
}

describe('asked for one business', () => {
  test.each(Object.keys(asked))('%s() changes nothing of another and speaks of none', async (name) => {
    const before = await fingerprint(db.owner, theirs.tenantId)
    const spokenOf = await asked[name]?.()
    expect(await fingerprint(db.owner, theirs.tenantId)).toEqual(before)
    expect(spokenOf?.filter((tenant) => tenant !== ours.tenantId)).toEqual([])
  })

  test('settle_message() may be called by nobody but the functions that take in', async () => {
    await expect(db.pool.query('SELECT parley.settle_message($1, $2)', [ours.tenantId, theirs.sent])).rejects.toThrow(
      /permission/,
    )
  })
  test('settle_messages() may be called by nobody but the functions that take in', async () => {
    await expect(db.pool.query('SELECT parley.settle_messages($1, $2)', [[ours.tenantId], [theirs.sent]])).rejects.toThrow(
      /permission/,
    )
  })

  test('claim_sends() gives a worker each message under its own business, and what is written back counts there only', async () => {
    const claimed = await rowsOf(`SELECT tenant_id, message_id FROM parley.claim_sends(50, 1000, '{}')`)
    for (const { tenant_id, message_id } of claimed) {
      const { rows } = await db.owner.query('SELECT tenant_id FROM message_tracking WHERE id = $1', [message_id])
      expect(rows).toEqual([{ tenant_id }])
    }
    expect(new Set(claimed.map((row) => row.tenant_id))).toEqual(new Set([ours.tenantId, theirs.tenantId]))
  })
})

test('every function across tenants names the test that shows it stays within what it is asked', async () => {
  const { definers } = await readSchema(db.owner)
  const rows = [...read('docs/data-model.md').matchAll(/^\| `(\w+)\(\)` \| [^|]+ \| `([^`]+\.test\.ts)` \|$/gm)]
  expect(rows.map(([, name]) => name).sort()).toEqual(definers.map(({ name }) => name).sort())
  for (const [, name, path] of rows) {
    expect(existsSync(`${root}${path}`), name).toBe(true)
    if (path === 'test/house/functions.db.test.ts') expect(read(path), name).toContain(`${name}(`)
  }
})
