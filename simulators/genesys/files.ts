import type { Json, Message } from './types.ts'
import { newUuid, type StoredFile, type World } from './world.ts'

const maxBytes = 25 * 1024 * 1024

/** Genesys copies a customer's file from its address, without credentials and at once. */
export function fetchFile(world: World, message: Message): void {
  const attachment = message.content[0]?.attachment as Json | undefined
  if (!attachment || !world.settings.fetchFiles) return
  const url = String(attachment.url)
  world.agenda.in(world.random.latency.between(world.settings.latency.fetch), async () => {
    message.fetched = await download(world, url, attachment)
    const conversation = world.conversations.get(message.conversationId)
    if (conversation) conversation.revision++
  })
}

async function download(world: World, url: string, attachment: Json): Promise<NonNullable<Message['fetched']>> {
  try {
    const response = await world.settings.fetch(url, { signal: AbortSignal.timeout(10_000) })
    const bytes = Buffer.from(await response.arrayBuffer())
    if (!response.ok) return { status: response.status, bytes: bytes.length }
    const mimeType = response.headers.get('content-type') ?? 'application/octet-stream'
    if (bytes.length <= maxBytes)
      attachment.copy = storeFile(world, { bytes, mimeType, fileName: String(attachment.filename ?? 'file') }).id
    return { status: response.status, bytes: bytes.length, mimeType }
  } catch {
    return { status: 'no connection', bytes: 0 }
  }
}

export function storeFile(world: World, file: Omit<StoredFile, 'id'>): StoredFile {
  const stored = { id: newUuid(world.random.ids), ...file }
  world.files.set(stored.id, stored)
  return stored
}

const kinds: [RegExp, string][] = [
  [/^image\//, 'Image'],
  [/^video\//, 'Video'],
  [/^audio\//, 'Audio'],
]

/** The content item of a file that an agent sends: whoever has its address may fetch it. */
export function attachmentItem(world: World, file: StoredFile, text?: string): Json {
  return {
    contentType: 'Attachment',
    attachment: {
      id: file.id,
      mediaType: kinds.find(([pattern]) => pattern.test(file.mimeType))?.[1] ?? 'File',
      url: `${world.mountUrl()}/downloads/${file.id}`,
      mime: file.mimeType,
      filename: file.fileName,
      ...(text ? { text } : {}),
      contentSizeBytes: file.bytes.length,
    },
  }
}
