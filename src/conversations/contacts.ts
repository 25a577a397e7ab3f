/** People as the tenant knows them. */
import { notFound } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { type Database, inTenant, type Tx } from '../platform/db/tx.ts'
import type { PersonIdentity } from '../ports/channel.ts'
import { indexContacts } from './search/people.ts'

/**
 * What a provider told about the person a message was accepted for: the id it really goes to may differ from the number
 * written (Brazil's ninth digit, Mexico's 1). Kept as further identities, with the message as evidence; one that already
 * belongs to somebody else is left with them.
 */
export async function learnIdentities(
  db: Database,
  tenantId: string,
  accountId: string,
  contactId: string,
  identities: readonly PersonIdentity[],
  messageId: string,
): Promise<void> {
  await inTenant(db, tenantId, async (tx) => {
    for (const identity of identities) {
      await tx.query(
        `INSERT INTO contact_identities (tenant_id, scope, kind, value, contact_id, evidence)
         SELECT $1, CASE WHEN $3 = '' THEN '' ELSE coalesce(a.portfolio_id, a.id::text) END, $4, $5, $6, jsonb_build_object('sent', $7::text)
           FROM channel_accounts a WHERE a.tenant_id = $1 AND a.id = $2 ON CONFLICT DO NOTHING`,
        [tenantId, accountId, identity.scope, identity.kind, identity.value, contactId, messageId],
      )
    }
  })
}

/** The contact with this number, made where there is none. Safe when two do it at once. */
export async function contactByPhone(tx: Tx, phone: string): Promise<string> {
  const waId = phone.slice(1)
  const found = await tx.query<{ id: string }>(
    `SELECT id FROM contacts WHERE tenant_id = $1 AND phone = $2
     UNION ALL SELECT contact_id FROM contact_identities WHERE tenant_id = $1 AND scope = '' AND kind = 'wa_id' AND value = $3 LIMIT 1`,
    [tx.tenantId, phone, waId],
  )
  const id = found.rows[0]?.id ?? newId()
  if (!found.rows[0]) {
    const { rows } = await tx.query<{ id: string }>(
      `INSERT INTO contacts (tenant_id, id, phone) VALUES ($1, $2, $3)
       ON CONFLICT (tenant_id, phone) WHERE phone IS NOT NULL DO UPDATE SET phone = excluded.phone RETURNING id`,
      [tx.tenantId, id, phone],
    )
    return await withIdentity(tx, rows[0]?.id ?? id, waId)
  }
  return await withIdentity(tx, id, waId)
}

async function withIdentity(tx: Tx, contactId: string, waId: string): Promise<string> {
  await tx.query(
    `INSERT INTO contact_identities (tenant_id, scope, kind, value, contact_id, evidence) VALUES ($1, '', 'wa_id', $2, $3, '{"entered": true}') ON CONFLICT DO NOTHING`,
    [tx.tenantId, waId, contactId],
  )
  // Who was written to by hand is found by hand.
  await indexContacts(tx, [contactId])
  return contactId
}

/** The open conversation with a contact on an account, made where there is none: nobody's yet where the assistant answers. */
export async function openConversation(tx: Tx, accountId: string, contactId: string): Promise<string> {
  const { rows } = await tx.query<{ id: string }>(
    `INSERT INTO conversations (tenant_id, channel_account_id, contact_id, channel, control)
     SELECT $1, a.id, $3, a.channel, CASE a.answerer WHEN 'assistant' THEN 'none' ELSE 'human' END FROM channel_accounts a WHERE a.tenant_id = $1 AND a.id = $2
     ON CONFLICT (tenant_id, channel_account_id, contact_id) WHERE status = 'open' DO UPDATE SET updated_at = conversations.updated_at RETURNING id`,
    [tx.tenantId, accountId, contactId],
  )
  if (!rows[0]) throw notFound('The account')
  return rows[0].id
}

/**
 * The same for somebody who turned to the business without writing (a call): whoever answers them is who would answer a line
 * of theirs. `fresh`: it was made.
 */
export async function conversationOfCaller(
  tx: Tx,
  accountId: string,
  contactId: string,
): Promise<{ id: string; fresh: boolean }> {
  const { rows } = await tx.query<{ id: string; fresh: boolean }>(
    `INSERT INTO conversations (tenant_id, channel_account_id, contact_id, channel, control)
     SELECT $1, a.id, $3, a.channel, CASE a.answerer WHEN 'human' THEN 'human' WHEN 'genesys' THEN 'agent' WHEN 'assistant' THEN 'none' ELSE 'bot' END
       FROM channel_accounts a WHERE a.tenant_id = $1 AND a.id = $2
     ON CONFLICT (tenant_id, channel_account_id, contact_id) WHERE status = 'open' DO UPDATE SET updated_at = conversations.updated_at
     RETURNING id, xmax = 0 AS fresh`,
    [tx.tenantId, accountId, contactId],
  )
  if (!rows[0]) throw notFound('The account')
  return rows[0]
}

/** Somebody of whom nothing is known but one event at the provider, which stands for them. */
export async function contactWithoutNumber(tx: Tx, scope: string, value: string, name: string | null): Promise<string> {
  const found = await tx.query<{ contact_id: string }>(
    `SELECT contact_id FROM contact_identities WHERE tenant_id = $1 AND scope = $2 AND kind = 'external' AND value = $3`,
    [tx.tenantId, scope, value],
  )
  if (found.rows[0]) return found.rows[0].contact_id
  const id = newId()
  await tx.query('INSERT INTO contacts (tenant_id, id, name) VALUES ($1, $2, $3)', [tx.tenantId, id, name])
  await tx.query(
    `INSERT INTO contact_identities (tenant_id, scope, kind, value, contact_id) VALUES ($1, $2, 'external', $3, $4)`,
    [tx.tenantId, scope, value, id],
  )
  await indexContacts(tx, [id])
  return id
}
