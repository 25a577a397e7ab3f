/**
 * How often somebody may try. Counted in the database, so that several processes count together and a restart forgets
 * nothing. Ten tries a minute from one address, and ten for one name: the eleventh is refused, with the right password too.
 *
 * Whoever signed in here before has a cookie that says so, and a count of their own: tries of strangers, from wherever they
 * come and however many, lock nobody out of a device they use. (A person on a new device waits out the minute.)
 */
import { createHash } from 'node:crypto'
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible'
import { ParleyError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import type { Database } from '../platform/db/tx.ts'
import type { Secrets } from '../platform/secrets.ts'

export interface Try {
  ip: string
  /** Absent where the caller does not say who they are: a link. */
  email?: string
  /** The cookie of a device that signed in before. */
  device?: string
}

export interface Throttle {
  /** Counts this try; throws `too_many_requests` with the seconds to wait in `details`. */
  take(given: Try): Promise<void>
  /** A signed-in person proves who they are again. */
  takeFor(userId: string): Promise<void>
  /** What a device keeps after a sign-in. */
  remember(email: string): string
}

const perMinute = 10
const belongsTo = 'cookie/device'
const hashed = (text: string): string => createHash('sha256').update(text).digest('base64url')

export function createThrottle(deps: { db: Database; secrets: Secrets }): Throttle {
  const limiter = new RateLimiterPostgres({
    storeClient: deps.db.pool,
    tableName: 'sign_in_tries',
    schemaName: 'parley',
    tableCreated: true,
    clearExpiredByTimeout: false,
    keyPrefix: '',
    points: perMinute,
    duration: 60,
    // Further tries within the minute are refused without asking the database.
    inMemoryBlockOnConsumed: perMinute + 1,
  })

  /** The device's own number, if it is known and has been used by this person. */
  function deviceOf({ email, device }: Try): string | undefined {
    if (!device || !email) return undefined
    try {
      const [who, number] = deps.secrets.open(device, belongsTo).split(' ')
      return who === hashed(email.toLowerCase()) ? number : undefined
    } catch {
      return undefined
    }
  }

  async function consume(keys: readonly string[]): Promise<void> {
    const results = await Promise.allSettled(keys.map((key) => limiter.consume(hashed(key))))
    let waitMs = 0
    for (const result of results) {
      if (result.status === 'fulfilled') continue
      if (!(result.reason instanceof RateLimiterRes)) throw result.reason
      waitMs = Math.max(waitMs, result.reason.msBeforeNext)
    }
    if (waitMs === 0) return
    const retryAfter = Math.max(1, Math.ceil(waitMs / 1000))
    throw new ParleyError('too_many_requests', `Too many attempts. Try again in ${retryAfter} seconds.`, { retryAfter })
  }

  return {
    async take(given) {
      const known = deviceOf(given)
      if (known) return await consume([`device ${known}`])
      const name = given.email ? [`name ${given.email.toLowerCase()}`] : []
      await consume([`address ${network(given.ip)}`, ...name])
    },
    takeFor: (userId) => consume([`person ${userId}`]),
    remember: (email) => deps.secrets.seal(`${hashed(email.toLowerCase())} ${newId()}`, belongsTo),
  }
}

/** One household has 2^64 addresses of version 6: they count as one. */
export function network(ip: string): string {
  if (!ip.includes(':')) return ip
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)
  if (mapped) return mapped[1] as string
  const [head = '', tail] = ip.split('%')[0]?.split('::') ?? []
  const groups = head.split(':').filter(Boolean)
  const after = tail?.split(':').filter(Boolean) ?? []
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length)
  return [...groups, ...Array(zeros).fill('0'), ...after]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}
