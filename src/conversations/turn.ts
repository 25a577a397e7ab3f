/**
 * Turns: a conversation whose customer wrote, and whose control is not a person's, is claimed by lease; its answerer
 * proposes; the proposal is committed only under the lease's token and only while the control is still the same. What an
 * answerer was still composing when somebody took over is never sent.
 */
import { classify } from '../platform/db/errors.ts'
import { type Database, inTenant, type Tx } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import { startWorker, type Worker } from '../platform/worker.ts'
import type { Answerer, Verdict } from '../ports/answerer.ts'
import type { Channels } from './accounts.ts'
import { keepFindings } from './findings.ts'
import { handOver } from './hand-over.ts'
import { addInternal } from './internal-lines.ts'
import { keepLeases, leaseMs } from './leases.ts'
import { queueReply } from './reply.ts'
import { beginAssistant } from './turn-begin.ts'
import { type Claim, type Loaded, loadTurn } from './turn-load.ts'
import { type Control, maxFailedTurns, turnRetryDelay } from './turn-rules.ts'

export interface TurnDeps {
  db: Database
  log: Logger
  channels: Channels
  answerers: ReadonlyMap<string, Answerer>
  onChange?: (tenantId: string) => void
  wakeDispatch?: () => void
  /** Whose time it is by another clock than the database's: for tests. */
  now?: () => Date
}

/** How long an answerer may think. */
const thinkingMs = 60_000

export function startTurns(deps: TurnDeps, options: { pollMs?: number; maxUnderWay?: number } = {}): Worker {
  const leases = keepLeases(deps, 'turn')
  const worker = startWorker<Claim>(deps.log, {
    operation: 'turn',
    limit: options.maxUnderWay ?? 16,
    pollMs: options.pollMs ?? 500,
    async claim(limit) {
      const { rows } = await deps.db.pool.query<Claim>('SELECT * FROM parley.claim_turns($1, $2, $3)', [
        ...[limit, leaseMs, deps.now?.() ?? null],
      ])
      return rows
    },
    about: (claim) => ({ conversation_id: claim.conversation_id }),
    async carry(claim) {
      leases.add(claim)
      try {
        await takeTurn(deps, claim)
        deps.onChange?.(claim.tenant_id)
        deps.wakeDispatch?.()
      } finally {
        leases.remove(claim)
      }
    },
  })
  return {
    ...worker,
    async stop() {
      await worker.stop()
      leases.stop()
    },
  }
}

async function takeTurn(deps: TurnDeps, claim: Claim): Promise<void> {
  const loaded = await inTenant(deps.db, claim.tenant_id, (tx) => loadTurn(tx, claim))
  if (!loaded) return
  // Claimed anew by whoever looks next: until then a person may still be quicker.
  if (loaded.control === 'none' && loaded.turn.unanswered.length > 0)
    return await inTenant(deps.db, claim.tenant_id, (tx) => beginAssistant(tx, claim))
  const answerer = loaded.answerer ? deps.answerers.get(loaded.answerer) : undefined
  const verdict = await propose(deps, loaded, answerer)
  await inTenant(deps.db, claim.tenant_id, (tx) => commit(deps, tx, claim, loaded, answerer, verdict))
}

type Proposal = Verdict | { kind: 'failed'; reason: string }

/** The answerer works with nothing held in the database. */
async function propose(deps: TurnDeps, loaded: Loaded, answerer: Answerer | undefined): Promise<Proposal> {
  if (loaded.answerer === null || loaded.turn.unanswered.length === 0) return { kind: 'silence' }
  if (!answerer)
    return { kind: 'hand_over', to: 'human', reason: `The answerer ${loaded.answerer} is not available on this server.` }
  try {
    return await answerer.takeTurn(loaded.turn, AbortSignal.timeout(thinkingMs))
  } catch (error) {
    deps.log.warn('An answerer failed', {
      operation: 'turn',
      conversation_id: loaded.turn.conversationId,
      error: (error as Error).message,
    })
    const reason = `The answerer ${answerer.name} failed.`
    return loaded.attempts + 1 >= maxFailedTurns ? { kind: 'hand_over', to: 'human', reason } : { kind: 'failed', reason }
  }
}

/** Under the lane's token, with the conversation locked: if either is not what it was, nothing of the proposal happens. */
async function commit(
  deps: TurnDeps,
  tx: Tx,
  claim: Claim,
  loaded: Loaded,
  answerer: Answerer | undefined,
  proposal: Proposal,
): Promise<void> {
  const { rows } = await tx.query<{ control: Control }>(
    'SELECT control FROM conversations WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE',
    [tx.tenantId, claim.conversation_id],
  )
  const failed = proposal.kind === 'failed'
  const { rowCount } = await tx.query(
    `UPDATE conversation_lanes l SET lease_until = '-infinity', done_seq = CASE WHEN $5 THEN l.done_seq ELSE $4 END,
            attempts = CASE WHEN $5 THEN l.attempts + 1 ELSE 0 END,
            ready_at = CASE WHEN $5 THEN clock_timestamp() + make_interval(secs => $6::double precision / 1000)
                            WHEN EXISTS (SELECT FROM messages m WHERE m.tenant_id = l.tenant_id AND m.conversation_id = l.conversation_id
                                          AND m.direction = 'inbound' AND m.seq > $4) THEN clock_timestamp() END
      WHERE l.tenant_id = $1 AND l.conversation_id = $2 AND l.kind = 'turn' AND l.token = $3`,
    [
      tx.tenantId,
      claim.conversation_id,
      claim.token,
      loaded.turn.unanswered.at(-1)?.seq ?? loaded.lastSeq,
      failed,
      turnRetryDelay(loaded.attempts),
    ],
  )
  if (!rowCount || rows[0]?.control !== loaded.control) return
  if (proposal.kind === 'reply' || proposal.kind === 'hand_over') {
    for (const body of proposal.bodies ?? []) await say(deps, tx, claim, answerer, body)
  }
  const actor = `answerer:${answerer?.name ?? 'none'}`
  if (proposal.kind !== 'failed') await keepFindings(tx, { conversationId: claim.conversation_id, actor }, proposal)
  if (proposal.kind === 'hand_over') {
    if (proposal.note) await leaveNote(tx, claim, actor, proposal.note)
    await handOver(tx, {
      conversationId: claim.conversation_id,
      to: proposal.to,
      reason: proposal.reason,
      actor,
    })
  }
}

/** For whoever takes over. */
const leaveNote = (tx: Tx, claim: Claim, label: string, text: string) =>
  addInternal(tx, {
    ...{ conversationId: claim.conversation_id, type: 'note', sender: 'system', text, body: { text } },
    actor: { label },
  })

async function say(
  deps: TurnDeps,
  tx: Tx,
  claim: Claim,
  answerer: Answerer | undefined,
  body: Parameters<typeof queueReply>[2]['body'],
): Promise<void> {
  await tx.query('SAVEPOINT say')
  try {
    const { refused } = await queueReply(deps, tx, {
      conversationId: claim.conversation_id,
      author: { sender: answerer?.sender ?? 'system', actor: `answerer:${answerer?.name ?? 'none'}` },
      body,
    })
    await tx.query('RELEASE SAVEPOINT say')
    if (refused) await toPeople(tx, claim, refused)
  } catch (error) {
    if (classify(error) !== 'other') throw error
    // The gate said no (window, block list): people see why, and take over.
    await tx.query('ROLLBACK TO SAVEPOINT say')
    await toPeople(tx, claim, error as Error)
  }
}

const toPeople = (tx: Tx, claim: Claim, { message }: Error) =>
  handOver(tx, { conversationId: claim.conversation_id, to: 'human', reason: message, actor: 'system' })
