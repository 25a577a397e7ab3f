/** The people's part of the API. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { businessRoutes } from './business-routes.ts'
import type { PeopleDeps } from './deps.ts'
import { entryRoutes } from './entry-routes.ts'
import { meRoutes } from './me-routes.ts'
import { sessionRoutes } from './session-routes.ts'
import { teamRoutes } from './team-routes.ts'

export const tenancyRoutes: FastifyPluginAsyncZod<{ deps: PeopleDeps }> = async (server, options) => {
  await server.register(sessionRoutes, options)
  await server.register(entryRoutes, options)
  await server.register(meRoutes, options)
  await server.register(teamRoutes, options)
  await server.register(businessRoutes, options)
}
