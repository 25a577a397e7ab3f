/**
 * One call to the API and how it ended. Redirects are never followed (they would carry the token away), answers are read
 * up to a limit, a token that is refused is renewed once.
 */
import type { Json } from '../../kernel/read.ts'
import type { Logger } from '../../platform/log.ts'
import { networkFailure, readLimited } from '../../platform/outbound-answer.ts'
import { bodyOf, clientKey, MAX_ANSWER_BYTES, traceOf, wordsOf } from './answer.ts'
import type { Connection } from './config.ts'
import { classifyNetwork, classifyRefusal, type Failure, type Refusal, rateLimited } from './failures.ts'
import { type Limits, retryAfter } from './limits.ts'
import type { Tokens } from './token.ts'

export interface ClientDeps {
  /** The server's own guarded one. */
  fetch: typeof fetch
  log: Logger
  now: () => Date
  tokens: Tokens
  limits: Limits
}

export interface CentreRequest {
  /** For the log: `genesys.message`. */
  operation: string
  method: 'GET' | 'POST' | 'PATCH'
  /** Behind the address of the API, with its first slash. */
  path: string
  json?: Json
  /** What a 404 is about. */
  about: Refusal['about']
  /** Calls of this minute that are left for what matters more. */
  spare?: number
  signal?: AbortSignal
}

export type CentreAnswer = { kind: 'ok'; body: Json } | { kind: 'failed'; status?: number; failure: Failure }

/** The API answers in well under a second; who waits longer holds up the conversation. */
export const CALL_TIMEOUT_MS = 10_000

export async function call(deps: ClientDeps, connection: Connection, request: CentreRequest): Promise<CentreAnswer> {
  const first = await deps.tokens.get(connection, request.signal)
  if ('failure' in first) return { kind: 'failed', failure: first.failure }
  const answer = await callWith(deps, connection, request, first.token)
  if (answer.kind === 'ok' || answer.status !== 401) return answer
  // Revoked, or ended earlier than it was said to.
  deps.tokens.drop(connection, first.token)
  const second = await deps.tokens.get(connection, request.signal)
  if ('failure' in second) return { kind: 'failed', failure: second.failure }
  return callWith(deps, connection, request, second.token)
}

async function callWith(
  deps: ClientDeps,
  connection: Connection,
  request: CentreRequest,
  token: string,
): Promise<CentreAnswer> {
  const wait = await deps.limits.take(clientKey(connection), request.spare)
  if (wait !== undefined) return { kind: 'failed', failure: rateLimited(wait) }
  if (request.signal?.aborted) return { kind: 'failed', failure: classifyNetwork({ kind: 'unsent', code: 'aborted' }) }
  const log = logOf(deps, connection, request)
  let response: Response
  try {
    response = await deps.fetch(connection.api + request.path, {
      method: request.method,
      headers: headersOf(token, request),
      ...(request.json === undefined ? {} : { body: JSON.stringify(request.json) }),
      redirect: 'manual',
      signal: withTimeout(request.signal),
    })
  } catch (error) {
    const failure = classifyNetwork(networkFailure(error))
    log('The contact centre gave no answer.', { code: failure.code })
    return { kind: 'failed', failure }
  }
  const body = await readLimited(response, MAX_ANSWER_BYTES).then(bodyOf, () => undefined)
  const trace = { status: response.status, ...traceOf(body, response.headers) }
  const retryAfterMs = await pauseOf(deps, connection, response)
  if (response.ok && body) {
    log('The contact centre took a call.', trace)
    return { kind: 'ok', body }
  }
  const refusal = { status: response.status, about: request.about, ...wordsOf(body, connection, token), retryAfterMs }
  const failure = response.ok ? classifyNetwork({ kind: 'unknown', code: 'unreadable_answer' }) : classifyRefusal(refusal)
  log('The contact centre refused a call.', { ...trace, code: failure.code })
  return { kind: 'failed', status: response.status, failure }
}

/** With a code it is a warning. */
function logOf(deps: ClientDeps, connection: Connection, request: CentreRequest) {
  const started = deps.now().getTime()
  const { tenantId: tenant_id, integrationId: integration_id } = connection
  return (words: string, more: { code?: string; status?: number }) => {
    const duration_ms = deps.now().getTime() - started
    const line = { operation: request.operation, tenant_id, integration_id, duration_ms, ...more }
    if (more.code === undefined) deps.log.debug(words, line)
    else deps.log.warn(words, line)
  }
}

const headersOf = (token: string, request: CentreRequest): Record<string, string> => ({
  authorization: `Bearer ${token}`,
  accept: 'application/json',
  ...(request.json === undefined ? {} : { 'content-type': 'application/json' }),
})

const withTimeout = (signal: AbortSignal | undefined): AbortSignal =>
  signal ? AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]) : AbortSignal.timeout(CALL_TIMEOUT_MS)

/** Milliseconds that the headers ask to wait. */
async function pauseOf(deps: ClientDeps, connection: Connection, { status, headers }: Response): Promise<number | undefined> {
  const paused = await deps.limits.learn(clientKey(connection), status, headers, deps.now())
  const seconds = retryAfter(headers, deps.now())
  return paused ?? (seconds === undefined ? undefined : Math.round(seconds * 1_000))
}
