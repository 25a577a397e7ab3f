/** Messages that the index names, as they are now and with what one needs to recognise them. */
import type { Tx } from '../../platform/db/tx.ts'
import { microsOf, timeOf } from './tags.ts'
import { currentText } from './texts.ts'

/** A place in the order of results: before it is what is older. */
export interface Place {
  /** Microseconds since 1970. */
  at: number
  id: string
}

export interface FoundRow {
  id: string
  /** Microseconds since 1970. */
  at: number
  seq: number
  conversation_id: string
  direction: 'inbound' | 'outbound' | 'internal'
  sender: string
  author_id: string | null
  author_name: string | null
  type: string
  occurred_at: Date
  created_at: Date
  text: string
  status: 'open' | 'closed' | 'archived'
  channel: string
  account_id: string
  account_name: string
  contact_id: string
  contact_name: string | null
  contact_phone: string | null
}

/** In the order given; what is gone or was taken back is left out. */
export async function readCandidates(tx: Tx, candidates: readonly Place[]): Promise<FoundRow[]> {
  if (candidates.length === 0) return []
  const times = candidates.map(({ at }) => at)
  const { rows } = await tx.query<FoundRow & { content: string | null; changes: Parameters<typeof currentText>[1] | null }>({
    name: 'search_read_candidates',
    text: `SELECT m.id, ${microsOf('m.created_at')} AS at, m.seq, m.conversation_id, m.direction, m.sender, m.author_id,
             nullif(trim(concat(p.first_name, ' ', p.last_name)), '') AS author_name, m.type, m.occurred_at, m.created_at,
             nullif(concat_ws(E'\\n', m.content, m.body ->> 'fileName'), '') AS content, c.status, c.channel,
             a.id AS account_id, a.name AS account_name, k.id AS contact_id, k.name AS contact_name, k.phone AS contact_phone,
             (SELECT jsonb_agg(jsonb_build_object('type', r.type, 'direction', r.direction, 'content', r.content) ORDER BY r.seq)
                FROM messages r WHERE r.tenant_id = m.tenant_id AND r.reply_to_id = m.id AND r.type IN ('edit', 'revoke')) AS changes
      FROM messages m
      JOIN conversations c ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id
      JOIN channel_accounts a ON a.tenant_id = c.tenant_id AND a.id = c.channel_account_id
      JOIN contacts k ON k.tenant_id = c.tenant_id AND k.id = c.contact_id
      LEFT JOIN user_profiles p ON p.tenant_id = m.tenant_id AND p.user_id = m.author_id
     WHERE m.tenant_id = $1 AND m.id = ANY($2) AND m.created_at >= ${timeOf('$3')} AND m.created_at <= ${timeOf('$4')}`,
    values: [tx.tenantId, candidates.map(({ id }) => id), Math.min(...times), Math.max(...times)],
  })
  const byId = new Map(rows.map((row) => [row.id, row]))
  return candidates.flatMap(({ id }) => {
    const row = byId.get(id)
    const text = row && currentText(row, row.changes ?? [])
    return row && text ? [{ ...row, text }] : []
  })
}
