import { createHash } from 'node:crypto'
import { GraphError, objectNotFound } from './graph-errors.ts'
import type { BusinessNumber, Json, MediaItem } from './types.ts'
import { dayMs, type World } from './world.ts'

const uploadedKeptMs = 30 * dayMs
const receivedKeptMs = 7 * dayMs
const linkValidMs = 5 * 60_000
// All media together; the oldest go first.
const keepBytes = 512 * 1024 * 1024

const mb = 1024 * 1024
// MIME type → largest size in bytes (Meta, "Media": supported types and limits).
const limits: [RegExp, number][] = [
  [/^image\/(jpeg|png)$/, 5 * mb],
  [/^image\/webp$/, 500 * 1024],
  [/^audio\/(aac|amr|mpeg|mp4|ogg)$/, 16 * mb],
  [/^video\/(mp4|3gpp)$/, 16 * mb],
  [/^(text\/plain|application\/(pdf|msword|vnd\.[\w.+-]+))$/, 100 * mb],
]

const bareType = (mimeType: string) => (mimeType.split(';')[0] ?? '').trim().toLowerCase()

function evictOldest(world: World): void {
  let total = 0
  for (const item of world.media.values()) total += item.bytes.length
  for (const [id, item] of world.media) {
    if (total <= keepBytes || world.media.size === 1) return
    world.media.delete(id)
    total -= item.bytes.length
  }
}

type MediaInput = { phoneNumberId: string; bytes: Uint8Array; mimeType: string; filename?: string; keptMs?: number }

export function storeMedia(world: World, input: MediaInput): MediaItem {
  const { phoneNumberId, bytes, mimeType, filename, keptMs = receivedKeptMs } = input
  const item: MediaItem = {
    id: world.random.ids.digits(16),
    phoneNumberId,
    bytes,
    mimeType,
    filename,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    expiresAt: world.clock.now() + keptMs,
  }
  world.media.set(item.id, item)
  evictOldest(world)
  return item
}

/** Throws 100 for a type WhatsApp does not take and 131053 for a file over its limit. */
export function checkMedia(mimeType: string, size: number): void {
  const limit = limits.find(([pattern]) => pattern.test(bareType(mimeType)))?.[1]
  if (limit === undefined) {
    throw new GraphError(100, {
      message: `(#100) Param file must be a file with one of the supported types. Received file of type '${mimeType}'.`,
    })
  }
  if (size > limit) throw new GraphError(131053, { details: `File size ${size} exceeds the limit of ${limit} bytes.` })
  if (size === 0) throw new GraphError(131053, { details: 'The file is empty.' })
}

export function uploadMedia(
  world: World,
  number: BusinessNumber,
  file: { bytes: Uint8Array; mimeType: string; filename?: string },
): MediaItem {
  checkMedia(file.mimeType, file.bytes.length)
  return storeMedia(world, { ...file, phoneNumberId: number.phoneNumberId, keptMs: uploadedKeptMs })
}

export function liveMedia(world: World, id: string): MediaItem | undefined {
  const item = world.media.get(id)
  if (!item || item.expiresAt >= world.clock.now()) return item
  world.media.delete(id)
  return undefined
}

// The link proves itself: a wrong or stale one is answered as if nothing were there.
function linkHash(item: MediaItem, expiry: number): string {
  return createHash('sha256').update(`${item.id}:${item.sha256}:${expiry}`).digest('hex').slice(0, 32)
}

/** Address of the bytes, good for five minutes and only with the number's token. */
export function mediaLink(world: World, item: MediaItem): string {
  const expiry = world.clock.now() + linkValidMs
  return `${world.mountUrl()}/lookaside/whatsapp_business/attachments/?mid=${item.id}&ext=${expiry}&hash=${linkHash(item, expiry)}`
}

/** The item behind a link, or undefined when the link is expired, forged or its media gone. */
export function mediaByLink(world: World, query: { mid?: string; ext?: string; hash?: string }): MediaItem | undefined {
  const item = liveMedia(world, query.mid ?? '')
  const expiry = Number(query.ext)
  if (!item || !(expiry >= world.clock.now())) return undefined
  return query.hash === linkHash(item, expiry) ? item : undefined
}

/** Answer of `GET /{media id}`: the hash is hex here and base64 in webhooks. */
export function mediaView(world: World, item: MediaItem): Json {
  return {
    url: mediaLink(world, item),
    mime_type: item.mimeType,
    sha256: item.sha256,
    file_size: item.bytes.length,
    id: item.id,
    messaging_product: 'whatsapp',
  }
}

/** Media as a webhook carries it. */
export function webhookMedia(world: World, item: MediaItem): Json {
  return {
    mime_type: item.mimeType,
    sha256: Buffer.from(item.sha256, 'hex').toString('base64'),
    id: item.id,
    url: mediaLink(world, item),
    ...(item.filename === undefined ? {} : { filename: item.filename }),
  }
}

/** Only media of a number with this token. Throws 100/33. */
export function requireMedia(world: World, token: string, id: string, method: 'get' | 'delete'): MediaItem {
  const item = liveMedia(world, id)
  const owner = item && world.numbers.get(item.phoneNumberId)
  if (!item || owner?.accessToken !== token) throw objectNotFound(id, method)
  return item
}
