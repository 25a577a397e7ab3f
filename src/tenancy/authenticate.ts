/** Who is asking. Runs before every route of the API; a route without a declared access cannot be registered. */
import type { FastifyRequest } from 'fastify'
import { ParleyError } from '../kernel/errors.ts'
import type { Database } from '../platform/db/tx.ts'
import type { HttpServer } from '../platform/http.ts'
import { findApiKey, looksLikeKey } from './api-keys.ts'
import { type Action, type Actor, can, requireCan } from './can.ts'
import type { SessionView } from './schema.ts'
import { findSession } from './sessions.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What one must be allowed to do; `signed_in`: anybody with a session; `public`: anybody. */
    access?: Action | 'signed_in' | 'public'
  }
  interface FastifyInstance {
    /** Whether who made this request may still do it: signed out, removed, revoked and changed roles count. */
    stillAllowed(request: FastifyRequest): Promise<boolean>
  }
  interface FastifyRequest {
    actor: Actor | null
    session: SessionView | null
  }
}

export function guardApi(server: HttpServer, options: { db: Database; cookieName: string; publicUrl: () => string }): void {
  server.decorateRequest('actor', null)
  server.decorateRequest('session', null)
  server.decorate('stillAllowed', async (request: FastifyRequest) => {
    const access = request.routeOptions.config.access
    const before = request.actor?.tenantId
    await identify(request, options)
    const same = request.actor !== null && request.actor.tenantId === before
    return (
      same && access !== undefined && access !== 'public' && (access === 'signed_in' || can(request.actor as Actor, access))
    )
  })
  server.addHook('onRoute', (route) => {
    if (!route.config?.access) throw new Error(`The route ${String(route.method)} ${route.url} does not say who may use it.`)
  })
  server.addHook('onRequest', async (request) => {
    const access = request.routeOptions.config.access
    await identify(request, options)
    if (!safe.has(request.method) && request.session) requireSameOrigin(request, options.publicUrl())
    if (access === 'public') return
    if (!request.actor) throw new ParleyError('not_signed_in', 'Sign in first, or send an API key as Authorization: Bearer.')
    if (access === 'signed_in' && !request.session)
      throw new ParleyError('forbidden', 'This needs a signed-in person; an API key cannot do it.')
    if (access && access !== 'signed_in') requireCan(request.actor, access)
  })
}

async function identify(request: FastifyRequest, { db, cookieName }: { db: Database; cookieName: string }): Promise<void> {
  const [scheme, key] = (request.headers.authorization ?? '').split(' ')
  if (scheme?.toLowerCase() === 'bearer' && key) {
    request.actor = looksLikeKey(key) ? await findApiKey(db, key) : null
    if (!request.actor) throw new ParleyError('not_signed_in', 'This API key is not known, has expired or was revoked.')
    return
  }
  const token = request.cookies[cookieName]
  const found = token ? await findSession(db, token) : null
  request.actor = found?.actor ?? null
  request.session = found?.view ?? null
}

const safe = new Set(['GET', 'HEAD', 'OPTIONS'])

/** A page of another site must not act with this person's cookie. Browsers say where a request comes from. */
export function requireSameOrigin(request: FastifyRequest, publicUrl: string): void {
  const site = request.headers['sec-fetch-site']
  if (site === 'same-origin' || site === 'none') return
  const origin = request.headers.origin
  if (site === undefined && origin === undefined) return // not a browser
  const ours = [new URL(publicUrl).host, request.host]
  if (origin && origin !== 'null' && URL.canParse(origin) && ours.includes(new URL(origin).host)) return
  throw new ParleyError('not_same_origin', 'This request came from another site and was refused.')
}

/** The actor of a route that needs one. */
export function actorOf(request: FastifyRequest): Actor {
  if (!request.actor) throw new ParleyError('not_signed_in', 'Sign in first.')
  return request.actor
}
