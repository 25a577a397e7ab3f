/**
 * Fetches a file that came in. Its address at the API leads, with the account's credentials, to a place that is anybody's who
 * knows it: the credentials go to the API's own host and this account's files only, and never along.
 */
import { createHash } from 'node:crypto'
import { number } from '../../kernel/read.ts'
import { networkFailure, readLimited, TooLarge } from '../../platform/outbound-answer.ts'
import type { AccountConnection, CallOptions, DownloadResult, MediaRef } from '../../ports/channel.ts'
import type { ClientDeps } from './client.ts'
import { accountPath, baseOf, type Connection, connectionOf } from './config.ts'

type Options = CallOptions & { maxBytes: number }
type Refused = Exclude<DownloadResult, { outcome: 'stored' }>

const timeoutMs = 60_000
/** Broken credentials are mended by a person; Twilio keeps files for years. */
const reconnectWaitMs = 15 * 60_000
const maxRedirects = 3

export async function download(
  deps: ClientDeps,
  account: AccountConnection,
  media: MediaRef,
  options: Options,
): Promise<DownloadResult> {
  const { connection, problem } = connectionOf(account)
  if (!connection) return { outcome: 'retry', code: 'config', text: problem ?? '', retryAfterMs: reconnectWaitMs }
  if (media.url === undefined) return refused('no_media', 'There is no file to fetch.')
  if (!isOwnFile(media.url, connection))
    return refused('media_host', 'The address of the file is not one of this Twilio account.')
  if (options.signal?.aborted) return { outcome: 'retry', code: 'aborted', text: 'The transfer was stopped.' }
  const timeout = AbortSignal.timeout(timeoutMs)
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout
  try {
    const response = await follow(deps, connection, media.url, signal)
    if (!(response instanceof Response)) return response
    if ((number(response.headers.get('content-length')) ?? 0) > options.maxBytes) {
      await response.body?.cancel()
      return tooLarge(options.maxBytes)
    }
    const content = await readLimited(response, options.maxBytes)
    const mimeType = media.mimeType ?? response.headers.get('content-type') ?? undefined
    const sha256 = createHash('sha256').update(content).digest('hex')
    return { outcome: 'stored', content, sha256, ...(mimeType === undefined ? {} : { mimeType }) }
  } catch (error) {
    if (error instanceof TooLarge) return tooLarge(options.maxBytes)
    return { outcome: 'retry', code: networkFailure(error).code, text: 'The transfer of the file broke off.' }
  }
}

/** Exact host, and below this account: neither a look-alike nor a neighbour's file gets the credentials. */
export function isOwnFile(address: string, connection: Pick<Connection, 'apiUrl' | 'accountSid'>): boolean {
  if (!URL.canParse(address)) return false
  const url = new URL(address)
  const base = new URL(baseOf(connection, 'api'))
  const below = `${base.pathname.replace(/\/+$/, '')}${accountPath(connection)}/`
  return url.origin === base.origin && url.username === '' && url.password === '' && url.pathname.startsWith(below)
}

/** Credentials with the first request alone. */
async function follow(
  deps: ClientDeps,
  connection: Connection,
  address: string,
  signal: AbortSignal,
): Promise<Response | Refused> {
  let headers: Record<string, string> = { authorization: `Basic ${Buffer.from(connection.login).toString('base64')}` }
  let url = address
  for (let step = 0; step <= maxRedirects; step++) {
    const response = await deps.fetch(url, { headers, redirect: 'manual', signal })
    if (response.status === 200) return response
    await response.body?.cancel()
    const place = response.headers.get('location')
    if (response.status < 300 || response.status >= 400 || place === null) return statusFailure(response.status)
    const next = new URL(place, url)
    const near = next.origin === new URL(baseOf(connection, 'api')).origin
    if (next.protocol !== 'https:' && !near)
      return refused('media_redirect', 'Twilio sent the transfer to a place that is not safe.')
    ;[url, headers] = [next.href, {}]
  }
  return refused('media_redirect', 'Twilio sent the transfer from place to place.')
}

function statusFailure(status: number): Refused {
  if (status === 404 || status === 410) return refused('media_gone', 'The file is no longer available from Twilio.')
  const stopped = status === 401 || status === 403 ? { retryAfterMs: reconnectWaitMs } : {}
  return { outcome: 'retry', code: `http_${status}`, text: 'Twilio did not hand out the file.', ...stopped }
}

const refused = (code: string, text: string): Refused => ({ outcome: 'refused', code, text })
const tooLarge = (maxBytes: number): Refused => refused('too_large', `The file is larger than ${maxBytes} bytes.`)
