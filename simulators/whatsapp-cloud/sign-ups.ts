import { GraphError } from './graph-errors.ts'
import type { Json, SignUp } from './types.ts'
import type { World } from './world.ts'

/** Ends the window: returns the code that the app exchanges once. */
export function completeSignUp(world: World, signUp: SignUp): string {
  const code = `AQ${world.random.ids.hex(40)}`
  world.signUps.set(code, signUp)
  return code
}

const tokenOf = (world: World, wabaId: string): string => {
  const number = [...world.numbers.values()].find((one) => one.wabaId === wabaId)
  if (!number) return `EAA${world.random.ids.hex(40)}`
  return number.accessToken
}

/** `GET /oauth/access_token`: a code counts once, for the app it was made for. Throws 100 and 1. */
export function exchangeCode(world: World, query: Record<string, string | undefined>): Json {
  const app = world.apps.get(query.client_id ?? '')
  if (!app)
    throw new GraphError(101, {
      httpStatus: 400,
      message: 'Error validating application. Cannot get application info due to a system error.',
    })
  if (app.secret !== query.client_secret) throw new GraphError(1, { message: 'Error validating client secret.' })
  const signUp = world.signUps.get(query.code ?? '')
  if (!signUp || signUp.appId !== app.id)
    throw new GraphError(100, { subcode: 36009, message: 'This authorization code has been used.' })
  world.signUps.delete(query.code as string)
  const token = tokenOf(world, signUp.wabaId)
  world.granted.set(token, signUp)
  return { access_token: token, token_type: 'bearer' }
}

/** `GET /debug_token`, asked with the app's own token (`id|secret`). Throws 190. */
export function inspectToken(world: World, authorization: string | undefined, input: string | undefined): Json {
  const [id = '', secret] = (/^Bearer (\S+)$/.exec(authorization ?? '')?.[1] ?? '').split('|')
  if (world.apps.get(id)?.secret !== secret || secret === undefined) throw new GraphError(190)
  const signUp = world.granted.get(input ?? '')
  if (!signUp) return { data: { is_valid: false, error: { code: 190, message: 'Invalid OAuth access token.' } } }
  const scopes = signUp.scopes ?? ['whatsapp_business_management', 'whatsapp_business_messaging']
  const targets = signUp.targets ?? [signUp.wabaId]
  return {
    data: {
      app_id: signUp.appId,
      type: 'SYSTEM_USER',
      is_valid: !world.expiredTokens.has(input ?? ''),
      expires_at: 0,
      scopes,
      granular_scopes: scopes.map((scope) => ({ scope, target_ids: targets })),
    },
  }
}
