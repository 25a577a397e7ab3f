/**
 * The live stream as an async iterator that never misses a change: it remembers the cursor of the last batch it handed
 * out and resumes from there after every break, with back-off and jitter. Ends only by `signal` or by a refusal (4xx).
 */
import { type Connection, errorOf, headersOf, ParleyError, reach, urlOf } from './http.ts'
import { createSseParser, type SseEvent } from './sse.ts'
import type { Presence, StreamBatch } from './types.ts'

export type StreamEvent =
  | { type: 'hello'; cursor: string }
  | { type: 'batch'; cursor: string; batch: StreamBatch }
  | { type: 'presence'; presence: Presence }
  /** The cursor was too old: refetch everything shown; the stream goes on from `cursor`. */
  | { type: 'reset'; cursor: string }

export interface StreamOptions {
  /** Where to go on; absent: from now, told by `hello`. */
  cursor?: string
  signal?: AbortSignal
  onState?: (state: 'connecting' | 'connected' | 'reconnecting') => void
  /** Waits before a new attempt. May end early, for instance when the network is back. */
  sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>
  random?: () => number
  /** Told how to drop the connection at once, for instance when the network is known to be gone. Returns how to forget it. */
  interrupt?: (drop: () => void) => () => void
  /** A connection that says nothing for so long is taken for dead. The server's heartbeat is every 15 s. */
  silenceMs?: number
}

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 30_000

/** Wait before attempt n (from 1): doubles up to 30 s; jitter keeps a thousand clients from coming back at once. */
export function backoff(n: number, random: () => number = Math.random): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(n - 1, 10)) * (0.5 + random() / 2)
}

export async function* stream(connection: Connection, options: StreamOptions = {}): AsyncGenerator<StreamEvent, void> {
  const { signal, onState = () => {}, sleep = pause, random = Math.random, silenceMs = 40_000, interrupt } = options
  let cursor = options.cursor
  let failures = 0
  onState('connecting')
  while (!signal?.aborted) {
    try {
      for await (const event of connect(connection, {
        cursor,
        signal,
        silenceMs,
        interrupt,
        onOpen: () => onState('connected'),
      })) {
        const known = read(event)
        if (!known) continue
        failures = 0
        // The cursor moves before the event is handed out: whoever takes it has it.
        if (known.type !== 'presence') cursor = known.cursor
        yield known
      }
    } catch (error) {
      if (signal?.aborted) return
      if (error instanceof ParleyError && !error.temporary) throw error
    }
    if (signal?.aborted) return
    failures += 1
    onState('reconnecting')
    await sleep(backoff(failures, random), signal)
  }
}

interface ConnectInput {
  cursor: string | undefined
  signal: AbortSignal | undefined
  silenceMs: number
  interrupt: ((drop: () => void) => () => void) | undefined
  onOpen: () => void
}

async function* connect(connection: Connection, input: ConnectInput): AsyncGenerator<SseEvent, void> {
  const ours = new AbortController()
  const stop = () => ours.abort()
  input.signal?.addEventListener('abort', stop, { once: true })
  const forget = input.interrupt?.(stop)
  let silence = setTimeout(stop, input.silenceMs)
  try {
    const response = await reach(connection, urlOf(connection, '/api/stream', { cursor: input.cursor }), {
      headers: headersOf(connection, { accept: 'text/event-stream' }),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: ours.signal,
    })
    if (!response.ok || !response.body) throw await errorOf(response)
    input.onOpen()
    const parse = createSseParser()
    const decoder = new TextDecoder()
    for await (const bytes of chunks(response.body)) {
      clearTimeout(silence)
      silence = setTimeout(stop, input.silenceMs)
      for (const item of parse(decoder.decode(bytes, { stream: true }))) if ('event' in item) yield item
    }
  } finally {
    clearTimeout(silence)
    forget?.()
    input.signal?.removeEventListener('abort', stop)
    ours.abort()
  }
}

/** By reader, because not every browser iterates a ReadableStream. */
async function* chunks(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}

/** An event as a value; null for kinds this client does not know and for data that is not JSON. */
export function read(event: SseEvent): StreamEvent | null {
  let data: unknown
  try {
    data = JSON.parse(event.data)
  } catch {
    return null
  }
  if (event.event === 'hello' || event.event === 'reset') {
    return { type: event.event, cursor: (data as { cursor: string }).cursor }
  }
  if (event.event === 'batch') {
    const batch = data as StreamBatch
    return { type: 'batch', cursor: batch.cursor ?? event.id, batch }
  }
  if (event.event === 'presence') return { type: 'presence', presence: data as Presence }
  return null
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
