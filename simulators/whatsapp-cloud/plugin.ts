import { readFileSync } from 'node:fs'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
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

/** `publicUrl`: origin the server is reached at; the plugin's own prefix is added when it is not there yet. */
export type WhatsAppSimulatorPluginOptions = { simulator: WhatsAppSimulator; publicUrl: () => string }

// Documents reach 100 MB; as base64 through the control API a third more.
const bodyLimit = 140 * 1024 * 1024

// The host's parsers (lossless, raw, multipart) must not reach in: the simulator reads bodies its own way.
function ownParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string', bodyLimit }, (_request, body, done) => {
    try {
      done(null, body === '' ? {} : JSON.parse(String(body)))
    } catch {
      done(new GraphError(100, { message: '(#100) The body is not valid JSON.' }))
    }
  })
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit }, (_request, body, done) => done(null, body))
}

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

const pageFiles = {
  'phone.js': 'text/javascript',
  'render.js': 'text/javascript',
  'attachments.js': 'text/javascript',
  'fault-choices.js': 'text/javascript',
  'phone.css': 'text/css',
}
const pageFile = (name: string) => readFileSync(new URL(`./page/${name}`, import.meta.url))

const pagePolicy = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; base-uri 'none'; form-action 'none'"

function pageRoutes(app: FastifyInstance): void {
  const html = pageFile('index.html')
  app.get('/', (request, reply) => {
    const [path = '/', query] = request.url.split('?')
    // Without the slash the page's relative addresses would miss the prefix.
    if (!path.endsWith('/')) return reply.redirect(`${path}/${query === undefined ? '' : `?${query}`}`)
    return reply.type('text/html; charset=utf-8').header('content-security-policy', pagePolicy).send(html)
  })
  for (const [name, type] of Object.entries(pageFiles)) {
    const bytes = pageFile(name)
    app.get(`/${name}`, (_request, reply) =>
      reply.type(`${type}; charset=utf-8`).header('cache-control', 'no-cache').send(bytes),
    )
  }
}

function mountUrl(publicUrl: string, prefix: string): string {
  const origin = publicUrl.replace(/\/+$/, '')
  const path = prefix.replace(/\/+$/, '')
  return origin.endsWith(path) ? origin : origin + path
}

/** The provider over HTTP: Graph API under `/graph`, control API under `/control`, the phone page at the root. */
export const whatsAppSimulatorPlugin: FastifyPluginAsync<WhatsAppSimulatorPluginOptions> = async (
  app,
  { simulator, publicUrl },
) => {
  const { world } = simulator
  world.mountUrl = () => mountUrl(publicUrl(), app.prefix)
  ownParsers(app)
  pageRoutes(app)
  await app.register(async (scope) => graphRoutes(scope, world))
  await app.register(async (scope) => controlRoutes(scope, simulator), { prefix: '/control' })
}
