/**
 * Where contact centres deliver: verify → parse → receive → answer. They try for a minute and a half only: while the database
 * is away, what has a right signature waits on the disk, and is taken in afterwards in the order in which it came.
 */
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { keptHeaders } from '../conversations/webhook-routes.ts'
import { ParleyError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { isUnavailable } from '../platform/db/errors.ts'
import type { Database } from '../platform/db/tx.ts'
import { type Spool, type Spooled, SpoolFull } from '../platform/spool.ts'
import type { ContactCentre, ParsedCentreWebhook } from '../ports/contact-centre.ts'
import type { CentreDeps } from './deps.ts'
import { type Address, acceptedSecrets, type KnownAddresses } from './known-addresses.ts'
import { type CentreWebhook, Held, receiveCentreWebhook } from './receive.ts'

const maxBodyBytes = 10 * 1024 * 1024

export interface CentreWebhookDeps {
  deps: CentreDeps
  /** Connections that only intake uses. */
  intake: Database
  addresses: KnownAddresses
  /** Absent: while the database is away, everything is refused. */
  spool?: Spool
}

/** Of each business its own: no business waits for what another one's lines wait for. */
export const spoolSource = ({ centre, tenantId }: Pick<CentreWebhook, 'centre' | 'tenantId'>): string =>
  `centre:${centre}:${tenantId}`

/** What the spool keeps beside a body. */
type About = Pick<CentreWebhook, 'tenantId' | 'centre' | 'slug' | 'headers'> & { integrationIds: string[] }

/** It is tried again every second: others are not kept waiting for long. Milliseconds. */
const lockWaitMs = 500

/** Takes in what waited on the disk. What somebody holds the conversation of stays there, in its order, until it is free. */
export const takeSpooled =
  (deps: CentreDeps, intake: Database) =>
  ({ id, receivedAt, about, body }: Spooled): Promise<void> => {
    const webhook = { ...(about as unknown as About), id, receivedAt, rawBody: body, mayWait: true, lockWaitMs }
    return receiveCentreWebhook(deps, webhook, intake)
  }

const timeOf = ({ now }: CentreDeps): Date => now?.() ?? new Date()

/** What changes nothing in any conversation waits for nothing, and nothing for it. */
const nobody = 'nobody'
const inOrder: ReadonlySet<string> = new Set(['message', 'receipt', 'disconnect'])

/** Whose events they are, where they are all one customer's: only these have to stay in their order. */
export function orderOf({ events }: ParsedCentreWebhook): string | undefined {
  const ordered = events.filter(({ kind }) => inOrder.has(kind))
  if (ordered.length === 0) return nobody
  const whose = new Set(ordered.map(({ integrationId, customerId }) => customerId && `${integrationId}/${customerId}`))
  const [one] = whose
  return whose.size === 1 && one ? one : undefined
}

export const centreWebhookRoutes: FastifyPluginAsync<CentreWebhookDeps> = async (
  server,
  { deps, intake, addresses, spool },
) => {
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  for (const centre of deps.centres.values()) {
    server.post(
      `/${centre.name}/:slug`,
      {
        bodyLimit: maxBodyBytes,
        schema: { tags: ['Webhooks'], summary: `What ${centre.name} delivers` },
      },
      async (request: FastifyRequest) => {
        const { slug } = request.params as { slug: string }
        // Of when it came: what is asked of the database next takes one longer than another.
        const id = newId()
        const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
        // Of two look-ups on two connections the later may be the faster one: whose turn it is follows when they came.
        const found = requireSigned(centre, slug, request, rawBody)
        found.catch(() => {}) // heard of below, when it is its turn
        const { address, away } = await lookedUpInTurn(`${centre.name}/${slug}`, () => found)
        const webhook: CentreWebhook = {
          id,
          tenantId: address.tenantId,
          centre: centre.name,
          slug,
          integrationIds: address.integrationIds,
          rawBody,
          headers: keptHeaders(request),
          receivedAt: timeOf(deps),
        }
        const order = orderOf(centre.parse(rawBody))
        await inItsTurn(webhook, order, () => (away ? keep(webhook, order) : take(webhook, order)))
        return ''
      },
    )
  }

  /** While the database is away, as it was last seen. */
  async function addressOf(centre: string, slug: string): Promise<{ address: Address | null; away: boolean }> {
    try {
      return { address: await addresses.find(centre, slug), away: false }
    } catch (error) {
      if (!isUnavailable(error)) throw error
      const address = addresses.remembered(centre, slug)
      if (address && spool) return { address, away: true }
      throw new ParleyError('unavailable', 'The database is not available. Send again later.')
    }
  }

  async function requireSigned(
    centre: ContactCentre,
    slug: string,
    request: FastifyRequest,
    rawBody: Buffer,
  ): Promise<{ address: Address; away: boolean }> {
    const { address, away } = await addressOf(centre.name, slug)
    if (!address) throw new ParleyError('not_found', 'Nobody receives webhooks at this address.')
    const secrets = acceptedSecrets(address, timeOf(deps))
    const headers = request.headers as Record<string, string | undefined>
    if (secrets.length === 0 || !centre.verify({ headers, rawBody }, secrets)) {
      deps.log.warn('A webhook with a wrong signature was refused', {
        operation: 'webhook',
        provider: centre.name,
        bytes: rawBody.length,
      })
      throw new ParleyError('bad_signature', 'The signature does not match. Check the secret token of the integration.')
    }
    return { address, away }
  }

  /** One after the other of one customer: a line that came while another one waits for its conversation must not overtake it. */
  const takeInTurn = inTurn()
  /** All at once, but heard of in the order in which they came. */
  const lookedUpInTurn = inTurn()
  /** On its way to the disk too: a later line that finds the database back must not go in before it is there. */
  const inItsTurn = (webhook: CentreWebhook, order: string | undefined, work: () => Promise<void>): Promise<void> =>
    takeInTurn(order === nobody ? undefined : `${webhook.tenantId}/${order ?? ''}`, work)

  async function take(webhook: CentreWebhook, order: string | undefined): Promise<void> {
    // What waits of the same conversation goes first.
    if (!spool?.isBehind(spoolSource(webhook), order)) {
      try {
        return await receiveCentreWebhook(deps, { ...webhook, mayWait: spool !== undefined }, intake)
      } catch (error) {
        if (!isUnavailable(error) && !(error instanceof Held)) throw error
      }
    }
    await keep(webhook, order)
  }

  /** On the disk, until the database is back. */
  async function keep(webhook: CentreWebhook, order: string | undefined): Promise<void> {
    if (!spool) throw new ParleyError('unavailable', 'The database is not available. Send again later.')
    const { id, rawBody: body, receivedAt, tenantId, centre, slug, headers, integrationIds } = webhook
    const about: About = { tenantId, centre, slug, headers, integrationIds: [...integrationIds] }
    try {
      await spool.put({ id, source: spoolSource(webhook), ...(order === undefined ? {} : { order }), receivedAt, about, body })
    } catch (error) {
      deps.log.error('A webhook could not be kept on the disk', { operation: 'spool', error: (error as Error).message })
      const full = error instanceof SpoolFull ? 'Too much waits to be stored.' : 'It could not be stored.'
      throw new ParleyError('unavailable', `${full} Send again later.`)
    }
  }
}

/** Runs what has the same key one after the other, in the order of the calls; what has none at once. */
function inTurn(): <T>(key: string | undefined, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>()
  return async (key, work) => {
    if (key === undefined) return await work()
    const mine = (last.get(key) ?? Promise.resolve()).then(work)
    const ended = mine.catch(() => {})
    last.set(key, ended)
    try {
      return await mine
    } finally {
      if (last.get(key) === ended) last.delete(key)
    }
  }
}
