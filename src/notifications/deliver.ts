/**
 * Brings notifications to people: claim → read → call → record. A mail or a push that may have gone out already goes out
 * again rather than not at all; a text does not: it costs, and its outcome is then unknown.
 */
import { buildPushPayload } from '@block65/webcrypto-web-push'
import { type Channels, loadConnection } from '../conversations/accounts.ts'
import type { Means } from '../conversations/notify.ts'
import { needsRegistration } from '../conversations/window.ts'
import { newId } from '../kernel/ids.ts'
import { type Database, inTenant } from '../platform/db/tx.ts'
import type { Logger } from '../platform/log.ts'
import type { Mailer } from '../platform/mail.ts'
import type { Secrets } from '../platform/secrets.ts'
import { startWorker, type Worker } from '../platform/worker.ts'
import { type Browser, browsersOf, forgetBrowser, pushKeys } from '../tenancy/push.ts'
import { type DeliveryFacts, deliveryFacts, type Ended, recordDelivery, textingAccount } from './store.ts'
import { say } from './words.ts'

export interface DeliverDeps {
  db: Database
  log: Logger
  secrets: Secrets
  channels: Channels
  mailer: Mailer
  fetch: typeof fetch
  publicUrl: () => string
  now?: () => Date
}

interface Claim {
  tenant_id: string
  notification_id: string
  means: Means
  attempts: number
  /** Whoever had it before ended without a word. */
  again: boolean
}

/** Under way at once of each way, and of them for one business: what hangs there leaves the others theirs. */
const [atOnce, atOnceOfOne] = [8, 4]
/** Longer than any call below takes. */
const leaseMs = 120_000
const callMs = 30_000
/** Push services answer in well under a second; their addresses come from browsers, so anybody may give one that hangs. */
const pushMs = 10_000
const tries = 6
/** Milliseconds: 30 s, 1, 2, 4, 8 minutes. */
const retryMs = (attempts: number): number => 30_000 * 2 ** (attempts - 1)
/** A push service keeps a message so long for a device that is off. Seconds. */
const pushKeptSeconds = 24 * 3600

export function startDeliveries(deps: DeliverDeps, options: { pollMs?: number } = {}): Worker {
  const workers = (Object.keys(by) as Means[]).map((means) => startMeans(deps, means, options.pollMs ?? 1000))
  const all = async (each: (worker: Worker) => Promise<void>): Promise<void> => void (await Promise.all(workers.map(each)))
  return {
    wake() {
      for (const worker of workers) worker.wake()
    },
    idle: () => all((worker) => worker.idle()),
    stop: () => all((worker) => worker.stop()),
  }
}

function startMeans(deps: DeliverDeps, means: Means, pollMs: number): Worker {
  const now = () => (deps.now ?? (() => new Date()))()
  return startWorker<Claim>(deps.log, {
    operation: 'notifications',
    limit: atOnce,
    pollMs,
    async claim(limit) {
      const { rows } = await deps.db.pool.query<Claim>({
        name: 'claim_notifications',
        text: 'SELECT * FROM parley.claim_notifications($1, $2, $3, $4, $5)',
        values: [now(), limit, leaseMs, means, atOnceOfOne],
      })
      return rows
    },
    async carry(claim) {
      const ended = await bring(deps, claim).catch((error: Error): Ended => retry(claim, error.message))
      await inTenant(deps.db, claim.tenant_id, (tx) => recordDelivery(tx, claim, ended, now()))
    },
  })
}

const retry = (claim: Claim, detail: string): Ended =>
  claim.attempts >= tries ? { state: 'failed', detail } : { state: 'queued', againMs: retryMs(claim.attempts), detail }

async function bring(deps: DeliverDeps, claim: Claim): Promise<Ended> {
  const facts = await inTenant(deps.db, claim.tenant_id, (tx) => deliveryFacts(tx, claim.notification_id, claim.means))
  if (!facts) return { state: 'unneeded', detail: 'The person does not work here any more.' }
  if (facts.read_at || !facts.wanted || facts.business_status !== 'active') return { state: 'unneeded' }
  return await by[claim.means](deps, claim, facts)
}

type Bring = (deps: DeliverDeps, claim: Claim, facts: DeliveryFacts) => Promise<Ended>
const by: Record<Means, Bring> = { email, sms, push }

const wordsOf = (facts: DeliveryFacts) =>
  say(facts.kind, facts.language ?? 'en', {
    business: facts.business,
    who: facts.who ?? '',
    what: typeof facts.data.what === 'string' ? facts.data.what : '',
  })

function linkOf({ publicUrl }: DeliverDeps, facts: DeliveryFacts): string {
  const base = publicUrl().replace(/\/+$/, '')
  if (facts.kind === 'number_waits') return `${base}/settings/numbers`
  return facts.conversation_id ? `${base}/inbox/${facts.conversation_id}` : `${base}/`
}

/** A header holds one line. */
const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim()

async function email(deps: DeliverDeps, claim: Claim, facts: DeliveryFacts): Promise<Ended> {
  if (!deps.mailer.configured) return { state: 'failed', detail: 'No mail server is configured.' }
  if (!facts.email) return { state: 'failed', detail: 'The person has no address.' }
  const { title, text, open } = wordsOf(facts)
  try {
    await deps.mailer.send({
      to: facts.email,
      subject: oneLine(`${title} (${facts.business})`),
      text: `${text}\n\n${open}: ${linkOf(deps, facts)}`,
    })
    return { state: 'sent' }
  } catch (error) {
    return retry(claim, (error as Error).message)
  }
}

async function sms(deps: DeliverDeps, claim: Claim, facts: DeliveryFacts): Promise<Ended> {
  if (claim.again) return { state: 'unknown', detail: 'The sender stopped before the answer was recorded.' }
  const { phone } = facts
  if (!phone) return { state: 'failed', detail: 'The person has no number.' }
  const { db, secrets, channels } = deps
  const account = await inTenant(db, claim.tenant_id, async (tx) => {
    const found = await textingAccount(tx, phone)
    return found && { ...found, connection: await loadConnection(tx, secrets, found.id) }
  })
  const channel = account && channels.get(account.provider)
  if (!account || !channel) return { state: 'failed', detail: 'The business has no number that texts.' }
  if (account.opted_out) return { state: 'failed', detail: 'The person wrote STOP to the business: nothing is texted to them.' }
  const unregistered = needsRegistration(account.registration, phone)
  if (unregistered) return { state: 'failed', detail: unregistered }
  const { text } = wordsOf(facts)
  const to = [{ kind: 'phone' as const, value: phone, scope: '' as const }]
  const message = { messageId: newId(), to, body: { type: 'text' as const, text: `${text} ${linkOf(deps, facts)}` } }
  const result = await channel
    .send(account.connection, message, { signal: AbortSignal.timeout(callMs) })
    // A channel reports failures as values; what it throws may have happened after the request went out.
    .catch((error: Error) => ({ outcome: 'unknown' as const, text: error.message }))
  if (result.outcome === 'accepted') return { state: 'sent' }
  if (result.outcome === 'unknown') return { state: 'unknown', detail: result.text }
  return result.outcome === 'retry' ? retry(claim, result.text) : { state: 'failed', detail: result.text }
}

async function push(deps: DeliverDeps, claim: Claim, facts: DeliveryFacts): Promise<Ended> {
  const browsers = await browsersOf(deps.db, deps.secrets, facts.user_id)
  if (browsers.length === 0) return { state: 'failed', detail: 'No browser of the person takes pushes any more.' }
  const answers = await Promise.all(browsers.map((browser) => pushTo(deps, facts, browser)))
  if (answers.includes('taken')) return { state: 'sent' }
  const trouble = answers.find((answer) => answer !== 'gone')
  return trouble ? retry(claim, trouble) : { state: 'failed', detail: 'No browser of the person takes pushes any more.' }
}

/** Whom a push service may ask about us (RFC 8292): an address of the web or of mail. */
const subjectOf = (publicUrl: string): string => (publicUrl.startsWith('https:') ? publicUrl : 'mailto:nobody@localhost')

/** `taken`, `gone`, or what went wrong. */
async function pushTo(deps: DeliverDeps, facts: DeliveryFacts, { id, subscription }: Browser): Promise<string> {
  const { title, text } = wordsOf(facts)
  const data = JSON.stringify({
    ...{ title, text, url: linkOf(deps, facts), tag: facts.conversation_id ?? facts.id, urgent: facts.urgent },
  })
  try {
    const vapid = { subject: subjectOf(deps.publicUrl()), ...(await pushKeys(deps.db, deps.secrets)) }
    const options = { ttl: pushKeptSeconds, urgency: facts.urgent ? ('high' as const) : ('normal' as const) }
    const { method, headers, body } = await buildPushPayload(
      { data, options },
      { expirationTime: null, ...subscription },
      vapid,
    )
    const response = await deps.fetch(subscription.endpoint, {
      ...{ method, headers, body, redirect: 'error', signal: AbortSignal.timeout(pushMs) },
    })
    await response.body?.cancel()
    if (response.ok) return 'taken'
    if (response.status !== 404 && response.status !== 410) return `The push service answered ${response.status}.`
    await forgetBrowser(deps.db, id)
    return 'gone'
  } catch (error) {
    return (error as Error).message
  }
}
