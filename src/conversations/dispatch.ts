/**
 * Sends what is queued: claim → commit → call → record. Conversations are claimed, not messages, so that order within a
 * conversation holds; each claim is a lease with a fencing token; nothing is held in the database while a provider is
 * called; what a timeout leaves open is `unknown` and never sent again blindly.
 */

import type { FileStore } from '../platform/blobs.ts'
import { classify } from '../platform/db/errors.ts'
import { type Database, inTenant, type Tx } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import { type Secrets, SecretUnreadable } from '../platform/secrets.ts'
import type { AccountConnection, Channel, OutboundMessage, PersonIdentity, SendResult } from '../ports/channel.ts'
import type { OutboundBody } from '../ports/message.ts'
import { type Channels, isStill, loadConnection } from './accounts.ts'
import { type LinkFile, loadOutboundFile, rememberUpload } from './attachments.ts'
import { refusalSign } from './consent-signs.ts'
import { receiveConsents } from './consents.ts'
import { learnIdentities } from './contacts.ts'
import { keepLeases, leaseMs } from './leases.ts'
import { mediaIdOf } from './outbound.ts'
import { findComponents } from './templates.ts'
import { lateRefusal, type Registration } from './window.ts'

export interface DispatchDeps {
  db: Database
  log: Logger
  secrets: Secrets
  channels: Channels
  files: FileStore
  /** Addresses for providers that fetch files themselves. */
  fileLink?: LinkFile
  /** Tells those who listen that something changed for this tenant. */
  onChange?: (tenantId: string) => void
  now?: () => Date
}

export interface Dispatcher {
  /** There may be something to send: look now instead of at the next poll. */
  wake(): void
  /** Takes no more work and waits for the calls under way. */
  stop(): Promise<void>
  /** Resolves when nothing is ready and nothing is under way; what waits for a later time does not count. */
  idle(): Promise<void>
}

/** Also for a large file on a slow line; the lease is kept meanwhile. */
const callTimeoutMs = 150_000
const pollMs = 500
/** A provider that answers after half a second, and ten numbers at 80 messages a second: 400 calls are under way at once. */
const maxUnderWay = 512
/** A claim looks at every account with something to send: what becomes free within so much is claimed together. Milliseconds. */
const gatherMs = 40
const maxRetries = 12

interface Claimed {
  tenant_id: string
  conversation_id: string
  account_id: string
  token: number
  message_id: string
  attempt: number
  provider: string
  contact_id: string
  type: string
  body: OutboundBody
  reply_to_external_id: string | null
  identities: PersonIdentity[]
  lane_attempts: number
  window_expires_at: Date | null
  contact_status: string
  opted_out: boolean
  registration: Registration
  send_by: Date | null
}

export function startDispatcher(deps: DispatchDeps, options: { pollMs?: number; maxUnderWay?: number } = {}): Dispatcher {
  const pace = JSON.stringify(
    Object.fromEntries(
      [...deps.channels.values()].map(({ provider, capabilities: c }) => [
        provider,
        { perSecond: c.pace.perSecond, burst: c.pace.burst, pairEveryMs: c.pairPace.everyMs, pairBurst: c.pairPace.burst },
      ]),
    ),
  )
  const limit = options.maxUnderWay ?? maxUnderWay
  const leases = keepLeases(deps, 'send')
  let underWay = 0
  let stopped = false
  let looking = false
  let again = false
  let timer: NodeJS.Timeout | undefined
  let claimedAt = Number.NEGATIVE_INFINITY
  let willLook = false
  let idlers: (() => void)[] = []

  /** At once where nothing was claimed of late; in a busy time together with all that comes meanwhile. */
  function lookSoon(): void {
    const wait = claimedAt + gatherMs - performance.now()
    if (wait <= 0 || underWay === 0) return void look()
    if (willLook) return
    willLook = true
    setTimeout(() => {
      willLook = false
      void look()
    }, wait)
  }

  async function claim(): Promise<Claimed[]> {
    claimedAt = performance.now()
    const { rows } = await deps.db.pool.query<Claimed>({
      name: 'claim_sends',
      text: 'SELECT * FROM parley.claim_sends($1, $2, $3)',
      values: [limit - underWay, leaseMs, pace],
    })
    return rows
  }

  async function look(): Promise<void> {
    if (looking || stopped) {
      again = true
      return
    }
    looking = true
    clearTimeout(timer)
    let nextIn = options.pollMs ?? pollMs
    try {
      do {
        again = false
        if (underWay >= limit) break
        const asked = limit - underWay
        const claimed = await claim()
        const connections = oncePerAccount(deps)
        for (const item of claimed) void carry(item, connections)
        // Less than asked for is all that may go now.
        if (claimed.length === asked) again = true
        if (claimed.length === 0 && underWay === 0 && !again) settleIdle()
      } while (again && !stopped)
      nextIn = Math.min(nextIn, await untilNext())
    } catch (error) {
      deps.log.warn('Nothing could be claimed for sending', { operation: 'dispatch', error: (error as Error).message })
    } finally {
      looking = false
      if (!stopped) {
        timer = setTimeout(() => void look(), nextIn)
        timer.unref()
      }
    }
  }

  /** A retry or a pace that ends before the next poll is served on time. */
  async function untilNext(): Promise<number> {
    const { rows } = await deps.db.pool.query<{ at: Date | null }>(`SELECT parley.next_lane_at('send') AS at`)
    return rows[0]?.at ? Math.max(5, rows[0].at.getTime() - Date.now()) : Number.POSITIVE_INFINITY
  }

  async function carry(item: Claimed, connections: LoadsConnection): Promise<void> {
    underWay += 1
    leases.add(item)
    try {
      const { result, asked } = await sendOne(deps, item, connections)
      await recordUntilStored(deps, item, result, asked)
      deps.onChange?.(item.tenant_id)
    } catch (error) {
      deps.log.error('A send could not be recorded', {
        operation: 'dispatch',
        message_id: item.message_id,
        error: (error as Error).message,
      })
    } finally {
      leases.remove(item)
      underWay -= 1
      lookSoon()
    }
  }

  function settleIdle(): void {
    for (const idler of idlers) idler()
    idlers = []
  }

  void look()
  return {
    wake: lookSoon,
    async stop() {
      stopped = true
      clearTimeout(timer)
      // A claim that is under way becomes work: what was claimed and not sent would end as unknown.
      while (looking || underWay > 0) await new Promise((resolve) => setTimeout(resolve, 10))
      leases.stop()
    },
    idle() {
      if (stopped && underWay === 0) return Promise.resolve()
      const done = new Promise<void>((resolve) => idlers.push(resolve))
      void look()
      return done
    },
  }
}

/** Everything a send needs is read first; the provider is called with nothing held. A fault of our own before the call is a retry. */
async function sendOne(
  deps: DispatchDeps,
  item: Claimed,
  connections: LoadsConnection,
): Promise<{ result: SendResult; asked?: AccountConnection }> {
  const channel = deps.channels.get(item.provider)
  if (!channel)
    return {
      result: { outcome: 'hold', code: 'no_channel', text: `The channel ${item.provider} is not available on this server.` },
    }
  const late = refusedNow(channel, item, (deps.now ?? (() => new Date()))())
  if (late) return { result: late }
  let prepared: Awaited<ReturnType<typeof prepare>>
  try {
    prepared = await prepare(deps, item, connections)
  } catch (error) {
    if (error instanceof SecretUnreadable) return { result: { outcome: 'hold', code: 'secret_key', text: error.message } }
    const text = `What has to be sent could not be read: ${(error as Error).message}`
    return { result: { outcome: 'retry', code: 'not_ready', text, scope: 'message' } }
  }
  const asked = prepared.connection
  try {
    const result = await channel.send(asked, prepared.message, { signal: AbortSignal.timeout(callTimeoutMs) })
    if (result.outcome === 'accepted') await keepLearned(deps, item, prepared.mediaId, result)
    return { result, asked }
  } catch (error) {
    // A channel reports failures as values; what it throws may have happened after the request went out.
    const text = `The sender failed: ${(error as Error).message}`
    return { result: { outcome: 'unknown', code: 'sender_fault', text } }
  }
}

/** What else an answer told. Losing it costs little; it must never cost the answer itself. */
async function keepLearned(
  deps: DispatchDeps,
  item: Claimed,
  mediaId: string | undefined,
  result: Extract<SendResult, { outcome: 'accepted' }>,
): Promise<void> {
  try {
    if (result.upload && mediaId) await rememberUpload(deps.db, item.tenant_id, mediaId, item.account_id, result.upload)
    if (result.person)
      await learnIdentities(deps.db, item.tenant_id, item.account_id, item.contact_id, result.person, item.message_id)
  } catch (error) {
    deps.log.warn('What a send taught could not be kept', { operation: 'dispatch', error: (error as Error).message })
  }
}

/** Consent, the window and the block list count at the instant of sending, not of queueing. */
const refusedNow = ({ capabilities }: Channel, item: Claimed, now: Date): SendResult | undefined =>
  lateRefusal(
    {
      ...{ type: item.type, capabilities, contactStatus: item.contact_status, windowExpiresAt: item.window_expires_at },
      ...{ optedOut: item.opted_out, registration: item.registration, phone: phoneOf(item.identities), sendBy: item.send_by },
    },
    now,
  )

/** E.164, where one of the ids is a phone number. */
function phoneOf(identities: readonly PersonIdentity[]): string | null {
  const found = identities.find(({ kind }) => kind === 'phone' || kind === 'wa_id')
  return found ? `+${found.value.replace(/^\+/, '')}` : null
}

type LoadsConnection = (item: Claimed) => Promise<AccountConnection>

/** What was claimed together goes out now: what opens an account is read once for all of its messages, and never kept. */
function oncePerAccount(deps: DispatchDeps): LoadsConnection {
  const loaded = new Map<string, Promise<AccountConnection>>()
  return ({ tenant_id, account_id }) => {
    const known = loaded.get(account_id)
    if (known) return known
    const loading = inTenant(deps.db, tenant_id, (tx) => loadConnection(tx, deps.secrets, account_id))
    loaded.set(account_id, loading)
    // What failed for one is asked again for the next.
    loading.catch(() => loaded.delete(account_id))
    return loading
  }
}

async function prepare(deps: DispatchDeps, item: Claimed, connections: LoadsConnection) {
  const { body } = item
  const connection = await connections(item)
  const mediaId = mediaIdOf(body)
  const message: OutboundMessage = { messageId: item.message_id, to: item.identities, body }
  if (item.reply_to_external_id) {
    if (body.type === 'reaction') message.targetExternalId = item.reply_to_external_id
    else message.replyTo = item.reply_to_external_id
  }
  if (body.type === 'template' || mediaId) {
    await inTenant(deps.db, item.tenant_id, async (tx) => {
      if (body.type === 'template') {
        const template = await findComponents(tx, item.account_id, body.name, body.language)
        message.templateComponents = template?.components ?? []
        message.templateParameterFormat = template?.parameterFormat ?? 'POSITIONAL'
      }
      if (mediaId) message.file = await loadOutboundFile(tx, deps, mediaId, item.account_id)
    })
  }
  return { connection, message, mediaId }
}

/** The result of a call exists only here: it is recorded however long the database is away, while this process lives. */
async function recordUntilStored(
  deps: DispatchDeps,
  item: Claimed,
  result: SendResult,
  asked?: AccountConnection,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await recordWhole(deps, item, result, asked)
    } catch (error) {
      const fault = classify(error)
      if (fault !== 'again' && fault !== 'unavailable') throw error
      if (attempt > 600) throw error
      await new Promise((resolve) => setTimeout(resolve, Math.min(1000, 10 * 2 ** attempt)))
    }
  }
}

const outcomes = {
  accepted: 'accepted',
  retry: 'retry',
  reject: 'refused',
  reconnect: 'held',
  hold: 'held',
  unknown: 'unknown',
} as const
const accountStates = { reconnect: 'logged_out', hold: 'held' } as const

/**
 * A refusal of what opens the account stops the account, unless that was replaced while the call was on its way. One that says
 * that the customer wants no more messages is kept as that.
 */
async function recordWhole(deps: DispatchDeps, item: Claimed, result: SendResult, asked?: AccountConnection): Promise<void> {
  const sign = result.outcome === 'reject' ? refusalSign(result.hint, result.code, result.text) : undefined
  if (sign)
    return await inTenant(deps.db, item.tenant_id, async (tx) => {
      const now = (deps.now ?? (() => new Date()))()
      await record(deps, tx, item, result)
      const line = { tenantId: item.tenant_id, messageId: item.message_id, occurredAt: now.toISOString(), sign }
      await receiveConsents(tx, now, [line])
    })
  if (result.outcome !== 'reconnect' || !asked) return await record(deps, deps.db.pool, item, result)
  await inTenant(deps.db, item.tenant_id, async (tx) => record(deps, tx, item, result, await isStill(tx, deps.secrets, asked)))
}

async function record(
  deps: DispatchDeps,
  client: Pick<Tx, 'query'>,
  item: Claimed,
  given: SendResult,
  stops = true,
): Promise<void> {
  const result = exhausted(item, given)
  const failed = result.outcome === 'accepted' ? undefined : result
  await client.query({
    name: 'record_send',
    text: 'SELECT parley.record_send($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)',
    values: [
      ...[item.tenant_id, item.conversation_id, item.account_id, item.token, item.message_id, item.attempt],
      outcomes[result.outcome],
      result.outcome === 'accepted' ? result.externalId : null,
      failed?.code ?? null,
      failed?.text ?? null,
      result.outcome === 'retry' ? retryDelay(result, item.lane_attempts) : null,
      result.outcome === 'retry' ? result.scope : null,
      stops && (result.outcome === 'reconnect' || result.outcome === 'hold') ? accountStates[result.outcome] : null,
    ],
  })
  deps.log.debug('Send attempt', {
    operation: 'dispatch',
    message_id: item.message_id,
    conversation_id: item.conversation_id,
    outcome: result.outcome,
    code: failed?.code,
  })
}

/** What would be tried for ever ends as a failure that a person can see and retry. The account's own limits do not count. */
function exhausted(item: Claimed, result: SendResult): SendResult {
  if (result.outcome !== 'retry' || result.scope === 'account' || item.lane_attempts < maxRetries) return result
  return { outcome: 'reject', code: result.code, text: `${result.text} Tried ${item.lane_attempts + 1} times.` }
}

/**
 * The provider's own delay where it gave one, four times longer with each try where it is about one customer (Meta's advice
 * for its pair limit); else 1 s doubling to 5 min, with jitter so that many do not come back at once.
 */
export function retryDelay(
  result: { retryAfterMs?: number; scope: string },
  attempts: number,
  random: () => number = Math.random,
): number {
  if (result.retryAfterMs !== undefined) {
    return Math.ceil(result.scope === 'pair' ? Math.min(600_000, result.retryAfterMs * 4 ** attempts) : result.retryAfterMs)
  }
  const ceiling = Math.min(300_000, 1000 * 2 ** attempts)
  return Math.ceil(ceiling / 2 + (random() * ceiling) / 2)
}
