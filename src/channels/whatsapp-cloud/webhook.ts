/** Who may speak to the webhook: the signature of each delivery and the handshake of the subscription. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

const HEADER = 'x-hub-signature-256'
const SIGNATURE = /^sha256=([0-9a-f]{64})$/

/**
 * True when the header is `sha256=` and 64 lower-case hex digits of HMAC-SHA256 over exactly these bytes with one of the
 * secrets. Every secret is tried whatever the earlier ones gave, so the time does not tell which one matched.
 */
export function verify(
  request: { headers: Record<string, string | undefined>; rawBody: Buffer },
  secrets: readonly string[],
): boolean {
  const stated = SIGNATURE.exec(onlyHeader(request.headers) ?? '')?.[1]
  if (stated === undefined) return false
  const given = Buffer.from(stated, 'hex')
  let matched = false
  for (const secret of secrets) {
    // An unset secret is '': everybody could sign with it.
    if (secret === '') continue
    const expected = createHmac('sha256', secret).update(request.rawBody).digest()
    matched = (given.length === expected.length && timingSafeEqual(given, expected)) || matched
  }
  return matched
}

/** Two headers of that name, in whatever case, are no signature: which of them would count is a guess. */
function onlyHeader(headers: Record<string, unknown>): string | undefined {
  const values = Object.entries(headers).filter(([name, value]) => name.toLowerCase() === HEADER && value !== undefined)
  const value = values.length === 1 ? values[0]?.[1] : undefined
  return typeof value === 'string' ? value : undefined
}

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
