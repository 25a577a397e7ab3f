/**
 * Takes in what providers sent: a batch of webhooks in one transaction — once-only key, contact and identity, conversation,
 * message, receipt, domain event, jobs and the raw body. Nobody is answered 2xx before it commits.
 */
import { cleanJson, cleanText } from '../kernel/text.ts'
import { classify } from '../platform/db/errors.ts'
import type { Client } from '../platform/db/pool.ts'
import { inTransaction } from '../platform/db/tx.ts'
import type { Jobs } from '../platform/jobs.ts'
import type { Logger } from '../platform/log.ts'
import type { InboundEvent, MessageEvent } from '../ports/channel.ts'
import {
  type Brought,
  count,
  eventsOf,
  type Intake,
  ofKind,
  places,
  rawColumns,
  receiveMessages,
  type SignedWebhook,
  type StoredRow,
} from './batch.ts'
import { type ConsentAnswer, consentAnswerJob, receiveConsents, type SignedLine } from './consents.ts'
import { type LeadLine, receiveLeads } from './leads.ts'
import { receiveAccountNews, receiveIdentity } from './receive-account-news.ts'
import { intoRounds, messageColumns, receiptColumns } from './receive-columns.ts'
import { type IntakeDatabases, receiptsAtOnce, receivePlain } from './receive-plain.ts'

export interface IntakeDeps extends IntakeDatabases {
  log: Logger
  /** Absent where nothing runs jobs (benchmarks of the bare path). */
  jobs?: Jobs
  now?: () => Date
}

/** The name of the job that fetches a file; its handler is attachments.ts. */
export const fetchMediaJob = 'media.fetch'

/** What is left to do for a batch, by jobs that are written in its transaction. */
export interface Due {
  media: { tenantId: string; mediaId: string }[]
  answers: ConsentAnswer[]
}

export async function enqueueDue(jobs: Jobs | undefined, client: Pick<Client, 'query'>, due: Due): Promise<void> {
  if (due.media.length > 0) await jobs?.enqueue(client, fetchMediaJob, due.media)
  if (due.answers.length > 0) await jobs?.enqueue(client, consentAnswerJob, due.answers)
}

export function wakeDue(jobs: Jobs | undefined, due: Due): void {
  if (due.media.length > 0) jobs?.wake(fetchMediaJob)
  if (due.answers.length > 0) jobs?.wake(consentAnswerJob)
}

const tries = 8
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * Stores a batch. Losing a race against another process (40001, 40P01) runs it again; a value that cannot be stored makes
 * each webhook go alone, and within such a one each event alone, so that only the poisonous event becomes a dead letter.
 * Throws only where nothing was stored: then the provider must send again.
 */
export async function receiveBatch(deps: IntakeDeps, batch: readonly SignedWebhook[]): Promise<Intake> {
  for (let attempt = 1; ; attempt++) {
    try {
      return told(deps, await inOne(deps, batch))
    } catch (error) {
      const fault = classify(error)
      if (fault === 'unavailable') throw error
      if ((fault === 'again' || fault === 'conflict') && attempt < tries) {
        await pause(2 ** attempt * Math.random())
        continue
      }
      if (batch.length > 1) return await oneByOne(deps, batch)
      // In the way of others for that long is no fault of what was sent: the provider sends it again.
      if (fault === 'again') throw error
      return await isolated(deps, batch[0] as SignedWebhook, error)
    }
  }
}

/** Somebody has to learn that a provider delivers for an address that was removed, or never connected. */
function told(deps: IntakeDeps, intake: Intake): Intake {
  if (intake.strangers > 0)
    deps.log.warn('Webhooks came for an address that no account here has', { operation: 'receive', count: intake.strangers })
  return intake
}

async function oneByOne(deps: IntakeDeps, batch: readonly SignedWebhook[]): Promise<Intake> {
  const total: Intake = { tenants: new Set(), stored: 0, duplicates: 0, strangers: 0 }
  for (const webhook of batch) {
    const one = await receiveBatch(deps, [webhook])
    for (const tenant of one.tenants) total.tenants.add(tenant)
    total.stored += one.stored
    total.duplicates += one.duplicates
    total.strangers += one.strangers
  }
  return total
}

export interface Verdict {
  tenants: Set<string>
  problem?: string
  /** What was kept and is no use as it is: a dead letter each. */
  unfit: { tenantId: string; event: InboundEvent; error: string }[]
}

async function inOne(deps: IntakeDeps, batch: readonly SignedWebhook[]): Promise<Intake> {
  const now = (deps.now ?? (() => new Date()))()
  const plain = await receivePlain(deps, now, batch)
  if (plain) return plain
  const due: Due = { media: [], answers: [] }
  const intake: Intake = { tenants: new Set(), stored: 0, duplicates: 0, strangers: 0 }
  await inTransaction(deps.db, async (client) => {
    const verdicts = new Map<SignedWebhook, Verdict>(batch.map((webhook) => [webhook, { tenants: new Set(), unfit: [] }]))
    await takeIn(client, now, batch.flatMap(eventsOf), verdicts, intake, due)
    await keepUnfit(client, verdicts)
    await storeWebhooks(client, now, batch, verdicts)
    await enqueueDue(deps.jobs, client, due)
  })
  wakeDue(deps.jobs, due)
  return intake
}

/** Where the raw webhooks are stored by a call of their own. */
const noWebhooks = [[], [], [], [], [], [], [], [], [], Buffer.alloc(0)]

/** Messages first: a receipt or an edit in the same batch may speak of one of them. */
export async function takeIn(
  client: Client,
  now: Date,
  items: readonly Brought[],
  verdicts: Map<SignedWebhook, Verdict>,
  intake: Intake,
  due: Due,
): Promise<void> {
  const signed: SignedLine[] = []
  const prospects: LeadLine[] = []
  // Who became whom counts for the lines after it; where the old one is first met in this very batch, it is asked again below.
  const unplaced: ReturnType<typeof ofKind<'identity'>> = []
  for (const item of ofKind(items, 'identity')) if (!(await receiveIdentity(client, item))) unplaced.push(item)
  for (const round of intoRounds(ofKind(items, 'message'))) {
    const columns = messageColumns(round)
    const { rows } = await client.query<StoredRow>({
      name: 'receive_messages',
      text: receiveMessages,
      values: [now, ...columns.values, ...noWebhooks],
    })
    for (const row of rows) {
      const verdict = verdicts.get((round[row.ord - 1] as Brought).webhook) as Verdict
      if (row.result === 'unknown_account') verdict.problem = `No account here has the id ${round[row.ord - 1]?.event.account}.`
      else verdict.tenants.add(row.tenant_id)
      count(row, intake)
      if (row.result !== 'stored') continue
      for (const mediaId of columns.media[row.ord - 1] ?? []) due.media.push({ tenantId: row.tenant_id, mediaId })
      const brought = round[row.ord - 1] as Brought<MessageEvent>
      keepSign(signed, brought, row.tenant_id, row.message_id)
      // STOP is no words of a customer.
      if (brought.event.mayBeLead && brought.event.conversational && !brought.webhook.signs?.has(brought.event))
        prospects.push({ tenantId: row.tenant_id, messageId: row.message_id })
    }
  }
  for (const item of unplaced) await receiveIdentity(client, item)
  const all = ofKind(items, 'receipt')
  for (let from = 0; from < all.length; from += receiptsAtOnce) {
    const receipts = all.slice(from, from + receiptsAtOnce)
    const { rows } = await client.query<ReceiptRow>({
      name: 'receive_receipts',
      text: receiveReceipts,
      values: [now, ...receiptColumns(receipts)],
    })
    for (const row of rows) {
      const item = receipts[row.ord - 1] as (typeof receipts)[number]
      const verdict = verdicts.get(item.webhook) as Verdict
      if (row.result === 'unknown_account') {
        verdict.problem = `No account here has the id ${item.event.account}.`
        intake.strangers += 1
      } else verdict.tenants.add(row.tenant_id)
      if (row.result === 'applied') intake.tenants.add(row.tenant_id)
      if (row.result !== 'duplicate' && row.message_id) keepSign(signed, item, row.tenant_id, row.message_id)
      if (row.result === 'inbound')
        verdict.unfit.push({
          tenantId: row.tenant_id,
          event: item.event,
          error: 'A receipt for a message that the customer sent.',
        })
    }
  }
  await receiveLeads(client, now, prospects)
  due.answers.push(...(await receiveConsents(client, now, signed)))
  for (const item of ofKind(items, 'account')) {
    const problem = await receiveAccountNews(client, item, intake.tenants)
    if (problem) (verdicts.get(item.webhook) as Verdict).problem = problem
  }
}

function keepSign(signed: SignedLine[], { webhook, event }: Brought, tenantId: string, messageId: string): void {
  const sign = webhook.signs?.get(event)
  if (sign) signed.push({ tenantId, messageId, occurredAt: event.occurredAt, sign })
}

interface ReceiptRow {
  ord: number
  result: 'applied' | 'kept' | 'duplicate' | 'inbound' | 'unknown_account'
  tenant_id: string
  message_id: string | null
}
const receiveReceipts = `SELECT ord, result, tenant_id, message_id FROM parley.receive_receipts(${places(13)})`

async function storeWebhooks(
  client: Client,
  now: Date,
  batch: readonly SignedWebhook[],
  verdicts: Map<SignedWebhook, Verdict>,
): Promise<void> {
  const problem = (w: SignedWebhook): string | null => w.parsed.malformed ?? verdicts.get(w)?.problem ?? null
  const tenant = (w: SignedWebhook): string | null => {
    const tenants = [...(verdicts.get(w)?.tenants ?? [])]
    return tenants.length === 1 ? (tenants[0] as string) : null
  }
  const raw = rawColumns(batch)
  await client.query({
    name: 'receive_webhooks',
    text: `SELECT parley.receive_webhooks(${places(11)})`,
    values: [
      ...[raw.ids, raw.providers, raw.apps, raw.labels, raw.headers],
      batch.map((w) => (w.parsed.malformed ? 'failed' : problem(w) ? 'unprocessed' : 'processed')),
      ...[batch.map(problem), batch.map(tenant), raw.lengths, raw.bodies, now],
    ],
  })
}

/** One webhook whose events did not go in together: each under a savepoint, what fails becomes a dead letter. */
async function isolated(deps: IntakeDeps, webhook: SignedWebhook, cause: unknown): Promise<Intake> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await eachAlone(deps, webhook, cause, attempt)
    } catch (error) {
      const fault = classify(error)
      if ((fault !== 'again' && fault !== 'conflict') || attempt >= tries) throw error
      await pause(2 ** attempt * Math.random())
    }
  }
}

/** A race that an event lost is run again with all of them; it is no reason for a dead letter. */
async function eachAlone(deps: IntakeDeps, webhook: SignedWebhook, cause: unknown, attempt: number): Promise<Intake> {
  const now = (deps.now ?? (() => new Date()))()
  const due: Due = { media: [], answers: [] }
  const intake: Intake = { tenants: new Set(), stored: 0, duplicates: 0, strangers: 0 }
  deps.log.error('A webhook could not be taken in whole', {
    operation: 'receive',
    webhook_event_id: webhook.id,
    error: (cause as Error).message,
  })
  await inTransaction(deps.db, async (client) => {
    const verdict: Verdict = { tenants: new Set(), unfit: [] }
    for (const item of eventsOf(webhook)) {
      await client.query('SAVEPOINT event')
      try {
        await takeIn(client, now, [item], new Map([[webhook, verdict]]), intake, due)
        await client.query('RELEASE SAVEPOINT event')
      } catch (error) {
        const fault = classify(error)
        if (fault === 'unavailable' || fault === 'again' || (fault === 'conflict' && attempt < tries)) throw error
        await client.query('ROLLBACK TO SAVEPOINT event')
        verdict.problem = (error as Error).message
        const reason = fault === 'data' ? 'invalid_payload' : 'database_error'
        const tenantId = await whoseEvent(client, webhook, item.event)
        if (tenantId) verdict.tenants.add(tenantId)
        await addDeadLetter(client, tenantId, webhook, item.event, reason, (error as Error).message)
      }
    }
    await keepUnfit(client, new Map([[webhook, verdict]]))
    const failed: SignedWebhook = verdict.problem
      ? { ...webhook, parsed: { ...webhook.parsed, malformed: verdict.problem } }
      : webhook
    await storeWebhooks(client, now, [failed], new Map([[failed, verdict]]))
    await enqueueDue(deps.jobs, client, due)
  })
  wakeDue(deps.jobs, due)
  return intake
}

async function keepUnfit(client: Client, verdicts: ReadonlyMap<SignedWebhook, Verdict>): Promise<void> {
  for (const [webhook, { unfit }] of verdicts)
    for (const { tenantId, event, error } of unfit)
      await addDeadLetter(client, tenantId, webhook, event, 'state_violation', error)
}

/** The business to which the account belongs that the event came to, where there is exactly one. */
async function whoseEvent(client: Client, webhook: SignedWebhook, event: InboundEvent): Promise<string | null> {
  const { rows } = await client.query<{ tenant_id: string }>(
    'SELECT DISTINCT tenant_id FROM parley.find_owned_accounts($1, $2, $3, $4)',
    [webhook.provider, webhook.appSlug, ...[event.kind === 'account' ? event.owner : null, event.account].map(storable)],
  )
  return rows.length === 1 ? (rows[0]?.tenant_id ?? null) : (webhook.owner ?? null)
}

/** What made the event poisonous may stand in any of its values. */
const storable = (value: string | null): string | null => (value === null ? null : cleanText(value))

async function addDeadLetter(
  client: Client,
  tenantId: string | null,
  webhook: SignedWebhook,
  event: InboundEvent,
  reason: string,
  error: string,
): Promise<void> {
  const payload = JSON.stringify(cleanJson(event))
  const context = JSON.stringify({ appSlug: webhook.appSlug })
  await client.query('SELECT parley.add_dead_letter($1, $2, $3, $4, $5, $6, NULL, $7)', [
    ...[tenantId, `webhook:${webhook.provider}`, webhook.id, payload, reason, error, context],
  ])
}
