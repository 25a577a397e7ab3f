import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ApiError, badToken, renderError, tooManyCalls } from './api-error.ts'
import type { FaultMatch, Operation } from './faults.ts'
import { authorise } from './tokens.ts'
import type { Json } from './types.ts'
import { newUuid, type World } from './world.ts'

export const asJson = (body: unknown): Json =>
  typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Json) : {}
export const param = (request: FastifyRequest, name: string): string => (request.params as Record<string, string>)[name] ?? ''
export const query = (request: FastifyRequest, name: string): string | undefined =>
  (request.query as Record<string, string>)[name]

// A reply is a thenable that resolves to nothing once it was sent: never the result of an async function here.
type Answered = 'no' | 'sent' | 'hijacked'

export type Call = {
  world: World
  request: FastifyRequest
  operation: Operation
  subject: FaultMatch
}

/** Where it is and what the account needs; `handle` returns the body of the 200, or throws an ApiError. */
export type Route = {
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  path: string
  operation: Operation
  permission: string
  handle(call: Call): unknown
  status?: number
}

/** Puts a route between the faults that strike before it is run and those that strike after. */
export function apiRoute(app: FastifyInstance, world: World, route: Route): void {
  app.route({
    method: route.method,
    url: route.path,
    handler: async (request, reply) => {
      const call = { world, request, operation: route.operation, subject: subjectOf(request, route.operation) }
      const trace = newUuid(world.random.ids)
      reply.header('inin-correlation-id', trace)
      try {
        const answered = await before(call, reply)
        if (answered === 'no') await handleCall(call, route, reply)
        return answered === 'hijacked' || reply.sent ? undefined : reply
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        return sendError(reply, error, trace)
      }
    },
  })
}

export function sendError(reply: FastifyReply, error: ApiError, contextId: string): FastifyReply {
  return reply
    .code(error.status)
    .headers(error.details.headers ?? {})
    .send(renderError(error, contextId))
}

async function handleCall(call: Call, route: Route, reply: FastifyReply): Promise<void> {
  reply.headers(authorise(call.world, call.request.headers.authorization, route.permission))
  const answer = await route.handle(call)
  if (call.world.faults.take(['dropAfter'], call.subject)) {
    reply.hijack()
    reply.raw.destroy()
    return
  }
  reply.code(route.status ?? (answer === undefined ? 204 : 200)).send(answer)
}

function subjectOf(request: FastifyRequest, operation: Operation): FaultMatch {
  const channel = asJson(asJson(request.body).channel)
  const person = asJson(channel.from ?? channel.to)
  const { integrationId } = request.params as { integrationId?: string }
  return { operation, integrationId, customer: typeof person.id === 'string' ? person.id : undefined }
}

/** Faults that strike before a request is handled, and whether one of them has already answered. */
export async function before({ world, request, subject }: Call, reply: FastifyReply): Promise<Answered> {
  const delay = world.faults.take(['delay'], subject)
  if (delay) await new Promise<void>((resolve) => void world.agenda.in(delay.ms, resolve))
  const action = world.faults.take(
    ['dropBefore', 'silent', 'garbage', 'error', 'rateLimit', 'refuseToken', 'revokeToken'],
    subject,
  )
  switch (action?.kind) {
    case 'dropBefore':
      reply.hijack()
      reply.raw.destroy()
      return 'hijacked'
    case 'silent':
      reply.hijack()
      return 'hijacked'
    case 'garbage':
      reply
        .code(action.status ?? 502)
        .type('text/html')
        .send('<html><body><h1>Bad gateway</h1></body></html>')
      return 'sent'
    case 'error':
      throw new ApiError(action.status, action.code ?? 'internal.server.error', action.message ?? 'An error.', {
        headers: action.headers,
      })
    case 'rateLimit':
      throw tooManyCalls(action.seconds, world.settings.callsPerMinute)
    case 'refuseToken':
      throw badToken(tokenOf(request))
    case 'revokeToken':
      revoke(world, tokenOf(request))
      return 'no'
    default:
      return 'no'
  }
}

const tokenOf = (request: FastifyRequest): string => (request.headers.authorization ?? '').replace(/^(Bearer|Basic) /i, '')

function revoke(world: World, value: string): void {
  const token = world.tokens.get(value)
  if (token) token.revoked = true
}
