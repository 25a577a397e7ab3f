/**
 * X-Twilio-Signature. A form is signed as the address called, followed by each parameter's name and value in order of the
 * names; any other body as the address alone, which then holds the body's hash. The address is the one Twilio called: behind
 * a proxy it comes from configuration, never from the request.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

export interface SignedRequest {
  method: string
  /** Scheme, host, path and query exactly as Twilio called it. */
  url: string
  headers: Record<string, string | undefined>
  rawBody: Buffer
}

/** A name that came several times has all its values. */
export type Form = ReadonlyMap<string, readonly string[]>

/**
 * Signed by who knows one of the tokens. Only the primary token of the account signs, a sub-account's for its own numbers;
 * while one is replaced both are given. Every token and every way of writing the address is tried whatever the earlier
 * ones gave, so the time does not tell which matched.
 */
export function isSigned(request: SignedRequest, tokens: readonly string[]): boolean {
  const stated = /^[A-Za-z0-9+/]{27}=$/.exec(onlyHeader(request.headers, 'x-twilio-signature') ?? '')?.[0]
  const form = signedForm(request)
  if (stated === undefined || form === undefined) return false
  const given = Buffer.from(stated, 'base64')
  const addresses = addressesOf(request.url)
  let matched = false
  for (const token of tokens) {
    // An unset token is '': everybody could sign with it.
    if (token === '') continue
    for (const address of addresses) matched = timingSafeEqual(given, digest(token, address, form)) || matched
  }
  return matched
}

/** What Twilio would write for this address and form. */
export const signatureOf = (token: string, url: string, form: Form): string => digest(token, url, form).toString('base64')

/** The parameters of a form, decoded, in the order in which they came. */
export function readForm(rawBody: Buffer | string): Form {
  const form = new Map<string, string[]>()
  for (const [name, value] of new URLSearchParams(rawBody.toString())) {
    const values = form.get(name)
    if (values) values.push(value)
    else form.set(name, [value])
  }
  return form
}

const nothing: Form = new Map()

/** What is signed beside the address. undefined: whatever the signature, it says nothing about this body. */
function signedForm({ method, url, headers, rawBody }: SignedRequest): Form | undefined {
  const isForm = /^application\/x-www-form-urlencoded\s*(;|$)/i.test(onlyHeader(headers, 'content-type') ?? '')
  const stated = statedHash(url)
  if (stated !== undefined) return hasHash(rawBody, stated) ? nothing : undefined
  if (isForm && method !== 'GET') return readForm(rawBody)
  // Parameters of a GET stand in the address. A body that nothing is said about could be anybody's.
  return rawBody.length === 0 ? nothing : undefined
}

/** The last one counts: Twilio appends it to whatever the address held. */
const statedHash = (url: string): string | undefined => [...url.matchAll(/[?&]bodySHA256=([^&#]*)/g)].at(-1)?.[1]

function hasHash(rawBody: Buffer, stated: string): boolean {
  if (!/^[0-9a-f]{64}$/i.test(stated)) return false
  return timingSafeEqual(Buffer.from(stated, 'hex'), createHash('sha256').update(rawBody).digest())
}

function digest(token: string, url: string, form: Form): Buffer {
  const names = [...form.keys()].sort()
  const written = names.map((name) => [...new Set(form.get(name))].sort().map((value) => name + value))
  return createHmac('sha1', token)
    .update(url + written.flat().join(''))
    .digest()
}

/** User info, host, port; nothing is normalised, so that what was encoded stays as it came. */
const parts = /^(https?:\/\/)([^/?#]*@)?(\[[^\]]*\]|[^/?#:]*)(:\d+)?([^#]*)/i

/**
 * The ways in which the address may have been written when it was signed: with and without its port, with and without the
 * standard one, and with the apostrophes of its query as they are or encoded.
 */
function addressesOf(url: string): Set<string> {
  const found = parts.exec(url)
  if (!found) return new Set([url])
  const [, scheme = '', user = '', host = '', port = '', rest = ''] = found
  const standard = scheme.toLowerCase() === 'https://' ? ':443' : ':80'
  const addresses = new Set<string>()
  for (const tried of [port, '', standard])
    for (const written of apostrophes(rest)) addresses.add(`${scheme}${user}${host}${tried}${written}`)
  return addresses
}

function apostrophes(rest: string): string[] {
  const start = rest.indexOf('?')
  if (start === -1) return [rest]
  const [path, query] = [rest.slice(0, start), rest.slice(start)]
  return [rest, path + query.replaceAll("'", '%27'), path + query.replaceAll('%27', "'")]
}

/** Two headers of that name, in whatever case, are none: which of them would count is a guess. */
function onlyHeader(headers: Record<string, string | undefined>, wanted: string): string | undefined {
  const values = Object.entries(headers).filter(([name, value]) => name.toLowerCase() === wanted && value !== undefined)
  return values.length === 1 ? values[0]?.[1] : undefined
}
