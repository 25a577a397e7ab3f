/** What a browser keeps: the session, and that this device signed in before. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ParleyError } from '../kernel/errors.ts'
import type { PeopleDeps } from './deps.ts'
import type { SessionView } from './schema.ts'
import { findSession, type SignedIn, type Visitor, wholeSession } from './sessions.ts'

type CookieDeps = Pick<PeopleDeps, 'db' | 'cookieName' | 'throttle'>
const deviceCookie = (cookieName: string): string => `${cookieName}_device`
const deviceDays = 365

const shared = (cookieName: string) =>
  ({ path: '/', httpOnly: true, sameSite: 'lax', secure: cookieName.startsWith('__Host-') }) as const

export function setSession(reply: FastifyReply, cookieName: string, { token, expiresAt }: SignedIn): void {
  reply.setCookie(cookieName, token, { ...shared(cookieName), expires: expiresAt })
}

export const deviceOf = (request: FastifyRequest, cookieName: string): string | undefined =>
  request.cookies[deviceCookie(cookieName)]

export const visitorOf = (request: FastifyRequest): Visitor => {
  const userAgent = request.headers['user-agent']
  return { ip: request.ip, ...(userAgent ? { userAgent } : {}) }
}

/** Hands over the cookies of a session that has just begun, and says what it is. */
export async function welcome(deps: CookieDeps, reply: FastifyReply, signedIn: SignedIn): Promise<SessionView> {
  const found = await findSession(deps.db, signedIn.token)
  if (!found) throw new ParleyError('not_signed_in', 'Sign in again.')
  setSession(reply, deps.cookieName, signedIn)
  reply.setCookie(deviceCookie(deps.cookieName), deps.throttle.remember(found.view.user.email), {
    ...shared(deps.cookieName),
    maxAge: deviceDays * 86_400,
  })
  return await wholeSession(deps.db, found.view)
}
