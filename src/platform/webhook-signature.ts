/** Whether a delivery is signed by who knows the secret: HMAC-SHA256 over its bytes in a header, as several providers do. */
import { createHmac, timingSafeEqual } from 'node:crypto'

export interface SignatureForm {
  /** Lower case. */
  header: string
  /** Of the whole header; group 1 is the signature. Strict: what only nearly looks like one is none. */
  form: RegExp
  encoding: 'hex' | 'base64'
}

/**
 * True when the header holds the HMAC-SHA256 over exactly these bytes with one of the secrets. Every secret is tried
 * whatever the earlier ones gave, so the time does not tell which one matched.
 */
export function hasSignature(
  request: { headers: Record<string, string | undefined>; rawBody: Buffer },
  secrets: readonly string[],
  { header, form, encoding }: SignatureForm,
): boolean {
  const stated = form.exec(onlyHeader(request.headers, header) ?? '')?.[1]
  if (stated === undefined) return false
  const given = Buffer.from(stated, encoding)
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
function onlyHeader(headers: Record<string, unknown>, wanted: string): string | undefined {
  const names = Object.keys(headers).filter((name) => name.toLowerCase() === wanted && headers[name] !== undefined)
  const value = names.length === 1 ? headers[names[0] as string] : undefined
  return typeof value === 'string' ? value : undefined
}
