import type { Json } from './types.ts'

export type ErrorDetails = {
  headers?: Record<string, string>
  params?: Record<string, string>
  entityId?: string
  limit?: Json
}

/** Thrown by the engine, answered as the API's error body. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly details: ErrorDetails
  constructor(status: number, code: string, message: string, details: ErrorDetails = {}) {
    super(message)
    this.status = status
    this.code = code
    this.details = details
  }
}

export function renderError(error: ApiError, contextId: string): Json {
  const { params, entityId, limit } = error.details
  return {
    message: error.message,
    code: error.code,
    status: error.status,
    ...(params ? { messageWithParams: error.message, messageParams: params } : {}),
    ...(entityId ? { entityId } : {}),
    ...(limit ? { limit } : {}),
    contextId,
    details: [],
    errors: [],
  }
}

export const badRequest = (message: string, code = 'bad.request'): ApiError => new ApiError(400, code, message)
export const notFound = (what: string, id: string): ApiError =>
  new ApiError(404, 'not.found', `The requested resource was not found. Unable to find ${what} with id ${id}.`, {
    entityId: id,
  })

export const badToken = (token = ''): ApiError =>
  new ApiError(401, 'bad.credentials', `Invalid login credentials.${token ? ` The token ${token} is not valid.` : ''}`)

export const tooManyCalls = (seconds: number, allowed: number): ApiError =>
  new ApiError(429, 'too.many.requests', `Rate limit exceeded the maximum. Retry the request in [${seconds}] seconds`, {
    headers: {
      'retry-after': String(seconds),
      'inin-ratelimit-count': String(allowed + 1),
      'inin-ratelimit-allowed': String(allowed),
      'inin-ratelimit-reset': String(seconds),
    },
    params: { retryAfter: String(seconds) },
    limit: { key: 'client.credentials.token.rate.per.minute', namespace: 'platform.api', value: allowed },
  })
