import { GraphError } from './graph-errors.ts'
import { checkMedia, liveMedia } from './media.ts'
import type { SendRequest } from './message-schema.ts'
import type { StatusExtra } from './statuses.ts'
import type { BusinessNumber, Json } from './types.ts'
import type { World } from './world.ts'

type MediaReference = { id?: string; link?: string }

// The part of a send that names media, wherever it stands.
export function mediaReferences(request: SendRequest): MediaReference[] {
  const direct = ['image', 'video', 'audio', 'document', 'sticker'].includes(request.type) ? [request.payload] : []
  const header = (request.payload.header ?? {}) as Json
  const inHeader = request.type === 'interactive' && typeof header.type === 'string' ? [header[header.type]] : []
  const components = Array.isArray(request.payload.components) ? (request.payload.components as Json[]) : []
  const parameters = components.flatMap((part) => (Array.isArray(part.parameters) ? (part.parameters as Json[]) : []))
  const inTemplate = parameters.map((parameter) => parameter[String(parameter.type)])
  return [...direct, ...inHeader, ...inTemplate].filter(
    (value): value is Json => typeof value === 'object' && value !== null && ('id' in value || 'link' in value),
  )
}

/** Throws 131053 for an id that is unknown, expired or of another number. */
export function requireMediaIds(world: World, number: BusinessNumber, request: SendRequest): void {
  for (const { id } of mediaReferences(request)) {
    if (id === undefined) continue
    if (liveMedia(world, id)?.phoneNumberId === number.phoneNumberId) continue
    throw new GraphError(131053, { details: `'${id}' is not a valid whatsapp business account media attachment ID` })
  }
}

/** Fetches every link of the send, as Meta does; what failed, or undefined. */
export async function linkFailure(world: World, request: SendRequest): Promise<StatusExtra | undefined> {
  if (!world.settings.fetchLinks) return undefined
  for (const { link } of mediaReferences(request)) {
    if (link === undefined) continue
    const details = await unreachable(world, link)
    if (details !== undefined) return { code: 131053, details }
  }
  return undefined
}

async function unreachable(world: World, link: string): Promise<string | undefined> {
  try {
    const response = await world.settings.fetch(link, { signal: AbortSignal.timeout(world.settings.webhookTimeoutMs) })
    const bytes = await response.arrayBuffer()
    if (!response.ok) return `Downloading media from weblink failed with http code ${response.status}`
    checkMedia(response.headers.get('content-type') ?? '', bytes.byteLength)
    return undefined
  } catch (error) {
    return error instanceof GraphError ? (error.options.details ?? error.message) : 'Downloading media from weblink failed'
  }
}
