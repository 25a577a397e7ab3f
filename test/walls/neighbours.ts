/** Two businesses on one server, each with one of everything, and everybody who may ask something. */

import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import { addTwilioAccount } from '../../src/conversations/accounts.ts'
import { newId } from '../../src/kernel/ids.ts'
import { inTenant } from '../../src/platform/db/tx.ts'
import { createApiKey } from '../../src/tenancy/api-keys.ts'
import { storeCredentials } from '../../src/tenancy/credentials.ts'
import { signIn } from '../../src/tenancy/sign-in.ts'
import { addMember } from '../../src/tenancy/tenants.ts'
import { digits } from '../world/arrange.ts'
import { type Business, password } from '../world/business.ts'
import type { World } from '../world/world.ts'

/** A word that stands in everything the neighbour has: seen by anybody else, a wall has a hole. */
export const canary = 'zyxwneighbour'

export interface Neighbour {
  business: Business
  word: string
  names: { publicId: string; subdomain: string; integrationId: string; orgId: string; phone: string }
}

export async function settleIn(world: World, business: Business, word: string): Promise<Neighbour> {
  const { owner } = world.database
  const names = {
    publicId: business.slug,
    subdomain: `sub-${digits(8)}`,
    integrationId: `integration-${digits(8)}`,
    orgId: `org-${digits(8)}`,
    phone: business.phoneNumberId,
  }
  await owner.query(
    `UPDATE tenants SET subdomain = $2, genesys_integration_id = $3, genesys_org_id = $4, genesys_org_name = $5, phone_number_id = $6,
            email = $7, name = $5, settings = settings || jsonb_build_object('note', $5::text) WHERE id = $1`,
    [business.tenantId, names.subdomain, names.integrationId, names.orgId, word, names.phone, `${word}@business.example`],
  )
  await owner.query(`UPDATE channel_accounts SET name = $2 WHERE tenant_id = $1`, [business.tenantId, word])
  await owner.query(
    `INSERT INTO contact_centres (tenant_id, name, slug, state_text) VALUES ($1, 'genesys', $2, $3) ON CONFLICT DO NOTHING`,
    [business.tenantId, `slug-${digits(12)}`, word],
  )
  await owner.query(
    `INSERT INTO templates (tenant_id, channel_account_id, name, language, category, status, components)
     VALUES ($1, $2, $3, 'en', 'utility', 'approved', $4)`,
    [
      business.tenantId,
      business.accountId,
      `picture_${word}`,
      JSON.stringify([
        { type: 'HEADER', format: 'IMAGE' },
        { type: 'BODY', text: word },
      ]),
    ],
  )
  return { business, word, names }
}

/** What a dead letter holds: of an account that nobody has, so that replaying it changes nothing. */
export const strayReceipt = {
  kind: 'receipt',
  account: '4711',
  externalId: 'wamid.stray',
  occurredAt: '2025-01-01T00:00:00.000Z',
  status: 'delivered',
  detail: {},
}

export type Kind = keyof ReturnType<typeof makers>

/** Makes a new one of a kind, or answers the one there can be, as the id by which a request names it. */
export function makers(world: World, of: Neighbour) {
  const { business, word } = of
  const { owner } = world.database
  const one = async (sql: string, values: unknown[] = []): Promise<string> =>
    (await owner.query<{ id: string }>(sql, [business.tenantId, ...values])).rows[0]?.id ?? ''
  const conversation = async () => {
    const contactId = await contact()
    return await one(
      `INSERT INTO conversations (tenant_id, channel_account_id, contact_id, last_preview, last_inbound_at, window_expires_at)
       VALUES ($1, $2, $3, $4, now(), now() + interval '20 hours') RETURNING id`,
      [business.accountId, contactId, word],
    )
  }
  const contact = async () => {
    // Long enough that of the thousands that a walk makes no two are alike.
    const phone = `1555${digits(11)}`
    const id = await one(`INSERT INTO contacts (tenant_id, name, phone) VALUES ($1, $2, $3) RETURNING id`, [word, `+${phone}`])
    await owner.query(`INSERT INTO contact_identities (tenant_id, kind, value, contact_id) VALUES ($1, 'wa_id', $2, $3)`, [
      business.tenantId,
      phone,
      id,
    ])
    return id
  }
  // All of one contact, so that any two can be joined; at their end, because of those that are open there is one.
  const lead = async () => {
    return await one(
      `INSERT INTO leads (tenant_id, contact_id, conversation_id, origin, problem_description, status)
       SELECT $1, c.contact_id, c.id, 'sms', $2, 'completed' FROM conversations c WHERE c.tenant_id = $1 ORDER BY c.id LIMIT 1 RETURNING id`,
      [word],
    )
  }
  const staff = () => one('INSERT INTO staff (tenant_id, name) VALUES ($1, $2) RETURNING id', [word])
  /** Of somebody who has nothing else to do. */
  const timed = (sql: string) =>
    one(
      `WITH s AS (INSERT INTO staff (tenant_id, name) VALUES ($1, $2) RETURNING id, date_trunc('hour', now()) + interval '3 days' AS at), ${sql}`,
      [word],
    )
  const message = async (conversationId?: string) => {
    const id = newId()
    const thread = conversationId ?? (await conversation())
    await owner.query(
      `WITH c AS (UPDATE conversations SET last_seq = last_seq + 1 WHERE tenant_id = $1 AND id = $2 RETURNING *),
            t AS (INSERT INTO message_tracking (tenant_id, id, channel_account_id, conversation_id, wamid, direction, status, status_at, created_at)
                  SELECT tenant_id, $3, channel_account_id, id, $4, 'INBOUND', 'received', now(), now() FROM c)
       INSERT INTO messages (tenant_id, id, conversation_id, contact_id, seq, direction, sender, type, content, body, external_message_id, occurred_at, created_at)
       SELECT tenant_id, $3, id, contact_id, last_seq, 'inbound', 'customer', 'text', $5, jsonb_build_object('text', $5::text), $4, now(), now() FROM c`,
      [business.tenantId, thread, id, `wamid.${id}`, word],
    )
    return id
  }
  const failedMessage = async () => {
    const id = await message()
    await owner.query(
      `UPDATE message_tracking SET direction = 'OUTBOUND', status = 'failed', error_code = 'x' WHERE tenant_id = $1 AND id = $2`,
      [business.tenantId, id],
    )
    await owner.query(`UPDATE messages SET direction = 'outbound', sender = 'human' WHERE tenant_id = $1 AND id = $2`, [
      business.tenantId,
      id,
    ])
    return id
  }
  /** The session of a conversation that the agents have, with somebody who wrote. */
  const mapping = async () => {
    const thread = await conversation()
    await message(thread)
    await owner.query(`UPDATE conversations SET control = 'agent' WHERE id = $1`, [thread])
    return await one(
      `INSERT INTO conversation_mappings (tenant_id, conversation_ref, channel_account_id, wa_id, conversation_id, contact_name, phone_number_id)
       VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
      [thread, business.accountId, `1555${digits(7)}`, `over-there-${digits(8)}`, word, business.phoneNumberId],
    )
  }
  /** One that is bought, and with nothing to do: no worker looks at it. */
  const number = async (status: 'active' | 'suspended') =>
    await one(
      `INSERT INTO phone_numbers (tenant_id, slot, channel_account_id, phone_number, friendly_name, phone_number_sid, account_sid, status, wanted,
                                  webhooks_configured, service_ready, date_provisioned, voice_webhook_url, sms_webhook_url)
       SELECT $1, coalesce(max(slot), 0) + 1, $2, $3, $4, $5, $6, $7, $7, true, true, now(), 'https://x.example', 'https://x.example'
         FROM phone_numbers WHERE tenant_id = $1 RETURNING id`,
      [business.accountId, `+1555${digits(11)}`, word, `PN${digits(20)}`, `AC${digits(32)}`, status],
    )
  const media = async () => {
    const form = new FormData()
    form.append('file', new Blob([png]), `${word}.png`)
    const { body } = await world.api<{ id: string }>('POST', '/media', form, business.people.owner)
    return body.id
  }
  const member = async () =>
    inTenant(world.app.db, business.tenantId, (tx) =>
      addMember(tx, { email: `${digits(12)}@${word}.example`, password, firstName: word, lastName: 'Member', role: 'agent' }),
    )
  return {
    conversation,
    contact,
    message,
    failedMessage,
    media,
    member,
    pendingMedia: () =>
      one(
        `INSERT INTO media_objects (tenant_id, channel_account_id, origin, external_id, file_name) VALUES ($1, $2, 'inbound', '1234567', $3) RETURNING id`,
        [business.accountId, word],
      ),
    account: async () => business.accountId,
    // Nothing listens where its provider is said to be.
    textingAccount: () =>
      inTenant(world.app.db, business.tenantId, (tx) =>
        addTwilioAccount(tx, world.app.secrets, {
          ...{ channel: 'sms', number: `+1555${digits(10)}`, name: word, appSlug: 'none', apiUrl: 'http://127.0.0.1:59' },
          ...{ accountSid: `AC${digits(32)}`, authToken: 'a-token-of-nobody' },
        }),
      ),
    apiKey: async () =>
      (await inTenant(world.app.db, business.tenantId, (tx) => createApiKey(tx, { name: word, role: 'agent' }))).row.id,
    session: async () => {
      const { owner: person } = business.people
      await signIn(world.app, { email: person.email, password })
      return (
        await owner.query<{ id: string }>('SELECT id FROM user_sessions WHERE user_id = $1 ORDER BY created_at DESC LIMIT 1', [
          person.userId,
        ])
      ).rows[0]?.id as string
    },
    writingContact: async () => contactOf(world, await conversation()),
    tenantWithCredentials: async () => {
      await inTenant(world.app.db, business.tenantId, (tx) =>
        storeCredentials(tx, world.app.secrets, { type: 'x', subject: '', values: { token: word } }),
      )
      return business.tenantId
    },
    mapping: () => mapping(),
    customer: async () => {
      const id = await mapping()
      return await one('SELECT wa_id AS id FROM conversation_mappings WHERE tenant_id = $1 AND id = $2', [id])
    },
    centreConversation: async () => {
      const id = await mapping()
      return await one('SELECT conversation_id AS id FROM conversation_mappings WHERE tenant_id = $1 AND id = $2', [id])
    },
    wamid: async () => `wamid.${await message()}`,
    lead: () => lead(),
    joinedLead: async () => {
      const id = await lead()
      await owner.query(
        `UPDATE leads SET joined_into = $3, joined = '{"status": "completed", "filled": {}, "conversations": [], "calls": []}' WHERE tenant_id = $1 AND id = $2`,
        [business.tenantId, id, await lead()],
      )
      return id
    },
    staff,
    bookingHold: () =>
      timed(
        `h AS (INSERT INTO booking_holds (tenant_id, staff_id, starts_at, ends_at, expires_at, held_by)
               SELECT $1, id, at, at + interval '1 hour', now() + interval '10 minutes', $2 FROM s RETURNING *),
         o AS (INSERT INTO occupied_times (tenant_id, staff_id, during, hold_id, expires_at)
               SELECT tenant_id, staff_id, tstzrange(starts_at, ends_at), id, expires_at FROM h)
         SELECT id FROM h`,
      ),
    booking: () =>
      timed(
        `b AS (INSERT INTO bookings (tenant_id, staff_id, starts_at, ends_at, duration_minutes, title, source)
               SELECT $1, id, at, at + interval '1 hour', 60, $2, 'manual' FROM s RETURNING *),
         o AS (INSERT INTO occupied_times (tenant_id, staff_id, during, booking_id)
               SELECT tenant_id, staff_id, tstzrange(starts_at, ends_at), id FROM b)
         SELECT id FROM b`,
      ),
    callAccount: async () =>
      one(
        `INSERT INTO channel_accounts (tenant_id, channel, provider, external_id, name, address) VALUES ($1, 'sms', 'twilio', $2, $3, $2) RETURNING id`,
        [`+1${digits(12)}`, word],
      ),
    call: async () => {
      const thread = await conversation()
      return await one(
        `INSERT INTO calls (tenant_id, call_sid, channel_account_id, contact_id, caller_name, customer_phone, business_phone, status, outcome, outcome_by,
                            start_time, conversation_id, caller_city, rule, rule_version, decided_at, processed)
         SELECT $1, $3, c.channel_account_id, c.contact_id, $4, '+15550100001', '+15550100009', 'missed', 'busy', 'dialled', now(), c.id, $4, 'busy', 1, now(), true
           FROM conversations c WHERE c.tenant_id = $1 AND c.id = $2 RETURNING id`,
        [thread, `CA${digits(20)}`, word],
      )
    },
    number: () => number('active'),
    suspendedNumber: () => number('suspended'),
    // With what opens its account. Nothing listens where its provider is said to be.
    async numberOfProvider() {
      const id = await number('active')
      await one(
        `INSERT INTO number_providers (tenant_id, account_sid, app_slug, api_url, is_current)
         SELECT $1, account_sid, 'none', 'http://127.0.0.1:59', false FROM phone_numbers WHERE tenant_id = $1 AND id = $2 RETURNING account_sid AS id`,
        [id],
      )
      return id
    },
    label: async () => one(`INSERT INTO labels (tenant_id, name) VALUES ($1, $2) RETURNING id`, [`${word} ${digits(12)}`]),
    deadLetter: async () =>
      one(
        `INSERT INTO dead_letters (tenant_id, source, reason, error_message, original_payload) VALUES ($1, 'webhook:whatsapp-cloud', 'invalid_payload', $3, $2::jsonb) RETURNING id`,
        [JSON.stringify({ ...strayReceipt, detail: { word } }), word],
      ),
    hold: async () =>
      one(
        `INSERT INTO retention_holds (tenant_id, contact_id, reason, placed_by, placed_by_name) VALUES ($1, $2, $3, 'system', $3) RETURNING id`,
        [await contact(), word],
      ),
    invitation: async () =>
      one(
        `INSERT INTO invitations (tenant_id, email, role, token_hash, invited_by, invited_by_name, expires_at)
         VALUES ($1, $2, 'agent', $3, 'cli', $4, now() + interval '1 day') RETURNING id`,
        [`${digits(12)}@${word}.example`, newId(), word],
      ),
    tenant: async () => business.tenantId,
    publicTenant: async () => of.names.publicId,
    phoneNumber: async () => of.names.phone,
    integration: async () => of.names.integrationId,
    organisation: async () => of.names.orgId,
    subdomain: async () => of.names.subdomain,
  }
}

export async function contactOf(world: World, conversationId: string): Promise<string> {
  const { rows } = await world.database.owner.query<{ contact_id: string }>(
    'SELECT contact_id FROM conversations WHERE id = $1',
    [conversationId],
  )
  return rows[0]?.contact_id ?? ''
}

/** An id of a kind that nobody has. */
export const nobodys = (kind: Kind): string => (forms[kind] ?? newId)()
const forms: Partial<Record<Kind, () => string>> = {
  publicTenant: () => `nobody-${randomBytes(4).toString('hex')}`,
  phoneNumber: () => digits(15),
  integration: () => `integration-${digits(8)}`,
  organisation: () => `org-${digits(8)}`,
  subdomain: () => `sub-${digits(8)}`,
}

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** Everything that belongs to a business, as one number: any change anywhere changes it. */
export async function fingerprint(owner: Pick<Pool, 'query'>, tenantId: string): Promise<Map<string, string>> {
  const { rows: tables } = await owner.query<{ name: string }>(
    `SELECT r.relname AS name FROM pg_class r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
      WHERE r.relnamespace = 'parley'::regnamespace AND r.relkind IN ('r', 'p') AND NOT r.relispartition ORDER BY 1`,
  )
  // One question for all of them: they are asked some hundred times.
  const { rows } = await owner.query<{ name: string; print: string }>({
    name: 'fingerprint',
    text: tables
      .map(
        ({ name }) =>
          `SELECT '${name}' AS name, count(*) || '/' || coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '') AS print FROM parley.${name} t WHERE ${name === 'tenants' ? 'id' : 'tenant_id'} = $1`,
      )
      .join(' UNION ALL '),
    values: [tenantId],
  })
  const prints = new Map(rows.map(({ name, print }) => [name, print]))
  const people = await owner.query<{ print: string }>(
    `SELECT md5(string_agg(u::text, ',' ORDER BY u.id)) AS print FROM users u WHERE u.id IN (SELECT user_id FROM user_profiles WHERE tenant_id = $1)`,
    [tenantId],
  )
  prints.set('users', people.rows[0]?.print ?? '')
  return prints
}

export interface AskedAs {
  name: string
  headers: Record<string, string>
}

/** Every role as a person and as a key, and nobody. */
export async function everybody(world: World, { business }: Neighbour): Promise<AskedAs[]> {
  const people = Object.entries(business.people)
    .filter(([name]) => name !== 'colleague')
    .map(([name, person]) => ({ name, headers: { cookie: person.cookie } }))
  const keys = await Promise.all(
    (['admin', 'agent', 'viewer'] as const).map(async (role) => ({
      name: `key:${role}`,
      headers: {
        authorization: `Bearer ${(await inTenant(world.app.db, business.tenantId, (tx) => createApiKey(tx, { name: role, role }))).key}`,
      },
    })),
  )
  return [...people, ...keys, { name: 'nobody', headers: {} }]
}
