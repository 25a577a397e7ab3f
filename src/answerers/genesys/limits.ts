/**
 * How often may be called: 300 times a minute for each token, and each process has a token of its own. A call that would be
 * one too many is not made. Limits of the whole organisation are learned from the headers of the answers.
 */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { number } from '../../kernel/read.ts'

export const CALLS_PER_MINUTE = 300
const MINUTE_S = 60
/** Longest pause that a header may ask for. Seconds. */
const MAX_PAUSE_S = 24 * 3_600

export interface Limits {
  /** Milliseconds to wait, or undefined: the call may be made and is counted. `spare` calls are left for others. */
  take(key: string, spare?: number): Promise<number | undefined>
  /** Looks at an answer; after a 429, or when the minute is used up, nothing is sent until it is over. Returns milliseconds. */
  learn(key: string, status: number, headers: Headers, now: Date): Promise<number | undefined>
}

export function createLimits(callsPerMinute = CALLS_PER_MINUTE): Limits {
  const limiter = new RateLimiterMemory({ points: callsPerMinute, duration: MINUTE_S })
  return {
    async take(key, spare = 0) {
      if (spare > 0) {
        const used = await limiter.get(key)
        if (used && used.remainingPoints <= spare) return Math.max(used.msBeforeNext, 1)
      }
      try {
        await limiter.consume(key)
        return undefined
      } catch (error) {
        if (error instanceof RateLimiterRes) return Math.max(error.msBeforeNext, 1)
        throw error
      }
    },
    async learn(key, status, headers, now) {
      const pause = pauseOf(status, headers, now)
      if (pause !== undefined) await limiter.block(key, pause)
      return pause === undefined ? undefined : pause * 1_000
    },
  }
}

/** Seconds in which nothing may be sent. */
function pauseOf(status: number, headers: Headers, now: Date): number | undefined {
  const [count, allowed, reset] = ['count', 'allowed', 'reset'].map((name) => number(headers.get(`inin-ratelimit-${name}`)))
  if (status === 429) return within(retryAfter(headers, now) ?? reset ?? MINUTE_S)
  const usedUp = count !== undefined && allowed !== undefined && count >= allowed
  return usedUp ? within(reset ?? MINUTE_S) : undefined
}

const within = (seconds: number): number => Math.min(Math.max(Math.ceil(seconds), 1), MAX_PAUSE_S)

/** Seconds that `Retry-After` asks to wait, given as such or as a date. */
export function retryAfter(headers: Headers, now: Date): number | undefined {
  const stated = headers.get('retry-after')
  if (stated === null) return undefined
  const seconds = number(stated) ?? (Date.parse(stated) - now.getTime()) / 1_000
  return seconds > 0 ? Math.min(seconds, MAX_PAUSE_S) : undefined
}
