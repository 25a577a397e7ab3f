/**
 * Takes in what a contact centre told: in one transaction of its business the raw webhook, the once-only key of each event,
 * and what the event does. What cannot be taken is a dead letter with its reason, and never in the way of the next.
 */
import { createHash } from 'node:crypto'
import { addDeadLetter } from '../conversations/mappings.ts'
import { signal } from '../conversations/signals.ts'
import { ParleyError } from '../kernel/errors.ts'
import { cleanJson } from '../kernel/text.ts'
import { classify } from '../platform/db/errors.ts'
import { type Database, inTenant, type Tx } from '../platform/db/tx.ts'
import type { CentreEvent, ContactCentre } from '../ports/contact-centre.ts'
import type { DLQReason } from '../ports/state-manager.ts'
import { takeAgentMessage } from './agent-message.ts'
import type { CentreDeps } from './deps.ts'
import { takeDisconnect, takeReceipt, typingTarget } from './news.ts'

/** A webhook whose signature was right. */
export interface CentreWebhook {
  id: string
  tenantId: string
  centre: string
  slug: string
  /** What the business's own credentials name, the rotated ones too. */
  integrationIds: readonly string[]
  rawBody: Buffer
  headers: Record<string, string>
  receivedAt: Date
  /** There is where to wait: where somebody holds the conversation, Held is thrown instead of a dead letter written. */
  mayWait?: boolean
  /** So long an event waits for its conversation: the contact centre waits ten seconds for us. Milliseconds. */
  lockWaitMs?: number
}

const defaultLockWaitMs = 3000

/** Nothing was stored, because somebody holds a conversation that it is about. It may be tried again; others need not wait for it. */
export class Held extends ParleyError {
  constructor() {
    super('unavailable', 'Somebody holds the conversation. Send again later.')
  }
}

/** What an event asks for once it is committed. */
export interface Afterwards {
  typing?: { accountId: string; externalId: string }
  said?: boolean
  tasks?: boolean
}

/** Throws only where nothing was stored: then it has to come again. Held: see there. */
export async function receiveCentreWebhook(
  deps: CentreDeps,
  webhook: CentreWebhook,
  intake: Database = deps.db,
): Promise<void> {
  const centre = requireCentre(deps, webhook.centre)
  const parsed = centre.parse(webhook.rawBody)
  const afterwards = await inTenant(intake, webhook.tenantId, async (tx) => {
    await tx.query(`SET LOCAL lock_timeout = ${webhook.lockWaitMs ?? defaultLockWaitMs}`)
    await storeRaw(tx, webhook, parsed.label, parsed.malformed)
    if (parsed.malformed !== undefined)
      await addDeadLetter(tx, {
        source: sourceOf(webhook),
        webhookId: webhook.id,
        payload: { body: webhook.rawBody.toString('utf8').slice(0, 20_000) },
        reason: 'invalid_payload',
        error: parsed.malformed,
      })
    const todo: Afterwards[] = []
    for (const event of parsed.events) todo.push(await takeAlone(deps, tx, webhook, event))
    return todo
  })
  deps.changed(webhook.tenantId)
  if (afterwards.some(({ said }) => said)) deps.wakeDispatch()
  if (afterwards.some(({ tasks }) => tasks)) deps.wakeTasks?.()
  for (const { typing } of afterwards) if (typing) void signal(deps, webhook.tenantId, typing, true)
}

const sourceOf = ({ centre }: Pick<CentreWebhook, 'centre'>): string => `webhook:${centre}`

function requireCentre(deps: Pick<CentreDeps, 'centres'>, name: string): ContactCentre {
  const found = deps.centres.get(name)
  if (!found) throw new Error(`the contact centre ${name} is not available on this server`)
  return found
}

async function storeRaw(tx: Tx, webhook: CentreWebhook, label: string, malformed: string | undefined): Promise<void> {
  await tx.query(
    `INSERT INTO webhook_events (id, created_at, tenant_id, provider, app_slug, event_type, payload, headers, status, processing_error, processed_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, CASE WHEN $9 = 'processed' THEN clock_timestamp() END)
     ON CONFLICT DO NOTHING`,
    [
      ...[webhook.id, webhook.receivedAt, tx.tenantId, webhook.centre, webhook.slug, label, webhook.rawBody],
      ...[JSON.stringify(webhook.headers), malformed === undefined ? 'processed' : 'failed', malformed ?? null],
    ],
  )
}

/** One event under a savepoint: what it cannot do is undone and kept as a dead letter. */
async function takeAlone(deps: CentreDeps, tx: Tx, webhook: CentreWebhook, event: CentreEvent): Promise<Afterwards> {
  await tx.query('SAVEPOINT event')
  try {
    const todo = await take(deps, tx, webhook, event)
    await tx.query('RELEASE SAVEPOINT event')
    return todo
  } catch (error) {
    const reason = reasonOf(error)
    if (!reason) throw error
    // Not as it is: that would be run again at once.
    if (reason === 'lock_timeout' && webhook.mayWait) throw new Held()
    await tx.query('ROLLBACK TO SAVEPOINT event')
    await tx.query(
      `UPDATE webhook_events SET status = 'failed', processing_error = $3 WHERE tenant_id = $1 AND id = $2 AND created_at = $4`,
      [tx.tenantId, webhook.id, (error as Error).message.slice(0, 2000), webhook.receivedAt],
    )
    await deadLetter(tx, webhook, event, reason, (error as Error).message)
    deps.log.error('An event of a contact centre could not be taken in', {
      operation: 'centre.receive',
      webhook_event_id: webhook.id,
      reason,
      error: (error as Error).message,
    })
    return {}
  }
}

/** undefined: the whole webhook is tried again, here or by whoever sent it. */
function reasonOf(error: unknown): DLQReason | undefined {
  // Somebody held the conversation for longer than we can wait.
  if ((error as { code?: string }).code === '55P03') return 'lock_timeout'
  const fault = classify(error)
  if (fault === 'again' || fault === 'unavailable') return undefined
  return fault === 'data' ? 'invalid_payload' : 'database_error'
}

const deadLetter = (tx: Tx, webhook: CentreWebhook, event: unknown, reason: DLQReason, error: string) =>
  addDeadLetter(tx, { source: sourceOf(webhook), webhookId: webhook.id, payload: event, reason, error })

async function take(deps: CentreDeps, tx: Tx, webhook: CentreWebhook, event: CentreEvent): Promise<Afterwards> {
  // What it asks is answered by answering at all.
  if (event.kind === 'health') return {}
  if (!webhook.integrationIds.includes(event.integrationId)) {
    const problem = `The body speaks of the integration ${event.integrationId}, which is not the one behind this address.`
    await deadLetter(tx, webhook, event, 'invalid_payload', problem)
    return {}
  }
  // Nothing depends on it, so nothing is kept of it.
  if (event.kind === 'typing') return event.on ? { typing: await typingTarget(tx, event) } : {}
  if (event.kind === 'echo') return {}
  if (!(await isNew(tx, webhook, event))) return {}
  switch (event.kind) {
    case 'message': {
      const origin = { centre: webhook.centre, source: sourceOf(webhook), webhookId: webhook.id }
      const { refused, ...todo } = await takeAgentMessage(deps, tx, origin, event)
      if (refused) await deadLetter(tx, webhook, event, refused.reason, refused.error)
      return todo
    }
    case 'receipt':
      await takeReceipt(tx, event)
      return {}
    case 'disconnect':
      await takeDisconnect(tx, event)
      return {}
    default:
      deps.log.info('A contact centre told something unknown', { operation: 'centre.receive', type: event.type })
      return {}
  }
}

/** The same thing told again changes nothing. Two at once: the second waits for the first. */
async function isNew(tx: Tx, webhook: CentreWebhook, event: CentreEvent): Promise<boolean> {
  const key = `${webhook.centre}:${event.key}`
  const { rowCount } = await tx.query(
    'INSERT INTO contact_centre_events (tenant_id, key) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    [tx.tenantId, shortKey(cleanJson(key) as string)],
  )
  return rowCount === 1
}

const shortKey = (key: string): string =>
  key.length <= 500 ? key : `${key.slice(0, 400)}:${createHash('sha256').update(key).digest('hex')}`
