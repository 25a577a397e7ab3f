/** What became of a request that this server made: its answer up to a limit, or whether it can have left at all. */
import { member } from '../kernel/read.ts'
import { blockedAddressCode } from './outbound.ts'

/** The body, or an error when it is larger than `maxBytes`. */
export async function readLimited(response: Response, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    // Leaving the loop cancels the stream.
    if (size > maxBytes) throw new TooLarge(`The answer is larger than ${maxBytes} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

export class TooLarge extends Error {}

/** Failures before a connection stood, so that no byte of the request can have arrived. */
const unsentCodes = new Set<string>([
  blockedAddressCode,
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'HOSTNAME_MISMATCH',
])

export function networkFailure(error: unknown): { kind: 'unsent' | 'unknown'; code: string } {
  if (error instanceof DOMException && error.name === 'TimeoutError') return { kind: 'unknown', code: 'timeout' }
  if (error instanceof DOMException && error.name === 'AbortError') return { kind: 'unknown', code: 'aborted' }
  const causes = causesOf(error)
  const code = causes.map(codeOf).find((name) => name !== undefined)
  const unsent = causes.length > 0 && causes.every(isBeforeSending)
  return { kind: unsent ? 'unsent' : 'unknown', code: (code ?? 'network').toLowerCase() }
}

/** fetch wraps what happened in `cause`; several addresses tried at once give several errors. */
function causesOf(error: unknown): unknown[] {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof AggregateError && cause.errors.length > 0 ? cause.errors : cause === undefined ? [] : [cause]
}

const codeOf = (cause: unknown): string | undefined => {
  const code = member(cause, 'code')
  return typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : undefined
}

function isBeforeSending(cause: unknown): boolean {
  const code = codeOf(cause) ?? ''
  const handshake = cause instanceof Error && cause.message.includes('before secure TLS connection was established')
  return handshake || unsentCodes.has(code) || /^(CERT_|ERR_TLS_|ERR_SSL_)/.test(code) || member(cause, 'syscall') === 'connect'
}
