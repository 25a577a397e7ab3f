import type { FastifyPluginAsync } from 'fastify'
import type { SearchIndexer, SearchLag } from '../conversations/search/indexer.ts'
import type { DeadLetterKeeper } from '../dead-letters/keeper.ts'
import type { Broker } from '../platform/broker.ts'
import type { Database } from '../platform/db/tx.ts'
import type { Redis } from '../platform/redis.ts'
import type { Spool } from '../platform/spool.ts'

/** Parts that are not configured are left out. */
export interface HealthCheckResponse {
  status: 'healthy' | 'degraded' | 'unhealthy'
  timestamp: string
  checks: {
    database: { status: 'ok' | 'error'; latency_ms?: number; error?: string }
    redis?: { status: 'ok' | 'error'; latency_ms?: number; error?: string }
    /** Only where it needs attention: parts of the message store are missing, or upkeep does not work. */
    upkeep?: { status: 'error'; error: string }
    /** Only where very many are open. */
    dead_letters?: { status: 'error'; open: number; error: string }
    rabbitmq?: { status: 'ok' | 'error'; queue_depth?: number; error?: string }
    /** Only while webhooks wait on the disk for the database. */
    spool?: { status: 'ok'; waiting: number; bytes: number; oldest_seconds: number }
    /** Only while searching does not find everything yet. Nothing else is touched by it. */
    search?: { status: 'ok'; lag_seconds: number; filling: number }
  }
  uptime_seconds?: number
}

const timeoutMs = 3000

interface HealthParts {
  db: Database
  redis?: Redis
  broker?: Pick<Broker, 'depths'>
  search?: Pick<SearchIndexer, 'lag'>
  /** What upkeep found last; asked for, not looked up: health is public and costs nothing. */
  upkeep?: { attention: () => readonly string[] | undefined }
  deadLetters?: Pick<DeadLetterKeeper, 'open' | 'attention'>
  spool?: Pick<Spool, 'waiting'>
}

/** Without the database nothing works; without Redis everything does, more slowly; without RabbitMQ providers wait; without upkeep everything does, for months. */
export async function checkHealth({
  db,
  redis,
  broker,
  search,
  upkeep: keeper,
  deadLetters,
  spool,
}: HealthParts): Promise<HealthCheckResponse> {
  const [database, cache, rabbitmq] = await Promise.all([
    check(() => db.pool.query('SELECT 1')),
    redis && check(() => redis.ping()),
    broker && checkBroker(broker),
  ])
  const amiss = (keeper?.attention() ?? []).length > 0
  const upkeep = amiss ? { upkeep: { status: 'error' as const, error: 'needs attention' } } : {}
  const letters = tooManyLetters(deadLetters)
  const lame = cache?.status === 'error' || rabbitmq?.status === 'error' || amiss || letters.dead_letters
  return {
    status: database.status === 'error' ? 'unhealthy' : lame ? 'degraded' : 'healthy',
    timestamp: new Date().toISOString(),
    checks: {
      database,
      ...(cache ? { redis: cache } : {}),
      ...(rabbitmq ? { rabbitmq } : {}),
      ...searchBehind(search?.lag()),
      ...upkeep,
      ...letters,
      ...onDisk(spool),
    },
    uptime_seconds: Math.round(process.uptime()),
  }
}

/** Longer than the index is behind in ordinary times. */
const behindSeconds = 10

const searchBehind = (lag: SearchLag | undefined): Pick<HealthCheckResponse['checks'], 'search'> =>
  lag && Math.max(lag.seconds, lag.fillingSeconds) > behindSeconds
    ? { search: { status: 'ok', lag_seconds: Math.round(lag.seconds), filling: lag.filling } }
    : {}

function onDisk(spool: HealthParts['spool']): Pick<HealthCheckResponse['checks'], 'spool'> {
  const waiting = spool?.waiting()
  if (!waiting || waiting.files === 0) return {}
  const { files, bytes, oldestMs } = waiting
  return { spool: { status: 'ok', waiting: files, bytes, oldest_seconds: Math.round(oldestMs / 1000) } }
}

function tooManyLetters(letters: HealthParts['deadLetters']): Pick<HealthCheckResponse['checks'], 'dead_letters'> {
  if (!letters || letters.attention().length === 0) return {}
  const open = [...(letters.open()?.values() ?? [])].reduce((sum, n) => sum + n, 0)
  return { dead_letters: { status: 'error', open, error: 'needs attention' } }
}

async function check(ask: () => Promise<unknown>) {
  const began = performance.now()
  return await withTimeout(ask()).then(
    () => ({ status: 'ok' as const, latency_ms: Math.round((performance.now() - began) * 10) / 10 }),
    (error: Error) => ({ status: 'error' as const, error: reason(error) }),
  )
}

async function checkBroker(broker: Pick<Broker, 'depths'>): Promise<NonNullable<HealthCheckResponse['checks']['rabbitmq']>> {
  let depth = 0
  const { status, error } = (await check(async () => {
    for (const messages of (await broker.depths()).values()) depth += messages
  })) as { status: 'ok' | 'error'; error?: string }
  return status === 'ok' ? { status, queue_depth: depth } : { status, error }
}

/** Health is public: it says what is wrong, not where things are. */
const reason = (error: Error): string => (/timeout|timed out/i.test(error.message) ? 'no answer in time' : 'not reachable')

async function withTimeout<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('timeout')), timeoutMs)
  })
  return await Promise.race([work, late]).finally(() => clearTimeout(timer))
}

export const healthRoute: FastifyPluginAsync<HealthParts> = async (server, parts) => {
  server.get('/health', { schema: { hide: true } }, async (_request, reply) => {
    const health = await checkHealth(parts)
    return reply
      .code(health.status === 'unhealthy' ? 503 : 200)
      .header('cache-control', 'no-store')
      .send(health)
  })
}
