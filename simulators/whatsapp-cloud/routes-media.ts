import type { FastifyInstance } from 'fastify'
import { GraphError } from './graph-errors.ts'
import { mediaByLink, uploadMedia } from './media.ts'
import { readUpload } from './multipart.ts'
import { authenticate } from './numbers.ts'
import { faultsBefore, withFaults } from './requests.ts'
import { numberOfRequest } from './routes-messages.ts'
import type { World } from './world.ts'

/** Uploading, and the download host (`lookaside`), which wants the token too and forgets links after five minutes. */
export function mediaRoutes(app: FastifyInstance, world: World): void {
  app.post(
    '/graph/:version/:id/media',
    withFaults(world, (request) => {
      const number = numberOfRequest(world, request, 'post')
      const file = readUpload(request.body, request.headers['content-type'])
      return { id: uploadMedia(world, number, file).id }
    }),
  )

  app.get('/lookaside/whatsapp_business/attachments/', async (request, reply) => {
    const answered = await faultsBefore(world, request, reply)
    if (answered !== 'no') return answered === 'hijacked' ? undefined : reply
    const item = mediaByLink(world, request.query as { mid?: string; ext?: string; hash?: string })
    let token: string
    try {
      token = authenticate(world, request.headers.authorization)
    } catch (error) {
      if (!(error instanceof GraphError)) throw error
      return reply.code(401).type('text/plain').send('Unauthorized')
    }
    const owner = item && world.numbers.get(item.phoneNumberId)
    if (!item || owner?.accessToken !== token) return reply.code(404).type('text/plain').send('Not Found')
    return reply.type(item.mimeType).header('content-disposition', 'attachment').send(Buffer.from(item.bytes))
  })
}
