/** What every simulator's HTTP side has: its own body parsers, a page for people, and a server of its own. */
import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify'

/** A simulator as a plugin. `publicUrl`: origin the server is reached at; the plugin's own prefix is added when it is not there yet. */
export type SimulatorPlugin<S> = FastifyPluginAsync<{ simulator: S; publicUrl: () => string }>

/** The host's parsers (lossless, raw, multipart) must not reach in. `refused`: what is said of a body that is not JSON. `bodyLimit` in bytes. */
export function ownParsers(app: FastifyInstance, { bodyLimit, refused }: { bodyLimit: number; refused: () => Error }): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string', bodyLimit }, (_request, body, done) => {
    try {
      done(null, body === '' ? {} : JSON.parse(String(body)))
    } catch {
      done(refused())
    }
  })
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit }, (_request, body, done) => done(null, body))
}

const types: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css' }
const pagePolicy = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; base-uri 'none'; form-action 'none'"
const common = new URL('./page/', import.meta.url)

/** `index.html` of the folder at the root, with the files named and those all simulators' pages share. */
export function pageRoutes(app: FastifyInstance, folder: URL, files: readonly string[]): void {
  const html = readFileSync(new URL('index.html', folder))
  app.get('/', (request, reply) => {
    const [path = '/', search] = request.url.split('?')
    // Without the slash the page's relative addresses would miss the prefix.
    if (!path.endsWith('/')) return reply.redirect(`${path}/${search === undefined ? '' : `?${search}`}`)
    return reply.type('text/html; charset=utf-8').header('content-security-policy', pagePolicy).send(html)
  })
  const serve = (name: string, from: URL) => {
    const bytes = readFileSync(new URL(name, from))
    const type = `${types[extname(name)]}; charset=utf-8`
    app.get(`/${name}`, (_request, reply) => reply.type(type).header('cache-control', 'no-cache').send(bytes))
  }
  for (const name of files) serve(name, folder)
  for (const name of ['common.js', 'common.css', 'telephone.css']) serve(name, common)
}

/** Where the plugin is reached: its prefix behind the origin, once. */
export function mountUrl(publicUrl: string, prefix: string): string {
  const origin = publicUrl.replace(/\/+$/, '')
  const path = prefix.replace(/\/+$/, '')
  return origin.endsWith(path) ? origin : origin + path
}

export type HostOptions = {
  /** Default: any free port. */
  port?: number
  /** Default: loopback only. */
  host?: string
  /** Path the plugin is mounted at. */
  prefix?: string
}

/** Starts a simulator on its own, for tests and for the command line. */
export async function startHost<S extends { close(): void }>(
  plugin: SimulatorPlugin<S>,
  simulator: S,
  { port = 0, host = '127.0.0.1', prefix = '' }: HostOptions,
): Promise<{ url: string; controlUrl: string; simulator: S; close(): Promise<void> }> {
  // Connections end at once on close, even those that an answer never came on.
  const server = fastify({ forceCloseConnections: true })
  let origin = ''
  await server.register(plugin, { simulator, publicUrl: () => origin, prefix })
  origin = await server.listen({ port, host })
  const url = origin + prefix
  return {
    url,
    controlUrl: `${url}/control`,
    simulator,
    async close() {
      simulator.close()
      await server.close()
    },
  }
}
