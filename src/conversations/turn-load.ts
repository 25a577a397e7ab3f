/** What whoever takes a turn is told: the lines that nobody has answered, and what was said before. */
import { isPlace } from '../kernel/distance.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { Turn, TurnLine } from '../ports/answerer.ts'
import { answererFor, type Control } from './turn-rules.ts'

const historyLines = 50

export interface Claim {
  tenant_id: string
  conversation_id: string
  account_id: string
  token: number
  done_seq: number
}

export interface Loaded {
  control: Control
  answerer: string | null
  lastSeq: number
  attempts: number
  turn: Turn
}

/** null: the claim is somebody else's by now. */
export async function loadTurn(tx: Tx, claim: Claim): Promise<Loaded | null> {
  const { rows } = await tx.query<{
    control: Control
    answerer: string
    last_seq: number
    contact_id: string
    name: string | null
    attempts: number
    suspended: boolean
  }>(
    `SELECT c.control, a.answerer, a.suspended_at IS NOT NULL AS suspended, c.last_seq, k.id AS contact_id, k.name, l.attempts FROM conversations c
       JOIN channel_accounts a ON a.tenant_id = c.tenant_id AND a.id = c.channel_account_id
       JOIN contacts k ON k.tenant_id = c.tenant_id AND k.id = c.contact_id
       JOIN conversation_lanes l ON l.tenant_id = c.tenant_id AND l.conversation_id = c.id AND l.kind = 'turn'
      WHERE c.tenant_id = $1 AND c.id = $2 AND l.token = $3`,
    [tx.tenantId, claim.conversation_id, claim.token],
  )
  const row = rows[0]
  if (!row) return null
  const lines = await tx.query<{
    id: string
    seq: number
    direction: TurnLine['direction']
    sender: string
    type: string
    content: string | null
    body: Record<string, unknown> | null
    created_at: Date
  }>(
    `SELECT id, seq, direction, sender, type, content, CASE WHEN type = 'location' THEN body END AS body, created_at FROM messages WHERE tenant_id = $1 AND conversation_id = $2 ORDER BY seq DESC LIMIT $3`,
    [tx.tenantId, claim.conversation_id, historyLines],
  )
  const all: TurnLine[] = lines.rows.reverse().map(({ content, body, created_at, ...line }) => ({
    ...line,
    text: content,
    ...placeOf(body),
    at: created_at.toISOString(),
  }))
  const isNew = (line: TurnLine) => line.direction === 'inbound' && line.seq > claim.done_seq
  return {
    control: row.control,
    // What would be said now would go out days later.
    answerer: row.suspended ? null : answererFor(row.control, row.answerer),
    lastSeq: row.last_seq,
    attempts: row.attempts,
    turn: {
      tenantId: tx.tenantId,
      conversationId: claim.conversation_id,
      contact: { id: row.contact_id, name: row.name },
      unanswered: all.filter(isNew),
      history: all.filter((line) => !isNew(line)),
    },
  }
}

/** Of a location; whatever else a body of that type holds is no place. */
function placeOf(body: Record<string, unknown> | null): Pick<TurnLine, 'place'> {
  const { latitude, longitude } = body ?? {}
  if (!isPlace(latitude, longitude)) return {}
  return { place: { latitude: Number(latitude), longitude: Number(longitude) } }
}
