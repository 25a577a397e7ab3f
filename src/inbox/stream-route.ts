import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ParleyError } from '../kernel/errors.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import type { LiveStream } from './stream.ts'

const heartbeatMs = 15_000
/** A stream lives for hours: whoever was signed out or removed hears nothing more after this. */
const trustMs = 1000
/** Bytes a slow reader may leave unread before it is cut off; it comes back with its cursor and misses nothing. */
const maxBuffered = 4 << 20
/** What was written before the cut still goes out, so that even the slowest gets further each time it comes back. */
const flushMs = 30_000

/** What is told to all watchers of a business is written down once, as bytes: fifty of them would encode it fifty times. */
const written = new WeakMap<object, Buffer>()
function frameOf(event: string, data: object, at: string | undefined): Buffer {
  const frame = written.get(data) ?? Buffer.from(`${at ? `id: ${at}\n` : ''}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  written.set(data, frame)
  return frame
}

export const streamRoute: FastifyPluginAsyncZod<{
  live: LiveStream
  /** Tells that this person is here; returns how to tell that they left. */
  connected: (userId: string) => () => void
}> = async (server, { live, connected }) => {
  const open = new Set<() => void>()
  server.addHook('preClose', async () => {
    for (const close of open) close()
  })
  server.get(
    '/stream',
    {
      config: { access: 'stream.read' },
      schema: {
        tags: ['Stream'],
        summary: 'Server-Sent Events: everything that changes, from a cursor on',
        description:
          'Events: `hello` {cursor}, `batch` (StreamBatch), `reset` {cursor} (read anew what you show), `presence`. Resume with Last-Event-ID or ?cursor=.',
        querystring: z.object({ cursor: z.string().max(100).optional() }),
        response: { 200: z.string().meta({ description: 'text/event-stream' }) },
      },
    },
    async (request, reply) => {
      const header = request.headers['last-event-id']
      const cursor = (typeof header === 'string' && header) || request.query.cursor
      const { tenantId, userId } = actorOf(request)
      let started = false
      const pending: (string | Buffer)[] = []
      let trustedUntil = Date.now() + trustMs
      let line: Promise<void> = Promise.resolve()
      /** One after the other, each only to somebody who may still hear it. A database that is away is no reason to hang up. */
      const tell = (text: string | Buffer) => {
        line = line.then(async () => {
          if (started && Date.now() > trustedUntil) {
            const allowed = await server.stillAllowed(request).catch((error) => !(error instanceof ParleyError))
            if (!allowed) return cut()
            trustedUntil = Date.now() + trustMs
          }
          write(text)
        })
      }
      const write = (text: string | Buffer) => {
        if (!started) return void pending.push(text)
        // Only what was left of earlier writes counts: one batch may be larger than the limit and has to get through.
        if (reply.raw.writableLength > maxBuffered) return cut()
        reply.raw.write(text)
      }
      const stop = await live.watch(tenantId, { send: (event, data, at) => tell(frameOf(event, data, at)) }, cursor)
      reply.hijack()
      // Gone while the way from its cursor was looked up: nothing will ever say so again.
      if (reply.raw.destroyed) return stop()
      reply.raw.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
        connection: 'keep-alive',
      })
      const heartbeat = setInterval(() => tell(': still here\n\n'), heartbeatMs)
      const close = () => reply.raw.end()
      const cut = () => {
        stop()
        clearInterval(heartbeat)
        reply.raw.end()
        setTimeout(() => reply.raw.destroy(), flushMs).unref()
      }
      await line
      started = true
      for (const text of ['retry: 1000\n\n', ...pending]) reply.raw.write(text)
      open.add(close)
      const leave = userId ? connected(userId) : () => {}
      reply.raw.on('close', () => {
        clearInterval(heartbeat)
        open.delete(close)
        leave()
        stop()
      })
    },
  )
}
