/**
 * No question that the API asks to show something reads a large table from one end to the other, spills to disk, or sorts much more
 * than it shows: all GET routes are asked on a large store, and every plan that PostgreSQL then carries out is looked at.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App, build, jobNames } from '../../src/app/build.ts'
import { fillSearch } from '../../src/conversations/search/fill.ts'
import { addLabel } from '../../src/inbox/labels.ts'
import { readConfig } from '../../src/platform/config.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { prepareJobs } from '../../src/platform/jobs.ts'
import { createLogger } from '../../src/platform/log.ts'
import { createApiKey } from '../../src/tenancy/api-keys.ts'
import { addMember } from '../../src/tenancy/tenants.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'
import { type Filled, fill } from '../world/filled.ts'
import { faultsOf, heard, type Plan, plansOf } from '../world/plans.ts'

/** Within what is kept: upkeep runs in the server under test. */
const size = { conversations: 40_000, messages: 200_000, months: 5 }
let db: TestDatabase
let app: App
let folder: string
let key: string
let link: string
let filled: Filled
const known: Record<string, string> = {}

/** Rows by the ten thousand that all point at what is there: without the checks and triggers of each. */
async function put(sql: string, values: unknown[] = []): Promise<void> {
  const client = await db.owner.connect()
  try {
    await client.query('BEGIN')
    await client.query('SET LOCAL session_replication_role = replica')
    await client.query(sql, values)
    await client.query('COMMIT')
  } finally {
    client.release()
  }
}

beforeAll(async () => {
  db = await createTestDatabase()
  await prepareJobs(db.url, jobNames)
  filled = await fill(db.owner, size)
  for (let n = 0; n < 3; n++) await fill(db.owner, { conversations: 2000, messages: 4000, months: 5 }, `Neighbour ${n}`)
  const { tenantId } = filled
  const by = { label: 'system', name: 'Parley' }
  const member = await inTenant(db, tenantId, (tx) =>
    addMember(tx, {
      email: 'ada@plans.example',
      password: 'a password for tests',
      firstName: 'Ada',
      lastName: 'L',
      role: 'owner',
    }),
  )
  const label = (await inTenant(db, tenantId, (tx) => addLabel(tx, by, { name: 'Rare', colour: 'red' }))).id
  const many = (await inTenant(db, tenantId, (tx) => addLabel(tx, by, { name: 'Many', colour: 'red' }))).id
  for (const [id, n] of [
    [label, 5],
    [many, 10_000],
  ] as const)
    await put(
      `INSERT INTO conversation_labels (tenant_id, label_id, conversation_id)
       SELECT $1, $2, id FROM (SELECT id FROM conversations WHERE tenant_id = $1 ORDER BY last_message_at LIMIT $3) x`,
      [tenantId, id, n],
    )
  await db.owner.query(
    `UPDATE conversations SET assignee_id = $2 WHERE id IN (SELECT id FROM conversations WHERE tenant_id = $1 ORDER BY last_message_at LIMIT 3)`,
    [tenantId, member],
  )
  const one = await db.owner.query<{ id: string; conversation_id: string; contact_id: string }>(
    'SELECT id, conversation_id, contact_id FROM messages WHERE tenant_id = $1 ORDER BY created_at LIMIT 1 OFFSET 1000',
    [tenantId],
  )
  const { id = '', conversation_id = '', contact_id = '' } = one.rows[0] ?? {}
  Object.assign(known, { message: id, conversation: conversation_id, contact: contact_id, member, label, many })
  // Half of the conversations had a session in a contact centre.
  await put(
    `INSERT INTO conversation_mappings (tenant_id, conversation_ref, channel_account_id, wa_id, conversation_id, phone_number_id, status)
     SELECT c.tenant_id, c.id, c.channel_account_id, '49' || row_number() OVER (), 'over-there-' || row_number() OVER (), '4711',
            CASE WHEN row_number() OVER () % 3 = 0 THEN 'active' ELSE 'closed' END
       FROM conversations c WHERE c.tenant_id = $1 LIMIT 20000`,
    [tenantId],
  )
  await put(
    `UPDATE message_tracking t SET mapping_id = m.id FROM conversation_mappings m WHERE m.tenant_id = t.tenant_id AND m.conversation_ref = t.conversation_id`,
  )
  await db.owner.query(`INSERT INTO contact_centres (tenant_id, name, slug) VALUES ($1, 'genesys', 'plans')`, [tenantId])
  const session = await db.owner.query<{ id: string }>(
    'SELECT mapping_id AS id FROM message_tracking WHERE tenant_id = $1 AND mapping_id IS NOT NULL LIMIT 1',
    [tenantId],
  )
  Object.assign(known, { mapping: session.rows[0]?.id ?? '', waId: '494711', conversationId: 'over-there-4711' })
  // The newest of them: what searching costs where all is indexed is shown by src/conversations/search/plans.db.test.ts.
  for (let n = 0; n < 12 && (await fillSearch(db, tenantId)).more; n++);
  await db.owner.query('UPDATE search_progress SET messages_before = NULL')
  while ((await fillSearch(db, tenantId)).more);
  // Every conversation began with a call.
  await put(
    `INSERT INTO calls (tenant_id, id, call_sid, channel_account_id, contact_id, customer_phone, business_phone, status, outcome, outcome_by, start_time, conversation_id)
     SELECT c.tenant_id, c.id, 'CA' || row_number() OVER (), c.channel_account_id, c.contact_id, '+15550100001', '+15550100009',
            x.status, x.outcome, CASE WHEN x.outcome IS NOT NULL THEN 'dialled' END, c.created_at, c.id
       FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM conversations) c CROSS JOIN LATERAL (VALUES
         (0, 'completed', 'answered'), (1, 'missed', 'no_answer'), (2, 'missed', 'busy'), (3, 'missed', 'canceled')) AS x(k, status, outcome)
      WHERE x.k = c.n % 4`,
  )
  await put(
    `INSERT INTO leads (tenant_id, contact_id, conversation_id, call_id, origin) SELECT tenant_id, contact_id, id, id, 'call' FROM conversations
       ON CONFLICT DO NOTHING`,
  )
  await put('UPDATE calls c SET lead_id = l.id FROM leads l WHERE l.tenant_id = c.tenant_id AND l.call_id = c.id')
  known.call = known.conversation as string
  // Ten people with a booking every hour, for months back and ahead; every tenth hour was cancelled.
  await db.owner.query(
    `INSERT INTO staff (tenant_id, name) SELECT t.id, 'Person ' || n FROM tenants t, generate_series(1, 10) AS n`,
  )
  await put(
    `INSERT INTO bookings (tenant_id, staff_id, contact_id, lead_id, conversation_id, starts_at, ends_at, duration_minutes, status, source)
     SELECT s.tenant_id, s.id, l.contact_id, l.id, l.conversation_id, h.at, h.at + interval '1 hour', 60,
            CASE WHEN h.n % 10 = 0 THEN 'cancelled' WHEN h.at < now() THEN 'completed' ELSE 'confirmed' END, 'manual'
       FROM (SELECT *, row_number() OVER (PARTITION BY tenant_id ORDER BY id) AS k FROM staff) s
       CROSS JOIN LATERAL (SELECT n, date_trunc('hour', now()) + n * interval '1 hour' AS at FROM generate_series(-3000, 1000) AS n) h
       JOIN (SELECT *, row_number() OVER (PARTITION BY tenant_id ORDER BY id) AS k FROM leads) l
         ON l.tenant_id = s.tenant_id AND l.k = 1 + (h.n + 3000) % 50 + 50 * s.k`,
  )
  await put(
    `INSERT INTO occupied_times (tenant_id, staff_id, during, booking_id)
     SELECT tenant_id, staff_id, tstzrange(starts_at, ends_at), id FROM bookings WHERE status <> 'cancelled'`,
  )
  const booked = await db.owner.query<Record<'id' | 'staff_id' | 'lead_id', string>>(
    `SELECT id, staff_id, lead_id FROM bookings WHERE tenant_id = $1 ORDER BY starts_at LIMIT 1`,
    [tenantId],
  )
  Object.assign(known, { booking: booked.rows[0]?.id, staff: booked.rows[0]?.staff_id, lead: booked.rows[0]?.lead_id })
  await db.owner.query('UPDATE tenants SET rate_limit = 1000000 WHERE id = $1', [tenantId])
  await db.owner.query('VACUUM ANALYZE')
  key = (await inTenant(db, tenantId, (tx) => createApiKey(tx, { name: 'plans', role: 'admin' }))).key
  await plansOf(db)
  folder = await mkdtemp(join(tmpdir(), 'parley-plans-'))
  const config = readConfig({ NODE_ENV: 'test', DATABASE_URL: db.url, PARLEY_DATA_DIR: folder })
  app = await build({ config, databaseUrl: db.url, log: createLogger({ level: 'ERROR' }) })
  await app.server.ready()
  const made = await app.server.inject({
    ...{ method: 'POST', url: '/api/widget/links', payload: { contactId: known.contact } },
    headers: { authorization: `Bearer ${key}` },
  })
  link = made.json<{ token: string }>().token
}, 240_000)
afterAll(async () => {
  await app?.stop()
  await db?.drop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

/** How each is asked for something large. Who adds a route that shows something says so here. */
const asked = (): Record<string, string[]> => {
  const { conversation, contact, message, member, label, many, staff, lead } = known
  const [today, tomorrow] = [0, 1].map((n) => new Date(Math.floor(Date.now() / 86_400_000 + n) * 86_400_000).toISOString())
  const account = filled.accounts[1]?.id
  const later = Buffer.from(`${(Date.now() - 40 * 86_400_000) * 1000} ${conversation}`).toString('base64url')
  return {
    '/api/conversations': [
      ...['', 'status=closed', 'status=all', 'status=archived', 'unread=true', 'unread=false', 'assignee=none', 'assignee=me'],
      ...[`assignee=${member}`, `assignee=${member}&unread=true`, 'channel=whatsapp', 'channel=sms', `accountId=${account}`],
      ...[`accountId=${account}&status=closed`, `contactId=${contact}`, `labelId=${label}`, `labelId=${many}&status=all`],
      ...['q=hello', 'q=000777', 'q=c4c', 'q=49&status=all', `q=49&labelId=${many}&unread=true`, 'limit=100&status=all'],
      ...[`labelId=${label}&assignee=${member}&status=all&accountId=${account}`],
      ...[`cursor=${later}`, `cursor=${later}&status=all&unread=false`, `cursor=${later}&assignee=${member}`],
    ],
    '/api/conversations/counts': [''],
    '/api/conversations/:id': [''],
    '/api/conversations/:id/messages': ['', 'before=3', 'after=1', `around=${message}`, 'limit=200'],
    '/api/messages/:id': [''],
    '/api/messages/:id/history': [''],
    '/api/contacts': ['', 'q=000777', 'q=c4c', 'q=49', `cursor=${contact}`],
    '/api/contacts/:id': [''],
    '/api/contacts/:id/consents': [''],
    '/api/search': [
      'q=hello',
      'q=zzzz',
      `q=hello&contactId=${contact}`,
      `q=hello&accountId=${account}`,
      'q=hello&channel=whatsapp',
    ],
    '/api/reports/active-conversations': ['', 'limit=100'],
    '/api/reports/newest-messages': ['', 'limit=100'],
    '/api/labels': [''],
    '/api/leads': ['', 'status=open', 'q=leak', `assignee=${member}`],
    '/api/staff': [''],
    '/api/bookings/slots': ['', 'days=14&minutes=45', `staffId=${staff}`, `from=${today?.slice(0, 10)}`],
    '/api/bookings/holds': [''],
    '/api/bookings': [
      ...['', 'order=desc', 'limit=100&status=cancelled', 'status=ahead', 'status=no_show', `staffId=${staff}&order=desc`],
      ...[`from=${today}`, `from=${today}&to=${tomorrow}`, `from=${today}&to=${tomorrow}&staffId=${staff}&status=ahead`],
      ...[`leadId=${lead}`, `contactId=${contact}`, `conversationId=${conversation}&order=desc`, `cursor=${later}`],
      ...[`cursor=${later}&order=desc&status=completed`],
    ],
    '/api/bookings/:id': [''],
    '/api/calls': [
      ...['', 'limit=100', 'status=missed', 'status=ringing', 'outcome=busy', 'outcome=voicemail', `contactId=${contact}`],
      ...[`cursor=${later}`, `cursor=${later}&outcome=busy`, `cursor=${later}&status=missed&outcome=busy`],
    ],
    '/api/calls/:id': [''],
    '/api/calls/:id/story': [''],
    '/api/business/calls': [''],
    '/api/calls/rules': [''],
    '/api/business/calls/standards': [''],
    '/api/notifications/unsent': [''],
    '/api/accounts': [''],
    '/api/templates': ['', `accountId=${account}`],
    '/api/members': [''],
    '/api/business': [''],
    '/api/holds': [''],
    '/api/invitations': [''],
    '/api/api-keys': [''],
    '/api/contact-centre': [''],
    '/api/mappings/by-customer/:waId': ['', 'phoneNumberId=4711'],
    '/api/mappings/by-conversation/:conversationId': [''],
    '/api/mappings/stats': [''],
    '/api/mappings/:id/messages': ['', `cursor=${message}`, 'limit=200'],
    '/api/conversations/:id/context': [''],
    '/api/dead-letters': ['', 'state=waiting', 'state=replayed', 'reason=invalid_payload&source=webhook:whatsapp-cloud'],
    '/api/dead-letters/counts': [''],
    '/api/widget/customer': [''],
    '/api/widget/history': [
      '',
      'limit=100',
      `cursor=${Buffer.from(JSON.stringify({ [conversation as string]: 3 })).toString('base64url')}`,
    ],
    '/api/widget/templates': [''],
  }
}
/** What shows nothing of a business's conversations, and why it is not asked here. */
const others: [RegExp, string][] = [
  [/^\/api\/stream$/, 'never ends; what it reads is asked for below'],
  [/^\/api\/(session|sessions|setup|me)(\/|$)/, 'a person and their sessions'],
  [/^\/api\/audit$/, 'for owners in person; see src/tenancy'],
  [/^(\/api)?\/tenants?(\/|$)|^\/api\/platform\//, 'for those who run the server; see src/tenancy/tenant-plans.db.test.ts'],
  [
    /^\/api\/reports\/(delivery|statuses|volume|campaigns|automations|funnel|funnel\/export)$/,
    'counts all of a stretch of time; see src/reports',
  ],
  [/^\/api\/(widget\/)?media(\/|$)/, 'one file by its key'],
  [/^\/api\/leads\/:id$/, 'one by its key'],
  [/^\/api\/bookings\/holds\/:id$/, 'one by its key'],
  [/^\/api\/leads\/(sums|export)$/, 'adds up, or writes out, all of them'],
  [/^\/api\/dead-letters\/:id$/, 'one by its key, with one webhook by its key'],
  [/^\/api\/accounts\/:id\/setup$/, 'a few accounts'],
  [/^\/api\/numbers(\/|$)/, 'a few numbers; what is for sale is the provider’s'],
  [/^\/api\/(docs|openapi)/, 'reads no table'],
]

describe('what the API shows', () => {
  const routes = () =>
    Object.entries((app.server.swagger() as { paths: Record<string, Record<string, unknown>> }).paths)
      .filter(([, methods]) => 'get' in methods)
      .map(([path]) => path.replace(/\{(\w+)\}/g, ':$1'))
      .filter((path) => path.startsWith('/api/'))

  test('is asked for here, every route of it, or said why not', () => {
    const here = asked()
    const forgotten = routes().filter((path) => !(path in here) && !others.some(([reason]) => reason.test(path)))
    expect(forgotten).toEqual([])
    expect(Object.keys(here).filter((path) => !routes().includes(path))).toEqual([])
  })

  test('reads no large table as a whole, spills nothing and sorts little more than it shows', async () => {
    const faults: string[] = []
    let plans = 0
    for (const [route, queries] of Object.entries(asked()))
      for (const query of queries) {
        const folderOf = /(\w+)s\/:id/.exec(route)?.[1] ?? ''
        const named = route.replace(/:(waId|conversationId)/, (_, name: string) => known[name] ?? '')
        const url = `${named.replace(':id', known[folderOf] ?? '')}${query && '?'}${query}`
        // Often enough for a plan that is made for any values, where the statement has a name.
        for (let n = 0; n < 7; n++) {
          const seen = await heard(async () => {
            const authorization = url.startsWith('/api/widget/') ? `Widget ${link}` : `Bearer ${key}`
            const answer = await app.server.inject({ url, headers: { authorization } })
            expect([url, answer.statusCode]).toEqual([url, 200])
          })
          plans += seen.length
          faults.push(...seen.flatMap((plan) => faultsOf(plan)).map((fault) => `${url}: ${fault}`))
        }
      }
    expect([...new Set(faults)]).toEqual([])
    expect(plans).toBeGreaterThan(500)
  }, 240_000)

  test('by what is done wrong on purpose it would be noticed', async () => {
    const seen = (sql: string) =>
      heard(() => inTenant(app.db, filled.tenantId, (tx) => tx.query(sql)).then(() => {})).then((all: Plan[]) =>
        all.flatMap(faultsOf),
      )
    expect(await seen(`SELECT count(*) FROM messages WHERE content LIKE '%qq%'`)).not.toEqual([])
    expect(await seen('SELECT id FROM conversations ORDER BY last_preview, id LIMIT 10')).not.toEqual([])
  })
})
