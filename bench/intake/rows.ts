/**
 * The same rows that intake writes for a first message of a new customer, written without intake: as the best hand-made
 * batch (one INSERT … SELECT FROM unnest per table, 500 at a time), as plain message rows only, and as an ordinary
 * transaction of one statement per row, per message.
 */
import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { newId } from '../../src/kernel/ids.ts'
import { makeBody } from './payload.ts'

export interface Target {
  tenantId: string
  accountId: string
}
export interface Row {
  webhook: string
  contact: string
  conversation: string
  message: string
  event: string
  phone: string
  bsuid: string
  wamid: string
  text: string
  raw: Buffer
}

let made = 0
// A country of its own: numbers that meet neither each other nor those of the load.
const series = String(Math.floor(Math.random() * 1e5)).padStart(5, '0')
export function makeRows(count: number): Row[] {
  return Array.from({ length: count }, () => {
    const n = made++
    const run = randomBytes(4).toString('hex')
    return {
      webhook: newId(),
      contact: newId(),
      conversation: newId(),
      message: newId(),
      event: newId(),
      phone: `43${series}${String(n).padStart(7, '0')}`,
      bsuid: `US.${run}${n}`,
      wamid: `wamid.floor.${run}.${n}.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=`,
      text: `Message ${n}: the tap in the kitchen drips again, could somebody have a look at it this week? ${'Afternoons suit us best. '.repeat(9)}`,
      raw: makeBody(run, n),
    }
  })
}

const webhookSql = `INSERT INTO webhook_events (id, tenant_id, provider, event_type, payload, headers, status, processed_at)`
const contactSql = `INSERT INTO contacts (tenant_id, id, name, phone)`
const identitySql = `INSERT INTO contact_identities (tenant_id, scope, kind, value, contact_id, evidence)`
const conversationSql = `INSERT INTO conversations (tenant_id, id, channel_account_id, contact_id, last_seq, message_count, unread_count, last_message_at, last_inbound_at, last_preview, last_direction, window_expires_at)`
const ledgerSql = `INSERT INTO message_tracking (tenant_id, id, channel_account_id, conversation_id, wamid, direction, status, status_at, created_at)`
const messageSql = `INSERT INTO messages (tenant_id, id, conversation_id, contact_id, seq, direction, sender, type, content, body, external_message_id, occurred_at, created_at)`
const eventSql = `INSERT INTO events (tenant_id, id, type, conversation_id, message_id, actor)`

/** One transaction, one set-based statement for each table. */
export async function writeBatch(client: pg.Client, { tenantId, accountId }: Target, rows: readonly Row[]): Promise<void> {
  const of = <K extends keyof Row>(key: K) => rows.map((row) => row[key])
  await client.query('BEGIN')
  await client.query({
    name: 'f1',
    text: `${contactSql} SELECT $1::uuid, i, 'Customer', '+' || p FROM unnest($2::uuid[], $3::text[]) AS x(i, p)`,
    values: [tenantId, of('contact'), of('phone')],
  })
  await client.query({
    name: 'f2',
    text: `${identitySql} SELECT $1::uuid, '', 'wa_id', p, c, '{}'::jsonb FROM unnest($2::text[], $4::uuid[]) AS x(p, c) UNION ALL SELECT $1::uuid, 'portfolio', 'bsuid', b, c, '{}'::jsonb FROM unnest($3::text[], $4::uuid[]) AS x(b, c)`,
    values: [tenantId, of('phone'), of('bsuid'), of('contact')],
  })
  await client.query({
    name: 'f3',
    text: `${conversationSql} SELECT $1::uuid, i, $2::uuid, c, 1, 1, 1, now(), now(), left(t, 120), 'inbound', now() + interval '24 hours' FROM unnest($3::uuid[], $4::uuid[], $5::text[]) AS x(i, c, t)`,
    values: [tenantId, accountId, of('conversation'), of('contact'), of('text')],
  })
  await client.query({
    name: 'f4',
    text: `${ledgerSql} SELECT $1::uuid, i, $2::uuid, c, w, 'INBOUND', 'received', now(), now() FROM unnest($3::uuid[], $4::uuid[], $5::text[]) AS x(i, c, w)`,
    values: [tenantId, accountId, of('message'), of('conversation'), of('wamid')],
  })
  await writeMessages(client, { tenantId, accountId }, rows)
  await client.query({
    name: 'f6',
    text: `${eventSql} SELECT $1::uuid, e, 'message.received', c, m, 'provider:whatsapp-cloud' FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) AS x(e, c, m)`,
    values: [tenantId, of('event'), of('conversation'), of('message')],
  })
  await client.query({
    name: 'f7',
    text: `${webhookSql} SELECT i, $1::uuid, 'whatsapp-cloud', 'messages', substr($3::bytea, (sum(l) OVER (ORDER BY o) - l + 1)::int, l), '{}', 'processed', now() FROM unnest($2::uuid[], $4::int[]) WITH ORDINALITY AS x(i, l, o)`,
    values: [tenantId, of('webhook'), Buffer.concat(of('raw')), of('raw').map((raw) => raw.length)],
  })
  await client.query('COMMIT')
}

/** Plain message rows only: the `r` of the roof. */
export async function writeMessages(client: pg.Client, { tenantId }: Target, rows: readonly Row[]): Promise<void> {
  const of = <K extends keyof Row>(key: K) => rows.map((row) => row[key])
  await client.query({
    name: 'f5',
    text: `${messageSql} SELECT $1::uuid, i, c, k, 1, 'inbound', 'customer', 'text', t, jsonb_build_object('text', t), w, now(), now() FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[]) AS x(i, c, k, t, w)`,
    values: [tenantId, of('message'), of('conversation'), of('contact'), of('text'), of('wamid')],
  })
}

/** What a careful but ordinary handler does: one transaction a message, one prepared statement a row. */
export async function writeOrdinary(
  client: Pick<pg.ClientBase, 'query'>,
  { tenantId, accountId }: Target,
  row: Row,
): Promise<void> {
  const run = (name: string, text: string, values: unknown[]) => client.query({ name, text, values })
  await client.query('BEGIN')
  await run('o0', `${webhookSql} VALUES ($1, $2, 'whatsapp-cloud', 'messages', $3, '{}', 'processed', now())`, [
    row.webhook,
    tenantId,
    row.raw,
  ])
  await run('o1', `${contactSql} VALUES ($1, $2, 'Customer', '+' || $3)`, [tenantId, row.contact, row.phone])
  await run('o2', `${identitySql} VALUES ($1, '', 'wa_id', $2, $3, '{}')`, [tenantId, row.phone, row.contact])
  await run('o3', `${identitySql} VALUES ($1, 'portfolio', 'bsuid', $2, $3, '{}')`, [tenantId, row.bsuid, row.contact])
  await run(
    'o4',
    `${conversationSql} VALUES ($1, $2, $3, $4, 1, 1, 1, now(), now(), left($5, 120), 'inbound', now() + interval '24 hours')`,
    [tenantId, row.conversation, accountId, row.contact, row.text],
  )
  await run('o5', `${ledgerSql} VALUES ($1, $2, $3, $4, $5, 'INBOUND', 'received', now(), now())`, [
    tenantId,
    row.message,
    accountId,
    row.conversation,
    row.wamid,
  ])
  await run(
    'o6',
    `${messageSql} VALUES ($1, $2, $3, $4, 1, 'inbound', 'customer', 'text', $5, jsonb_build_object('text', $5::text), $6, now(), now())`,
    [tenantId, row.message, row.conversation, row.contact, row.text, row.wamid],
  )
  await run('o7', `${eventSql} VALUES ($1, $2, 'message.received', $3, $4, 'provider:whatsapp-cloud')`, [
    tenantId,
    row.event,
    row.conversation,
    row.message,
  ])
  await client.query('COMMIT')
}
