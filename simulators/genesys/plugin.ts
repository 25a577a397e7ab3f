import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { mountUrl, ownParsers, pageRoutes, type SimulatorPlugin } from '../host.ts'
import { ApiError, badRequest } from './api-error.ts'
import type { GenesysSimulator } from './index.ts'
import { apiRoute, before, param, sendError } from './requests.ts'
import { controlRoutes } from './routes-control.ts'
import { conversationRoutes, finishUpload } from './routes-conversations.ts'
import { inboundRoutes } from './routes-inbound.ts'
import { integrationRoutes } from './routes-integrations.ts'
import { signIn } from './tokens.ts'
import { newUuid, type World } from './world.ts'

// Files of 25 MB; as base64 through the control API a third more.
const bodyLimit = 40 * 1024 * 1024

function apiErrors(world: World) {
  return (error: unknown, _request: FastifyRequest, reply: FastifyReply) => {
    const known =
      error instanceof ApiError
        ? error
        : new ApiError((error as { statusCode?: number }).statusCode ?? 500, 'internal.server.error', String(error))
    return sendError(reply, known, newUuid(world.random.ids))
  }
}

function signInRoute(app: FastifyInstance, world: World): void {
  app.post('/oauth/token', async (request, reply) => {
    const subject = { operation: 'token' } as const
    const trace = newUuid(world.random.ids)
    reply.header('inin-correlation-id', trace)
    try {
      const answered = await before({ world, request, operation: 'token', subject }, reply)
      if (answered === 'hijacked') return undefined
      if (answered === 'sent') return reply
    } catch (error) {
      if (error instanceof ApiError) return sendError(reply, error, trace)
      throw error
    }
    const form = new URLSearchParams(Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '')
    const { status, body } = signIn(world, request.headers.authorization, form)
    return reply.code(status).send(body)
  })
}

/** Both hosts on one: the sign-in also under `/login`, the API also under `/api`, where the official client's gateway looks. */
function genesysRoutes(app: FastifyInstance, world: World): void {
  app.setErrorHandler(apiErrors(world))
  app.setNotFoundHandler((_request, reply) =>
    sendError(reply, new ApiError(404, 'not.found', 'The path was not found.'), newUuid(world.random.ids)),
  )
  const api = (scope: FastifyInstance) => {
    for (const route of [...inboundRoutes, ...conversationRoutes, ...integrationRoutes]) apiRoute(scope, world, route)
  }
  signInRoute(app, world)
  api(app)
  void app.register(async (scope) => signInRoute(scope, world), { prefix: '/login' })
  void app.register(async (scope) => api(scope), { prefix: '/api' })
}

/** Addresses that anybody who knows them may use, as pre-signed ones are. */
function fileRoutes(app: FastifyInstance, world: World): void {
  app.put('/uploads/:id', (request, reply) => {
    const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    finishUpload(world, param(request, 'id'), bytes, request.headers['content-type'] ?? 'application/octet-stream')
    return reply.code(200).send()
  })
  app.get('/downloads/:id', (request, reply) => {
    const file = world.files.get(param(request, 'id'))
    if (!file) return reply.code(404).send()
    // Bytes of strangers on our own origin: never run, never sniffed.
    return reply
      .headers({ 'content-security-policy': "default-src 'none'; sandbox", 'x-content-type-options': 'nosniff' })
      .header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(file.fileName)}`)
      .type(file.mimeType)
      .send(file.bytes)
  })
}

const page = new URL('./page/', import.meta.url)
const pageFiles = ['desk.js', 'render.js', 'faults.js', 'desk.css']

/** The contact centre over HTTP: sign-in and API at the root, control API under `/control`, the agents' page at `/`. */
export const genesysSimulatorPlugin: SimulatorPlugin<GenesysSimulator> = async (app, { simulator, publicUrl }) => {
  const { world } = simulator
  world.mountUrl = () => mountUrl(publicUrl(), app.prefix)
  const refused = () => badRequest('The request could not be understood by the server due to malformed syntax.')
  ownParsers(app, { bodyLimit, refused })
  pageRoutes(app, page, pageFiles)
  await app.register(async (scope) => {
    scope.setErrorHandler(apiErrors(world))
    fileRoutes(scope, world)
  })
  await app.register(async (scope) => genesysRoutes(scope, world))
  await app.register(async (scope) => controlRoutes(scope, simulator), { prefix: '/control' })
}
