import { ApiError, badToken, tooManyCalls } from './api-error.ts'
import type { Json, Token } from './types.ts'
import type { World } from './world.ts'

export type SignInAnswer = { status: number; body: Json }

/** `POST /oauth/token`. The sign-in has an error form of its own. */
export function signIn(world: World, authorization: string | undefined, form: URLSearchParams): SignInAnswer {
  const refused = (error: string, description: string): SignInAnswer => ({
    status: 400,
    body: { error, description, error_description: description },
  })
  if (form.get('grant_type') !== 'client_credentials')
    return refused('unsupported_grant_type', 'The grant type is not supported.')
  const [id, secret] = basicOf(authorization)
  const client = world.clients.get(id)
  if (!client) return refused('invalid_client', 'client not found')
  if (client.secret !== secret) return refused('invalid_client', `client secret ${secret} is not valid`)
  world.counters.signIns++
  const expiresAt = world.clock.now() + world.settings.tokenLifeS * 1_000
  const token: Token = { value: world.random.ids.hex(86), clientId: id, expiresAt, revoked: false }
  world.tokens.set(token.value, token)
  return { status: 200, body: { access_token: token.value, token_type: 'bearer', expires_in: world.settings.tokenLifeS } }
}

function basicOf(authorization: string | undefined): [id: string, secret: string] {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/.exec(authorization ?? '')?.[1] ?? ''
  const [id = '', ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':')
  return [id, rest.join(':')]
}

/** Who calls; throws 401, 403 or 429. Returns the headers that every answer has. */
export function authorise(world: World, authorization: string | undefined, permission: string): Record<string, string> {
  const value = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1] ?? ''
  const token = world.tokens.get(value)
  const client = token && world.clients.get(token.clientId)
  if (!token || !client || token.revoked || token.expiresAt <= world.clock.now()) throw badToken()
  const headers = countCall(world, token)
  if (client.permissions && !client.permissions.includes(permission)) {
    const message = `Unable to perform the requested action. You are missing the following permission(s): ${permission}`
    throw new ApiError(403, 'missing.any.permissions', message)
  }
  return headers
}

const minuteMs = 60_000

function countCall(world: World, token: Token): Record<string, string> {
  const { callsPerMinute } = world.settings
  const now = world.clock.now()
  const recent = (world.calls.get(token.value) ?? []).filter((at) => at > now - minuteMs)
  const reset = Math.ceil(((recent[0] ?? now) + minuteMs - now) / 1_000)
  if (recent.length >= callsPerMinute) throw tooManyCalls(reset, callsPerMinute)
  recent.push(now)
  world.calls.set(token.value, recent)
  return {
    'inin-ratelimit-count': String(recent.length),
    'inin-ratelimit-allowed': String(callsPerMinute),
    'inin-ratelimit-reset': String(reset),
  }
}

export function revokeTokens(world: World): void {
  for (const token of world.tokens.values()) token.revoked = true
}
