/** What was written down to be done: failed receipts and ends for the contact centre, agents' messages with files. */
import { addDeadLetter, hasAgain, type MappingRow, mappingById } from '../conversations/mappings.ts'
import { inTenant, type Tx } from '../platform/db/tx.ts'
import { startWorker, type Worker } from '../platform/worker.ts'
import type { CentreCustomer, CentreResult } from '../ports/contact-centre.ts'
import type { DLQReason } from '../ports/state-manager.ts'
import { notSent, type Saying, sayWaiting } from './agent-message.ts'
import type { CentreDeps } from './deps.ts'
import { type Fetched, fetchParts } from './files.ts'
import { backoffMs, loadCentre, noteResult } from './store.ts'

interface Task {
  tenant_id: string
  id: number
  kind: 'receipt' | 'disconnect' | 'say'
  mapping_id: string | null
  conversation_id: string | null
  payload: unknown
  attempts: number
}

/** Longer than fetching files and calling takes; what a killed process held is taken again after it. */
const leaseMs = 90_000
const longestWaitMs = 300_000
/** Over a day with the waits above. */
const maxAttempts = 300
/** A file's address is good for a short while: some two minutes with the waits between. */
const maxFetches = 7

export function startCentreTasks(deps: CentreDeps, options: { pollMs?: number; limit?: number } = {}): Worker {
  return startWorker<Task>(deps.log, {
    operation: 'centre.tasks',
    limit: options.limit ?? 16,
    pollMs: options.pollMs ?? 1000,
    async claim(limit) {
      const { rows } = await deps.db.pool.query<Task>({
        name: 'claim_centre_tasks',
        text: 'SELECT * FROM parley.claim_centre_tasks($1, $2)',
        values: [limit, leaseMs],
      })
      return rows
    },
    carry: (task) => (task.kind === 'say' ? carrySaying(deps, task) : carryCall(deps, task)),
  })
}

async function carryCall(deps: CentreDeps, task: Task): Promise<void> {
  const loaded = await inTenant(deps.db, task.tenant_id, (tx) => loadCentre(tx, deps.secrets))
  const centre = loaded && deps.centres.get(loaded.row.name)
  if (!loaded || !centre) return await inTenant(deps.db, task.tenant_id, (tx) => again(tx, task))
  const ends = task.kind === 'disconnect' ? (task.payload as { conversationId: string }).conversationId : null
  if (ends !== null && !(await mayEnd(deps, task, ends))) return
  const now = (deps.now ?? (() => new Date()))()
  const options = { signal: AbortSignal.timeout(30_000) }
  const result: CentreResult = await (ends !== null
    ? centre.disconnect(loaded.connection, ends, options)
    : centre.receipt(loaded.connection, failedReceipt(task.payload as FailedReceipt, now), options)
  ).catch((error: Error) => ({ outcome: 'unknown' as const, code: 'sender_fault', text: error.message }))
  await inTenant(deps.db, task.tenant_id, async (tx) => {
    await noteResult(tx, { name: loaded.row.name, connection: loaded.connection, secrets: deps.secrets }, result)
    const over = result.outcome === 'accepted' || result.outcome === 'reject' || task.attempts >= maxAttempts
    if (over) await done(tx, task)
    else await again(tx, task, result.outcome === 'retry' ? result.retryAfterMs : undefined)
  })
  if (result.outcome !== 'accepted')
    deps.log.warn('A contact centre did not take a call', {
      operation: `centre.${task.kind}`,
      outcome: result.outcome,
      code: result.code,
    })
}

/** What was given back before it was ended goes on: the customer's lines would stay in an ended conversation. */
async function mayEnd(deps: CentreDeps, task: Task, conversationId: string): Promise<boolean> {
  return await inTenant(deps.db, task.tenant_id, async (tx) => {
    const has = await hasAgain(tx, { conversationId, conversationRef: task.conversation_id })
    if (has === 'yes') await done(tx, task)
    if (has === 'perhaps') await again(tx, task)
    return has === 'no'
  })
}

interface FailedReceipt {
  messageId: string
  customer: CentreCustomer
  error: { code: string; text: string }
}
const failedReceipt = (given: FailedReceipt, now: Date) => ({
  ...given,
  at: now.toISOString(),
  status: 'failed' as const,
  final: true,
})

async function carrySaying(deps: CentreDeps, task: Task): Promise<void> {
  const saying = task.payload as Saying
  const mapping = await inTenant(deps.db, task.tenant_id, (tx) => mappingById(tx, task.mapping_id ?? ''))
  const provider = mapping && (await providerOf(deps, task.tenant_id, mapping))
  const channel = provider === undefined ? undefined : deps.channels.get(provider)
  const fetched: Fetched = channel
    ? await fetchParts(deps, task.tenant_id, saying.parts, channel.capabilities)
    : { invalid: 'The channel of this conversation is not available on this server.' }
  if ('again' in fetched && task.attempts < maxFetches) return await inTenant(deps.db, task.tenant_id, (tx) => again(tx, task))
  await inTenant(deps.db, task.tenant_id, async (tx) => {
    // Under a claim that ran out somebody else has said it.
    if (!(await done(tx, task))) return
    const refused = await finish(deps, tx, { saying, mapping, threadId: task.conversation_id, fetched })
    if (refused)
      await addDeadLetter(tx, {
        source: saying.origin.source,
        webhookId: saying.origin.webhookId,
        payload: saying.event,
        ...refused,
      })
  })
  deps.changed(task.tenant_id)
  deps.wakeDispatch()
  // What waited behind it.
  deps.wakeTasks?.()
}

async function finish(
  deps: CentreDeps,
  tx: Tx,
  given: { saying: Saying; mapping: MappingRow | undefined; threadId: string | null; fetched: Fetched },
): Promise<{ reason: DLQReason; error: string } | undefined> {
  const { saying, mapping, threadId, fetched } = given
  if (!mapping) return { reason: 'mapping_not_found', error: 'The session is gone.' }
  if ('bodies' in fetched) return await sayWaiting(deps, tx, { saying, mapping, bodies: fetched.bodies })
  const error = 'invalid' in fetched ? fetched.invalid : fetched.again
  if (threadId) await notSent(tx, { mapping, threadId, event: saying.event, error: { code: 'invalid_media_url', text: error } })
  return { reason: 'invalid_media_url', error }
}

async function providerOf(deps: CentreDeps, tenantId: string, mapping: MappingRow): Promise<string | undefined> {
  return await inTenant(deps.db, tenantId, async (tx) => {
    const { rows } = await tx.query<{ provider: string }>(
      'SELECT provider FROM channel_accounts WHERE tenant_id = $1 AND id = $2',
      [tenantId, mapping.channel_account_id],
    )
    return rows[0]?.provider
  })
}

async function done(tx: Tx, task: Task): Promise<boolean> {
  const { rowCount } = await tx.query('DELETE FROM contact_centre_tasks WHERE tenant_id = $1 AND id = $2', [
    tx.tenantId,
    task.id,
  ])
  return rowCount === 1
}

async function again(tx: Tx, task: Task, afterMs = backoffMs(task.attempts, longestWaitMs)): Promise<void> {
  await tx.query(
    'UPDATE contact_centre_tasks SET next_at = clock_timestamp() + make_interval(secs => $3::double precision / 1000) WHERE tenant_id = $1 AND id = $2',
    [tx.tenantId, task.id, afterMs],
  )
}
