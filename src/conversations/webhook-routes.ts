/**
 * Where providers deliver: verify → parse → receive → answer. Nothing is answered 2xx before it is committed. No browser comes
 * here: what one needs is not around these routes.
 */
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { ParleyError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import type { Logger } from '../platform/log.ts'
import type { Channel, WebhookRequest } from '../ports/channel.ts'
import type { Channels } from './accounts.ts'
import type { SignedWebhook } from './batch.ts'
import type { Ingress } from './ingress.ts'
import { readWebhook } from './reading.ts'
import type { WaitingWebhooks } from './waiting-webhooks.ts'

export interface AppSecrets {
  /** The business whose app it is; absent for the platform's own. */
  owner?: string
  /** Every secret accepted now: after a rotation the old one for a while. */
  secrets: string[]
  verifyTokens: string[]
  /** The database is away: this is what was seen last. */
  asLastSeen?: true
}

/** The app behind an address; '' is the platform's own. null: there is none. Never chosen by what the body says. */
export type FindApp = (provider: string, slug: string) => Promise<AppSecrets | null>

/** Meta's bodies reach 3 MB. */
const maxBodyBytes = 3 * 1024 * 1024
/** What of a request's headers is worth keeping beside its body. */
const kept = /^(content-type|user-agent|x-forwarded-for|x-request-id|i-[a-z-]+-token|x-[a-z-]*signature[a-z0-9-]*)$/

export interface WebhookRouteDeps {
  channels: Channels
  ingress: Ingress
  findApp: FindApp
  log: Logger
  publicUrl: () => string
  /** Where what is delivered only once waits while the database is away. */
  waiting?: WaitingWebhooks
}

export const webhookRoutes: FastifyPluginAsync<WebhookRouteDeps> = async (server, deps) => {
  const { channels, ingress, findApp, log, publicUrl, waiting } = deps
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  for (const [path, sharing] of Map.groupBy(channels.values(), webhookPath)) {
    const [first] = sharing as [Channel]
    const provider = webhookProvider(first)
    const answer = first.webhook?.answer
    const receive = async (request: FastifyRequest<{ Params: { app?: string } }>, reply: FastifyReply) => {
      const slug = request.params.app ?? ''
      const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      const { owner, asLastSeen } = await requireSignature(first, slug, request, rawBody)
      const channel = sharing.find((one) => one.webhook?.takes(rawBody)) ?? first
      const headers = keptHeaders(request)
      const webhook: SignedWebhook = {
        id: newId(),
        provider: channel.provider,
        appSlug: slug,
        ...(owner === undefined ? {} : { owner }),
        rawBody,
        headers,
        ...readWebhook(channel, rawBody, headers),
      }
      await (waiting && channel.webhook?.onlyOnce ? waiting.accept(ingress, webhook, asLastSeen) : ingress.accept(webhook))
      return answer ? reply.type(answer.type).send(answer.body) : ''
    }
    const handshake = async (request: FastifyRequest<{ Params: { app?: string } }>) => {
      const app = await requireApp(provider, request.params.app ?? '')
      return (
        first.handshake?.(request.query as Record<string, string | undefined>, app.verifyTokens) ?? {
          status: 404,
          body: 'not found',
        }
      )
    }
    for (const at of [`/${path}`, `/${path}/:app`]) {
      const tags = ['Webhooks']
      const schema = { tags, summary: `What ${provider} delivers` }
      server.post(at, { bodyLimit: maxBodyBytes, schema }, receive)
      server.get(at, { schema: { tags, summary: `Handshake of ${provider}` } }, async (request, reply) => {
        const { status, body } = await handshake(request as FastifyRequest<{ Params: { app?: string } }>)
        // What was asked comes back: never as a page.
        return reply.code(status).type('text/plain; charset=utf-8').header('x-content-type-options', 'nosniff').send(body)
      })
    }
  }

  async function requireApp(provider: string, slug: string): Promise<AppSecrets> {
    const app = await findApp(provider, slug)
    if (!app) throw new ParleyError('not_found', 'No app receives webhooks at this address.')
    return app
  }

  /** An address without a secret takes nothing. */
  async function requireSignature(
    channel: Channel,
    slug: string,
    request: FastifyRequest,
    rawBody: Buffer,
  ): Promise<AppSecrets> {
    const provider = webhookProvider(channel)
    const app = await requireApp(provider, slug)
    if (app.secrets.length > 0 && channel.verify(asCalled(request, rawBody, publicUrl()), app.secrets)) return app
    log.warn('A webhook with a wrong signature was refused', {
      operation: 'webhook',
      provider,
      app: slug,
      bytes: rawBody.length,
    })
    throw new ParleyError('bad_signature', 'The signature does not match. Check the app secret.')
  }
}

export const webhookPath = (channel: Channel): string => channel.webhook?.path ?? channel.channel
/** Under which the apps of an address are kept. */
export const webhookProvider = (channel: Channel): string => channel.webhook?.path ?? channel.provider

/** Behind a proxy that takes off a prefix, PUBLIC_URL has it. */
export const asCalled = (request: FastifyRequest, rawBody: Buffer, publicUrl: string): WebhookRequest => ({
  method: request.method,
  url: `${publicUrl.replace(/\/+$/, '')}${request.originalUrl}`,
  headers: request.headers as Record<string, string | undefined>,
  rawBody,
})

/** With what was called, where it had a query. */
export function keptHeaders(request: FastifyRequest): Record<string, string> {
  const entries = Object.entries(request.headers).filter(([name]) => kept.test(name))
  const headers = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return Object.fromEntries(
    request.originalUrl.includes('?') ? [...headers, [':path', request.originalUrl.slice(0, 2000)]] : headers,
  )
}
