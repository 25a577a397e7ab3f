/** The upgrade to numbers that are bought, by an owner of the tables whom row-level security binds. */
import { randomBytes } from 'node:crypto'
import { runner } from 'node-pg-migrate'
import pg from 'pg'
import { expect, inject, test } from 'vitest'
import { withDatabase } from '../../../test/world/postgres.setup.ts'
import { knownMigrations, migrate } from './migrate.ts'

test('leads, delays and numbers of before are what they were, where who migrates is bound by the walls too; down and up again', async () => {
  const name = `parley_bound_${randomBytes(5).toString('hex')}`
  const { adminUrl } = inject('postgres')
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  await admin.query(`CREATE ROLE ${name} LOGIN PASSWORD 'x' CREATEROLE NOSUPERUSER`)
  await admin.query(`GRANT parley_app, parley_system TO ${name}`)
  await admin.query(`CREATE DATABASE ${name} OWNER ${name}`)
  const bound = new URL(withDatabase(adminUrl, name))
  bound.username = name
  bound.password = 'x'
  const there = new pg.Client({ connectionString: bound.href })
  const sees = new pg.Client({ connectionString: withDatabase(adminUrl, name) })
  await there.connect()
  await sees.connect()
  const known = await knownMigrations()
  const settings = {
    ...{ dbClient: there, dir: new URL('../../../migrations/', import.meta.url).pathname, singleTransaction: false },
    ...{ migrationsTable: 'pgmigrations', migrationsSchema: 'parley', schema: 'parley', createSchema: true },
    ...{ createMigrationsSchema: true, log: () => {}, ignorePattern: '.*(?<!\\.sql)$', checkOrder: true },
  }
  try {
    await runner({ ...settings, direction: 'up', count: known.indexOf('051_notifications') + 1 })
    await sees.query(`SET search_path = parley;
      INSERT INTO tenants (id, tenant_id, name) VALUES (uuid7(), 't', 'T');
      INSERT INTO users (id, email, password_hash) VALUES (uuid7(), 'here@x.example', 'x'), (uuid7(), 'there@x.example', 'x');
      INSERT INTO user_preferences (user_id, ai_takeover_delay) SELECT id, CASE WHEN email LIKE 'here%' THEN 60 ELSE 90 END FROM users;
      INSERT INTO contacts (tenant_id, id, name) SELECT id, uuid7(), n FROM tenants, unnest(ARRAY['a', 'b', 'c', 'd']) n;
      INSERT INTO channel_accounts (tenant_id, id, channel, provider, external_id, name)
        SELECT id, uuid7(), 'sms', 'twilio', '+14155550100', 'x' FROM tenants;
      INSERT INTO conversations (tenant_id, id, contact_id, channel_account_id, channel)
        SELECT k.tenant_id, uuid7(), k.id, a.id, 'sms' FROM contacts k JOIN channel_accounts a USING (tenant_id);
      INSERT INTO leads (tenant_id, id, contact_id, conversation_id, origin, status, lost_reason)
        SELECT k.tenant_id, uuid7(), k.id, v.id, 'manual', CASE k.name WHEN 'a' THEN 'completed' WHEN 'b' THEN 'lost' WHEN 'c' THEN 'lost' ELSE 'new' END,
               CASE WHEN k.name IN ('b', 'c') THEN 'price' END
          FROM contacts k JOIN conversations v ON v.contact_id = k.id;
      INSERT INTO events (tenant_id, type, actor, data) SELECT l.tenant_id, 'lead.updated', 'x', jsonb_build_object('leadId', l.id, 'from', 'qualified', 'to', 'lost')
        FROM leads l JOIN contacts k USING (tenant_id) WHERE k.id = l.contact_id AND k.name = 'b';
      INSERT INTO phone_numbers (tenant_id, id, phone_number, voice_webhook_url, sms_webhook_url, status)
        SELECT id, uuid7(), '+14155550100', 'https://x.example/v', 'https://x.example/s', 'active' FROM tenants`)
    // Lost more than once, in a long log: the last time counts.
    await sees.query(`INSERT INTO events (tenant_id, type, actor, data)
      SELECT tenant_id, 'lead.updated', 'x', jsonb_build_object('leadId', id, 'from', 'new', 'to', 'qualified') FROM leads, generate_series(1, 50)`)
    const touched = async () => (await sees.query('SELECT id, updated_at FROM leads ORDER BY id')).rows
    const before = await touched()
    const count = (await migrate(bound.href)).applied.length
    expect(count).toBeGreaterThan(3)
    const reached = async () =>
      (await sees.query('SELECT k.name, l.reached FROM leads l JOIN contacts k ON k.id = l.contact_id ORDER BY 1')).rows.map(
        (row) => `${row.name}: ${row.reached}`,
      )
    const delays = async () =>
      (
        await sees.query('SELECT ai_takeover_delay AS d FROM user_preferences JOIN users u ON u.id = user_id ORDER BY u.email')
      ).rows.map((row) => row.d)
    expect(await reached()).toEqual(['a: completed', 'b: qualified', 'c: new', 'd: new'])
    expect(await touched()).toEqual(before)
    expect(await delays()).toEqual([null, 90])
    const numbers = async () => (await sees.query('SELECT status, wanted, account_sid, due_at FROM phone_numbers')).rows
    expect(await numbers()).toEqual([{ status: 'active', wanted: 'active', account_sid: null, due_at: null }])
    const { rows: walls } = await sees.query(
      `SELECT relname FROM pg_class c WHERE relnamespace = 'parley'::regnamespace AND relrowsecurity AND NOT relforcerowsecurity`,
    )
    expect(walls).toEqual([])
    await sees.query('UPDATE phone_numbers SET monthly_price_cents = NULL')
    // An appointment of a lead is of no booking any more once there are no bookings.
    await sees.query(`INSERT INTO staff (tenant_id, name) SELECT id, 'Ana' FROM tenants;
      INSERT INTO bookings (tenant_id, staff_id, starts_at, ends_at, duration_minutes, source)
        SELECT tenant_id, id, '2026-05-04T10:00Z', '2026-05-04T11:00Z', 60, 'api' FROM staff;
      UPDATE leads SET appointment_id = (SELECT id FROM bookings)`)
    await runner({ ...settings, direction: 'down', count })
    expect(await delays()).toEqual([60, 90])
    expect((await sees.query('SELECT monthly_price_cents FROM phone_numbers')).rows).toEqual([{ monthly_price_cents: 100 }])
    await migrate(bound.href)
    expect(await reached()).toEqual(['a: completed', 'b: qualified', 'c: new', 'd: new'])
  } finally {
    await there.end()
    await sees.end()
    await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)
    await admin.query(`DROP OWNED BY ${name}; DROP ROLE ${name}`)
    await admin.end()
  }
})
