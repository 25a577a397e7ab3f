/** The store that is read: made by the server's own command where there is none, and what people look for in it. */
import { writeFile } from 'node:fs/promises'
import type pg from 'pg'
import { seed } from '../../src/app/seed/seed.ts'
import { readConfig } from '../../src/platform/config.ts'
import { createPool } from '../../src/platform/db/pool.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { createLogger } from '../../src/platform/log.ts'
import { createApiKey } from '../../src/tenancy/api-keys.ts'

export interface Store {
  tenantId: string
  accountId: string
  messages: number
}

const people = 50
const say = (text: string): void => void process.stderr.write(`${text}\n`)

export async function openStore(
  owner: pg.Client,
  given: { ownerUrl: string; folder: string; messages: number; settings: Record<string, string> },
): Promise<Store> {
  const there = await owner.query('SELECT FROM channel_accounts LIMIT 1')
  if (!there.rowCount)
    await seed(
      { ownerUrl: given.ownerUrl, config: readConfig(given.settings) },
      { messages: given.messages, tenants: 3, months: 6, seed: 1, search: true },
      say,
    )
  // The business with the most, and the number over which most of it came.
  const { rows } = await owner.query<{ tenant_id: string; channel_account_id: string }>(
    `SELECT tenant_id, channel_account_id FROM conversations GROUP BY 1, 2 ORDER BY sum(message_count) DESC LIMIT 1`,
  )
  const { tenant_id: tenantId = '', channel_account_id: accountId = '' } = rows[0] ?? {}
  const stored = await owner.query<{ n: number }>('SELECT count(*)::int AS n FROM message_tracking WHERE tenant_id = $1', [
    tenantId,
  ])
  await owner.query('UPDATE tenants SET rate_limit = 10000000 WHERE id = $1', [tenantId])
  return { tenantId, accountId, messages: stored.rows[0]?.n ?? 0 }
}

/** Files for the other processes: who asks, for what; who writes. */
export async function writeParts(owner: pg.Client, url: string, folder: string, { tenantId, accountId }: Store) {
  const pool = createPool({ connectionString: url, size: 2, log: createLogger({ level: 'ERROR' }) })
  const keys: string[] = []
  for (let n = 0; n < people; n++)
    keys.push((await inTenant({ pool }, tenantId, (tx) => createApiKey(tx, { name: `bench ${n}`, role: 'agent' }))).key)
  await pool.end()
  const list = async (sql: string): Promise<string[]> =>
    (await owner.query<{ x: string }>(sql, [tenantId])).rows.map(({ x }) => x).filter((x) => x)
  const members = await list(
    'SELECT assignee_id AS x FROM conversations WHERE tenant_id = $1 AND assignee_id IS NOT NULL GROUP BY 1 LIMIT 2',
  )
  const filters = [
    ...['status=open', 'status=open', 'status=open', 'status=all', 'status=closed', 'unread=true', 'assignee=none'],
    ...[
      'unread=true&assignee=none',
      `accountId=${accountId}`,
      'channel=whatsapp&status=all',
      ...members.map((id) => `assignee=${id}`),
    ],
  ]
  const names = await list(
    `SELECT DISTINCT lower(split_part(name, ' ', 1)) AS x FROM (SELECT name FROM contacts WHERE tenant_id = $1 AND length(split_part(name, ' ', 1)) > 2 LIMIT 400) k`,
  )
  const words = await list(
    `SELECT DISTINCT lower(w) AS x FROM (SELECT content FROM messages WHERE tenant_id = $1 AND content IS NOT NULL LIMIT 400) m, regexp_split_to_table(m.content, '\\W+') w WHERE length(w) > 3 LIMIT 200`,
  )
  const phones = await list(
    `SELECT i.value AS x FROM (SELECT contact_id FROM conversations WHERE tenant_id = $1 AND status = 'open' LIMIT 20000) c
       JOIN contact_identities i ON i.tenant_id = $1 AND i.contact_id = c.contact_id AND i.kind = 'wa_id'`,
  )
  const { rows } = await owner.query<{ number: string }>('SELECT external_id AS number FROM channel_accounts WHERE id = $1', [
    accountId,
  ])
  const files = { people: `${folder}/people.json`, incoming: `${folder}/incoming.json` }
  await writeFile(files.people, JSON.stringify({ keys, filters, words, names }), { mode: 0o600 })
  await writeFile(files.incoming, JSON.stringify({ number: rows[0]?.number, phones }))
  return files
}
