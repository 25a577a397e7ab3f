import { createHmac } from 'node:crypto'

// A bigint becomes a JSON number with all its digits: template ids exceed 2^53.
const bigNumber = /"\\u0000n(\d+)\\u0000"/g
const withBigNumbers = (_key: string, value: unknown) => (typeof value === 'bigint' ? `\u0000n${value}\u0000` : value)

const escapeUnit = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/** JSON as Meta writes it into webhooks: everything outside ASCII as `\uXXXX`, every slash as `\/`. */
export function metaJson(value: unknown): string {
  return (
    JSON.stringify(value, withBigNumbers)
      .replace(bigNumber, '$1')
      // Code units, not code points: an emoji becomes two escapes.
      .replace(/[\u0080-\uffff]/g, escapeUnit)
      .replaceAll('/', '\\/')
  )
}

/** Value of `X-Hub-Signature-256`: `sha256=` and the lower-case hex HMAC of the bytes under the app's secret. */
export function signBody(secret: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(body, 'utf8').digest('hex')}`
}

/** Value of the older `X-Hub-Signature`, which Meta still sends. */
export function signBodySha1(secret: string, body: string): string {
  return `sha1=${createHmac('sha1', secret).update(body, 'utf8').digest('hex')}`
}
