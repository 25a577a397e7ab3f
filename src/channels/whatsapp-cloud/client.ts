/**
 * One call to the Graph API and how it ended. Redirects are never followed (they would carry the token away), answers
 * are read up to a limit, and no text that leaves here holds the token.
 */

import { readJson } from '../../kernel/json.ts'
import { type Json, member, number, record, string } from '../../kernel/read.ts'
import { blockedAddressCode } from '../../platform/outbound.ts'
import { networkFailure, readLimited } from '../../platform/outbound-answer.ts'
import type { Failure } from '../../ports/failure-rows.ts'
import type { Connection } from './config.ts'
import { classifyRefusal, type Refusal } from './failures.ts'

export interface ClientDeps {
  fetch: typeof fetch
  now: () => Date
  /** 0..1 */
  random: () => number
}

/**
 * refused: the provider said no, certainly. unsent: no byte of the request can have arrived. unknown: it may have been
 * taken.
 */
export type GraphAnswer =
  | { kind: 'ok'; body: Json }
  | { kind: 'refused'; refusal: Refusal }
  | { kind: 'unsent'; code: string }
  | { kind: 'unknown'; code: string; status?: number }

/** Sending: the provider answers in well under a second; who waits longer holds up the conversation. */
export const SEND_TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 4 * 1024 * 1024
const MAX_RETRY_AFTER_MS = 24 * 3_600_000

export interface GraphRequest {
  method?: 'GET' | 'POST' | 'DELETE'
  url: string
  /** Without a token: the request itself says who asks. */
  bare?: boolean
  json?: Json
  form?: FormData
  timeoutMs?: number
  signal?: AbortSignal
}

export async function callGraph(deps: ClientDeps, connection: Connection, request: GraphRequest): Promise<GraphAnswer> {
  if (request.signal?.aborted) return { kind: 'unsent', code: 'aborted' }
  const timeout = AbortSignal.timeout(request.timeoutMs ?? SEND_TIMEOUT_MS)
  const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout
  let response: Response
  try {
    response = await deps.fetch(request.url, {
      ...initOf(request),
      headers: headersOf(connection, request),
      redirect: 'manual',
      signal,
    })
  } catch (error) {
    return networkFailure(error)
  }
  try {
    return answerOf(response, await readLimited(response, MAX_ANSWER_BYTES), connection, deps.now())
  } catch (error) {
    // The status arrived, its explanation did not: a 4xx is a refusal all the same, anything else may have been taken.
    return response.status >= 400 && response.status < 500
      ? { kind: 'refused', refusal: { transient: true, status: response.status } }
      : { kind: 'unknown', code: networkFailure(error).code, status: response.status }
  }
}

const initOf = (request: GraphRequest): RequestInit => ({
  method: request.method ?? 'GET',
  ...(request.json ? { body: JSON.stringify(request.json) } : {}),
  ...(request.form ? { body: request.form } : {}),
})

const headersOf = (connection: Connection, request: GraphRequest): Record<string, string> => ({
  ...(request.bare ? {} : { authorization: `Bearer ${connection.accessToken}` }),
  ...(request.json ? { 'content-type': 'application/json' } : {}),
})

/** The code inside the body decides; the HTTP status only where there is none. */
function answerOf(response: Response, bytes: Buffer, connection: Connection, now: Date): GraphAnswer {
  const json = readJson(bytes)
  const body = json.ok ? record(json.value) : undefined
  const code = number(member(body?.error, 'code'))
  const retryAfterMs = retryAfter(response.headers, now)
  const { status } = response
  if (code !== undefined) return { kind: 'refused', refusal: refusalOf(body?.error, code, status, retryAfterMs, connection) }
  if (status >= 200 && status < 300) return body ? { kind: 'ok', body } : { kind: 'unknown', code: 'unreadable_answer', status }
  if (status >= 500 || status === 408) return { kind: 'unknown', code: `http_${status}`, status }
  return { kind: 'refused', refusal: { transient: false, status, retryAfterMs } }
}

function refusalOf(
  error: unknown,
  code: number,
  status: number,
  retryAfterMs: number | undefined,
  connection: Connection,
): Refusal {
  const detail = string(member(member(error, 'error_data'), 'details')) ?? string(member(error, 'message'))
  return {
    code,
    status,
    transient: member(error, 'is_transient') === true,
    subcode: number(member(error, 'error_subcode')),
    detail: detail === undefined ? undefined : withoutSecrets(detail, connection),
    retryAfterMs,
  }
}

/** The provider's words may quote the token ("Malformed access token EAA…"), whole or in part. */
export const withoutSecrets = (text: string, connection: Connection): string =>
  text.replaceAll(connection.accessToken, '[token]').replace(/\bEAA[A-Za-z0-9_-]{8,}/g, '[token]')

/** Milliseconds that the headers ask to wait: Retry-After, or the minutes of the business use-case usage. */
function retryAfter(headers: Headers, now: Date): number | undefined {
  const stated = headers.get('retry-after')
  const seconds = stated === null ? undefined : number(stated)
  const date = stated === null || seconds !== undefined ? Number.NaN : Date.parse(stated) - now.getTime()
  const usage = readJson(Buffer.from(headers.get('x-business-use-case-usage') ?? ''))
  const minutes = usage.ok ? minutesIn(usage.value) : 0
  const wait = Math.max(seconds === undefined ? 0 : seconds * 1_000, Number.isNaN(date) ? 0 : date, minutes * 60_000)
  return wait > 0 ? Math.min(wait, MAX_RETRY_AFTER_MS) : undefined
}

/** `{ "<business id>": [{ "estimated_time_to_regain_access": minutes, … }] }` */
const minutesIn = (usage: unknown): number =>
  Math.max(
    0,
    ...Object.values(record(usage) ?? {})
      .flat()
      .map((entry) => number(member(entry, 'estimated_time_to_regain_access')) ?? 0),
  )

/** An answer that is not `ok`, as the outcome of a send. */
export function failureOf(answer: Exclude<GraphAnswer, { kind: 'ok' }>, random: () => number): Failure {
  if (answer.kind === 'refused') return classifyRefusal(answer.refusal, random)
  if (answer.kind === 'unsent' && answer.code === blockedAddressCode.toLowerCase()) {
    return {
      outcome: 'reconnect',
      code: 'blocked_address',
      text: 'The address of the Graph API is in a private network, which this server does not call (PARLEY_OUTBOUND_ALLOW).',
    }
  }
  if (answer.kind === 'unsent') {
    return {
      outcome: 'retry',
      code: answer.code,
      text: 'WhatsApp could not be reached. It will be tried again.',
      scope: 'message',
    }
  }
  const text = 'WhatsApp did not confirm the message. It may have been delivered.'
  return { outcome: 'unknown', code: answer.code, text }
}
