/**
 * What a receipt writes — the raw webhook, the receipt, the message's new state, the event — without intake: as the best
 * hand-made batch, as plain receipt rows only, and as an ordinary transaction of one statement per row, per receipt.
 */
import type pg from 'pg'
import { newId } from '../../src/kernel/ids.ts'
import type { Target } from '../intake/rows.ts'
import { makeReceipt, statuses, wamidOf } from './payload.ts'

export interface Row {
  webhook: string
  receipt: string
  event: string
  wamid: string
  status: string
  raw: Buffer
}

/** Rows about the messages of a run, from the n-th receipt on. */
export const makeRows = (run: string, from: number, count: number): Row[] =>
  Array.from({ length: count }, (_, i) => {
    const n = from + i
    return {
      webhook: newId(),
      receipt: newId(),
      event: newId(),
      wamid: wamidOf(run, Math.floor(n / statuses.length)),
      status: statuses[n % statuses.length] as string,
      raw: makeReceipt(run, n),
    }
  })

/** Sent messages for receipts to speak of: `count` of them, each in a conversation of its own. */
export async function makeSent(owner: pg.Client, { tenantId, accountId }: Target, run: string, count: number): Promise<void> {
  await owner.query(
    `WITH n AS MATERIALIZED (SELECT i, parley.uuid7() AS contact, parley.uuid7() AS conversation, parley.uuid7() AS message
                               FROM generate_series(0, $3::int - 1) i),
     k AS (INSERT INTO contacts (tenant_id, id, name) SELECT $1::uuid, contact, 'Customer ' || i FROM n),
     c AS (INSERT INTO conversations (tenant_id, id, channel_account_id, contact_id, last_seq, message_count)
             SELECT $1::uuid, conversation, $2::uuid, contact, 1, 1 FROM n),
     t AS (INSERT INTO message_tracking (tenant_id, id, channel_account_id, conversation_id, wamid, direction, status, status_at, sent_at, created_at)
             SELECT $1::uuid, message, $2::uuid, conversation, replace($4, '#', i::text), 'OUTBOUND', 'sent', now(), now(), now() FROM n),
     a AS (INSERT INTO send_attempts (tenant_id, message_id, n, token, outcome, finished_at) SELECT $1::uuid, message, 1, 1, 'accepted', now() FROM n),
     m AS (INSERT INTO messages (tenant_id, id, conversation_id, contact_id, seq, direction, sender, type, content, occurred_at, created_at)
             SELECT $1::uuid, message, conversation, contact, 1, 'outbound', 'human', 'text', 'On our way.', now(), now() FROM n)
     INSERT INTO provider_refs (tenant_id, channel_account_id, external_id, message_id)
       SELECT $1::uuid, $2::uuid, replace($4, '#', i::text), message FROM n`,
    [tenantId, accountId, count, wamidOf(run, 0).replace('.0.', '.#.')],
  )
  for (const table of ['message_tracking', 'provider_refs', 'messages', 'conversations', 'contacts', 'send_attempts'])
    await owner.query(`ANALYZE ${table}`)
}

const webhookSql = `INSERT INTO webhook_events (id, tenant_id, provider, event_type, payload, headers, status, processed_at)`
const receiptSql = `INSERT INTO message_statuses (tenant_id, id, channel_account_id, message_id, wamid, status, detail, occurred_at, applied)`
const eventSql = `INSERT INTO events (tenant_id, id, type, conversation_id, message_id, actor, data)`
/** The first of each kind sets its time; a later one further along sets the state. */
const moveSql = (status: string, condition: string): string => `UPDATE message_tracking t SET
    status = CASE WHEN status_rank(${status}) > status_rank(t.status) THEN ${status} ELSE t.status END, status_at = now(), updated_at = now(),
    sent_at = CASE WHEN ${status} = 'sent' THEN now() ELSE t.sent_at END,
    delivered_at = CASE WHEN ${status} = 'delivered' THEN now() ELSE t.delivered_at END,
    read_at = CASE WHEN ${status} = 'read' THEN now() ELSE t.read_at END ${condition}`

export async function writeBatch(client: pg.Client, { tenantId, accountId }: Target, rows: readonly Row[]): Promise<void> {
  const of = <K extends keyof Row>(key: K) => rows.map((row) => row[key])
  await client.query('BEGIN')
  await writeReceipts(client, { tenantId, accountId }, rows)
  // Of several receipts of one message in a batch the furthest decides.
  await client.query({
    name: 'f2',
    text: moveSql(
      'x.s',
      `FROM (SELECT w, (array_agg(s ORDER BY status_rank(s) DESC))[1] AS s FROM unnest($3::text[], $4::text[]) AS u(w, s) GROUP BY w) x
        WHERE t.tenant_id = $1 AND t.channel_account_id = $2 AND t.wamid = x.w`,
    ),
    values: [tenantId, accountId, of('wamid'), of('status')],
  })
  await client.query({
    name: 'f3',
    text: `${eventSql} SELECT $1::uuid, e, 'message.status', NULL, NULL, 'provider', jsonb_build_object('status', s) FROM unnest($2::uuid[], $3::text[]) AS x(e, s)`,
    values: [tenantId, of('event'), of('status')],
  })
  await client.query({
    name: 'f4',
    text: `${webhookSql} SELECT i, $1::uuid, 'whatsapp-cloud', 'messages', substr($3::bytea, (sum(l) OVER (ORDER BY o) - l + 1)::int, l), '{}', 'processed', now() FROM unnest($2::uuid[], $4::int[]) WITH ORDINALITY AS x(i, l, o)`,
    values: [tenantId, of('webhook'), Buffer.concat(of('raw')), of('raw').map((raw) => raw.length)],
  })
  await client.query('COMMIT')
}

/** Plain receipt rows only: the `r` of the roof. */
export async function writeReceipts(client: pg.Client, { tenantId, accountId }: Target, rows: readonly Row[]): Promise<void> {
  const of = <K extends keyof Row>(key: K) => rows.map((row) => row[key])
  await client.query({
    name: 'f1',
    text: `${receiptSql} SELECT $1::uuid, i, $2::uuid, NULL, w, s, '{"pricing":{"category":"service"}}', now(), true FROM unnest($3::uuid[], $4::text[], $5::text[]) AS x(i, w, s)`,
    values: [tenantId, accountId, of('receipt'), of('wamid'), of('status')],
  })
}

/** What a careful but ordinary handler does: one transaction a receipt, one prepared statement a row. */
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
  const { rows } = await run(
    'o1',
    `SELECT id, conversation_id FROM message_tracking WHERE tenant_id = $1 AND channel_account_id = $2 AND wamid = $3 FOR NO KEY UPDATE`,
    [tenantId, accountId, row.wamid],
  )
  await run('o2', `${receiptSql} VALUES ($1, $2, $3, $4, $5, $6, '{"pricing":{"category":"service"}}', now(), true)`, [
    tenantId,
    row.receipt,
    accountId,
    rows[0]?.id,
    row.wamid,
    row.status,
  ])
  await run('o3', moveSql('$3', `WHERE t.tenant_id = $1 AND t.id = $2`), [tenantId, rows[0]?.id, row.status])
  await run('o4', `${eventSql} VALUES ($1, $2, 'message.status', $3, $4, 'provider', jsonb_build_object('status', $5::text))`, [
    tenantId,
    row.event,
    rows[0]?.conversation_id,
    rows[0]?.id,
    row.status,
  ])
  await client.query('COMMIT')
}
