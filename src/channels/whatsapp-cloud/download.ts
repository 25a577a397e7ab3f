/**
 * Fetches a file that came in: its id → a URL that lives five minutes → the bytes. The token goes with it only to the
 * Graph API itself and to the provider's file hosts over HTTPS, and never along a redirect.
 */
import { createHash } from 'node:crypto'
import { number, sha256Hex, string } from '../../kernel/read.ts'
import { networkFailure, readLimited, TooLarge } from '../../platform/outbound-answer.ts'
import type { AccountConnection, CallOptions, DownloadResult, MediaRef } from '../../ports/channel.ts'
import { type ClientDeps, callGraph, failureOf } from './client.ts'
import { type Connection, connectionOf, graphId } from './config.ts'

type Options = CallOptions & { maxBytes: number }
type Refused = Exclude<DownloadResult, { outcome: 'stored' }>

interface Place {
  url: string
  mimeType?: string
  sha256?: string
}

/** A file of 100 MB on a slow line. */
const DOWNLOAD_TIMEOUT_MS = 120_000
/** Broken credentials are mended by a person; the file stays fetchable for 7 days. */
const RECONNECT_WAIT_MS = 15 * 60_000

export async function download(
  deps: ClientDeps,
  account: AccountConnection,
  media: MediaRef,
  options: Options,
): Promise<DownloadResult> {
  const { connection, problem } = connectionOf(account)
  if (!connection) return { outcome: 'retry', code: 'config', text: problem ?? '', retryAfterMs: RECONNECT_WAIT_MS }
  const first = await fetchOnce(deps, connection, media, options)
  // The URL ran out between the look-up and the fetch, or the one in the webhook is old: look up a new one, once.
  return first === 'url_gone' ? again(await fetchOnce(deps, connection, media, options)) : first
}

const again = (result: DownloadResult | 'url_gone'): DownloadResult =>
  result === 'url_gone' ? refused('media_gone', 'The file is no longer available from WhatsApp.') : result

async function fetchOnce(
  deps: ClientDeps,
  connection: Connection,
  media: MediaRef,
  options: Options,
): Promise<DownloadResult | 'url_gone'> {
  const place = await placeOf(deps, connection, media, options)
  if ('outcome' in place) return place
  if (!mayHaveToken(place.url, connection)) return refused('media_host', 'The address of the file is not one of WhatsApp.')
  return fetchBytes(deps, connection, place, options)
}

/** Looks the id up; a reference without an id has only its URL. */
async function placeOf(deps: ClientDeps, connection: Connection, media: MediaRef, options: Options): Promise<Place | Refused> {
  if (media.externalId === undefined) {
    return media.url
      ? { url: media.url, mimeType: media.mimeType, sha256: media.sha256 }
      : refused('no_media', 'There is no file to fetch.')
  }
  const mediaId = graphId.safeParse(media.externalId)
  if (!mediaId.success) return refused('media_id', 'The id of the file is not one of WhatsApp.')
  const url = `${connection.base}/${mediaId.data}?phone_number_id=${connection.phoneNumberId}`
  const answer = await callGraph(deps, connection, { url, signal: options.signal })
  if (answer.kind !== 'ok') return lookUpFailure(answer, deps)
  const size = number(answer.body.file_size)
  if (size !== undefined && size > options.maxBytes) return tooLarge(options.maxBytes)
  const found = string(answer.body.url)
  if (found === undefined) return { outcome: 'retry', code: 'no_url', text: 'WhatsApp did not say where the file is.' }
  return {
    url: found,
    mimeType: string(answer.body.mime_type) ?? media.mimeType,
    sha256: sha256Hex(answer.body.sha256) ?? media.sha256,
  }
}

function lookUpFailure(answer: Parameters<typeof failureOf>[0], deps: ClientDeps): Refused {
  const isGone =
    answer.kind === 'refused' && (answer.refusal.subcode === 33 || answer.refusal.code === 803 || answer.refusal.status === 404)
  if (isGone) return refused('media_gone', 'The file is no longer available from WhatsApp.')
  const failure = failureOf(answer, deps.random)
  if (failure.outcome === 'reject') return refused(failure.code, failure.text)
  const stopped = failure.outcome === 'reconnect' || failure.outcome === 'hold' ? RECONNECT_WAIT_MS : undefined
  const retryAfterMs = failure.outcome === 'retry' ? failure.retryAfterMs : stopped
  return { outcome: 'retry', code: failure.code, text: failure.text, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
}

/** Exact hosts: `lookaside.fbsbx.com.example.net` or a user name before an @ must not get the token. */
export function mayHaveToken(address: string, connection: Pick<Connection, 'graphUrl'>): boolean {
  if (!URL.canParse(address)) return false
  const url = new URL(address)
  if (url.username !== '' || url.password !== '') return false
  if (url.origin === new URL(connection.graphUrl).origin) return true
  const isFileHost = url.hostname === 'lookaside.fbsbx.com' || url.hostname.endsWith('.fbcdn.net')
  return url.protocol === 'https:' && url.port === '' && isFileHost
}

async function fetchBytes(
  deps: ClientDeps,
  connection: Connection,
  place: Place,
  options: Options,
): Promise<DownloadResult | 'url_gone'> {
  if (options.signal?.aborted) return { outcome: 'retry', code: 'aborted', text: 'The transfer was stopped.' }
  const timeout = AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS)
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout
  try {
    const headers = { authorization: `Bearer ${connection.accessToken}` }
    const response = await deps.fetch(place.url, { headers, redirect: 'manual', signal })
    if (response.status !== 200) {
      await response.body?.cancel()
      return statusFailure(response.status)
    }
    if ((number(response.headers.get('content-length')) ?? 0) > options.maxBytes) {
      await response.body?.cancel()
      return tooLarge(options.maxBytes)
    }
    return judged(await readLimited(response, options.maxBytes), place)
  } catch (error) {
    if (error instanceof TooLarge) return tooLarge(options.maxBytes)
    return { outcome: 'retry', code: networkFailure(error).code, text: 'The transfer of the file broke off.' }
  }
}

function statusFailure(status: number): DownloadResult | 'url_gone' {
  if (status === 404 || status === 410) return 'url_gone'
  if (status >= 300 && status < 400)
    return refused('media_redirect', 'WhatsApp sent the transfer elsewhere, which is not followed.')
  const retryAfterMs = status === 401 || status === 403 ? { retryAfterMs: RECONNECT_WAIT_MS } : {}
  return { outcome: 'retry', code: `http_${status}`, text: 'WhatsApp did not hand out the file.', ...retryAfterMs }
}

function judged(content: Buffer, place: Place): DownloadResult {
  const sha256 = createHash('sha256').update(content).digest('hex')
  if (place.sha256 !== undefined && place.sha256 !== sha256) {
    return { outcome: 'retry', code: 'hash_mismatch', text: 'The file arrived damaged.' }
  }
  return { outcome: 'stored', content, sha256, ...(place.mimeType === undefined ? {} : { mimeType: place.mimeType }) }
}

const refused = (code: string, text: string): Refused => ({ outcome: 'refused', code, text })
const tooLarge = (maxBytes: number): Refused => refused('too_large', `The file is larger than ${maxBytes} bytes.`)
