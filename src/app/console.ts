/** The built console: files with hashed names for ever, the page itself always fresh, and the page for every address it knows. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync } from 'fastify'

export const consoleFolder = fileURLToPath(new URL('../../web/dist/', import.meta.url))
export const consoleBuilt = (): boolean => existsSync(`${consoleFolder}index.html`)

/** `framers`: on whose pages the widget of a business may stand. */
export const consoleRoutes: FastifyPluginAsync<{ framers: (businessId: string) => Promise<string[]> }> = async (
  server,
  { framers },
) => {
  if (!consoleBuilt()) {
    server.get('/', { schema: { hide: true } }, (_request, reply) =>
      reply.code(503).type('text/plain; charset=utf-8').send('The console has not been built. Run: npm run build:console\n'),
    )
    return
  }
  await server.register(fastifyStatic, {
    root: consoleFolder,
    wildcard: false,
    index: ['index.html'],
    setHeaders: (response, path) => {
      response.header('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })
  server.get('/widget/:business', { schema: { hide: true } }, async (request, reply) => {
    const origins = await framers((request.params as { business: string }).business)
    const before = String(reply.getHeader('content-security-policy'))
    return await reply
      .header(
        'content-security-policy',
        before.replace(/frame-ancestors [^;]*/, `frame-ancestors ${["'self'", ...origins].join(' ')}`),
      )
      .removeHeader('x-frame-options')
      .sendFile('widget.html')
  })
  server.get('/*', { schema: { hide: true } }, (request, reply) => {
    if (/^\/(api|webhooks|simulator|assets)(\/|$)/.test(request.url)) return reply.callNotFound()
    return reply.sendFile('index.html')
  })
}
