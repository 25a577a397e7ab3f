/**
 * Taking a dead letter in again. Each kind of source has one `Replayer`; it works in the transaction that closes the letter, with
 * the same functions and once-only keys as the first time, so whatever was taken in meanwhile changes nothing.
 */
import { ParleyError } from '../kernel/errors.ts'
import type { Client } from '../platform/db/pool.ts'
import type { Jobs } from '../platform/jobs.ts'
import type { InboundEvent } from '../ports/channel.ts'
import { inboundEvent } from '../ports/event-schema.ts'
import type { Channels } from './accounts.ts'
import type { Intake, SignedWebhook } from './batch.ts'
import { consentSigns } from './consent-signs.ts'
import { type Due, enqueueDue, takeIn, type Verdict, wakeDue } from './receive.ts'

export interface Letter {
  id: string
  /** null: it could not be told whose it is. */
  tenantId: string | null
  source: string
  /** What was written beside the payload when it was put away. */
  context: Record<string, unknown>
}

export interface Replayer {
  /** What the sources begin with that it knows, for example `webhook:`. */
  source: string
  /**
   * Returns the payload as it would be taken in. `original` is what came: where it came to and what it is once by may not be
   * changed. Throws invalid_request with a path for each thing that is wrong.
   */
  check(payload: unknown, original: unknown): unknown
  /** Takes it in. Throws StillUnfit, or what the database said; nothing of it is then kept. Returns what to do after the commit. */
  replay(client: Pick<Client, 'query'>, letter: Letter, payload: unknown): Promise<() => void>
}

/** It cannot be taken in as it is; the words are for a person. */
export class StillUnfit extends Error {
  constructor(text: string) {
    super(text)
    this.name = 'StillUnfit'
  }
}

/** The one that knows this source best: of several, the one with the longest beginning. */
export function replayerFor(replayers: readonly Replayer[], source: string): Replayer {
  const [found] = replayers
    .filter((one) => source.startsWith(one.source))
    .sort((one, other) => other.source.length - one.source.length)
  if (!found)
    throw new ParleyError(
      'not_retryable',
      `What came from ${source} cannot be replayed here. Discard it, or send it again there.`,
    )
  return found
}

/** Fields that say to whom something came and what it is once by: another value would be another message. */
const fixed = ['kind', 'account', 'owner', 'externalId', 'key'] as const

/** Events of a provider's webhooks. */
export function createEventReplayer(deps: { channels: Channels; jobs?: Jobs; now?: () => Date }): Replayer {
  return {
    source: 'webhook:',
    check(payload, original) {
      const parsed = inboundEvent.safeParse(payload)
      const problems = parsed.success
        ? []
        : parsed.error.issues.map(({ path, message }) => ({ path: `/${path.join('/')}`, message }))
      for (const field of fixed)
        if (fieldOf(payload, field) !== fieldOf(original, field))
          problems.push({ path: `/${field}`, message: 'cannot be changed: it says to whom it came and what it is' })
      if (problems.length > 0)
        throw new ParleyError(
          'invalid_request',
          `The payload cannot be taken in: ${problems.map((one) => `${one.path} ${one.message}`).join('; ')}`,
          problems,
        )
      return parsed.data
    },
    async replay(client, letter, payload) {
      const provider = letter.source.slice('webhook:'.length)
      const event = payload as InboundEvent
      const webhook: SignedWebhook = {
        id: letter.id,
        provider,
        appSlug: typeof letter.context.appSlug === 'string' ? letter.context.appSlug : '',
        rawBody: Buffer.alloc(0),
        headers: {},
        parsed: { events: [event], label: 'replay' },
        windowHours: deps.channels.get(provider)?.capabilities.windowHours ?? null,
      }
      const signs = consentSigns(deps.channels.get(provider), [event])
      if (signs) webhook.signs = signs
      const verdict: Verdict = { tenants: new Set(), unfit: [] }
      const intake: Intake = { tenants: new Set(), stored: 0, duplicates: 0, strangers: 0 }
      const due: Due = { media: [], answers: [] }
      const now = (deps.now ?? (() => new Date()))()
      const item = { provider, appSlug: webhook.appSlug, windowHours: webhook.windowHours, event, webhook }
      await takeIn(client as Client, now, [item], new Map([[webhook, verdict]]), intake, due)
      requireOwn(letter, verdict, intake)
      await enqueueDue(deps.jobs, client, due)
      return () => wakeDue(deps.jobs, due)
    },
  }
}

/** What a letter of one business does must not reach another. */
function requireOwn(letter: Letter, verdict: Verdict, intake: Intake): void {
  if (verdict.problem) throw new StillUnfit(verdict.problem)
  const unfit = verdict.unfit[0]
  if (unfit) throw new StillUnfit(unfit.error)
  const others = [...verdict.tenants, ...intake.tenants].filter((tenant) => tenant !== letter.tenantId)
  if (letter.tenantId !== null && others.length > 0)
    throw new StillUnfit('The account it came to belongs to another business now. Discard it.')
}

const fieldOf = (value: unknown, field: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined
