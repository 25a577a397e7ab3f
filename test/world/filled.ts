/** A business with very many conversations and messages, written by a handful of statements. For plans and benchmarks. */
import { newId } from '../../src/kernel/ids.ts'
import type { Pool } from '../../src/platform/db/pool.ts'

export interface Filled {
  tenantId: string
  /** Two numbers: nine in ten conversations are of the first. */
  accounts: { id: string; number: string }[]
}

export interface Size {
  conversations: number
  messages: number
  /** Over how many months the messages are spread, up to now. */
  months: number
}

/** An id of that moment, as SQL. */
const idAt = (at: string) =>
  `(lpad(to_hex((extract(epoch FROM ${at}) * 1000)::bigint), 12, '0') || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid`

/**
 * Every third conversation is closed, few of the open ones are unread. `owner` is a pool of the owner with search_path parley.
 * Keys hold, but triggers and foreign keys are not run: everything points at what is there.
 */
export async function fill(owner: Pick<Pool, 'connect'>, size: Size, name = 'Filled'): Promise<Filled> {
  const tenantId = newId()
  const accounts = [0, 1].map((n) => ({ id: newId(), number: String(Date.now() * 10 + n) }))
  const client = await owner.connect()
  try {
    await client.query(
      `SELECT create_messages_partition((date_trunc('month', now()) - make_interval(months => n))::date) FROM generate_series(0, $1::integer) n`,
      [size.months],
    )
    await client.query('BEGIN')
    await client.query('SET LOCAL session_replication_role = replica')
    await client.query('INSERT INTO tenants (id, tenant_id, name) VALUES ($1, $2, $3)', [tenantId, `t-${tenantId}`, name])
    await client.query(
      `INSERT INTO channel_accounts (tenant_id, id, channel, provider, external_id, name, address)
       SELECT $1, a.id, 'whatsapp', 'whatsapp-cloud', a.number, 'Number ' || a.ord, '+1555000000' || a.ord
         FROM unnest($2::uuid[], $3::text[]) WITH ORDINALITY AS a(id, number, ord)`,
      [tenantId, accounts.map((a) => a.id), accounts.map((a) => a.number)],
    )
    await client.query(
      `CREATE TEMP TABLE filling ON COMMIT DROP AS
       SELECT n, ${idAt('at')} AS id, ${idAt('at')} AS contact, at, $4::integer AS messages,
              (ARRAY[$2, $3]::uuid[])[CASE WHEN n % 10 = 0 THEN 2 ELSE 1 END] AS account
         FROM (SELECT n, now() - make_interval(days => $5::integer * 30) * (1 - n / $1::float) AS at FROM generate_series(1, $1::integer) n) x`,
      [size.conversations, accounts[0]?.id, accounts[1]?.id, Math.ceil(size.messages / size.conversations), size.months],
    )
    await client.query(
      `INSERT INTO contacts (tenant_id, id, name, phone, created_at)
       SELECT $1, f.contact, initcap(substr(md5(f.n::text), 1, 6)) || ' ' || initcap(substr(md5((f.n % 977)::text), 1, 7)), '+49' || (1700000000 + f.n * 7), f.at FROM filling f`,
      [tenantId],
    )
    await client.query(
      `INSERT INTO contact_identities (tenant_id, kind, value, contact_id) SELECT $1, 'wa_id', '49' || (1700000000 + n * 7), contact FROM filling`,
      [tenantId],
    )
    // Messages of a conversation lie an hour apart, some further apart; the newest of all is of now.
    await client.query(
      `CREATE TEMP TABLE lines ON COMMIT DROP AS
       SELECT f.id AS conversation, f.contact, f.account, s AS seq, ${idAt('m.at')} AS id, m.at,
              CASE WHEN s % 2 = 1 THEN 'inbound' ELSE 'outbound' END AS direction
         FROM filling f CROSS JOIN generate_series(1, f.messages) s
        CROSS JOIN LATERAL (SELECT date_trunc('milliseconds', f.at + (now() - f.at) * random() * (s::float / f.messages) ^ 2) AS at) m`,
    )
    await client.query(
      `INSERT INTO messages (tenant_id, id, conversation_id, contact_id, seq, direction, sender, type, content, body, external_message_id, occurred_at, created_at)
       SELECT $1, l.id, l.conversation, l.contact, l.seq, l.direction, CASE WHEN l.direction = 'inbound' THEN 'customer' ELSE 'human' END, 'text', t.words,
              jsonb_build_object('text', t.words), 'wamid.' || l.id, l.at, l.at
         FROM lines l CROSS JOIN LATERAL (
           SELECT (ARRAY['hello','yes','the invoice','thank you','when','please'])[1 + (l.seq % 6)] || ' ' || substr(md5(l.id::text), 1, 5) || ' ' || substr(md5(l.contact::text), 1, 6) AS words) t`,
      [tenantId],
    )
    await client.query(
      `INSERT INTO message_tracking (tenant_id, id, channel_account_id, conversation_id, wamid, direction, status, status_at, created_at)
       SELECT $1, id, account, conversation, 'wamid.' || id, upper(direction), CASE WHEN direction = 'inbound' THEN 'received' ELSE 'read' END, at, at FROM lines`,
      [tenantId],
    )
    await client.query(
      `INSERT INTO conversations (tenant_id, id, channel_account_id, contact_id, status, closed_at, last_seq, message_count, unread_count, last_message_at,
                                  last_preview, last_direction, last_inbound_at, window_expires_at, created_at)
       SELECT $1, f.id, f.account, f.contact, CASE WHEN f.n % 3 = 0 THEN 'closed' ELSE 'open' END, CASE WHEN f.n % 3 = 0 THEN l.at END, f.messages, f.messages,
              CASE WHEN f.n % 3 <> 0 AND f.n % 97 = 0 THEN 1 ELSE 0 END, l.at, 'hello again', 'inbound', l.at, l.at + interval '1 day', f.at
         FROM filling f JOIN (SELECT conversation, max(at) AS at FROM lines GROUP BY conversation) l ON l.conversation = f.id`,
      [tenantId],
    )
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    throw error
  } finally {
    client.release()
  }
  return { tenantId, accounts }
}
