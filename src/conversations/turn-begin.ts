/** Nobody answered a customer in time: the assistant's turn begins. */
import type { Tx } from '../platform/db/tx.ts'
import { handOver } from './hand-over.ts'
import type { Claim } from './turn-load.ts'
import type { Control } from './turn-rules.ts'

/**
 * Under the conversation's lock and the lane's token: a person who was quicker, if only by an instant, has it. Where the
 * assistant was taken off the account meanwhile, people have it.
 */
export async function beginAssistant(tx: Tx, claim: Claim): Promise<void> {
  const { rows } = await tx.query<{ control: Control; answerer: string }>(
    `SELECT c.control, CASE WHEN a.suspended_at IS NULL THEN a.answerer ELSE 'human' END AS answerer FROM conversations c
       JOIN channel_accounts a ON a.tenant_id = c.tenant_id AND a.id = c.channel_account_id
      WHERE c.tenant_id = $1 AND c.id = $2 FOR NO KEY UPDATE OF c`,
    [tx.tenantId, claim.conversation_id],
  )
  const { rowCount } = await tx.query(
    `SELECT FROM conversation_lanes WHERE tenant_id = $1 AND conversation_id = $2 AND kind = 'turn' AND token = $3 FOR NO KEY UPDATE`,
    [tx.tenantId, claim.conversation_id, claim.token],
  )
  if (!rowCount || rows[0]?.control !== 'none') return
  const to = rows[0].answerer === 'assistant' ? 'ai' : 'human'
  const reason = to === 'ai' ? 'Nobody answered in time.' : 'The assistant does not answer this account any more.'
  await handOver(tx, { conversationId: claim.conversation_id, to, reason, actor: 'system' })
}
