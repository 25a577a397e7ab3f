/** The composition root: the only place that knows all parts. Tests override what they name. */
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import swaggerUi from '@fastify/swagger-ui'
import type { RouteOptions } from 'fastify'
import { human } from '../answerers/human/index.ts'
import { createWhatsAppCloud } from '../channels/whatsapp-cloud/index.ts'
import type { Channels } from '../conversations/accounts.ts'
import { fetchMedia } from '../conversations/attachments.ts'
import { type Dispatcher, startDispatcher } from '../conversations/dispatch.ts'
import { createIngress, type Ingress } from '../conversations/ingress.ts'
import { fetchMediaJob } from '../conversations/receive.ts'
import { createEventReplayer } from '../conversations/replay.ts'
import { type SearchIndexer, startSearchIndexer } from '../conversations/search/indexer.ts'
import { startTurns, type TurnTaker } from '../conversations/turn.ts'
import { webhookRoutes } from '../conversations/webhook-routes.ts'
import { type DeadLetterKeeper, keepDeadLetters } from '../dead-letters/keeper.ts'
import { deadLetterRoutes } from '../dead-letters/routes.ts'
import type { DeadLetterDeps } from '../dead-letters/verbs.ts'
import { labelRoutes } from '../inbox/label-routes.ts'
import { mediaRoutes } from '../inbox/media-routes.ts'
import { inboxRoutes } from '../inbox/routes.ts'
import { searchRoutes } from '../inbox/search-routes.ts'
import { createLiveStream } from '../inbox/stream.ts'
import { streamRoute } from '../inbox/stream-route.ts'
import type { InboxDeps } from '../inbox/verbs.ts'
import { accountRoutes } from '../onboarding/account-routes.ts'
import type { OnboardingDeps } from '../onboarding/accounts.ts'
import { onboardingTenantRoutes } from '../onboarding/tenant-routes.ts'
import { createFolderStore, type FileStore } from '../platform/blobs.ts'
import { createBus } from '../platform/bus.ts'
import { createMemoryCache, createRedisCache } from '../platform/cache.ts'
import { type Config, mayCall } from '../platform/config.ts'
import { createPool } from '../platform/db/pool.ts'
import { keepStatistics } from '../platform/db/statistics.ts'
import type { Database } from '../platform/db/tx.ts'
import { createHttp, type HttpServer, sessionCookie } from '../platform/http.ts'
import { type Jobs, startJobs } from '../platform/jobs.ts'
import type { Logger } from '../platform/log.ts'
import { createMailer } from '../platform/mail.ts'
import { createOutbound } from '../platform/outbound.ts'
import { connectRedis } from '../platform/redis.ts'
import { createSecrets, type Secrets } from '../platform/secrets.ts'
import { reportRoutes } from '../reports/routes.ts'
import { findChannelApp } from '../tenancy/apps.ts'
import { guardApi } from '../tenancy/authenticate.ts'
import type { PeopleDeps } from '../tenancy/deps.ts'
import { keepHouse } from '../tenancy/housekeeping.ts'
import { inviteOwner } from '../tenancy/invitations.ts'
import { mailJob, sendLetters } from '../tenancy/mail.ts'
import { platformRoutes } from '../tenancy/platform-routes.ts'
import { createPresence } from '../tenancy/presence.ts'
import { createRequestLimits } from '../tenancy/request-limits.ts'
import { tenancyRoutes } from '../tenancy/routes.ts'
import { createTenantLookup } from '../tenancy/tenant-lookup.ts'
import { type TenantRouteDeps, tenantRoutes } from '../tenancy/tenant-routes.ts'
import { createThrottle } from '../tenancy/throttle.ts'
import { keepUp, type UpkeepKeeper } from '../upkeep/keeper.ts'
import { upkeepRoutes } from '../upkeep/routes.ts'
import { consoleRoutes } from './console.ts'
import { healthRoute } from './health.ts'
import { openKeyring } from './keys.ts'
import { metricsRoute } from './metrics.ts'

export const version: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
/** The queues of background jobs, made by `migrate`. */
export const jobNames = [fetchMediaJob, mailJob] as const

/** Events a second beyond which the search index leaves the machine to intake. */
const searchRushPerSecond = 2000

/** Nothing kept is wrong; it ends so that what nobody asks for any more goes. */
const lookupTtlMs = 3_600_000

export interface App {
  server: HttpServer
  db: Database
  secrets: Secrets
  channels: Channels
  files: FileStore
  ingress: Ingress
  dispatcher: Dispatcher
  turns: TurnTaker
  jobs: Jobs
  upkeep: UpkeepKeeper
  deadLetters: DeadLetterKeeper
  inbox: InboxDeps
  search: SearchIndexer
  /** Every route there is, with what it declares: tests walk them. */
  routes: readonly RouteOptions[]
  /** Under which it is reached, once it listens. */
  url(): string
  /** Under which this machine reaches it, whatever the public address is. */
  localUrl(): string
  listen(): Promise<string>
  /** Takes no new work, finishes what is under way, lets go of everything. */
  stop(): Promise<void>
}

export interface BuildOptions {
  config: Config
  databaseUrl: string
  /** Who owns the tables, where that is somebody else. */
  ownerUrl?: string
  log: Logger
  /** Adds routes before the console's catch-all: the simulators, in a demo. */
  extraRoutes?: (server: HttpServer, url: () => string) => Promise<void>
  pollMs?: number
  /** How long presence waits, for tests. */
  presence?: { beatMs?: number; graceMs?: number }
}

export async function build(options: BuildOptions): Promise<App> {
  const { config, databaseUrl, log } = options
  const secrets = createSecrets(await openKeyring(config))
  const pool = createPool({ connectionString: databaseUrl, size: config.DATABASE_POOL_SIZE, log })
  const db: Database = { pool }
  // Intake has connections of its own: whatever people and jobs do, webhooks are stored. A provider waits seconds, not half a minute.
  const intakePool = createPool({ connectionString: databaseUrl, size: 3, log, name: 'parley-intake', queryTimeoutMs: 8000 })
  const outbound = createOutbound(mayCall(config))
  const channels: Channels = new Map(
    [createWhatsAppCloud({ fetch: outbound.fetch })].map((channel) => [channel.provider, channel]),
  )
  const files = createFolderStore(join(config.PARLEY_DATA_DIR, 'files'))
  const bus = createBus({ connectionString: databaseUrl, log })
  const changed = (tenantId: string) => bus.publish([tenantId])
  // The one connection of this process to Redis, for all that use it.
  const redis = config.REDIS_URL ? connectRedis({ url: config.REDIS_URL, prefix: config.REDIS_PREFIX, log }) : undefined
  const cache = redis
    ? createRedisCache(redis, { name: 'lookup', ttlMs: lookupTtlMs })
    : createMemoryCache({ max: 50_000, ttlMs: lookupTtlMs })
  const lookup = createTenantLookup({ db, bus, cache, log })
  redis?.onConnect(lookup.startOver)
  const statistics = keepStatistics({ ownerUrl: options.ownerUrl ?? databaseUrl, log })
  const jobs = await startJobs({ connectionString: databaseUrl, log })
  let url = config.PUBLIC_URL ?? ''
  const publicUrl = () => url || `http://${config.HOST}:${config.PORT}`
  const mailer = createMailer({ url: config.SMTP_URL, from: config.MAIL_FROM })
  await jobs.work([
    fetchMedia({ db, secrets, channels, files, log, onChange: changed }),
    sendLetters({ db, secrets, mailer, publicUrl }),
  ])
  const presence = createPresence({ db, log, changed, ...options.presence })
  const house = keepHouse({ db, log })
  const upkeep = keepUp({ db, ownerUrl: options.ownerUrl ?? databaseUrl, files, log })
  const dispatcher = startDispatcher({ db, log, secrets, channels, files, onChange: changed }, { pollMs: options.pollMs })
  const answerers = new Map([human].map((answerer) => [answerer.name, answerer]))
  const turns = startTurns(
    { db, log, channels, answerers, onChange: changed, wakeDispatch: dispatcher.wake },
    { pollMs: options.pollMs },
  )
  const ingress = createIngress({
    db: { pool: intakePool },
    log,
    jobs,
    onStored(tenants) {
      bus.publish(tenants)
      if (answerers.size > 1) turns.wake() // people need no waking
    },
  })
  const letters: DeadLetterDeps = { db, log, changed, replayers: [createEventReplayer({ channels, jobs })] }
  const deadLetters = keepDeadLetters(letters)
  const live = createLiveStream({ db, bus, channels, log })
  const inbox: InboxDeps = { db, channels, secrets, files, log, wakeDispatch: dispatcher.wake, changed }

  const search = startSearchIndexer({ db, bus, log, rush: () => ingress.perSecond() > searchRushPerSecond })

  const cookieName = sessionCookie(config.PUBLIC_URL ?? 'http:')
  const people: PeopleDeps = {
    ...{ db, secrets, jobs, presence, cookieName, publicUrl, changed },
    mail: mailer.configured,
    signUp: config.PARLEY_SIGN_UP,
    log,
    lives: { days: config.PARLEY_SESSION_DAYS, idleHours: config.PARLEY_SESSION_IDLE_HOURS },
    throttle: createThrottle({ db, secrets }),
  }
  const server = await createHttp({ log, publicUrl, proxies: Number(config.TRUST_PROXY), version })
  const routes: RouteOptions[] = []
  server.addHook('onRoute', (route) => void routes.push(route))
  await server.register(healthRoute, { db, redis, search, attention: upkeep.attention, deadLetters })
  await server.register(webhookRoutes, {
    prefix: '/webhooks',
    channels,
    ingress,
    log,
    findApp: appFinder(config, { pool: intakePool }, secrets),
  })
  await server.register(
    async (api) => {
      api.get('/openapi.json', { schema: { hide: true } }, async () => server.swagger())
      await api.register(swaggerUi, { routePrefix: '/docs', staticCSP: true })
    },
    { prefix: '/api' },
  )
  const guard = { db, cookieName, publicUrl, limits: createRequestLimits(db) }
  const tenants: TenantRouteDeps = {
    ...{ db, lookup, secrets },
    inviteOwner: (tx, by, email) => inviteOwner(people, tx, by, email),
  }
  const onboarding: OnboardingDeps = {
    ...{ db, secrets, channels, lookup, log, changed, publicUrl },
    wakeDispatch: dispatcher.wake,
    app: {
      id: config.WHATSAPP_APP_ID,
      secret: config.WHATSAPP_APP_SECRET,
      configId: config.WHATSAPP_SIGNUP_CONFIG_ID,
      url: config.WHATSAPP_GRAPH_URL,
    },
  }
  // At the addresses that other systems call, and with the rest of the API.
  await server.register(async (literal) => {
    guardApi(literal, guard)
    await literal.register(tenantRoutes, { deps: tenants })
    await literal.register(onboardingTenantRoutes, { deps: onboarding })
    await literal.register(metricsRoute, { db, intake: { pool: intakePool }, ingress, search, upkeep, deadLetters })
  })
  await server.register(
    async (api) => {
      guardApi(api, guard)
      await api.register(tenantRoutes, { deps: tenants })
      await api.register(onboardingTenantRoutes, { deps: onboarding })
      await api.register(accountRoutes, { deps: onboarding })
      await api.register(platformRoutes, { db })
      await api.register(upkeepRoutes, { db, more: deadLetters.attention })
      await api.register(deadLetterRoutes, { deps: letters })
      await api.register(reportRoutes, { db })
      await api.register(tenancyRoutes, { deps: people })
      await api.register(inboxRoutes, { deps: inbox, live })
      await api.register(labelRoutes, { deps: inbox })
      await api.register(mediaRoutes, { deps: inbox })
      await api.register(searchRoutes, { db })
      await api.register(streamRoute, { live, connected: presence.connected })
    },
    { prefix: '/api' },
  )
  await options.extraRoutes?.(server, publicUrl)
  await server.register(consoleRoutes)

  return {
    server,
    db,
    secrets,
    channels,
    files,
    ingress,
    dispatcher,
    turns,
    jobs,
    upkeep,
    deadLetters,
    inbox,
    search,
    routes,
    url: publicUrl,
    localUrl: () => `http://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    async listen() {
      const address = await server.listen({ port: config.PORT, host: config.HOST })
      url = config.PUBLIC_URL ?? address
      return url
    },
    async stop() {
      await server.close()
      await ingress.idle()
      await turns.stop()
      await dispatcher.stop()
      live.stop()
      await search.stop()
      await presence.stop()
      await house.stop()
      await upkeep.stop()
      await deadLetters.stop()
      await jobs.stop()
      mailer.close()
      await bus.stop()
      await redis?.stop()
      await statistics.stop()
      await outbound.close()
      await intakePool.end()
      await pool.end()
    },
  }
}

/** '' is the platform's own app, whose secrets are configuration; every other address belongs to a tenant's app. */
function appFinder(config: Config, db: Database, secrets: Secrets) {
  const own = {
    secrets: [config.WHATSAPP_APP_SECRET, config.WHATSAPP_APP_SECRET_PREVIOUS].filter((secret) => secret !== undefined),
    verifyTokens: config.WHATSAPP_VERIFY_TOKEN ? [config.WHATSAPP_VERIFY_TOKEN] : [],
  }
  return async (provider: string, slug: string) => (slug === '' ? own : await findChannelApp(db, secrets, provider, slug))
}
