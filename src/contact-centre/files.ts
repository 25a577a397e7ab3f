/** Files that agents send: fetched from wherever they are, past the guard, and kept like any upload. */
import { storeUpload, trueMimeType } from '../conversations/attachments.ts'
import type { CentreBody } from '../conversations/centre-bodies.ts'
import { blockedAddressCode } from '../platform/outbound.ts'
import type { Capabilities } from '../ports/channel.ts'
import type { CentreAttachment } from '../ports/contact-centre.ts'
import type { OutboundBody } from '../ports/message.ts'
import { isFile } from './agent-message.ts'
import type { CentreDeps } from './deps.ts'

/** Bytes. */
export const maxAgentFile = 20 * 1024 * 1024
const fetchTimeoutMs = 30_000

/** `invalid`: it will never be had. `again`: it may be, later. */
export type Fetched = { bodies: OutboundBody[] } | { invalid: string } | { again: string }

export async function fetchParts(
  deps: CentreDeps,
  tenantId: string,
  parts: readonly CentreBody[],
  capabilities: Capabilities,
): Promise<Fetched> {
  const bodies: OutboundBody[] = []
  for (const part of parts) {
    if (!isFile(part)) {
      bodies.push(part)
      continue
    }
    const got = await fetchFile(deps, part.attachment.url)
    if (!('content' in got)) return got
    const mimeType = await trueMimeType(got.content, part.attachment.mimeType ?? got.mimeType)
    const fileName = part.attachment.fileName ?? nameIn(part.attachment.url)
    const mediaId = await storeUpload(deps, { tenantId, content: got.content, fileName, mimeType })
    bodies.push(bodyOf(part, { mediaId, mimeType, fileName, byteSize: got.content.length }, capabilities))
  }
  return { bodies }
}

type FetchedFile = { content: Buffer; mimeType?: string } | { invalid: string } | { again: string }

async function fetchFile(deps: CentreDeps, url: string): Promise<FetchedFile> {
  const address = URL.canParse(url) ? new URL(url) : undefined
  if (!address || !/^https?:$/.test(address.protocol)) return { invalid: 'The address of the file is none of the web.' }
  try {
    const response = await deps.fetch(address, { signal: AbortSignal.timeout(fetchTimeoutMs) })
    if (response.status >= 500 || response.status === 429) return { again: `The file's server answered ${response.status}.` }
    if (!response.ok) return { invalid: `The file's server answered ${response.status}.` }
    const content = await readUpTo(response, maxAgentFile)
    if (!content) return { invalid: `The file is larger than ${maxAgentFile / 1024 / 1024} MB.` }
    if (content.length === 0) return { invalid: 'The file is empty.' }
    const mimeType = response.headers.get('content-type') ?? undefined
    return { content, ...(mimeType ? { mimeType } : {}) }
  } catch (error) {
    const cause = (error as { cause?: { code?: string; message?: string } }).cause
    if (cause?.code === blockedAddressCode) return { invalid: cause.message ?? 'The address is in a private network.' }
    return { again: `The file could not be fetched: ${cause?.message ?? (error as Error).message}` }
  }
}

/** undefined where it is larger; the rest is not read. */
async function readUpTo(response: Response, most: number): Promise<Buffer | undefined> {
  if (Number(response.headers.get('content-length') ?? 0) > most) {
    await response.body?.cancel()
    return undefined
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > most) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const nameIn = (url: string): string => decodeURIComponentSafely(new URL(url).pathname.split('/').at(-1) || 'file')
function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

interface Stored {
  mediaId: string
  mimeType: string
  fileName: string
  byteSize: number
}

/** As what it is, where the channel takes such; else as a document. */
function bodyOf(part: { attachment: CentreAttachment; caption?: string }, file: Stored, can: Capabilities): OutboundBody {
  const wanted = (['image', 'video', 'audio'] as const).find((kind) => file.mimeType.startsWith(`${kind}/`)) ?? 'document'
  const limits = can.media[wanted]
  const fits = !limits || (limits.mimeTypes.includes(file.mimeType) && file.byteSize <= limits.maxBytes)
  const type = fits && can.send.includes(wanted) ? wanted : 'document'
  return {
    type,
    mediaId: file.mediaId,
    ...(type === 'document' ? { fileName: file.fileName.slice(-240) } : {}),
    ...(part.caption && type !== 'audio' ? { caption: part.caption } : {}),
  }
}
