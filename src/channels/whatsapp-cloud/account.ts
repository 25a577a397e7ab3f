/** What is asked of the account itself: whether it works, and its templates. */
import { toE164 } from '../../kernel/phone.ts'
import { type Json, list, member, record, string } from '../../kernel/read.ts'
import type { AccountConnection, CallOptions, Channel, SyncedTemplate } from '../../ports/channel.ts'
import { type ClientDeps, callGraph, failureOf, type GraphAnswer } from './client.ts'
import { type Connection, connectionOf, graphId } from './config.ts'

type Check = Awaited<ReturnType<NonNullable<Channel['check']>>>

/** `connected`, `degraded` (works badly or not now), `logged_out` (the token is no good). */
export async function check(deps: ClientDeps, account: AccountConnection, options: CallOptions = {}): Promise<Check> {
  const { connection, problem } = connectionOf(account)
  if (!connection) return { state: 'logged_out', text: problem ?? '' }
  const fields = 'id,display_phone_number,verified_name,quality_rating,status,name_status,throughput'
  const url = `${connection.base}/${connection.phoneNumberId}?fields=${fields}`
  const answer = await callGraph(deps, connection, { url, signal: options.signal })
  // Whatever answers in the provider's place, with a page of its own, does not know the number.
  if (answer.kind === 'ok' && string(answer.body.id) === connection.phoneNumberId) return stateOf(answer.body)
  if (answer.kind === 'ok') return unusable
  const failure = failureOf(answer, deps.random)
  if (failure.outcome === 'unknown') return unusable
  return { state: failure.outcome === 'reconnect' ? 'logged_out' : 'degraded', text: failure.text }
}

const unusable: Check = { state: 'degraded', text: 'WhatsApp gave no usable answer.' }

/** The number must be among those that the token shows in the business account. */
export async function owns(
  deps: ClientDeps,
  account: AccountConnection,
  options: CallOptions = {},
): Promise<'yes' | 'no' | 'unknown'> {
  const { connection } = connectionOf(account)
  if (!connection?.wabaId) return 'no'
  const first = `${connection.base}/${connection.wabaId}/phone_numbers?fields=id&limit=${PAGE_SIZE}`
  const seen = new Set<string>()
  for (let url = first; ; ) {
    const answer = await callGraph(deps, connection, { url, signal: options.signal })
    if (answer.kind !== 'ok') return said(answer, deps)
    if (list(answer.body.data).some((number) => string(member(number, 'id')) === connection.phoneNumberId)) return 'yes'
    const { paging } = answer.body
    // Its own cursor, not its own address: that could lead, with the token, anywhere.
    const after = string(member(member(paging, 'cursors'), 'after'))
    if (string(member(paging, 'next')) === undefined || after === undefined) return 'no'
    // The list has no end: what was not shown by now may still be there.
    if (seen.has(after) || seen.size >= MAX_PAGES) return 'unknown'
    seen.add(after)
    url = `${first}&after=${encodeURIComponent(after)}`
  }
}

/** No is said only by a refusal that asking again would not change: one that was asked too often knows nothing. */
function said(answer: Exclude<GraphAnswer, { kind: 'ok' }>, deps: ClientDeps): 'no' | 'unknown' {
  if (answer.kind !== 'refused') return 'unknown'
  const { outcome } = failureOf(answer, deps.random)
  return outcome === 'reject' || outcome === 'reconnect' ? 'no' : 'unknown'
}

function stateOf(body: Json): Check {
  const address = toE164(string(body.display_phone_number) ?? '', 'US')
  return { ...judged(body), ...(address === null ? {} : { address }) }
}

function judged(body: Json): Check {
  const status = string(body.status)?.toUpperCase()
  const name = [string(body.verified_name), string(body.display_phone_number)].filter((part) => part !== undefined).join(', ')
  if (status !== undefined && status !== 'CONNECTED') {
    return { state: 'degraded', text: `WhatsApp reports the number as ${status.toLowerCase().slice(0, 64)}.` }
  }
  if (string(body.quality_rating)?.toUpperCase() === 'RED')
    return { state: 'degraded', text: 'WhatsApp rates the quality of the number as low.' }
  return { state: 'connected', text: name === '' ? 'The number is connected.' : `Connected: ${name}.` }
}

const PAGE_SIZE = 100
/** A business account may have 6,000 templates. */
const MAX_PAGES = 100
const FIELDS = 'id,name,language,category,status,quality_score,rejected_reason,parameter_format,components'

/** A call that is not about a message failed. `message` is fit to be shown; `code` is as in SendResult. */
export class GraphCallFailed extends Error {
  readonly outcome: 'retry' | 'reject' | 'reconnect' | 'hold' | 'unknown'
  readonly code: string
  constructor(failure: { outcome: GraphCallFailed['outcome']; code: string; text: string }) {
    super(failure.text)
    this.name = 'GraphCallFailed'
    this.outcome = failure.outcome
    this.code = failure.code
  }
}

/** All templates of the business account that still exist. Throws GraphCallFailed: half a list would look like deletions. */
export async function syncTemplates(
  deps: ClientDeps,
  account: AccountConnection,
  options: CallOptions = {},
): Promise<SyncedTemplate[]> {
  const { connection, problem } = connectionOf(account)
  if (!connection) throw new GraphCallFailed({ outcome: 'reconnect', code: 'config', text: problem ?? '' })
  const wabaId = graphId.safeParse(connection.wabaId)
  if (!wabaId.success)
    throw new GraphCallFailed({
      outcome: 'reconnect',
      code: 'config',
      text: 'The id of the WhatsApp Business account is missing.',
    })
  const templates: SyncedTemplate[] = []
  const seen = new Set<string>()
  let after: string | undefined
  do {
    const page = await templatePage(deps, connection, wabaId.data, after, options)
    templates.push(...list(page.data).flatMap(templateOf))
    after = nextCursor(page.paging, connection)
    if (after !== undefined && (seen.has(after) || seen.size >= MAX_PAGES)) {
      throw new GraphCallFailed({ outcome: 'retry', code: 'paging', text: 'The list of templates does not end.' })
    }
    if (after !== undefined) seen.add(after)
  } while (after !== undefined)
  return templates
}

async function templatePage(
  deps: ClientDeps,
  connection: Connection,
  wabaId: string,
  after: string | undefined,
  options: CallOptions,
): Promise<Json> {
  const query = new URLSearchParams({ fields: FIELDS, limit: String(PAGE_SIZE), ...(after === undefined ? {} : { after }) })
  const answer = await callGraph(deps, connection, {
    url: `${connection.base}/${wabaId}/message_templates?${query}`,
    signal: options.signal,
  })
  if (answer.kind !== 'ok') throw new GraphCallFailed(failureOf(answer, deps.random))
  return answer.body
}

/** Undefined on the last page. `next` tells that there is one; only its cursor is used, never its address. */
function nextCursor(paging: unknown, connection: Connection): string | undefined {
  const next = string(member(paging, 'next'))
  if (next === undefined) return undefined
  if (!URL.canParse(next) || new URL(next).origin !== new URL(connection.graphUrl).origin) {
    throw new GraphCallFailed({
      outcome: 'retry',
      code: 'paging',
      text: 'The list of templates goes on at an address that is not WhatsApp.',
    })
  }
  return string(member(member(paging, 'cursors'), 'after')) ?? new URL(next).searchParams.get('after') ?? undefined
}

/** Locked, flagged and the like can be sent; what is not known cannot be relied on. */
const statuses = new Map<string, SyncedTemplate['status']>([
  ['APPROVED', 'approved'],
  ['LOCKED', 'approved'],
  ['FLAGGED', 'approved'],
  ['REJECTED', 'rejected'],
  ['IN_APPEAL', 'rejected'],
  ['PAUSED', 'paused'],
  ['DISABLED', 'disabled'],
  ['ARCHIVED', 'disabled'],
  ['LIMIT_EXCEEDED', 'disabled'],
])

function templateOf(item: unknown): SyncedTemplate[] {
  const template = record(item)
  const externalId = string(template?.id)
  const name = string(template?.name)
  const language = string(template?.language)
  const status = string(template?.status)?.toUpperCase() ?? ''
  // One that is being deleted is gone for whoever wants to send it.
  if (!template || !externalId || !name || !language || status.endsWith('DELETED') || status === 'PENDING_DELETION') return []
  const reason = string(template.rejected_reason)
  const quality = string(member(template.quality_score, 'score'))?.toLowerCase()
  return [
    {
      externalId,
      name,
      language,
      category: (string(template.category) ?? 'utility').toLowerCase(),
      status: statuses.get(status) ?? 'pending',
      ...(quality === undefined ? {} : { quality }),
      ...(reason === undefined || reason === 'NONE' ? {} : { rejectionReason: reason }),
      parameterFormat: string(template.parameter_format)?.toUpperCase() === 'NAMED' ? 'NAMED' : 'POSITIONAL',
      components: list(template.components),
    },
  ]
}
