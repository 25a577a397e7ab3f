/** Calls of the API as somebody, keeping what was answered. */
import type { Business, Person } from './business.ts'

/** A role of the world's first business, a person of any, an API key, or nobody. */
export type Caller = keyof Business['people'] | 'key' | Person | { key: string } | null

export interface Answer<T> {
  status: number
  headers: Headers
  body: T
}

export interface Exchange {
  method: string
  path: string
  status: number
  type: string
  body: unknown
}

/** What makes a request somebody's. */
export function credentials(business: Business, as: Caller): Record<string, string> {
  if (as === null) return {}
  if (as === 'key') return { authorization: `Bearer ${business.key}` }
  if (typeof as === 'string') return { cookie: business.people[as].cookie }
  return 'key' in as ? { authorization: `Bearer ${as.key}` } : { cookie: as.cookie }
}

export async function callApi<T>(
  world: { url: string; business: Business; exchanges: Exchange[] },
  call: { method: string; path: string; body?: unknown; as: Caller; headers?: Record<string, string> },
): Promise<Answer<T>> {
  const form = call.body instanceof FormData
  const response = await fetch(`${world.url}/api${call.path}`, {
    method: call.method,
    headers: {
      ...credentials(world.business, call.as),
      ...(call.body === undefined || form ? {} : { 'content-type': 'application/json' }),
      ...call.headers,
    },
    body: call.body === undefined ? undefined : form ? (call.body as FormData) : JSON.stringify(call.body),
  })
  const type = response.headers.get('content-type') ?? ''
  const text = await response.text()
  const body = (type.includes('json') && text !== '' ? JSON.parse(text) : text) as T
  world.exchanges.push({ method: call.method, path: call.path, status: response.status, type, body })
  return { status: response.status, headers: response.headers, body }
}
