/** A contact centre that answers from a list, for the tests of this folder. */
import { createLogger, type Logger } from '../../platform/log.ts'
import type { CentreConnection } from '../../ports/contact-centre.ts'
import type { ClientDeps } from './client.ts'
import { createLimits } from './limits.ts'
import { createTokens } from './token.ts'

export interface Asked {
  url: string
  init: RequestInit
}
export type Answer = Response | Error | ((asked: Asked) => Response | Promise<Response>)

export const SECRET = 'CANARY-client-secret'
export const centre: CentreConnection = {
  tenantId: 't1',
  integrationId: 'int-1',
  config: { region: 'region.example' },
  credentials: { clientId: 'client-1', clientSecret: SECRET },
}

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })

export const granted = (token: string, expires_in: number | undefined = 86_400): Response =>
  json({ access_token: token, token_type: 'bearer', expires_in })

/** Sign-ins are answered from `tokens`, everything else from `answers`; what is missing in a list is a fault of the test. */
export function scripted(tokens: Answer[], answers: Answer[] = []) {
  const asked: Asked[] = []
  const lines: string[] = []
  const clock = { now: Date.parse('2026-11-20T10:00:00Z') }
  const now = () => new Date(clock.now)
  const log: Logger = createLogger({ level: 'DEBUG', write: (line) => lines.push(line), now: () => clock.now })
  const answer: typeof fetch = async (input, init = {}) => {
    const one = { url: String(input), init }
    asked.push(one)
    const next = (one.url.endsWith('/oauth/token') ? tokens : answers).shift()
    if (next === undefined) throw new Error(`Nothing is scripted for ${one.url}.`)
    if (next instanceof Error) throw next
    return typeof next === 'function' ? next(one) : next
  }
  const deps: ClientDeps = {
    fetch: answer,
    log,
    now,
    tokens: createTokens({ fetch: answer, log, now }),
    limits: createLimits(),
  }
  const bearers = () =>
    asked.map(({ init }) => new Headers(init.headers).get('authorization') ?? '').filter((text) => text.startsWith('Bearer'))
  return { deps, asked, lines, clock, bearers, signIns: () => asked.filter(({ url }) => url.endsWith('/oauth/token')).length }
}
