/** Where providers deliver: verify → parse → receive → answer. Nothing is answered 2xx before it is committed. */
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { ParleyError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import type { Logger } from '../platform/log.ts'
import type { Channel, WebhookRequest } from '../ports/channel.ts'
import type { Channels } from './accounts.ts'
import type { Ingress } from './ingress.ts'

export interface AppSecrets {
  /** The business whose app it is; absent for the platform's own. */
  owner?: string
  /** Every secret accepted now: after a rotation the old one for a while. */
  secrets: string[]
  verifyTokens: string[]
}

/** The app behind an address; '' is the platform's own. null: there is none. Never chosen by what the body says. */
export type FindApp = (provider: string, slug: string) => Promise<AppSecrets | null>

/** Meta's bodies reach 3 MB. */
const maxBodyBytes = 3 * 1024 * 1024
/** What of a request's headers is worth keeping beside its body. */
const kept = /^(content-type|user-agent|x-forwarded-for|x-request-id|x-[a-z-]*signature[a-z0-9-]*)$/

export const webhookRoutes: FastifyPluginAsync<{
  channels: Channels
  ingress: Ingress
  findApp: FindApp
  log: Logger
  publicUrl: () => string
}> = async (server, { channels, ingress, findApp, log, publicUrl }) => {
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  for (const channel of channels.values()) {
    const receive = async (request: FastifyRequest<{ Params: { app?: string } }>) => {
      const slug = request.params.app ?? ''
      const rawBody = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      const { owner } = await requireSignature(channel, slug, request, rawBody)
      const parsed = channel.parse(rawBody)
      await ingress.accept({
        id: newId(),
        provider: channel.provider,
        appSlug: slug,
        ...(owner === undefined ? {} : { owner }),
        rawBody,
        headers: keptHeaders(request),
        parsed,
        windowHours: channel.capabilities.windowHours,
      })
      return ''
    }
    const handshake = async (request: FastifyRequest<{ Params: { app?: string } }>) => {
      const app = await requireApp(channel, request.params.app ?? '')
      return (
        channel.handshake?.(request.query as Record<string, string | undefined>, app.verifyTokens) ?? {
          status: 404,
          body: 'not found',
        }
      )
    }
    for (const path of [`/${channel.channel}`, `/${channel.channel}/:app`]) {
      const tags = ['Webhooks']
      // The answer has no body, and whoever reads it is no browser.
      const schema = { tags, summary: `What ${channel.provider} delivers` }
      server.post(path, { bodyLimit: maxBodyBytes, helmet: false, schema }, receive)
      server.get(path, { schema: { tags, summary: `Handshake of ${channel.provider}` } }, async (request, reply) => {
        const { status, body } = await handshake(request as FastifyRequest<{ Params: { app?: string } }>)
        return reply.code(status).type('text/plain; charset=utf-8').send(body)
      })
    }
  }

  async function requireApp(channel: Channel, slug: string): Promise<AppSecrets> {
    const app = await findApp(channel.provider, slug)
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
    const app = await requireApp(channel, slug)
    if (app.secrets.length > 0 && channel.verify(asCalled(request, rawBody, publicUrl()), app.secrets)) return app
    log.warn('A webhook with a wrong signature was refused', {
      operation: 'webhook',
      provider: channel.provider,
      app: slug,
      bytes: rawBody.length,
    })
    throw new ParleyError('bad_signature', 'The signature does not match. Check the app secret.')
  }
}

/** Behind a proxy that takes off a prefix, PUBLIC_URL has it. */
export const asCalled = (request: FastifyRequest, rawBody: Buffer, publicUrl: string): WebhookRequest => ({
  method: request.method,
  url: `${publicUrl.replace(/\/+$/, '')}${request.originalUrl}`,
  headers: request.headers as Record<string, string | undefined>,
  rawBody,
})

export function keptHeaders(request: FastifyRequest): Record<string, string> {
  const entries = Object.entries(request.headers).filter(([name]) => kept.test(name))
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}
