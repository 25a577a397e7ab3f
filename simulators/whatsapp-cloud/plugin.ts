import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { mountUrl, ownParsers, pageRoutes, type SimulatorPlugin } from '../host.ts'
import { GraphError } from './graph-errors.ts'
import type { WhatsAppSimulator } from './index.ts'
import { sendGraphError } from './requests.ts'
import { accountRoutes } from './routes-accounts.ts'
import { controlRoutes } from './routes-control.ts'
import { mediaRoutes } from './routes-media.ts'
import { messageRoutes } from './routes-messages.ts'
import { numberRoutes } from './routes-numbers.ts'
import { objectRoutes } from './routes-objects.ts'
import { signUpRoutes } from './routes-sign-up.ts'
import { templateRoutes } from './routes-templates.ts'
import { uploadRoutes } from './routes-uploads.ts'
import type { World } from './world.ts'

// Documents reach 100 MB; as base64 through the control API a third more.
const bodyLimit = 140 * 1024 * 1024

function graphErrors(world: World) {
  return (error: unknown, _request: FastifyRequest, reply: FastifyReply) => {
    if (error instanceof GraphError) return sendGraphError(world, reply, error)
    const status = (error as { statusCode?: number }).statusCode
    const httpStatus = status !== undefined && status < 500 ? status : 500
    return sendGraphError(
      world,
      reply,
      new GraphError(httpStatus < 500 ? 100 : 1, { httpStatus, message: (error as Error).message }),
    )
  }
}

function graphRoutes(app: FastifyInstance, world: World): void {
  app.setErrorHandler(graphErrors(world))
  signUpRoutes(app, world)
  messageRoutes(app, world)
  mediaRoutes(app, world)
  templateRoutes(app, world)
  accountRoutes(app, world)
  numberRoutes(app, world)
  uploadRoutes(app, world)
  objectRoutes(app, world)
  app.all('/graph/*', (request, reply) => {
    const message = `Unknown path components: ${request.url.split('?')[0]}`
    return sendGraphError(world, reply, new GraphError(2500, { message, type: 'OAuthException' }))
  })
}

const page = new URL('./page/', import.meta.url)
const pageFiles = ['attachments.js', 'phone.js', 'render.js', 'fault-choices.js', 'phone.css']

/** The provider over HTTP: Graph API under `/graph`, control API under `/control`, the phone page at the root. */
export const whatsAppSimulatorPlugin: SimulatorPlugin<WhatsAppSimulator> = async (app, { simulator, publicUrl }) => {
  const { world } = simulator
  world.mountUrl = () => mountUrl(publicUrl(), app.prefix)
  const refused = () => new GraphError(100, { message: '(#100) The body is not valid JSON.' })
  ownParsers(app, { bodyLimit, refused })
  pageRoutes(app, page, pageFiles)
  await app.register(async (scope) => graphRoutes(scope, world))
  await app.register(async (scope) => controlRoutes(scope, simulator), { prefix: '/control' })
}
