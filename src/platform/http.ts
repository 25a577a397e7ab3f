/** The HTTP server: one error shape, and what a browser needs around every route but those of providers. */
import cookie from '@fastify/cookie'
import helmet, { type FastifyHelmetOptions } from '@fastify/helmet'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import {
  hasZodFastifySchemaValidationErrors,
  isResponseSerializationError,
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod'
import { ParleyError } from '../kernel/errors.ts'
import { classify } from './db/errors.ts'
import type { Logger } from './log.ts'

export type HttpServer = FastifyInstance

/** Names of the cookie: the first only over https, where the browser then guards it. */
export const sessionCookie = (publicUrl: string): string => (publicUrl.startsWith('https:') ? '__Host-parley' : 'parley')

/** Without what a browser needs: that is around the routes of `serveBrowsers` only. */
export async function createHttp(options: {
  log: Logger
  /** How many proxies stand before this server. */
  proxies: number
  version: string
}): Promise<HttpServer> {
  const { log } = options
  const server = Fastify({
    logger: false,
    // What the nearest proxies added counts. All before it anybody can write, and with it escape every limit by address.
    trustProxy: (_address: string, hop: number) => hop < options.proxies,
    bodyLimit: 1 << 20,
    // Fastify waits for keep-alive connections on close; browsers hold theirs.
    forceCloseConnections: 'idle',
    // A large file over a slow line takes minutes.
    requestTimeout: 300_000,
    routerOptions: { maxParamLength: 200 },
    // An address that cannot be read never comes to a route.
    frameworkErrors: (error, request, reply) => renderError(log, error, request as FastifyRequest, reply as FastifyReply),
  }).withTypeProvider<ZodTypeProvider>()
  closeSilentConnections(server)
  server.setValidatorCompiler(validatorCompiler)
  server.setSerializerCompiler(serializerCompiler)
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Parley',
        version: options.version,
        description:
          'Conversations, messages, contacts and files of one business. Every request is made with an API key (Authorization: Bearer parley_…) or a session cookie, and sees that business only.',
      },
      components: {
        securitySchemes: { key: { type: 'http', scheme: 'bearer' }, session: { type: 'apiKey', in: 'cookie', name: 'parley' } },
      },
      security: [{ key: [] }, { session: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  })
  server.setErrorHandler((error, request, reply) => renderError(log, error, request, reply))
  return server as unknown as HttpServer
}

/** Cookies and security headers for the routes that are registered by `routes`, and for every address that nobody has. */
export async function serveBrowsers(
  server: HttpServer,
  publicUrl: string,
  routes: (web: HttpServer) => Promise<void>,
): Promise<void> {
  await server.register(async (web) => {
    await web.register(cookie)
    await web.register(helmet, securityHeaders(publicUrl))
    web.setNotFoundHandler((_request, reply) => {
      void reply.code(404).send({ error: { code: 'not_found', message: 'There is nothing at this address.' } })
    })
    await routes(web)
  })
}

const securityHeaders = (publicUrl: string): FastifyHelmetOptions => ({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      scriptSrc: ["'self'"],
      // Mantine sets styles at run time.
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'blob:', 'data:'],
      mediaSrc: ["'self'", 'blob:'],
      connectSrc: ["'self'"],
      objectSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
  strictTransportSecurity: publicUrl.startsWith('https:'),
  crossOriginEmbedderPolicy: false,
})

interface Rendered {
  status: number
  code: string
  message: string
  details?: unknown
}

/** The one renderer of errors. A fault of ours says nothing of its inside to the caller; the log has it. */
export function renderError(log: Logger, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const rendered = toRendered(error)
  const unforeseen = rendered.status < 500 && classify(error) === 'data'
  if (rendered.code === 'internal' || unforeseen) {
    log[unforeseen ? 'warn' : 'error'](unforeseen ? 'The database did not take a value' : 'A request failed', {
      operation: 'http',
      method: request.method,
      route: request.routeOptions.url,
      error: (error as Error).stack ?? String(error),
    })
  }
  if (rendered.status === 503) void reply.header('retry-after', '2')
  const wait = (rendered.details as { retryAfter?: unknown } | undefined)?.retryAfter
  if (rendered.status === 429 && typeof wait === 'number') void reply.header('retry-after', String(wait))
  void reply.code(rendered.status).send({
    error: {
      code: rendered.code,
      message: rendered.message,
      ...(rendered.details === undefined ? {} : { details: rendered.details }),
    },
  })
}

function toRendered(error: unknown): Rendered {
  if (error instanceof ParleyError)
    return { status: error.status, code: error.code, message: error.message, details: error.details }
  if (hasZodFastifySchemaValidationErrors(error)) {
    const details = error.validation.map((issue) => ({ path: issue.instancePath, message: issue.message ?? 'is not valid' }))
    return {
      status: 400,
      code: 'invalid_request',
      message: `The request is not valid: ${details.map((d) => `${d.path || '/'} ${d.message}`).join('; ')}`,
      details,
    }
  }
  if (isResponseSerializationError(error)) return { status: 500, code: 'internal', message: internal }
  const fault = classify(error)
  if (fault === 'data')
    return {
      status: 400,
      code: 'invalid_request',
      message: 'A value in the request holds characters or numbers that cannot be stored.',
    }
  if (fault === 'unavailable')
    return { status: 503, code: 'unavailable', message: 'The database is not available. Try again in a moment.' }
  const status = (error as { statusCode?: number }).statusCode ?? 500
  if (status === 413) return { status, code: 'too_large', message: 'The request is larger than allowed here.' }
  if (status === 415) return { status, code: 'unsupported_media', message: 'This content type is not accepted here.' }
  if (status === 429) return { status, code: 'too_many_requests', message: 'Too many requests. Wait a little and try again.' }
  if (status >= 400 && status < 500) return { status, code: 'invalid_request', message: (error as Error).message }
  return { status: 500, code: 'internal', message: internal }
}
const internal = 'Something went wrong on our side. Nothing you sent was lost knowingly; the log of the server has the details.'

/** How often it is looked whether only silence is waited for. Milliseconds. */
const silenceMs = 100

/**
 * A connection on which something was begun and not asked is not idle to Node.js, and would keep a server that stops until its time is
 * over, a minute. Once no request is under way all are closed.
 */
function closeSilentConnections(server: FastifyInstance): void {
  let underWay = 0
  server.server.on('request', (_request, response) => {
    underWay += 1
    response.once('close', () => {
      underWay -= 1
    })
  })
  server.addHook('preClose', async () => {
    const timer = setInterval(() => {
      if (underWay === 0) server.server.closeAllConnections()
    }, silenceMs)
    server.server.once('close', () => clearInterval(timer))
    timer.unref()
  })
}
