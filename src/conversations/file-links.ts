/** Addresses under which a contact centre or a provider fetches a file: they say nothing, need no credentials, and end. */
import type { FastifyPluginAsync } from 'fastify'
import { notFound } from '../kernel/errors.ts'
import type { FileStore } from '../platform/blobs.ts'
import type { Secrets } from '../platform/secrets.ts'

/** Of one that copies the file at once: a retry gets a new address. */
const soonMs = 15 * 60_000
/** Of a provider that fetches the file when it sends the message, which may have waited in its queue for ten hours. */
export const queuedMs = 12 * 3_600_000
const belongsTo = 'file-link'

interface Link {
  /** Tenant, content hash, type, name, end. */
  t: string
  h: string
  m: string
  n: string
  e: number
}

export interface LinkedFile {
  tenantId: string
  sha256: string
  mimeType: string
  fileName: string
}

export function fileLink(secrets: Secrets, publicUrl: string, file: LinkedFile, now: Date, validMs = soonMs): string {
  const link: Link = {
    t: file.tenantId,
    h: file.sha256,
    m: file.mimeType,
    n: file.fileName,
    e: now.getTime() + validMs,
  }
  return `${publicUrl}/files?key=${secrets.seal(JSON.stringify(link), belongsTo)}`
}

export const fileLinkRoute: FastifyPluginAsync<{ secrets: Secrets; files: FileStore; now?: () => Date }> = async (
  server,
  { secrets, files, now = () => new Date() },
) => {
  server.get('/files', { schema: { hide: true } }, async (request, reply) => {
    const link = opened(secrets, (request.query as { key?: unknown }).key)
    if (!link || link.e < now().getTime()) throw notFound('The file')
    const content = await files.read(link.t, link.h).catch(() => {
      throw notFound('The file')
    })
    return reply
      .type(link.m)
      .header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(link.n.toWellFormed())}`)
      .header('x-content-type-options', 'nosniff')
      .header('cache-control', 'private, no-store')
      .send(content)
  })
}

function opened(secrets: Secrets, key: unknown): Link | undefined {
  if (typeof key !== 'string' || key.length > 4000) return undefined
  try {
    return JSON.parse(secrets.open(key, belongsTo)) as Link
  } catch {
    return undefined
  }
}
