/** What a process takes over HTTP: all of it where it serves people and providers, health and metrics where it only works. */
import { join } from 'node:path'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyPluginAsync } from 'fastify'
import { hookUrl, type KnownSettings } from '../calls/answer.ts'
import { callHookRoutes } from '../calls/hook-routes.ts'
import { callRoutes } from '../calls/routes.ts'
import { mappingRoutes } from '../contact-centre/mapping-routes.ts'
import { centreRoutes } from '../contact-centre/routes.ts'
import { centreWebhookRoutes } from '../contact-centre/webhook-routes.ts'
import type { Channels } from '../conversations/accounts.ts'
import { fileLinkRoute } from '../conversations/file-links.ts'
import type { Ingress } from '../conversations/ingress.ts'
import { keepWaiting } from '../conversations/waiting-webhooks.ts'
import { type AppSecrets, type FindApp, webhookRoutes } from '../conversations/webhook-routes.ts'
import { deadLetterRoutes } from '../dead-letters/routes.ts'
import type { DeadLetterDeps } from '../dead-letters/verbs.ts'
import { inboxAccountRoutes } from '../inbox/account-routes.ts'
import { consentRoutes } from '../inbox/consent-routes.ts'
import { contactRoutes } from '../inbox/contact-routes.ts'
import { labelRoutes } from '../inbox/label-routes.ts'
import { mediaRoutes } from '../inbox/media-routes.ts'
import { inboxRoutes } from '../inbox/routes.ts'
import { searchRoutes } from '../inbox/search-routes.ts'
import type { LiveStream } from '../inbox/stream.ts'
import { streamRoute } from '../inbox/stream-route.ts'
import type { InboxDeps } from '../inbox/verbs.ts'
import { widgetRoutes } from '../inbox/widget-routes.ts'
import { leadRoutes } from '../leads/routes.ts'
import { notificationRoutes } from '../notifications/routes.ts'
import { numberRoutes } from '../numbers/routes.ts'
import { accountRoutes } from '../onboarding/account-routes.ts'
import type { OnboardingDeps } from '../onboarding/accounts.ts'
import { onboardingTenantRoutes } from '../onboarding/tenant-routes.ts'
import type { Config } from '../platform/config.ts'
import type { Database } from '../platform/db/tx.ts'
import type { HttpServer } from '../platform/http.ts'
import type { Logger } from '../platform/log.ts'
import { openSealedMap } from '../platform/sealed-map.ts'
import type { Secrets } from '../platform/secrets.ts'
import { reportRoutes } from '../reports/routes.ts'
import type { SchedulingDeps } from '../scheduling/deps.ts'
import { bookingRoutes } from '../scheduling/routes.ts'
import { staffRoutes } from '../scheduling/staff-routes.ts'
import { type ChannelApp, rememberChannelApps } from '../tenancy/apps.ts'
import { guardApi } from '../tenancy/authenticate.ts'
import type { PeopleDeps } from '../tenancy/deps.ts'
import { inviteOwner } from '../tenancy/invitations.ts'
import { platformRoutes } from '../tenancy/platform-routes.ts'
import type { RequestLimits } from '../tenancy/request-limits.ts'
import { tenancyRoutes } from '../tenancy/routes.ts'
import type { TenantLookup } from '../tenancy/tenant-lookup.ts'
import { type TenantRouteDeps, tenantRoutes } from '../tenancy/tenant-routes.ts'
import { upkeepRoutes } from '../upkeep/routes.ts'
import type { Calls } from './calls.ts'
import type { Centres } from './contact-centres.ts'
import { type Measured, metricsRoute } from './metrics.ts'
import type { Numbers } from './numbers.ts'

export interface ProviderParts {
  config: Config
  intake: Database
  secrets: Secrets
  channels: Channels
  ingress: Ingress
  log: Logger
  publicUrl: () => string
  centres: Centres
  calls: Calls
}

export interface WebParts {
  db: Database
  secrets: Secrets
  people: PeopleDeps
  lookup: TenantLookup
  limits: RequestLimits
  inbox: InboxDeps
  live: LiveStream
  letters: DeadLetterDeps
  /** What else than upkeep needs attention. */
  attention: () => readonly string[]
  measured: Measured
  centres: Centres
  calls: Calls
  onboarding: OnboardingDeps
  numbers: Numbers
  scheduling: SchedulingDeps
}

type Guard = Parameters<typeof guardApi>[1]

/** A process that only works: whoever watches it asks here. */
export async function registerMeasured(server: HttpServer, guard: Guard, measured: Measured): Promise<void> {
  await server.register(async (literal) => {
    guardApi(literal, guard)
    await literal.register(metricsRoute, measured)
  })
}

/** What only providers call, without what browsers need: that would cost every webhook something. */
export async function registerProviders(server: HttpServer, parts: ProviderParts): Promise<void> {
  const { config, secrets, channels, ingress, log, publicUrl, centres, calls } = parts
  const findApp = await appFinder(config, parts.intake, secrets, log)
  await server.register(webhookRoutes, {
    prefix: '/webhooks',
    channels,
    ingress,
    log,
    publicUrl,
    findApp,
    ...(centres.spool ? { waiting: keepWaiting({ spool: centres.spool, log }) } : {}),
  })
  await server.register(callHookRoutes, {
    ...{ prefix: '/hooks', deps: calls.deps, intake: calls.intake, findApp, publicUrl },
    known: await openSealedMap<KnownSettings>({
      ...{ secrets, log, sealedFor: 'known-numbers' },
      file: join(config.PARLEY_DATA_DIR, 'spool', 'known-numbers.sealed'),
    }),
    ...(centres.spool ? { spool: centres.spool } : {}),
  })
  await server.register(centreWebhookRoutes, { prefix: '/webhooks', ...centres })
}

export async function registerWeb(server: HttpServer, parts: WebParts): Promise<void> {
  const { db, secrets, people, lookup, inbox, live, centres, calls, onboarding } = parts
  await server.register(fileLinkRoute, { secrets, files: centres.deps.files })
  await server.register(
    async (api) => {
      api.get('/openapi.json', { schema: { hide: true } }, async () => server.swagger())
      await api.register(swaggerUi, { routePrefix: '/docs', staticCSP: true })
    },
    { prefix: '/api' },
  )
  const guard: Guard = { db, cookieName: people.cookieName, publicUrl: people.publicUrl, limits: parts.limits }
  const tenants: TenantRouteDeps = {
    ...{ db, lookup, secrets },
    inviteOwner: (tx, by, email) => inviteOwner(people, tx, by, email),
  }
  const ofTenants: FastifyPluginAsync = async (at) => {
    await at.register(tenantRoutes, { deps: tenants })
    await at.register(onboardingTenantRoutes, { deps: onboarding })
  }
  // At the addresses that other systems call, and with the rest of the API.
  await server.register(async (literal) => {
    guardApi(literal, guard)
    await literal.register(ofTenants)
    await literal.register(metricsRoute, parts.measured)
  })
  await server.register(
    async (api) => {
      guardApi(api, guard)
      await api.register(ofTenants)
      await api.register(accountRoutes, { deps: onboarding })
      await api.register(platformRoutes, { db })
      await api.register(upkeepRoutes, { db, more: parts.attention })
      await api.register(deadLetterRoutes, { deps: parts.letters })
      await api.register(reportRoutes, { db })
      await api.register(callRoutes, { deps: calls.deps })
      await api.register(numberRoutes, { deps: parts.numbers.deps })
      await api.register(centreRoutes, { deps: centres.deps })
      await api.register(mappingRoutes, { deps: centres.deps })
      await api.register(tenancyRoutes, { deps: people })
      await api.register(notificationRoutes, { db, secrets })
      await api.register(inboxRoutes, { deps: inbox, live })
      await api.register(contactRoutes, { deps: inbox })
      await api.register(inboxAccountRoutes, { deps: inbox })
      await api.register(labelRoutes, { deps: inbox })
      await api.register(consentRoutes, { deps: inbox })
      await api.register(leadRoutes, { db, changed: inbox.changed })
      await api.register(staffRoutes, { deps: parts.scheduling })
      await api.register(bookingRoutes, { deps: parts.scheduling })
      await api.register(mediaRoutes, { deps: inbox })
      await api.register(widgetRoutes, { deps: inbox, publicUrl: people.publicUrl })
      await api.register(searchRoutes, { db: inbox.searching })
      await api.register(streamRoute, { live, connected: people.presence.connected })
    },
    { prefix: '/api' },
  )
}

type OnboardingParts = Pick<WebParts, 'db' | 'secrets' | 'lookup' | 'people' | 'inbox'> &
  Pick<ProviderParts, 'config' | 'channels' | 'log'>
export const onboardingDeps = ({
  config,
  db,
  secrets,
  channels,
  lookup,
  log,
  people,
  inbox,
}: OnboardingParts): OnboardingDeps => ({
  ...{ db, secrets, channels, lookup, log, changed: people.changed, publicUrl: people.publicUrl },
  wakeDispatch: inbox.wakeDispatch,
  app: {
    id: config.WHATSAPP_APP_ID,
    secret: config.WHATSAPP_APP_SECRET,
    configId: config.WHATSAPP_SIGNUP_CONFIG_ID,
    url: config.WHATSAPP_GRAPH_URL,
  },
  callHooks(provider, appSlug) {
    const at = { base: `${people.publicUrl().replace(/\/+$/, '')}/hooks`, provider, appSlug }
    return { calls: hookUrl(at, 'incoming'), callStatus: hookUrl(at, 'status') }
  },
  twilio: { url: config.TWILIO_API_URL },
})

/** '' is the platform's own app, whose secrets are configuration; every other address belongs to a tenant's app. */
async function appFinder(config: Config, db: Database, secrets: Secrets, log: Logger): Promise<FindApp> {
  const own = {
    secrets: [config.WHATSAPP_APP_SECRET, config.WHATSAPP_APP_SECRET_PREVIOUS].filter((secret) => secret !== undefined),
    verifyTokens: config.WHATSAPP_VERIFY_TOKEN ? [config.WHATSAPP_VERIFY_TOKEN] : [],
  }
  const file = join(config.PARLEY_DATA_DIR, 'spool', 'known-apps.sealed')
  const known = await openSealedMap<ChannelApp>({ secrets, log, file, sealedFor: 'known-apps' })
  const find = rememberChannelApps({ db, secrets, known })
  const none: AppSecrets = { secrets: [], verifyTokens: [] }
  return async (provider, slug) => (slug !== '' ? await find(provider, slug) : provider === 'whatsapp-cloud' ? own : none)
}
