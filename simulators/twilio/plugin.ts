import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { mountUrl, ownParsers, pageRoutes, type SimulatorPlugin } from '../host.ts'
import { callControls } from './calls-control.ts'
import type { TwilioSimulator } from './index.ts'
import { apiRoute, type Route, sendError } from './requests.ts'
import { notFound, RestError } from './rest-error.ts'
import { accountRoutes } from './routes-accounts.ts'
import { callRoutes } from './routes-calls.ts'
import { contentRoutes } from './routes-contents.ts'
import { controlRoutes } from './routes-control.ts'
import { lookupRoutes } from './routes-lookups.ts'
import { fileRoutes, messageRoutes } from './routes-messages.ts'
import { numberRoutes } from './routes-numbers.ts'
import { priceRoutes } from './routes-prices.ts'
import { serviceRoutes } from './routes-services.ts'
import type { World } from './world.ts'

/**
 * The parts of the API. A further one (recordings) has its state in a field of the world, its routes here, and what
 * customers do in `controlParts`; webhooks of its own kinds go out through `notify` and `verbsOf`.
 */
const apiParts: readonly Route[][] = [
  messageRoutes,
  callRoutes,
  numberRoutes,
  serviceRoutes,
  contentRoutes,
  lookupRoutes,
  priceRoutes,
  accountRoutes,
]
const controlParts: readonly ((app: FastifyInstance, simulator: TwilioSimulator) => void)[] = [controlRoutes, callControls]

// Twilio takes 5 MB of files; as base64 through the control API a third more.
const bodyLimit = 16 * 1024 * 1024

const apiErrors = (error: unknown, _request: FastifyRequest, reply: FastifyReply) => {
  if (error instanceof RestError) return sendError(reply, error)
  const status = (error as { statusCode?: number }).statusCode ?? 500
  return sendError(reply, new RestError(status < 500 ? 20001 : 20500, (error as Error).message, status))
}

function apiRoutes(app: FastifyInstance, world: World): void {
  app.setErrorHandler(apiErrors)
  app.setNotFoundHandler((request, reply) => sendError(reply, notFound(request.url.split('?')[0] ?? '')))
  for (const route of apiParts.flat()) apiRoute(app, world, route)
  fileRoutes(app, world)
}

const page = new URL('./page/', import.meta.url)
const pageFiles = ['handset.js', 'handset.css']

/** Twilio over HTTP: all hosts of its API on one, control API under `/control`, the handset at the root. */
export const twilioSimulatorPlugin: SimulatorPlugin<TwilioSimulator> = async (app, { simulator, publicUrl }) => {
  const { world } = simulator
  world.mountUrl = () => mountUrl(publicUrl(), app.prefix)
  ownParsers(app, { bodyLimit, refused: () => new RestError(20001, 'The body is not valid JSON.') })
  pageRoutes(app, page, pageFiles)
  await app.register(async (scope) => apiRoutes(scope, world))
  for (const part of controlParts) await app.register(async (scope) => part(scope, simulator), { prefix: '/control' })
}
