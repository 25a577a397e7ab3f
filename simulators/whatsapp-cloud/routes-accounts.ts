import type { FastifyInstance } from 'fastify'
import { verifyCallback } from './delivery.ts'
import { GraphError } from './graph-errors.ts'
import { numberView } from './number-view.ts'
import { page } from './paging.ts'
import { asJson, pickFields, withFaults } from './requests.ts'
import { nextLink, wabaOfRequest } from './routes-templates.ts'
import type { Json, Override, Waba } from './types.ts'
import type { World } from './world.ts'

/** Reads an override and makes the handshake with it, as Meta does before it stores one. Throws 2200 and 100. */
export async function readOverride(world: World, body: Json): Promise<Override | undefined> {
  const url = body.override_callback_uri
  if (url === undefined || url === '') return undefined
  if (typeof url !== 'string' || url.length > 200)
    throw new GraphError(100, { message: '(#100) Param override_callback_uri must be at most 200 characters long.' })
  const verifyToken = body.verify_token
  if (typeof verifyToken !== 'string') throw new GraphError(100, { message: '(#100) The parameter verify_token is required.' })
  if (!(await verifyCallback(world, url, verifyToken)))
    throw new GraphError(2200, { details: 'The callback did not return the challenge.' })
  return { url, verifyToken }
}

// The app is the one the token belongs to: the app of any number of this account.
function appIdOf(world: World, waba: Waba): string {
  return [...world.numbers.values()].find((number) => number.wabaId === waba.id)?.appId ?? ''
}

function subscriptionView([appId, override]: [string, Override | undefined]): Json {
  return {
    whatsapp_business_api_data: { id: appId, name: `App ${appId}`, link: `https://www.facebook.com/games/?app_id=${appId}` },
    ...(override ? { override_callback_uri: override.url } : {}),
  }
}

/** Which apps hear of an account, and which numbers it has. */
export function accountRoutes(app: FastifyInstance, world: World): void {
  const path = '/graph/:version/:id/subscribed_apps'
  app.get(
    path,
    withFaults(world, (request) => ({ data: [...wabaOfRequest(world, request, 'get').subscriptions].map(subscriptionView) })),
  )
  app.post(
    path,
    withFaults(world, async (request) => {
      const waba = wabaOfRequest(world, request, 'post')
      waba.subscriptions.set(appIdOf(world, waba), await readOverride(world, asJson(request.body)))
      return { success: true }
    }),
  )
  app.delete(
    path,
    withFaults(world, (request) => {
      const waba = wabaOfRequest(world, request, 'delete')
      waba.subscriptions.delete(appIdOf(world, waba))
      return { success: true }
    }),
  )
  app.get(
    '/graph/:version/:id/phone_numbers',
    withFaults(world, (request) => {
      const waba = wabaOfRequest(world, request, 'get')
      const query = request.query as { fields?: string; limit?: string; after?: string }
      const numbers = [...world.numbers.values()].filter((number) => number.wabaId === waba.id)
      const views = numbers.map((number) => pickFields(numberView(number), query.fields))
      return page(views, query, (after) => nextLink(world, request, after))
    }),
  )
}
