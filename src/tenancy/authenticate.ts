/** Who is asking. Runs before every route of the API; a route without a declared access cannot be registered. */
import type { FastifyContextConfig, FastifyRequest } from 'fastify'
import { ParleyError } from '../kernel/errors.ts'
import type { Database } from '../platform/db/tx.ts'
import type { HttpServer } from '../platform/http.ts'
import { findApiKey, looksLikeKey } from './api-keys.ts'
import { byRequest } from './audit.ts'
import { type Action, type Actor, can, canOperate, type Operator, type PlatformAction, requireCan } from './can.ts'
import { findPlatformKey, looksLikePlatformKey } from './operators.ts'
import type { Self } from './profile.ts'
import type { RequestLimits } from './request-limits.ts'
import { findSession, type SessionCore } from './sessions.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What one must be allowed to do; `signed_in`: anybody with a session; `operator`: `platform` alone; `public`: anybody. */
    access?: Action | 'signed_in' | 'operator' | 'public'
    /** Lets an operator who may do this in as well. The handler then has `request.operator`, and may have no actor. */
    platform?: PlatformAction
    /** A `signed_in` route that changes only the person's own way in: open also while the business they look at is suspended. */
    ownWayIn?: true
  }
  interface FastifyInstance {
    /** Whether who made this request may still do it: signed out, removed, revoked and changed roles count. */
    stillAllowed(request: FastifyRequest): Promise<boolean>
  }
  interface FastifyRequest {
    actor: Actor | null
    operator: Operator | null
    session: SessionCore | null
    sessionId: string | null
    /** When it was looked who this is: performance.now(). */
    identifiedAt: number
  }
}

interface GuardOptions {
  db: Database
  /** One for all places that are guarded: who asks here and there asks once. */
  limits: RequestLimits
  cookieName: string
  publicUrl: () => string
}

export function guardApi(server: HttpServer, options: GuardOptions): void {
  server.decorateRequest('actor', null)
  server.decorateRequest('operator', null)
  server.decorateRequest('session', null)
  server.decorateRequest('sessionId', null)
  server.decorateRequest('identifiedAt', 0)
  server.decorate('stillAllowed', async (request: FastifyRequest) => {
    const access = request.routeOptions.config.access
    const before = request.actor?.tenantId
    await identify(request, options)
    const actor = request.actor
    if (!actor || actor.tenantId !== before || (actor.suspended && !actor.userId)) return false
    return access === 'signed_in' || (isAction(access) && can(actor, access))
  })
  server.addHook('onRoute', (route) => {
    const { access, platform } = route.config ?? {}
    if (!access) throw new Error(`The route ${String(route.method)} ${route.url} does not say who may use it.`)
    if (access === 'operator' && !platform)
      throw new Error(`The route ${String(route.method)} ${route.url} does not say what an operator must be allowed to do.`)
  })
  const { limits } = options
  server.addHook('onRequest', async (request, reply) => {
    limits.turnAway(request, reply)
    await identify(request, options)
    await limits.count(request, reply)
    if (!safe.has(request.method) && request.session) requireSameOrigin(request, options.publicUrl())
    requireAllowed(request)
  })
  // A body may take minutes to come: who was removed meanwhile changes nothing with it.
  server.addHook('preHandler', async (request) => {
    if (performance.now() - request.identifiedAt < staleMs) return
    await identify(request, options)
    requireAllowed(request)
  })
}

/** As long as an open live stream may go without asking again. */
const staleMs = 1000

function requireAllowed(request: FastifyRequest): void {
  const { access, platform, ownWayIn } = request.routeOptions.config
  if (access === 'public') return
  if (!request.actor && !request.session && !request.operator)
    throw new ParleyError('not_signed_in', 'Sign in first, or send an API key as Authorization: Bearer.')
  if (access === 'signed_in') {
    requireSession(request)
    if (request.actor && !ownWayIn) requireNotSuspended(request.actor, request.method)
    return
  }
  if (platform && request.operator && canOperate(request.operator, platform)) return
  if (access === 'operator') throw new ParleyError('forbidden', 'Only those who run this server may do this.')
  const actor = actorOf(request)
  requireNotSuspended(actor, request.method)
  if (isAction(access)) requireCan(actor, access)
}

type Access = NonNullable<FastifyContextConfig['access']>
const isAction = (access: Access | undefined): access is Action =>
  access !== undefined && access !== 'signed_in' && access !== 'operator' && access !== 'public'

function requireSession(request: FastifyRequest): void {
  if (!request.session) throw new ParleyError('forbidden', 'This needs a signed-in person; an API key cannot do it.')
}

/** While a business is suspended its people may look, and nothing else; its keys may nothing. */
function requireNotSuspended(actor: Actor, method: string): void {
  if (!actor.suspended || (actor.userId && safe.has(method))) return
  throw new ParleyError(
    'tenant_suspended',
    'This business is suspended: nothing can be changed or sent. Ask whoever runs this server.',
  )
}

async function identify(request: FastifyRequest, { db, cookieName }: GuardOptions): Promise<void> {
  request.actor = request.operator = request.session = request.sessionId = null
  request.identifiedAt = performance.now()
  const [scheme, key] = (request.headers.authorization ?? '').split(' ')
  if (scheme?.toLowerCase() === 'bearer' && key) {
    if (looksLikePlatformKey(key)) request.operator = await findPlatformKey(db, key)
    else if (looksLikeKey(key)) request.actor = await findApiKey(db, key)
    if (!request.actor && !request.operator)
      throw new ParleyError('not_signed_in', 'This API key is not known, has expired or was revoked.')
    return
  }
  const token = request.cookies[cookieName]
  const found = token ? await findSession(db, token) : null
  if (!found) return
  request.actor = found.actor
  request.operator = found.operator
  request.session = found.view
  request.sessionId = found.sessionId
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

/** The signed-in person of a route that needs one. */
export function selfOf(request: FastifyRequest): Self {
  const { session, sessionId } = request
  if (!session || !sessionId) throw new ParleyError('not_signed_in', 'Sign in first.')
  return { session, sessionId, by: byRequest(request) }
}

/** The actor of a route that needs one. */
export function actorOf(request: FastifyRequest): Actor {
  if (request.actor) return request.actor
  if (request.operator)
    throw new ParleyError('forbidden', 'This belongs to a business; whoever runs the server does not see it.')
  throw new ParleyError('not_signed_in', 'Sign in first.')
}
