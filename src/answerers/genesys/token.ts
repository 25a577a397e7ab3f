/**
 * Access tokens by OAuth client credentials. There is no refresh token: a new one is asked for before the old one ends, by
 * one call for everybody who waits for it.
 */
import { LRUCache } from 'lru-cache'
import { number, string } from '../../kernel/read.ts'
import type { Logger } from '../../platform/log.ts'
import { networkFailure, readLimited } from '../../platform/outbound-answer.ts'
import { basic, bodyOf, clientKey, MAX_ANSWER_BYTES, traceOf, wordsOf } from './answer.ts'
import type { Connection } from './config.ts'
import { classifyNetwork, classifySignIn, type Failure } from './failures.ts'
import { retryAfter } from './limits.ts'

export type Grant = { token: string } | { failure: Failure }

export interface Tokens {
  get(connection: Connection, signal?: AbortSignal): Promise<Grant>
  /** This token was refused. Does nothing where another one has taken its place. */
  drop(connection: Connection, token: string): void
}

interface Held {
  token: string
  /** Unix milliseconds. */
  renewAt: number
  endsAt: number
}

const SIGN_IN_TIMEOUT_MS = 10_000
/** Of a token's life, after which a new one is asked for. */
const RENEW_AT = 0.9
/** Where the answer does not say: an hour, well under the usual day. Seconds. */
const ASSUMED_LIFE_S = 3_600
const MAX_CLIENTS = 10_000

export interface TokenDeps {
  fetch: typeof fetch
  log: Logger
  now: () => Date
}

export function createTokens(deps: TokenDeps): Tokens {
  const held = new LRUCache<string, Held>({ max: MAX_CLIENTS })
  const pending = new Map<string, Promise<Grant>>()

  async function renew(key: string, connection: Connection): Promise<Grant> {
    const old = held.get(key)
    const granted = await signIn(deps, connection)
    if ('endsAt' in granted) {
      held.set(key, granted)
      return granted
    }
    // The old one is good to its end; whether a new one can be had is seen again with the next call.
    const isGood = old !== undefined && held.get(key) === old && deps.now().getTime() < old.endsAt
    return isGood && granted.failure.outcome === 'retry' ? old : granted
  }

  return {
    async get(connection, signal) {
      if (signal?.aborted) return aborted
      const key = clientKey(connection)
      const known = held.get(key)
      if (known && deps.now().getTime() < known.renewAt) return known
      const running = pending.get(key) ?? renew(key, connection).finally(() => pending.delete(key))
      pending.set(key, running)
      return signal ? orAborted(running, signal) : running
    },
    drop(connection, token) {
      const key = clientKey(connection)
      if (held.get(key)?.token === token) held.delete(key)
    },
  }
}

const aborted: Grant = { failure: classifyNetwork({ kind: 'unsent', code: 'aborted' }) }

/** Who waits may leave; the renewal goes on for the others. */
async function orAborted(running: Promise<Grant>, signal: AbortSignal): Promise<Grant> {
  const { promise, resolve } = Promise.withResolvers<Grant>()
  const leave = () => resolve(aborted)
  signal.addEventListener('abort', leave, { once: true })
  try {
    return await Promise.race([running, promise])
  } finally {
    // The signal may be that of the whole process.
    signal.removeEventListener('abort', leave)
  }
}

async function signIn(deps: TokenDeps, connection: Connection): Promise<Held | { failure: Failure }> {
  const started = deps.now().getTime()
  const context = { operation: 'genesys.sign_in', tenant_id: connection.tenantId }
  try {
    const response = await deps.fetch(`${connection.login}/oauth/token`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${basic(connection)}`,
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
      },
      body: 'grant_type=client_credentials',
      // A redirect would carry the secret away.
      redirect: 'manual',
      signal: AbortSignal.timeout(SIGN_IN_TIMEOUT_MS),
    })
    const body = bodyOf(await readLimited(response, MAX_ANSWER_BYTES))
    const token = string(body?.access_token)
    const lifeMs = Math.max(0, number(body?.expires_in) ?? ASSUMED_LIFE_S) * 1_000
    if (response.ok && token !== undefined && /^[\x21-\x7e]{1,8192}$/.test(token))
      return { token, renewAt: started + lifeMs * RENEW_AT, endsAt: started + lifeMs }
    const wait = retryAfter(response.headers, deps.now())
    const { status } = response
    // 2xx without a token: something else answers at this address.
    const words = response.ok ? { code: 'no_token' } : wordsOf(body, connection)
    const failure = classifySignIn({ status, ...words, ...(wait === undefined ? {} : { retryAfterMs: wait * 1_000 }) })
    deps.log.warn('The contact centre gave no token.', {
      ...context,
      status,
      code: failure.code,
      ...traceOf(body, response.headers),
    })
    return { failure }
  } catch (error) {
    // Whatever became of it, the message itself was not sent.
    const failure = classifyNetwork({ kind: 'unsent', code: networkFailure(error).code })
    deps.log.warn('The contact centre gave no token.', { ...context, code: failure.code })
    return { failure }
  }
}
