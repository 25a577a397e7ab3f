/**
 * Reads the integration queues: checked, handled in a transaction, acknowledged after its commit. What cannot be handled is a dead
 * letter in the database and, for others, a message on the dead-letter exchange; nothing behind it waits.
 */
import type { Replayer } from '../conversations/replay.ts'
import { ParleyError } from '../kernel/errors.ts'
import { isUuid, newId } from '../kernel/ids.ts'
import { readJson } from '../kernel/json.ts'
import { cleanText } from '../kernel/text.ts'
import type { Broker, Handled, IncomingMessage } from '../platform/broker.ts'
import { classify } from '../platform/db/errors.ts'
import { type Database, inTenant, type Tx } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import type { DLQMessage, DLQReason } from '../ports/state-manager.ts'
import { findTenantRow } from '../tenancy/tenant-lookup.ts'
import { type HandlerDeps, handlers, orderKeys, Refused } from './handlers.ts'
import { type ConsumedName, consumed, deadLetterExchange, tenantHeader } from './names.ts'

export interface QueueDeps extends HandlerDeps {
  db: Database
  log: Logger
  broker: Broker
  changed: (tenantId: string) => void
  wakeDispatch: () => void
}

/** At once from each queue; messages of one customer or conversation one after the other. */
const prefetch = 64
/** So long a message waits for its conversation before it is put away and tried again later. Milliseconds. */
const lockWaitMs = 3000
const againMs = { first: 100, most: 3000 }

export interface IntegrationReader {
  stop(): Promise<void>
}

export function readIntegrationQueues(deps: QueueDeps): IntegrationReader {
  const stopping = new AbortController()
  const consumers = (Object.keys(consumed) as ConsumedName[]).map((queue) => {
    const lines = new Map<string, Promise<unknown>>()
    return deps.broker.consume(queue, {
      prefetch,
      async handle(message) {
        const key = keyOf(queue, message)
        const before = lines.get(key) ?? Promise.resolve()
        const mine = before.then(() => handleOne(deps, queue, message, stopping.signal))
        lines.set(key, mine)
        try {
          return await mine
        } finally {
          if (lines.get(key) === mine) lines.delete(key)
        }
      },
    })
  })
  return {
    async stop() {
      stopping.abort()
      await Promise.all(consumers.map((consumer) => consumer.close()))
    },
  }
}

function keyOf(queue: ConsumedName, message: IncomingMessage): string {
  const read = readJson(message.body)
  const parsed = consumed[queue].safeParse(read.ok ? read.value : undefined)
  const tenant = String(message.headers[tenantHeader] ?? '')
  return parsed.success ? `${tenant} ${orderKeys[queue](parsed.data as never)}` : (message.id ?? '')
}

/** Never throws. While the database is away it waits: given back, the message would only come again. */
async function handleOne(
  deps: QueueDeps,
  queue: ConsumedName,
  message: IncomingMessage,
  signal: AbortSignal,
): Promise<Handled> {
  for (let wait = againMs.first; !signal.aborted; wait = Math.min(wait * 2, againMs.most)) {
    try {
      return await once(deps, queue, message)
    } catch (error) {
      deps.log.warn('A message of a queue could not be handled yet', {
        operation: 'queues',
        queue,
        error: (error as Error).message,
      })
      await new Promise((resolve) => setTimeout(resolve, wait))
    }
  }
  return 'again'
}

async function once(deps: QueueDeps, queue: ConsumedName, message: IncomingMessage): Promise<Handled> {
  const read = readJson(message.body)
  const payload = read.ok ? read.value : undefined
  const tenantId = await tenantOf(deps.db, message)
  if (!tenantId) return await putAway(deps, { queue, message, payload, tenantId: null, ...noTenant })
  if (!read.ok) return await putAway(deps, { queue, message, payload, tenantId, reason: 'invalid_payload', error: read.reason })
  const checked = consumed[queue].safeParse(payload)
  if (!checked.success) {
    const error = checked.error.issues.map((issue) => `/${issue.path.join('/')} ${issue.message}`).join('; ')
    return await putAway(deps, { queue, message, payload, tenantId, reason: 'invalid_payload', error })
  }
  try {
    // Once: what waited for a lock is put away and tried again later, and does not hold up its queue meanwhile.
    const after = await inTenant(deps.db, tenantId, (tx) => handle(deps, tx, queue, checked.data), 1)
    after()
  } catch (error) {
    const refused = refusalOf(error)
    if (!refused) throw error
    return await putAway(deps, { queue, message, payload, tenantId, ...refused })
  }
  deps.changed(tenantId)
  if (queue === 'outbound-message.v1') deps.wakeDispatch()
  return 'done'
}

const noTenant = { reason: 'invalid_payload' as const, error: `The header ${tenantHeader} names no business of this server.` }

async function tenantOf(db: Database, message: IncomingMessage): Promise<string | null> {
  const named = message.headers[tenantHeader]
  // NUL is in nobody's name, and the database would not take the question.
  if (typeof named !== 'string' || named === '' || named.includes('\u0000')) return null
  const row = await findTenantRow(db, isUuid(named) ? 'id' : 'public_id', named)
  return row && row.status !== 'deleted' ? row.id : null
}

async function handle(deps: HandlerDeps, tx: Tx, queue: ConsumedName, payload: unknown): Promise<() => void> {
  await tx.query(`SET LOCAL lock_timeout = ${lockWaitMs}`)
  return await handlers[queue](deps, tx, payload as never)
}

/** null: it may work in a moment, as it is. */
function refusalOf(error: unknown): { reason: DLQReason; error: string } | null {
  const text = (error as Error).message
  if (error instanceof Refused) return { reason: error.reason, error: text }
  // The gate said no: window, block list, account.
  if (error instanceof ParleyError) return { reason: 'state_violation', error: text }
  if ((error as { code?: string }).code === '55P03') return { reason: 'lock_timeout', error: text }
  const fault = classify(error)
  if (fault === 'unavailable' || fault === 'again') return null
  return { reason: fault === 'data' ? 'invalid_payload' : 'database_error', error: text }
}

interface Letter {
  queue: ConsumedName
  message: IncomingMessage
  payload: unknown
  tenantId: string | null
  reason: DLQReason
  error: string
}

/** In the database once, however often it is delivered; then for others; then acknowledged. */
async function putAway(deps: QueueDeps, letter: Letter): Promise<Handled> {
  const { queue, message, tenantId, reason } = letter
  // What the database does not take would come again for ever.
  const error = cleanText(letter.error)
  const id = message.id === undefined ? null : cleanText(message.id)
  const text = cleanText(message.body.toString('utf8').slice(0, 20_000))
  const payload = letter.payload === undefined ? { text } : letter.payload
  const context = JSON.stringify({ messageId: id })
  const values = [`queue:${queue}`, JSON.stringify(payload), reason, error.slice(0, 2000), queue, context]
  if (tenantId)
    await inTenant(deps.db, tenantId, (tx) =>
      tx.query(
        `INSERT INTO dead_letters (tenant_id, source, original_payload, reason, error_message, queue, context)
         SELECT $1, $2, $3, $4, $5, $6, $7 WHERE $8::text IS NULL OR NOT EXISTS (
           SELECT FROM dead_letters d WHERE d.tenant_id = $1 AND d.queue = $6 AND d.context ->> 'messageId' = $8 AND d.resolved_at IS NULL)`,
        [tenantId, ...values, id],
      ),
    )
  else await deps.db.pool.query('SELECT parley.add_dead_letter(NULL, $1, NULL, $2, $3, $4, $5, $6)', values)
  const told: DLQMessage = {
    original_payload: letter.payload ?? text,
    reason,
    error_message: error,
    retry_count: 0,
    timestamp: new Date().toISOString(),
  }
  await deps.broker.publish(
    { exchange: deadLetterExchange, key: reason },
    {
      id: id ?? newId(),
      type: 'dead-letter.v1',
      headers: { queue, ...(tenantId ? { [tenantHeader]: tenantId } : {}) },
      body: Buffer.from(JSON.stringify(told)),
      contentType: 'application/json',
    },
  )
  deps.log.warn('A message of a queue was put away', {
    operation: 'queues',
    queue,
    reason,
    ...(tenantId ? { tenant_id: tenantId } : {}),
  })
  return 'done'
}

/** Dead letters of the integration queues, taken in by the same handlers. */
export function createQueueReplayer(deps: HandlerDeps): Replayer {
  return {
    source: 'queue:',
    check(payload, original) {
      // Which queue it was is not in the payload: what it is checked against is decided when it is replayed.
      if (typeof payload !== 'object' || payload === null)
        throw new ParleyError('invalid_request', 'The payload has to be an object.')
      for (const field of ['wamid', 'genesys_message_id', 'whatsapp_message_id'] as const)
        if ((payload as Record<string, unknown>)[field] !== (original as Record<string, unknown> | null)?.[field])
          throw new ParleyError('invalid_request', `/${field} cannot be changed: it says what it is.`, [
            { path: `/${field}`, message: 'cannot be changed' },
          ])
      return payload
    },
    async replay(client, letter, payload) {
      const queue = letter.source.slice('queue:'.length)
      if (!isConsumed(queue) || !letter.tenantId)
        throw new ParleyError(
          'not_retryable',
          `What came from ${letter.source} cannot be replayed here. Discard it, or send it again there.`,
        )
      const checked = consumed[queue].safeParse(payload)
      if (!checked.success)
        throw new ParleyError(
          'invalid_request',
          checked.error.issues.map((issue) => `/${issue.path.join('/')} ${issue.message}`).join('; '),
        )
      const tx = { tenantId: letter.tenantId, query: client.query, onCommit: () => {} } as Tx
      return await handle(deps, tx, queue, checked.data)
    },
  }
}

const isConsumed = (name: string): name is ConsumedName => Object.hasOwn(consumed, name)
