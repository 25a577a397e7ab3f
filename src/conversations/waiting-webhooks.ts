/**
 * Webhooks of providers that deliver only once, while the database is away: signed and on the disk before the provider is
 * answered, taken in afterwards in the order in which they came.
 */
import { ParleyError } from '../kernel/errors.ts'
import type { Logger } from '../platform/log.ts'
import { type Spool, type Spooled, SpoolFull, type Take } from '../platform/spool.ts'
import type { Channels } from './accounts.ts'
import type { SignedWebhook } from './batch.ts'
import type { Ingress } from './ingress.ts'
import { readWebhook } from './reading.ts'

export interface WaitingWebhooks {
  /**
   * Resolves once it is stored, or on the disk. Rejects with `unavailable` where it is neither. `isAway`: the database did not
   * answer a moment ago, and is not waited for again.
   */
  accept(ingress: Ingress, webhook: SignedWebhook, isAway?: boolean): Promise<void>
}

export const webhookSource = 'webhook'

type About = Pick<SignedWebhook, 'provider' | 'appSlug' | 'owner' | 'headers'>

/** Whose line it is, or what a receipt speaks of, where it is one thing: only these have to stay in their order. */
export function orderOf({
  provider,
  appSlug,
  parsed,
}: Pick<SignedWebhook, 'provider' | 'appSlug' | 'parsed'>): string | undefined {
  const things = new Set(
    parsed.events.map((event) => {
      if (event.kind === 'message') return `${event.account}|${event.person.identities[0]?.value ?? ''}`
      return event.kind === 'receipt' ? `${event.account}|${event.externalId}` : undefined
    }),
  )
  const [one] = things
  return things.size === 1 && one !== undefined ? `${provider}|${appSlug}|${one}` : undefined
}

/** Whether an error goes away by waiting. */
export const isAway = (error: unknown): boolean => error instanceof ParleyError && error.code === 'unavailable'

export function keepWaiting({ spool, log }: { spool: Spool; log: Logger }): WaitingWebhooks {
  async function keep({ provider, appSlug, owner, headers, rawBody }: SignedWebhook, order: string | undefined): Promise<void> {
    const about: About = { provider, appSlug, headers, ...(owner === undefined ? {} : { owner }) }
    try {
      await spool.put({
        ...{ source: webhookSource, receivedAt: new Date(), about, body: rawBody },
        ...(order === undefined ? {} : { order }),
      })
    } catch (error) {
      log.error('A webhook could not be kept on the disk', { operation: 'spool', error: (error as Error).message })
      const full = error instanceof SpoolFull ? 'Too much waits to be stored.' : 'It could not be stored.'
      throw new ParleyError('unavailable', `${full} Send again later.`)
    }
  }
  return {
    async accept(ingress, webhook, known = false) {
      const order = orderOf(webhook)
      // What waits of the same person goes first.
      if (known || spool.isBehind(webhookSource, order)) return await keep(webhook, order)
      try {
        await ingress.accept(webhook)
      } catch (error) {
        if (!isAway(error)) throw error
        await keep(webhook, order)
      }
    },
  }
}

/** Takes in what waited on the disk. */
export const takeWaiting =
  (deps: { channels: Channels; ingress: Pick<Ingress, 'accept'> }): Take =>
  async ({ id, about, body, receivedAt }: Spooled) => {
    const { provider, appSlug, owner, headers } = about as unknown as About
    const channel = deps.channels.get(provider)
    if (!channel) throw new Error(`There is no channel ${provider} on this server.`)
    await deps.ingress.accept({
      ...{ id, provider, appSlug, headers, rawBody: body },
      ...(owner === undefined ? {} : { owner }),
      // It says when it came, where the provider does not.
      ...readWebhook(channel, body, { ...headers, ':received-at': receivedAt.toISOString() }),
    })
  }
