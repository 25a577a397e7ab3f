import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSchema, renderSchema } from '../../bin/docs/schema.ts'
import { createTestDatabase, type TestDatabase } from '../world/database.ts'
import { growing } from '../world/plans.ts'
import { read } from './tree.ts'

let db: TestDatabase
beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db.drop())

async function list(sql: string): Promise<string[]> {
  const { rows } = await db.owner.query<{ name: string }>(sql)
  return rows.map(({ name }) => name).sort()
}

describe('the pages about the data say what a migrated database has', () => {
  test('schema.md is what the migrations make (npm run docs writes it)', async () => {
    expect(read('docs/generated/schema.md')).toBe(renderSchema(await readSchema(db.owner)))
  })
  test('data-model.md has one line for every table', async () => {
    const { tables } = await readSchema(db.owner)
    const section = read('docs/data-model.md')
      .split(/^## /m)
      .find((part) => part.startsWith('Tables'))
    const described = [...(section ?? '').matchAll(/^\| `(\w+)` \| \S/gm)].map(([, name]) => name)
    expect(described.sort()).toEqual(tables.map(({ name }) => name).sort())
  })
  test('data-model.md says which question each index of a table that grows answers', async () => {
    const indexes = await list(
      `SELECT i.relname AS name FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
        WHERE t.relnamespace = 'parley'::regnamespace AND NOT t.relispartition AND t.relname IN (${growing.map((name) => `'${name}'`).join()})`,
    )
    const section = read('docs/data-model.md')
      .split(/^## /m)
      .find((part) => part.startsWith('Indexes of the tables that grow'))
    const described = [...(section ?? '').matchAll(/^\| `(\w+)` \| \S/gm)].map(([, name]) => name)
    expect(described.sort()).toEqual(indexes)
  })
  test('data-model.md says why each function that sees several tenants exists', async () => {
    const { definers } = await readSchema(db.owner)
    const described = [...read('docs/data-model.md').matchAll(/^\| `(\w+)\(\)` \| \S/gm)].map(([, name]) => name)
    expect(described.sort()).toEqual(definers.map(({ name }) => name).sort())
  })
})

describe('indexes by the names under which others know them', () => {
  /** Of message automation, of the tables of a salon whose rows expire, and of people, numbers, calls, leads and bookings of a trade. */
  const named =
    `tenants_status contacts_tenant contacts_phone contacts_metadata contacts_status conversations_tenant conversations_contact
    conversations_last_message messages_tenant messages_contact messages_conversation messages_external_id messages_status messages_created_at
    messages_metadata messages_phone messages_created webhook_events_type webhook_events_status webhook_events_type_date
    message_statuses_message_id message_statuses_phone_status templates_name templates_status campaigns_status campaigns_created
    automations_status automations_trigger_type dialog_contexts_phone dialog_contexts_company dialog_contexts_expires
    appointments_cache_company appointments_cache_expires user_profiles_tenant user_profiles_email user_status_active user_status_last_seen
    tenants_business_location tenants_trade_type tenants_onboarding business_settings_tenant phone_numbers_tenant phone_numbers_phone
    phone_numbers_sid phone_numbers_status phone_numbers_area_code calls_tenant_status calls_customer_phone calls_start_time calls_call_sid
    conversations_tenant_status conversations_customer_phone conversations_ai_active messages_tenant_direction messages_message_sid
    leads_tenant_status leads_customer_phone leads_created_at staff_company_id staff_active staff_yclients_id staff_rating bookings_company_id
    bookings_client_id bookings_staff_id bookings_datetime bookings_company_datetime bookings_status bookings_yclients_id`
      .split(/\s+/)
      .map((name) => `idx_${name}`)

  test('each is there, is served by another that is there, or is left out for a reason', async () => {
    const section = read('docs/data-model.md')
      .split(/^## /m)
      .find((part) => part.startsWith('Names of indexes'))
    const rows = [...(section ?? '').matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map(([, name, is]) => ({ name, is: is ?? '' }))
    expect(rows.map(({ name }) => name).sort()).toEqual([...named].sort())
    const there = await list(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'parley'::regnamespace AND relkind IN ('i', 'I')`,
    )
    const missing = rows.flatMap(({ name, is }) => {
      if (is.startsWith('none: ')) return there.includes(name ?? '') ? [`${name} is there`] : []
      const serving = is === 'itself' ? [name] : [...is.matchAll(/`(\w+)`/g)].map(([, other]) => other)
      return serving.length > 0 && serving.every((one) => there.includes(one ?? '')) ? [] : [name]
    })
    expect(missing).toEqual([])
  })
})

/** Tables with a column tenant_id. In `tenants` that column is the public name; there the id is the tenant. */
const tenantTables = `SELECT r.oid, r.relname, r.relrowsecurity, r.relforcerowsecurity FROM pg_class r
  WHERE r.relnamespace = 'parley'::regnamespace AND r.relkind IN ('r', 'p')
    AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)`

describe('a tenant cannot see another', () => {
  test('row-level security is enabled and forced on every table with a tenant', async () => {
    const open = await list(
      `SELECT relname AS name FROM (${tenantTables}) t WHERE NOT (relrowsecurity AND relforcerowsecurity)`,
    )
    // A session is found before its tenant is known, by the hash of a secret token; tenant_id is what it looks at.
    expect(open).toEqual(['user_sessions'])
  })
  test('every wall stands in both directions: what is read and what is written', async () => {
    const half = await list(
      `SELECT t.relname AS name FROM (${tenantTables}) t WHERE t.relrowsecurity AND NOT EXISTS (
         SELECT FROM pg_policy p WHERE p.polrelid = t.oid AND p.polname = 'tenant_wall' AND p.polcmd = '*' AND p.polpermissive
           AND 'parley_app'::regrole = ANY (p.polroles)
           AND pg_get_expr(p.polqual, p.polrelid) LIKE '%current_tenant()%'
           AND pg_get_expr(p.polwithcheck, p.polrelid) LIKE '%current_tenant()%')`,
    )
    expect(half).toEqual([])
  })
  test('no other policy lets the server through', async () => {
    const others = await list(
      `SELECT DISTINCT p.polname AS name FROM pg_policy p JOIN pg_class r ON r.oid = p.polrelid
        WHERE r.relnamespace = 'parley'::regnamespace AND (p.polroles = '{0}' OR 'parley_app'::regrole = ANY (p.polroles))`,
    )
    expect(others).toEqual(['tenant_wall'])
  })

  /** Keys that do not start with the tenant, each with its reason. */
  const keysWithoutTenant: Record<string, string> = {
    tenants_pkey: 'its id is the tenant',
    tenants_tenant_id_key: 'the public name is unique on the whole server',
    idx_tenant_phone_number: 'which tenant has this number: no two may',
    idx_tenant_integration_id: 'which tenant has this integration: no two may',
    idx_tenant_genesys_org: 'which tenant has this organisation: no two may',
    idx_tenant_subdomain: 'which tenant has this subdomain: no two may',
    tenant_api_keys_hash_key: 'a key is found before its tenant is known',
    invitations_token_key: 'an invitation is found before its tenant is known',
    user_sessions_pkey: 'a session is found before its tenant is known',
    user_sessions_token_key: 'a session is found before its tenant is known',
    channel_apps_slug_key: 'a webhook address is found before its tenant is known',
    channel_accounts_external_key: "a provider's id of an address belongs to one tenant only",
    webhook_events_pkey: 'a webhook may speak of several tenants, or of none known here',
    webhook_events_default_pkey: 'a webhook may speak of several tenants, or of none known here',
    contact_centres_slug_key: 'a webhook address is found before its tenant is known',
    dead_letters_pkey: 'whose it is may not be known',
  }
  test('every primary and unique key of a tenant table starts with the tenant, but for those listed with a reason', async () => {
    const others = await list(
      `SELECT i.relname AS name FROM (${tenantTables}) t JOIN pg_index x ON x.indrelid = t.oid AND x.indisunique
         JOIN pg_class i ON i.oid = x.indexrelid
        WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum = x.indkey[0] AND a.attname = 'tenant_id'
                             AND t.relname <> 'tenants')`,
    )
    expect(others).toEqual(Object.keys(keysWithoutTenant).sort())
  })

  const referencesWithoutTenant: Record<string, string> = {
    fk_user_profiles_user: 'a person may belong to several tenants',
    fk_sessions_user: 'a person signs in before choosing a tenant',
  }
  test('every foreign key between tenant tables carries the tenant, but for those listed with a reason', async () => {
    const others = await list(
      `SELECT f.conname AS name FROM (${tenantTables}) t JOIN pg_constraint f ON f.conrelid = t.oid AND f.contype = 'f'
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = f.conkey[1] WHERE a.attname <> 'tenant_id'`,
    )
    expect(others).toEqual(Object.keys(referencesWithoutTenant).sort())
  })

  test('the server and the functions across tenants work as roles that no wall lets through', async () => {
    const { rows } = await db.owner.query(
      `SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcanlogin FROM pg_roles WHERE rolname IN ('parley_app', 'parley_system') ORDER BY 1`,
    )
    const powerless = { rolsuper: false, rolbypassrls: false, rolcreaterole: false, rolcanlogin: false }
    expect(rows).toEqual([
      { rolname: 'parley_app', ...powerless },
      { rolname: 'parley_system', ...powerless },
    ])
    const { definers } = await readSchema(db.owner)
    expect(definers.filter(({ owner }) => owner !== 'parley_system')).toEqual([])
    expect(definers.length).toBeGreaterThan(0)
  })
  test('the server owns no table, and nobody but it may call what works across tenants', async () => {
    const owned = await list(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'parley'::regnamespace
          AND pg_get_userbyid(relowner) IN ('parley_app', 'parley_system')`,
    )
    expect(owned).toEqual([])
    const toEverybody = await list(
      `SELECT p.proname AS name FROM pg_proc p WHERE p.pronamespace = 'parley'::regnamespace AND p.prosecdef
          AND (p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) g WHERE g.grantee = 0))`,
    )
    expect(toEverybody).toEqual([])
  })
  test('a function across tenants looks names up in its own schema only', async () => {
    const loose = await list(
      `SELECT proname AS name FROM pg_proc WHERE pronamespace = 'parley'::regnamespace AND prosecdef
          AND NOT coalesce(proconfig::text LIKE '%search_path=parley, pg_temp%', false)`,
    )
    expect(loose).toEqual([])
  })
})
