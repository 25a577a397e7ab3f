/** The composition root: the only place that knows all parts. Tests override what they name. */
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { RouteOptions } from 'fastify'
import { createAssistant } from '../answerers/assistant/index.ts'
import { human } from '../answerers/human/index.ts'
import { takeUnheard } from '../calls/unheard.ts'
import { createTwilioSms, createTwilioWhatsApp } from '../channels/twilio/index.ts'
import { createWhatsAppCloud } from '../channels/whatsapp-cloud/index.ts'
import { createCentreReplayer } from '../contact-centre/replay.ts'
import type { Channels } from '../conversations/accounts.ts'
import { consentAnswerJob } from '../conversations/consents.ts'
import type { Dispatcher } from '../conversations/dispatch.ts'
import { createIngress, type Ingress } from '../conversations/ingress.ts'
import { createQueueIngress, intakeQueues, type QueueReader, readIntakeQueues } from '../conversations/intake-queue.ts'
import { takeMissed } from '../conversations/missed-messages.ts'
import { fetchMediaJob } from '../conversations/receive.ts'
import { createEventReplayer } from '../conversations/replay.ts'
import type { SearchIndexer } from '../conversations/search/indexer.ts'
import { settleUnknown } from '../conversations/settle-unknown.ts'
import { takeWaiting } from '../conversations/waiting-webhooks.ts'
import { type DeadLetterKeeper, keepDeadLetters } from '../dead-letters/keeper.ts'
import type { DeadLetterDeps } from '../dead-letters/verbs.ts'
import { createLiveStream } from '../inbox/stream.ts'
import type { InboxDeps } from '../inbox/verbs.ts'
import { framingOrigins } from '../inbox/widget-origins.ts'
import { ParleyError } from '../kernel/errors.ts'
import { createFolderStore, type FileStore } from '../platform/blobs.ts'
import { connectBroker, type Topology } from '../platform/broker.ts'
import { createBus } from '../platform/bus.ts'
import { createMemoryCache, createRedisCache } from '../platform/cache.ts'
import { type Config, mayCall } from '../platform/config.ts'
import { createPool, mayHoldKeys, type Pool } from '../platform/db/pool.ts'
import type { Database } from '../platform/db/tx.ts'
import { createHttp, type HttpServer, serveBrowsers, sessionCookie } from '../platform/http.ts'
import { type Jobs, startJobs } from '../platform/jobs.ts'
import type { Logger } from '../platform/log.ts'
import { createMailer } from '../platform/mail.ts'
import { createOutbound } from '../platform/outbound.ts'
import { keepRounds, type Rounds } from '../platform/rounds.ts'
import { createSecrets, type Secrets } from '../platform/secrets.ts'
import type { Take } from '../platform/spool.ts'
import type { Worker } from '../platform/worker.ts'
import { createQueueReplayer, readIntegrationQueues } from '../queues/consume.ts'
import { integrationTopology } from '../queues/names.ts'
import { startPublisher } from '../queues/publish.ts'
import type { PeopleDeps } from '../tenancy/deps.ts'
import { mailJob } from '../tenancy/mail.ts'
import { createPresence } from '../tenancy/presence.ts'
import { createRequestLimits } from '../tenancy/request-limits.ts'
import { createTenantLookup } from '../tenancy/tenant-lookup.ts'
import { createThrottle } from '../tenancy/throttle.ts'
import type { UpkeepKeeper } from '../upkeep/keeper.ts'
import { type Calls, composeCalls } from './calls.ts'
import { consoleRoutes } from './console.ts'
import { type Centres, composeCentres } from './contact-centres.ts'
import { healthRoute } from './health.ts'
import { openKeyring } from './keys.ts'
import type { Measured } from './metrics.ts'
import { composeNumbers, type Numbers } from './numbers.ts'
import { composeScheduling } from './scheduling.ts'
import { onboardingDeps, registerMeasured, registerProviders, registerWeb } from './web.ts'
import { noWorkers, startWorkers } from './workers.ts'

export const version: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
/** The queues of background jobs, made by `migrate`. */
export const jobNames = [fetchMediaJob, mailJob, consentAnswerJob] as const

/** The search index leaves the machine to intake where so many events come in a second; where it is slow, many meet in a batch before. */
const inRush = (taken: Pick<Ingress, 'perSecond' | 'perBatch'>): boolean =>
  taken.perSecond() > 2000 || (taken.perSecond() > 400 && taken.perBatch() > 16)

/** Milliseconds between two looks at what is to be settled with providers. */
const [settleEveryMs, missedEveryMs] = [15_000, 30_000]

/** Nothing kept is wrong; it ends so that what nobody asks for any more goes. */
const lookupTtlMs = 3_600_000

const noRounds: Rounds = { look: async () => {}, stop: async () => {} }
const rounds = (works: boolean, log: Logger, operation: string, everyMs: number, work: () => Promise<unknown>): Rounds =>
  works ? keepRounds(log, { operation, everyMs, work }) : noRounds

/** Connections for receive_lines, where whoever signs in may leave foreign keys to it (docs/operations.md); else it takes those of all intake. */
async function poolForLines(pool: Pool, connectionString: string, log: Logger): Promise<Pool | undefined> {
  if (!(await mayHoldKeys(pool).catch(() => false))) return undefined
  const lines = createPool({ connectionString, size: 3, log, name: 'parley-lines', queryTimeoutMs: 8000, keysHeld: true })
  try {
    await lines.query('SELECT 1')
    return lines
  } catch (error) {
    log.warn('Foreign keys of intake are looked at row by row', { operation: 'start', error: (error as Error).message })
    await lines.end()
    return undefined
  }
}

const topologyOf = (integration: boolean): Topology => ({
  queues: [...intakeQueues, ...(integration ? integrationTopology.queues : [])],
  exchanges: integration ? integrationTopology.exchanges : [],
})

export interface App {
  server: HttpServer
  db: Database
  secrets: Secrets
  channels: Channels
  files: FileStore
  ingress: Ingress
  dispatcher: Dispatcher
  turns: Worker
  centres: Centres
  calls: Calls
  numbers: Numbers
  jobs: Jobs
  upkeep: UpkeepKeeper
  deadLetters: DeadLetterKeeper
  /** Sends whose answer was lost, and messages that no webhook brought: settled with providers that can be asked. */
  settling: Rounds
  missing: Rounds
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
  /** For what is settled with providers, and for people's time. */
  now?: () => Date
  /** How long presence waits, for tests. */
  presence?: { beatMs?: number; graceMs?: number }
}

export async function build(options: BuildOptions): Promise<App> {
  const { config, databaseUrl, log } = options
  const [serves, works] = [config.PARLEY_ROLE !== 'worker', config.PARLEY_ROLE !== 'web']
  const secrets = createSecrets(await openKeyring(config))
  const pool = createPool({ connectionString: databaseUrl, size: config.DATABASE_POOL_SIZE, log })
  const db: Database = { pool }
  // As many searches as there are processors: beyond that they would only take the time of lists and threads.
  const searchPool = createPool({
    ...{ connectionString: databaseUrl, log, name: 'parley-search' },
    size: Math.max(2, availableParallelism()),
    waitMs: 15_000,
  })
  // Intake has connections of its own: whatever people and jobs do, webhooks are stored. A provider waits seconds, not half a minute.
  const intakePool = createPool({ connectionString: databaseUrl, size: 3, log, name: 'parley-intake', queryTimeoutMs: 8000 })
  const intake: Database = { pool: intakePool }
  const linesPool = await poolForLines(pool, databaseUrl, log)
  const taking = { db: intake, log, ...(linesPool ? { lines: { pool: linesPool } } : {}) }
  const outbound = createOutbound(mayCall(config))
  const files = createFolderStore(join(config.PARLEY_DATA_DIR, 'files'))
  // The one connection of this process to Redis, for all that use it.
  const redis = config.REDIS_URL
    ? (await import('../platform/redis.ts')).connectRedis({ url: config.REDIS_URL, prefix: config.REDIS_PREFIX, log })
    : undefined
  const bus = createBus({ connectionString: databaseUrl, log, redis })
  const changed = (tenantId: string) => bus.publish([tenantId])
  const cache = redis
    ? createRedisCache(redis, { name: 'lookup', ttlMs: lookupTtlMs })
    : createMemoryCache({ max: 50_000, ttlMs: lookupTtlMs })
  const lookup = createTenantLookup({ db, bus, cache, log })
  redis?.onConnect(lookup.startOver)
  const broker = config.RABBITMQ_URL
    ? connectBroker({
        ...{ url: config.RABBITMQ_URL, prefix: config.RABBITMQ_PREFIX, log },
        topology: topologyOf(config.RABBITMQ_INTEGRATION),
      })
    : undefined
  const jobs = await startJobs({ connectionString: databaseUrl, log })
  let url = config.PUBLIC_URL ?? ''
  const publicUrl = () => url || `http://${config.HOST}:${config.PORT}`
  const calling = { fetch: outbound.fetch, publicUrl }
  const channels: Channels = new Map(
    [createWhatsAppCloud(calling), createTwilioSms(calling), createTwilioWhatsApp(calling)].map((channel) => [
      channel.provider,
      channel,
    ]),
  )
  const mailer = createMailer({ url: config.SMTP_URL, from: config.MAIL_FROM })
  const answerers = new Map([human, createAssistant({ db })].map((answerer) => [answerer.name, answerer]))
  const workers = works
    ? await startWorkers({
        ...{
          db,
          now: options.now,
          ownerUrl: options.ownerUrl ?? databaseUrl,
          log,
          secrets,
          channels,
          answerers,
          files,
          bus,
          jobs,
          mailer,
          publicUrl,
          fetch: outbound.fetch,
        },
        ...{ changed, pollMs: options.pollMs, madeElsewhere: !serves },
        rush: () => [ingress, reader].some((taken) => taken !== undefined && inRush(taken)),
      })
    : noWorkers
  const { dispatcher, turns, search, upkeep } = workers
  // What waits on the disk may be there before who takes it is.
  let takeWebhook: Take = async () => {
    throw new ParleyError('unavailable', 'The server is starting.')
  }
  const centres = await composeCentres({
    takeOthers: (item) => takeWebhook(item),
    ...{ config, db, databaseUrl, log, secrets, channels, files, publicUrl, changed, bus, serves, works },
    ...{ fetch: outbound.fetch, wakeDispatch: dispatcher.wake, pollMs: options.pollMs },
  })
  const onStored = (tenants: ReadonlySet<string>): void => {
    bus.publish(tenants)
    centres.bridge.wake()
    if (answerers.size > 1) turns.wake() // people need no waking
  }
  const ingress: Ingress = broker && !works ? createQueueIngress({ broker, log }) : createIngress({ ...taking, jobs, onStored })
  const calls = composeCalls({
    ...{ db, log, channels, secrets, changed, databaseUrl, works, pollMs: options.pollMs, calling },
    ...(options.now ? { now: options.now } : {}),
    wakeDispatch: dispatcher.wake,
  })
  const takeMessages = takeWaiting({ channels, ingress })
  takeWebhook = (item) => (item.source.startsWith('calls:') ? calls.take(item) : takeMessages(item))
  const asking = { db, log, secrets, channels, files, now: options.now }
  const settling = rounds(works, log, 'settle', settleEveryMs, () =>
    settleUnknown({ ...asking, fileLink: workers.fileLink, onChange: changed, wakeDispatch: dispatcher.wake }),
  )
  const missing = rounds(works, log, 'missed', missedEveryMs, () =>
    takeMissed({ ...asking, ingress, others: (account) => takeUnheard(calls.deps, account) }),
  )
  // Whoever works stores what others queued.
  const reader: QueueReader | undefined =
    broker && works ? readIntakeQueues({ ...taking, broker, channels, jobs, onStored }) : undefined
  const events = createEventReplayer({ channels, jobs })
  const queueing = { channels, events }
  const replayers = [createCentreReplayer(centres.deps, 'genesys'), events, createQueueReplayer(queueing)]
  const letters: DeadLetterDeps = { db, log, changed, replayers }
  const deadLetters = keepDeadLetters({ ...letters, retries: works })
  const integration = broker && works && config.RABBITMQ_INTEGRATION
  const others = integration
    ? [
        readIntegrationQueues({ ...queueing, db, log, broker, changed, wakeDispatch: dispatcher.wake }),
        startPublisher({ db, log, broker, bus }),
      ]
    : []
  const presence = createPresence({ db, log, changed, ...options.presence })
  const live = createLiveStream({ db, bus, channels, log })
  const wakeTurns = () => {
    turns.wake()
    centres.bridge.wake()
    centres.tasks.wake()
  }
  const inbox: InboxDeps = {
    db,
    searching: { pool: searchPool },
    channels,
    secrets,
    files,
    log,
    wakeDispatch: dispatcher.wake,
    wakeTurns,
    changed,
  }

  const people: PeopleDeps = {
    ...{ db, secrets, jobs, presence, cookieName: sessionCookie(config.PUBLIC_URL ?? 'http:'), publicUrl, changed },
    mail: mailer.configured,
    signUp: config.PARLEY_SIGN_UP,
    log,
    lives: { days: config.PARLEY_SESSION_DAYS, idleHours: config.PARLEY_SESSION_IDLE_HOURS },
    throttle: createThrottle({ db, secrets }),
  }
  const onboarding = onboardingDeps({ config, db, secrets, channels, lookup, log, people, inbox })
  const numbers = composeNumbers({ onboarding, fetch: outbound.fetch, works, pollMs: options.pollMs, now: options.now })
  const server = await createHttp({ log, proxies: Number(config.TRUST_PROXY), version })
  const routes: RouteOptions[] = []
  server.addHook('onRoute', (route) => void routes.push(route))
  const own = works ? { search, upkeep } : {}
  const measured: Measured = {
    db,
    intake,
    broker,
    ingress: serves ? ingress : reader,
    ...own,
    deadLetters,
    spool: centres.spool,
  }
  const limits = createRequestLimits(db, { redis })
  if (serves) await registerProviders(server, { config, intake, secrets, channels, ingress, log, publicUrl, centres, calls })
  await serveBrowsers(server, publicUrl(), async (web) => {
    await web.register(healthRoute, { db, redis, broker, ...own, deadLetters, spool: centres.spool })
    if (!serves) {
      await registerMeasured(web, { db, cookieName: people.cookieName, publicUrl, limits }, measured)
      return
    }
    const attention = deadLetters.attention
    await registerWeb(web, {
      ...{ db, secrets, people, lookup, limits, inbox, live, letters, attention, measured, centres, calls, onboarding },
      ...{ numbers, scheduling: composeScheduling({ db, changed, now: options.now }) },
    })
    await options.extraRoutes?.(web, publicUrl)
    await web.register(consoleRoutes, { framers: (businessId) => framingOrigins(db, businessId) })
  })

  return {
    server,
    db,
    secrets,
    channels,
    files,
    ingress,
    dispatcher,
    turns,
    centres,
    calls,
    numbers,
    jobs,
    upkeep,
    deadLetters,
    settling,
    missing,
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
      await settling.stop()
      await missing.stop()
      await ingress.idle()
      await reader?.stop()
      for (const one of others) await one.stop()
      await centres.stop()
      await calls.stop()
      await numbers.worker.stop()
      await workers.stopTalking()
      live.stop()
      await presence.stop()
      await workers.stop()
      await deadLetters.stop()
      await jobs.stop()
      mailer.close()
      await bus.stop()
      await redis?.stop()
      await broker?.stop()
      await outbound.close()
      await searchPool.end()
      await intakePool.end()
      await linesPool?.end()
      await pool.end()
    },
  }
}
