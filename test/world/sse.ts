/** A client of the live stream that keeps everything it was told. */
import type { StreamBatch } from '../../src/inbox/schema.ts'
import { until } from './until.ts'

export interface StreamEvent {
  event: string
  /** Last-Event-ID from here on. */
  id: string | undefined
  data: unknown
  /** Milliseconds as performance.now() */
  at: number
}

export interface Stream {
  status: number
  events: StreamEvent[]
  batches(): StreamBatch[]
  /** Where it can go on: the last id it was given. */
  lastId(): string | undefined
  /** The connection is gone, from whichever side. */
  ended(): boolean
  next(event: string, timeoutMs?: number): Promise<StreamEvent>
  close(): void
}

export async function openStream(
  url: string,
  options: { headers: Record<string, string>; cursor?: string; lastEventId?: string },
): Promise<Stream> {
  const abort = new AbortController()
  const query = options.cursor === undefined ? '' : `?cursor=${encodeURIComponent(options.cursor)}`
  const response = await fetch(`${url}/api/stream${query}`, {
    headers: { ...options.headers, ...(options.lastEventId === undefined ? {} : { 'last-event-id': options.lastEventId }) },
    signal: abort.signal,
  })
  const events: StreamEvent[] = []
  let ended = false
  const reading = read(response, events)
  reading
    .catch(() => {})
    .finally(() => {
      ended = true
    })
  return {
    status: response.status,
    events,
    batches: () => events.filter((event) => event.event === 'batch').map((event) => event.data as StreamBatch),
    lastId: () => events.findLast((event) => event.id !== undefined)?.id,
    ended: () => ended,
    next: (event, timeoutMs) =>
      until(`the stream tells ${event}`, () => events.find((seen) => seen.event === event), { timeoutMs }),
    close: () => abort.abort(),
  }
}

async function read(response: Response, events: StreamEvent[]): Promise<void> {
  if (response.status !== 200 || !response.body) return
  // Joined once for each event: one may be tens of megabytes, and looking through what is there again for each chunk of it
  // would take longer than anybody waits.
  let parts: string[] = []
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const ends = chunk.includes('\n\n') || (chunk.startsWith('\n') && parts.at(-1)?.endsWith('\n'))
    parts.push(chunk)
    if (!ends) continue
    const blocks = parts.join('').split('\n\n')
    parts = [blocks.pop() as string]
    for (const block of blocks) {
      const event = readEvent(block)
      if (event) events.push(event)
    }
  }
}

function readEvent(block: string): StreamEvent | undefined {
  const fields = new Map(
    block.split('\n').map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as const
    }),
  )
  const data = fields.get('data')
  if (data === undefined) return undefined
  return { event: fields.get('event') ?? 'message', id: fields.get('id'), data: JSON.parse(data), at: performance.now() }
}
