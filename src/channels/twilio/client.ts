/**
 * One call to Twilio and how it ended. Redirects are never followed (they would carry the credentials away), answers are
 * read up to a limit, and no text that leaves here holds a secret.
 */
import { readJson } from '../../kernel/json.ts'
import { type Json, member, number, record, string } from '../../kernel/read.ts'
import { blockedAddressCode } from '../../platform/outbound.ts'
import { networkFailure, readLimited } from '../../platform/outbound-answer.ts'
import type { Failure } from '../../ports/failure-rows.ts'
import { baseOf, type Connection, type Host } from './config.ts'
import { classifyRefusal, type Refusal } from './failures.ts'

export interface ClientDeps {
  fetch: typeof fetch
  now: () => Date
  /** 0..1 */
  random: () => number
  /** Under which Twilio reaches this server. */
  publicUrl: () => string
}

/**
 * refused: Twilio said no, certainly. unsent: no byte of the request can have arrived. unknown: it may have been done.
 */
export type TwilioAnswer =
  | { kind: 'ok'; body: Json }
  | { kind: 'refused'; refusal: Refusal }
  | { kind: 'unsent'; code: string }
  | { kind: 'unknown'; code: string; status?: number }

export interface TwilioRequest {
  method?: 'GET' | 'POST' | 'DELETE'
  host?: Host
  /** Behind the host, with its query. */
  path: string
  form?: readonly (readonly [string, string])[]
  signal?: AbortSignal
}

/** Twilio answers in well under a second; who waits longer holds up the conversation. */
const timeoutMs = 10_000
const maxAnswerBytes = 4 * 1024 * 1024
const maxRetryAfterMs = 24 * 3_600_000

export async function callTwilio(deps: ClientDeps, connection: Connection, request: TwilioRequest): Promise<TwilioAnswer> {
  const { method = 'GET', host = 'api', path, form, signal } = request
  if (signal?.aborted) return { kind: 'unsent', code: 'aborted' }
  const timeout = AbortSignal.timeout(timeoutMs)
  let response: Response
  try {
    response = await deps.fetch(baseOf(connection, host) + path, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(connection.login).toString('base64')}`,
        ...(form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      },
      ...(form ? { body: new URLSearchParams(form.map(([name, value]) => [name, value])).toString() } : {}),
      redirect: 'manual',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    })
  } catch (error) {
    return networkFailure(error)
  }
  try {
    return answerOf(response, await readLimited(response, maxAnswerBytes), connection)
  } catch (error) {
    // The status arrived, its explanation did not: a 4xx is a refusal all the same, anything else may have been done.
    return response.status >= 400 && response.status < 500
      ? { kind: 'refused', refusal: { status: response.status } }
      : { kind: 'unknown', code: networkFailure(error).code, status: response.status }
  }
}

/** A server's error says nothing of what was done before it, whatever code comes with it. */
function answerOf(response: Response, bytes: Buffer, connection: Connection): TwilioAnswer {
  const json = readJson(bytes)
  const body = json.ok ? record(json.value) : undefined
  const { status } = response
  if (status === 204) return { kind: 'ok', body: {} }
  if (status >= 200 && status < 300) return body ? { kind: 'ok', body } : { kind: 'unknown', code: 'unreadable_answer', status }
  if (status >= 500 || status === 408) return { kind: 'unknown', code: `http_${status}`, status }
  const seconds = number(response.headers.get('retry-after'))
  const code = number(member(body, 'code'))
  const detail = string(member(body, 'message'))
  return {
    kind: 'refused',
    refusal: {
      status,
      ...(code === undefined ? {} : { code }),
      ...(detail === undefined ? {} : { detail: withoutSecrets(detail, connection) }),
      ...(seconds === undefined || seconds <= 0 ? {} : { retryAfterMs: Math.min(seconds * 1000, maxRetryAfterMs) }),
    },
  }
}

const withoutSecrets = (text: string, { secrets }: Connection): string =>
  secrets.reduce((told, secret) => told.replaceAll(secret, '[secret]'), text)

/** An answer that is not `ok`, as the outcome of a send. */
export function failureOf(answer: Exclude<TwilioAnswer, { kind: 'ok' }>, random: () => number): Failure {
  if (answer.kind === 'refused') return classifyRefusal(answer.refusal, random)
  if (answer.kind === 'unsent' && answer.code === blockedAddressCode.toLowerCase())
    return {
      outcome: 'reconnect',
      code: 'blocked_address',
      text: 'The address of Twilio in the settings is in a private network, which this server does not call (PARLEY_OUTBOUND_ALLOW).',
    }
  if (answer.kind === 'unsent')
    return {
      outcome: 'retry',
      code: answer.code,
      text: 'Twilio could not be reached. It will be tried again.',
      scope: 'message',
    }
  return { outcome: 'unknown', code: answer.code, text: 'Twilio did not confirm the message. It may have been sent.' }
}
