import type { FastifyInstance } from 'fastify'
import { withFaults } from './requests.ts'
import { exchangeCode, inspectToken } from './sign-ups.ts'
import type { World } from './world.ts'

/** The code of the sign-up window becomes a token, and what a token is good for. */
export function signUpRoutes(app: FastifyInstance, world: World): void {
  app.get(
    '/graph/:version/oauth/access_token',
    withFaults(world, (request) => exchangeCode(world, request.query as Record<string, string>)),
  )
  app.get(
    '/graph/:version/debug_token',
    withFaults(world, (request) =>
      inspectToken(world, request.headers.authorization, (request.query as { input_token?: string }).input_token),
    ),
  )
}
