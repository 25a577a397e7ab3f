/** One request to the API: query, body, answer, and errors with the server's own code and words. */
import type { ApiErrorBody } from './types.ts'

export class ParleyError extends Error {
  readonly code: string
  /** HTTP status; 0 when no answer came, so the request may or may not have been carried out. */
  readonly status: number
  readonly details: unknown
  /** What the server asked to wait (Retry-After), in ms. */
  readonly retryAfterMs: number | null

  constructor(of: { code: string; message: string; status: number; details?: unknown; retryAfterMs?: number | null }) {
    super(of.message)
    this.name = 'ParleyError'
    this.code = of.code
    this.status = of.status
    this.details = of.details
    this.retryAfterMs = of.retryAfterMs ?? null
  }

  /** Whether asking again later can help: no answer, too many requests, or the server is at fault. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500
  }
}

export interface Connection {
  baseUrl: string
  apiKey?: string
  fetch: typeof fetch
}
export type Query = Record<string, string | number | boolean | undefined>
export interface RequestInput {
  method?: string
  query?: Query
  json?: unknown
  form?: FormData
  headers?: Record<string, string>
  signal?: AbortSignal
  /** Sent to its end also where the page it came from is gone. */
  keepalive?: boolean
}

export function urlOf(connection: Connection, path: string, query: Query = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
  const tail = pairs.length > 0 ? `?${new URLSearchParams(pairs)}` : ''
  return `${connection.baseUrl.replace(/\/$/, '')}${path}${tail}`
}

export function headersOf(connection: Connection, more: Record<string, string> = {}): Record<string, string> {
  return connection.apiKey ? { authorization: `Bearer ${connection.apiKey}`, ...more } : { ...more }
}

/** Sends and answers the parsed JSON (undefined for 204). Throws ParleyError. */
export async function request<T>(connection: Connection, path: string, input: RequestInput = {}): Promise<T> {
  const headers = headersOf(connection, { accept: 'application/json', ...input.headers })
  if (input.json !== undefined) headers['content-type'] = 'application/json'
  const response = await reach(connection, urlOf(connection, path, input.query), {
    method: input.method ?? 'GET',
    headers,
    body: input.form ?? (input.json === undefined ? undefined : JSON.stringify(input.json)),
    credentials: 'same-origin',
    signal: input.signal,
    keepalive: input.keepalive,
  })
  if (!response.ok) throw await errorOf(response)
  if (response.status === 204) return undefined as T
  try {
    return (await response.json()) as T
  } catch (error) {
    if (input.signal?.aborted) throw error
    throw new ParleyError({ code: 'unreachable', message: 'The answer broke off.', status: 0 })
  }
}

export async function reach(connection: Connection, url: string, init: RequestInit): Promise<Response> {
  try {
    return await connection.fetch(url, init)
  } catch (error) {
    if (init.signal?.aborted) throw error
    throw new ParleyError({ code: 'unreachable', message: 'The server did not answer.', status: 0 })
  }
}

export async function errorOf(response: Response): Promise<ParleyError> {
  const body = (await response.json().catch(() => null)) as Partial<ApiErrorBody> | null
  const seconds = Number(response.headers.get('retry-after'))
  return new ParleyError({
    code: body?.error?.code ?? `http_${response.status}`,
    message: body?.error?.message ?? response.statusText,
    status: response.status,
    details: body?.error?.details,
    retryAfterMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null,
  })
}
