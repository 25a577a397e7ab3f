/**
 * How much one may ask: a business by its keys as often a minute as its `rate_limit` says, a person or a key of the
 * platform as often as a number here. What is over is turned away before the database is asked, so that a business that
 * asks fifty times its share takes next to nothing from the others. With Redis all processes count together; without it, and
 * while it is away, each counts for itself.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible'
import { ParleyError } from '../kernel/errors.ts'
import { type Database, inTenant } from '../platform/db/tx.ts'
import type { Redis } from '../platform/redis.ts'
import { tokenHash } from './sessions.ts'

/** Requests a minute of one person: a console in several windows, far above what hands can do. */
const personPerMinute = 6000
/** Requests a minute of one key of the platform: scripts that go through every business. */
const platformPerMinute = 6000
/** How long a business's own limit is remembered. */
const rememberMs = 5000
const windowSeconds = 60
/** Of a minute's requests, how many may come within one second: a minute's worth at once would be felt by all others. */
const inOneSecond = (perMinute: number): number => Math.max(20, Math.ceil(perMinute / 10))
/** After that long a key that is used up is looked at again: it may have been revoked, its limit raised. */
const lookAgainMs = 1000
/** Keys remembered as used up; beyond, all are forgotten and asked anew. */
const maxRemembered = 20_000

export interface RequestLimits {
  /** Before it is known who asks: throws for a key that is used up. Asks nobody. */
  turnAway(request: FastifyRequest, reply: FastifyReply): void
  /** Once it is known: counts the request and throws where it is one too many. */
  count(request: FastifyRequest, reply: FastifyReply): Promise<void>
}

export function createRequestLimits(
  db: Database,
  options: { now?: () => number; redis?: Pick<Redis, 'prefix' | 'ready' | 'evaluate'> } = {},
): RequestLimits {
  const now = options.now ?? Date.now
  const limiters = new Map<number, RateLimiterAbstract>()
  const bursts = new Map<number, RateLimiterAbstract>()
  const limiterOf = (perMinute: number, of: Map<number, RateLimiterAbstract>, points: number, duration: number) => {
    const known = of.get(perMinute) ?? makeLimiter(points, duration, options.redis)
    of.set(perMinute, known)
    return known
  }
  const consume = (limiter: RateLimiterAbstract, key: string) => limiter.consume(key).catch((over: RateLimiterRes) => over)
  const limits = new Map<string, { perMinute: number; until: number }>()
  const usedUp = new Map<string, { lookAgain: number; until: number }>()

  async function perMinuteOf(tenantId: string): Promise<number> {
    const known = limits.get(tenantId)
    if (known && known.until > now()) return known.perMinute
    const perMinute = await inTenant(db, tenantId, async (tx) => {
      const { rows } = await tx.query<{ rate_limit: number }>('SELECT rate_limit FROM tenants WHERE id = $1', [tenantId])
      return Math.max(1, rows[0]?.rate_limit ?? 1)
    })
    if (limits.size > maxRemembered) limits.clear()
    limits.set(tenantId, { perMinute, until: now() + rememberMs })
    return perMinute
  }

  async function subject(request: FastifyRequest): Promise<{ key: string; perMinute: number } | null> {
    const { actor, operator, session } = request
    if (session) return { key: `person:${session.user.id}`, perMinute: personPerMinute }
    if (actor) return { key: `tenant:${actor.tenantId}`, perMinute: await perMinuteOf(actor.tenantId) }
    return operator && { key: operator.label, perMinute: platformPerMinute }
  }

  function remember(request: FastifyRequest, waitMs: number): void {
    if (!request.headers.authorization) return
    if (usedUp.size > maxRemembered) usedUp.clear()
    const until = now() + waitMs
    usedUp.set(tokenHash(request.headers.authorization), { lookAgain: Math.min(until, now() + lookAgainMs), until })
  }

  return {
    turnAway(request, reply) {
      if (usedUp.size === 0 || !request.headers.authorization) return
      const hash = tokenHash(request.headers.authorization)
      const known = usedUp.get(hash)
      if (!known) return
      if (known.lookAgain > now()) throw refusal(reply, known.until - now(), 'minute')
      usedUp.delete(hash)
    },
    async count(request, reply) {
      const who = await subject(request)
      if (!who) return
      const most = inOneSecond(who.perMinute)
      const burst = await consume(limiterOf(who.perMinute, bursts, most, 1), who.key)
      // What came too fast is not counted against the minute.
      if (burst.consumedPoints > most) {
        remember(request, burst.msBeforeNext)
        throw refusal(reply, burst.msBeforeNext, 'second')
      }
      const state = await consume(limiterOf(who.perMinute, limiters, who.perMinute, windowSeconds), who.key)
      reply.headers({
        'ratelimit-limit': who.perMinute,
        'ratelimit-remaining': Math.max(0, state.remainingPoints),
        'ratelimit-reset': Math.ceil(state.msBeforeNext / 1000),
      })
      if (state.consumedPoints <= who.perMinute) return
      remember(request, state.msBeforeNext)
      throw refusal(reply, state.msBeforeNext, 'minute')
    },
  }
}

function makeLimiter(
  points: number,
  duration: number,
  redis?: Pick<Redis, 'prefix' | 'ready' | 'evaluate'>,
): RateLimiterAbstract {
  const own = new RateLimiterMemory({ points, duration })
  if (!redis) return own
  return new RateLimiterRedis({
    ...{ points, duration, keyPrefix: `${redis.prefix}limit:${duration}` },
    useRedisPackage: true,
    storeClient: {
      get isReady() {
        return redis.ready()
      },
      eval: (script: string, given: { keys: string[]; arguments: string[] }) =>
        redis.evaluate(script, given.keys, given.arguments),
    },
    // Slower to agree, never without a limit.
    insuranceLimiter: own,
  })
}

function refusal(reply: FastifyReply, waitMs: number, span: 'second' | 'minute'): ParleyError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000))
  reply.header('retry-after', seconds)
  return new ParleyError(
    'too_many_requests',
    `Too many requests in this ${span}. Go on in ${seconds} s; whoever runs this server can raise the limit of a business.`,
  )
}
