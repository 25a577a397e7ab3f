/** What a contact centre is told of contact and conversation beside each line: a flat map of texts. */
import { preview } from '../kernel/text.ts'
import type { Tx } from '../platform/db/tx.ts'

export interface AttributeFacts {
  tenant: string
  channel: string
  account_name: string
  name: string | null
  phone: string | null
  external_ref: string | null
  language: string | null
  labels: string[] | null
  /** contacts.metadata: what the business keeps of a person. */
  metadata: Record<string, unknown>
  /** conversation_context */
  context: Record<string, unknown> | null
}

/** Values of one's own never take the place of these. */
export function attributesOf(facts: AttributeFacts, given: { conversationId: string }): Record<string, string> {
  const attributes: Record<string, string> = {}
  const put = (key: string, value: unknown) => {
    const text = wordsOf(value)
    if (text !== '') attributes[key] = text
  }
  for (const [key, value] of Object.entries(facts.metadata)) put(key, value)
  for (const [key, value] of Object.entries(facts.context ?? {})) put(key, value)
  put('name', facts.name)
  put('phone', facts.phone)
  put('language', facts.metadata.language ?? facts.language)
  put('labels', facts.labels?.join(', '))
  put('customerReference', facts.external_ref)
  put('channel', facts.channel)
  put('number', facts.account_name)
  put('tenant', facts.tenant)
  put('conversation', given.conversationId)
  return attributes
}

function wordsOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

const linesOfHistory = 10
const charactersOfHistory = 1000

/**
 * What was said before, shortly, for the first line of a session that somebody else's conversation came before; undefined
 * where the agents have seen what came before.
 */
export async function history(tx: Tx, conversationId: string, seq: number, mappingId: string): Promise<string | undefined> {
  const { rows } = await tx.query<{ sender: string; content: string | null; type: string; mapping_id: string | null }>({
    name: 'bridge_history',
    text: `SELECT m.sender, m.content, m.type, t.mapping_id FROM messages m
             JOIN message_tracking t ON t.tenant_id = m.tenant_id AND t.id = m.id
            WHERE m.tenant_id = $1 AND m.conversation_id = $2 AND m.seq < $3 AND m.direction <> 'internal' ORDER BY m.seq DESC LIMIT $4`,
    values: [tx.tenantId, conversationId, seq, linesOfHistory],
  })
  if (rows.length === 0 || rows[0]?.mapping_id === mappingId) return undefined
  const lines = rows.reverse().map((row) => `${row.sender}: ${row.content ? preview(row.content) : `[${row.type}]`}`)
  return lines.join('\n').slice(-charactersOfHistory)
}
