/** Files that come with messages or go out with them. */
import { fileTypeFromBuffer } from 'file-type'
import { notFound, ParleyError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { cleanText } from '../kernel/text.ts'
import type { FileStore } from '../platform/blobs.ts'
import { type Database, inTenant, type Tx } from '../platform/db/tx.ts'
import type { JobDefinition } from '../platform/jobs.ts'
import type { Logger } from '../platform/log.ts'
import type { Secrets } from '../platform/secrets.ts'
import type { DownloadResult, MediaRef, OutboundFile } from '../ports/channel.ts'
import { type Channels, loadConnection } from './accounts.ts'
import type { LinkedFile } from './file-links.ts'
import { fetchMediaJob } from './receive.ts'

/** The largest file any channel carries (WhatsApp documents), in bytes. */
export const maxFileBytes = 100 * 1024 * 1024

export interface MediaDeps {
  db: Database
  secrets: Secrets
  channels: Channels
  files: FileStore
  log: Logger
  onChange?: (tenantId: string) => void
}

interface PendingFile {
  id: string
  channel_account_id: string
  provider: string
  conversation_id: string
  message_id: string
  external_id: string | null
  source_url: string | null
  declared_sha256: string | null
  declared_mime_type: string | null
  file_name: string | null
}

/** Fetches one file that came in. The message was stored long before and is shown without it meanwhile. */
export function fetchMedia(deps: MediaDeps): JobDefinition<{ tenantId: string; mediaId: string }> {
  return {
    name: fetchMediaJob,
    retryLimit: 8,
    retryDelay: 5,
    expireInSeconds: 180,
    async handle({ tenantId, mediaId }, { lastAttempt, signal }) {
      const work = await inTenant(deps.db, tenantId, async (tx) => {
        const { rows } = await tx.query<PendingFile>(
          `SELECT m.id, m.channel_account_id, a.provider, m.conversation_id, m.message_id, m.external_id, m.source_url, m.declared_sha256, m.declared_mime_type, m.file_name
             FROM media_objects m JOIN channel_accounts a ON a.tenant_id = m.tenant_id AND a.id = m.channel_account_id
            WHERE m.tenant_id = $1 AND m.id = $2 AND m.state = 'pending'`,
          [tenantId, mediaId],
        )
        return rows[0]
          ? { file: rows[0], connection: await loadConnection(tx, deps.secrets, rows[0].channel_account_id) }
          : null
      })
      if (!work) return // fetched by an earlier run, or erased meanwhile
      const channel = deps.channels.get(work.file.provider)
      const result: DownloadResult = channel?.download
        ? await channel.download(work.connection, refOf(work.file), { maxBytes: maxFileBytes, signal })
        : { outcome: 'refused', code: 'no_download', text: 'This channel cannot fetch files.' }
      await settleFile(deps, tenantId, work.file, result, lastAttempt).catch(async (error: Error) => {
        // The last try: what nobody will fetch any more must not be shown as still coming.
        const failed: DownloadResult = { outcome: 'retry', code: 'not_stored', text: 'The file could not be stored.' }
        if (lastAttempt) await settleFile(deps, tenantId, work.file, failed, true)
        throw error
      })
      deps.onChange?.(tenantId)
      if (result.outcome === 'retry' && !lastAttempt) throw new Error(`${result.code}: ${result.text}`)
    },
  }
}

const refOf = (file: PendingFile): MediaRef => ({
  externalId: file.external_id ?? undefined,
  url: file.source_url ?? undefined,
  sha256: file.declared_sha256 ?? undefined,
  mimeType: file.declared_mime_type ?? undefined,
  fileName: file.file_name ?? undefined,
})

async function settleFile(
  deps: MediaDeps,
  tenantId: string,
  file: PendingFile,
  result: DownloadResult,
  lastAttempt: boolean,
): Promise<void> {
  if (result.outcome === 'stored') {
    const { sha256, byteSize } = await deps.files.put(tenantId, result.content)
    const mimeType = await trueMimeType(result.content, result.mimeType ?? file.declared_mime_type ?? undefined)
    return await inTenant(deps.db, tenantId, async (tx) => {
      await tx.query(
        `UPDATE media_objects SET state = 'stored', sha256 = $3, byte_size = $4, mime_type = $5, error_code = NULL, error_text = NULL, source_url = NULL WHERE tenant_id = $1 AND id = $2`,
        [tenantId, file.id, sha256, byteSize, mimeType],
      )
      await mediaEvent(tx, file)
    })
  }
  const state = result.outcome === 'refused' ? 'refused' : lastAttempt ? 'failed' : 'pending'
  await inTenant(deps.db, tenantId, async (tx) => {
    await tx.query('UPDATE media_objects SET state = $3, error_code = $4, error_text = $5 WHERE tenant_id = $1 AND id = $2', [
      tenantId,
      file.id,
      state,
      result.code,
      result.text,
    ])
    if (state !== 'pending') await mediaEvent(tx, file)
  })
}

const mediaEvent = (tx: Tx, file: PendingFile) =>
  tx.query(
    `INSERT INTO events (tenant_id, type, conversation_id, message_id, actor) VALUES ($1, 'message.media', $2, $3, 'system')`,
    [tx.tenantId, file.conversation_id, file.message_id],
  )

/** What the bytes are; what the sender said they are only where the bytes do not tell and the claim is harmless. */
export async function trueMimeType(content: Buffer, declared: string | undefined): Promise<string> {
  const found = await fileTypeFromBuffer(content)
  if (found) {
    // Office files and the like are archives by their bytes; a voice note is "audio/ogg" or "video/ogg" by its container.
    if (['application/zip', 'application/x-cfb'].includes(found.mime) && declared?.startsWith('application/'))
      return baseType(declared)
    if (found.mime === 'video/mp4' && declared?.startsWith('audio/')) return 'audio/mp4'
    return found.mime
  }
  const claim = declared ? baseType(declared) : undefined
  const harmless =
    claim &&
    (claim.startsWith('text/')
      ? claim === 'text/plain' || claim === 'text/csv'
      : claim.startsWith('audio/') || claim === 'application/pdf' || claim === 'application/json')
  return harmless ? claim : 'application/octet-stream'
}
const baseType = (type: string): string => (type.split(';')[0] ?? type).trim().toLowerCase()

/** A file uploaded by a person or a program, to be sent later. */
export async function storeUpload(
  deps: { db: Database; files: FileStore },
  given: { tenantId: string; content: Buffer; fileName: string; mimeType: string; userId?: string },
): Promise<string> {
  if (given.content.length === 0) throw new ParleyError('unsupported_media', 'The file is empty.')
  const { sha256, byteSize } = await deps.files.put(given.tenantId, given.content)
  const mimeType = await trueMimeType(given.content, given.mimeType)
  const id = newId()
  await inTenant(deps.db, given.tenantId, (tx) =>
    tx.query(
      `INSERT INTO media_objects (tenant_id, id, origin, state, sha256, mime_type, declared_mime_type, file_name, byte_size, created_by) VALUES ($1, $2, 'upload', 'stored', $3, $4, $5, $6, $7, $8)`,
      [given.tenantId, id, sha256, mimeType, given.mimeType, safeFileName(given.fileName), byteSize, given.userId ?? null],
    ),
  )
  return id
}

/** A name to show and to save under: no path, no control or direction characters, at most 200. */
export const safeFileName = (name: string): string =>
  cleanText(name)
    .replace(/^.*[\\/]/, '')
    .replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '')
    .slice(-200)
    .replace(/^[\udc00-\udfff]/, '')
    .trim() || 'file'

interface StoredFile {
  sha256: string
  mime_type: string
  file_name: string | null
  byte_size: number
  provider_uploads: Record<string, { externalId: string; expiresAt: string }>
}

export type LinkFile = (file: LinkedFile) => string

export async function loadOutboundFile(
  tx: Tx,
  deps: { files: FileStore; fileLink?: LinkFile },
  mediaId: string,
  accountId: string,
): Promise<OutboundFile> {
  const { rows } = await tx.query<StoredFile>(
    `SELECT sha256, mime_type, file_name, byte_size, provider_uploads FROM media_objects WHERE tenant_id = $1 AND id = $2 AND state = 'stored'`,
    [tx.tenantId, mediaId],
  )
  const file = rows[0]
  if (!file) throw notFound('The file')
  const upload = file.provider_uploads[accountId]
  const valid = upload && Date.parse(upload.expiresAt) > Date.now()
  const { sha256, mime_type: mimeType } = file
  const fileName = file.file_name ?? 'file'
  const { fileLink } = deps
  return {
    mimeType,
    fileName,
    byteSize: file.byte_size,
    externalId: valid ? upload.externalId : undefined,
    read: () => deps.files.read(tx.tenantId, sha256),
    ...(fileLink ? { link: () => fileLink({ tenantId: tx.tenantId, sha256, mimeType, fileName }) } : {}),
  }
}

/** The provider keeps an upload for a while: the same file is not sent up twice. */
export async function rememberUpload(
  db: Database,
  tenantId: string,
  mediaId: string,
  accountId: string,
  upload: { externalId: string; expiresAt: string },
): Promise<void> {
  await inTenant(db, tenantId, (tx) =>
    tx.query(
      'UPDATE media_objects SET provider_uploads = provider_uploads || jsonb_build_object($3::text, $4::jsonb) WHERE tenant_id = $1 AND id = $2',
      [tenantId, mediaId, accountId, JSON.stringify(upload)],
    ),
  )
}
