import type { FastifyPluginAsync } from 'fastify'
import type { Ingress } from '../conversations/ingress.ts'
import type { Database } from '../platform/db/tx.ts'

/** Parts that are not configured are left out. */
export interface HealthCheckResponse {
  status: 'healthy' | 'degraded' | 'unhealthy'
  timestamp: string
  checks: {
    database: { status: 'ok' | 'error'; latency_ms?: number; error?: string }
    redis?: { status: 'ok' | 'error'; latency_ms?: number; error?: string }
    rabbitmq?: { status: 'ok' | 'error'; queue_depth?: number; error?: string }
  }
  uptime_seconds?: number
}

const timeoutMs = 3000

export async function checkHealth(db: Database): Promise<HealthCheckResponse> {
  const began = performance.now()
  const database = await withTimeout(db.pool.query('SELECT 1')).then(
    () => ({ status: 'ok' as const, latency_ms: Math.round((performance.now() - began) * 10) / 10 }),
    (error: Error) => ({ status: 'error' as const, error: reason(error) }),
  )
  return {
    status: database.status === 'ok' ? 'healthy' : 'unhealthy',
    timestamp: new Date().toISOString(),
    checks: { database },
    uptime_seconds: Math.round(process.uptime()),
  }
}

/** Health is public: it says what is wrong, not where the database is. */
const reason = (error: Error): string => (/timeout|timed out/i.test(error.message) ? 'no answer in time' : 'not reachable')

async function withTimeout<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('timeout')), timeoutMs)
  })
  return await Promise.race([work, late]).finally(() => clearTimeout(timer))
}

export const healthRoute: FastifyPluginAsync<{ db: Database; ingress: Ingress }> = async (server, { db }) => {
  server.get('/health', { schema: { hide: true } }, async (_request, reply) => {
    const health = await checkHealth(db)
    return reply
      .code(health.status === 'unhealthy' ? 503 : 200)
      .header('cache-control', 'no-store')
      .send(health)
  })
}
