/** Who may speak to the webhook: the signature of each delivery and the handshake of the subscription. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { hasSignature } from '../../platform/webhook-signature.ts'
import type { WebhookRequest } from '../../ports/channel.ts'

/** `sha256=` and 64 lower-case hex digits of HMAC-SHA256 over exactly these bytes. */
const form = { header: 'x-hub-signature-256', form: /^sha256=([0-9a-f]{64})$/, encoding: 'hex' } as const

export const verify = (request: Pick<WebhookRequest, 'headers' | 'rawBody'>, secrets: readonly string[]): boolean =>
  hasSignature(request, secrets, form)

/** 200 with the challenge as it came (to be sent as text/plain, never HTML), 403 for a wrong token or mode, 400 without challenge. */
export function handshake(
  query: Record<string, string | undefined>,
  verifyTokens: readonly string[],
): { status: number; body: string } {
  const token: unknown = query['hub.verify_token']
  if (query['hub.mode'] !== 'subscribe' || typeof token !== 'string' || !isOneOf(token, verifyTokens)) {
    return { status: 403, body: 'The verify token or the mode is wrong.' }
  }
  const challenge: unknown = query['hub.challenge']
  if (typeof challenge !== 'string' || challenge === '') return { status: 400, body: 'hub.challenge is missing.' }
  return { status: 200, body: challenge }
}

function isOneOf(given: string, allowed: readonly string[]): boolean {
  // Digests have one length, so the comparison tells nothing about that of the token.
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const mine = digest(given)
  let matched = false
  for (const token of allowed) {
    if (token !== '') matched = timingSafeEqual(mine, digest(token)) || matched
  }
  return matched
}
