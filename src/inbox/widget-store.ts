/** Whom a link is about, and everything that was said with them. All within one tenant. */
import { notFound, ParleyError } from '../kernel/errors.ts'
import { isUuid } from '../kernel/ids.ts'
import type { Tx } from '../platform/db/tx.ts'
import { type ConversationRow, findConversations, findMessages, type MessageRow } from './store.ts'
import type { WidgetClaims } from './widget-token.ts'

export interface Whom {
  contactId: string
  conversationId: string | null
}

type Named = Pick<WidgetClaims, 'conversation' | 'contact' | 'centreConversation' | 'phone'>

/** Throws not_found where nobody is meant. */
export async function findWhom(tx: Tx, named: Named): Promise<Whom> {
  if (named.conversation)
    return await one(tx, 'SELECT contact_id, id FROM conversations WHERE tenant_id = $1 AND id = $2', named.conversation)
  if (named.centreConversation)
    return await one(
      tx,
      `SELECT c.contact_id, c.id FROM conversation_mappings m JOIN conversations c ON c.tenant_id = m.tenant_id AND c.id = m.conversation_ref
        WHERE m.tenant_id = $1 AND m.conversation_id = $2 ORDER BY m.created_at DESC LIMIT 1`,
      named.centreConversation,
    )
  const contactId = named.contact ?? (await contactOfPhone(tx, named.phone ?? ''))
  return await one(
    tx,
    `SELECT k.id AS contact_id, (SELECT c.id FROM conversations c WHERE c.tenant_id = k.tenant_id AND c.contact_id = k.id
                                  ORDER BY c.last_message_at DESC LIMIT 1) AS id
       FROM contacts k WHERE k.tenant_id = $1 AND k.id = $2`,
    contactId,
  )
}

async function one(tx: Tx, text: string, value: string): Promise<Whom> {
  const { rows } = await tx.query<{ contact_id: string; id: string | null }>(text, [tx.tenantId, value])
  if (!rows[0]) throw notFound('The customer')
  return { contactId: rows[0].contact_id, conversationId: rows[0].id }
}

async function contactOfPhone(tx: Tx, phone: string): Promise<string> {
  const digits = phone.replace(/^\+/, '')
  const { rows } = await tx.query<{ id: string }>(
    `SELECT id FROM contacts WHERE tenant_id = $1 AND phone = $2
     UNION ALL SELECT contact_id FROM contact_identities WHERE tenant_id = $1 AND scope = '' AND kind = 'wa_id' AND value = $3 LIMIT 1`,
    [tx.tenantId, `+${digits}`, digits],
  )
  if (!rows[0]) throw notFound('The customer')
  return rows[0].id
}

const mostConversations = 50

/** Newest first. */
export async function conversationsWith(tx: Tx, contactId: string): Promise<ConversationRow[]> {
  const { rows } = await tx.query<{ id: string }>(
    'SELECT id FROM conversations WHERE tenant_id = $1 AND contact_id = $2 ORDER BY last_message_at DESC, id DESC LIMIT $3',
    [tx.tenantId, contactId, mostConversations],
  )
  const found = await findConversations(
    tx,
    rows.map(({ id }) => id),
  )
  const place = new Map(rows.map(({ id }, n) => [id, n]))
  return found.sort((a, b) => (place.get(a.id) ?? 0) - (place.get(b.id) ?? 0))
}

/** By conversation: lines with a smaller seq are still to come. */
type Cursor = Record<string, number>

export function readHistoryCursor(text: string): Cursor {
  const wrong = new ParleyError('malformed_cursor', 'The cursor is not one that this server gave.')
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong
    const entries = Object.entries(value)
    if (entries.length > mostConversations || !entries.every(([id, seq]) => isUuid(id) && Number.isSafeInteger(seq) && seq > 0))
      throw wrong
    return Object.fromEntries(entries) as Cursor
  } catch {
    throw wrong
  }
}
const written = (cursor: Cursor): string => Buffer.from(JSON.stringify(cursor)).toString('base64url')

/** The newest lines of several conversations together, by time; each conversation is read from its own place backwards. */
export async function history(
  tx: Tx,
  conversationIds: readonly string[],
  given: { cursor?: string; limit: number },
): Promise<{ rows: MessageRow[]; before: string | null }> {
  const from = given.cursor ? readHistoryCursor(given.cursor) : {}
  const seqs = conversationIds.map((id) => from[id] ?? Number.MAX_SAFE_INTEGER)
  const { rows } = await tx.query<{ id: string; conversation_id: string; seq: number }>({
    name: 'widget_history',
    // A line may have an earlier time than the one before it in its conversation: it counts as no later than those behind it.
    text: `SELECT m.id, m.conversation_id, m.seq FROM unnest($2::uuid[], $3::bigint[]) AS c(id, before) CROSS JOIN LATERAL (
             SELECT l.*, min(l.created_at) OVER (ORDER BY l.seq DESC) AS at FROM (
               SELECT m.id, m.conversation_id, m.seq, m.created_at FROM messages m
                WHERE m.tenant_id = $1 AND m.conversation_id = c.id AND m.seq < c.before AND m.type NOT IN ('reaction', 'edit', 'revoke')
                ORDER BY m.seq DESC LIMIT $4) l) m
            ORDER BY m.at DESC, m.conversation_id, m.seq DESC LIMIT $4`,
    values: [tx.tenantId, conversationIds, seqs, given.limit + 1],
  })
  const page = rows.slice(0, given.limit)
  const cursor: Cursor = { ...from }
  for (const row of page) cursor[row.conversation_id] = Math.min(cursor[row.conversation_id] ?? row.seq, row.seq)
  const found = new Map(
    (
      await findMessages(
        tx,
        page.map(({ id }) => id),
      )
    ).map((row) => [row.id, row]),
  )
  const lines = page.flatMap(({ id }) => found.get(id) ?? []).reverse()
  return { rows: lines, before: rows.length > given.limit ? written(cursor) : null }
}
