/** How saying a line ended. Evidence counts from whoever has it; only the holder of the lane's token moves the lane on. */
import { appendEvent } from '../conversations/feed.ts'
import { handOver } from '../conversations/hand-over.ts'
import { closeMapping, correlate, ensureMapping } from '../conversations/mappings.ts'
import type { Tx } from '../platform/db/tx.ts'
import type { CentreResult } from '../ports/contact-centre.ts'
import { type Claim, type Preparation, type Prepared, unsaid } from './line.ts'
import { type Asked, backoffMs, type CentreRow, endProbe, noteResult } from './store.ts'

/** The longest a line waits between two tries. Milliseconds. */
const longestWaitMs = 300_000

export interface Ended {
  claim: Claim
  prepared: Prepared
  centre: CentreRow
  /** It was said with these. */
  asked: Pick<Asked, 'connection' | 'secrets'>
  result: CentreResult
  /** The conversation that was known is over, and the line began another one. */
  ended: boolean
  now: Date
}

export async function record(tx: Tx, given: Ended): Promise<void> {
  const { claim, prepared, result } = given
  const mine = await lockLane(tx, claim)
  await noteResult(tx, { name: given.centre.name, ...given.asked }, result)
  if (claim.probe) await endProbe(tx, given.centre.name)
  if (result.outcome === 'accepted') {
    await markLine(tx, prepared, 'processed', { messageId: result.messageId })
    if (result.conversationId) await correlateLine(tx, given, result.conversationId, result.communicationId)
    if (mine) await moveLane(tx, claim, { doneSeq: prepared.seq })
  } else if (result.outcome === 'reject') {
    await markLine(tx, prepared, 'failed', result)
    if (mine) await moveLane(tx, claim, { doneSeq: prepared.seq })
  } else {
    const waits = result.outcome !== 'reconnect' && !(result.outcome === 'retry' && result.scope === 'integration')
    const after = (result.outcome === 'retry' ? result.retryAfterMs : undefined) ?? backoffMs(claim.attempts, longestWaitMs)
    await tellOfWaiting(tx, given, result)
    if (mine) await moveLane(tx, claim, { waitMs: waits ? after : 0, attempts: claim.attempts + (waits ? 1 : 0) })
  }
}

/** Nothing was to be said, or not yet. */
export async function release(
  tx: Tx,
  claim: Claim,
  centre: CentreRow,
  preparation: Exclude<Preparation, { prepared: Prepared }>,
): Promise<void> {
  if (claim.probe) await endProbe(tx, centre.name)
  if (!(await lockLane(tx, claim))) return
  if (preparation !== 'none') return await moveLane(tx, claim, { waitMs: preparation.wait })
  await moveLane(tx, claim, {})
}

/** Whoever stores a line holds this row until it commits: only a statement that begins after that sees the line. */
async function lockLane(tx: Tx, claim: Claim): Promise<boolean> {
  const { rows } = await tx.query<{ token: number }>(
    `SELECT token FROM conversation_lanes WHERE tenant_id = $1 AND conversation_id = $2 AND kind = 'bridge' FOR NO KEY UPDATE`,
    [tx.tenantId, claim.conversation_id],
  )
  return rows[0]?.token === claim.token
}

/** The lane goes on with what is left; a line that nobody can say now waits. */
async function moveLane(tx: Tx, claim: Claim, to: { doneSeq?: number; waitMs?: number; attempts?: number }): Promise<void> {
  await tx.query({
    name: 'bridge_lane',
    text: `UPDATE conversation_lanes l SET lease_until = '-infinity', done_seq = greatest(l.done_seq, $4::bigint), attempts = $5,
                  ready_at = CASE WHEN $6::double precision IS NOT NULL THEN clock_timestamp() + make_interval(secs => $6 / 1000)
                    WHEN EXISTS (SELECT FROM messages m JOIN message_tracking t ON t.tenant_id = m.tenant_id AND t.id = m.id AND t.status = 'received'
                                   JOIN conversations c ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id AND c.control = 'agent'
                                  WHERE m.tenant_id = l.tenant_id AND m.conversation_id = l.conversation_id
                                    AND m.seq > greatest(l.done_seq, $4::bigint) AND m.direction = 'inbound' AND m.type <> ALL ($7))
                    THEN clock_timestamp() END
            WHERE l.tenant_id = $1 AND l.conversation_id = $2 AND l.kind = 'bridge' AND l.token = $3`,
    values: [
      ...[tx.tenantId, claim.conversation_id, claim.token, to.doneSeq ?? claim.done_seq],
      ...[to.attempts ?? 0, to.waitMs ?? null, unsaid],
    ],
  })
}

async function markLine(
  tx: Tx,
  prepared: Prepared,
  status: 'processed' | 'failed',
  told: { messageId?: string; code?: string; text?: string },
): Promise<void> {
  const { rowCount } = await tx.query(
    `UPDATE message_tracking t SET status = $3, status_at = clock_timestamp(), updated_at = clock_timestamp(), error_code = $5, error_text = $6,
            failed_at = CASE WHEN $3 = 'failed' THEN clock_timestamp() END,
            genesys_message_id = CASE WHEN EXISTS (SELECT FROM message_tracking o WHERE o.tenant_id = $1 AND o.genesys_message_id = $4) THEN t.genesys_message_id
                                      ELSE coalesce($4, t.genesys_message_id) END
      WHERE t.tenant_id = $1 AND t.id = $2 AND t.status = 'received'`,
    [tx.tenantId, prepared.messageId, status, told.messageId ?? null, told.code ?? null, told.text ?? null],
  )
  if (!rowCount) return
  await appendEvent(tx, {
    type: 'message.status',
    actor: 'system',
    conversationId: prepared.mapping.conversation_ref ?? undefined,
    messageId: prepared.messageId,
    data: { status },
  })
}

async function correlateLine(tx: Tx, given: Ended, conversationId: string, communicationId?: string): Promise<void> {
  const { prepared } = given
  if (!given.ended) {
    await correlate(tx, prepared.mapping.id, { conversationId, communicationId })
    return
  }
  const old = prepared.mapping
  await closeMapping(tx, old.id, 'ended there')
  const { mapping } = await ensureMapping(tx, {
    waId: old.wa_id,
    conversationRef: old.conversation_ref,
    accountId: old.channel_account_id,
    phoneNumberId: old.phone_number_id,
    displayPhoneNumber: old.display_phone_number,
    contactName: old.contact_name,
  })
  await tx.query('UPDATE message_tracking SET mapping_id = $3 WHERE tenant_id = $1 AND id = $2', [
    tx.tenantId,
    prepared.messageId,
    mapping.id,
  ])
  await tx.query(
    'UPDATE conversation_mappings SET last_message_id = $3, last_activity_at = $4 WHERE tenant_id = $1 AND id = $2',
    [tx.tenantId, mapping.id, prepared.wamid, prepared.createdAt],
  )
  await correlate(tx, mapping.id, { conversationId, communicationId })
}

/** A line that has waited for too long is told of, once; and people get the conversation, where the business wants that. */
async function tellOfWaiting(
  tx: Tx,
  { claim, prepared, centre, now }: Ended,
  result: { code: string; text: string },
): Promise<void> {
  const minutes = (now.getTime() - prepared.createdAt.getTime()) / 60_000
  if (minutes < centre.settings.tellAfterMinutes) return
  const { rowCount } = await tx.query(
    `UPDATE message_tracking SET metadata = coalesce(metadata, '{}') || '{"waitingTold": true}'
      WHERE tenant_id = $1 AND id = $2 AND NOT coalesce(metadata ? 'waitingTold', false)`,
    [tx.tenantId, prepared.messageId],
  )
  if (rowCount)
    await appendEvent(tx, {
      type: 'centre.waiting',
      actor: 'system',
      conversationId: claim.conversation_id,
      messageId: prepared.messageId,
      data: { code: result.code, text: result.text },
    })
  const { handOverAfterMinutes } = centre.settings
  if (handOverAfterMinutes !== null && minutes >= handOverAfterMinutes)
    await handOver(tx, {
      conversationId: claim.conversation_id,
      to: 'human',
      reason: `The contact centre does not answer: ${result.text}`,
      actor: 'system',
    })
}
