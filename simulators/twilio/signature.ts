import { createHmac } from 'node:crypto'

/** The address, then names and values in order of the names; of a GET the address alone, which holds the parameters. */
export function sign(authToken: string, url: string, params: Record<string, string> = {}): string {
  const words = Object.keys(params)
    .sort()
    .map((name) => `${name}${params[name]}`)
  return createHmac('sha1', authToken)
    .update(Buffer.from(url + words.join(''), 'utf8'))
    .digest('base64')
}
