import type { FastifyInstance, FastifyRequest } from 'fastify'
import { GraphError, objectNotFound } from './graph-errors.ts'
import { authenticate } from './numbers.ts'
import { checkVersion, withFaults } from './requests.ts'
import type { Json } from './types.ts'
import type { World } from './world.ts'

export const isUploadId = (id: string) => id.startsWith('upload:')

/** Resumable uploads of template header samples: `POST /{app}/uploads`, then the bytes to `POST /upload:…`. */
export function uploadRoutes(app: FastifyInstance, world: World): void {
  app.post(
    '/graph/:version/:id/uploads',
    withFaults(world, (request) => {
      const { version, id: appId } = request.params as { version: string; id: string }
      checkVersion(version)
      authenticate(world, request.headers.authorization)
      if (!world.apps.has(appId)) throw objectNotFound(appId, 'post')
      const query = request.query as { file_length?: string; file_type?: string }
      const length = Number(query.file_length)
      if (!Number.isInteger(length) || length < 1)
        throw new GraphError(100, { message: '(#100) The parameter file_length is required.' })
      if (!query.file_type) throw new GraphError(100, { message: '(#100) The parameter file_type is required.' })
      const id = `upload:${Buffer.from(`${++world.counters.upload}:${world.random.ids.hex(16)}`).toString('base64url')}`
      world.uploads.set(id, { length, type: query.file_type, bytes: new Uint8Array() })
      return { id }
    }),
  )
}

/** Appends bytes at `file_offset`; the handle comes with the last of them, the offset reached before that. */
export function continueUpload(world: World, id: string, request: FastifyRequest): Json {
  const upload = world.uploads.get(id)
  if (!upload) throw objectNotFound(id, 'post')
  const offset = Number(request.headers.file_offset ?? 0)
  if (offset !== upload.bytes.length)
    throw new GraphError(100, { details: `file_offset is ${offset}, expected ${upload.bytes.length}` })
  const chunk = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  upload.bytes = Buffer.concat([upload.bytes, chunk])
  if (upload.bytes.length > upload.length) throw new GraphError(100, { details: 'More bytes than file_length' })
  if (upload.bytes.length < upload.length) return { id, file_offset: upload.bytes.length }
  world.uploads.delete(id)
  return { h: `4::${Buffer.from(upload.type).toString('base64url')}:${world.random.ids.hex(32)}` }
}
