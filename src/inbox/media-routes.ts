import multipart from '@fastify/multipart'
import type { FastifyReply } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { maxFileBytes, safeFileName, storeUpload } from '../conversations/attachments.ts'
import { notFound, ParleyError } from '../kernel/errors.ts'
import { inTenant } from '../platform/db/tx.ts'
import { actorOf } from '../tenancy/authenticate.ts'
import { id, mediaView as mediaSchema } from './schema.ts'
import * as store from './store.ts'
import type { InboxDeps } from './verbs.ts'
import { mediaView } from './view.ts'

/** What a browser may show in place. Everything else, and everything that can carry a script (SVG, HTML), is a download. */
const inline = /^(image\/(jpeg|png|gif|webp)|audio\/|video\/)/

export const mediaRoutes: FastifyPluginAsyncZod<{ deps: InboxDeps }> = async (server, { deps }) => {
  await server.register(multipart, { limits: { fileSize: maxFileBytes, files: 1, fields: 5, fieldSize: 1000 } })

  server.post(
    '/media',
    {
      config: { access: 'media.write' },
      bodyLimit: maxFileBytes + (1 << 20),
      schema: {
        tags: ['Media'],
        summary: 'Upload a file (multipart field `file`) to send it later',
        consumes: ['multipart/form-data'],
        response: { 201: mediaSchema },
      },
    },
    async (request, reply) => {
      const actor = actorOf(request)
      if (!request.isMultipart())
        throw new ParleyError('unsupported_media', 'Send the file as multipart/form-data in the field `file`.')
      const file = await request.file()
      if (!file) throw new ParleyError('invalid_request', 'There is no file in the field `file`.')
      const content = await file.toBuffer().catch(() => {
        throw new ParleyError('too_large', `A file may have at most ${maxFileBytes / 1024 / 1024} MB.`)
      })
      const mediaId = await storeUpload(deps, {
        tenantId: actor.tenantId,
        content,
        fileName: file.filename,
        mimeType: file.mimetype,
        userId: actor.userId,
      })
      return reply.code(201).send(mediaView(await inTenant(deps.db, actor.tenantId, (tx) => store.requireMedia(tx, mediaId))))
    },
  )
  server.get(
    '/media/:id/content',
    {
      config: { access: 'media.read' },
      schema: {
        tags: ['Media'],
        summary: 'The file itself',
        params: z.object({ id }),
        querystring: z.object({ download: z.stringbool().optional() }),
      },
    },
    async (request, reply) => {
      const { tenantId } = actorOf(request)
      const file = await inTenant(deps.db, tenantId, (tx) => store.requireMedia(tx, request.params.id))
      return await sendFile(deps, tenantId, file, { range: request.headers.range, download: request.query.download }, reply)
    },
  )
}

type FileRow = Awaited<ReturnType<typeof store.requireMedia>>

/** The bytes of a stored file, whole or the range that was asked for; only what carries no script is shown in place. */
export async function sendFile(
  deps: Pick<InboxDeps, 'files'>,
  tenantId: string,
  file: FileRow,
  asked: { range?: string; download?: boolean },
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (file.state !== 'stored' || !file.sha256 || file.byte_size === null) throw notFound('The file')
  const type = file.mime_type ?? 'application/octet-stream'
  const shown = inline.test(type) && !asked.download
  const range = readRange(asked.range, file.byte_size)
  if (range === 'unsatisfiable') return reply.code(416).header('content-range', `bytes */${file.byte_size}`).send()
  reply.headers({
    'content-type': shown ? type : 'application/octet-stream',
    'content-disposition': `${shown ? 'inline' : 'attachment'}; filename*=UTF-8''${encodeURIComponent(safeFileName(file.file_name ?? `file-${file.id}`))}`,
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
    'cache-control': 'private, max-age=86400, immutable',
    'accept-ranges': 'bytes',
    etag: `"${file.sha256}"`,
  })
  if (range) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${file.byte_size}`)
  reply.header('content-length', range ? range.end - range.start + 1 : file.byte_size)
  return reply.send(await deps.files.stream(tenantId, file.sha256, range ?? undefined))
}

/** One range, as players ask for; anything else is answered with the whole file. */
export function readRange(header: string | undefined, size: number): { start: number; end: number } | 'unsatisfiable' | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return null
  const [start, end] =
    match[1] === ''
      ? [Math.max(0, size - Number(match[2])), size - 1]
      : [Number(match[1]), match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1)]
  return start > end || start >= size ? 'unsatisfiable' : { start, end }
}
